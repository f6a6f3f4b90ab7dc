"""The sentences that the suite `title-holder` verifies: what each check is named by, with its source."""

from simulator.conformance.runner import Sentence

_PINT = "DCSA EBL_PINT 3.0.0"
_SUR = "DCSA EBL_SUR 3.0.4"
_MLETR = "UNCITRAL MLETR (2017)"

HELD_ONCE = Sentence(
    "holder.handed-over-once",
    "Who has handed a title over has no control of it any more: it cannot hand it over again.",
    f"{_MLETR}, article 11(1)(a); {_PINT}, Transaction.actionCode TRANSFER",
    cause="whether the title is still here is not looked at when it is asked for",
    fix="look it up and lock it in the transaction that stores the transfer",
)
ONE_OF_TWO = Sentence(
    "holder.one-of-two",
    "Of two transfers that are asked for at once one is made: there is one title, and one holder of it.",
    f"{_MLETR}, articles 10(1)(b)(i) and 11(1)(a)",
    cause="a transfer that is under way does not lock the title",
    fix="compare and set its state when the transfer is stored, before the first call goes out",
)
ONLY_HELD = Sentence(
    "holder.only-what-it-holds",
    "A platform refuses to hand over what it does not hold.",
    f"{_MLETR}, article 11(1); {_PINT}, 'The possessor'",
    cause="the order is taken, and looked at later or never",
    fix="answer the user who asks with a refusal that names the title",
)
TAKES_BACK = Sentence(
    "holder.takes-back",
    "A title that has left may come back: the chain that continues the one that was sent is accepted.",
    f"{_PINT}, POST /v3/envelopes",
    cause="a reference that was here before is taken for a duplicate or a dispute",
    fix="compare chains: one that begins with all that you know and goes on is the next step of the same title",
)
CHAIN_WHOLE = Sentence(
    "holder.chain-whole",
    "What was signed stays as it was: every entry received is handed on, complete and unaltered, and one is added.",
    f"{_PINT}, EblEnvelope.envelopeTransferChain; {_MLETR}, article 10(2)",
    cause="the chain is made anew from what the platform remembers",
    fix="keep the signed entries as strings, and append",
)
SURRENDER = Sentence(
    "surrender.transaction",
    "A surrender is a transaction of its own kind, and goes to the carrier that issued, on the platform of issue.",
    f"{_PINT}, Transaction.actionCode SURRENDER_FOR_*; {_SUR}, SurrenderRequestDetails",
    cause="a surrender is written as a transfer, or to another party than the actor of ISSUE",
    fix="take the recipient from the actor of ISSUE, and the action from what the user asks for",
)
REASON = Sentence(
    "surrender.reason",
    "A surrender for amendment says why: SWTP, COD or SWI, as its user gave it.",
    f"{_SUR}, SurrenderRequestDetails.reasonCode; {_PINT}, Transaction.reasonCode",
    cause="the reason is kept for the user and not written into the transaction",
    fix="write reasonCode beside actionCode",
)
LOCKS = Sentence(
    "surrender.locks",
    "Until the carrier answers it has possession: who surrendered can do nothing with the title.",
    f"{_SUR}, POST /v3/ebl-surrender-requests; {_PINT}, Transaction.actionCode SURRENDER_FOR_*",
    cause="a surrender is kept as a request beside a title that stays where it was",
    fix="let a surrender move the title as a transfer does",
)
TAKES_ANSWER = Sentence(
    "surrender.takes-answer",
    "The carrier's answer comes by the platform of issue, as SACC or SREJ, and is accepted.",
    f"{_PINT}, Transaction.actionCode SACC, SREJ; {_SUR}, SurrenderRequestAnswer.action",
    cause="an envelope of a title that was surrendered is refused as one of an ended title",
    fix="accept what continues your chain; SACC notifies, SREJ gives possession back",
)
ENDS = Sentence(
    "surrender.ends",
    "An accepted surrender ends the title: nothing follows.",
    f"{_PINT}, Transaction.actionCode SACC; {_MLETR}, article 17(2)-(3)",
    cause="the notice puts the title back among those that are here",
    fix="mark it as ended; SACC moves nothing",
)
COMES_BACK = Sentence(
    "surrender.rejected-comes-back",
    "A rejected surrender gives possession back to who surrendered, who can act again.",
    f"{_PINT}, Transaction.actionCode SREJ; {_SUR}, SurrenderRequestAnswer.action SREJ",
    cause="SREJ is taken for a notice, as SACC is",
    fix="let SREJ move the title as a transfer does",
)
