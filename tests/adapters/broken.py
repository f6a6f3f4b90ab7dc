"""Adapters that are each wrong in one thing, over one that is right: the check of it must fail, and no other."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters.platforms.tradewaltz.codec import TradeWaltzCodec
from adapters.port import Adapter, Address, CannotCarry, Limits, Loss, Rendition, Statement
from adapters.trial import decoded, json_of
from schemas.event import Event, EventType
from schemas.findings import Finding, finding
from schemas.registry import Document


@dataclass
class Right:
    """Carries everything, and loses nothing."""

    limits: Limits = field(default_factory=lambda: Limits(max_items=50, max_bytes=1_000_000))
    inner: TradeWaltzCodec = field(default_factory=lambda: TradeWaltzCodec(Limits()))

    def encode(self, document: Document, address: Address) -> Rendition:
        return self.inner.encode(document, address)

    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        return self.inner.decode(data)

    def encode_event(self, event: Event, address: Address) -> Rendition:
        return self.inner.encode_event(event, address)

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        return self.inner.decode_event(data)


def _without(document: Document, name: str) -> Document:
    value = json_of(document)
    value.pop(name, None)
    return decoded(document.profile, value)


class DropsRemarks(Right):
    """What stands under remarks does not come back."""

    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        read = super().decode(data)
        return read if isinstance(read, tuple) else _without(read, "remarks")


class AddsRemarks(Right):
    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        read = super().decode(data)
        if isinstance(read, tuple) or read.profile.startswith("dcsa"):
            return read
        return decoded(read.profile, {"remarks": "Sent by telex.", **json_of(read)})


class ReadsAnother(Right):
    """Every document is the one it likes best."""

    def decode(self, data: bytes) -> Any:
        from adapters.trial import example

        read = super().decode(data)
        return read if isinstance(read, tuple) else example("rcep-co/2022")


class LosesAll(Right):
    def encode(self, document: Document, address: Address) -> Rendition:
        return replace(super().encode(document, address), losses=(Loss("", "the form has no place for it"),))


class CannotReadItself(Right):
    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        return (finding("partner.unreadable", expected="another form"),)


class CarriesNothing(Right):
    def encode(self, document: Document, address: Address) -> Rendition:
        raise CannotCarry(finding("partner.cannot-carry", found=document.profile))


class RefusesWithoutWords(Right):
    def encode(self, document: Document, address: Address) -> Rendition:
        if document.profile.startswith("dcsa"):
            raise CannotCarry(finding("partner.unreadable", found="no"))
        return super().encode(document, address)


class RaisesOfABill(Right):
    def encode(self, document: Document, address: Address) -> Rendition:
        if document.profile.startswith("dcsa"):
            raise KeyError(document.profile)
        return super().encode(document, address)


class WritesText(Right):
    def encode(self, document: Document, address: Address) -> Any:
        return super().encode(document, address).data.decode()


class SwapsReasons(Right):
    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        said = super().decode_event(data)
        return said if isinstance(said, tuple) else replace(said, reasons=said.reasons[::-1])


class InventsAReason(Right):
    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        said = super().decode_event(data)
        return said if isinstance(said, tuple) else replace(said, reasons=(*said.reasons, ("X", "", "")))


class AcceptsAll(Right):
    """The costliest fault of all: whatever is said, an acceptance is read."""

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        said = super().decode_event(data)
        return said if isinstance(said, tuple) else replace(said, type="accepted")


class AnswersAnother(Right):
    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        said = super().decode_event(data)
        return said if isinstance(said, tuple) else replace(said, document_id="doc_0000000000")


class SaysNumbers(Right):
    def decode_event(self, data: bytes) -> Any:
        said = super().decode_event(data)
        return said if isinstance(said, tuple) else replace(said, reasons=((1, 2, 3),))  # type: ignore[arg-type]  # as a stranger may


class CannotQuery(Right):
    def encode_event(self, event: Event, address: Address) -> Rendition:
        if event.type is EventType.QUERIED:
            raise CannotCarry(finding("partner.cannot-carry", found=event.type))
        return super().encode_event(event, address)


class EmptyFindings(Right):
    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        read = super().decode(data)
        return () if isinstance(read, tuple) and data in (b"", b"{}") else read


class TakesAnObject(Right):
    """An empty object is an acceptance."""

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        return Statement("accepted", "msg_1", "doc_1") if data == b"{}" else super().decode_event(data)


class ChokesOnBytes(Right):
    """Text is asked for before it is looked at: fine until a byte was changed on the way."""

    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        if data.startswith(b"{") and data.endswith(b"}"):
            data.decode("ascii" if b'"sentAt"' not in data else "utf-8")
        return super().decode_event(data)


class TakesADocumentForAYes(Right):
    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        if b'"tradeDocument"' in data and not isinstance(super().decode(data), tuple):
            return Statement("accepted", "msg_1", "doc_1")
        return super().decode_event(data)


class LooksAtTheClock(Right):
    def encode(self, document: Document, address: Address) -> Rendition:
        time.time()
        return super().encode(document, address)


class AsksForToday(Right):
    def decode(self, data: bytes) -> Document | tuple[Finding, ...]:
        datetime.now()
        return super().decode(data)


class DrawsAtRandom(Right):
    def encode_event(self, event: Event, address: Address) -> Rendition:
        random.random()
        return super().encode_event(event, address)


class ReadsAFile(Right):
    def decode_event(self, data: bytes) -> Statement | tuple[Finding, ...]:
        Path(__file__).read_bytes()
        return super().decode_event(data)


class CountsMessages(Right):
    sent = 0

    def encode(self, document: Document, address: Address) -> Rendition:
        self.sent += 1
        return super().encode(document, replace(address, message_id=f"msg_{self.sent}"))


@dataclass(frozen=True)
class Case:
    """One broken adapter, and how it must be told."""

    name: str
    codec: Callable[[], Any]
    check: str
    code: str
    place: str = ""
    """In the pointer, or in what was found, of the finding."""


CASES = (
    Case("no-codec", lambda: None, "made-as-adapters-are", "adapter.malformed", "/decode_event"),
    Case("drops-remarks", DropsRemarks, "documents-come-back", "adapter.lost-in-silence", "/remarks"),
    Case("adds-remarks", AddsRemarks, "documents-come-back", "adapter.added-in-silence", "/remarks"),
    Case("reads-another", ReadsAnother, "documents-come-back", "adapter.lost-in-silence", "rcep-co/2022"),
    Case("loses-all", LosesAll, "documents-come-back", "adapter.loses-all"),
    Case("cannot-read-itself", CannotReadItself, "documents-come-back", "adapter.unreadable-own", "partner.unreadable"),
    Case("carries-nothing", CarriesNothing, "documents-come-back", "adapter.carries-nothing"),
    Case("raises-of-a-bill", RaisesOfABill, "documents-come-back", "adapter.raised", "broken.py, line "),
    Case("refuses-without-words", RefusesWithoutWords, "profiles-are-refused", "adapter.refuses-otherwise"),
    Case("swaps-reasons", SwapsReasons, "events-come-back", "adapter.lost-in-silence", "/reasons/0/code"),
    Case("invents-a-reason", InventsAReason, "events-come-back", "adapter.added-in-silence", "/reasons"),
    Case("accepts-all", AcceptsAll, "events-come-back", "adapter.lost-in-silence", "/type"),
    Case("answers-another", AnswersAnother, "events-come-back", "adapter.lost-in-silence", "/documentId"),
    Case("says-numbers", SaysNumbers, "events-come-back", "adapter.malformed", "/decode_event"),
    Case("cannot-query", CannotQuery, "decisions-can-be-said", "adapter.no-word", "/queried"),
    Case("no-items-at-all", lambda: Right(Limits(max_items=0)), "limits-are-data", "adapter.bad-limits", "/max_items"),
    Case("half-a-byte", lambda: Right(Limits(max_bytes=0.5)), "limits-are-data", "adapter.bad-limits", "/max_bytes"),  # type: ignore[arg-type]  # as a stranger may
    Case("empty-findings", EmptyFindings, "rubbish-is-refused", "adapter.takes-rubbish", "/decode"),
    Case("takes-an-object", TakesAnObject, "rubbish-is-refused", "adapter.takes-rubbish", "/decode_event"),
    Case("chokes-on-bytes", ChokesOnBytes, "damage-does-no-harm", "adapter.raised", "UnicodeDecodeError"),
    Case("document-for-a-yes", TakesADocumentForAYes, "kinds-are-told-apart", "adapter.takes-rubbish", "Statement"),
    Case("counts-messages", CountsMessages, "same-bytes", "adapter.not-same", "msg_"),
    Case("looks-at-the-clock", LooksAtTheClock, "nothing-else-is-used", "adapter.not-pure", "time.time in broken.py"),
    Case("asks-for-today", AsksForToday, "nothing-else-is-used", "adapter.not-pure", "datetime.now in broken.py"),
    Case("draws-at-random", DrawsAtRandom, "nothing-else-is-used", "adapter.not-pure", "random.random in broken.py"),
    Case("reads-a-file", ReadsAFile, "nothing-else-is-used", "adapter.not-pure", "io.open in pathlib.py"),
)


def adapter_with(codec: Any) -> Adapter:
    return Adapter(style="mine", codec=codec, fidelity="invented", source="made for a test")
