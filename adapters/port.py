"""The contract of an adapter: how one kind of partner speaks.

An adapter is a module `adapters.single_windows.<style>` or `adapters.platforms.<style>` with a function
`adapter(country: str) -> Adapter`; `find_adapter("asw", "TH")` finds it, and those of others (`adapters.outside`). What
the hub needs of it is its codec and its limits; what the simulator needs beside that is the answer a partner of this
kind gives in its own language. `adapters.contract` checks what is promised here:

What only some partners have stands beside the codec: a signature around each message (`Seal`), a key in a header,
answers that come as files, and the word of their own system before anybody decides (`Refusals`).

1. `encode` never drops in silence: what the partner's form cannot carry stands in `losses`, by pointer.
2. `decode(encode(document).data)` gives the document back, save what `losses` names.
3. Limits are data. A document beyond one is a finding before sending, not a failure after.
4. All of it is pure: bytes in, bytes out; time and identity come in by argument.
"""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pydantic.alias_generators import to_snake

from adapters.outside import Unusable as Unusable
from adapters.outside import add_folder as add_folder
from adapters.outside import find_outside
from schemas.event import Event
from schemas.findings import Finding, Kind, Severity, finding, register
from schemas.losses import Loss as Loss
from schemas.registry import Document

if TYPE_CHECKING:
    from tradebridge.evidence.signer import Signer
    from tradebridge.evidence.trust import TrustList

register(
    [
        Kind(
            "partner.too-many-items",
            "The recipient's system takes fewer items in one document.",
            "Split the document, or agree another way with the recipient.",
        ),
        Kind(
            "partner.too-large",
            "The recipient's system takes smaller messages.",
            "Split the document, or agree another way with the recipient.",
        ),
        Kind(
            "partner.asks-for",
            "The recipient's own system refuses a certificate without this.",
            "Add it, or be ready for a refusal that no officer has made.",
            severity=Severity.WARNING,
        ),
        Kind(
            "partner.unreadable",
            "The partner's message does not follow the form that it speaks.",
            "Compare the message with the form described in the adapter's codec.",
        ),
        Kind(
            "partner.refused",
            "The partner's system refused the message before anybody decided on it.",
            "Look the codes up in the partner's list, mend the message and send it again.",
        ),
        Kind(
            "partner.native-differs",
            "The partner's own answer does not say what the event says.",
            "Make the event of the answer as it came: the same word, on the same document.",
        ),
        Kind(
            "partner.not-a-decision",
            "The partner's message says that something arrived, not what was decided.",
            "Wait for the decision: a receipt is never an acceptance.",
        ),
        Kind(
            "partner.cannot-carry",
            "The recipient's form has no place for this kind of document.",
            "Send it to a recipient that takes the profile.",
        ),
    ]
)


@dataclass(frozen=True, slots=True)
class Rendition:
    """A document or event in the form that a recipient's adapter speaks."""

    data: bytes
    media_type: str
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a partner can take. None: no limit known."""

    max_items: int | None = None
    max_bytes: int | None = None
    """Of the rendition."""
    asks: tuple[str, ...] = ()
    """What the partner's own system refuses a certificate without: JSON Pointers, `*` for each entry of a list."""

    def missing(self, document: Document) -> tuple[str, ...]:
        """Which of the parts that are asked for the document has not, each by its pointer."""
        return tuple(gone for asked in self.asks for gone in _missing(document, asked.split("/")[1:], ""))

    def findings(self, items: int, size: int) -> tuple[Finding, ...]:
        found = []
        if self.max_items is not None and items > self.max_items:
            found.append(finding("partner.too-many-items", found=items, expected=f"at most {self.max_items} items"))
        if self.max_bytes is not None and size > self.max_bytes:
            found.append(
                finding("partner.too-large", found=f"{size} bytes", expected=f"at most {self.max_bytes} bytes")
            )
        return tuple(found)


def _missing(value: object, steps: list[str], at: str) -> Iterator[str]:
    if not steps:
        return
    step, rest = steps[0], steps[1:]
    if step == "*" and isinstance(value, Sequence):
        for number, each in enumerate(value):
            yield from _missing(each, rest, f"{at}/{number}")
    elif (part := getattr(value, to_snake(step), None)) is None:
        yield "/".join((at, *steps))
    else:
        yield from _missing(part, rest, f"{at}/{step}")


