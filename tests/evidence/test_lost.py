"""Keys of witnesses, timestamp authorities and logs that were in other hands; and quorums that were weaker once."""

from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from simulator.tsa import Authority
from tests.evidence.case import Case
from tests.evidence.test_replaced import (
    DAY,
    LATER,
    NEW,
    OLD,
    REPLACED,
    STAMPED,
    WITNESS,
    after,
    another_log_key,
    authority,
    evidence,
    witnessed,
)
from tests.evidence.test_trust_history import answers, chain, listed
from tests.evidence.world import AT, HUB, TRUST, VERIFIER_KEY
from tradebridge.evidence import simulation
from tradebridge.evidence.cosignatures import Witness, add_lines, cosign
from tradebridge.evidence.lost import LostKey, fingerprints
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.status import status_of, with_status
from tradebridge.evidence.timestamps import query
from tradebridge.evidence.trust import BadTrustList, TrustList
from tradebridge.evidence.trust_diff import differences
from tradebridge.evidence.verify import verify_evidence

UNSURE = "could-not-check"
FEW = (UNSURE, "log.too-few-witnesses")
STOLEN = AT + 5 * DAY
THE_WITNESS = LostKey(Witness("another.name/it", OLD.public_key()).verifier_key, STOLEN)
"""A key is lost under whatever name it is used."""
THE_AUTHORITY = LostKey(fingerprints(authority("42"))[0], STOLEN)
THE_LOG = LostKey(VERIFIER_KEY, STOLEN)


def lost(trust: TrustList, *keys: LostKey) -> TrustList:
    return replace(trust, lost=keys)


