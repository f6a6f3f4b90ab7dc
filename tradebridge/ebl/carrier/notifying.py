"""What consumers are told of a step: DCSA's notifications, lightweight or with the full state. Pure.

1. Shipping instructions: when their status or that of their update has changed, or the carrier has written feedback.
2. Transport document: when its status or that of its amendment has changed, or a new draft took the place of one.
3. Statuses are DCSA's words for the documents themselves (see `carriage.py`).
4. The full state has the update, or the amendment, only while one is under way or has just been decided.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.bill_of_lading.carriage import Carriage, Step
from schemas.bill_of_lading.notifications import ShippingInstructionsType, TransportDocumentType
from tradebridge.ebl.carrier.casefile import JSON, Case
from tradebridge.ebl.carrier.settings import Subscription

INSTRUCTIONS_PATH = "/ebl/v3/shipping-instructions-notifications"
DOCUMENT_PATH = "/ebl/v3/transport-document-notifications"
SAYS_AGAIN = frozenset({Step.REQUEST_UPDATE, Step.SUBMIT_UPDATE})
"""Steps about the instructions that may leave the statuses as they are."""
REDRAWN = frozenset({Step.PUBLISH_DRAFT, Step.REQUEST_AMENDMENT, Step.CONFIRM_AMENDMENT, Step.REFUSE_ISSUANCE})
"""The same for the document."""


@dataclass(frozen=True, slots=True)
class Notice:
    path: str
    body: JSON


def notices(
    before: Carriage, case: Case, step: Step, subscription: Subscription, *, source: str, number: int, at: datetime
) -> Iterator[Notice]:
    """What a subscriber is told. `number`: how many notifications the case has caused until now."""
    after = case.carriage
    if (before.instructions, before.update) != (after.instructions, after.update) or step in SAYS_AGAIN:
        number += 1
        event = _event(ShippingInstructionsType.V3, case, subscription, source, number, at)
        yield Notice(INSTRUCTIONS_PATH, event | {"data": _instructions(case, full=subscription.full)})
    if case.document is None:
        return
    if (before.document, before.amendment) != (after.document, after.amendment) or step in REDRAWN:
        number += 1
        event = _event(TransportDocumentType.V3, case, subscription, source, number, at)
        yield Notice(DOCUMENT_PATH, event | {"data": _document(case, full=subscription.full)})


def _event(kind: str, case: Case, subscription: Subscription, source: str, number: int, at: datetime) -> JSON:
    return {
        "specversion": "1.0",
        "id": f"{case.reference}.{number}",
        "source": source,
        "type": str(kind),
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "subscriptionReference": subscription.reference,
    }


def _instructions(case: Case, *, full: bool) -> JSON:
    data: dict[str, Any] = {
        "shippingInstructionsStatus": case.carriage.instructions,
        "updatedShippingInstructionsStatus": case.carriage.update,
        "shippingInstructionsReference": case.reference,
        **_references(case),
        "feedbacks": list(case.feedbacks),
    }
    if full:
        data["shippingInstructions"] = case.instructions()
        if case.update is not None:
            data["updatedShippingInstructions"] = case.instructions(updated=True)
    return _given(data)


def _document(case: Case, *, full: bool) -> JSON:
    document = case.document
    data: dict[str, Any] = {
        "transportDocumentStatus": case.carriage.document,
        "amendedTransportDocumentStatus": case.carriage.amendment,
        "shippingInstructionsReference": case.reference,
        **_references(case),
        "feedbacks": list(document.feedbacks) if document else [],
    }
    if full and document is not None:
        data["transportDocument"] = case.transport_document()
        if document.amendment is not None:
            data["amendedTransportDocument"] = document.amendment
    return _given(data)


def _references(case: Case) -> JSON:
    if case.document is None:
        return {}
    content = case.document.content
    return {
        "transportDocumentReference": case.document.reference,
        "transportDocumentSubReference": content.get("transportDocumentSubReference"),
    }


def _given(data: JSON) -> JSON:
    return {name: value for name, value in data.items() if value not in (None, [])}
