"""What a witness of the log is asked, and what it answers (C2SP tlog-witness, add-checkpoint).

A witness remembers, for each log, the newest checkpoint that it has cosigned. Asked to cosign another, it answers:

| status | why |
| 200 | its cosignature, as a line of the note: the checkpoint extends the one it remembers |
| 400 | the request is not of the form, or the old size lies above the new one |
| 403 | the log's own signature is missing or wrong |
| 404 | the log is not one of those it watches |
| 409 | the old size is not the one it remembers, which it tells; or a tree of that size has another root |
| 422 | the proof of consistency does not hold |

`judge` is all of that but the signing and the remembering: the witness keeps what it is about to sign before it
answers, so that it never signs two histories, however it dies. A 409 on the root and a 422 are a log that shows two
histories: the caller keeps both notes as evidence (LOG-1, LOG-2).
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tradebridge.evidence import proofs
from tradebridge.evidence.notes import Checkpoint, decode, split_note, verify_checkpoint
from tradebridge.evidence.refusals import Finding

SIZE_TYPE = "text/x.tlog.size"
MAX_REQUEST = 32_768
"""Bytes."""
_MAX_PROOF = 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """Please cosign: `note` extends what you cosigned at size `old`; here is the proof."""

    old: int
    proof: tuple[bytes, ...]
    """Hashes of 32 bytes."""
    note: str

    def to_bytes(self) -> bytes:
        lines = (f"{b64encode(each).decode('ascii')}\n" for each in self.proof)
        return f"old {self.old}\n{''.join(lines)}\n{self.note}".encode()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer of a witness that does not sign."""

    status: int
    text: str
    remembered: int | None = None
    """The size that it remembers, where that is the answer."""
    two_histories: bool = False
    """Whether log and witness have seen trees that cannot both be."""


def read_request(data: bytes) -> Request | None:
    """A request as it came; None where it is not of the form."""
    try:
        text = data.decode("utf-8") if len(data) <= MAX_REQUEST else ""
    except UnicodeDecodeError:
        return None
    head, separator, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    old = _OLD.fullmatch(first)
    hashes = [decode(line) for line in lines]
    if not separator or old is None or len(hashes) > _MAX_PROOF:
        return None
    proof = tuple(each for each in hashes if each is not None and len(each) == proofs.HASH)
    return Request(int(old[1]), proof, note) if len(proof) == len(hashes) else None


def judge(request: Request | None, logs: Mapping[str, str], remembered: Checkpoint | None) -> Checkpoint | Refusal:
    """The checkpoint to cosign, or the refusal. `logs`: verifier key by origin; `remembered`: of the same origin."""
    if request is None:
        return Refusal(400, "not a request as C2SP tlog-witness has it")
    origin = origin_of(request.note)
    if origin is None:
        return Refusal(400, "the checkpoint is no signed note")
    if origin not in logs:
        return Refusal(404, "not a log that is watched here")
    checkpoint = verify_checkpoint(request.note, logs[origin], origin)
    if isinstance(checkpoint, Finding):
        return Refusal(403, f"{checkpoint.code}: {checkpoint.message}")
    if request.old > checkpoint.size:
        return Refusal(400, "the old size lies above the size of the checkpoint")
    known = remembered.size if remembered else 0
    if request.old != known:
        return Refusal(409, "another size is remembered", remembered=known)
    return _extends(remembered, checkpoint, request.proof)


def _extends(remembered: Checkpoint | None, checkpoint: Checkpoint, proof: Sequence[bytes]) -> Checkpoint | Refusal:
    if remembered is None or remembered.size == 0:
        if proof or (checkpoint.size == 0 and checkpoint.root != proofs.EMPTY_ROOT):
            return Refusal(422, "from size zero there is nothing to prove, and an empty tree has the empty root")
        return checkpoint
    if remembered.size == checkpoint.size and remembered.root != checkpoint.root:
        return Refusal(409, "a tree of this size with another root is remembered", two_histories=True)
    if proofs.verify_consistency(remembered.size, checkpoint.size, proof, remembered.root, checkpoint.root):
        return checkpoint
    return Refusal(422, "the proof of consistency does not hold", two_histories=True)


def origin_of(note: str) -> str | None:
    """What a note says of its log, not verified."""
    parts = split_note(note)
    return None if isinstance(parts, Finding) else parts[0].split("\n", 1)[0]
