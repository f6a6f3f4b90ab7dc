"""Verification answers four questions on evidence, and nothing bent gets four times yes."""

import copy
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import Syntax
from schemas.event import Actor, EventType, Subject
from tests.evidence import case
from tests.evidence.case import DOCUMENT_ID, NOW, Case, attestation, event, form_d, sealed
from tests.evidence.world import (
    AT,
    EXPIRED,
    HUB,
    LOG_KEY,
    ORIGIN,
    SG,
    STRANGER,
    TH,
    TRUST,
    member_of,
    signer_of,
    without_log_key,
)
from tradebridge.evidence import jws, notes, proofs, verify
from tradebridge.evidence.report import Report, Verdict
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.trust import HUB_PURPOSES, TrustedKey, TrustedMember, TrustList, hub_of
from tradebridge.evidence.verify import verify_evidence

Evidence = dict[str, Any]

GOOD = Case(
    events=[
        event(EventType.QUERIED),
        event(EventType.ANSWERED, SG, 1),
        event(EventType.ACCEPTED, TH, 2),
        event(EventType.UTILISED, TH, 3),
    ]
)
GOOD_EVIDENCE = GOOD.build()
CANCELLED = Case(events=[event(EventType.ACCEPTED), event(EventType.CANCELLED, SG, 1)])


def _verdicts(report: Report) -> dict[str, str]:
    return {answer.question: answer.verdict.value for answer in report.answers}


# --- Four times yes --------------------------------------------------------------------------------------------------


def test_good_evidence_gets_four_times_yes() -> None:
    report = verify_evidence(GOOD_EVIDENCE, TRUST, NOW)
    assert _verdicts(report) == dict.fromkeys(("unchanged", "issued", "valid", "recorded"), "yes"), report
    assert report.exit_code == 0
    assert (report.document, report.number, report.simulated) == (DOCUMENT_ID, "SG-2026-00041", True)
    assert "SG-NSW" in report.issued.reason
    assert "TH-NSW utilised" in report.valid.reason
    assert f"leaf 100 of {300 + 5} in {ORIGIN}" in report.recorded.reason
    assert "2026-01-05T09:00:00Z" in report.recorded.reason


def test_the_file_in_hand_is_compared() -> None:
    assert verify_evidence(GOOD_EVIDENCE, TRUST, NOW, GOOD.data).exit_code == 0


def test_a_document_in_json_signed_as_jws_is_verified_alike() -> None:
    token = jws.sign(form_d(syntax=Syntax.JSON), jws.DOCUMENT, SG, AT).encode()
    report = verify_evidence(Case(data=token).build(), TRUST, NOW)
    assert report.exit_code == 0, report


def test_the_report_is_json() -> None:
    form = json.loads(json.dumps(verify_evidence(GOOD_EVIDENCE, TRUST, NOW).to_json()))
    assert form["format"] == "tradebridge-report/1"
    assert form["exitCode"] == 0
    assert [answer["answer"] for answer in form["answers"]] == ["yes"] * 4


def test_it_still_verifies_after_the_signer_s_certificate_has_expired() -> None:
    """The log proves when it was signed; what happens to the certificate later changes nothing."""
    signer = EXPIRED
    at = AT - timedelta(days=30)
    data = case.sealed(signer, at, exporter="MY")
    evidence = Case(data=data, at=at, member="MY-NSW").build()
    evidence["deliveries"] = []
    report = verify_evidence(evidence, TRUST, NOW)
    assert report.exit_code == 0, report


def test_a_document_whose_own_dates_have_ended_is_not_valid_any_more() -> None:
    """Nobody has to say so: its last day is the 5th of January 2027, and ends last at UTC-12."""
    last = datetime(2027, 1, 6, 12, tzinfo=UTC)
    assert verify_evidence(GOOD_EVIDENCE, TRUST, last - timedelta(seconds=1)).exit_code == 0
    report = verify_evidence(GOOD_EVIDENCE, TRUST, last)
    assert [each.code for each in report.valid.findings] == ["evidence.expired"]
    assert (report.valid.verdict, report.exit_code) == ("no", 4)
    waiting = copy.deepcopy(GOOD_EVIDENCE) | {"checkpoint": None}
    assert verify_evidence(waiting, TRUST, last).valid.verdict == "no"


