"""The title: the one right of control over an electronic bill of lading, and who has it. The state machine, as data.

1. A row of `TRANSITIONS` says which action, by whom, from which status to which, who has possession and who the right
   afterwards, under which clause, from which source, with which fidelity. What is in no row is refused.
2. There is exactly one possessor at every moment, in every status: singularity and exclusive control (MLETR, articles
   10 and 11). Possession moves by ISSUE, TRANSFER, SURRENDER_FOR_*, SREJ and by nothing else; ENDORSE* and SACC notify.
3. Possession and right are two things. A negotiable title has a named endorsee, or is blank and its bearer has the
   right. Who possesses without the right (a bank as pledgee) holds in trust: it hands on, and neither endorses nor
   surrenders.
4. Every change states the sequence that its actor has seen: another one is refused (compare-and-set).
5. Once a surrender is accepted nothing follows: accomplished, void, or switched to paper. In the place of a void one,
   or of a paper, a new title is issued that says so; the old ones stay as they were.
6. A party is known by its identifying codes. A code of the list ZZZ (mutually defined) counts on one platform only: of
   a party that the document names without its platform, on the one that the carrier has issued the bill to.
7. A sea waybill is no title. Division and consolidation are refused at issuance (`issuance.py`).

Pure: `apply` tells what a title is after a transaction, or all that refuses it. The sender asks it before, the receiver
plays whole chains through it, and so does anybody who verifies one offline.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from schemas.bill_of_lading.parties import IdentifyingCode
from schemas.bill_of_lading.pint import ActionCode, Party, ReasonCode, Transaction
from schemas.bill_of_lading.pint import read as read_part
from schemas.findings import Fidelity, Finding, finding, register
from schemas.findings import Kind as FindingKind

PINT = "DCSA PINT 3.0.0"
SUR = "DCSA EBL Surrender 3.0.4"
MLETR = "UNCITRAL MLETR (2017)"
EXACT, MODELLED, INVENTED = Fidelity.EXACT, Fidelity.MODELLED, Fidelity.INVENTED
_ACTION = "Transaction.actionCode"


def _pint(code: str, sentence: str, fix: str, clause: str = _ACTION, status: int = 422) -> FindingKind:
    return FindingKind(code, sentence, fix, clause=clause, source=PINT, fidelity=EXACT, status=status)


register(
    [
        _pint(
            "title.not-the-possessor",
            "Who acts does not possess the title.",
            "Let the possessor act; after a transfer that is the other party.",
        ),
        _pint(
            "title.not-the-endorsee",
            "Who endorses is not the endorsee, though in possession.",
            "Let the named endorsee endorse, once it possesses the title; possession in trust gives no right to.",
        ),
        _pint(
            "title.may-not-endorse",
            "The endorsee was named by ENDORSE, and cannot endorse further.",
            "Surrender the title or transfer possession; only ENDORSE_TO_ORDER lets the endorsee endorse.",
        ),
        _pint(
            "title.not-negotiable",
            "A straight bill of lading is not endorsed.",
            "Transfer possession to the consignee, or surrender it for amendment.",
        ),
        _pint(
            "title.not-now",
            "The status of the title does not allow this action.",
            "Read the title: what is allowed now stands in this finding.",
            status=409,
        ),
        _pint(
            "title.ended",
            "The surrender of the title was accepted: nothing follows.",
            "Nothing is to be done with this title any more; after an amendment use the one issued in its place.",
            status=409,
        ),
        _pint(
            "title.issue-not-first",
            "ISSUE does not stand exactly once, as the first transaction.",
            "Begin the chain with the carrier's ISSUE, and issue nothing again.",
        ),
        _pint(
            "title.not-the-carrier",
            "Only the carrier that the title was surrendered to may say this.",
            "Let the carrier answer the surrender.",
        ),
        _pint(
            "title.surrender-not-to-carrier",
            "The surrender is not addressed to the carrier that issued the title.",
            "Surrender it to the carrier, or its legal representative, on the platform where it was issued.",
        ),
        FindingKind(
            "title.not-entitled",
            "Who surrenders possesses the title, and is not entitled to the goods.",
            "Negotiable: the named endorsee surrenders. Straight: the shipper or the consignee does.",
            clause="SurrenderRequestDetails",
            source=SUR,
            fidelity=EXACT,
        ),
        _pint(
            "title.recipient-missing",
            "The action needs a recipient and names none.",
            "Name the party, with its platform and its codes.",
            "Transaction.recipient",
        ),
        _pint(
            "title.recipient-not-allowed",
            "The action has no recipient, and names one.",
            "Leave the recipient out.",
            "Transaction.recipient",
        ),
        _pint(
            "title.wrong-recipient",
            "The carrier's answer goes to another party than the one that surrendered.",
            "Answer the party that surrendered the title.",
            "Transaction.recipient",
        ),
        _pint(
            "title.reason-code",
            "The reason code is none that PINT names, or stands where there is none.",
            "SURRENDER_FOR_AMENDMENT has SWTP, COD or SWI, or a comment instead; other actions have no reason code.",
            "Transaction.reasonCode",
        ),
        FindingKind(
            "title.sea-waybill",
            "A sea waybill is no title: there is nothing to possess or to transfer.",
            "Send it as a document; delivery is to the consignee that it names.",
            clause="The eBL document",
            source=PINT,
            fidelity=EXACT,
        ),
        FindingKind(
            "title.endorsee-without-code",
            "The endorsee of the bill of lading cannot be told from others: it has no identifying code.",
            "Give the endorsee an identifying code, or name none.",
            clause="Endorsee.identifyingCodes",
            source="DCSA EBL 3.0.4",
            fidelity=EXACT,
        ),
        FindingKind(
            "title.old-sequence",
            "The title has moved on since the sequence that is stated.",
            "Read the title, and act again with the sequence as it is now, if that is still wanted.",
            clause="Article 11",
            source=MLETR,
            fidelity=MODELLED,
            status=409,
        ),
        FindingKind(
            "title.issued-already",
            "There is a title of this bill of lading, and it has not ended by an amendment or a switch to paper.",
            "Surrender that one for amendment first; a bill of lading has one title.",
            clause="PUT /v3/ebl-issuance-requests, 409",
            source="DCSA EBL Issuance 3.0.4",
            fidelity=EXACT,
            status=409,
        ),
        FindingKind(
            "title.replaced-already",
            "Another bill of lading was issued in the place of the one that this names.",
            "Name the bill that came in its place, once that has ended by amendment or a switch to paper.",
            clause="TransportDocumentReplacements.oldTransportDocumentReferences",
            source=PINT,
            fidelity=MODELLED,
            status=409,
        ),
        FindingKind(
            "title.same-document",
            "The bill of lading is the very document of a title that has ended.",
            "Give the bill that comes in its place a transportDocumentSubReference of its own, and sign for that.",
            clause="EblEnvelope.transportDocument",
            source=PINT,
            fidelity=MODELLED,
            status=409,
        ),
        FindingKind(
            "title.paper-not-named",
            "The title comes in the place of a paper bill, and does not say so.",
            "Begin the comments of ISSUE with 'In place of the paper original ' and the paper's number.",
            clause="Article 17(2)",
            source=MLETR,
            fidelity=MODELLED,
        ),
    ]
)


class Kind(StrEnum):
    """What a transport document is (PINT 3.0.0, 'The eBL document')."""

    TO_ORDER = "to-order"
    """Negotiable, with a named endorsee."""
    BLANK = "blank"
    """Negotiable, no endorsee named: whoever possesses it."""
    STRAIGHT = "straight"
    """To the named consignee; not negotiable."""
    SEA_WAYBILL = "sea-waybill"
    """No title: nothing of it is transferred."""


class Status(StrEnum):
    """Where a title stands."""

    HELD = "held"
    SURRENDERED_FOR_DELIVERY = "surrendered-for-delivery"
    """The carrier has possession, and has not answered."""
    SURRENDERED_FOR_AMENDMENT = "surrendered-for-amendment"
    ACCOMPLISHED = "accomplished"
    """The goods are to be delivered: the title has done what it was for."""
    VOID = "void"
    """Amended: another is issued in its place."""
    PAPER = "paper"
    """Switched to paper: the electronic record has no effect any more."""


ENDED = frozenset({Status.ACCOMPLISHED, Status.VOID, Status.PAPER})
_HELD = frozenset({Status.HELD})
_SURRENDERED = frozenset({Status.SURRENDERED_FOR_DELIVERY, Status.SURRENDERED_FOR_AMENDMENT})


class Role(StrEnum):
    """Who may do something with a title."""

    CARRIER = "the carrier"
    POSSESSOR = "the possessor"
    TITLEHOLDER = "the endorsee in possession, or the bearer of a blank one"
    """Who may endorse."""
    ENTITLED = "the possessor who is entitled to the goods"
    """Negotiable: the titleholder; straight: shipper or consignee."""


class Addressee(StrEnum):
    """To whom an action is directed."""

    ANY = "any party"
    NOBODY = "nobody"
    CARRIER = "the carrier"
    SURRENDERER = "the party that surrendered"


class Possession(StrEnum):
    """Who possesses the title afterwards."""

    STAYS = "stays"
    RECIPIENT = "to the recipient"
    SURRENDERER = "back to the party that surrendered"


class Right(StrEnum):
    """Who has the right to the goods afterwards."""

    STAYS = "stays"
    NAMED = "to the recipient alone"
    TO_ORDER = "to the order of the recipient"
    BLANK = "to the bearer"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the state machine."""

    action: ActionCode
    by: Role
    before: frozenset[Status]
    """Of ISSUE: of the title in whose place the new one comes; empty, where there is none."""
    after: Status
    to: Addressee
    possession: Possession
    sentence: str
    """What it says, for people."""
    clause: str
    source: str
    fidelity: Fidelity
    right: Right = Right.STAYS
    negotiable: bool = False
    """Of negotiable titles only."""
    paper: bool | None = None
    """Of an accepted surrender for amendment: whether it was for a switch to paper. None: whichever."""


TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        ActionCode.ISSUE,
        Role.CARRIER,
        frozenset(),
        Status.HELD,
        Addressee.ANY,
        Possession.RECIPIENT,
        "The carrier issues the bill of lading to its first possessor, the shipper as a rule.",
        _ACTION,
        PINT,
        EXACT,
    ),
    Transition(
        ActionCode.ISSUE,
        Role.CARRIER,
        frozenset({Status.VOID}),
        Status.HELD,
        Addressee.ANY,
        Possession.RECIPIENT,
        "The amended bill of lading is issued as a new title with a chain of its own, linked to the void one.",
        "Transaction.actionCode; MLETR, article 16",
        PINT,
        EXACT,
    ),
    Transition(
        ActionCode.ISSUE,
        Role.CARRIER,
        frozenset({Status.PAPER}),
        Status.HELD,
        Addressee.ANY,
        Possession.RECIPIENT,
        "The carrier issues it in the place of a paper bill that it has taken back, and names the paper.",
        "Article 17",
        MLETR,
        MODELLED,
    ),
    Transition(
        ActionCode.TRANSFER,
        Role.POSSESSOR,
        _HELD,
        Status.HELD,
        Addressee.ANY,
        Possession.RECIPIENT,
        "The possessor hands possession to another party. Of a blank title the right goes with it.",
        _ACTION,
        PINT,
        EXACT,
    ),
    Transition(
        ActionCode.ENDORSE,
        Role.TITLEHOLDER,
        _HELD,
        Status.HELD,
        Addressee.ANY,
        Possession.STAYS,
        "The endorsee in possession endorses it to a party by name, which cannot endorse further.",
        _ACTION,
        PINT,
        EXACT,
        right=Right.NAMED,
        negotiable=True,
    ),
    Transition(
        ActionCode.ENDORSE_TO_ORDER,
        Role.TITLEHOLDER,
        _HELD,
        Status.HELD,
        Addressee.ANY,
        Possession.STAYS,
        "The endorsee in possession endorses it to the order of a party, which can endorse further.",
        _ACTION,
        PINT,
        EXACT,
        right=Right.TO_ORDER,
        negotiable=True,
    ),
    Transition(
        ActionCode.BLANK_ENDORSE,
        Role.TITLEHOLDER,
        _HELD,
        Status.HELD,
        Addressee.NOBODY,
        Possession.STAYS,
        "The endorsee in possession endorses it in blank: from now on possession is enough.",
        _ACTION,
        PINT,
        EXACT,
        right=Right.BLANK,
        negotiable=True,
    ),
    Transition(
        ActionCode.SIGN,
        Role.POSSESSOR,
        _HELD,
        Status.HELD,
        Addressee.NOBODY,
        Possession.STAYS,
        "The possessor confirms possession, for all to see in the chain.",
        _ACTION,
        PINT,
        EXACT,
    ),
    Transition(
        ActionCode.SURRENDER_FOR_DELIVERY,
        Role.ENTITLED,
        _HELD,
        Status.SURRENDERED_FOR_DELIVERY,
        Addressee.CARRIER,
        Possession.RECIPIENT,
        "Who is entitled to the goods asks for them; until the carrier answers, the carrier has possession.",
        "SurrenderRequestDetails",
        SUR,
        EXACT,
    ),
    Transition(
        ActionCode.SURRENDER_FOR_AMENDMENT,
        Role.ENTITLED,
        _HELD,
        Status.SURRENDERED_FOR_AMENDMENT,
        Addressee.CARRIER,
        Possession.RECIPIENT,
        "Who is entitled asks for an amended bill, or a paper one (reason SWTP).",
        "SurrenderRequestDetails",
        SUR,
        EXACT,
    ),
    Transition(
        ActionCode.SACC,
        Role.CARRIER,
        frozenset({Status.SURRENDERED_FOR_DELIVERY}),
        Status.ACCOMPLISHED,
        Addressee.SURRENDERER,
        Possession.STAYS,
        "The carrier accepts the surrender: the bill of lading is accomplished, and the goods are delivered.",
        _ACTION,
        PINT,
        EXACT,
    ),
    Transition(
        ActionCode.SACC,
        Role.CARRIER,
        frozenset({Status.SURRENDERED_FOR_AMENDMENT}),
        Status.VOID,
        Addressee.SURRENDERER,
        Possession.STAYS,
        "The carrier accepts the surrender: title and chain are void, and the amended bill is issued anew.",
        _ACTION,
        PINT,
        EXACT,
        paper=False,
    ),
    Transition(
        ActionCode.SACC,
        Role.CARRIER,
        frozenset({Status.SURRENDERED_FOR_AMENDMENT}),
        Status.PAPER,
        Addressee.SURRENDERER,
        Possession.STAYS,
        "The carrier accepts the switch: the electronic bill has no effect any more, and a paper one is issued.",
        "Transaction.actionCode; MLETR, article 18",
        PINT,
        EXACT,
        paper=True,
    ),
    Transition(
        ActionCode.SREJ,
        Role.CARRIER,
        _SURRENDERED,
        Status.HELD,
        Addressee.SURRENDERER,
        Possession.SURRENDERER,
        "The carrier rejects the surrender: possession goes back to the party that surrendered.",
        _ACTION,
        PINT,
        EXACT,
    ),
)


