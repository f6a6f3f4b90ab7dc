"""Every code that the carrier refuses with, beside those of the state machines and of the schemas.

Light to import: `tb explain` and the reference of codes read it.
"""

from schemas.bill_of_lading.carriage import EBL, ISS, SUR
from schemas.findings import Fidelity, Kind, register


def _dcsa(code: str, sentence: str, fix: str, *, source: str, clause: str = "", status: int = 422) -> Kind:
    """What DCSA's text says, at `clause`; without one it follows from what the members mean."""
    fidelity = Fidelity.EXACT if clause else Fidelity.MODELLED
    return Kind(code, sentence, fix, clause=clause, source=source, fidelity=fidelity, status=status)


register(
    [
        _dcsa(
            "carrier.no-platform",
            "Nothing says at which eBL platform the bill of lading is to be issued.",
            "Give documentParties.issueTo with sendToPlatform in the shipping instructions.",
            clause="IssueToParty.sendToPlatform",
            source=EBL,
        ),
        Kind(
            "carrier.platform-not-connected",
            "The carrier is not connected to this platform, nor to one that could hand the bill on.",
            "Name a platform that the carrier is connected to, or configure `issueVia`.",
        ),
        _dcsa(
            "carrier.nobody-to-issue-to",
            "Nothing says who surrendered the bill, and the amended version is for that party.",
            "Give issueTo: the party that surrendered, with its platform.",
            clause="SurrenderRequestAnswer.action",
            source=SUR,
            status=409,
        ),
        _dcsa(
            "carrier.unknown-booking",
            "The carrier has no confirmed booking of this reference.",
            "Check carrierBookingReference; the booking must be confirmed before its instructions are sent.",
            clause="POST /v3/shipping-instructions, Precondition",
            source=EBL,
        ),
        Kind(
            "carrier.issued-elsewhere",
            "Paper and sea waybills are issued over the counter, electronic bills of lading by a platform.",
            "Take the step that fits the document: issue, or request-issuance.",
            status=409,
        ),
        _dcsa(
            "carrier.unknown-document",
            "The carrier knows no transport document of this reference.",
            "Check transportDocumentReference and transportDocumentSubReference.",
            source=EBL,
            status=404,
        ),
        _dcsa(
            "carrier.not-the-issuing-platform",
            "Another platform than the one that issued the document surrenders it.",
            "Surrender it at the platform that it was issued through.",
            clause="info.description",
            source=SUR,
            status=403,
        ),
        _dcsa(
            "carrier.chain-of-another",
            "The endorsement chain is of another transport document.",
            "Serve the chain of the document that is surrendered.",
            source=SUR,
        ),
        _dcsa(
            "carrier.chain-not-from-issuance",
            "The endorsement chain does not begin with the carrier's issuance to the party that it named.",
            "Begin the chain with ISSUE, its recipient the party of the issuance request.",
            clause="EndorsementChainLink.actionCode",
            source=SUR,
        ),
        _dcsa(
            "carrier.chain-without-surrender",
            "The endorsement chain does not end with this surrender.",
            "End the chain with the surrender that is asked for.",
            clause="SurrenderRequestDetails.endorsementChain",
            source=SUR,
        ),
        Kind(
            "carrier.unauthorised",
            "The bearer token is missing, or nobody's.",
            "Send `Authorization: Bearer TOKEN` with the token that the carrier gave you.",
            status=401,
        ),
        Kind(
            "carrier.not-yours",
            "This endpoint is for the other side: consumers send instructions, platforms verdicts and surrenders.",
            "Use the token of the side that the endpoint is for.",
            status=403,
        ),
        _dcsa(
            "carrier.api-version",
            "The header API-Version is not the major version of the path.",
            "Send `API-Version: 3`, or leave it out.",
            clause="Api-Version-Major",
            source=EBL,
            status=400,
        ),
        _dcsa(
            "carrier.unknown-reference",
            "The carrier knows no document of this reference.",
            "Check the reference; new instructions can be asked for once they are processed.",
            clause="404",
            source=EBL,
            status=404,
        ),
        _dcsa(
            "carrier.no-update",
            "No update was sent, or the carrier has asked for another one.",
            "Leave updatedContent out to get the instructions themselves.",
            clause="updatedContent",
            source=EBL,
            status=404,
        ),
        _dcsa(
            "carrier.no-amendment",
            "No amendment of this transport document was submitted.",
            "Submit one with PUT; get the transport document itself without /amendment.",
            clause="404",
            source=EBL,
            status=404,
        ),
        _dcsa(
            "carrier.being-processed",
            "An earlier request about this document is being processed.",
            "Ask again in a moment.",
            clause="409",
            source=EBL,
            status=409,
        ),
        _dcsa(
            "carrier.reference-differs",
            "The body is of another document than the path.",
            "Write the reference of the path into the body.",
            source=EBL,
            status=400,
        ),
        _dcsa(
            "carrier.not-true-or-false",
            "The parameter is neither true nor false.",
            "Write true or false.",
            clause="updatedContent",
            source=EBL,
            status=400,
        ),
        _dcsa(
            "carrier.answered-otherwise",
            "The platform has answered this issuance request before, and otherwise; or there is none.",
            "An issuance request is answered once.",
            clause="IssuanceResponse.issuanceResponseCode",
            source=ISS,
            status=409,
        ),
        Kind("carrier.no-endpoint", "There is no such endpoint.", "See DCSA's EBL 3.0.4 description.", status=404),
        Kind("carrier.broken", "The carrier's system failed.", "Ask again later; nothing was stored.", status=500),
    ]
)