def _withdrawn(signer: LocalSigner, since: datetime) -> TrustList:
    """The list on which the keys of this member end at a moment."""

    def ended(member: TrustedMember) -> TrustedMember:
        keys = tuple(replace(key, withdrawn=since) for key in member.keys)
        return replace(member, keys=keys) if member.id == signer.member else member

    return replace(TRUST, members=tuple(ended(each) for each in TRUST.members))


def test_a_key_that_was_withdrawn_later_changes_nothing() -> None:
    """Judged by the time that the log proves, not by today."""
    report = verify_evidence(GOOD_EVIDENCE, _withdrawn(SG, NOW - timedelta(seconds=1)), NOW)
    assert report.exit_code == 0, report


def test_a_key_that_was_withdrawn_before_has_issued_nothing() -> None:
    report = verify_evidence(GOOD_EVIDENCE, _withdrawn(SG, AT - timedelta(days=1)), NOW)
    assert (report.issued.verdict, report.exit_code) == ("no", 5)
    assert [found.code for found in report.issued.findings] == ["signature.withdrawn-key"]


# --- What is bent ----------------------------------------------------------------------------------------------------

Bent = Callable[[], Report]
VECTORS: dict[str, tuple[str, str, int, Bent]] = {}
"""Name of the vector -> the question that it turns, the answer, the exit code, the report."""


def vector(question: str, answer: str, exit_code: int) -> Callable[[Bent], Bent]:
    def add(make: Bent) -> Bent:
        VECTORS[make.__name__] = (question, answer, exit_code, make)
        return make

    return add


def _bent(change: Callable[[Evidence], object], trust: TrustList = TRUST, of: Evidence = GOOD_EVIDENCE) -> Report:
    evidence = copy.deepcopy(of)
    change(evidence)
    return verify_evidence(evidence, trust, NOW)


def _set(*path: str | int, to: object) -> Callable[[Evidence], object]:
    def change(evidence: Evidence) -> None:
        place: Any = evidence
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


OTHER_DATA = sealed(number="SG-2026-99999")


@vector("unchanged", "no", 5)
def a_changed_amount() -> Report:
    data = GOOD.data.replace(b"SG-2026-00041", b"SG-2026-00042", 1)
    return _bent(_set("document", "bytes", to=b64encode(data).decode()))


@vector("unchanged", "no", 5)
def another_document_with_its_own_digests() -> Report:
    content = case.content_of(OTHER_DATA)

    def change(evidence: Evidence) -> None:
        evidence["document"] |= {
            "bytes": b64encode(OTHER_DATA).decode(),
            "bytesDigest": content.bytes_digest,
            "contentDigest": content.content_digest,
            "number": "SG-2026-99999",
        }

    return _bent(change)


@vector("unchanged", "no", 5)
def another_file_in_hand() -> Report:
    return verify_evidence(GOOD_EVIDENCE, TRUST, NOW, OTHER_DATA)


@vector("unchanged", "no", 5)
def the_same_content_signed_once_more() -> Report:
    return verify_evidence(GOOD_EVIDENCE, TRUST, NOW, sealed(at=AT + timedelta(seconds=1)))


@vector("unchanged", "no", 5)
def a_file_in_hand_that_is_no_document() -> Report:
    return verify_evidence(GOOD_EVIDENCE, TRUST, NOW, b"\x00\x01")


@vector("unchanged", "no", 5)
def another_number_beside_the_document() -> Report:
    return _bent(_set("document", "number", to="SG-2026-99999"))


@vector("unchanged", "no", 5)
def another_profile_beside_the_document() -> Report:
    return _bent(_set("document", "profile", to="rcep-co/2022"))


@vector("unchanged", "no", 5)
def a_signature_under_another_document() -> Report:
    """The hub would never accept it; here even its receipt and its record say that it did."""
    data = OTHER_DATA.replace(b"SG-2026-99999", b"SG-2026-00041", 1)
    return verify_evidence(Case(data=data).build(), TRUST, NOW)


@vector("issued", "no", 5)
def a_signer_on_no_list() -> Report:
    """KEY-1."""
    return verify_evidence(Case(data=sealed(STRANGER)).build(), TRUST, NOW)


@vector("issued", "no", 5)
def a_signer_on_the_list_inside_the_evidence_only() -> Report:
    evidence = Case(data=sealed(STRANGER)).build()
    own = replace(TRUST, members=(member_of(STRANGER, "SG"),))
    evidence["trust"] = own.to_json()
    return verify_evidence(evidence, TRUST, NOW)


@vector("issued", "no", 5)
def a_signer_of_another_country() -> Report:
    return verify_evidence(Case(data=sealed(TH)).build(), TRUST, NOW)