@dataclass(frozen=True, slots=True)
class Title:
    """Who has what right over one bill of lading, after its last transaction."""

    reference: str
    """`transportDocumentReference`."""
    version: str
    """`transportDocumentSubReference`; empty where there is none."""
    kind: Kind
    """As issued. An endorsement does not change it."""
    status: Status
    possessor: Party
    """Exactly one, in every status: of a surrendered or ended title the carrier."""
    endorsee: Party | None
    """The named titleholder of a negotiable title; its platform is `NONE` where nobody stated it, and its codes count
    on all."""
    may_endorse: bool
    """Whether the endorsee may endorse further (`ENDORSE` says no)."""
    carrier: Party
    """Who issued it."""
    issuing_party: Party | None
    """As the document names it, where it gives a code."""
    issued_to: Party
    shipper: Party | None
    consignee: Party | None
    surrendered_by: Party | None
    """Who gets it back if the carrier rejects; None while it is held."""
    reason: str
    """Reason code of the surrender for amendment; empty where there is none."""
    sequence: int
    """Transactions so far; ISSUE makes it 1."""
    replaces: str
    """The title, or the paper, in whose place this one was issued; empty where there is none."""

    @property
    def name(self) -> str:
        """Reference and version: what tells this title from the one in whose place it came."""
        return f"{self.reference} {self.version}".rstrip()

    @property
    def negotiable(self) -> bool:
        return self.kind in (Kind.TO_ORDER, Kind.BLANK)

    @property
    def blank(self) -> bool:
        """Negotiable, with no endorsee named: its bearer has the right."""
        return self.negotiable and self.endorsee is None

    @property
    def in_trust(self) -> bool:
        """Held by who is not entitled to the goods, or who holds on behalf of another (`representedParty`): a bank as
        pledgee, an agent. Modelled: PINT leaves the split of title and possession to be inferred."""
        if self.status is not Status.HELD:
            return False
        return self.possessor.represented_party is not None or not _entitled(self, self.possessor)

    @property
    def ended(self) -> bool:
        return self.status in ENDED


