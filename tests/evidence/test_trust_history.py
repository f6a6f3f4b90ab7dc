"""Versions of the trust list follow one from the other; a document is judged by what was trusted at its time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
import pytest

from schemas.event import EventType
from tests.evidence import issuing
from tests.evidence.case import NOW, Case, event
from tests.evidence.world import AT, HUB, SG, STRANGER, TH, TRUST, member_of, signer_of
from tradebridge.evidence import canonical, jws, simulation
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.report import Verdict
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.status import MAX_AGE, Status, read_status, status_of, with_status
from tradebridge.evidence.trust import HUB_PURPOSES, MEMBER_PURPOSES, BadTrustList, TrustedKey, TrustList, hub_of
from tradebridge.evidence.trust_diff import differences
from tradebridge.evidence.trust_history import (
    TrustHistory,
    TrustVersion,
    history_json,
    list_with_history,
    read_version,
)
from tradebridge.evidence.verify import verify_evidence

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EVIDENCE = Case(events=[event(EventType.ACCEPTED)]).build()
NEW_HUB = simulation.test_signer("evidence", "HUB", "next")


def without(member: str, trust: TrustList = TRUST) -> TrustList:
    return replace(trust, members=tuple(each for each in trust.members if each.id != member))


def ending(signer: LocalSigner, trust: TrustList = TRUST, **ends: Any) -> TrustList:
    """The list with the keys of one member withdrawn or distrusted."""
    members = tuple(
        replace(each, keys=tuple(replace(key, **ends) for key in each.keys)) if each.id == signer.member else each
        for each in trust.members
    )
    return replace(trust, members=members)


def chain(*lists: tuple[datetime, TrustList], signers: tuple[LocalSigner, ...] = ()) -> list[str]:
    """Versions of these lists, each issued at its time, by the hub's key or the one of `signers`."""
    tokens: list[str] = []
    before: TrustVersion | None = None
    for index, (at, trust) in enumerate(lists):
        previous = before.digest if before else None
        before = TrustVersion(index + 1, at, previous, f"change {index + 1}", trust)
        tokens.append(before.sign(signers[index] if signers else HUB))
    return tokens


def read(tokens: list[str]) -> TrustHistory:
    history = TrustHistory.read(tokens)
    assert isinstance(history, TrustHistory), history
    return history


def listed(tokens: list[str], status: str | None = None, now: datetime = NOW) -> TrustList:
    return list_with_history(orjson.loads(orjson.dumps(history_json(tokens, status))), now)


# --- the chain -------------------------------------------------------------------------------------------------------


def test_versions_that_follow_one_another_are_a_history() -> None:
    history = read(chain((AT - DAY, TRUST), (AT, without("TH-NSW")), (AT + DAY, TRUST)))
    assert [each.number for each in history.versions] == [1, 2, 3]
    assert history.version_at(AT - 9 * DAY).number == 1
    assert history.version_at(AT).number == 2
    assert history.version_at(AT + DAY - HOUR).number == 2
    assert history.version_at(AT + 9 * DAY).number == 3


def test_a_version_says_what_it_says_whoever_signs_it_anew() -> None:
    """JWS-19: another signature over the same list is the same version."""
    version = TrustVersion(1, AT, None, "start", TRUST)
    random = replace(HUB, deterministic=False)
    tokens = {version.sign(random), version.sign(random)}
    assert len(tokens) == 2
    digests = {
        found.digest for found in (read_version(each, None) for each in tokens) if isinstance(found, TrustVersion)
    }
    assert digests == {version.digest}


def rotated(**old: Any) -> TrustList:
    keys = (
        replace(TrustedKey.of("HUB", HUB.certificate, HUB_PURPOSES), **old),
        TrustedKey.of("HUB", NEW_HUB.certificate, HUB_PURPOSES),
    )
    return replace(TRUST, hub=hub_of(keys))


