"""The time of a record is the hub's claim: an answer that rests on it says so, and says who else has seen it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.evidence.case import Case
from tests.evidence.test_replaced import OLD, STAMPED, evidence, witnessed
from tests.evidence.test_trust_history import ending
from tests.evidence.world import AT, SG, TRUST
from tradebridge.evidence.report import Report, Verdict
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.verify import verify_evidence

DAY = timedelta(days=1)
STOLEN = AT + 10 * DAY
NOW = AT + 90 * DAY


def of_a_stolen_key(trust: TrustList, given: dict[str, Any]) -> Report:
    """The record says that it is older."""
    report = verify_evidence(given, ending(SG, trust, distrusted=STOLEN), NOW)
    assert report.issued.verdict is Verdict.YES
    return report


@pytest.mark.parametrize(
    ("trust", "given", "expected"),
    [
        (TRUST, evidence(), "is the hub's word alone."),
        (witnessed(OLD), evidence(cosigned=AT + DAY), "is shown by who had seen it at 2026-01-06T09:00:00Z."),
        (STAMPED, evidence(stamped=AT + DAY), "is shown by who had seen it at 2026-01-06T09:00:00Z."),
        (
            witnessed(OLD),
            evidence(cosigned=AT + 60 * DAY),
            "is the hub's word: others have seen it at 2026-03-06T09:00:00Z only.",
        ),
    ],
)
def test_of_a_key_that_was_stolen_since_it_is_said_who_had_seen_the_document_before(
    trust: TrustList, given: dict[str, Any], expected: str
) -> None:
    reason = of_a_stolen_key(trust, given).issued.reason
    assert reason.endswith(
        f"Its key was in other hands since 2026-01-15T09:00:00Z; that it had signed before {expected}"
    )


def test_a_yes_says_whose_clock_it_goes_by() -> None:
    report = verify_evidence(Case(events=()).build(), TRUST, NOW)
    assert "since 2026-01-05T09:00:00Z by the hub's clock: leaf" in report.recorded.reason
    assert "at 2026-01-05T09:00:00Z by its own clock, which may" in report.issued.reason
    assert "other hands" not in report.issued.reason
