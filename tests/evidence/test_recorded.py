"""A time that the log does not prove is nobody's word but the signer's."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.evidence.case import NOW, Case
from tests.evidence.world import AT, TRUST
from tradebridge.evidence import simulation
from tradebridge.evidence.cosignatures import Witness, add_lines, cosign
from tradebridge.evidence.report import Verdict
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.verify import verify_evidence

HOUR = timedelta(hours=1)
WITNESS = simulation.test_log_key("a witness")


def hub_distrusted(since: datetime, trust: TrustList = TRUST) -> TrustList:
    return replace(trust, hub=replace(trust.hub, keys=tuple(replace(key, distrusted=since) for key in trust.hub.keys)))


def codes(evidence: dict[str, Any], trust: TrustList) -> tuple[str, list[str]]:
    unchanged = verify_evidence(evidence, trust, NOW).unchanged
    return unchanged.verdict.value, [each.code for each in unchanged.findings]


def unplaced() -> dict[str, Any]:
    """A receipt and a record of an early time, and nothing that proves it: whoever has the hub's key can write them."""
    evidence = Case(events=()).build() | {"checkpoint": None, "deliveries": []}
    for message in evidence["messages"]:
        message |= {"inclusion": None, "leafIndex": None}
    return evidence


def test_a_receipt_by_a_key_that_is_distrusted_since_needs_the_log_for_its_time() -> None:
    assert codes(unplaced(), TRUST) == (Verdict.YES, [])
    assert codes(unplaced(), hub_distrusted(AT + HOUR)) == ("could-not-check", ["evidence.no-receipt"])
    recorded = Case(events=()).build() | {"deliveries": []}
    assert codes(recorded, hub_distrusted(AT + HOUR)) == (Verdict.YES, [])
    assert codes(recorded, hub_distrusted(AT - HOUR)) == ("could-not-check", ["evidence.no-receipt"])


def test_where_witnesses_are_named_the_log_alone_proves_no_time() -> None:
    known = Witness("witness.test/one", WITNESS.public_key())
    watched = replace(TRUST, log=replace(TRUST.log, witnesses=(known,), needed=1))
    alone = Case(events=()).build() | {"deliveries": []}
    assert codes(alone, hub_distrusted(AT + HOUR, watched)) == ("could-not-check", ["evidence.no-receipt"])
    line = cosign(alone["checkpoint"], known.name, WITNESS, AT)
    seen = alone | {"checkpoint": add_lines(alone["checkpoint"], [line])}
    assert codes(seen, hub_distrusted(AT + HOUR, watched)) == (Verdict.YES, [])
