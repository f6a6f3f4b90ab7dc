"""Each file in vectors/pint has one fault, by which it is named; the judge says what must be said of it.

`make_vectors.py` wrote them. Between them they reach every outcome that a platform may answer at the start of a
transfer, and every stand that an answer leaves the sender in.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from cryptography import x509

from schemas.bill_of_lading.pint import DISPUTE_KINDS, ENVELOPE_KINDS, SIGNATURE_KINDS, Outcome, signed_checksum
from schemas.bill_of_lading.title import Status
from schemas.findings import Finding
from tests.ebl.cast import VECTORS, accounts
from tradebridge.ebl.chain import content_checksum
from tradebridge.ebl.envelope import Judgement, Known, Settled, Stand, Transfer, Verdict, judge, judge_answer
from tradebridge.ebl.seal import Trust, Trusted

ENVELOPES = sorted((VECTORS / "envelopes").iterdir())
ANSWERS = sorted((VECTORS / "answers").iterdir())


@cache
def trust() -> Trust:
    world = json.loads((VECTORS / "world.json").read_text(encoding="utf-8"))
    platforms, carriers = ({code: trusted(code, each) for code, each in world[kind].items()} for kind in world)
    return Trust(platforms, carriers)


def trusted(code: str, described: dict[str, Any]) -> Trusted:
    certificates = tuple(x509.load_pem_x509_certificate(each.encode()) for each in described["certificates"])
    revoked = {name: datetime.fromisoformat(since) for name, since in described["revoked"].items()}
    return Trusted(code, certificates, revoked=revoked)


def known(described: dict[str, Any]) -> Known:
    settled = {
        content_checksum(each["signed"]): Settled(Outcome(each["outcome"]), each["signed"])
        for each in described.get("settled", [])
    }
    registries = described.get("registries")
    return Known(
        chain=tuple(described.get("chain", ())),
        settled=settled,
        document_checksum=described.get("documentChecksum"),
        version=described.get("version", ""),
        status=Status(described["status"]) if "status" in described else None,
        at=described.get("at"),
        documents=frozenset(described.get("documents", ())),
        registries=None if registries is None else frozenset(registries),
    )


def judged(vector: dict[str, Any]) -> Judgement:
    return judge(
        vector["envelope"],
        me=vector["me"],
        sender_allowed={vector["sender"]},
        trust=trust(),
        known=known(vector["known"]),
        accounts=accounts,
        at=datetime.fromisoformat(vector["at"]),
    )


def answered(vector: dict[str, Any]) -> Verdict:
    described = vector["transfer"]
    transfer = Transfer(
        receiver=described["receiver"],
        last_checksum=signed_checksum(described["lastEntry"]),
        last_entry=described["lastEntry"],
        document_checksum=described["documentChecksum"],
        declared=tuple(described["declared"]),
        bsig_ends=described["bsigEnds"],
    )
    return judge_answer(vector["answer"], transfer, trust(), datetime.fromisoformat(vector["at"]))


def read(path: Any) -> dict[str, Any]:
    vector: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return vector


@pytest.mark.parametrize("path", ENVELOPES, ids=lambda path: path.stem)
def test_an_envelope_is_judged_by_its_one_fault(path: Any) -> None:
    vector = read(path)
    expected, judgement = vector["expected"], judged(vector)
    assert [[each.code, each.pointer] for each in judgement.findings] == expected["findings"]
    assert judgement.outcome == (expected["outcome"] and Outcome(expected["outcome"]))
    assert list(judgement.missing) == expected.get("missing", [])
    assert judgement.purpose == expected.get("purpose", "possession")
    assert not judgement.unreadable and len(judgement.last_checksum) == 64
    if judgement.outcome in (Outcome.BSIG, Outcome.BENV, Outcome.DISE):
        assert judgement.reason and len(judgement.reason) <= 255


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_an_answer_decides_only_if_it_is_signed_and_about_this_transfer(path: Any) -> None:
    vector = read(path)
    expected, verdict = vector["expected"], answered(vector)
    assert [each.code for each in verdict.findings] == expected["findings"]
    assert verdict.stand == Stand(expected["stand"])
    assert list(verdict.missing) == expected.get("missing", [])
    if verdict.stand in (Stand.ACCEPTED, Stand.REFUSED):
        assert verdict.signed == vector["answer"] and verdict.finished is not None


def test_every_outcome_and_every_stand_is_reached() -> None:
    outcomes = {read(path)["expected"]["outcome"] for path in ENVELOPES}
    assert outcomes == {None, "RECE", "DUPE", "BSIG", "BENV", "DISE"}
    assert {read(path)["expected"]["stand"] for path in ANSWERS} == set(Stand)


def test_every_kind_of_refusal_is_reached() -> None:
    reached = {code for path in ENVELOPES for code, _ in read(path)["expected"]["findings"]}
    kinds = {each.code for each in (*SIGNATURE_KINDS, *DISPUTE_KINDS, *ENVELOPE_KINDS)}
    elsewhere = {"pint.header", "pint.issued-to-another", "pint.chain-too-long", "pint.registry-left-out"}
    assert kinds - reached == elsewhere, "those that no envelope alone can be judged for have tests of their own"


def findings() -> Iterator[Finding]:
    for path in ENVELOPES:
        yield from judged(read(path)).findings
    for path in ANSWERS:
        yield from answered(read(path)).findings


def test_a_finding_says_what_was_found_or_expected_and_what_to_do() -> None:
    for found in findings():
        assert found.message and found.fix and found.source
        assert found.found or found.expected or found.code in ("pint.duplicate", "pint.dead-entry"), found
