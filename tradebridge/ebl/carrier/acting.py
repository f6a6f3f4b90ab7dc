"""Taking one step of a case: the carriage moves, the content with it, and all that must be sent is put in the outbox.

    take        schemas/bill_of_lading/carriage.py    may it be taken now?
    effect      here, one function a step              what it does to the content
    save, note  casefile.py, the journal
    tell        notifying.py                           consumers, by their subscriptions

All of it is one transaction of the caller's. A refusal changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from schemas.bill_of_lading.carriage import STEPS, AmendmentStatus, By, Carriage, DocumentStatus, Step, take
from schemas.bill_of_lading.dcsa import decode
from schemas.bill_of_lading.model import TransportDocument
from schemas.bill_of_lading.pint import checksum
from schemas.bill_of_lading.rules import check
from schemas.content import Content, open_content
from schemas.findings import Finding, finding
from schemas.registry import Context
from tradebridge.ebl.carrier import casefile, drafting, issuing
from tradebridge.ebl.carrier import store as t
from tradebridge.ebl.carrier.casefile import JSON, Case, Document, written
from tradebridge.ebl.carrier.notifying import notices
from tradebridge.ebl.carrier.office import Office
from tradebridge.ebl.carrier.settings import Booking, Platform

OWN = frozenset(
    {
        *("shippingInstructionsReference", "shippingInstructionsStatus", "updatedShippingInstructionsStatus"),
        *("transportDocumentReference", "feedbacks"),
    }
)
"""Members of shipping instructions that the carrier gives: it writes its own over them."""
KEPT = frozenset(
    {
        *("transportDocumentReference", "transportDocumentSubReference", "shippingInstructionsReference"),
        *("transportDocumentStatus", "carrierCode", "carrierCodeListProvider", "termsAndConditions", "issueDate"),
        *("shippedOnBoardDate", "receivedForShipmentDate", "feedbacks"),
    }
)
"""Members of a transport document that a shipper's amendment does not change."""

Refused = tuple[Finding, ...]
Effect = Callable[[Connection, Office, Case, Mapping[str, Any]], "Case | Refused"]


def act(connection: Connection, office: Office, case: Case, step: Step, body: Mapping[str, Any]) -> Case | Refused:
    """The case after a step, saved, noted and told; or all that refuses it. `body` is of the step's own shape."""
    moved = take(case.carriage, step)
    if isinstance(moved, Finding):
        return (moved,)
    changed = EFFECTS.get(step, _nothing)(connection, office, case, body)
    if isinstance(changed, tuple):
        return changed
    after = replace(changed, carriage=moved)
    after = _tell(connection, office, case.carriage, after, step)
    casefile.save(connection, after)
    _note(connection, office, case.carriage, after, step)
    return after


def _tell(connection: Connection, office: Office, before: Carriage, case: Case, step: Step) -> Case:
    consumer = office.settings.consumer(case.consumer)
    for subscription in consumer.subscriptions if consumer else ():
        source, number = office.settings.event_source, case.notified
        told = notices(before, case, step, subscription, source=source, number=number, at=office.now())
        for notice in told:
            receiver = f"consumer:{case.consumer}:{subscription.reference}"
            lane = f"{receiver}:{case.reference}"
            send(connection, lane, "notification", receiver, case, "POST", subscription.base + notice.path, notice.body)
            case = replace(case, notified=case.notified + 1)
    return case


def send(
    connection: Connection, lane: str, kind: str, receiver: str, case: Case, method: str, url: str, body: JSON
) -> None:
    """Put into the outbox what must reach somebody. What is in one lane is sent in its order."""
    about = case.document.reference if case.document else case.reference
    row = {
        "lane": lane,
        "kind": kind,
        "receiver": receiver,
        "document": about,
        "method": method,
        "url": url,
        "body": written(body),
        "state": "waiting",
    }
    connection.execute(t.outbox.insert().values(**row))


def _note(connection: Connection, office: Office, before: Carriage, case: Case, step: Step) -> None:
    row = {
        "at": office.now().isoformat(),
        "step": step.value,
        "use_case": STEPS[step][0].use_case,
        "file": case.id,
        "document": case.document.reference if case.document else None,
        "before": written(asdict(before)),
        "after": written(asdict(case.carriage)),
    }
    connection.execute(t.journal.insert().values(**row))


# --- Opening a case, and what waits to be processed ------------------------------------------------------------------


def open_case(connection: Connection, office: Office, consumer: str, instructions: JSON) -> Case:
    """New instructions, accepted and not processed yet: they have a reference, and no status."""
    made = t.files.insert().values(consumer=consumer, reference="", content=written(_shippers(instructions)))
    number = connection.execute(made.returning(t.files.c.id)).scalar_one()
    reference = f"SI-{office.settings.carrier_code}{office.settings.series}{number:06}"
    connection.execute(t.files.update().where(t.files.c.id == number).values(reference=reference))
    return casefile.get(connection, number)


def _shippers(instructions: JSON) -> JSON:
    return {name: value for name, value in instructions.items() if name not in OWN}