@dataclass(frozen=True, slots=True)
class Address:
    """The outer facts of a message that a partner's header carries."""

    message_id: str
    """Of the message that carries the document; of an event, the message that `Statement.message_id` shall name."""
    document_id: str
    sender: str
    recipient: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What a partner says of a document in its own language."""

    data: bytes
    media_type: str


class Codec(Protocol):
    """Document and event to the partner's bytes, and back."""

    @property
    def limits(self) -> Limits:
        """What this partner can take."""

    def encode(self, document: Document, address: Address) -> Rendition:
        """The document in the partner's form. Raises `CannotCarry` for a profile the form has no place for."""

    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        """The partner's bytes as a document, or all that is wrong with them."""

    def encode_event(self, event: Event, address: Address) -> Rendition:
        """An event (a decision, a cancellation, ...) in the partner's form."""

    def decode_event(self, data: bytes) -> "Statement | tuple[Finding, ...]":
        """The partner's native answer, as a statement that its connector signs as an event."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A native answer, decoded: what the connector turns into a signed event, keeping the native bytes."""

    type: str
    """Type of the event: accepted, queried, answered, rejected, utilised, cancelled."""
    message_id: str
    """Of the message that is answered."""
    document_id: str
    reasons: tuple[tuple[str, str, str], ...] = ()
    """Code, pointer, text."""
    body: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A partner's own system would not take a message: nobody there has seen it, so nobody has decided."""

    message_id: str
    """Of the message that is refused."""
    reasons: tuple[tuple[str, str, str], ...]
    """Code of the partner's list, pointer, text."""


WHY = ("unreadable", "too-many", "missing", "signature", "other")
"""Why a partner's own system does not take a message."""


class Refusals(Protocol):
    """How a partner's own system says that it does not take a message."""

    @property
    def codes(self) -> Mapping[str, str]:
        """The partner's code for each of `WHY`."""

    def encode_refusal(self, refusal: Refusal, address: Address) -> Answer:
        """The refusal in the partner's form."""

    def decode_refusal(self, data: bytes) -> "Refusal | tuple[Finding, ...]":
        """The partner's bytes as a refusal, or why they are none."""


class Seal(Protocol):
    """A signature around a whole message, both ways: of the hub on what it sends, of the partner on what it answers."""

    def sign(self, data: bytes, signer: "Signer", at: datetime) -> bytes:
        """The message, signed. What `Codec` reads is the same before and after."""

    def check(self, data: bytes, trust: "TrustList", member: str, at: datetime) -> Finding | None:
        """Why the signature does not hold as that of this member; `member` may be the hub."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """One kind of partner, for one country or platform."""

    style: str
    codec: Codec
    fidelity: str
    """exact, modelled or invented, for the form as a whole; details stand in the codec's docstring."""
    source: str
    seal: Seal | None = None
    key_header: str = ""
    """Name of the header in which whoever calls the partner shows the key that the partner gave it."""
    drops: bool = False
    """Whether decisions come as files in a folder, as from a mailbox, and not as an answer to a call."""
    refusals: Refusals | None = None


class CannotCarry(ValueError):
    """The partner's form has no place for this document's profile: do not route it there. `finding` tells a user."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.message)
        self.found = found


class TooLarge(CannotCarry):
    """The partner's form cannot even say how large this document is: split it. `size` is in bytes."""

    def __init__(self, size: int, most: int) -> None:
        super().__init__(finding("partner.too-large", found=f"{size} bytes", expected=f"at most {most} bytes"))
        self.size = size


class UnknownStyle(LookupError):
    """No adapter has this name: see the folders in adapters/single_windows and adapters/platforms."""


_PLACES = ("adapters.single_windows", "adapters.platforms")


def find_adapter(style: str, country: str = "") -> Adapter:
    """The adapter of this style. Raises `UnknownStyle`, also where somebody else's cannot be used."""
    for place in _PLACES if style.isidentifier() else ():
        name = f"{place}.{style}"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name and error.name != place:
                raise
            continue
        if not hasattr(module, "adapter"):
            continue  # a module beside the adapters, as `countries`
        adapter: Adapter = module.adapter(country)
        return adapter
    return _of_others(style, country)


def _of_others(style: str, country: str) -> Adapter:
    try:
        outside = find_outside(style)
        made = outside.make(country) if outside is not None else None
    except Unusable as error:
        raise UnknownStyle(f"{style}: {error}") from error
    except Exception as error:  # the code of a stranger may raise anything
        raise UnknownStyle(f"{style}: its adapter({country!r}) raises {type(error).__name__}: {error}") from error
    if outside is None:
        raise UnknownStyle(style)
    if not isinstance(made, Adapter) or made.style != style:
        raise UnknownStyle(f"{style}: `tb adapter check` says what is wrong with it")
    return made
