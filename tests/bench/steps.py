"""What each step of the path costs, in microseconds, measured inside one process: the functions of the hub themselves.

    python -m tests.bench.steps DIR         one job a line on standard input, one result a line on standard output

`open` the bytes (parse, exclusive C14N or base64, digests), `decode` (recognise the profile, build the model),
`rules`, `verify` the seal, `receipt` (sign it), `leaf` (record, salt, hashes), `commit` (all rows, through the writer,
in groups of 32, flushed to disk).
"""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.engine import Connection

from exchange import intake
from exchange.config import Settings
from exchange.hub import Hub, open_hub
from exchange.members import Caller, Member, add_member
from exchange.messages import Message, Submission, _leaf, receipt_for
from schemas.content import Content, open_content
from schemas.registry import Context, Document, Profile, Reading, recognise
from tests.bench.children import serve_jobs
from tests.bench.documents import NOW, read
from tests.bench.floor import GROUP, RECIPIENT, SENDER
from tests.exchange.cast import FORM_D, SEED, description
from tradebridge.evidence.seal import verify_seal
from tradebridge.evidence.trust import Verified

T = TypeVar("T")
R = TypeVar("R")


class _Clock:
    """Microseconds for each item, by step."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}

    def each(self, step: str, do: Callable[[T], R], items: Sequence[T]) -> list[R]:
        began = time.perf_counter()
        made = [do(item) for item in items]
        self.steps[step] = (time.perf_counter() - began) * 1e6 / len(items)
        return made


def measure(hub: Hub, documents: Sequence[bytes]) -> Mapping[str, float]:
    """Each step over all documents, then the next step."""
    clock, trust = _Clock(), hub.registry.trust
    contents = [_sure(each, Content) for each in clock.each("open", open_content, documents)]

    def decode(content: Content) -> Document:
        profile = _sure(recognise(content, FORM_D), Profile)
        document: Document = _sure(profile.decode(content).document, object)
        return document

    decoded = clock.each("decode", decode, contents)
    profile = _sure(recognise(contents[0], FORM_D), Profile)
    found = clock.each("rules", lambda document: profile.check(document, Context(NOW)), decoded)
    signers = clock.each("verify", lambda content: verify_seal(content, trust, NOW), contents)
    caller = Caller(SENDER, frozenset({"member"}))
    messages = []
    for data, content, document, findings, signer in zip(documents, contents, decoded, found, signers, strict=True):
        reading = Reading(content, profile, document, findings)
        judged = intake.Judged(reading, _sure(signer, Verified), findings, NOW)
        submission = Submission(caller, data, (RECIPIENT,), FORM_D)
        messages.append((intake._compose(hub, submission, judged, content, document), judged, document))
    clock.each("receipt", lambda made: receipt_for(hub, made[0].envelope), messages)
    clock.each("leaf", lambda made: _leaf(hub, made[0].envelope), messages)
    began = time.perf_counter()
    asyncio.run(_commit(hub, messages))
    clock.steps["commit"] = (time.perf_counter() - began) * 1e6 / len(messages)
    return clock.steps


async def _commit(hub: Hub, messages: Sequence[tuple[Message, intake.Judged, Document]]) -> None:
    for start in range(0, len(messages), GROUP):
        jobs = (intake._job(hub, *made) for made in messages[start : start + GROUP])
        await asyncio.gather(*(hub.writer.do(job) for job in jobs))


def _sure(value: Any, kind: type) -> Any:
    """The documents of the bench hold: anything else is a fault of the bench."""
    if not isinstance(value, kind) or value is None:
        raise TypeError(f"expected {kind.__name__}, found {value!r}")
    return value


def main(folder: Path) -> None:
    hub = open_hub(Settings(data=folder, database_url=f"sqlite:///{folder / 'steps.sqlite'}", seed=SEED))
    for name in (SENDER, RECIPIENT):
        member = description(name, style="asw")
        _sure(hub.writer.do_now(partial(_join, member)), Member)
    hub.reload()
    serve_jobs(lambda job: measure(hub, read(Path(job["documents"]), job["start"], job["count"])))
    hub.writer.stop()
    hub.database.close()


def _join(member: Mapping[str, Any], connection: Connection) -> object:
    return add_member(connection, member, member["apiKey"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