@vector("issued", "no", 5)
def a_key_that_had_expired_when_it_was_recorded() -> Report:
    return verify_evidence(Case(data=sealed(EXPIRED, exporter="MY")).build(), TRUST, NOW)


@vector("issued", "could-not-check", 3)
def no_signature_of_an_issuer() -> Report:
    return verify_evidence(Case(data=form_d(), attested=True).build(), TRUST, NOW)


@vector("issued", "could-not-check", 3)
def no_signature_and_no_attestation() -> Report:
    return verify_evidence(Case(data=form_d()).build(), TRUST, NOW)


@vector("issued", "no", 5)
def an_attestation_by_a_member() -> Report:
    evidence = Case(data=form_d(), attested=True).build()
    evidence["messages"][0]["attestation"] = attestation(Case(data=form_d()).acceptance(), SG)
    return verify_evidence(evidence, TRUST, NOW)


@vector("issued", "no", 5)
def an_attestation_of_another_document() -> Report:
    evidence = Case(data=form_d(), attested=True).build()
    evidence["messages"][0]["attestation"] = attestation(Case(data=form_d(number="SG-9")).acceptance())
    return verify_evidence(evidence, TRUST, NOW)


@vector("issued", "could-not-check", 3)
def a_profile_that_is_not_known_here() -> Report:
    evidence = copy.deepcopy(GOOD_EVIDENCE)
    message = replace(GOOD.acceptance(), profile="unknown/1")
    evidence["document"]["profile"] = "unknown/1"
    return _rebuilt(evidence, message)


def _rebuilt(evidence: Evidence, message: case.Message) -> Report:
    """The evidence with this one message only, in a log of its own."""
    leaves = [message.leaf(), *case.OTHER_LEAVES]
    tree = case._tree(leaves)
    evidence["messages"] = [case._form(message, 0, len(leaves), tree)]
    evidence["checkpoint"] = notes.sign_checkpoint(ORIGIN, len(leaves), proofs.tree_root(len(leaves), tree), LOG_KEY)
    return verify_evidence(evidence, TRUST, NOW)


@vector("valid", "no", 4)
def a_cancelled_document() -> Report:
    return verify_evidence(CANCELLED.build(), TRUST, NOW)


@vector("valid", "could-not-check", 3)
def a_cancellation_with_a_changed_byte() -> Report:
    evidence = CANCELLED.build()
    token = bytearray(b64decode(evidence["messages"][2]["bytes"]))
    token[-5] = ord("A") if token[-5] != ord("A") else ord("B")
    return _bent(_set("messages", 2, "bytes", to=b64encode(token).decode()), of=evidence)


@vector("valid", "could-not-check", 3)
def a_cancellation_without_its_bytes() -> Report:
    return _bent(_set("messages", 2, "bytes", to=None), of=CANCELLED.build())


@vector("valid", "could-not-check", 3)
def a_cancellation_by_the_recipient() -> Report:
    return verify_evidence(Case(events=[event(EventType.CANCELLED, TH)]).build(), TRUST, NOW)


@vector("valid", "could-not-check", 3)
def an_event_in_the_name_of_another_member() -> Report:
    spoken = event(EventType.ACCEPTED, SG, actor=Actor(member="TH-NSW"))
    return verify_evidence(Case(events=[spoken]).build(), TRUST, NOW)


@vector("valid", "could-not-check", 3)
def an_event_on_another_document() -> Report:
    other = event(EventType.ACCEPTED, document=Subject(id=DOCUMENT_ID, content_digest="0" * 64))
    return verify_evidence(Case(events=[other]).build(), TRUST, NOW)


@vector("valid", "no", 4)
def a_replaced_certificate() -> Report:
    return verify_evidence(Case(events=[event(EventType.REPLACED, HUB)]).build(), TRUST, NOW)


@vector("valid", "no", 4)
def an_expired_certificate_though_it_was_used() -> Report:
    used = [*GOOD.events, event(EventType.EXPIRED, HUB, 4)]
    return verify_evidence(replace(GOOD, events=used).build(), TRUST, NOW)


@vector("valid", "could-not-check", 3)
def an_expiry_that_a_member_says() -> Report:
    return verify_evidence(Case(events=[event(EventType.EXPIRED, SG)]).build(), TRUST, NOW)


@vector("valid", "could-not-check", 3)
def a_decision_that_the_hub_says() -> Report:
    return verify_evidence(Case(events=[event(EventType.ACCEPTED, HUB)]).build(), TRUST, NOW)