# --- Kinds and parties -----------------------------------------------------------------------------------------------


def kind_of(transport_document: Mapping[str, Any]) -> Kind:
    """What the document, as JSON, is. One that does not say that it is to order is straight."""
    if transport_document.get("transportDocumentTypeCode") == "SWB":
        return Kind.SEA_WAYBILL
    if transport_document.get("isToOrder") is not True:
        return Kind.STRAIGHT
    parties = transport_document.get("documentParties")
    named = isinstance(parties, Mapping) and parties.get("endorsee") is not None
    return Kind.TO_ORDER if named else Kind.BLANK


MUTUALLY_DEFINED = "ZZZ"
NO_PLATFORM = "NONE"
"""Of a party that the document names without its platform."""


def same_party(one: Party, other: Party) -> bool:
    """Whether a code of one list names both (rule 6). The name of the list counts where both give it."""
    together = one.ebl_platform == other.ebl_platform
    return any(
        _same_code(mine, theirs) and (mine.code_list_provider != MUTUALLY_DEFINED or together)
        for mine in one.identifying_codes
        for theirs in other.identifying_codes
    )


def _same_code(one: IdentifyingCode, other: IdentifyingCode) -> bool:
    if (one.code_list_provider, one.party_code) != (other.code_list_provider, other.party_code):
        return False
    return None in (one.code_list_name, other.code_list_name) or one.code_list_name == other.code_list_name


