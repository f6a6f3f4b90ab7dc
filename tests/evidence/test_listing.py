"""What was taken out of the evidence is missed, and what it says is said as of a day."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.event import EventType
from tests.evidence import case
from tests.evidence.case import MINUTE, NOW, Case, content_of, event
from tests.evidence.test_bundle import made
from tests.evidence.test_recorded import hub_distrusted
from tests.evidence.world import AT, HUB, ORIGIN, SG, STRANGER, TRUST
from tradebridge.evidence import canonical, jws
from tradebridge.evidence.bundle import verify_bundle
from tradebridge.evidence.file import EvidenceFile, read_evidence
from tradebridge.evidence.listing import check_listing, read_listing, text_of
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.report import Report, Verdict
from tradebridge.evidence.verify import verify_evidence

Evidence = dict[str, Any]
CANCELLED = Case(events=(event(EventType.ACCEPTED), event(EventType.CANCELLED, SG, 1, at=AT + 2 * MINUTE)))
WHOLE = CANCELLED.build()
BEFORE = Case(events=CANCELLED.events[:1]).build()


def without_the_cancellation(evidence: Evidence) -> Evidence:
    return {**evidence, "messages": evidence["messages"][:-1]}


def unlisted(evidence: Evidence) -> Evidence:
    return {name: value for name, value in evidence.items() if name != "listing"}


def valid(report: Report) -> tuple[str, list[str]]:
    return report.valid.verdict.value, [each.code for each in report.valid.findings]


UNSURE = "could-not-check"


def test_a_cancellation_that_was_taken_out_is_missed() -> None:
    assert valid(verify_evidence(WHOLE, TRUST, NOW)) == ("no", ["evidence.cancelled"])
    taken_out = verify_evidence(without_the_cancellation(WHOLE), TRUST, NOW)
    assert (valid(taken_out), taken_out.exit_code) == ((UNSURE, ["evidence.incomplete"]), 3)
    (found,) = taken_out.valid.findings
    assert (found.found, found.pointer) == ("without msg_cancelled1", "/messages")
    both = verify_evidence(unlisted(without_the_cancellation(WHOLE)), TRUST, NOW)
    assert valid(both) == (UNSURE, ["evidence.not-listed"])
    with_the_listing_of_before = without_the_cancellation(WHOLE) | {"listing": BEFORE["listing"]}
    mixed = verify_evidence(with_the_listing_of_before, TRUST, NOW)
    assert [each.pointer for each in mixed.valid.findings] == ["/checkpoint"]


def test_evidence_of_an_earlier_day_holds_and_says_of_which() -> None:
    report = verify_evidence(BEFORE, TRUST, NOW)
    assert (report.exit_code, report.valid.verdict) == (0, Verdict.YES)
    assert report.valid.reason.startswith("As of 2026-01-05T09:01:00Z nothing on the record ends it")


def test_what_ended_it_is_told_also_where_nobody_lists_it() -> None:
    assert valid(verify_evidence(unlisted(WHOLE), TRUST, NOW)) == ("no", ["evidence.cancelled", "evidence.not-listed"])


def test_as_of_an_earlier_time_the_whole_is_looked_at_first() -> None:
    at = AT + MINUTE + timedelta(seconds=30)
    assert verify_evidence(WHOLE, TRUST, at, as_of=True).exit_code == 0
    assert valid(verify_evidence(without_the_cancellation(WHOLE), TRUST, at, as_of=True))[0] == UNSURE


def test_as_of_an_earlier_time_the_answer_names_that_time() -> None:
    report = verify_evidence(WHOLE, TRUST, AT + MINUTE + timedelta(seconds=30), as_of=True)
    assert report.valid.reason.startswith("As of 2026-01-05T09:01:30Z nothing on the record ends it")


def test_a_time_that_somebody_wrote_into_a_record_takes_no_cancellation_out() -> None:
    (*before, cancellation) = WHOLE["messages"]
    record = json.loads(b64decode(cancellation["record"])) | {"time": "2099-01-01T00:00:00.000Z"}
    later = cancellation | {"record": b64encode(canonical.dumps(record)).decode()}
    for as_of in (False, True):
        report = verify_evidence(WHOLE | {"messages": [*before, later]}, TRUST, NOW, as_of=as_of)
        assert (report.valid.verdict is Verdict.YES, report.exit_code == 0) == (False, False), report


def test_a_listing_is_not_older_than_what_it_lists() -> None:
    """Else a key that was withdrawn could list less of what came after."""
    early = said(time="2026-01-05T08:00:00Z", at=AT - 60 * MINUTE)
    found = verify_evidence(WHOLE | {"listing": early}, TRUST, NOW)
    assert "evidence.incomplete" in [each.code for each in found.valid.findings]
    assert [each.pointer for each in found.valid.findings if each.code == "evidence.incomplete"] == ["/listing/time"]


# --- bundles ---------------------------------------------------------------------------------------------------------


class Unlisted(Case):
    """As it stands in a hub's bundle."""

    def build(self) -> Evidence:
        return unlisted(super().build())