def test_a_new_key_of_the_hub_comes_in_by_the_word_of_the_old_one() -> None:
    lists = ((AT, TRUST), (AT + DAY, rotated(withdrawn=AT + 2 * DAY)), (AT + 3 * DAY, rotated(withdrawn=AT + 2 * DAY)))
    assert read(chain(*lists, signers=(HUB, HUB, NEW_HUB))).newest.number == 3
    by_itself = TrustHistory.read(chain(*lists, signers=(HUB, NEW_HUB, NEW_HUB)))
    assert isinstance(by_itself, Finding)
    assert (by_itself.code, by_itself.pointer[:11]) == ("signature.unknown-key", "/versions/1")
    too_late = TrustHistory.read(chain(*lists, signers=(HUB, HUB, HUB)))
    assert isinstance(too_late, Finding)
    assert too_late.code == "signature.withdrawn-key"


FIRST = TrustVersion(1, AT - DAY, None, "start", TRUST)
SECOND = TrustVersion(2, AT, FIRST.digest, "one member less", without("TH-NSW"))


def _typed(typ: str, payload: bytes | None = None, signer: LocalSigner = HUB) -> str:
    return jws.sign(SECOND.payload() if payload is None else payload, typ, signer, AT)


def _said(**changes: Any) -> str:
    return jws.sign(canonical.dumps({**orjson.loads(SECOND.payload()), **changes}), jws.TRUST, HUB, AT)


ATTACKS: dict[str, tuple[str, str, Callable[[], str]]] = {
    "a version signed by a member": ("JWS-21", "signature.wrong-purpose", lambda: SECOND.sign(SG)),
    "a version signed by a stranger": ("JWS-11", "signature.unknown-key", lambda: SECOND.sign(STRANGER)),
    "a version signed by the key that it brings in": (
        "JWS-11",
        "signature.unknown-key",
        lambda: replace(SECOND, trust=rotated()).sign(NEW_HUB),
    ),
    "a version under the type of a receipt": ("JWS-21", "signature.wrong-type", partial(_typed, jws.RECEIPT)),
    "a version of another list before it": (
        "",
        "trust.broken-chain",
        lambda: replace(SECOND, previous=replace(FIRST, trust=without("SG-NSW")).digest).sign(HUB),
    ),
    "a version that leaves one out": ("", "trust.broken-chain", lambda: replace(SECOND, number=3).sign(HUB)),
    "the first version again": ("", "trust.broken-chain", lambda: FIRST.sign(HUB)),
    "a version older than the one before": (
        "",
        "trust.broken-chain",
        lambda: replace(SECOND, issued_at=AT - 2 * DAY).sign(HUB),
    ),
    "a version of another space": (
        "",
        "trust.broken-chain",
        lambda: replace(SECOND, trust=replace(TRUST, space="other")).sign(HUB),
    ),
    "a version with a member more": ("", "trust.malformed", lambda: _said(extra=1)),
    "a version that is not canonical": (
        "JSN-5",
        "receipt.not-canonical",
        partial(_typed, jws.TRUST, orjson.dumps(orjson.loads(SECOND.payload()), option=orjson.OPT_INDENT_2)),
    ),
    "a version with a list that is none": (
        "",
        "trust.malformed",
        lambda: _said(trust={"format": "tradebridge-trust/1"}),
    ),
    "a version with another payload": (
        "",
        "signature.invalid",
        lambda: _with_payload(SECOND.sign(HUB), replace(SECOND, change="nothing of note").payload()),
    ),
}
"""Row, code, token: read after `FIRST`."""


def _with_payload(token: str, payload: bytes) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{jws._encode(payload).decode()}.{signature}"


@pytest.mark.parametrize("name", ATTACKS)
def test_what_does_not_follow_is_refused(name: str) -> None:
    row, code, make = ATTACKS[name]
    found = read_version(make(), FIRST)
    assert isinstance(found, Finding)
    assert (found.code, found.attack) == (code, row)


def test_the_version_of_these_attacks_follows() -> None:
    assert read_version(SECOND.sign(HUB), FIRST) == SECOND


@pytest.mark.parametrize(
    "value", [{}, {"format": "tradebridge-trust-history/1"}, history_json([]), history_json(["x"])]
)
def test_a_file_that_is_no_history_is_refused(value: object) -> None:
    with pytest.raises(BadTrustList):
        list_with_history(value, NOW)


# --- judging by it ---------------------------------------------------------------------------------------------------


