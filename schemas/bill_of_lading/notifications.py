"""What the EBL API says beside its two documents: notifications, and the small bodies of its requests and answers.

A notification is a CloudEvent, lightweight (statuses and references) or with the full state. A consumer implements its
endpoint. Source: DCSA EBL 3.0.4, schemas ShippingInstructionsNotification to AmendedTransportDocumentFullNotification,
CreateShippingInstructionsResponse, CancelShippingInstructionsUpdate, ApproveTransportDocument, TransportDocumentAmend.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.bill_of_lading.model import (
    SHIPPING_INSTRUCTIONS_STATUSES,
    TRANSPORT_DOCUMENT_STATUSES,
    UPDATE_STATUSES,
    Feedback,
    ShippingInstructions,
    TransportDocument,
)
from schemas.bill_of_lading.values import Known, Many, Moment, Part, at_most, known, require_one, trimmed

AMENDMENT_STATUSES = known("AMENDMENT_RECEIVED", "AMENDMENT_CONFIRMED", "AMENDMENT_CANCELLED", "AMENDMENT_DECLINED")
NOTIFIED_STATUSES = Known(
    TRANSPORT_DOCUMENT_STATUSES.values | {"SURRENDER_FOR_AMENDMENT", "VOID", "SURRENDER_FOR_DELIVERY"}
)
"""The words of TransportDocument, and the three that the text of TransportDocumentData has in their place."""


class UpdateCancelled(StrEnum):
    UPDATE_CANCELLED = "UPDATE_CANCELLED"


class InstructionsCancelled(StrEnum):
    CANCELLED = "CANCELLED"


class DraftApproved(StrEnum):
    APPROVED = "APPROVED"


class SpecVersion(StrEnum):
    """Of CloudEvents."""

    V1_0 = "1.0"


class DataContentType(StrEnum):
    JSON = "application/json"


class ShippingInstructionsType(StrEnum):
    V3 = "org.dcsa.shipping-instructions.v3"


class TransportDocumentType(StrEnum):
    V3 = "org.dcsa.transport-document.v3"


class CreateShippingInstructionsResponse(Part):
    """The answer to new shipping instructions: their reference and nothing else."""

    shipping_instructions_reference: Annotated[str, trimmed(100)]


class UpdateShippingInstructions(ShippingInstructions):
    """The body of an update: it names the instructions that it updates."""

    shipping_instructions_reference: Annotated[str, trimmed(100)]


class ShippingInstructionsAsHeld(ShippingInstructions):
    """The carrier's view of shipping instructions: always with their status."""

    shipping_instructions_status: Annotated[str, at_most(50), SHIPPING_INSTRUCTIONS_STATUSES]


class CancelShippingInstructions(Part):
    """Cancels an update, or the instructions as a whole: one of the two."""

    updated_shipping_instructions_status: UpdateCancelled | None = None
    shipping_instructions_status: InstructionsCancelled | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        require_one(self, "updated_shipping_instructions_status", "shipping_instructions_status")
        return self


class ApproveTransportDocument(Part):
    """Approves a draft."""

    transport_document_status: DraftApproved


class TransportDocumentAmend(Part):
    """A direct amendment, as the carrier holds it."""

    amended_transport_document_status: Annotated[str, at_most(50), AMENDMENT_STATUSES]
    amended_transport_document: TransportDocument


class ShippingInstructionsData(Part):
    """What a notification says about shipping instructions."""

    shipping_instructions_status: Annotated[str, at_most(50), SHIPPING_INSTRUCTIONS_STATUSES]
    updated_shipping_instructions_status: Annotated[str, at_most(50), UPDATE_STATUSES] | None = None
    shipping_instructions_reference: Annotated[str, trimmed(100)] | None = None
    transport_document_reference: Annotated[str, trimmed(20)] | None = None
    transport_document_sub_reference: Annotated[str, trimmed(100)] | None = None
    feedbacks: Many[Feedback] | None = None
    shipping_instructions: ShippingInstructionsAsHeld | None = None
    updated_shipping_instructions: ShippingInstructionsAsHeld | None = None

    @model_validator(mode="after")
    def _a_reference(self) -> Self:
        require_one(self, "shipping_instructions_reference", "transport_document_reference", or_both=True)
        return self


class TransportDocumentData(Part):
    """What a notification says about a transport document."""

    transport_document_status: Annotated[str, at_most(50), NOTIFIED_STATUSES]
    amended_transport_document_status: Annotated[str, at_most(50), AMENDMENT_STATUSES] | None = None
    shipping_instructions_reference: Annotated[str, trimmed(100)] | None = None
    transport_document_reference: Annotated[str, trimmed(20)]
    transport_document_sub_reference: Annotated[str, trimmed(100)] | None = None
    feedbacks: Many[Feedback] | None = None
    transport_document: TransportDocument | None = None
    amended_transport_document: TransportDocument | None = None


class Notification(Part):
    """The members of a CloudEvent. Two with the same `source` and `id` are one."""

    specversion: SpecVersion
    id: Annotated[str, at_most(100)]
    source: Annotated[str, Field(min_length=1, max_length=4096)]
    time: Moment
    datacontenttype: DataContentType
    subscription_reference: Annotated[str, trimmed(100)]


class ShippingInstructionsNotification(Notification):
    """The body of `POST /v3/shipping-instructions-notifications`."""

    type: ShippingInstructionsType
    data: ShippingInstructionsData


class TransportDocumentNotification(Notification):
    """The body of `POST /v3/transport-document-notifications`."""

    type: TransportDocumentType
    data: TransportDocumentData
