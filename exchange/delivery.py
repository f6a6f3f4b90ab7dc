"""The way out: claim, render, send, acknowledge, retry, dead-letter.

1. At least once, with a stable message id; the recipient deduplicates. A delivery ends only by an acknowledgement that
   the recipient signed over the digest of the original, whether it was pushed or pulled.
2. Each recipient has a worker of its own: one that is down, slow or silent delays nobody else.
3. A claim is a lease in real time. Who claimed and died is overtaken when the lease ends.
4. What failed is tried again with exponential backoff and jitter; after the last attempt the delivery is dead, and an
   operator may send it again. What the recipient's own system refuses (`exchange.refusing`) is dead at once.
5. Note and rendition are made once and kept: what is sent again is the same.
"""

import asyncio
import random
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import structlog
from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from adapters.port import CannotCarry, Refusal, Rendition
from exchange import outbox
from exchange.desk.taking import taken
from exchange.keys import partner_key
from exchange.members import Member
from exchange.messages import RefusedInTransaction
from exchange.outbox import Claimed
from exchange.reach import MAX_ERROR, OutOfReach, Reach
from exchange.records import Actor
from exchange.refusing import in_words, named_in, read_refusals
from exchange.store import tables as t
from schemas.content import from_base64url, open_content, sha256_hex
from schemas.event import Event
from schemas.findings import Finding, finding, for_recipients
from schemas.registry import profile_of
from tradebridge.ebl.waiting import until_set
from tradebridge.evidence.receipts import Acknowledgement, DeliveryNote, Original, Rendered, read_acknowledgement
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub

logger = structlog.get_logger(__name__)

MAX_ANSWER = 4 * 1024 * 1024
"""Bytes of a member's answer that are read."""
FEW = 8
"""Up to so many deliveries are rendered and judged on the event loop; more go to a thread, so that others are heard."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of acknowledgements: delivered, or why not."""

    delivered: dict[str, str] = field(default_factory=dict)
    """Delivery id to acknowledgement."""
    refused: tuple[tuple[str, Finding], ...] = ()
    """Delivery id as far as it could be read, and the finding."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the answer to a push says."""

    tokens: Sequence[str] = ()
    """Acknowledgements."""
    refusals: object = None
    """Of the member's own system, as they came."""


HandedOut = Mapping[str, tuple[str, str]]
"""Message id and digest of the original, by delivery id."""


