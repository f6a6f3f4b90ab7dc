"""The adapters that there are, found as the hub finds them; and documents and events to give them."""

from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

import adapters
from adapters.platforms.dcsa.codec import STATUSES
from adapters.port import Adapter, CannotCarry, find_adapter
from adapters.reading import CERTIFICATES
from adapters.trial import ADDRESS, AT, PROFILES, decoded, example, json_of, set_at
from schemas.event import Actor, Event, EventType, Reason, Subject
from schemas.registry import Document
from tests.schemas.bill_of_lading.strategies import UNKNOWN

__all__ = ["ADDRESS", "AT", "PROFILES", "example"]

ROOT = Path(adapters.__file__).parent


@dataclass(frozen=True)
class Speaker:
    """One adapter, for one country."""

    style: str
    country: str

    @property
    def adapter(self) -> Adapter:
        return find_adapter(self.style, self.country)

    def __str__(self) -> str:
        return f"{self.style}-{self.country}" if self.country else self.style


def styles() -> list[str]:
    """Every folder that is an adapter: a new one is under contract from its first day."""
    places = (ROOT / "single_windows", ROOT / "platforms")
    return sorted(codec.parent.name for place in places for codec in place.glob("*/codec.py"))


SPEAKERS = tuple(Speaker(style, "") for style in styles())


def carries(adapter: Adapter, profile: str) -> bool:
    try:
        adapter.codec.encode(example(profile), ADDRESS)
    except CannotCarry:
        return False
    return True


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)
slugs = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
pointers = st.one_of(
    st.just(""),
    st.lists(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8), max_size=4).map(
        lambda steps: "".join(f"/{step}" for step in steps)
    ),
    texts,
)
reasons = st.builds(Reason, code=slugs, pointer=pointers, text=texts)
USES = st.fixed_dictionaries(
    {
        "declaration": st.fixed_dictionaries(
            {"reference": st.just("TH-2026-778"), "date": st.just("2026-01-20"), "country": st.just("TH")},
            optional={"port": st.sampled_from(["THBKK", "Laem Chabang"])},
        ),
        "items": st.lists(
            st.fixed_dictionaries(
                {
                    "number": st.integers(1, 99_999),
                    "quantity": st.fixed_dictionaries(
                        {"value": st.sampled_from(["1", "120.50", "0.000001"]), "unit": st.sampled_from(["KGM", "PR"])}
                    ),
                }
            ),
            min_size=1,
            max_size=4,
        ),
        "draw": st.sampled_from(["final", "provisional"]),
    }
)
"""Of a certificate, as `schemas.certificate.said` has them."""
CHECKS = st.one_of(
    st.fixed_dictionaries({"boxes": st.lists(st.from_regex(r"[0-9A-Za-z]{1,4}", fullmatch=True), max_size=50)}),
    st.just({"random": True}),
)
"""Requests for a verification: of boxes, or at random."""
bodies = (
    USES
    | CHECKS
    | st.dictionaries(
        st.sampled_from(["declaration", "quantity", "unit", "text", "boxes", "random", "colour"]), texts, max_size=3
    )
)
NOT_OF_DCSA = frozenset(EventType) - {EventType(each) for each in STATUSES}
"""What is said of certificates only: DCSA's notifications have no word for it."""


def events_of(types: st.SearchStrategy[EventType]) -> st.SearchStrategy[Event]:
    return st.builds(
        Event,
        id=st.from_regex(r"evt_[0-9a-z]{26}", fullmatch=True),
        type=types,
        document=st.just(Subject(id=ADDRESS.document_id, content_digest="ab" * 32)),
        recipient=st.sampled_from([None, "TH-NSW", "JP-NACCS"]),
        expectedSequence=st.integers(0, 9),
        actor=st.builds(Actor, member=st.just("TH-NSW"), person=st.none() | slugs, role=st.none() | slugs),
        at=st.just(AT),
        reasons=st.lists(reasons, max_size=3).map(tuple),
        body=bodies,
    )


events = events_of(st.sampled_from([EventType(each) for each in STATUSES]))
certificate_events = events_of(st.sampled_from(EventType))

LINES = st.text("ab Z&<>¶?'\"\tĐồngไทย東京ñ€🚢", min_size=1, max_size=200).map(str.strip).filter(bool)
TEXTS = st.text("ab\n Z&<>¶?\tĐồngไทย東京€", min_size=1, max_size=1500).map(str.strip).filter(bool)
FREE = {
    "/exporter/name": LINES,
    "/exporter/address": TEXTS,
    "/exporter/identifier": LINES,
    "/consignee/email": LINES,
    "/remarks": TEXTS,
    "/transport/route": TEXTS,
    "/transport/portOfLoading/name": LINES,
    "/certification/authority": LINES,
    "/items/0/description": TEXTS,
    "/items/0/marksAndNumbers": TEXTS,
    "/items/0/invoiceNumber": LINES,
    "/exhibition": st.fixed_dictionaries({"name": LINES, "address": TEXTS}),
    "/officialUse": st.fixed_dictionaries({"treatment": st.just("not-given"), "reasons": TEXTS}),
    "/replaces": st.just({"number": "SG-2025-00001", "date": "2025-12-01", "reason": "lost"}),
    "/transport/portOfDischarge": st.sampled_from([{}, {"UNLocationCode": "THBKK"}, {"name": "Bangkok"}]),
}
"""Parts of a certificate whose content is free, or which may be missing; whether a rule allows them is not asked."""


@st.composite
def certificates(draw: st.DrawFn, profile: str) -> Document:
    """Any certificate: an example with other texts in it, and further parts."""
    value = json_of(example(profile, draw(st.integers(0, 9))))
    for pointer in draw(st.lists(st.sampled_from(sorted(FREE)), max_size=8, unique=True)):
        set_at(value, pointer, draw(FREE[pointer]))
    return decoded(profile, value)


def documents(profile: str) -> st.SearchStrategy[Document]:
    return certificates(profile) if profile in CERTIFICATES else bills_of_lading(profile)


@st.composite
def bills_of_lading(draw: st.DrawFn, profile: str) -> Document:
    """An example with members that DCSA does not know: its profiles are open, and what is unknown travels too."""
    value = json_of(example(profile, draw(st.integers(0, 9))))
    value.update(draw(UNKNOWN))
    value["documentParties"].update(draw(UNKNOWN))
    value["consignmentItems"][0].update(draw(UNKNOWN))
    return decoded(profile, value)
