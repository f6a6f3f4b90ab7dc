"""The trust list: what is on it is found, what is not is not, and it travels as JSON."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.evidence.world import AT, EXPIRED, FUTURE, HUB, JP, SG, STRANGER, TH, TRUST, member_of
from tradebridge.evidence.trust import BadTrustList, TrustedKey, TrustedMember, TrustList


def _der(key: Any) -> bytes:
    return bytes(key.certificate.public_bytes(Encoding.DER))


def test_a_key_is_found_by_its_whole_name_and_by_its_certificate() -> None:
    key = TRUST.key(SG.kid)
    assert key is not None
    assert key.member == "SG-NSW"
    assert key.algorithm == "ES256"
    assert TRUST.key_by_certificate(_der(SG)) is key
    assert TRUST.key(HUB.kid) in TRUST.hub.keys


@pytest.mark.parametrize("kid", ["", "SG-NSW", SG.kid + " ", SG.kid.lower(), STRANGER.kid, "../" + SG.kid])
def test_nothing_near_a_name_finds_a_key(kid: str) -> None:
    assert TRUST.key(kid) is None


def test_another_certificate_of_the_same_name_finds_nothing() -> None:
    """KEY-1."""
    assert TRUST.key_by_certificate(_der(STRANGER)) is None


def test_it_travels_as_json() -> None:
    wire = json.dumps(TRUST.to_json())
    assert TrustList.from_json(json.loads(wire)) == TRUST
    assert json.dumps(TrustList.from_json(json.loads(wire)).to_json()) == wire


def _without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda form: form.pop(name)


@pytest.mark.parametrize(
    ("spoil", "pointer"),
    [
        (lambda form: form.update(format="tradebridge-trust/2"), "/format"),
        (_without("hub"), "/hub"),
        (lambda form: form.update(extra=1), "/extra"),
        (lambda form: form["members"][0].update(id="sg nsw"), "/members/0/id"),
        (lambda form: form["members"][1]["keys"][0].update(kid=SG.kid), "/members/1/keys/0/kid"),
        (lambda form: form["members"][0]["keys"][0].update(certificate="none"), "/members/0/keys/0/certificate"),
        (lambda form: form["members"][0]["keys"][0].update(notAfter="tomorrow"), "/members/0/keys/0/notBefore"),
        (lambda form: form["log"].update(publicKey=5), "/log/publicKey"),
    ],
)
def test_what_is_wrong_with_it_is_named(spoil: Callable[[dict[str, Any]], object], pointer: str) -> None:
    form = json.loads(json.dumps(TRUST.to_json()))
    spoil(form)
    with pytest.raises(BadTrustList) as caught:
        TrustList.from_json(form)
    assert caught.value.found.code == "trust.malformed"
    assert caught.value.found.pointer == pointer


@pytest.mark.parametrize("value", [None, [], "text", 5, {}])
def test_what_is_no_list_at_all_is_refused(value: object) -> None:
    with pytest.raises(BadTrustList):
        TrustList.from_json(value)


def test_a_member_stands_on_it_once() -> None:
    with pytest.raises(BadTrustList, match="SG-NSW"):
        replace(TRUST, members=(member_of(SG, "SG"), member_of(SG, "SG")))


def test_a_certificate_belongs_to_one_member() -> None:
    """Else the certificate in a signature would not say who signed."""
    thief = TrustedMember("XX-NSW", "XX", "platform", keys=(TrustedKey.of("XX-NSW", SG.certificate, {"document"}),))
    with pytest.raises(BadTrustList) as caught:
        replace(TRUST, members=(member_of(SG, "SG"), thief))
    assert caught.value.found.code == "trust.key-twice"


def test_a_key_is_valid_where_certificate_and_list_both_say_so() -> None:
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)
    key = TrustedKey.of("SG-NSW", SG.certificate, {"document"}, begin, end)
    assert key.not_before == begin
    assert key.not_after == SG.certificate.not_valid_after_utc


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("signed_at", "at", "holds"),
    [
        (AT - MINUTE, AT - MINUTE, True),
        (AT - MINUTE, None, True),
        (AT, AT, False),
        (AT, None, False),
        (AT - MINUTE, AT, False),  # says that it was made before, and comes after
        (AT + MINUTE, AT - MINUTE, False),
    ],
)
def test_a_withdrawn_key_ends_at_its_moment(signed_at: datetime, at: datetime | None, holds: bool) -> None:
    key = replace(member_of(SG, "SG").keys[0], withdrawn=AT)
    found = key.judge_time(signed_at, at)
    assert (found.code if found else None) == (None if holds else "signature.withdrawn-key")


def test_a_withdrawn_key_travels_with_its_moment() -> None:
    member = member_of(SG, "SG")
    keys = (replace(member.keys[0], withdrawn=AT),)
    ended = replace(TRUST, members=(replace(member, keys=keys),))
    form = ended.to_json()
    assert TrustList.from_json(form) == ended
    form["members"][0]["keys"][0]["withdrawn"] = "yesterday"  # type: ignore[index]  # JSON
    with pytest.raises(BadTrustList) as caught:
        TrustList.from_json(form)
    assert caught.value.found.pointer == "/members/0/keys/0/withdrawn"


@pytest.mark.parametrize(
    ("signed_at", "at", "code"),
    [
        (AT, AT, None),
        (AT + 5 * MINUTE, AT, None),
        (AT + 5 * MINUTE + timedelta(seconds=1), AT, "signature.time-ahead"),
        (datetime(2020, 1, 1, tzinfo=UTC), AT, None),
        (datetime(2019, 12, 31, tzinfo=UTC), AT, "signature.not-yet-valid"),
        (AT, datetime(2051, 1, 1, tzinfo=UTC), "signature.expired-certificate"),
        (AT, None, None),
        (datetime(2051, 1, 1, tzinfo=UTC), None, "signature.expired-certificate"),
    ],
)
def test_the_time_of_a_signature_is_judged(signed_at: datetime, at: datetime | None, code: str | None) -> None:
    found = member_of(SG, "SG").keys[0].judge_time(signed_at, at)
    assert (found.code if found else None) == code


def test_a_backdated_signature_by_an_expired_key_is_refused() -> None:
    """X5-7 and KEY-10: the time that the signer states helps an expired key no further than the time that is known."""
    expired, future = member_of(EXPIRED, "MY").keys[0], member_of(FUTURE, "VN").keys[0]
    before, after = datetime(2025, 6, 1, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC)
    assert expired.judge_time(before, before) is None
    refused = expired.judge_time(before, AT)
    assert refused is not None
    assert (refused.code, refused.attack) == ("signature.expired-certificate", "X5-7")
    assert future.judge_time(after, after) is None
    refused = future.judge_time(AT, AT)
    assert refused is not None
    assert refused.code == "signature.not-yet-valid"


CARRIER = TrustedMember(
    id="CARRIER-SIM",
    country="SG",
    kind="platform",
    roles=frozenset({"issuer"}),
    carriers=frozenset({"SIML"}),
    issues=frozenset({"dcsa-transport-document/3.0"}),
)


@pytest.mark.parametrize(
    ("member", "profile", "issued_by", "may"),
    [
        (member_of(SG, "SG"), "atiga-form-d/2022", "country:SG", True),
        (member_of(SG, "SG"), "atiga-form-d/2022", "country:TH", False),
        (member_of(SG, "SG"), "ajcep-form-aj/2014", "country:SG", False),
        (replace(member_of(SG, "SG"), roles=frozenset({"sender"})), "atiga-form-d/2022", "country:SG", False),
        (CARRIER, "dcsa-transport-document/3.0", "carrier:SIML", True),
        (CARRIER, "dcsa-transport-document/3.0", "carrier:HLCU", False),
        (CARRIER, "dcsa-transport-document/3.0", "country:SIML", False),
        (member_of(TH, "TH"), "dcsa-shipping-instructions/3.0", None, True),
        (member_of(TH, "TH"), "tradebridge-event/1", "member:TH-NSW", True),
        (member_of(TH, "TH"), "tradebridge-event/1", "member:SG-NSW", False),
    ],
)
def test_who_may_issue_what(member: TrustedMember, profile: str, issued_by: str | None, may: bool) -> None:
    refused = member.may_issue(profile, issued_by)
    assert (refused is None) is may
    assert refused is None or refused.code == "signature.unknown-issuer"


def test_keys_of_both_kinds_are_known() -> None:
    key = TRUST.key(JP.kid)
    assert key is not None
    assert key.algorithm == "EdDSA"