def is_at(party: Party, other: Party) -> bool:
    """The same party on the same platform: whose possession it is."""
    return party.ebl_platform == other.ebl_platform and same_party(party, other)


def _document_party(transport_document: Mapping[str, Any], role: str, platform: str) -> Party | None:
    """A party of the document that gives a code, as a party of a transaction. Malformed: none. `platform`: where it is,
    if it has a code that counts on one platform only, and the document does not say on which (rule 6)."""
    parties = transport_document.get("documentParties")
    given = parties.get(role) if isinstance(parties, Mapping) else None
    if not isinstance(given, Mapping):
        return None
    members = {name: given[name] for name in ("partyName", "identifyingCodes", "taxLegalReferences") if name in given}
    party = read_part(Party, members | {"eblPlatform": given.get("eblPlatform") or NO_PLATFORM})
    if not isinstance(party, Party):
        return None
    mutual = any(each.code_list_provider == MUTUALLY_DEFINED for each in party.identifying_codes)
    unsaid = mutual and party.ebl_platform == NO_PLATFORM
    return party.model_copy(update={"ebl_platform": platform}) if unsaid else party


def _is_carrier(title: Title, party: Party) -> bool:
    """The carrier that issued it, or who represents it, on the platform where it was issued."""
    if party.ebl_platform != title.carrier.ebl_platform:
        return False
    known = [each for each in (title.carrier, title.issuing_party) if each is not None]
    if any(same_party(party, each) for each in known):
        return True
    behind = party.represented_party
    codes = (behind.identifying_codes or ()) if behind is not None else ()
    return any(_same_code(code, theirs) for code in codes for each in known for theirs in each.identifying_codes)