class Deliverer:
    """Workers for the members that deliveries are brought to; claims and acknowledgements for all."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._wake: dict[str, asyncio.Event] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._closing = False
        # Twice, so that the clocks of two processes need not be one.
        self._longest = 2 * max(hub.settings.retry_max_seconds, hub.settings.lease_seconds)
        self.reach = Reach(private=hub.settings.mode != "pilot", connections=200, kept=50)

    def wake(self, recipients: Iterable[str]) -> None:
        """There is something for these."""
        for name in recipients:
            event = self._wake.get(name)
            if event is None:
                event = self._wake[name] = asyncio.Event()
            event.set()
            member = self._hub.registry.members.get(name)
            if member is not None and member.is_brought_to and name not in self._workers:
                self._workers[name] = asyncio.create_task(self._work(name), name=f"deliver-{name}")

    def end_waiting(self) -> None:
        """Let go who waits for an inbox, and let nobody wait any more."""
        self._closing = True
        for event in self._wake.values():
            event.set()

    def due(self, connection: Connection) -> set[str]:
        """Whose deliveries are due: after a restart, a wait or a lease that ended, or taken in by another process."""
        return outbox.due_recipients(connection, time.time(), self._longest)

    async def stop(self) -> None:
        for worker in self._workers.values():
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)
        await self.reach.close()

    async def wait(self, member: str, seconds: float) -> None:
        """Until there may be something for this member, at most so long (an inbox that waits)."""
        event = self._wake.setdefault(member, asyncio.Event())
        if self._closing:
            return
        event.clear()
        await until_set(event, seconds)

    async def _work(self, name: str) -> None:
        """One member's worker: as long as there is something due, push it; then sleep until woken."""
        event = self._wake[name]
        while True:
            await event.wait()
            event.clear()
            try:
                while await self._push_once(name):
                    pass
            except asyncio.CancelledError:
                raise
            except Exception:
                # The worker must outlive whatever one batch met; its leases end and are claimed again.
                logger.exception("delivery failed", recipient=name)
                await asyncio.sleep(self._hub.settings.retry_base_seconds)
                event.set()

    async def _push_once(self, name: str) -> bool:
        member = self._hub.registry.members.get(name)
        if member is None or not member.is_brought_to or member.suspended:
            return False
        batch = await self.claim(member, self._hub.settings.push_batch)
        if not batch:
            return False
        heard, failure, fault = await self._post(member, batch)
        refusals = await self._refusals(member, heard.refusals, {each.id: each.message_id for each in batch})
        settled = await self._judge(name, heard.tokens, {each.id: (each.message_id, each.digest) for each in batch})
        not_believed = [each for _, each in settled.refused]
        not_believed += [each for each in refusals.values() if isinstance(each, Finding)]
        error = failure or "; ".join(f"{each.code} {each.found}".strip() for each in not_believed)
        await self.settle(batch, settled.delivered, f"{error or 'no acknowledgement in the answer'}{fault}", refusals)
        return True

    # --- claiming and rendering ---

    async def claim(self, member: Member, limit: int) -> list[Claimed]:
        """What is due for this member, leased, rendered and noted: at most `limit`, and within the size of one body."""
        now = time.time()
        lease_until = now + self._hub.settings.lease_seconds
        claimed = await self._hub.writer.do(
            lambda connection: outbox.claim(connection, member.id, limit, now, lease_until, self._longest)
        )
        if not claimed:
            return []
        left, ready = await self._hub.ask(lambda connection: _fitting(connection, claimed))
        if left:
            ids = [each.id for each in left]
            await self._hub.writer.do(lambda connection: outbox.give_back(connection, ids, now))
        if len(ready) > FEW:
            rendered, failed = await asyncio.to_thread(self._all_rendered, member, ready)
        else:
            rendered, failed = self._all_rendered(member, ready)
        if failed:
            await self.settle(failed, {}, "the rendition could not be made")
        return rendered

    def _all_rendered(
        self, member: Member, ready: Sequence[tuple[Claimed, Any]]
    ) -> tuple[list[Claimed], list[Claimed]]:
        """The deliveries made ready, and those that an adapter's failure left without a rendition: each by itself."""
        rendered, failed = [], []
        for each, row in ready:
            try:
                rendered.append(self._rendered(member, each, row))
            except Exception:
                # A fault in one adapter must not hold up the member's other deliveries; this one ends among the dead.
                logger.exception("rendering failed", delivery=each.id, recipient=member.id, style=member.style)
                failed.append(each)
        return rendered, failed

    def _rendered(self, member: Member, claimed: Claimed, row: Any) -> Claimed:
        claimed = replace(claimed, sender=row.member)
        if row.note is not None:
            return replace(claimed, original=row.bytes, digest=row.bytes_digest, note=row.note, rendition=row.rendition)
        rendition = self._render(member, claimed, row)
        note = self._note(member, claimed, row, rendition)
        return replace(
            claimed,
            original=row.bytes,
            digest=row.bytes_digest,
            note=note,
            rendition=rendition.data if rendition else None,
            fresh=True,
        )

    def _render(self, member: Member, claimed: Claimed, row: Any) -> Rendition | None:
        codec, profile = self._hub.codec_of(member), profile_of(row.profile)
        content = open_content(row.bytes)
        if codec is None or profile is None or isinstance(content, Finding):
            return None
        document = profile.decode(content).document
        if document is None:
            return None
        address = self._hub.address(claimed.message_id, claimed.document_id, row.member, member.id)
        try:
            if isinstance(document, Event):
                return self._sealed(member, codec.encode_event(document, address))
            return self._sealed(member, codec.encode(document, address))
        except CannotCarry:
            return None  # the original goes alone, and the note says that there is no rendition

    def _sealed(self, member: Member, rendition: Rendition) -> Rendition:
        """Under the hub's signature, where the member's form has one around the message."""
        adapter = self._hub.adapter_of(member)
        if adapter is None or adapter.seal is None:
            return rendition
        data = adapter.seal.sign(rendition.data, self._hub.keys.signer, self._hub.clock.now())
        return replace(rendition, data=data)

    def _note(self, member: Member, claimed: Claimed, row: Any, rendition: Rendition | None) -> str:
        now = self._hub.clock.now()
        shown = None
        if rendition is not None:
            losses = tuple(loss.to_json() for loss in rendition.losses)
            shown = Rendered(sha256_hex(rendition.data), rendition.media_type, member.style or "", losses)
        return DeliveryNote(
            delivery=claimed.id,
            message_id=claimed.message_id,
            document_id=claimed.document_id,
            sender=row.member,
            recipient=member.id,
            profile=row.profile,
            number=row.number,
            original=Original(row.bytes_digest, row.media_type),
            rendition=shown,
            findings=_travelling(row),
            time=now,
            simulated=self._hub.simulated,
        ).sign(self._hub.keys.signer, now)

    async def keep_notes(self, batch: Sequence[Claimed]) -> None:
        """Before a page of an inbox is handed out, its notes are durable: the acknowledgement comes in another call."""
        fresh = [each for each in batch if each.fresh]
        if fresh:
            await self._hub.writer.do(lambda connection: outbox.keep_notes(connection, fresh))

    # --- sending ---

    async def _post(self, member: Member, batch: Sequence[Claimed]) -> tuple[Heard, str, str]:
        """Push one body, or lay it on the desk. Gives what the answer says, in words why it says nothing, and in a
        simulation the fault that the member was told to have."""
        if member.desk is not None:
            tokens, failure = await asyncio.to_thread(taken, self._hub, member, batch)
            return Heard(tokens), failure, ""
        body = orjson.dumps({"deliveries": [each.to_json() for each in batch]})
        headers = {"Content-Type": "application/json", "Tradebridge-Space": self._hub.space, **self._key_of(member)}
        url, seconds, fault = member.push_url or "", self._hub.settings.push_timeout_seconds, ""
        try:
            # The call's own timeout is for each read: who drips its answer would hold its worker for ever.
            async with asyncio.timeout(seconds), self.reach.sent(url, body, headers, seconds) as answer:
                fault = self._simulated_fault(answer)
                data = bytearray()
                async for chunk in answer.aiter_raw():
                    data += chunk
                    if len(data) > MAX_ANSWER:
                        return Heard(), f"the answer is larger than {MAX_ANSWER} bytes", fault
                if answer.status_code != 200:
                    return Heard(), f"HTTP {answer.status_code}", fault
        except (httpx.TimeoutException, TimeoutError):
            return Heard(), f"no answer within {seconds:g} s", fault
        except OutOfReach as refused:
            return Heard(), str(refused)[:MAX_ERROR], fault
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return Heard(), f"{type(error).__name__}: {error}"[:200], fault
        return *_heard_in(bytes(data)), fault

    def _key_of(self, member: Member) -> dict[str, str]:
        """The key by which the member's own system knows the hub, in the header that its form has for it."""
        adapter = self._hub.adapter_of(member)
        if adapter is None or not adapter.key_header:
            return {}
        return {adapter.key_header: partner_key(self._hub.settings, member.id)}

    def _simulated_fault(self, answer: httpx.Response) -> str:
        """The label of a fault that a simulated member was told to have: nobody shall look for one that is meant."""
        label = answer.headers.get("tradebridge-fault", "") if self._hub.simulated else ""
        return f" (simulated fault {label[:80]})" if label else ""

    # --- settling ---

    async def _judge(self, member: str, tokens: Sequence[str], handed_out: HandedOut) -> Settled:
        if len(tokens) > FEW:
            return await asyncio.to_thread(self.judge, member, tokens, handed_out)
        return self.judge(member, tokens, handed_out)

    def judge(self, member: str, tokens: Sequence[str], handed_out: HandedOut) -> Settled:
        """Which of these acknowledgements hold?"""
        trust, now = self._hub.registry.trust, self._hub.clock.now()
        delivered: dict[str, str] = {}
        refused: list[tuple[str, Finding]] = []
        for token in tokens:
            read = read_acknowledgement(token, trust, now)
            if isinstance(read, Finding):
                refused.append(("", read))
                continue
            problem = _problem_of(read, member, handed_out)
            if problem is None:
                delivered.setdefault(read.delivery, token)
            else:
                refused.append((read.delivery, problem))
        return Settled(delivered, tuple(refused))

    async def _refusals(
        self, member: Member, given: object, messages: Mapping[str, str]
    ) -> Mapping[str, Refusal | Finding]:
        """What the member's own system says of deliveries in its hand (`exchange.refusing`)."""
        if isinstance(given, list) and len(given) > FEW:
            return await asyncio.to_thread(read_refusals, self._hub, member, given, messages)
        return read_refusals(self._hub, member, given, messages)

    async def settle(
        self,
        batch: Sequence[Claimed],
        delivered: dict[str, str],
        error: str,
        refusals: Mapping[str, Refusal | Finding] = MappingProxyType({}),
    ) -> None:
        """Write down what became of a pushed batch: each delivery by itself."""
        now, at = time.time(), rfc3339(self._hub.clock.now())
        settings = self._hub.settings
        done = [each for each in batch if each.id in delivered]
        failed = [each for each in batch if each.id not in delivered]

        def write(connection: Connection) -> None:
            outbox.keep_notes(connection, [each for each in batch if each.fresh])
            outbox.mark_delivered(connection, [(each, delivered[each.id]) for each in done], at)
            for each in failed:
                refusal = refusals.get(each.id)
                if isinstance(refusal, Refusal):
                    outbox.mark_refused(connection, each, refusal.reasons, in_words(refusal), at)
                    continue
                dead = each.attempts >= settings.retry_attempts
                wait = _backoff(each.attempts, settings.retry_base_seconds, settings.retry_max_seconds)
                outbox.mark_failed(connection, each, dead, now + wait, error, at)

        await self._hub.writer.do(write)
        self._hub.metrics.delivered.inc(len(done))
        self._hub.metrics.failed.inc(len(failed))
        self._hub.changed()

    async def acknowledge(self, member: str, tokens: Sequence[str], refusals: object = None) -> list[dict[str, Any]]:
        """Acknowledgements of a member that pulls. Each is settled on its own; given again, it holds again.

        `refusals`: what its own system does not take, as in the answer to a push."""
        named = [*map(_delivery_named, tokens), *named_in(refusals)]
        wanted = await self._hub.ask(lambda connection: outbox.deliveries_of(connection, member, named))
        handed_out = {row.id: (row.message_id, row.bytes_digest) for row in wanted.values()}
        settled = await self._judge(member, tokens, handed_out)
        at = rfc3339(self._hub.clock.now())
        done = [(outbox.claimed_of(wanted[name]), token) for name, token in settled.delivered.items()]
        if done:
            await self._hub.writer.do(lambda connection: outbox.mark_delivered(connection, done, at))
            self._hub.metrics.delivered.inc(len(done))
            self._hub.changed()
        ended = await self._end_refused(member, wanted, refusals, at) if refusals else []
        answers: list[dict[str, Any]] = [{"delivery": name, "status": "delivered"} for name in settled.delivered]
        answers += [
            {"delivery": name, "status": "refused", "finding": each.to_json()} for name, each in settled.refused
        ]
        return [*answers, *ended]

    async def _end_refused(
        self, member: str, wanted: Mapping[str, Any], refusals: object, at: str
    ) -> list[dict[str, Any]]:
        """What the own system of a member that pulls does not take is dead, as of one that is pushed to."""
        known = self._hub.registry.members[member]
        read = await self._refusals(known, refusals, {row.id: row.message_id for row in wanted.values()})

        def write(connection: Connection) -> None:
            for name, each in read.items():
                if isinstance(each, Refusal):
                    claimed = outbox.claimed_of(wanted[name])
                    outbox.mark_refused(connection, claimed, each.reasons, in_words(each), at)

        await self._hub.writer.do(write)
        self._hub.changed()
        return [
            {"delivery": name, "status": "ended"}
            if isinstance(each, Refusal)
            else {"delivery": name, "status": "refused", "finding": each.to_json()}
            for name, each in read.items()
        ]

    async def resend(self, delivery_id: str, by: Actor) -> Finding | None:
        """An operator sends a dead delivery again, or one that waits for its next attempt at once."""

        def revive(connection: Connection) -> str:
            row = connection.execute(select(t.deliveries).where(t.deliveries.c.id == delivery_id)).first()
            if row is None:
                raise RefusedInTransaction(finding("delivery.unknown", found=delivery_id))
            if row.state not in ("dead", "retrying"):
                raise RefusedInTransaction(finding("delivery.not-dead", found=row.state, expected="dead or retrying"))
            deleted = select(t.documents.c.deleted).where(t.documents.c.id == row.document_id)
            if connection.execute(deleted).scalar() is not None:
                raise RefusedInTransaction(finding("document.deleted", found=row.document_id))
            values: dict[str, Any] = {"due_at": time.time()}
            if row.state == "dead":
                values |= {"state": "due", "attempts": 0}
            seen = t.deliveries.c.id == delivery_id, t.deliveries.c.state == row.state
            if not connection.execute(update(t.deliveries).where(*seen).values(**values)).rowcount:
                raise RefusedInTransaction(finding("delivery.not-dead", found="sending", expected="dead or retrying"))
            return str(row.recipient)

        try:
            recipient = await self._hub.command(delivery_id, "delivery sent again", revive, by)
        except RefusedInTransaction as refused:
            return refused.findings[0]
        self.wake([recipient])
        return None


