"""What partners' forms say of an event, by name: the parts that most of them have a place for, and what is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.port import Address, Loss, Statement
from adapters.reading import body_of, body_texts, reason_losses
from schemas.event import Event

CODED = ("code", "pointer", "text")
"""The three parts of a reason that forms have."""


@dataclass(frozen=True, slots=True)
class Said:
    """An event, without its officer and its count."""

    type: str
    message_id: str
    document_id: str
    event_id: str = ""
    content_digest: str = ""
    recipient: str = ""
    texts: Mapping[str, str] | None = None
    """Of the event's body (`adapters.reading.BODY_TEXTS`)."""
    reasons: Sequence[tuple[str, str, str]] = ()

    def statement(self) -> Statement:
        return Statement(self.type, self.message_id, self.document_id, tuple(self.reasons), body_of(self.texts or {}))


def said_of(event: Event, address: Address, losses: list[Loss]) -> Said:
    """What can be said of it; the rest goes to `losses`."""
    losses += [
        Loss("/actor", "a window names itself, not its officers"),
        Loss("/expectedSequence", "windows of this style do not count the events of a document"),
        *reason_losses(event),
    ]
    return Said(
        type=event.type.value,
        message_id=address.message_id,
        document_id=address.document_id,
        event_id=event.id,
        content_digest=event.document.content_digest,
        recipient=event.recipient or "",
        texts=dict(body_texts(event, losses)),
        reasons=tuple((each.code, each.pointer, each.text) for each in event.reasons),
    )