def _entitled(title: Title, party: Party) -> bool:
    """Whether a possessor is entitled to the goods (eBL Surrender 3.0.4, SurrenderRequestDetails, 2)."""
    if title.endorsee is not None:
        return same_party(party, title.endorsee)
    if title.negotiable:
        return True
    named = (title.issued_to, title.shipper, title.consignee)
    return any(each is not None and same_party(party, each) for each in named)


# --- Issuing ---------------------------------------------------------------------------------------------------------

_PAPER = "In place of the paper original "


def paper_statement(number: str) -> str:
    """The comment of an ISSUE that comes in the place of a paper bill (MLETR, article 17(2): a statement of it)."""
    return f"{_PAPER}{number}"


def issue(
    transport_document: Mapping[str, Any], transaction: Transaction, earlier: Title | None = None
) -> Title | tuple[Finding, ...]:
    """The title that an ISSUE makes, or all that refuses it. `earlier` is the one in whose place it comes: the last of
    the same reference on this platform, or the one that the carrier says is replaced."""
    kind = kind_of(transport_document)
    found: list[Finding] = []
    if transaction.action_code is not ActionCode.ISSUE:
        return (finding("title.issue-not-first", "/actionCode", found=transaction.action_code, expected="ISSUE"),)
    if kind is Kind.SEA_WAYBILL:
        found.append(finding("title.sea-waybill", "/transportDocumentTypeCode", found="SWB", expected="BOL"))
    first = NO_PLATFORM if transaction.recipient is None else transaction.recipient.ebl_platform
    endorsee = _document_party(transport_document, "endorsee", first) if kind is Kind.TO_ORDER else None
    if kind is Kind.TO_ORDER and endorsee is None:
        found.append(finding("title.endorsee-without-code", "/documentParties/endorsee"))
    if transaction.reason_code is not None:
        found.append(_wrong_reason(transaction))
    paper = paper_named(transaction)
    if earlier is not None:
        found += _judge_earlier(earlier, transaction, paper)
    if transaction.recipient is None:
        found.append(finding("title.recipient-missing", "/recipient", found="nothing", expected="the first possessor"))
    if found or transaction.recipient is None:
        return tuple(found)
    return Title(
        reference=str(transport_document.get("transportDocumentReference", "")),
        version=str(transport_document.get("transportDocumentSubReference") or ""),
        kind=kind,
        status=Status.HELD,
        possessor=transaction.recipient,
        endorsee=endorsee,
        may_endorse=True,
        carrier=transaction.actor,
        issuing_party=_document_party(transport_document, "issuingParty", transaction.actor.ebl_platform),
        issued_to=transaction.recipient,
        shipper=_document_party(transport_document, "shipper", first),
        consignee=_document_party(transport_document, "consignee", first),
        surrendered_by=None,
        reason="",
        sequence=1,
        replaces=f"paper {paper}" if paper else earlier.name if earlier is not None else "",
    )


def paper_named(issued: Transaction) -> str:
    """The number of the paper bill in whose place an ISSUE comes; empty: it names none."""
    comments = issued.comments or ""
    return comments.removeprefix(_PAPER) if comments.startswith(_PAPER) else ""


def _judge_earlier(earlier: Title, transaction: Transaction, paper: str) -> list[Finding]:
    """Whether a new title may come in the place of another one."""
    found = []
    if earlier.status not in (Status.VOID, Status.PAPER):
        shown = f"{earlier.name}, {earlier.status}"
        found.append(
            finding("title.issued-already", "/transportDocumentReference", found=shown, expected="void or paper")
        )
    if earlier.status is Status.PAPER and not paper:
        expected = paper_statement("and its number")
        found.append(finding("title.paper-not-named", "/comments", found=transaction.comments, expected=expected))
    if not same_party(transaction.actor, earlier.carrier):
        expected = earlier.carrier.party_name
        found.append(finding("title.not-the-carrier", "/actor", found=transaction.actor.party_name, expected=expected))
    return found


