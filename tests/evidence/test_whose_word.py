"""The time of a record is the hub's claim: an answer that rests on it says so, and says who else has seen it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.evidence.case import Case
from tests.evidence.test_given import XML, judged
from tests.evidence.test_replaced import NEW, OLD, STAMPED, evidence, witnessed
from tests.evidence.test_trust_history import chain, ending, listed
from tests.evidence.world import AT, SG, TRUST
from tradebridge.evidence.report import Report, Verdict
from tradebridge.evidence.told import proof_of, read_told, with_hub
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.verify import verify_evidence

DAY = timedelta(days=1)
STOLEN = AT + 4 * DAY
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
            evidence(cosigned=AT + 6 * DAY),
            "is the hub's word: others have seen it at 2026-01-11T09:00:00Z only.",
        ),
    ],
)
def test_of_a_key_that_was_stolen_since_it_is_said_who_had_seen_the_document_before(
    trust: TrustList, given: dict[str, Any], expected: str
) -> None:
    reason = of_a_stolen_key(trust, given).issued.reason
    assert reason.endswith(
        f"Its key was in other hands since 2026-01-09T09:00:00Z; that it had signed before {expected}"
    )


def test_a_yes_says_whose_clock_it_goes_by() -> None:
    report = verify_evidence(Case(events=()).build(), TRUST, NOW)
    assert "since 2026-01-05T09:00:00Z by the hub's clock: leaf" in report.recorded.reason
    assert "at 2026-01-05T09:00:00Z by its own clock, which may" in report.issued.reason
    assert "other hands" not in report.issued.reason


# --- logged late -----------------------------------------------------------------------------------------------------

FIRST, MUCH_LATER = AT + DAY, AT + 60 * DAY


def with_first(given: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    """Evidence on a late checkpoint, with that of an earlier day beside it."""
    return {**given, "first": {"checkpoint": then["checkpoint"], "inclusion": then["messages"][0]["inclusion"]}}


def test_a_record_that_nobody_saw_for_long_is_not_known_to_be_so_old() -> None:
    given, trust = evidence(cosigned=MUCH_LATER), witnessed(OLD)
    late = verify_evidence(given, trust, NOW)
    assert (late.exit_code, [each.code for each in late.recorded.findings]) == (3, ["log.late"])
    stolen = verify_evidence(given, ending(SG, trust, distrusted=STOLEN), NOW)
    assert [each.code for each in stolen.issued.findings] == ["signature.distrusted-key"]
    assert verify_evidence(evidence(), TRUST, NOW).exit_code == 0  # nobody dates it, nobody was to


def test_the_first_checkpoint_over_the_acceptance_says_since_when_it_was_seen() -> None:
    given, trust = evidence(cosigned=MUCH_LATER), witnessed(OLD)
    held = verify_evidence(with_first(given, evidence(cosigned=FIRST)), ending(SG, trust, distrusted=STOLEN), NOW)
    assert held.exit_code == 0 and "is shown by who had seen it at 2026-01-06T09:00:00Z." in held.issued.reason
    told = read_told(
        {"found": True, **judged(XML).to_json(), "proof": proof_of(with_first(given, evidence(cosigned=FIRST)))}
    )
    assert with_hub(judged(XML), told, XML, trust, NOW).recorded.verdict is Verdict.YES
    other = evidence(cosigned=FIRST)
    other["messages"][0]["inclusion"]["hashes"][0] = "0" * 64
    for broken in (other, evidence(cosigned=FIRST, by=NEW), evidence()):
        found = verify_evidence(with_first(given, broken), trust, NOW)
        assert [each.code for each in found.recorded.findings] == ["log.late"]


def test_where_nobody_was_named_to_see_it_nobody_could_have() -> None:
    trust = listed(chain((AT - DAY, TRUST), (AT + 55 * DAY, witnessed(OLD))), now=NOW)
    assert verify_evidence(evidence(cosigned=MUCH_LATER), trust, NOW).exit_code == 0
    named = listed(chain((AT - DAY, witnessed(NEW)), (AT + 50 * DAY, witnessed(OLD))), now=NOW)
    assert verify_evidence(evidence(cosigned=MUCH_LATER), named, NOW).exit_code == 3


@pytest.mark.parametrize("named", [timedelta(hours=1), 50 * DAY])
def test_a_time_without_witnesses_is_no_place_to_date_back_into(named: timedelta) -> None:
    """It counts from the first moment at which somebody was named; the newest list alone is no stricter than that."""
    steps = (
        (AT - DAY, TRUST),
        (AT + named, witnessed(OLD)),
        (AT + 70 * DAY, ending(SG, witnessed(OLD), distrusted=STOLEN)),
    )
    history, given = listed(chain(*steps), now=NOW), evidence(cosigned=MUCH_LATER)
    late = verify_evidence(given, history, NOW)
    assert (late.exit_code, [each.code for each in late.recorded.findings]) == (3, ["log.late"])
    assert [each.code for each in late.issued.findings] == ["signature.distrusted-key"]


def test_what_nobody_dates_is_late_where_the_key_was_stolen_since() -> None:
    stolen = ending(SG, STAMPED, distrusted=STOLEN)
    for given in (evidence(stamped=MUCH_LATER), evidence()):
        late = verify_evidence(given, stolen, NOW)
        assert (late.exit_code, [each.code for each in late.recorded.findings]) == (3, ["log.late"])
    assert verify_evidence(evidence(stamped=FIRST), stolen, NOW).exit_code == 0
    assert verify_evidence(evidence(), STAMPED, NOW).exit_code == 0  # the time decides nothing
