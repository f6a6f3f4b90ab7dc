"""What the carrier does next with a case, by rule. Pure: a person decides where `Officers` says `manual`.

1. An update or an amendment that satisfies DCSA's conditions is confirmed, another one declined, with feedback.
2. Instructions that satisfy them, with a known booking, lead to a draft; others to a request to update them. A draft
   is drawn anew when the instructions it was made from have changed.
3. An approved document is issued: by a platform, or over the counter. An issuance that was refused waits for a person.
4. What was surrendered for amendment is voided and issued again, to who surrendered it: if that is not known, a person
   says to whom. What was surrendered for delivery completes the case.
5. What waits for a person holds up what depends on it, and nothing else.
6. A surrender is answered when its chain has been looked at (`surrendering.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.bill_of_lading.carriage import (
    AmendmentStatus,
    DocumentStatus,
    InstructionsStatus,
    Step,
    UpdateStatus,
    possible,
)
from schemas.bill_of_lading.dcsa import decode
from schemas.bill_of_lading.model import ShippingInstructions
from schemas.bill_of_lading.pint import checksum
from schemas.bill_of_lading.refusal import json_path
from schemas.bill_of_lading.rules import check
from schemas.content import Content, open_content
from schemas.findings import Finding, finding
from schemas.registry import Context
from tradebridge.ebl.carrier import drafting
from tradebridge.ebl.carrier.acting import faults_of
from tradebridge.ebl.carrier.casefile import JSON, Case, written
from tradebridge.ebl.carrier.issuing import named, platform_for
from tradebridge.ebl.carrier.office import Office
from tradebridge.ebl.carrier.settings import Booking, Mode
from tradebridge.ebl.carrier.surrendering import Surrender, reissue_body

D = DocumentStatus


@dataclass(frozen=True, slots=True)
class Decision:
    step: Step
    body: JSON = field(default_factory=dict)


def next_step(case: Case, office: Office, surrender: Surrender | None) -> Decision | None:
    """None: nothing is to be done, or a person does it. `surrender` is the one that was accepted, if any was."""
    may = possible(case.carriage)
    for rule in (_update, _amendment, _drawing, _issuing, _surrendered):
        decision = rule(case, office, surrender)
        if decision is not None and decision.step in may:
            return decision
    return None


def _open(case: Case) -> bool:
    return case.carriage.instructions in (InstructionsStatus.RECEIVED, InstructionsStatus.PENDING_UPDATE)


def _received(case: Case) -> bool:
    return case.carriage.instructions is InstructionsStatus.RECEIVED


def _waits(case: Case) -> bool:
    """Whether an update waits to be judged."""
    return case.carriage.update is UpdateStatus.UPDATE_RECEIVED and _open(case)


def _update(case: Case, office: Office, surrender: Surrender | None) -> Decision | None:
    mode = office.settings.officers.update
    if not _waits(case) or mode is Mode.MANUAL:
        return None
    faults = instruction_faults(case.update or {}, office)
    if mode is Mode.REJECT or faults:
        return Decision(Step.DECLINE_UPDATE, {"feedbacks": feedbacks(faults)})
    return Decision(Step.CONFIRM_UPDATE)


def _amendment(case: Case, office: Office, surrender: Surrender | None) -> Decision | None:
    mode = office.settings.officers.amendment
    amendment = case.document.amendment if case.document else None
    waits = case.carriage.amendment is AmendmentStatus.AMENDMENT_RECEIVED
    if not waits or mode is Mode.MANUAL or amendment is None:
        return None
    faults = faults_of(drafting.issued(amendment, office.now().date()), office)
    if mode is Mode.REJECT or faults or case.carriage.document is D.SURRENDERED_FOR_DELIVERY:
        return Decision(Step.DECLINE_AMENDMENT, {"feedbacks": feedbacks(faults)})
    return Decision(Step.CONFIRM_AMENDMENT)


def _drawing(case: Case, office: Office, surrender: Surrender | None) -> Decision | None:
    mode = office.settings.officers.draft
    undrawn = case.document is None or case.document.made_from != checksum(case.content)
    if not undrawn or not _received(case) or case.carriage.document not in (None, D.DRAFT):
        return None
    if _waits(case) or mode is Mode.MANUAL:
        return None
    faults = instruction_faults(case.content, office)
    if mode is Mode.REJECT:
        return Decision(Step.DECLINE_INSTRUCTIONS, {"feedbacks": feedbacks(faults)})
    return asked_again(faults) if faults else Decision(Step.PUBLISH_DRAFT)


def _issuing(case: Case, office: Office, surrender: Surrender | None) -> Decision | None:
    approved = case.carriage.document is D.APPROVED and case.carriage.issuance is None
    if not approved or office.settings.officers.issue is not Mode.AUTO:
        return None
    return Decision(Step.REQUEST_ISSUANCE if case.electronic else Step.ISSUE)


def _surrendered(case: Case, office: Office, surrender: Surrender | None) -> Decision | None:
    document, officers = case.carriage.document, office.settings.officers
    if document is D.SURRENDERED_FOR_DELIVERY and officers.complete is Mode.AUTO:
        return Decision(Step.COMPLETE)
    if officers.reissue is not Mode.AUTO:
        return None
    if document is D.SURRENDERED_FOR_AMENDMENT:
        return Decision(Step.VOID)
    if document is D.VOIDED and not _waits(case):
        body = reissue_body(surrender)
        paper = body.get("changes", {}).get("isElectronic") is False or not case.electronic
        return Decision(Step.REISSUE, body) if paper or "issueTo" in body else None
    return None


def asked_again(faults: Iterable[Finding]) -> Decision:
    """The shipper is asked to mend what prevents a draft."""
    return Decision(Step.REQUEST_UPDATE, {"feedbacks": feedbacks(faults)})


def instruction_faults(instructions: JSON, office: Office) -> tuple[Finding, ...]:
    """What prevents a draft: a rule of DCSA's text that the instructions break, an unknown booking."""
    content = open_content(written(instructions).encode())
    if not isinstance(content, Content):
        return (content,)
    decoded = decode(ShippingInstructions, content)
    found = decoded.findings
    if decoded.document is not None:
        found = (*found, *check(decoded.document, Context(now=office.now())))
    booking = drafting.booking_of(instructions, office.settings)
    if not isinstance(booking, Booking):
        found = (*found, finding("carrier.unknown-booking", booking.pointer, found=booking.reference))
    found = (*found, *_unplaced(instructions, office))
    return tuple(each for each in found if each.refuses)


def _unplaced(instructions: JSON, office: Office) -> tuple[Finding, ...]:
    """An electronic bill of lading needs a platform that it can be issued at."""
    if not instructions.get("isElectronic") or instructions.get("transportDocumentTypeCode") != "BOL":
        return ()
    platform = platform_for(named(instructions), office.settings)
    return (platform,) if isinstance(platform, Finding) else ()


def feedbacks(findings: Iterable[Finding]) -> list[JSON]:
    """DCSA's Feedback of each finding."""
    return [_feedback(each) for each in findings]


def _feedback(found: Finding) -> JSON:
    seen = f" Found: {found.found}." if found.found else ""
    wanted = f" Expected: {found.expected}." if found.expected else ""
    feedback = {
        "severity": "ERROR" if found.refuses else "WARN",
        "code": "PROPERTY_VALUE_MUST_CHANGE" if found.refuses else "INFORMATIONAL_MESSAGE",
        "message": f"{found.message}{seen}{wanted} {found.fix}"[:5000],
    }
    if not found.pointer.startswith("/"):
        return feedback
    names = [step for step in found.pointer.split("/")[1:] if not step.isdecimal()]
    return feedback | {"jsonPath": json_path(found.pointer)[:500], "property": (names[-1] if names else "")[:100]}
