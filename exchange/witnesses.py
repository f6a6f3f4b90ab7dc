"""Others see the log grow: witnesses cosign its checkpoints, and a timestamp authority says since when they exist.

1. The process that leads the log (`exchange.log`) takes its newest checkpoint to all witnesses at once, again and
   again; intake never waits for them. A checkpoint that fewer than `witnesses_needed` cosign is asked for again, until
   a newer one takes its place.
2. A witness is asked with the size that it is known to remember and a proof from there; one that remembers another size
   says so, and is asked once more.
3. What comes back counts only if it is a cosignature of that witness over this checkpoint. An answer that says 'two
   histories' is an alarm in the hub's own log and metrics: somebody has another history in the name of this log.
4. A witness that remembers less than it has cosigned has lost what it signed since: its store was set back. That is an
   alarm too, and it is shown its own cosignature, from which it can know again what it must not contradict.
5. A checkpoint that enough have cosigned gets its timestamp (RFC 3161) over the note with all cosignatures, and is
   never changed again: evidence is made for the first such checkpoint that covers it, so it is the same each time.

Addresses are the operator's (`exchange.observers`), within `exchange.reach`; redirects are not followed, answers are
bounded.
"""

import asyncio
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from exchange import log
from exchange.observers import Observers, WitnessPlace
from exchange.reach import Looked, Reach
from exchange.store import tables as t
from tradebridge.evidence import proofs, timestamps
from tradebridge.evidence.cosignatures import add_lines, check_quorum, cosigned_by
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.witnessing import SIZE_TYPE, Request
from tradebridge.outbound import tls_context

if TYPE_CHECKING:
    from exchange.hub import Hub

logger = structlog.get_logger(__name__)

UNDATED_TRIES = 5
"""Then a checkpoint that enough have cosigned is kept without a timestamp: evidence waits for nobody who is away."""
MAX_ANSWER = 65_536
"""Bytes that are read of an answer."""
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


