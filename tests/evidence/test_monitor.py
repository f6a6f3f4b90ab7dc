"""A monitor takes what extends the log that it has seen, and shouts at everything else that the log has signed."""

from hypothesis import given
from hypothesis import strategies as st

from tests.evidence.test_witnessing import LEAVES, LOGS, ORIGIN, OTHER, node, note_of
from tradebridge.evidence import proofs
from tradebridge.evidence.monitor import Alarm, Seen, begin, follow
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.trust import TrustedLog

LOG = TrustedLog(ORIGIN, LOGS[ORIGIN])


def seen(size: int) -> Seen:
    found = begin(note_of(size), LOG)
    assert isinstance(found, Seen)
    return found


def proof(first: int, second: int) -> list[bytes]:
    return proofs.consistency_proof(first, second, node) if 0 < first < second else []


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_log_that_grows_is_followed(first: int, second: int) -> None:
    old, new = sorted((first, second))
    assert follow(seen(old), note_of(new), proof(old, new), LOG) == seen(new)


@given(st.integers(1, 40), st.integers(0, 39))
def test_a_log_that_shrinks_is_an_alarm(old: int, new: int) -> None:
    new = min(new, old - 1)
    found = follow(seen(old), note_of(new), [], LOG)
    assert isinstance(found, Alarm)
    assert (found.found.code, found.found.attack) == ("log.two-histories", "LOG-2")
    assert (found.before, found.after) == (note_of(old), note_of(new))


@given(st.integers(1, 40))
def test_another_root_at_the_same_size_is_an_alarm(size: int) -> None:
    found = follow(seen(size), note_of(size, b"\7" * 32), [], LOG)
    assert isinstance(found, Alarm) and found.found.attack == "LOG-2"


@given(st.integers(1, 38), st.integers(0, 37))
def test_a_rewritten_leaf_is_an_alarm_whatever_proof_comes_with_it(size: int, wrong: int) -> None:
    changed = list(LEAVES)
    changed[wrong % size] = bytes(32)

    def other(level: int, index: int) -> bytes:
        return proofs.root_of(changed[index << level : (index + 1) << level])

    note = note_of(40, proofs.root_of(changed))
    for shown in (proofs.consistency_proof(size, 40, other), proof(size, 40), []):
        found = follow(seen(size), note, shown, LOG)
        assert isinstance(found, Alarm) and found.found.attack == "LOG-1"


def test_what_the_log_has_not_signed_is_no_word_of_the_log() -> None:
    for note in (note_of(9, key=OTHER), note_of(9, origin="log.test/other"), "", "9\n"):
        assert isinstance(follow(seen(7), note, proof(7, 9), LOG), Finding)
        assert isinstance(begin(note, LOG), Finding)
