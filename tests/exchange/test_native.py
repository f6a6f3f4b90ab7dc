"""An event that carries its partner's own answer says what that answer says."""

from base64 import b64encode
from typing import Any, cast

import pytest

from adapters.port import Address, find_adapter
from exchange.hub import Hub
from exchange.native import check_native
from schemas.event import Actor, Event, EventType, Reason, Subject
from tests.exchange.test_refusing import Stand
from tests.simulator.hubs import AT, SEED
from tradebridge.evidence.simulation import test_signer as signer_of

DOCUMENT, OTHER = "doc_01kx0000000123456789abcdef", "doc_01kx00000000000000000other"
REASON = Reason(code="hs-mismatch", text="Another code.")


class Registered(Stand):
    """A hub whose members all speak one style."""

    @property
    def members(self) -> Any:
        return {"TH-NSW": object()}


def said(type_: EventType = EventType.REJECTED, document: str = DOCUMENT, *reasons: Reason, **body: Any) -> Event:
    return Event(
        id="evt_01kx0000000123456789abcdef",
        type=type_,
        document=Subject(id=document, content_digest="0" * 64),
        recipient="TH-NSW",
        expected_sequence=0,
        actor=Actor(member="TH-NSW"),
        at=AT,
        reasons=reasons,
        body=body,
    )


def native(style: str, event: Event, member: str = "TH-NSW") -> dict[str, str]:
    adapter = find_adapter(style, "TH")
    address = Address("msg_01kx0000000123456789abcdef", event.document.id, "TH-NSW", "HUB", AT)
    data = adapter.codec.encode_event(event, address).data
    if adapter.seal is not None and member:
        data = adapter.seal.sign(data, signer_of(SEED, member, "event"), AT)
    return {"native": b64encode(data).decode(), "nativeMediaType": "application/xml"}


def found(style: str, event: Event) -> list[str]:
    hub = cast(Hub, Registered(find_adapter(style, "TH") if style else None))
    return [each.found for each in check_native(hub, event, "TH-NSW", AT)]


@pytest.mark.parametrize("style", ["asw", "ebxml", "insw", "mail", "naccs", "tradenet", "vnaccs", "tradewaltz", "dcsa"])
def test_what_says_the_same_is_taken(style: str) -> None:
    answer = native(style, said(EventType.REJECTED, DOCUMENT, REASON))
    assert found(style, said(EventType.REJECTED, DOCUMENT, REASON, **answer)) == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param(said(EventType.ACCEPTED), f"accepted on {DOCUMENT}", id="another word"),
        pytest.param(
            said(EventType.REJECTED, OTHER, REASON), f"rejected on {OTHER} for hs-mismatch", id="another document"
        ),
        pytest.param(
            said(EventType.REJECTED, DOCUMENT, Reason(code="x")), f"rejected on {DOCUMENT} for x", id="another reason"
        ),
    ],
)
@pytest.mark.parametrize("style", ["ebxml", "mail"])
def test_what_says_otherwise_is_told(style: str, answer: Event, told: str) -> None:
    assert found(style, said(EventType.REJECTED, DOCUMENT, REASON, **native(style, answer))) == [told]


def test_an_answer_without_the_windows_own_signature_is_told_where_its_form_has_one() -> None:
    for member, code in (
        ("", "signature.missing"),
        ("SG-NSW", "signature.missing"),
        ("NOBODY", "signature.unknown-key"),
    ):
        answer = native("ebxml", said(EventType.REJECTED, DOCUMENT, REASON), member)
        (told,) = found("ebxml", said(EventType.REJECTED, DOCUMENT, REASON, **answer))
        assert told.startswith(code)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param({}, [], id="none"),
        pytest.param({"native": "eA=="}, [], id="nobody says in what form"),
        pytest.param({"native": "?", "nativeMediaType": "text/xml"}, ["no base64"], id="no base64"),
    ],
)
def test_only_what_names_its_form_is_read(body: dict[str, str], told: list[str]) -> None:
    assert found("ebxml", said(EventType.ACCEPTED, DOCUMENT, **body)) == told
    assert found("", said(EventType.ACCEPTED, DOCUMENT, **body)) == [], "who takes originals has no form of its own"
