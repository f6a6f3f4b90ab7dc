"""A document alone, with the versions of the trust list in hand: that its issuer left later makes it no forgery."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.evidence.case import sealed
from tests.evidence.test_replaced import STAMPED
from tests.evidence.test_trust_history import chain, ending, listed, without
from tests.evidence.test_xades_time import GOOD as STAMPED_XML
from tests.evidence.world import AT, SG, TRUST
from tradebridge.evidence.given import recognise, verify_given
from tradebridge.evidence.trust import TrustList

DAY = timedelta(days=1)
LEFT, NOW = AT + 10 * DAY, AT + 40 * DAY
XML = sealed()
YES, NO, UNSURE = "yes", "no", "could-not-check"
KNOWN = (YES, UNSURE)


def issuing_nothing(trust: TrustList) -> TrustList:
    """SG-NSW is on the list and may issue nothing."""
    members = (replace(each, issues=frozenset()) if each.id == "SG-NSW" else each for each in trust.members)
    return replace(trust, members=tuple(members))


def with_authority(trust: TrustList) -> TrustList:
    return replace(trust, authorities=STAMPED.authorities)


def answers(data: bytes, trust: TrustList, now: datetime = NOW) -> tuple[str, str, list[str]]:
    report = verify_given(recognise(data, trust), trust, now, as_of=now != NOW)
    return report.unchanged.verdict.value, report.issued.verdict.value, [each.code for each in report.issued.findings]


UNKNOWN, MAY_NOT = ["signature.unknown-key"], ["signature.unknown-issuer"]


@pytest.mark.parametrize(
    ("data", "then", "now", "expected", "alone"),
    [
        (XML, TRUST, without("SG-NSW"), (YES, UNSURE, UNKNOWN), (UNSURE, NO, UNKNOWN)),
        (XML, without("SG-NSW"), without("SG-NSW"), (UNSURE, NO, UNKNOWN), (UNSURE, NO, UNKNOWN)),
        (XML, TRUST, issuing_nothing(TRUST), (YES, UNSURE, MAY_NOT), (YES, NO, MAY_NOT)),
        (XML, issuing_nothing(TRUST), issuing_nothing(TRUST), (YES, NO, MAY_NOT), (YES, NO, MAY_NOT)),
        (STAMPED_XML, STAMPED, with_authority(without("SG-NSW")), (YES, YES, []), (UNSURE, NO, UNKNOWN)),
        (STAMPED_XML, STAMPED, issuing_nothing(STAMPED), (YES, YES, []), (YES, NO, MAY_NOT)),
        (
            STAMPED_XML,
            with_authority(without("SG-NSW")),
            STAMPED,
            (YES, YES, []),  # it is on the list of today
            (YES, YES, []),
        ),
    ],
)
def test_who_left_since_is_could_not_check_and_never_no(
    data: bytes, then: TrustList, now: TrustList, expected: object, alone: object
) -> None:
    history = listed(chain((AT - DAY, then), (LEFT, now)), now=NOW)
    assert answers(data, history) == expected
    assert answers(data, now) == alone


def test_as_of_a_day_it_is_judged_by_the_list_of_that_day() -> None:
    left = listed(chain((AT - DAY, TRUST), (LEFT, without("SG-NSW"))), now=NOW)
    assert answers(XML, left, AT + DAY) == (YES, YES, [])
    came = listed(chain((AT - DAY, without("SG-NSW")), (LEFT, TRUST)), now=NOW)
    assert answers(XML, came, AT + DAY) == (YES, UNSURE, UNKNOWN)


def test_a_key_that_ended_before_its_member_left_is_no_better_for_that() -> None:
    steps = (AT - DAY, TRUST), (AT + 5 * DAY, ending(SG, distrusted=AT + DAY)), (LEFT, without("SG-NSW"))
    found = answers(XML, listed(chain(*steps), now=NOW))
    assert found == (UNSURE, UNSURE, ["signature.distrusted-key"])