BOTH = evidence(cosigned=AT + DAY, stamped=AT + 2 * DAY)
VECTORS: dict[str, tuple[dict[str, Any], TrustList, tuple[str, ...]]] = {
    "a witness's, with its own early time": (evidence(cosigned=AT + DAY), lost(witnessed(OLD), THE_WITNESS), FEW),
    "a witness's that was replaced since": (
        evidence(cosigned=AT + DAY),
        after(witnessed(OLD), lost(witnessed(NEW), THE_WITNESS)),
        FEW,
    ),
    "a witness's, dated before by an authority": (BOTH, lost(witnessed(OLD, STAMPED), THE_WITNESS), ("yes",)),
    "a witness's, dated later by an authority": (
        evidence(cosigned=AT + DAY, stamped=STOLEN + DAY),
        lost(witnessed(OLD, STAMPED), THE_WITNESS),
        FEW,
    ),
    "a witness's, dated by an authority that is lost too": (
        BOTH,
        lost(witnessed(OLD, STAMPED), THE_WITNESS, THE_AUTHORITY),
        FEW,
    ),
    "an authority's, beside a witness": (BOTH, lost(witnessed(OLD, STAMPED), THE_AUTHORITY), ("yes",)),
    "an authority's that was replaced since": (
        evidence(stamped=AT + DAY),
        after(STAMPED, lost(witnessed(NEW), THE_AUTHORITY)),
        FEW,
    ),
    "the log's, dated by nobody": (evidence(), lost(TRUST, THE_LOG), (UNSURE, "log.distrusted-key")),
    "the log's, cosigned before": (evidence(cosigned=AT + DAY), lost(witnessed(OLD), THE_LOG), ("yes",)),
    "the log's, cosigned after": (
        evidence(cosigned=STOLEN + DAY),
        lost(witnessed(OLD), THE_LOG),
        (UNSURE, "log.distrusted-key"),
    ),
    "the log's that was replaced since": (
        evidence(stamped=STOLEN + DAY),
        after(STAMPED, lost(another_log_key(STAMPED), THE_LOG)),
        (UNSURE, "log.distrusted-key"),
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_key_that_was_in_other_hands_is_believed_of_nothing_that_others_do_not_date(name: str) -> None:
    given, trust, expected = VECTORS[name]
    assert answers(trust, LATER, given)["recorded"][: len(expected)] == expected


def test_a_lost_authority_says_nothing_of_when() -> None:
    reason = answers_in_words(lost(witnessed(OLD, STAMPED), THE_AUTHORITY), BOTH)
    assert "cosigned by witness.test/one" in reason and "dated" not in reason


def answers_in_words(trust: TrustList, given: dict[str, Any]) -> str:
    return verify_evidence(given, trust, LATER).recorded.reason


def test_the_list_tells_of_them_and_its_changes_are_told() -> None:
    trust = lost(TRUST, THE_WITNESS, THE_AUTHORITY, THE_LOG)
    assert TrustList.from_json(trust.to_json()) == trust
    assert [each.what for each in differences(TRUST, trust)] == ["added"] * 3
    for key, since, pointer in (("x", "2026-01-01T00:00:00Z", "key"), (VERIFIER_KEY, "yesterday", "since")):
        with pytest.raises(BadTrustList) as caught:
            TrustList.from_json(TRUST.to_json() | {"lostKeys": [{"key": key, "since": since}]})
        assert caught.value.found.pointer == f"/lostKeys/0/{pointer}"


# --- a quorum that was weaker once -----------------------------------------------------------------------------------

KEYS = [OLD, *(simulation.test_log_key(f"witness {index}") for index in (1, 2))]


def asking(count: int, needed: int, trust: TrustList = TRUST) -> TrustList:
    """So many witnesses, so many of them needed."""
    named = tuple(Witness(f"{WITNESS}{index}", each.public_key()) for index, each in enumerate(KEYS[:count]))
    return replace(trust, log=replace(trust.log, witnesses=named, needed=needed))


def by(count: int, at: datetime, stamped: datetime | None = None) -> dict[str, Any]:
    made = Case(events=()).build()
    lines = [cosign(made["checkpoint"], f"{WITNESS}{index}", key, at) for index, key in enumerate(KEYS[:count])]
    made["checkpoint"] = add_lines(made["checkpoint"], lines)
    if stamped:
        token = Authority("42").answer(query(made["checkpoint"].encode()).der, stamped)
        made["timestamp"] = b64encode(token).decode()
    return made


def test_the_weakest_quorum_that_was_ever_named_is_not_enough_for_what_its_witnesses_date() -> None:
    """Every hub names its witnesses one by one: with the first, one of one was asked for."""
    second = timedelta(seconds=1)
    steps = (
        (AT - DAY, TRUST),
        (AT - DAY + second, asking(1, 1)),
        (AT + 3 * DAY, asking(2, 2)),
        (REPLACED, asking(3, 2)),
    )
    trust = listed(chain(*steps), now=LATER)
    assert answers(trust, LATER, by(1, AT + DAY))["recorded"] == FEW
    assert answers(trust, LATER, by(2, AT + 4 * DAY))["recorded"] == ("yes",)
    stamped = [(at, replace(each, authorities=STAMPED.authorities)) for at, each in steps]
    dated = listed(chain(*stamped), now=LATER)
    assert answers(dated, LATER, by(1, AT + DAY, AT + DAY))["recorded"] == ("yes",)
    assert answers(dated, LATER, by(1, AT + DAY, REPLACED + DAY))["recorded"][:2] == FEW


def test_a_version_counts_for_what_is_dated_in_its_own_time_only() -> None:
    """Not for what was dated before it was named, when more were asked for."""
    steps = ((AT - DAY, asking(3, 2)), (REPLACED, asking(1, 1)), (REPLACED + DAY, asking(3, 2)))
    trust = listed(chain(*((at, replace(each, authorities=STAMPED.authorities)) for at, each in steps)), now=LATER)
    assert answers(trust, LATER, by(1, AT + DAY, AT + DAY))["recorded"] == FEW
    assert answers(trust, LATER, by(1, AT + DAY, REPLACED + timedelta(hours=1)))["recorded"] == ("yes",)


def test_a_status_tells_of_them_to_who_keeps_an_older_list() -> None:
    trust, known = witnessed(OLD), lost(witnessed(OLD), THE_WITNESS)
    told = with_status(trust, status_of(known, LATER, DAY).sign(HUB), LATER)
    assert isinstance(told, TrustList) and told.lost == (THE_WITNESS,)
    assert answers(told, LATER, evidence(cosigned=AT + DAY))["recorded"] == FEW
    again = with_status(known, status_of(known, LATER, DAY).sign(HUB), LATER)
    assert isinstance(again, TrustList) and again.lost == (THE_WITNESS,)
    wrong = replace(status_of(known, LATER, DAY), lost=(LostKey("x", STOLEN),)).sign(HUB)
    found = with_status(trust, wrong, LATER)
    assert isinstance(found, Finding) and (found.code, found.pointer) == ("trust.wrong-status", "/lostKeys/0")
