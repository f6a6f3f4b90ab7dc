"""What every adapter promises (adapters/port.py), checked of each one found."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.port import CannotCarry, Limits, Loss, Statement, UnknownStyle, find_adapter
from schemas.event import Event
from schemas.findings import Finding
from tests.adapters.speakers import (
    ADDRESS,
    PROFILES,
    SPEAKERS,
    Speaker,
    carries,
    events,
    example,
    json_of,
    leaves,
    styles,
)

pairs = pytest.mark.parametrize(
    ("speaker", "profile"),
    [pytest.param(speaker, profile, id=f"{speaker}-{profile}") for speaker in SPEAKERS for profile in PROFILES],
)
each_speaker = pytest.mark.parametrize("speaker", [pytest.param(speaker, id=str(speaker)) for speaker in SPEAKERS])


def is_lost(pointer: str, losses: Iterable[Loss]) -> bool:
    return any(pointer == loss.pointer or pointer.startswith(loss.pointer + "/") for loss in losses)


def test_all_four_styles_are_under_contract() -> None:
    assert styles() == ["asw", "dcsa", "naccs", "tradewaltz"]


def test_an_unknown_style_is_told_apart() -> None:
    with pytest.raises(UnknownStyle):
        find_adapter("telex", "SG")


@pairs
def test_a_document_comes_back_save_what_the_losses_name(speaker: Speaker, profile: str) -> None:
    codec = speaker.adapter.codec
    for variant in range(6):
        document = example(profile, variant)
        try:
            rendition = codec.encode(document, ADDRESS)
        except CannotCarry:
            pytest.skip("the form has no place for this profile")
        decoded = codec.decode(rendition.data)
        assert not isinstance(decoded, tuple), decoded
        there = dict(leaves(json_of(decoded)))
        kept = {
            pointer: value for pointer, value in leaves(json_of(document)) if not is_lost(pointer, rendition.losses)
        }
        assert {pointer: there.get(pointer) for pointer in kept} == kept
        assert set(there) <= set(dict(leaves(json_of(document))))


@pairs
def test_a_profile_without_a_place_is_refused_with_a_finding(speaker: Speaker, profile: str) -> None:
    adapter = speaker.adapter
    if carries(adapter, profile):
        pytest.skip("the form has a place for this profile")
    with pytest.raises(CannotCarry) as refused:
        adapter.codec.encode(example(profile), ADDRESS)
    assert refused.value.found.code == "partner.cannot-carry"
    assert refused.value.found.found == profile


@pytest.mark.parametrize(
    ("style", "carried"),
    [("asw", 3), ("naccs", 3), ("tradewaltz", 5), ("dcsa", 2)],
)
def test_each_style_carries_its_profiles(style: str, carried: int) -> None:
    assert sum(carries(find_adapter(style, ""), profile) for profile in PROFILES) == carried


@each_speaker
@given(event=events)
def test_an_event_comes_back_save_what_the_losses_name(speaker: Speaker, event: Event) -> None:
    codec = speaker.adapter.codec
    rendition = codec.encode_event(event, ADDRESS)
    statement = codec.decode_event(rendition.data)
    assert isinstance(statement, Statement), statement
    assert statement.type == event.type.value
    assert statement.message_id == ADDRESS.message_id
    assert statement.document_id == ADDRESS.document_id
    assert len(statement.reasons) == len(event.reasons)
    for number, (reason, said) in enumerate(zip(event.reasons, statement.reasons, strict=True)):
        for name, value, heard in zip(
            ("code", "pointer", "text"), (reason.code, reason.pointer, reason.text), said, strict=True
        ):
            assert heard == value or is_lost(f"/reasons/{number}/{name}", rendition.losses)
    for name, value in event.body.items():
        assert statement.body.get(name, "") == value or is_lost(f"/body/{name}", rendition.losses)


@each_speaker
@given(data=st.one_of(st.binary(max_size=600), st.binary(max_size=60).map(lambda tail: b" " * 398 + b"\r\n" + tail)))
def test_rubbish_gives_findings_and_never_an_exception(speaker: Speaker, data: bytes) -> None:
    codec = speaker.adapter.codec
    for found in (codec.decode(data), codec.decode_event(data)):
        assert isinstance(found, tuple)
        assert len(found) > 0
        assert all(isinstance(each, Finding) and each.refuses for each in found)


@pairs
@given(cut=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_message_never_raises(speaker: Speaker, profile: str, cut: int, byte: int) -> None:
    codec = speaker.adapter.codec
    try:
        data = bytearray(codec.encode(example(profile), ADDRESS).data)
    except CannotCarry:
        return
    data[cut % len(data)] = byte
    codec.decode(bytes(data))
    codec.decode(bytes(data[: cut % len(data)]))
    codec.decode_event(bytes(data))


@each_speaker
@given(event=events, cut=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_answer_never_raises(speaker: Speaker, event: Event, cut: int, byte: int) -> None:
    codec = speaker.adapter.codec
    data = bytearray(codec.encode_event(event, ADDRESS).data)
    data[cut % len(data)] = byte
    codec.decode_event(bytes(data))
    codec.decode_event(bytes(data[: cut % len(data)]))
    codec.decode(bytes(data))


@each_speaker
def test_the_same_document_gives_the_same_bytes(speaker: Speaker) -> None:
    codec = speaker.adapter.codec
    for profile in PROFILES:
        if carries(speaker.adapter, profile):
            assert codec.encode(example(profile), ADDRESS) == codec.encode(example(profile), ADDRESS)


def test_limits_are_findings_before_sending() -> None:
    limits = find_adapter("asw", "SG").codec.limits
    assert [each.code for each in limits.findings(items=51, size=10)] == ["partner.too-many-items"]
    assert limits.findings(items=50, size=10_000_000) == ()
    limits = find_adapter("naccs", "JP").codec.limits
    assert [each.code for each in limits.findings(items=51, size=700_001)] == ["partner.too-large"]
    assert limits.findings(items=1000, size=700_000) == ()
    assert Limits().findings(items=10**6, size=10**9) == ()
