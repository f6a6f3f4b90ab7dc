"""A document's own timestamp in its evidence: what it adds, and what is wrong with one that is not over these bytes."""

from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from simulator.tsa import NAME, Authority
from tests.evidence.case import NOW, Case, sealed
from tests.evidence.test_bundle import made
from tests.evidence.world import AT, EXPIRED, TRUST
from tradebridge.evidence.bundle import open_bundle, verify_bundle
from tradebridge.evidence.report import Verdict
from tradebridge.evidence.simulation import test_authority
from tradebridge.evidence.timestamps import TimestampRoot, query
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.verify import verify_evidence

DATED = replace(TRUST, authorities=(TimestampRoot(NAME, (test_authority("42").certificate,)),))
LATER = AT + timedelta(minutes=3)


def token(data: bytes, at: datetime = LATER, seed: str = "42") -> str:
    return b64encode(Authority(seed).answer(query(data).der, at)).decode()


def evidence(stamp: str | None, case: Case | None = None) -> dict[str, Any]:
    built = (case or Case()).build()
    built["document"]["timestamp"] = stamp
    return built


def test_it_says_since_when_the_bytes_exist() -> None:
    report = verify_evidence(evidence(token(sealed())), DATED, NOW)
    assert report.exit_code == 0
    assert report.unchanged.reason.endswith(f"{NAME} dates them 2026-01-05T09:03:00Z.")


def test_without_one_nothing_is_said_of_it() -> None:
    assert "dates" not in verify_evidence(evidence(None), DATED, NOW).unchanged.reason


@pytest.mark.parametrize(
    ("stamp", "trust", "code"),
    [
        (token(sealed() + b"\n"), DATED, "timestamp.invalid"),
        (token(sealed(), seed="evil"), DATED, "timestamp.invalid"),
        (b64encode(b"rubbish").decode(), DATED, "timestamp.invalid"),
        (token(sealed(), at=NOW + timedelta(days=1)), DATED, "log.future"),
    ],
)
def test_one_that_does_not_hold_is_no_yes(stamp: str, trust: TrustList, code: str) -> None:
    report = verify_evidence(evidence(stamp), trust, NOW)
    assert (report.unchanged.verdict, report.exit_code) == (Verdict.COULD_NOT_CHECK, 3)
    assert [(each.code, each.pointer) for each in report.unchanged.findings] == [(code, "/document/timestamp")]


def test_it_proves_the_time_of_a_signature_whose_record_is_not_proven() -> None:
    """A certificate that has ended since: without a proven time nobody can tell whether it signed before that."""
    data = sealed(EXPIRED, AT - timedelta(days=900))
    waiting = Case(data=data).build() | {"checkpoint": None}
    ended = verify_evidence(waiting, DATED, NOW)
    assert {each.code for each in ended.issued.findings} == {"signature.expired-certificate"}
    waiting["document"]["timestamp"] = token(data, AT - timedelta(days=890))
    dated = verify_evidence(waiting, DATED, NOW)
    assert "signature.expired-certificate" not in {each.code for each in dated.issued.findings}


class Stamped(Case):
    """Case whose document has been dated."""

    def build(self) -> dict[str, Any]:
        return evidence(token(self.data), Case(self.data))


def test_it_stands_in_the_bundle_beside_the_document() -> None:
    bundle = open_bundle(made(Stamped()), DATED, AT)
    assert bundle.files["document.tsr"]  # type: ignore[union-attr]  # a finding has no files, and fails here
    assert verify_bundle(made(Stamped()), DATED, NOW).exit_code == 0
    without = made(Stamped(), change={"document.tsr": None})
    assert verify_bundle(without, DATED, NOW).exit_code != 0
    another = made(Stamped(), change={"document.tsr": b"another"})
    assert verify_bundle(another, DATED, NOW).exit_code != 0