class TakenOut(Case):
    def build(self) -> Evidence:
        return without_the_cancellation(super().build())


def test_a_bundle_is_signed_as_a_whole_and_needs_no_listing() -> None:
    data = made(Unlisted(events=CANCELLED.events[:1]), at=AT + 2 * MINUTE)
    report = verify_bundle(data, TRUST, NOW)
    assert (report.exit_code, "As of 2026-01-05T09:02:00Z" in report.valid.reason) == (0, True), report
    bare = json.loads(json.dumps(Unlisted(events=CANCELLED.events[:1]).build()))
    assert valid(verify_evidence(bare, TRUST, NOW)) == (UNSURE, ["evidence.not-listed"])


def test_but_not_where_its_key_was_in_other_hands() -> None:
    """Whoever had the key could have taken something out."""
    data = made(Unlisted(events=CANCELLED.events[:1]))
    assert valid(verify_bundle(data, hub_distrusted(AT + timedelta(hours=1)), NOW)) == (UNSURE, ["evidence.not-listed"])


def test_a_listing_inside_a_bundle_counts_too() -> None:
    data = made(TakenOut(events=CANCELLED.events))
    assert valid(verify_bundle(data, TRUST, NOW)) == (UNSURE, ["evidence.incomplete"])


# --- what is no listing ----------------------------------------------------------------------------------------------

GOOD = case.listing([CANCELLED.acceptance(), *CANCELLED.events], content_of(CANCELLED.data), WHOLE["checkpoint"])


def said(at: datetime = GOOD.time, **changes: Any) -> str:
    return jws.sign(canonical.dumps(_payload() | changes), jws.LISTING, HUB, at)


def _payload() -> Evidence:
    payload = jws.payload_of(WHOLE["listing"])
    assert isinstance(payload, bytes)
    return dict(json.loads(payload))


REFUSED: dict[str, tuple[str, Callable[[], str]]] = {
    "by a member": ("signature.wrong-purpose", lambda: GOOD.sign(SG)),
    "by a stranger": ("signature.unknown-key", lambda: GOOD.sign(STRANGER)),
    "under the type of a receipt": (
        "signature.wrong-type",
        lambda: jws.sign(canonical.dumps(_payload()), jws.RECEIPT, HUB, AT),
    ),
    "of another document": ("receipt.other-document", lambda: replace(GOOD, document_id="doc_other").sign(HUB)),
    "of other content": ("receipt.other-document", lambda: said(contentDigest="0" * 64)),
    "of another space": ("receipt.wrong-space", lambda: said(space="other")),
    "of another time than its signature's": ("receipt.wrong-time", lambda: said(time="2026-02-01T00:00:00Z")),
    "with a member more": ("receipt.malformed", lambda: said(extra=1)),
    "of another checkpoint": ("evidence.incomplete", lambda: said(checkpoint=f"{ORIGIN}\n1\nAAAA\n")),
    "in another order": ("evidence.incomplete", lambda: said(messages=list(reversed(GOOD.messages)))),
    "with a message more": ("evidence.incomplete", lambda: said(messages=[*GOOD.messages, "msg_more"])),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_listing_of_it_says_nothing(name: str) -> None:
    code, make = REFUSED[name]
    file = read_evidence(WHOLE | {"listing": make()})
    assert isinstance(file, EvidenceFile)
    found = check_listing(file, TRUST)
    assert isinstance(found, Finding) and found.code == code, found


def test_a_listing_is_read_as_it_was_made() -> None:
    assert read_listing(WHOLE["listing"], TRUST) == GOOD
    assert text_of(None) is None