def accept(connection: Connection, office: Office, case: Case, step: Step, body: JSON) -> None:
    """Store a request that will be processed."""
    document = case.document.reference if case.document else None
    row = {"file": case.id, "document": document, "step": step.value, "body": written(body)}
    connection.execute(t.intake.insert().values(at=office.now().isoformat(), **row))
    casefile.changed(connection, case.id)


def waiting(connection: Connection, case: Case) -> frozenset[Step]:
    """What was asked for in this case, and waits to be processed."""
    rows = select(t.intake.c.step).where(~t.intake.c.done, t.intake.c.file == case.id)
    return frozenset(Step(step) for step in connection.execute(rows).scalars())


def process(connection: Connection, office: Office, case: Case) -> tuple[Case, Refused]:
    """Take the steps that were accepted for a case, in their order. Before it is processed, nothing else happens to a
    case, so that a step is refused here only if its document was reissued or its effect refuses."""
    rows = select(t.intake).where(~t.intake.c.done, t.intake.c.file == case.id).order_by(t.intake.c.id)
    refused: list[Finding] = []
    for row in connection.execute(rows).all():
        after = act(connection, office, case, Step(row.step), orjson.loads(row.body))
        if isinstance(after, tuple):
            refused.extend(after)
        else:
            case = after
        connection.execute(t.intake.update().where(t.intake.c.id == row.id).values(done=True))
    return case, tuple(refused)


# --- Effects of the steps on the content -----------------------------------------------------------------------------


