"""What every adapter promises (adapters/port.py), checked of each one found."""

from collections.abc import Iterable

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from adapters.port import CannotCarry, Codec, Limits, Loss, Statement, UnknownStyle, find_adapter
from schemas.certificate.agreements import AGREEMENTS
from schemas.event import Event
from schemas.registry import Document
from tests.adapters.speakers import (
    ADDRESS,
    NOT_OF_DCSA,
    PROFILES,
    SPEAKERS,
    Speaker,
    carries,
    certificate_events,
    documents,
    events,
    example,
    json_of,
    leaves,
    styles,
)

ALIKE = ("ebxml", "insw", "mail", "tradenet", "vnaccs")
"""Styles that carry a certificate whole, or by the table of fields that `naccs` is tried with: one kind is a sample."""


def drawn() -> pytest.MarkDecorator:
    """As `pairs_where(carried=True)`, and of some styles a sample only where not all is asked for."""
    return pytest.mark.parametrize(
        ("speaker", "profile"),
        [
            pytest.param(
                speaker,
                profile,
                id=f"{speaker}-{profile}",
                marks=pytest.mark.long("adapters", sample=speaker.style not in ALIKE or profile == "atiga-form-d/2022"),
            )
            for speaker in SPEAKERS
            for profile in PROFILES
            if carries(speaker.adapter, profile)
        ],
    )


def pairs_where(carried: bool) -> pytest.MarkDecorator:
    """Adapters and profiles that the one does, or does not, carry."""
    return pytest.mark.parametrize(
        ("speaker", "profile"),
        [
            pytest.param(speaker, profile, id=f"{speaker}-{profile}")
            for speaker in SPEAKERS
            for profile in PROFILES
            if carries(speaker.adapter, profile) is carried
        ],
    )


UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""A whole document takes long to shrink, and the assertion shows which part differs."""

each_speaker = pytest.mark.parametrize("speaker", [pytest.param(speaker, id=str(speaker)) for speaker in SPEAKERS])


def is_lost(pointer: str, losses: Iterable[Loss]) -> bool:
    return any(pointer == loss.pointer or pointer.startswith(loss.pointer + "/") for loss in losses)


def test_all_styles_are_under_contract() -> None:
    assert styles() == ["asw", "dcsa", "ebxml", "insw", "mail", "naccs", "tradenet", "tradewaltz", "vnaccs"]


def test_an_unknown_style_is_told_apart() -> None:
    with pytest.raises(UnknownStyle):
        find_adapter("telex", "SG")


def assert_comes_back(codec: Codec, document: Document) -> None:
    """What is there again is what was there; what is not there any more is named."""
    rendition = codec.encode(document, ADDRESS)
    decoded = codec.decode(rendition.data)
    assert not isinstance(decoded, tuple), decoded
    given, there = dict(leaves(json_of(document))), dict(leaves(json_of(decoded)))
    kept = {pointer: value for pointer, value in given.items() if not is_lost(pointer, rendition.losses)}
    assert {pointer: there.get(pointer) for pointer in kept} == kept
    assert set(there) <= set(given)


@pairs_where(carried=True)
def test_a_document_comes_back_save_what_the_losses_name(speaker: Speaker, profile: str) -> None:
    for variant in range(8):
        assert_comes_back(speaker.adapter.codec, example(profile, variant))


@drawn()
@settings(phases=UNSHRUNK)
@given(data=st.data())
def test_any_document_comes_back_save_what_the_losses_name(speaker: Speaker, profile: str, data: st.DataObject) -> None:
    assert_comes_back(speaker.adapter.codec, data.draw(documents(profile)))


@pairs_where(carried=False)
def test_a_profile_without_a_place_is_refused_with_a_finding(speaker: Speaker, profile: str) -> None:
    with pytest.raises(CannotCarry) as refused:
        speaker.adapter.codec.encode(example(profile), ADDRESS)
    assert refused.value.found.code == "partner.cannot-carry"
    assert refused.value.found.found == profile


@pytest.mark.parametrize(
    ("style", "carried"),
    [
        *((style, len(AGREEMENTS)) for style in ("asw", "ebxml", "insw", "mail", "naccs", "tradenet", "vnaccs")),
        ("tradewaltz", len(AGREEMENTS) + 2),
        ("dcsa", 2),
    ],
)
def test_each_style_carries_its_profiles(style: str, carried: int) -> None:
    assert sum(carries(find_adapter(style, ""), profile) for profile in PROFILES) == carried


@each_speaker
@given(event=events | certificate_events)
def test_an_event_comes_back_save_what_the_losses_name(speaker: Speaker, event: Event) -> None:
    codec = speaker.adapter.codec
    if speaker.style == "dcsa" and event.type in NOT_OF_DCSA:
        with pytest.raises(CannotCarry):
            codec.encode_event(event, ADDRESS)
        return
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
    if event.body and "draw" in event.body and not any(loss.pointer.startswith("/body") for loss in rendition.losses):
        assert statement.body == event.body, "a use comes back whole"
    if event.body.get("random") is True or (isinstance(event.body.get("boxes"), list) and event.body["boxes"]):
        assert statement.body == event.body, "a window can ask for a verification in its own words"


@each_speaker
@given(data=st.one_of(st.binary(max_size=600), st.binary(max_size=60).map(lambda tail: b" " * 398 + b"\r\n" + tail)))
def test_rubbish_gives_findings_and_never_an_exception(speaker: Speaker, data: bytes) -> None:
    codec = speaker.adapter.codec
    for found in (codec.decode(data), codec.decode_event(data)):
        assert isinstance(found, tuple)
        assert len(found) > 0
        assert all(each.refuses for each in found)


@drawn()
@given(cut=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_message_never_raises(speaker: Speaker, profile: str, cut: int, byte: int) -> None:
    codec = speaker.adapter.codec
    data = bytearray(codec.encode(example(profile), ADDRESS).data)
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
