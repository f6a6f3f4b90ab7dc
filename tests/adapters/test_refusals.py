"""What a partner's own system says when it does not take a message: in its own form, and never a decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.port import WHY, Adapter, Limits, Refusal, find_adapter
from tests.adapters.speakers import ADDRESS, SPEAKERS, example, texts

REFUSING = [speaker.adapter for speaker in SPEAKERS if speaker.adapter.refusals is not None]
each_refusing = pytest.mark.parametrize("adapter", [pytest.param(each, id=each.style) for each in REFUSING])
PLAIN = st.text("abc &<'\"-.", min_size=1, max_size=40).map(str.strip).filter(bool)
POINTERS = st.sampled_from(["", "/items", "/transport/vesselOrFlight", "/items/3/hsCode"])


def refused(adapter: Adapter, *reasons: tuple[str, str, str]) -> bytes:
    assert adapter.refusals is not None
    return adapter.refusals.encode_refusal(Refusal(ADDRESS.message_id, reasons), ADDRESS).data


@each_refusing
def test_each_reason_has_a_code_of_the_partner(adapter: Adapter) -> None:
    assert adapter.refusals is not None
    assert set(adapter.refusals.codes) == set(WHY)


@each_refusing
@given(whys=st.lists(st.tuples(st.sampled_from(WHY), POINTERS, PLAIN), min_size=1, max_size=4))
def test_a_refusal_comes_back(adapter: Adapter, whys: list[tuple[str, str, str]]) -> None:
    assert adapter.refusals is not None
    reasons = tuple((adapter.refusals.codes[why], pointer, text) for why, pointer, text in whys)
    assert adapter.refusals.decode_refusal(refused(adapter, *reasons)) == Refusal(ADDRESS.message_id, reasons)


@each_refusing
@given(text=texts)
def test_a_refusal_in_any_words_is_readable(adapter: Adapter, text: str) -> None:
    assert adapter.refusals is not None
    read = adapter.refusals.decode_refusal(refused(adapter, (adapter.refusals.codes["other"], "", text)))
    assert isinstance(read, Refusal)
    assert len(read.reasons) == 1


@each_refusing
def test_a_refusal_by_the_system_is_no_decision_and_a_document_no_refusal(adapter: Adapter) -> None:
    assert adapter.refusals is not None
    code = adapter.refusals.codes["missing"]
    found = adapter.codec.decode_event(refused(adapter, (code, "/items", "Missing.")))
    assert isinstance(found, tuple)
    assert (found[0].code, code in found[0].found) == ("partner.refused", True)
    for data in (adapter.codec.encode(example("atiga-form-d/2022"), ADDRESS).data, b"", b"\xff\x00"):
        assert isinstance(adapter.refusals.decode_refusal(data), tuple)


def test_what_a_window_asks_for_is_found_before_sending() -> None:
    limits = find_adapter("asw", "PH").codec.limits
    whole = example("atiga-form-d/2022")
    assert limits.missing(whole) == ()
    without = whole.model_copy(update={"consignee": whole.consignee.model_copy(update={"email": None})})  # type: ignore[attr-defined]  # a certificate
    assert limits.missing(without) == ("/consignee/email",)


def test_each_entry_of_a_list_is_asked_for_what_every_entry_needs() -> None:
    whole = example("atiga-form-d/2022")
    gone = Limits(asks=("/items/*/hsCode", "/items/*/nowhere")).missing(whole)
    assert gone == tuple(f"/items/{number}/nowhere" for number in range(len(whole.items)))  # type: ignore[attr-defined]  # as above
