"""The tree leaf by leaf, and exports that are no exports."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.event import EventType
from tests.evidence.case import event
from tests.evidence.exporting import codes, judged, lines_of, recorded, said
from tests.evidence.issuing import GOOD as OFFICER
from tests.evidence.issuing import ISSUING, signer_of, with_certificate
from tests.evidence.world import ORIGIN, SG, TRUST
from tradebridge.evidence import notes, proofs, simulation
from tradebridge.evidence.audit import MOST_FINDINGS, Act, Verification, read_act, verify_export
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.trust_history import TrustHistory, TrustVersion

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
LEAVES = [sha256(bytes([number])).digest() for number in range(70)]


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_tree_that_grows_leaf_by_leaf_has_the_root_of_the_whole(first: int, more: int) -> None:
    def tile(level: int, index: int) -> bytes:
        return b"".join(LEAVES) if (level, index) == (0, 0) else b""

    tree = proofs.Growing(first, proofs.frontier_of(first, tile))
    for leaf in LEAVES[first : first + more]:
        tree.append(leaf)
    assert tree.root() == proofs.root_of(LEAVES[: tree.size])


@pytest.mark.parametrize(("size", "frontier"), [(0, [b"x" * 32]), (3, [b"x" * 32]), (1, [b"short"]), (4, [])])
def test_a_frontier_has_one_hash_for_each_complete_subtree(size: int, frontier: list[bytes]) -> None:
    with pytest.raises(ValueError, match="frontier"):
        proofs.Growing(size, frontier)


@given(st.lists(st.binary(max_size=80), max_size=4))
def test_no_input_raises_and_none_of_it_holds(lines: list[bytes]) -> None:
    assert verify_export(lines, TRUST, NOW).exit_code in (3, 5)


GOOD = (
    b'{"about":"","apiKey":"","detailsDigest":"","kind":"reading","member":"","person":"","recordId":"rec_1",'
    b'"space":"","time":"2026-01-05T09:00:00Z","what":""}'
)


def test_a_record_of_people_has_exactly_its_ten_members() -> None:
    assert isinstance(read_act(GOOD), Act)
    for changed in (
        GOOD.replace(b'"what":""', b'"what":1'),
        GOOD.replace(b'"what"', b'"whet"'),
        GOOD.replace(b"09:00:00Z", b"nine"),
        GOOD + b" ",
        GOOD.replace(b'"about":"",', b'"about":"","about":"x",'),
    ):
        assert isinstance(read_act(changed), Finding), changed


def test_a_flood_of_findings_is_counted_and_not_kept() -> None:
    told = Verification()
    for _ in range(MOST_FINDINGS + 50):
        told.add(finding("audit.not-opened"))
    assert (len(told.findings), told.found, told.exit_code) == (MOST_FINDINGS, MOST_FINDINGS + 50, 5)


def test_an_event_is_judged_by_what_was_trusted_when_it_was_recorded() -> None:
    """A member that has left since had said what it had said; one that came later had not."""
    rejected, day = event(EventType.REJECTED), timedelta(days=1)
    gone = replace(TRUST, members=tuple(each for each in TRUST.members if each.id != "TH-NSW"))
    first, now = rejected.at - day, rejected.at + 3 * day

    def told(before: TrustList, after: TrustList) -> list[str]:
        one = TrustVersion(1, first, None, "", before)
        two = TrustVersion(2, rejected.at + day, one.digest, "", after)
        listed = replace(after, history=TrustHistory((one, two)))
        return codes(judged([recorded(one), said(rejected), said(rejected), recorded(two)], now, listed))

    assert told(TRUST, gone) == []
    assert told(gone, TRUST) == ["signature.unknown-key"] * 2


def test_an_event_under_the_record_of_another_document_is_false() -> None:
    cancelled = event(EventType.CANCELLED, SG)
    assert judged([said(cancelled)], NOW).exit_code == 0
    moved = judged([said(replace(cancelled, document_id="doc_0000000000000000000000002"))], NOW)
    assert (moved.exit_code, codes(moved)) == (5, ["receipt.other-document"])


def test_an_event_that_is_recorded_twice_is_remarked() -> None:
    cancelled = event(EventType.CANCELLED, SG)
    once = judged([said(cancelled), said(event(EventType.ACCEPTED, at=cancelled.at))], NOW)
    twice = judged([said(cancelled), said(replace(cancelled, id="msg_again"))], NOW)
    assert (once.exit_code, once.remarks, twice.exit_code) == (0, [], 0)
    assert [(each.code, each.pointer) for each in twice.remarks] == [("audit.event-twice", "/2/event")]
    assert len(twice.to_json()["remarks"]) == 1  # type: ignore[arg-type]  # a list


def test_the_lists_in_the_head_tell_of_certificates_that_an_authority_issued() -> None:
    by_officer = event(EventType.ACCEPTED, signer_of(OFFICER))
    by_officer = replace(by_officer, data=with_certificate(by_officer.data.decode(), OFFICER).encode())
    alone, lines = replace(ISSUING, revocations=()), lines_of([said(by_officer)])
    without = verify_export([json.dumps(each).encode() for each in lines], alone, NOW)
    assert (without.exit_code, codes(without)) == (3, ["signature.revocation-unknown"])
    lines[0]["revocations"] = [b64encode(each.data).decode() for each in ISSUING.revocations]
    assert verify_export([json.dumps(each).encode() for each in lines], alone, NOW).exit_code == 0


def test_an_export_of_a_former_log_key_is_judged_by_what_was_in_force() -> None:
    """As evidence is: a key that was replaced is believed of what is dated before that."""
    rejected, day = event(EventType.REJECTED), timedelta(days=1)
    other = notes.verifier_key_of(ORIGIN, simulation.test_log_key("new log").public_key())
    after = replace(TRUST, log=replace(TRUST.log, verifier_key=other))
    one = TrustVersion(1, rejected.at - day, None, "", TRUST)
    two = TrustVersion(2, rejected.at + day, one.digest, "", after)
    entries, now = [recorded(one), said(rejected), said(rejected), recorded(two)], rejected.at + 3 * day
    assert codes(judged(entries, now, after)) == ["log.unknown-key"]
    with_history = judged(entries, now, replace(after, history=TrustHistory((one, two))))
    assert (codes(with_history), with_history.exit_code) == (["log.replaced-key"], 3)