def _travelling(row: Any) -> tuple[Mapping[str, Any], ...]:
    """The warnings that go with a document; none with an event."""
    if row.kind == "event":
        return ()
    return (*for_recipients(orjson.loads(row.findings)), *orjson.loads(row.beside or "[]"))


def _fitting(connection: Connection, claimed: Sequence[Claimed]) -> tuple[Sequence[Claimed], list[tuple[Claimed, Any]]]:
    """Of what was claimed: what is left for later, and what fits one body, with its message."""
    fitting, left = outbox.within_size(connection, claimed)
    return left, outbox.load(connection, fitting)


def _heard_in(data: bytes) -> tuple[Heard, str]:
    try:
        answer = orjson.loads(data)
    except orjson.JSONDecodeError:
        return Heard(), "the answer is not JSON"
    tokens = answer.get("acknowledgements") if isinstance(answer, dict) else None
    if not isinstance(tokens, list):
        return Heard(), "the answer has no acknowledgements"
    return Heard([token for token in tokens[:1000] if isinstance(token, str)], answer.get("refusals")), ""


def _problem_of(read: Acknowledgement, member: str, handed_out: HandedOut) -> Finding | None:
    if read.member != member:
        return finding("ack.wrong-member", "/member", found=read.member, expected=member)
    if read.delivery not in handed_out:
        return finding("ack.unknown-delivery", "/delivery", found=read.delivery)
    message_id, digest = handed_out[read.delivery]
    if read.message_id != message_id:
        return finding("ack.wrong-message", "/messageId", found=read.message_id, expected=message_id)
    if read.digest != digest:
        return finding("ack.wrong-digest", "/digest", found=read.digest, expected=digest)
    return None


def _backoff(attempts: int, base: float, longest: float) -> float:
    """Seconds until the next attempt: doubling, with jitter so that many do not come back at once."""
    return float(min(longest, base * 2.0 ** min(attempts - 1, 30)) * random.uniform(0.5, 1.0))  # noqa: S311


def _delivery_named(token: str) -> str:
    """The delivery id that an acknowledgement names, before its signature is judged: only to look its row up."""
    parts = token.split(".")
    payload = from_base64url(parts[1].encode()) if len(parts) == 3 and len(token) < 8192 else None
    try:
        named = orjson.loads(payload or b"{}")
    except orjson.JSONDecodeError:
        return ""
    delivery = named.get("delivery") if isinstance(named, dict) else None
    return delivery if isinstance(delivery, str) and _DELIVERY.fullmatch(delivery) else ""


_DELIVERY = re.compile(r"dlv_[0-9a-z]{1,40}")
