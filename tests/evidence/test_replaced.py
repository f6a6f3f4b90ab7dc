"""A log key, a witness or a timestamp authority that was replaced: what it had dated before that, it has dated."""

from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from simulator.tsa import Authority
from tests.evidence.case import NOW, Case
from tests.evidence.test_given import XML, judged
from tests.evidence.test_trust_history import answers, chain, listed, without
from tests.evidence.world import AT, ORIGIN, TRUST
from tradebridge.evidence import notes, simulation
from tradebridge.evidence.cosignatures import Witness, add_lines, cosign
from tradebridge.evidence.timestamps import TimestampRoot, query
from tradebridge.evidence.told import proof_of, read_told, with_hub
from tradebridge.evidence.trust import TrustList

DAY = timedelta(days=1)
REPLACED = AT + 10 * DAY
LATER = AT + 40 * DAY
OLD, NEW = simulation.test_log_key("old witness"), simulation.test_log_key("new witness")
WITNESS = "witness.test/one"


def authority(seed: str) -> TimestampRoot:
    return TimestampRoot(f"TSA {seed}", (simulation.test_authority(seed).certificate,))


def witnessed(key: Any, trust: TrustList = TRUST) -> TrustList:
    return replace(trust, log=replace(trust.log, witnesses=(Witness(WITNESS, key.public_key()),), needed=1))


def another_log_key(trust: TrustList) -> TrustList:
    other = notes.verifier_key_of(ORIGIN, simulation.test_log_key("new log").public_key())
    return replace(trust, log=replace(trust.log, verifier_key=other))


def evidence(*, stamped: datetime | None = None, cosigned: datetime | None = None, by: Any = OLD) -> dict[str, Any]:
    made = Case(events=()).build()
    if cosigned:
        made["checkpoint"] = add_lines(made["checkpoint"], [cosign(made["checkpoint"], WITNESS, by, cosigned)])
    if stamped:
        token = Authority("42").answer(query(made["checkpoint"].encode()).der, stamped)
        made["timestamp"] = b64encode(token).decode()
    return made


def after(then: TrustList, now: TrustList) -> TrustList:
    """The list of now, with the one that it replaced."""
    return listed(chain((AT - DAY, then), (REPLACED, now)), now=LATER)


STAMPED = replace(TRUST, authorities=(authority("42"),))
OTHER_AUTHORITY = replace(TRUST, authorities=(authority("43"),))
SOON, TOO_LATE = AT + DAY, REPLACED + DAY
UNSURE = "could-not-check"

VECTORS: dict[str, tuple[dict[str, Any], TrustList, TrustList, tuple[str, ...]]] = {
    "an authority, replaced": (evidence(stamped=SOON), STAMPED, OTHER_AUTHORITY, ("yes",)),
    "an authority, taken off": (evidence(stamped=SOON), STAMPED, TRUST, ("yes",)),
    "an authority that dates it after it was replaced": (
        evidence(stamped=TOO_LATE),
        STAMPED,
        OTHER_AUTHORITY,
        (UNSURE, "timestamp.invalid"),
    ),
    "an authority that was never named": (
        evidence(stamped=SOON),
        OTHER_AUTHORITY,
        replace(TRUST, authorities=(authority("44"),)),
        (UNSURE, "timestamp.invalid"),
    ),
    "a witness, replaced": (evidence(cosigned=SOON), witnessed(OLD), witnessed(NEW), ("yes",)),
    "a witness that cosigned after it was replaced": (
        evidence(cosigned=TOO_LATE),
        witnessed(OLD),
        witnessed(NEW),
        (UNSURE, "log.too-few-witnesses"),
    ),
    "a first witness, of a checkpoint that was dated before": (
        evidence(stamped=SOON),
        STAMPED,
        witnessed(NEW, STAMPED),
        ("yes",),
    ),
    "a first witness, of a checkpoint that nothing dates": (
        evidence(),
        TRUST,
        witnessed(NEW),
        (UNSURE, "log.too-few-witnesses"),
    ),
    "witness and authority, both replaced": (
        evidence(cosigned=SOON, stamped=SOON + DAY),
        witnessed(OLD, STAMPED),
        witnessed(NEW, OTHER_AUTHORITY),
        ("yes",),
    ),
    "the log's key, of a checkpoint that was dated before": (
        evidence(stamped=SOON),
        STAMPED,
        another_log_key(STAMPED),
        ("yes",),
    ),
    "the log's key, of a checkpoint that was cosigned before": (
        evidence(cosigned=SOON),
        witnessed(OLD),
        another_log_key(witnessed(OLD)),
        ("yes",),
    ),
    "the log's key, of a checkpoint that was dated after it was replaced": (
        evidence(stamped=TOO_LATE),
        STAMPED,
        another_log_key(STAMPED),
        (UNSURE, "log.replaced-key"),
    ),
    "the log's key, of a checkpoint that nothing dates": (
        evidence(),
        TRUST,
        another_log_key(TRUST),
        (UNSURE, "log.replaced-key"),
    ),
    "a log's key that was never named": (evidence(), another_log_key(TRUST), another_log_key(TRUST), ("no",)),
}


@pytest.mark.parametrize("name", VECTORS)
def test_what_was_replaced_is_believed_of_what_it_dated_before(name: str) -> None:
    given, then, now, expected = VECTORS[name]
    found = answers(after(then, now), LATER, given)["recorded"]
    assert found[: len(expected)] == expected


def test_without_the_versions_nobody_knows_what_was_named_before() -> None:
    assert answers(OTHER_AUTHORITY, LATER, evidence(stamped=SOON))["recorded"] == (UNSURE, "timestamp.invalid")
    assert answers(another_log_key(STAMPED), LATER, evidence(stamped=SOON))["recorded"] == ("no", "log.unknown-key")


def test_a_recipient_that_has_left_since_had_it() -> None:
    given = Case(events=()).build()
    assert answers(without("TH-NSW"), LATER, given)["unchanged"] == (UNSURE, "signature.unknown-key")
    assert answers(after(TRUST, without("TH-NSW")), LATER, given)["exit"] == ("0",)
    assert answers(after(without("TH-NSW"), without("TH-NSW")), LATER, given)["exit"] == ("3",)


def test_a_hub_s_proof_is_judged_alike() -> None:
    given = evidence(stamped=SOON)
    told = read_told({"found": True, **judged(XML).to_json(), "proof": proof_of(given)})
    for trust, verdict in ((after(STAMPED, another_log_key(OTHER_AUTHORITY)), "yes"), (another_log_key(TRUST), "no")):
        assert with_hub(judged(XML), told, XML, trust, NOW + DAY).recorded.verdict == verdict


def test_a_document_s_own_timestamp_too() -> None:
    given = evidence()
    given["document"]["timestamp"] = b64encode(Authority("42").answer(query(XML).der, SOON)).decode()
    trust = after(STAMPED, OTHER_AUTHORITY)
    assert answers(trust, LATER, given)["unchanged"] == ("yes",)
    assert answers(OTHER_AUTHORITY, LATER, given)["unchanged"] == (UNSURE, "timestamp.invalid")