@vector("valid", "could-not-check", 3)
def an_answer_to_a_question_that_nobody_asked() -> Report:
    asked = event(EventType.QUERIED)
    answered = event(
        EventType.ANSWERED, SG, 1, body={"answers": [{"question": "q9", "kind": "explains", "text": "So."}]}
    )
    return verify_evidence(Case(events=[asked, answered]).build(), TRUST, NOW)


@vector("valid", "could-not-check", 3)
def an_event_that_is_a_receipt() -> Report:
    """JWS-21."""
    message = event(EventType.ACCEPTED)
    token = GOOD.acceptance().receipt().sign(HUB, AT).encode()
    return verify_evidence(Case(events=[replace(message, data=token)]).build(), TRUST, NOW)


@vector("valid", "could-not-check", 3)
def events_in_another_order() -> Report:
    return _bent(lambda evidence: evidence["messages"].insert(1, evidence["messages"].pop()))


@vector("valid", "could-not-check", 3)
def the_same_event_twice() -> Report:
    return _bent(lambda evidence: evidence["messages"].append(evidence["messages"][-1]))


@vector("valid", "could-not-check", 3)
def an_event_missing_in_the_middle() -> Report:
    return _bent(lambda evidence: evidence["messages"].pop(2))


@vector("valid", "could-not-check", 3)
def an_event_that_is_not_in_the_log() -> Report:
    return _bent(_set("messages", 1, "salt", to="00" * 32))


@vector("unchanged", "no", 5)
def a_receipt_of_another_document() -> Report:
    other = replace(GOOD.acceptance(), data=OTHER_DATA).receipt().sign(HUB, AT)
    return _bent(_set("messages", 0, "receipt", to=other))


@vector("recorded", "no", 4)
def a_receipt_by_a_member() -> Report:
    return _bent(_set("messages", 0, "receipt", to=GOOD.acceptance().receipt().sign(SG, AT)))


@vector("recorded", "no", 4)
def a_receipt_for_another_message() -> Report:
    other = replace(GOOD.acceptance(), id="msg_other").receipt().sign(HUB, AT)
    return _bent(_set("messages", 0, "receipt", to=other))


@vector("recorded", "no", 4)
def a_receipt_of_another_time() -> Report:
    other = replace(GOOD.acceptance(), at=AT - timedelta(seconds=1)).receipt().sign(HUB, AT)
    return _bent(_set("messages", 0, "receipt", to=other))


@vector("recorded", "no", 4)
def a_record_of_an_earlier_time() -> Report:
    """LOG-7: with a receipt that agrees, only the proof is left to say no."""
    early = replace(GOOD.acceptance(), at=AT - timedelta(days=1))

    def change(evidence: Evidence) -> None:
        evidence["messages"][0]["record"] = b64encode(early.record()).decode()
        evidence["messages"][0]["receipt"] = early.receipt().sign(HUB, early.at)

    return _bent(change)


@vector("recorded", "no", 4)
def a_record_that_is_not_canonical() -> Report:
    loose = json.dumps(json.loads(GOOD.acceptance().record()), sort_keys=True).encode()
    return _bent(_set("messages", 0, "record", to=b64encode(loose).decode()))


@vector("recorded", "no", 4)
def a_record_with_a_member_more() -> Report:
    record = json.loads(GOOD.acceptance().record()) | {"extra": "x"}
    loose = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
    return _bent(_set("messages", 0, "record", to=b64encode(loose).decode()))


@vector("recorded", "no", 4)
def another_salt() -> Report:
    return _bent(_set("messages", 0, "salt", to="00" * 32))


@vector("recorded", "no", 4)
def the_proof_of_another_leaf() -> Report:
    """LOG-7."""

    def change(evidence: Evidence) -> None:
        evidence["messages"][0]["inclusion"] = evidence["messages"][1]["inclusion"]
        evidence["messages"][0]["leafIndex"] = evidence["messages"][1]["leafIndex"]

    return _bent(change)


@vector("recorded", "no", 4)
def another_index_than_the_proof_s() -> Report:
    return _bent(_set("messages", 0, "leafIndex", to=101))


@vector("recorded", "no", 4)
def a_proof_cut_short() -> Report:
    """LOG-5."""
    return _bent(lambda evidence: evidence["messages"][0]["inclusion"]["hashes"].pop())


@vector("recorded", "no", 4)
def an_empty_proof() -> Report:
    """LOG-5."""
    return _bent(_set("messages", 0, "inclusion", "hashes", to=[]))