def answers(trust: TrustList, now: datetime = NOW, evidence: object = EVIDENCE) -> dict[str, tuple[str, ...]]:
    report = verify_evidence(evidence, trust, now)
    return {
        each.question: (each.verdict.value, *(found.code for found in each.findings)) for each in report.answers
    } | {"exit": (str(report.exit_code),)}


def test_a_member_that_has_left_since_had_issued_what_it_had_issued() -> None:
    tokens = chain((AT - DAY, TRUST), (AT + HOUR, without("SG-NSW")))
    assert answers(read(tokens).newest.trust)["issued"] == ("no", "signature.unknown-key")
    assert answers(listed(tokens))["exit"] == ("0",)


def test_a_member_that_came_later_had_not() -> None:
    tokens = chain((AT - DAY, without("SG-NSW")), (AT + HOUR, TRUST))
    assert answers(TRUST)["exit"] == ("0",)
    assert answers(listed(tokens))["issued"] == ("no", "signature.unknown-key")


def test_what_a_member_might_issue_then_counts_not_what_it_may_now() -> None:
    sg = member_of(SG, "SG")
    now = replace(without("SG-NSW"), members=(*without("SG-NSW").members, replace(sg, issues=frozenset())))
    tokens = chain((AT - DAY, TRUST), (AT + HOUR, now))
    assert answers(now)["issued"] == ("no", "signature.unknown-issuer")
    assert answers(listed(tokens))["exit"] == ("0",)


def test_a_key_distrusted_since_the_document_ends_it_not() -> None:
    for since, expected in ((AT + HOUR, "0"), (AT - HOUR, "5")):
        tokens = chain((AT - DAY, TRUST), (AT + DAY, ending(SG, distrusted=since)))
        assert answers(listed(tokens))["exit"] == (expected,)
        assert answers(ending(SG, distrusted=since))["exit"] == (expected,)
    assert answers(ending(SG, distrusted=AT - HOUR))["issued"] == ("no", "signature.distrusted-key")


def test_of_a_distrusted_key_nothing_can_be_told_without_a_proven_time() -> None:
    waiting = {**EVIDENCE, "checkpoint": None}
    found = answers(ending(SG, distrusted=AT + HOUR), evidence=waiting)
    assert found["issued"] == ("could-not-check", "signature.distrusted-key")


def test_an_event_by_a_distrusted_key_does_not_count() -> None:
    found = answers(ending(TH, distrusted=AT))
    assert found["valid"] == ("could-not-check", "evidence.wrong-event")


def test_a_certificate_of_an_authority_is_judged_with_the_lists_in_the_file() -> None:
    trust = issuing.ISSUING
    data = {
        **history_json(chain((AT - DAY, trust)), None, issuing.LISTS),
    }
    read_back = list_with_history(orjson.loads(orjson.dumps(data)), NOW)
    assert read_back.revocations == issuing.LISTS
    with pytest.raises(BadTrustList) as caught:
        list_with_history({**data, "revocations": ["AAAA"]}, NOW)
    assert caught.value.found.code == "trust.revocation-list"


# --- status ----------------------------------------------------------------------------------------------------------


def status(trust: TrustList, at: datetime = NOW - HOUR, lasts: timedelta = DAY, signer: LocalSigner = HUB) -> str:
    return status_of(trust, at, lasts).sign(signer)


def test_a_status_ends_the_keys_that_have_ended_since() -> None:
    fresh = with_status(TRUST, status(ending(SG, distrusted=AT - HOUR)), NOW)
    assert isinstance(fresh, TrustList)
    assert fresh.stale is None
    assert answers(fresh)["issued"] == ("no", "signature.distrusted-key")


def test_a_status_lets_no_key_live_longer() -> None:
    fresh = with_status(ending(SG, withdrawn=AT - HOUR), status(ending(SG, withdrawn=AT + HOUR)), NOW)
    assert isinstance(fresh, TrustList)
    key = fresh.key(SG.kid)
    assert key is not None
    assert key.withdrawn == AT - HOUR


