"""The hub's key was in other hands since a moment: what its own proofs date before that still holds, nothing else."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from schemas.event import EventType
from simulator.tsa import NAME, Authority
from tests.evidence.case import MINUTE, NOW, Case, acknowledgement, content_of, event, note, sealed
from tests.evidence.issuing import GOOD as OFFICER
from tests.evidence.issuing import ISSUING, MEMBER, signer_of, with_certificate
from tests.evidence.test_bundle import CASE, GOOD, made
from tests.evidence.test_recorded import hub_distrusted
from tests.evidence.test_trust_history import NEW_HUB, ending, rotated
from tests.evidence.world import AT, HUB, TH, TRUST
from tradebridge.cli.verify import _draw
from tradebridge.evidence.archive import MIMETYPE, read_archive, write_archive
from tradebridge.evidence.bundle import MEDIA_TYPE, SIGNATURE, STAMP, open_bundle, verify_bundle
from tradebridge.evidence.given import recognise, verify_given
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.report import Report, Verdict
from tradebridge.evidence.seen import Seen, too_late
from tradebridge.evidence.simulation import test_authority
from tradebridge.evidence.timestamps import TimestampRoot, query
from tradebridge.evidence.verify import verify_evidence

DISTRUSTED = "signature.distrusted-key"
HOUR = timedelta(hours=1)


def places(report: Report) -> set[tuple[str, str]]:
    return {(each.code, each.pointer) for each in report.remarks}


def test_a_bundle_is_judged_by_the_proofs_that_are_in_it() -> None:
    for report in (
        verify_bundle(GOOD, hub_distrusted(AT + HOUR), NOW),
        verify_given(recognise(GOOD, hub_distrusted(AT + HOUR)), hub_distrusted(AT + HOUR), NOW),
    ):
        assert {report.issued.verdict, report.recorded.verdict} == {Verdict.YES}, report
        (unvouched,) = report.unchanged.findings  # its page may say anything: that decides, and is no remark alone
        assert (unvouched.code, unvouched.pointer) == ("bundle.unvouched", "READ-ME.txt")
        assert "renditions/" in unvouched.found and report.unchanged.verdict is Verdict.COULD_NOT_CHECK
        expected = (SIGNATURE, "/deliveries/0/note", "/deliveries/1/note")
        assert places(report) == {(DISTRUSTED, each) for each in expected}
        assert [each["code"] for each in json.loads(json.dumps(report.to_json()))["remarks"]] == [DISTRUSTED] * 3


def test_a_person_is_told_what_no_answer_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    _draw(verify_bundle(GOOD, hub_distrusted(AT + HOUR), NOW), "given")
    assert f"no answer rests on {SIGNATURE}: The key of the signature was in other hands" in capsys.readouterr().out


BELIEVED = (TimestampRoot(NAME, (test_authority("42").certificate,)),)


def stamped(at: datetime, data: bytes = GOOD, seed: str = "42") -> bytes:
    """The bundle with a timestamp over its signature."""
    files = read_archive(data)
    assert not isinstance(files, Finding)
    token = Authority(seed).answer(query(files[SIGNATURE]).der, at)
    return write_archive(
        [(name, each) for name, each in files.items() if name != MIMETYPE] + [(STAMP, token)], MEDIA_TYPE
    )


def test_a_timestamp_over_its_signature_proves_that_it_is_older() -> None:
    trust = replace(hub_distrusted(AT + HOUR), authorities=BELIEVED)
    report = verify_bundle(stamped(AT + MINUTE), trust, NOW)
    assert (report.exit_code, report.valid.verdict) == (0, Verdict.YES), report
    assert places(report) == {(DISTRUSTED, each) for each in ("/deliveries/0/note", "/deliveries/1/note")}
    for late in (stamped(AT + 2 * HOUR), stamped(AT + MINUTE, seed="43")):
        found = verify_bundle(late, trust, NOW)
        assert (found.exit_code, (DISTRUSTED, SIGNATURE) in places(found)) == (3, True), found


def test_a_timestamp_of_a_stranger_is_remarked_and_changes_nothing() -> None:
    report = verify_bundle(stamped(AT + MINUTE, seed="43"), replace(TRUST, authorities=BELIEVED), NOW)
    assert (report.exit_code, places(report)) == (0, {("timestamp.invalid", STAMP)})
    assert verify_bundle(stamped(AT + MINUTE), TRUST, NOW).remarks == ()  # a list without authorities says nothing


WITHDRAWN = rotated(withdrawn=AT + HOUR)
"""The list once the key of the bundle was replaced."""


def test_a_bundle_by_a_key_that_was_withdrawn_since_holds_only_if_it_is_dated_before() -> None:
    """Whoever has that key can still make one without the cancellation, and state a time before."""
    report = verify_bundle(GOOD, WITHDRAWN, NOW)
    assert (report.exit_code, report.valid.verdict) == (3, Verdict.COULD_NOT_CHECK)
    assert places(report) == {("evidence.undated", SIGNATURE)}
    trust = replace(WITHDRAWN, authorities=BELIEVED)
    assert verify_bundle(stamped(AT + MINUTE), trust, NOW).exit_code == 0
    late = verify_bundle(stamped(AT + 2 * HOUR), trust, NOW)
    assert (late.exit_code, [each.found for each in late.remarks]) == (3, ["2026-01-05T11:00:00Z"])
    assert verify_bundle(GOOD, WITHDRAWN, AT + 2 * MINUTE).exit_code == 0  # while both keys hold
    given = recognise(GOOD, WITHDRAWN)  # as of then: what is known of the key since counts all the same
    assert verify_given(given, WITHDRAWN, AT + 2 * MINUTE, as_of=True).exit_code == 3


def test_a_listing_by_a_key_that_was_withdrawn_since_is_dated_by_nobody() -> None:
    evidence = Case(events=(event(EventType.ACCEPTED),)).build()
    report = verify_evidence(evidence, WITHDRAWN, NOW)
    assert (report.exit_code, [each.code for each in report.valid.findings]) == (3, ["evidence.undated"])
    assert verify_evidence(evidence, WITHDRAWN, AT + 2 * MINUTE).exit_code == 0


def test_a_bundle_that_is_dated_is_as_of_then_at_the_latest() -> None:
    ahead = stamped(AT + MINUTE, made(Case(events=(event(EventType.ACCEPTED),)), at=AT + HOUR))
    report = verify_bundle(ahead, replace(TRUST, authorities=BELIEVED), NOW)
    assert report.valid.reason.startswith("As of 2026-01-05T09:01:00Z")


def test_its_files_must_hold_together_all_the_same() -> None:
    for data in (made(after={"document.xml": b"<other/>"}), made(change={"document.xml": b"<other/>"})):
        found = open_bundle(data, hub_distrusted(AT + HOUR), None)
        assert isinstance(found, Finding) and found.code == "bundle.changed"


def test_what_was_recorded_later_is_not_believed() -> None:
    report = verify_bundle(GOOD, hub_distrusted(AT - HOUR), NOW)
    assert report.unchanged.verdict is Verdict.COULD_NOT_CHECK
    assert report.unchanged.findings[0].code == "evidence.no-receipt"
    assert report.recorded.verdict is Verdict.COULD_NOT_CHECK
    assert report.exit_code == 3


def test_an_acknowledgement_by_a_key_that_is_distrusted_since_is_a_remark() -> None:
    report = verify_evidence(CASE.build(), ending(TH, distrusted=AT + HOUR), NOW)
    assert report.exit_code == 0, report
    assert places(report) == {(DISTRUSTED, "/deliveries/0/acknowledgement")}
    withdrawn = verify_evidence(Case(events=()).build(), ending(TH, withdrawn=AT), NOW)
    assert withdrawn.exit_code == 0, withdrawn  # no worse than that
    assert places(withdrawn) == {("signature.withdrawn-key", "/deliveries/0/acknowledgement")}


def test_an_acknowledgement_of_whose_certificate_no_list_tells_is_a_remark() -> None:
    given, content = Case(events=()).build(), content_of(sealed())
    told = given["deliveries"][0]
    told["recipient"] = MEMBER
    told["note"] = replace(note(content), recipient=MEMBER).sign(HUB, AT)
    taken = replace(acknowledgement(content), member=MEMBER).sign(signer_of(OFFICER), AT + MINUTE)
    told["acknowledgement"] = with_certificate(taken, OFFICER)
    known = verify_evidence(given, ISSUING, NOW)
    assert (known.exit_code, known.remarks) == (0, ())
    unknown = verify_evidence(given, replace(ISSUING, revocations=()), NOW)
    assert unknown.exit_code == 0, unknown
    assert places(unknown) == {("signature.revocation-unknown", "/deliveries/0/acknowledgement")}


@pytest.mark.parametrize("code", ["signature.withdrawn-key", "signature.unknown-key"])
def test_a_container_by_any_other_key_that_does_not_hold_is_not_opened(code: str) -> None:
    keys = tuple(replace(key, withdrawn=AT - HOUR) for key in TRUST.hub.keys) if "withdrawn" in code else ()
    found = open_bundle(GOOD, replace(TRUST, hub=replace(TRUST.hub, keys=keys)), None)
    assert isinstance(found, Finding) and found.code == code


def test_nothing_is_remarked_where_all_keys_hold() -> None:
    assert verify_bundle(made(Case(events=(event(EventType.ACCEPTED),))), TRUST, NOW).remarks == ()


def test_a_listing_inside_a_container_that_nobody_vouches_for_counts_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be an honest one: the rest of the container is by who has the stolen key."""
    monkeypatch.setattr("tests.evidence.case.HUB", NEW_HUB)
    honest = Case(events=(event(EventType.ACCEPTED),))
    trust = rotated(distrusted=AT - HOUR)
    assert verify_evidence(honest.build(), trust, NOW).exit_code == 0
    report = verify_bundle(made(honest), trust, NOW)
    assert (report.exit_code, [each.code for each in report.valid.findings]) == (3, ["evidence.not-listed"])


def test_nothing_is_recorded_after_those_who_cosigned_it() -> None:
    early = too_late(AT + HOUR, Seen("", (), None, AT))
    assert early is not None and early.code == "log.future"
    assert too_late(AT, Seen("", (), None, AT)) is None
