"""A history can bring the proof that its versions stand on the public record; one that proves another is refused."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from tests.evidence.case import NOW, OTHER_LEAVES
from tests.evidence.exporting import Logged, act, recorded
from tests.evidence.test_trust_history import DAY, chain, read, without
from tests.evidence.world import AT, HUB, LOG_KEY, ORIGIN, TRUST
from tradebridge.evidence import notes, proofs, simulation
from tradebridge.evidence.cosignatures import Witness
from tradebridge.evidence.trust import BadTrustList, TrustList
from tradebridge.evidence.trust_history import TrustHistory, TrustVersion, history_json, list_with_history

TOKENS = chain((AT - DAY, TRUST), (AT, without("TH-NSW")))
FIRST, SECOND = read(TOKENS).versions
FORGED = TrustVersion(2, AT, FIRST.digest, "a member more", replace(TRUST, members=TRUST.members[:-1]))
"""As a thief of the hub's key would have it."""


def proof_of(entry: Logged) -> dict[str, Any]:
    leaves = [*OTHER_LEAVES[:5], proofs.leaf_hash(entry.leaf), *OTHER_LEAVES[5:9]]
    tile = b"".join(leaves)
    hashes = proofs.inclusion(5, len(leaves), lambda level, index: tile if (level, index) == (0, 0) else b"")
    return {
        "record": b64encode(entry.record).decode(),
        "salt": entry.salt.hex(),
        "details": entry.beside["details"],
        "leafIndex": 5,
        "inclusion": {"size": len(leaves), "index": 5, "hashes": [each.hex() for each in hashes]},
        "checkpoint": notes.sign_checkpoint(ORIGIN, len(leaves), proofs.root_of(leaves), LOG_KEY),
        "timestamp": None,
    }


def listed(proof: dict[str, Any] | None, tokens: list[str] = TOKENS) -> TrustList:
    return list_with_history(orjson.loads(orjson.dumps(history_json(tokens, record=proof))), NOW)


def known(trust: TrustList) -> int:
    assert isinstance(trust.history, TrustHistory)
    return trust.history.recorded


def test_the_versions_up_to_the_one_that_is_proven_stand_on_the_record() -> None:
    assert known(listed(proof_of(recorded(SECOND)))) == 2
    assert known(listed(proof_of(recorded(FIRST)))) == 1
    assert known(listed(None)) == 0


def test_a_history_of_a_thief_of_the_hubs_key_has_no_proof() -> None:
    tokens = [TOKENS[0], FORGED.sign(HUB)]
    assert known(listed(None, tokens)) == 0
    with pytest.raises(BadTrustList) as caught:
        listed(proof_of(recorded(SECOND)), tokens)
    assert (caught.value.found.code, caught.value.found.pointer) == ("trust.not-recorded", "/record/details")


def test_what_cannot_be_told_is_not_refused() -> None:
    """Witnesses that have not cosigned; and a log whose key is another since, by the word of a list alone."""
    witness = Witness("witness.test/one", simulation.test_log_key("witness").public_key())
    witnessed = replace(TRUST, log=replace(TRUST.log, witnesses=(witness,), needed=1))
    key = notes.verifier_key_of(ORIGIN, simulation.test_log_key("another").public_key())
    for trust in (witnessed, replace(TRUST, log=replace(TRUST.log, verifier_key=key))):
        tokens = chain((AT - DAY, TRUST), (AT, trust))
        assert known(listed(proof_of(recorded(read(tokens).newest)), tokens)) == 0


def _changed(name: str, change: Callable[[Any], Any]) -> dict[str, Any]:
    proof = proof_of(recorded(SECOND))
    return proof | {name: change(proof[name])}


@pytest.mark.parametrize(
    ("proof", "code"),
    [
        (proof_of(act("operator", AT, "", number=2, digest=SECOND.digest)), "trust.not-recorded"),
        (proof_of(act("trust", AT, "", number=2, digest=FIRST.digest)), "trust.not-recorded"),
        (proof_of(act("trust", AT, "", number=3, digest=SECOND.digest)), "trust.not-recorded"),
        (_changed("details", lambda text: text.replace("2", "1", 1)), "trust.not-recorded"),
        (_changed("record", lambda text: b64encode(b64decode(text)[:-1]).decode()), "trust.not-recorded"),
        (_changed("salt", lambda _: "0" * 64), "log.not-included"),
        (_changed("leafIndex", lambda index: index + 1), "log.not-included"),
        (_changed("inclusion", lambda told: told | {"hashes": told["hashes"][:-1]}), "log.not-included"),
        (_changed("checkpoint", lambda note: note.replace("\n10\n", "\n11\n", 1)), "log.invalid"),
        (_changed("checkpoint", lambda _: 1), "trust.malformed"),
    ],
)
def test_a_proof_that_does_not_hold_is_refused(proof: dict[str, Any], code: str) -> None:
    with pytest.raises(BadTrustList) as caught:
        listed(proof)
    assert caught.value.found.code == code
    assert caught.value.found.pointer.startswith("/record")