@vector("recorded", "no", 4)
def a_proof_for_another_size() -> Report:
    """LOG-5."""
    return _bent(_set("messages", 0, "inclusion", "size", to=304))


@vector("recorded", "no", 4)
def a_checkpoint_by_another_key() -> Report:
    """LOG-8."""
    return verify_evidence(GOOD_EVIDENCE, without_log_key(), NOW)


@vector("recorded", "no", 4)
def a_checkpoint_with_another_root() -> Report:
    lines = GOOD_EVIDENCE["checkpoint"].split("\n")
    lines[2] = b64encode(sha256(b"another").digest()).decode()
    return _bent(_set("checkpoint", to="\n".join(lines)))


@vector("recorded", "no", 4)
def a_checkpoint_of_another_origin() -> Report:
    """LOG-13."""
    lines = GOOD_EVIDENCE["checkpoint"].split("\n")
    other = notes.sign_checkpoint("log.test/other", int(lines[1]), b64decode(lines[2]), LOG_KEY)
    return _bent(_set("checkpoint", to=other))


@vector("recorded", "no", 4)
def a_checkpoint_of_another_fork() -> Report:
    """LOG-1, LOG-2: rightly signed, same size, another history. The leaf is not in it."""
    root = proofs.root_of([*case.OTHER_LEAVES, *case.OTHER_LEAVES[:5]])
    return _bent(_set("checkpoint", to=notes.sign_checkpoint(ORIGIN, 305, root, LOG_KEY)))


@vector("recorded", "could-not-check", 3)
def a_leaf_that_waits_for_its_place() -> Report:
    def change(evidence: Evidence) -> None:
        evidence["messages"][0] |= {"leafIndex": None, "inclusion": None}

    return _bent(change)


@vector("recorded", "could-not-check", 3)
def no_checkpoint_yet() -> Report:
    return _bent(_set("checkpoint", to=None))


@vector("recorded", "could-not-check", 3)
def a_clock_that_is_behind() -> Report:
    """LOG-14."""
    return verify_evidence(GOOD_EVIDENCE, TRUST, AT - timedelta(days=1))


@vector("recorded", "no", 4)
def evidence_of_another_space() -> Report:
    return verify_evidence(GOOD_EVIDENCE, replace(TRUST, space="other"), NOW)


@vector("recorded", "could-not-check", 3)
def a_hub_whose_key_is_not_on_the_list() -> Report:
    other = signer_of("HUB", seed="another seed")
    hub = hub_of([TrustedKey.of("HUB", other.certificate, HUB_PURPOSES)])
    return verify_evidence(GOOD_EVIDENCE, replace(TRUST, hub=hub), NOW)


@vector("recorded", "could-not-check", 3)
def a_trust_list_whose_log_key_is_none() -> Report:
    return verify_evidence(GOOD_EVIDENCE, replace(TRUST, log=replace(TRUST.log, verifier_key="none")), NOW)


@vector("recorded", "could-not-check", 3)
def two_acceptances() -> Report:
    return _bent(lambda evidence: evidence["messages"].append(evidence["messages"][0]))


@vector("recorded", "could-not-check", 3)
def no_acceptance() -> Report:
    return _bent(lambda evidence: evidence["messages"].pop(0))


@vector("unchanged", "no", 5)
def a_delivery_note_of_another_document() -> Report:
    other = case.note(case.content_of(OTHER_DATA), "doc_other").sign(HUB, AT)
    return _bent(_set("deliveries", 0, "note", to=other))


@vector("unchanged", "no", 5)
def a_delivery_note_on_another_original() -> Report:
    other = case.note(case.content_of(OTHER_DATA)).sign(HUB, AT)
    return _bent(_set("deliveries", 1, "note", to=other))


@vector("unchanged", "no", 5)
def a_delivery_note_to_another_recipient() -> Report:
    return _bent(_set("deliveries", 0, "recipient", to="VN-NSW"))


@vector("unchanged", "no", 5)
def an_acknowledgement_by_another_member() -> Report:
    taken = case.acknowledgement(case.content_of(GOOD.data), member="SG-NSW").sign(SG, AT + case.MINUTE)
    return _bent(_set("deliveries", 0, "acknowledgement", to=taken))


@vector("unchanged", "no", 5)
def an_acknowledgement_signed_for_another_member() -> Report:
    taken = case.acknowledgement(case.content_of(GOOD.data)).sign(SG, AT + case.MINUTE)
    return _bent(_set("deliveries", 0, "acknowledgement", to=taken))


