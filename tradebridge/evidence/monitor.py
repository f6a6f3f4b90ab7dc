"""Following a log: each checkpoint that is shown must extend the last one that was seen.

1. A note that the log's key has not signed is no word of the log: it is refused, and what was seen stays.
2. A note of a smaller size, or of the same size with another root, or whose proof of consistency does not hold, is an
   alarm (LOG-1, LOG-2): the log has shown two histories. Both notes are kept; together they are the proof.
3. The first note is taken on trust: a monitor that begins now says nothing of what was before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tradebridge.evidence import proofs
from tradebridge.evidence.notes import Checkpoint, verify_checkpoint
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.trust import TrustedLog


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest checkpoint that a monitor has seen, with its note."""

    checkpoint: Checkpoint
    note: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Two notes by one log that cannot both be true."""

    found: Finding
    before: str
    after: str


def begin(note: str, log: TrustedLog) -> Seen | Finding:
    """The first note that is seen (rule 3)."""
    checkpoint = verify_checkpoint(note, log.verifier_key, log.origin)
    return checkpoint if isinstance(checkpoint, Finding) else Seen(checkpoint, note)


def follow(seen: Seen, note: str, proof: Sequence[bytes], log: TrustedLog) -> Seen | Finding | Alarm:
    """The next note. `proof`: of consistency, from the size seen to the new one; empty where the sizes are the same."""
    after = begin(note, log)
    if isinstance(after, Finding):
        return after
    old, new = seen.checkpoint, after.checkpoint
    if new.size < old.size:
        return _alarm(seen, note, f"size {new.size} after {old.size}", "a log that only grows", "LOG-2")
    if new.size == old.size and new.root != old.root:
        return _alarm(seen, note, f"another root at size {new.size}", old.root.hex(), "LOG-2")
    if old.size == 0 or proofs.verify_consistency(old.size, new.size, proof, old.root, new.root):
        return after
    return _alarm(seen, note, f"no proof from {old.size} to {new.size}", "a tree that extends the one seen", "LOG-1")


def _alarm(seen: Seen, note: str, found: str, expected: str, attack: str) -> Alarm:
    return Alarm(finding("log.two-histories", found=found, expected=expected, attack=attack), seen.note, note)