def test_a_stale_status_is_no_yes() -> None:
    for token in (status(TRUST, NOW - 2 * DAY), status(TRUST, NOW - MAX_AGE - HOUR, timedelta(days=900))):
        stale = with_status(TRUST, token, NOW)
        assert isinstance(stale, TrustList)
        found = answers(stale)
        assert found["issued"] == ("could-not-check", "trust.stale-status")
        assert found["unchanged"][0] == found["recorded"][0] == Verdict.YES
        assert found["exit"] == ("3",)
    tokens = chain((AT - DAY, TRUST))
    assert answers(listed(tokens, status(TRUST, NOW - 2 * DAY)))["exit"] == ("3",)
    assert answers(listed(tokens, status(TRUST)))["exit"] == ("0",)
    assert answers(listed(tokens, status(TRUST, NOW - 2 * DAY), NOW - 36 * HOUR))["exit"] == ("0",)  # as of then


def _told(**changes: Any) -> str:
    payload = orjson.loads(jws.payload_of(status(ending(SG, withdrawn=AT))))  # type: ignore[arg-type]  # bytes here
    return jws.sign(canonical.dumps({**payload, **changes}), jws.STATUS, HUB, NOW - HOUR)


STATUS_ATTACKS: dict[str, tuple[str, str, Callable[[], str]]] = {
    "a status by a member": ("JWS-21", "signature.wrong-purpose", lambda: status(TRUST, signer=SG)),
    "a status by a stranger": ("JWS-11", "signature.unknown-key", lambda: status(TRUST, signer=signer_of("HUB", "x"))),
    "a status under the type of a list": (
        "JWS-21",
        "signature.wrong-type",
        lambda: jws.sign(status_of(TRUST, AT, DAY).sign(HUB).encode(), jws.TRUST, HUB, AT),
    ),
    "a status of another space": ("JWS-21", "trust.wrong-status", lambda: _told(space="other")),
    "a status with a moment that is none": ("", "trust.wrong-status", lambda: _told(issuedAt="yesterday")),
    "a status that ends before it begins": ("", "trust.wrong-status", lambda: _told(nextUpdate="2020-01-01T00:00:00Z")),
    "a status with a time that is not its signature's": (
        "KEY-10",
        "trust.wrong-status",
        lambda: _told(issuedAt="2026-02-01T00:00:00Z", nextUpdate="2026-02-02T00:00:00Z"),
    ),
    "a status that says nothing of a key": (
        "",
        "trust.wrong-status",
        lambda: _told(keys=[{"kid": SG.kid, "withdrawn": None, "distrusted": None}]),
    ),
    "a status with a member more": ("", "trust.wrong-status", lambda: _told(extra=1)),
    "a status of a time to come": ("", "trust.wrong-status", lambda: status(TRUST, NOW + DAY)),
}
"""Row, code, token: put beside `TRUST` at `NOW`."""


@pytest.mark.parametrize("name", STATUS_ATTACKS)
def test_a_status_that_is_not_genuine_is_refused(name: str) -> None:
    row, code, make = STATUS_ATTACKS[name]
    found = with_status(TRUST, make(), NOW)
    assert isinstance(found, Finding)
    assert (found.code, found.attack) == (code, row)


def test_a_status_is_read_as_it_was_made() -> None:
    made = status_of(ending(SG, withdrawn=AT, distrusted=AT - HOUR), AT, DAY, 7, "0" * 64)
    assert isinstance(made, Status)
    assert read_status(made.sign(HUB), TRUST) == made


def test_a_status_tells_of_authorities_and_one_that_tells_of_none_is_as_it_was() -> None:
    broken = issuing.trusting(issuing.authority(distrusted=AT))
    made = status_of(broken, AT, DAY, 7, "0" * 64)
    assert [each.distrusted for each in made.authorities] == [AT]
    assert read_status(made.sign(HUB), TRUST) == made
    fresh = with_status(issuing.trusting(issuing.authority()), made.sign(HUB), AT)
    assert isinstance(fresh, TrustList)
    member = fresh.member(issuing.MEMBER)
    assert member is not None and [each.distrusted for each in member.authorities] == [AT]
    other = with_status(issuing.trusting(issuing.authority(issuing.SHORT, issuing.TOO_DEEP)), made.sign(HUB), AT)
    assert isinstance(other, TrustList) and other.members[-1].authorities[0].distrusted is None
    payload = jws.payload_of(status_of(issuing.ISSUING, AT, DAY).sign(HUB))
    assert isinstance(payload, bytes) and b"authorities" not in payload


