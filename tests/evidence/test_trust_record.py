"""The trust list's versions on the record are the ones that are told to whoever asks."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.evidence.exporting import Logged, act, codes, judged, recorded
from tests.evidence.world import AT, TRUST
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.trust_history import TrustHistory, TrustVersion

DAY = timedelta(days=1)
NOW = AT + 9 * DAY
FIRST = TrustVersion(1, AT, None, "start", TRUST)
SECOND = TrustVersion(2, AT + DAY, FIRST.digest, "a second", replace(TRUST, simulated=True))
THIRD = TrustVersion(3, AT + 2 * DAY, SECOND.digest, "a third", TRUST)
FORGED = replace(SECOND, trust=replace(TRUST, members=TRUST.members[1:]))
"""As number 2 is shown to one verifier alone."""
LATER_TIME = AT + 3 * DAY
LATER = act("operator", LATER_TIME)


def known(*versions: TrustVersion) -> TrustList:
    return replace(versions[-1].trust, history=TrustHistory(versions))


ON_RECORD = [recorded(each) for each in (FIRST, SECOND, THIRD)]


def test_the_history_that_stands_on_the_record_holds() -> None:
    for own in (known(FIRST, SECOND, THIRD), known(FIRST), TRUST):
        assert codes(judged([*ON_RECORD, LATER], NOW, own)) == []
    young = replace(THIRD, number=4, previous=THIRD.digest, issued_at=LATER_TIME)
    assert codes(judged([*ON_RECORD, LATER], NOW, known(FIRST, SECOND, THIRD, young))) == []


def test_a_history_that_was_told_to_one_alone_is_found_out() -> None:
    told = judged([*ON_RECORD, LATER], NOW, known(FIRST, FORGED))
    assert (told.exit_code, codes(told)) == (5, ["audit.trust-version"])
    more = judged([recorded(FIRST), LATER], NOW, known(FIRST, FORGED))
    assert (more.exit_code, codes(more)) == (3, ["audit.trust-missing"])


@pytest.mark.parametrize(
    ("entries", "code", "exit_code"),
    [
        ([recorded(FIRST), recorded(replace(SECOND, previous="0" * 64))], "audit.trust-version", 5),
        ([recorded(FIRST), recorded(SECOND), recorded(FORGED)], "audit.trust-version", 5),
        ([recorded(replace(FIRST, previous="0" * 64))], "audit.trust-version", 5),
        ([recorded(FIRST), act("trust", AT + DAY, "", number="2")], "audit.trust-version", 5),
        ([recorded(FIRST), recorded(THIRD)], "audit.trust-missing", 3),
        ([recorded(SECOND)], "audit.trust-missing", 3),
    ],
)
def test_versions_on_the_record_follow_one_another(entries: list[Logged], code: str, exit_code: int) -> None:
    told = judged(entries, NOW)
    assert (told.exit_code, codes(told)) == (exit_code, [code])


def test_a_version_that_is_hidden_as_if_it_were_a_reading_is_missing() -> None:
    hiding = act("retention", NOW, "", before="2020-01-05T09:00:00Z", years=5, hidden=[[1, 1]])
    told = judged([recorded(FIRST), recorded(SECOND), LATER, hiding], NOW, known(FIRST, SECOND), hidden=(1,))
    assert codes(told) == ["audit.trust-missing", "audit.hidden"]
