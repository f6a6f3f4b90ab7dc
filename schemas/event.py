"""`tradebridge-event/1`: what is said about an accepted document afterwards. Always a compact JWS.

The member whose event it is signs it; the officer's identity stands inside. `expected_sequence` is the sequence that
the speaker has seen for this document and recipient: the hub refuses the event when it has moved on.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from schemas.content import Content, Syntax
from schemas.findings import Finding, Kind, finding, register
from schemas.registry import Context, Decoded, Document, Profile, add_profile

PROFILE = "tradebridge-event/1"
HUB = "HUB"
"""The hub's own member id: it speaks only for what the clock does, and for what a replacing certificate says."""

register(
    [
        Kind(
            "event.malformed", "The event does not follow tradebridge-event/1.", "Mend the member named by the pointer."
        ),
    ]
)


def _written(value: object) -> object:
    """RFC 3339 text, and no number that would be taken for seconds since 1970."""
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\dT", value, re.ASCII):
        raise ValueError("should be a time of RFC 3339 with its zone")
    if not isinstance(value, str | datetime):
        raise ValueError("should be text")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("should lie within the years 1 to 9999 in UTC") from None


Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_utc)]
"""A time with its zone, kept in UTC."""


class EventType(StrEnum):
    """All that can be said of a document. Which of it may be said of one, when and by whom, is its family's life."""

    EXAMINED = "examined"
    ACCEPTED = "accepted"
    QUERIED = "queried"
    ANSWERED = "answered"
    REJECTED = "rejected"
    UTILISED = "utilised"
    COMMITTED = "committed"
    RELEASED = "released"
    REVERSED = "reversed"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    EXPIRED = "expired"
    VERIFICATION_REQUESTED = "verification-requested"
    VERIFICATION_ANSWERED = "verification-answered"
    VERIFICATION_CONCLUDED = "verification-concluded"
    REMINDED = "reminded"
    ISSUED = "issued"
    """On an application: the certificate was issued."""


class TitleEvent(StrEnum):
    """What is said of the title of a bill of lading: no part of its life at its recipients. `expected_sequence` is the
    title's."""

    TITLE = "title"
    """What its possessor does with the title."""
    CONSENTED = "consented"
    """Single windows may have the bill of lading, beside the certificates of its consignment."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Subject(_Part):
    """The document that the event is about."""

    id: Annotated[str, Field(pattern=r"^doc_[0-9a-z]{10,40}$")]
    content_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Actor(_Part):
    """Who speaks: the member, and the person behind it where there is one."""

    member: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{1,39}$")]
    person: Annotated[str, Field(max_length=200)] | None = None
    role: Annotated[str, Field(max_length=100)] | None = None
    key_held_by: Literal["HUB"] | None = None
    """Who holds the member's key, where it is not the member: the hub signed on its behalf."""


class Reason(_Part):
    """One reason: a code (of the catalogue, or the partner's own), where in the document, and in words."""

    code: Annotated[str, Field(min_length=1, max_length=100)]
    pointer: Annotated[str, Field(max_length=500)] = ""
    box: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,4}$")] | None = None
    """Of the paper form, as printed there."""
    text: Annotated[str, Field(max_length=2000)] = ""
    minor: Literal[True] | None = None
    """A minor discrepancy: listed, and no reason to refuse by itself."""


class Event(_Part):
    """One event."""

    id: Annotated[str, Field(pattern=r"^evt_[0-9a-z]{10,40}$")]
    type: EventType | TitleEvent
    document: Subject
    recipient: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{1,39}$")] | None = None
    expected_sequence: Annotated[int, Field(ge=0, le=1_000_000)]
    actor: Actor
    at: Moment
    reasons: Annotated[tuple[Reason, ...], Field(max_length=200)] = ()
    body: dict[str, Any] = {}

    @property
    def profile(self) -> str:
        return PROFILE

    @property
    def number(self) -> str | None:
        return self.id

    @property
    def issued_by(self) -> str | None:
        return f"member:{self.actor.member}"


def decode_event(content: Content) -> Decoded:
    """The payload as an event, or one finding for each member that is wrong."""
    try:
        return Decoded(Event.model_validate(content.value))
    except ValidationError as error:
        return Decoded(None, tuple(_malformed(each) for each in error.errors(include_url=False)))


def _malformed(error: Any) -> Finding:
    pointer = "".join(f"/{part}" for part in error["loc"])
    return finding("event.malformed", pointer, found=error.get("input", ""), expected=error["msg"])


def encode_event(event: Document) -> bytes:
    """RFC 8785 JSON: the payload that the member signs."""
    import rfc8785

    if not isinstance(event, Event):
        raise TypeError(f"an event's encoder got a {type(event).__name__}: choose the profile by the document")
    return rfc8785.dumps(event.model_dump(mode="json", by_alias=True, exclude_none=True))


def _recognises(content: Content) -> bool:
    return content.syntax is Syntax.JSON and {"expectedSequence", "actor", "document"} <= content.value.keys()


def _check(document: Document, context: Context) -> tuple[Finding, ...]:
    return ()


def _example(**facts: Any) -> Document:
    return Event(
        id="evt_0000000000example",
        type=EventType.ACCEPTED,
        document=Subject(id="doc_0000000000example", content_digest="0" * 64),
        recipient="TH-NSW",
        expected_sequence=0,
        actor=Actor(member="TH-NSW", person="Officer 1", role="officer"),
        at=facts.get("at", datetime.fromisoformat("2026-01-05T09:00:00+00:00")),
    )


add_profile(
    Profile(
        id=PROFILE,
        title="Event on an accepted document",
        family="event",
        syntaxes=(Syntax.JSON,),
        closed=True,
        retention_years=10,
        recognises=_recognises,
        decode=decode_event,
        check=_check,
        encode={Syntax.JSON: encode_event},
        example=_example,
    )
)