@vector("unchanged", "no", 5)
def an_acknowledgement_of_another_delivery() -> Report:
    taken = case.acknowledgement(case.content_of(GOOD.data), "dlv_2").sign(TH, AT + case.MINUTE)
    return _bent(_set("deliveries", 0, "acknowledgement", to=taken))


@vector("unchanged", "no", 5)
def a_receipt_in_place_of_an_acknowledgement() -> Report:
    """JWS-21."""
    return _bent(_set("deliveries", 0, "acknowledgement", to=GOOD.acceptance().receipt().sign(HUB, AT)))


@pytest.mark.parametrize("name", VECTORS)
def test_what_is_bent_is_answered(name: str) -> None:
    question, verdict, exit_code, make = VECTORS[name]
    report = make()
    answer = next(each for each in report.answers if each.question == question)
    assert (answer.verdict.value, report.exit_code) == (verdict, exit_code), report
    assert answer.reason
    assert answer.next_step
    assert answer.findings
    json.dumps(report.to_json())


@pytest.mark.parametrize(
    "value", [None, [], "text", 5, {}, {"format": "tradebridge-evidence/2"}, {"format": "tradebridge-evidence/1"}]
)
def test_what_is_no_evidence_could_not_be_checked(value: object) -> None:
    report = verify_evidence(value, TRUST, NOW)
    assert {answer.verdict for answer in report.answers} == {Verdict.COULD_NOT_CHECK}
    assert report.exit_code == 3
    assert report.unchanged.findings[0].code == "evidence.malformed"


# --- Whatever is changed ---------------------------------------------------------------------------------------------

HINTS = (("trust",), ("simulated",))
"""What nothing rests on."""


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path[:1] in HINTS:
        return
    if isinstance(value, dict | list):
        if path:
            yield path
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(each, (*path, key))
    else:
        yield path


PLACES = list(_places(GOOD_EVIDENCE))


def _other_value(data: st.DataObject, value: Any) -> Any:
    if isinstance(value, str) and value and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(value) - 1))
        other = data.draw(st.characters(max_codepoint=0x2FF).filter(lambda character: character != value[at]))
        return value[:at] + other + value[at + 1 :]
    if isinstance(value, int) and data.draw(st.booleans()):
        return value + data.draw(st.sampled_from([-1, 1, 2**40, 2**70]))
    anything: st.SearchStrategy[Any] = (
        st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just([]) | st.just({})
    )
    return data.draw(anything.filter(lambda other: other != value))


@pytest.mark.fuzz
@given(st.data())
def test_nothing_in_the_evidence_can_be_changed_unseen(data: st.DataObject) -> None:
    """One oracle: it does not raise, and it does not say four times yes."""
    path = data.draw(st.sampled_from(PLACES))
    value: Any = GOOD_EVIDENCE
    for step in path:
        value = value[step]
    other = _other_value(data, value)
    report = _bent(_set(*path, to=other))
    json.dumps(report.to_json())
    unused = value is None and path[-1] in ("bytes", "attestation")  # of a message that needs none
    left_out = path[0] == "deliveries" and other in (None, [])
    assert report.exit_code != 0 or unused or left_out, (path, other)


def test_the_module_stays_short_enough_to_be_read() -> None:
    """Issue 6: what an auditor reads has at most 400 lines."""
    assert len(Path(verify.__file__).read_text(encoding="utf-8").splitlines()) <= 400


# --- another document beside it --------------------------------------------------------------------------------------


def test_another_document_is_not_judged_at_the_time_of_the_one_in_the_evidence() -> None:
    """What a thief signs with a stolen key, dated back, is not older because of evidence of something else."""
    now, since = AT + timedelta(days=40), AT + timedelta(days=10)
    stolen = replace(TRUST.members[0], keys=tuple(replace(key, distrusted=since) for key in TRUST.members[0].keys))
    trust = replace(TRUST, members=(stolen, *TRUST.members[1:]))
    forged = sealed(number="SG-2026-09999")
    report = verify_evidence(Case(events=()).build(), trust, now, forged)
    assert (report.unchanged.verdict, report.exit_code) == (Verdict.NO, 5)
    assert [each.code for each in report.issued.findings] == ["signature.distrusted-key"]
    assert report.issued.verdict is Verdict.COULD_NOT_CHECK
    assert verify_evidence(Case(events=()).build(), trust, now, sealed()).issued.verdict is Verdict.YES