def _nothing(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case:
    return case


def _feedback(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case:
    return replace(case, feedbacks=tuple(body.get("feedbacks", ())))


def _request_update(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case:
    return replace(case, update=None, feedbacks=tuple(body.get("feedbacks", ())))


def _submit_update(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case:
    return replace(case, update=_shippers(dict(body)), feedbacks=())


def _confirm_update(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case:
    return replace(case, content=case.update or case.content, feedbacks=tuple(body.get("feedbacks", ())))


def _complete(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case:
    return replace(case, update=None, feedbacks=())


def _publish_draft(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case | Refused:
    booking = drafting.booking_of(case.content, office.settings)
    if not isinstance(booking, Booking):
        return (finding("carrier.unknown-booking", booking.pointer, found=booking.reference),)
    number = case.document.reference if case.document else reference_of(office, case)
    instructions = case.instructions()
    content = drafting.draft(instructions, booking, office.settings, reference=number, today=office.now().date())
    refused = faults_of(drafting.issued(content, office.now().date(), booking.loaded_on), office)
    if refused:
        return refused
    document = Document(number, 1, content, checksum(case.content))
    return replace(case, document=document, feedbacks=tuple(body.get("feedbacks", ())))


def reference_of(office: Office, case: Case) -> str:
    """The number of the first document of a case, at most 20 characters."""
    return f"{office.settings.carrier_code}{office.settings.series}{case.id:08}"


def faults_of(document: JSON, office: Office) -> Refused:
    """What refuses a transport document: its shape, or a rule of `schemas/bill_of_lading/rules`."""
    content = open_content(written(document).encode())
    if not isinstance(content, Content):
        return (content,)
    decoded = decode(TransportDocument, content)
    found = decoded.findings
    if decoded.document is not None:
        found = (*found, *check(decoded.document, Context(now=office.now())))
    return tuple(each for each in found if each.refuses)


def _request_issuance(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case | Refused:
    if not case.electronic:
        return (_elsewhere(case),)
    party = issuing.issue_to(case)
    platform = issuing.platform_for(party, office.settings)
    if not isinstance(platform, Platform):
        return (platform,)
    document = _document(case)
    content = _issued(case, office)
    rendering = office.renderer(content) if office.renderer else None
    request = issuing.request(content, party or {}, office.key, replaces=document.replaces, rendering=rendering)
    signed = replace(document, content=content, platform=platform.code, request=request, response=None, feedbacks=())
    after = replace(case, document=signed)
    url = f"{platform.base}/ebl/v3/ebl-issuance-requests"
    receiver, lane = f"platform:{platform.code}", f"platform:{platform.code}:{case.reference}"
    send(connection, lane, "issuance-request", receiver, after, "PUT", url, request)
    return after


def _issued(case: Case, office: Office) -> JSON:
    booking = drafting.booking_of(case.content, office.settings)
    loaded_on = booking.loaded_on if isinstance(booking, Booking) else None
    return drafting.issued(_document(case).content, office.now().date(), loaded_on)


def _issue(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case | Refused:
    """By the platform's word (`body` is its response), or over the counter."""
    document = _document(case)
    if case.electronic != ("issuanceResponseCode" in body):
        return (_elsewhere(case),)
    if case.electronic:
        return replace(case, document=replace(document, response=dict(body)))
    return replace(case, document=replace(document, content=_issued(case, office), platform="", feedbacks=()))


def _refuse_issuance(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case:
    """`body` is the platform's response, or what it answered to the request itself."""
    document = _document(case)
    reasons = [body.get("reason"), *(each.get("reason") for each in body.get("errors", ()))]
    message = "; ".join(str(each) for each in reasons if each) or "the platform gives no reason"
    code = body.get("issuanceResponseCode", "refused")
    told = {"severity": "ERROR", "code": "INFORMATIONAL_MESSAGE", "message": f"Not issued ({code}): {message}"[:5000]}
    content = document.content | {"transportDocumentStatus": case.carriage.document}
    return replace(case, document=replace(document, content=content, response=dict(body), feedbacks=(told,)))


def _elsewhere(case: Case) -> Finding:
    way = "electronic" if case.electronic else "paper or sea waybill"
    return finding("carrier.issued-elsewhere", "/isElectronic", found=way)


def _request_amendment(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case:
    document = _document(case)
    kept = {name: value for name, value in document.content.items() if name in KEPT}
    amendment = {name: value for name, value in body.items() if name not in KEPT} | kept
    return replace(case, document=replace(document, amendment=amendment, feedbacks=()))


def _confirm_amendment(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case:
    document = _document(case)
    confirmed = replace(document, feedbacks=tuple(body.get("feedbacks", ())))
    if case.carriage.document is DocumentStatus.DRAFT and document.amendment is not None:
        confirmed = replace(confirmed, content=document.amendment)
    return replace(case, document=confirmed)


def _decline_amendment(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case:
    return replace(case, document=replace(_document(case), feedbacks=tuple(body.get("feedbacks", ()))))


def _decided(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case:
    """A surrender is answered: `body` has the answer, `SURR` or `SREJ`, under the reference of the request."""
    answer: JSON = dict(body["answer"])
    mine = t.surrenders.c.reference == answer["surrenderRequestReference"]
    values = {"action": answer["action"], "comments": answer.get("comments")}
    connection.execute(t.surrenders.update().where(mine).values(**values))
    platform = office.settings.platform(_document(case).platform)
    if platform is not None:
        url = f"{platform.base}/ebl/v3/ebl-surrender-responses"
        receiver, lane = f"platform:{platform.code}", f"platform:{platform.code}:{case.reference}"
        send(connection, lane, "surrender-response", receiver, case, "POST", url, answer)
    return case


def _reissue(connection: Connection, office: Office, case: Case, body: Mapping[str, Any]) -> Case | Refused:
    """The amended version: the confirmed amendment; else the instructions if they were updated since; else the same.

    `body`: `changes` (members in the place of the old ones) and `issueTo` (who surrendered)."""
    old = _document(case)
    content: JSON = old.content
    if case.carriage.amendment is AmendmentStatus.AMENDMENT_CONFIRMED and old.amendment is not None:
        content = old.amendment
    elif checksum(case.content) != old.made_from:
        booking = drafting.booking_of(case.content, office.settings)
        if not isinstance(booking, Booking):
            return (finding("carrier.unknown-booking", booking.pointer, found=booking.reference),)
        today = office.now().date()
        content = drafting.draft(case.instructions(), booking, office.settings, reference=old.reference, today=today)
    changed = drafting.amended(content, old.version + 1, body.get("changes", {}))
    refused = faults_of(drafting.issued(changed, office.now().date()), office)
    if refused:
        return refused
    new = Document(
        reference=changed["transportDocumentReference"],
        version=old.version + 1,
        content=changed,
        made_from=checksum(case.content),
        issue_to=body.get("issueTo"),
        replaces=old.reference,
    )
    after = replace(case, document=new)
    if after.electronic and new.issue_to is None:
        return (finding("carrier.nobody-to-issue-to", "/issueTo", found="none", expected="who surrendered it"),)
    return after


def _document(case: Case) -> Document:
    if case.document is None:
        raise LookupError(f"{case.reference} has no transport document: the carriage allows no such step")
    return case.document


EFFECTS: Mapping[Step, Effect] = {
    Step.REQUEST_UPDATE: _request_update,
    Step.SUBMIT_UPDATE: _submit_update,
    Step.CONFIRM_UPDATE: _confirm_update,
    Step.DECLINE_UPDATE: _feedback,
    Step.CANCEL_UPDATE: _nothing,
    Step.DECLINE_INSTRUCTIONS: _feedback,
    Step.COMPLETE: _complete,
    Step.PUBLISH_DRAFT: _publish_draft,
    Step.REQUEST_ISSUANCE: _request_issuance,
    Step.REFUSE_ISSUANCE: _refuse_issuance,
    Step.ISSUE: _issue,
    Step.REQUEST_AMENDMENT: _request_amendment,
    Step.CONFIRM_AMENDMENT: _confirm_amendment,
    Step.DECLINE_AMENDMENT: _decline_amendment,
    Step.ACCEPT_SURRENDER_FOR_AMENDMENT: _decided,
    Step.REJECT_SURRENDER_FOR_AMENDMENT: _decided,
    Step.ACCEPT_SURRENDER_FOR_DELIVERY: _decided,
    Step.REJECT_SURRENDER_FOR_DELIVERY: _decided,
    Step.REISSUE: _reissue,
}


def by_the_carrier(step: Step) -> bool:
    """Whether a person at the carrier may take the step directly: what others say comes through the API."""
    return any(row.by is By.CARRIER for row in STEPS[step])
