"""A refusal by a partner's own system counts for a delivery in that partner's hand, in its own form; nothing else."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any, cast

import pytest

from adapters.port import Adapter, Address, Refusal, find_adapter
from exchange.hub import Hub
from exchange.members import Member
from exchange.refusing import LONGEST, MOST_REASONS, in_words, named_in, read_refusals
from schemas.findings import Finding
from tests.simulator.hubs import AT, SEED, TRUST
from tradebridge.evidence.simulation import test_signer as signer_of

MESSAGE, DELIVERY = "msg_01kx0000000123456789abcdef", "dlv_1"
OTHER = "msg_01kx00000001234567890other"
REFUSED = Refusal(MESSAGE, (("DCS010", "/items/0/hsCode", "Missing."),))


@dataclass
class Stand:
    """As much of a hub as reads refusals."""

    adapter: Adapter | None

    @property
    def registry(self) -> Any:
        return self

    @property
    def clock(self) -> Any:
        return self

    trust = TRUST

    def now(self) -> Any:
        return AT

    def adapter_of(self, member: Member) -> Adapter | None:
        return self.adapter


@dataclass
class Named:
    id: str


def read(style: str, given: object, member: str = "SG-NSW") -> dict[str, Refusal | Finding]:
    hub = cast(Hub, Stand(find_adapter(style, member[:2]) if style else None))
    return dict(read_refusals(hub, cast(Member, Named(member)), given, {DELIVERY: MESSAGE}))


def native(style: str, refusal: Refusal = REFUSED) -> bytes:
    refusals = find_adapter(style).refusals
    assert refusals is not None
    return refusals.encode_refusal(refusal, Address(refusal.message_id, "doc_1", "SG-NSW", "HUB", AT)).data


def entry(data: bytes, delivery: str = DELIVERY) -> dict[str, str]:
    return {"delivery": delivery, "native": b64encode(data).decode(), "nativeMediaType": "application/xml"}


def test_a_refusal_is_read_in_the_partners_own_form() -> None:
    assert read("tradenet", [entry(native("tradenet"))]) == {DELIVERY: REFUSED}
    assert in_words(REFUSED) == "partner.refused: DCS010 /items/0/hsCode Missing."


@pytest.mark.parametrize(
    "given", [None, {}, "refused", 1, [], ["refused"], [None], [{}], [{"delivery": "dlv_2"}], [entry(b"", "dlv_2")]]
)
def test_what_names_no_delivery_in_hand_is_no_refusal(given: object) -> None:
    assert read("tradenet", given) == {}
    assert DELIVERY not in named_in(given)


@pytest.mark.parametrize(
    ("style", "given"),
    [
        pytest.param("", entry(native("tradenet")), id="of a member that takes originals"),
        pytest.param("dcsa", entry(native("tradenet")), id="in a form that has none"),
        pytest.param("tradenet", {"delivery": DELIVERY}, id="no bytes"),
        pytest.param("tradenet", {"delivery": DELIVERY, "native": "?"}, id="no base64"),
        pytest.param("tradenet", {"delivery": DELIVERY, "native": 7}, id="a number"),
        pytest.param("tradenet", entry(b"<no/>"), id="another document"),
        pytest.param("tradenet", entry(native("insw")), id="another window's form"),
        pytest.param("tradenet", entry(native("tradenet", Refusal(OTHER, REFUSED.reasons))), id="of another message"),
        pytest.param("ebxml", entry(native("ebxml")), id="unsigned where the form is signed"),
    ],
)
def test_what_is_no_refusal_of_this_delivery_is_told(style: str, given: dict[str, Any]) -> None:
    assert isinstance(read(style, [given], "TH-NSW")[DELIVERY], Finding)


def test_a_refusal_in_a_signed_form_counts_under_the_windows_own_key_only() -> None:
    seal = find_adapter("ebxml").seal
    assert seal is not None
    for member, counts in (("TH-NSW", True), ("SG-NSW", False)):
        signed = seal.sign(native("ebxml"), signer_of(SEED, member, "event"), AT)
        assert isinstance(read("ebxml", [entry(signed)], "TH-NSW")[DELIVERY], Refusal) is counts


def test_a_refusal_of_any_length_is_bounded() -> None:
    long = Refusal(MESSAGE, (("DCS999", "/x", "y" * 5_000),) * 400)
    refused = read("tradenet", [entry(native("tradenet", long))])[DELIVERY]
    assert isinstance(refused, Refusal)
    assert (len(refused.reasons), len(refused.reasons[0][2])) == (MOST_REASONS, LONGEST)