# --- Applying --------------------------------------------------------------------------------------------------------


def apply(
    title: Title, transaction: Transaction, expected_sequence: int | None = None, *, unrecorded: bool = False
) -> Title | tuple[Finding, ...]:
    """The title after a transaction, or all that refuses it. `expected_sequence` is the one that the actor has seen.

    `unrecorded`: in a chain of other platforms a transfer of possession within one platform may be missing (PINT,
    `EnvelopeTransferChainEntry.transactions`: "Internal possession transfers are not required"), so that another
    party of the possessor's platform may act.
    """
    if expected_sequence is not None and expected_sequence != title.sequence:
        found = finding("title.old-sequence", "/expectedSequence", found=expected_sequence, expected=title.sequence)
        return (found,)
    if transaction.action_code is ActionCode.ISSUE:
        return (finding("title.issue-not-first", "/actionCode", found="ISSUE again", expected="ISSUE once"),)
    row = next((each for each in TRANSITIONS if _leads(each, title, transaction)), None)
    if row is None:
        return (_not_now(title, transaction),)
    if unrecorded and title.status is Status.HELD and transaction.actor.ebl_platform == title.possessor.ebl_platform:
        title = title if is_at(transaction.actor, title.possessor) else replace(title, possessor=transaction.actor)
    refused = (*_judge_kind(row, title), *_judge_actor(row, title, transaction), *_judge_rest(row, title, transaction))
    return refused or _moved(row, title, transaction)


def replay(transport_document: Mapping[str, Any], transactions: Iterable[Transaction]) -> Title | tuple[Finding, ...]:
    """The title after all transactions of a chain, from ISSUE on; `unrecorded` transfers are allowed. Findings point
    into the list of transactions."""
    title: Title | None = None
    for at, each in enumerate(transactions):
        after = issue(transport_document, each) if title is None else apply(title, each, unrecorded=True)
        if not isinstance(after, Title):
            return tuple(_pointed(found, at) for found in after)
        title = after
    if title is None:
        return (finding("title.issue-not-first", "", found="no transaction", expected="ISSUE"),)
    return title


def allowed(title: Title) -> tuple[ActionCode, ...]:
    """The actions that the status and kind of a title allow, by whomever."""
    rows = [each for each in TRANSITIONS if title.status in each.before and each.action is not ActionCode.ISSUE]
    return tuple(dict.fromkeys(each.action for each in rows if title.negotiable or not each.negotiable))


def moves_possession(action: ActionCode) -> bool:
    """Whether an action moves possession, and does not only notify (rule 2)."""
    return any(row.action is action and row.possession is not Possession.STAYS for row in TRANSITIONS)


def _leads(row: Transition, title: Title, transaction: Transaction) -> bool:
    if row.action is not transaction.action_code or title.status not in row.before:
        return False
    return row.paper is None or row.paper is (title.reason == ReasonCode.SWITCH_TO_PAPER)


def _moved(row: Transition, title: Title, transaction: Transaction) -> Title:
    possessor = title.possessor
    if row.possession is Possession.RECIPIENT and transaction.recipient is not None:
        possessor = transaction.recipient
    elif row.possession is Possession.SURRENDERER and title.surrendered_by is not None:
        possessor = title.surrendered_by
    moved = replace(title, status=row.after, possessor=possessor, sequence=title.sequence + 1)
    if row.right is not Right.STAYS:
        named = None if row.right is Right.BLANK else transaction.recipient
        moved = replace(moved, endorsee=named, may_endorse=row.right is not Right.NAMED)
    if row.after in _SURRENDERED:
        return replace(moved, surrendered_by=title.possessor, reason=transaction.reason_code or "")
    return replace(moved, surrendered_by=None, reason="") if row.after is Status.HELD else moved


# --- Refusing --------------------------------------------------------------------------------------------------------