class Watched:
    """Takes checkpoints to the witnesses and to the timestamp authority. `run` is a task of the hub."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._remembered: dict[str, int] = {}
        """Size that each witness is known to remember."""
        self._undated = 0
        """Times in a row that no authority gave a timestamp."""
        limits = httpx.Limits(max_connections=40, max_keepalive_connections=20)
        timeout = httpx.Timeout(hub.settings.push_timeout_seconds)
        out = httpx.AsyncHTTPTransport(verify=tls_context(), limits=limits, trust_env=False)
        looked = Looked(Reach(private=hub.settings.mode != "pilot"), out)
        self._client = httpx.AsyncClient(transport=looked, timeout=timeout, follow_redirects=False, trust_env=False)

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                # It must outlive whatever the others answer, and a store that is away: the next look finds the same.
                logger.exception("taking the checkpoint to the witnesses failed; trying again")
            await asyncio.sleep(self._hub.settings.witness_seconds)

    @property
    def _observers(self) -> Observers:
        return self._hub.registry.observers

    async def look(self) -> None:
        """Take the newest checkpoint round, if this process leads and it has not all it needs."""
        if not self._observers.witnesses and not self._observers.authorities:
            return
        head = await self._hub.ask(_newest)
        if head.leader != self._hub.process or not head.size:
            return
        kept = await self._hub.ask(lambda connection: _kept(connection, head.size))
        if kept is not None and kept.enough:
            return
        note = await self._with_cosignatures(kept.note if kept else head.checkpoint, head.size)
        token, enough = None, self._enough(note)
        if enough and self._observers.authorities:
            given = await self.timestamp(note.encode())
            token = given[0] if given else None
            self._undated = 0 if token else self._undated + 1
            enough = token is not None or self._undated >= UNDATED_TRIES
        at = rfc3339(self._hub.clock.now())
        if kept is None or (kept.note, kept.enough) != (note, enough):
            await self._hub.writer.do(lambda connection: _keep(connection, head.size, note, token, at, enough=enough))

    async def close(self) -> None:
        await self._client.aclose()

    def _enough(self, note: str) -> bool:
        own, now = self._hub.keys.log_key.public_key(), self._hub.clock.now()
        return not isinstance(check_quorum(note, self._observers.known, self._observers.needed, now, own), Finding)

    # --- witnesses ---

    async def _with_cosignatures(self, note: str, size: int) -> str:
        known = cosigned_by(note, self._observers.known, self._hub.clock.now())
        had = set() if isinstance(known, Finding) else set(known)
        missing = [each for each in self._observers.witnesses if each.witness.name not in had]
        lines = await asyncio.gather(*(self._cosigned(place, note, size) for place in missing))
        return add_lines(note, [line for line in lines if line])

    async def _cosigned(self, place: WitnessPlace, note: str, size: int) -> str:
        """The line of one witness; empty where it gave none."""
        plain = note[: note.index("\n\n")] + "\n\n" + note.rpartition("\n\n")[2].split("\n", 1)[0] + "\n"
        for _ in range(3):  # once more where it remembers another size, and once where it has forgotten one
            old = self._remembered.get(place.witness.name, 0)
            if old > size:
                logger.warning("a witness has seen a longer log", witness=place.witness.name, size=size, seen=old)
                return ""
            answer = await self._shown(place, old, size, plain)
            if answer is None:
                return ""
            if answer.told_size is None:
                return self._line(place, answer, plain, size)
            self._remembered[place.witness.name] = answer.told_size
            await self._remind(place, answer.told_size)
        return ""

    async def _shown(self, place: WitnessPlace, old: int, size: int, note: str) -> "_Answer | None":
        hashes = await self._hub.ask(partial(_proof, old=old, size=size))
        body = Request(old, hashes, note).to_bytes()
        return await self._post(f"{place.url}/add-checkpoint", body, "text/plain; charset=utf-8")

    async def _remind(self, place: WitnessPlace, size: int) -> None:
        """Show a witness that remembers this size the newest note with its own cosignature, if that is larger."""
        name = place.witness.name
        kept = await self._hub.ask(partial(_cosigned_above, name=name, size=size))
        if kept is None:
            return
        logger.error("a witness has forgotten what it cosigned", witness=name, remembers=size, cosigned=kept.size)
        self._hub.metrics.forgetful_witnesses.inc()
        answer = await self._shown(place, size, kept.size, kept.note)
        if answer is not None and (answer.status == 200 or answer.told_size == kept.size):
            self._remembered[name] = kept.size

    def _line(self, place: WitnessPlace, answer: "_Answer", note: str, size: int) -> str:
        name = place.witness.name
        if answer.status in (409, 422):
            logger.error("a witness has seen another history of this log", witness=name, status=answer.status)
            self._hub.metrics.other_histories.inc()
            return ""
        line = answer.body.decode("utf-8", "replace")
        found = cosigned_by(note + line, [place.witness], self._hub.clock.now()) if answer.status == 200 else {}
        if isinstance(found, Finding) or not found or line.count("\n") != 1:
            logger.warning("a witness did not cosign", witness=name, status=answer.status, text=line[:200])
            return ""
        self._remembered[name] = size
        return line

    # --- time ---

    async def timestamp(self, data: bytes) -> tuple[bytes, timestamps.Timestamp] | None:
        """The token of the first authority that gives one that holds, and what it says."""
        for authority in self._observers.authorities:
            query = timestamps.query(data)
            answer = await self._post(authority.url, query.der, "application/timestamp-query")
            if answer is None:
                continue
            read = timestamps.read_timestamp(answer.body, data, [authority.root], query.nonce)
            if not isinstance(read, Finding):
                return answer.body, read
            name = authority.root.name
            logger.warning("a timestamp is refused", authority=name, found=read.found, status=answer.status)
        return None

    async def _post(self, url: str, body: bytes, media_type: str) -> "_Answer | None":
        try:
            async with self._client.stream("POST", url, content=body, headers={"Content-Type": media_type}) as answer:
                data = b""
                async for chunk in answer.aiter_bytes():
                    data += chunk
                    if len(data) > MAX_ANSWER:
                        logger.warning("an answer is too long", url=url)
                        return None
                return _Answer(answer.status_code, answer.headers.get("content-type", "").partition(";")[0], data)
        except httpx.HTTPError as error:
            logger.warning("nobody answered", url=url, error=repr(error)[:200])
            return None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    media_type: str
    body: bytes

    @property
    def told_size(self) -> int | None:
        """The size that a witness says it remembers, where that is its answer."""
        found = _SIZE.fullmatch(self.body) if self.status == 409 and self.media_type == SIZE_TYPE else None
        return None if found is None else int(found[1])


def _newest(connection: Connection) -> Any:
    return connection.execute(select(t.head.c.size, t.head.c.checkpoint, t.head.c.leader)).one()


def _kept(connection: Connection, size: int) -> Any:
    return connection.execute(select(t.witnessed).where(t.witnessed.c.size == size)).first()


def _cosigned_above(connection: Connection, name: str, size: int) -> Any:
    """The newest note kept of a tree larger than this with a line in this witness's name. What is kept was verified."""
    line = t.witnessed.c.note.contains(f"\n— {name} ", autoescape=True)
    query = select(t.witnessed).where(t.witnessed.c.size > size, line)
    return connection.execute(query.order_by(t.witnessed.c.size.desc()).limit(1)).first()


def _keep(connection: Connection, size: int, note: str, token: bytes | None, at: str, *, enough: bool) -> None:
    """What had enough is never written anew."""
    known = _kept(connection, size)
    values = {"note": note, "token": token, "enough": enough, "at": at}
    if known is None:
        connection.execute(insert(t.witnessed), {"size": size, **values})
    elif not known.enough:
        connection.execute(update(t.witnessed).where(t.witnessed.c.size == size).values(values))


def _proof(connection: Connection, old: int, size: int) -> tuple[bytes, ...]:
    return tuple(proofs.consistency(old, size, log.tile_reader(connection))) if 0 < old < size else ()