def test_a_status_is_of_a_version_of_the_history_that_it_stands_beside() -> None:
    tokens = chain((AT - DAY, TRUST), (AT, without("TH-NSW")))
    digests = {each.number: each.digest for each in read(tokens).versions}

    def beside(version: int, digest: str) -> str:
        return status_of(TRUST, NOW - HOUR, DAY, version, digest).sign(HUB)

    for number in (1, 2):
        assert listed(tokens, beside(number, digests[number])).stale is None
    for number, digest in ((2, digests[1]), (3, "0" * 64), (7, "f" * 64)):
        with pytest.raises(BadTrustList) as caught:
            listed(tokens, beside(number, digest))
        assert (caught.value.found.code, caught.value.found.pointer) == ("trust.wrong-status", "/version")


def test_what_a_version_knew_to_have_ended_is_not_alive_again_later() -> None:
    """Neither a key nor an authority, whichever of the two lists says it ends first."""
    gone = issuing.trusting(issuing.authority(withdrawn=AT))
    then = replace(gone, members=(*ending(SG, withdrawn=AT).members, gone.members[-1]))
    now = issuing.trusting(issuing.authority(withdrawn=AT + DAY))
    history = read(chain((AT - DAY, then), (AT + DAY, now)))
    judged = history.as_of(AT, now)
    assert judged.key(SG.kid) == replace(TrustedKey.of("SG-NSW", SG.certificate, MEMBER_PURPOSES), withdrawn=AT)
    assert judged.members[-1].authorities[0].withdrawn == AT


# --- differences -----------------------------------------------------------------------------------------------------


def test_what_is_different_is_told_in_one_line_a_fact() -> None:
    assert differences(TRUST, TRUST) == ()
    found = differences(TRUST, ending(SG, without("TH-NSW"), distrusted=AT))
    assert {(each.what, each.about) for each in found} == {
        ("removed", "TH-NSW"),
        ("removed", TH.kid),
        ("changed", SG.kid),
    }
    assert next(each.second for each in found if each.about == SG.kid).endswith("DISTRUSTED since 2026-01-05T09:00:00Z")
    more = differences(TRUST, issuing.ISSUING)
    assert [each.what for each in more] == ["added"] * 3


def test_a_newer_status_says_all_the_more_of_a_day_before_it() -> None:
    """`tb verify --at`: what is known since counts, and the answer says as of when it is known."""
    tokens, later = chain((AT - DAY, TRUST)), NOW + 60 * DAY
    digest = read(tokens).newest.digest

    def judged_then(known: TrustList) -> dict[str, tuple[str, ...]]:
        token = status_of(known, later, DAY, 1, digest).sign(HUB)
        trust = list_with_history(orjson.loads(orjson.dumps(history_json(tokens, token))), NOW, later)
        assert trust.stale is None
        reason = verify_evidence(EVIDENCE, trust, NOW, as_of=True).issued.reason
        assert ("told as of 2026-03-07T09:00:00Z." in reason) is (known is TRUST)
        return answers(trust)

    assert judged_then(TRUST)["exit"] == ("0",)
    assert judged_then(ending(SG, distrusted=AT - HOUR))["issued"] == ("no", "signature.distrusted-key")
    with pytest.raises(BadTrustList) as caught:  # one of a day that has not come yet is not
        listed(tokens, status_of(TRUST, later, DAY, 1, digest).sign(HUB), NOW)
    assert caught.value.found.code == "trust.wrong-status"


def test_what_any_version_knew_to_have_ended_is_not_alive_again() -> None:
    """Also where the newest has no such key, or says nothing of its end."""
    distrusted = ending(SG, distrusted=AT - HOUR)
    for newest in (without("SG-NSW"), TRUST):
        tokens = chain((AT - DAY, TRUST), (AT + DAY, distrusted), (AT + 2 * DAY, newest))
        assert answers(listed(tokens, now=NOW + 9 * DAY), NOW + 9 * DAY)["issued"] == ("no", "signature.distrusted-key")