def _not_now(title: Title, transaction: Transaction) -> Finding:
    found = f"{transaction.action_code} of a title that is {title.status}"
    if title.ended:
        return finding("title.ended", "/actionCode", found=found, expected="nothing more")
    expected = ", ".join(allowed(title)) or "nothing more"
    return finding("title.not-now", "/actionCode", found=found, expected=f"{expected} now")


def _judge_kind(row: Transition, title: Title) -> tuple[Finding, ...]:
    if not row.negotiable or title.negotiable:
        return ()
    return (finding("title.not-negotiable", "/actionCode", found=f"{row.action} of a {title.kind} bill"),)


def _judge_actor(row: Transition, title: Title, transaction: Transaction) -> tuple[Finding, ...]:
    actor = transaction.actor
    if row.by is Role.CARRIER:
        if is_at(actor, title.possessor) or (
            title.possessor.ebl_platform == actor.ebl_platform and _is_carrier(title, actor)
        ):
            return ()
        return (finding("title.not-the-carrier", "/actor", found=_shown(actor), expected=_shown(title.possessor)),)
    if not is_at(actor, title.possessor):
        return (finding("title.not-the-possessor", "/actor", found=_shown(actor), expected=_shown(title.possessor)),)
    if row.by is Role.ENTITLED and not _entitled(title, actor):
        return (finding("title.not-entitled", "/actor", found=_shown(actor), expected=_who_is_entitled(title)),)
    if row.by is not Role.TITLEHOLDER or title.endorsee is None:
        return ()
    if not same_party(actor, title.endorsee):
        return (finding("title.not-the-endorsee", "/actor", found=_shown(actor), expected=_shown(title.endorsee)),)
    if not title.may_endorse:
        return (finding("title.may-not-endorse", "/actor", found=_shown(actor)),)
    return ()


def _judge_rest(row: Transition, title: Title, transaction: Transaction) -> tuple[Finding, ...]:
    """The recipient and the reason."""
    found = []
    recipient = None if _is_nobody(transaction.recipient) else transaction.recipient
    if row.to is Addressee.NOBODY:
        if recipient is not None:
            found.append(finding("title.recipient-not-allowed", "/recipient", found=_shown(recipient)))
    elif row.to is Addressee.SURRENDERER:
        by = title.surrendered_by
        if recipient is not None and by is not None and not is_at(recipient, by):
            found.append(finding("title.wrong-recipient", "/recipient", found=_shown(recipient), expected=_shown(by)))
    elif recipient is None:
        found.append(finding("title.recipient-missing", "/recipient", found="nothing", expected=row.to))
    elif row.to is Addressee.CARRIER and not _is_carrier(title, recipient):
        expected = _shown(title.carrier)
        found.append(
            finding("title.surrender-not-to-carrier", "/recipient", found=_shown(recipient), expected=expected)
        )
    code = transaction.reason_code
    if code is not None and (row.action is not ActionCode.SURRENDER_FOR_AMENDMENT or code not in set(ReasonCode)):
        found.append(_wrong_reason(transaction))
    return tuple(found)


def _is_nobody(party: Party | None) -> bool:
    """Absent, or DCSA's placeholder `NONE`."""
    return party is None or party.ebl_platform == NO_PLATFORM


def _wrong_reason(transaction: Transaction) -> Finding:
    found = f"{transaction.reason_code} of {transaction.action_code}"
    expected = ", ".join(ReasonCode) + " of SURRENDER_FOR_AMENDMENT"
    return finding("title.reason-code", "/reasonCode", found=found, expected=expected)


def _who_is_entitled(title: Title) -> str:
    if title.endorsee is not None:
        return _shown(title.endorsee)
    named = [each for each in (title.shipper or title.issued_to, title.consignee) if each is not None]
    return " or ".join(each.party_name for each in named)


def _shown(party: Party) -> str:
    """A party for people: its name, platform and first code."""
    code = party.identifying_codes[0]
    return f"{party.party_name} ({party.ebl_platform}, {code.code_list_provider} {code.party_code})"


def _pointed(found: Finding, at: int) -> Finding:
    return replace(found, pointer=f"/{at}{found.pointer}")
