"""Surrender: a platform asks the carrier to take an eBL back, and the carrier answers. Models and their conditions.

Source: DCSA eBL Surrender API 3.0.4. The rules of this part:

1. For delivery (`SREQ`) or for amendment (`AREQ`); a switch to paper is an amendment with the reason `SWTP`.
2. The platform guarantees that the sole possessor asks, and that it is entitled to (`title.py`). Meanwhile the carrier
   has possession.
3. The carrier answers once: `SURR`, or `SREJ` with a comment, and the eBL goes back to who asked.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any

from schemas.bill_of_lading.endorsement import ACTIONS, NO_PARTY, links_of
from schemas.bill_of_lading.pint import ActionCode, ActionMoment, Party, ReasonCode, Transaction, to_json
from schemas.bill_of_lading.values import Many, Part, at_most, known, trimmed
from schemas.findings import Fidelity, Finding, Kind, Severity, finding, register

SOURCE = "DCSA EBL Surrender 3.0.4"

REASON_CODES = known(*ReasonCode)


def _exact(code: str, sentence: str, fix: str, clause: str, severity: Severity = Severity.ERROR) -> Kind:
    return Kind(code, sentence, fix, severity, clause=clause, source=SOURCE, fidelity=Fidelity.EXACT)


register(
    [
        _exact(
            "surrender.reason-code",
            "The reason code is none that DCSA names for a surrender for amendment.",
            "Use SWTP, COD or SWI; where none fits, leave it out and write a comment.",
            "SurrenderRequestDetails.reasonCode",
        ),
        _exact(
            "surrender.reason-not-here",
            "A surrender for delivery gives a reason code for an amendment.",
            "Leave the reason code out.",
            "SurrenderRequestDetails.reasonCode",
        ),
        _exact(
            "surrender.comment-missing",
            "A rejected surrender gives no comment.",
            "Say in `comments` why it is rejected.",
            "SurrenderRequestAnswer.comments",
        ),
        _exact(
            "surrender.comment-without-need",
            "An accepted surrender gives a comment.",
            "Leave `comments` out where the action is SURR.",
            "SurrenderRequestAnswer.comments",
            Severity.WARNING,
        ),
        _exact(
            "surrender.no-error-told",
            "The feedback tells of no error that would explain why the request could not be processed.",
            "Add at least one feedback element of severity ERROR, or leave the feedback out.",
            "SurrenderRequestAnswer.feedbackElements",
            Severity.WARNING,
        ),
        Kind(
            "surrender.unknown-request",
            "There is no surrender request of this reference.",
            "Answer with the surrenderRequestReference of the request.",
            clause="SurrenderRequestAnswer.surrenderRequestReference",
            source=SOURCE,
            fidelity=Fidelity.EXACT,
            status=404,
        ),
        Kind(
            "surrender.answered-already",
            "The surrender request was answered before: a carrier answers once.",
            "Read the title's chain: the first answer holds.",
            clause="POST /v3/ebl-surrender-responses, 409",
            source=SOURCE,
            fidelity=Fidelity.EXACT,
            status=409,
        ),
        Kind(
            "surrender.reference-used",
            "The reference of this surrender request was used before.",
            "Give every surrender request a reference of its own.",
            clause="SurrenderRequestDetails.surrenderRequestReference",
            source=SOURCE,
            fidelity=Fidelity.EXACT,
            status=409,
        ),
    ]
)


class SurrenderRequestCode(StrEnum):
    SREQ = "SREQ"
    """For delivery."""
    AREQ = "AREQ"
    """For amendment, a switch to paper among them."""


class SurrenderAction(StrEnum):
    """The carrier's verdict (`SurrenderRequestAnswer.action`)."""

    SURR = "SURR"
    SREJ = "SREJ"


class SurrenderChainLink(Part):
    """One action of the endorsement chain; here the recipient is required (`NO_PARTY` where there is none)."""

    action_date_time: ActionMoment
    action_code: Annotated[str, at_most(50), ACTIONS]
    actor: Party
    recipient: Party
    audit_reference: Annotated[str, at_most(100)] | None = None


class SurrenderRequestDetails(Part):
    """The body of `POST /v3/ebl-surrender-requests`."""

    surrender_request_reference: Annotated[str, trimmed(100)]
    transport_document_reference: Annotated[str, trimmed(20)]
    transport_document_sub_reference: Annotated[str, trimmed(100)] | None = None
    surrender_request_code: SurrenderRequestCode
    reason_code: Annotated[str, at_most(4), REASON_CODES] | None = None
    comments: Annotated[str, trimmed(255)] | None = None
    endorsement_chain: Many[SurrenderChainLink] | None = None


class FeedbackElement(Part):
    severity: Annotated[str, at_most(50), known("ERROR", "WARN", "INFO")] | None = None
    message: Annotated[str, at_most(5000)] | None = None
    property_path: Annotated[str, at_most(1000)] | None = None
    """JSONPath."""


class SurrenderRequestAnswer(Part):
    """The body of `POST /v3/ebl-surrender-responses`."""

    surrender_request_reference: Annotated[str, trimmed(100)]
    action: SurrenderAction
    comments: Annotated[str, trimmed(255)] | None = None
    feedback_elements: Many[FeedbackElement] | None = None


def request_of(
    reference: str, transport_document: Mapping[str, Any], transactions: Iterable[Transaction]
) -> SurrenderRequestDetails:
    """The request of a chain whose last transaction is a surrender. Raises ValueError if it is none."""
    made = tuple(transactions)
    asked = made[-1]
    code = {
        ActionCode.SURRENDER_FOR_DELIVERY: SurrenderRequestCode.SREQ,
        ActionCode.SURRENDER_FOR_AMENDMENT: SurrenderRequestCode.AREQ,
    }.get(asked.action_code)
    if code is None:
        raise ValueError(f"{asked.action_code} is no surrender: ask when the chain ends with one")
    links = (to_json(each) for each in links_of(made))
    return SurrenderRequestDetails(
        surrender_request_reference=reference,
        transport_document_reference=transport_document["transportDocumentReference"],
        transport_document_sub_reference=transport_document.get("transportDocumentSubReference"),
        surrender_request_code=code,
        reason_code=asked.reason_code,
        comments=asked.comments,
        endorsement_chain=tuple(
            SurrenderChainLink.model_validate({"recipient": to_json(NO_PARTY)} | link) for link in links
        ),
    )


def judge_request(request: SurrenderRequestDetails) -> tuple[Finding, ...]:
    """What the text asks of a request beside its shape."""
    given = request.reason_code
    if given is None:
        return ()
    if request.surrender_request_code is SurrenderRequestCode.SREQ:
        return (finding("surrender.reason-not-here", "/reasonCode", found=given, expected="none, with SREQ"),)
    if given not in REASON_CODES.values:
        named = ", ".join(sorted(REASON_CODES.values))
        return (finding("surrender.reason-code", "/reasonCode", found=given, expected=named),)
    return ()


def judge_answer(answer: SurrenderRequestAnswer) -> tuple[Finding, ...]:
    """What the text asks of an answer beside its shape."""
    found = []
    if answer.action is SurrenderAction.SREJ and answer.comments is None:
        found.append(finding("surrender.comment-missing", "/comments", found="nothing", expected="a comment"))
    if answer.action is SurrenderAction.SURR and answer.comments is not None:
        found.append(finding("surrender.comment-without-need", "/comments", found=answer.comments, expected="none"))
    told = answer.feedback_elements
    if told and not any(each.severity == "ERROR" for each in told):
        found.append(finding("surrender.no-error-told", "/feedbackElements", expected="severity ERROR"))
    return tuple(found)
