"""Sending: the courier drives every open transfer to its outcome, and every request to a carrier until it is taken.

1. All that it does is in the store before and after; it can be killed anywhere, and goes on at the next start.
2. The same envelope is sent again, never another one. What ends it is told by `envelope.judge_answer`: the receiver's
   signed acceptance, or its signed refusal. All else is asked again, after a pause; after enough pauses the title is in
   doubt, and it is asked more slowly, for ever. Where the receiver refuses a signature by a key that this platform has
   no more, the same content is signed anew.
3. With a control tracking registry the transfer is offered there before the receiver hears of it, and the registry
   decides: a refusal counts when it has taken the cancellation, a receipt when it has the acceptance, and an acceptance
   in it holds whatever the receiver says. A title that is issued here is registered before the carrier hears of it.
   Where another platform is in control by it, this one gives up only a title that it has not issued yet, or one that by
   the registry it has given away itself; and never on a state that is older than one which the registry has signed.
4. Several processes over one store take turns by a lease in the row; a process that is alone needs none.
5. A peer has so many places and no more: who is slow, or never answers, holds up what goes to itself. Where half of all
   places are taken, each has one at most; so has one that has left the last request without an answer, until it
   answers; and those together have half of the places. So there is always one for who has none yet.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Select, Table, bindparam, literal_column, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.engine import Row as StoreRow

from schemas.bill_of_lading.pint import DocumentMetadata, Outcome
from schemas.findings import Finding, finding
from tradebridge.ebl import files, issuing, receiving, registry, steps, surrendering, tables, titles, transfers
from tradebridge.ebl.calling import Answer, call
from tradebridge.ebl.chain import content_checksum
from tradebridge.ebl.envelope import Purpose, Stand, Verdict, judge_answer
from tradebridge.ebl.host import Host, Peer
from tradebridge.ebl.seal import peek
from tradebridge.ebl.transfers import Outgoing
from tradebridge.ebl.waiting import until_set

AT_ONCE = 64
"""Transfers and requests under way at a time."""
OF_ONE_PEER = 8
"""Of them with one peer (rule 5)."""
ROUNDS = 3
"""How often missing documents are sent again within one attempt."""
LOOK_SECONDS = 5.0
"""How long the courier sleeps at most."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    """One thing to do."""

    id: str
    table: Table
    code: str
    """Of the platform or carrier that is asked."""
    at: float
    """When: seconds of the real clock."""

    @property
    def peer(self) -> "_Peer":
        return self.table.name, self.code


_Peer = tuple[str, str]
"""A platform and a carrier may have one code."""


class Courier:
    """`run` until cancelled. `wake` when something was stored."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._woken = asyncio.Event()
        self._busy: dict[str, _Peer] = {}
        self._silent: set[_Peer] = set()
        """Who has left the last request without an answer."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._resuming: asyncio.Task[None] | None = None
        self._resume_at = 0.0

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Take up what was left, then drive whatever is due."""
        try:
            taken_up = False
            while True:
                self._woken.clear()
                pause = 1.0
                try:
                    taken_up = taken_up or await self._take_up()
                    pause = await self._round()
                except Exception as error:  # the store is away for a moment: the courier outlives it
                    log.warning("the courier could not look", error=repr(error)[:300])
                await until_set(self._woken, pause)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take_up(self) -> bool:
        """After a start: what is open is due, and nobody is at it."""
        if self._host.alone:
            await self._host.do(_due_now)
        await receiving.forget_gone(self._host)
        return True

    async def _finish_accepting(self) -> None:
        """What the registry may have given to this platform, and is not here yet: nobody else will ever have it."""
        try:
            await receiving.resume(self._host)
        except Exception as error:  # looked at again in a moment
            log.warning("an acceptance could not be finished", error=repr(error)[:300])

    async def _round(self) -> float:
        """Begin what is due, as far as there are places. Returns the seconds until the next look: until something else
        is due, or a place is free, which wakes the courier."""
        if time.monotonic() >= self._resume_at and (self._resuming is None or self._resuming.done()):
            self._resume_at = time.monotonic() + LOOK_SECONDS
            self._resuming = asyncio.create_task(self._finish_accepting())
            self._tasks.add(self._resuming)
            self._resuming.add_done_callback(self._tasks.discard)
        pause: float | None = None
        while pause is None and len(self._busy) < AT_ONCE:
            pause = await self._begin_due()
        return LOOK_SECONDS if pause is None else max(0.01, min(LOOK_SECONDS, pause))

    async def _begin_due(self) -> float | None:
        """Of what is due first. Returns the seconds until something else is; None: look again, without the peers that
        have all their places by now, of which there may be more than a look sees."""
        full = self._full()
        for each in await self._host.ask(lambda connection: _waiting(connection, full)):
            if len(self._busy) >= AT_ONCE:
                break
            pause = each.at - time.time()
            if pause > 0:
                return pause
            if each.id in self._busy:
                continue
            if each.peer in self._full():
                return None
            if await self._claimed(each):
                self._begin(each)
        return LOOK_SECONDS

    def _full(self) -> frozenset[_Peer]:
        return _without_a_place(Counter(self._busy.values()), self._silent)

    def _begin(self, due: _Due) -> None:
        self._busy[due.id] = due.peer
        task = asyncio.create_task(self._drive(due))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _claimed(self, due: _Due) -> bool:
        if self._host.alone:
            return True
        now, lease = time.time(), self._host.patience.lease
        return await self._host.do(lambda connection: _claim(connection, due, now, now + lease))

    async def _drive(self, due: _Due) -> None:
        try:
            heard = await (drive if due.table is tables.transfers else deliver)(self._host, due.id)
            (self._silent.discard if heard else self._silent.add)(due.peer)
        except titles.Moved:  # somebody else was faster: looked at again in the next round
            pass
        except Exception as error:  # one transfer that cannot be driven must not stop the others
            log.error("a transfer could not be driven", id=due.id, error=repr(error)[:300])
            await self._put_off(due, f"an error of this platform: {error!r}")
        finally:
            del self._busy[due.id]
            self.wake()

    async def _put_off(self, due: _Due, error: str) -> None:
        """What met an error that nobody foresaw is an attempt as any other: it waits its time, and says why."""
        try:
            await self._host.do(lambda connection: _failed(connection, self._host, due, error))
        except Exception as again:  # the store is away, and with it what to do next
            log.error("a transfer could not be put off", id=due.id, error=repr(again)[:300])
            await asyncio.sleep(max(1.0, self._host.patience.first))


def _without_a_place(busy: Mapping[_Peer, int], silent: Collection[_Peer]) -> frozenset[_Peer]:
    """Who has no place more now (rule 5). `busy`: places taken, by peer."""
    most = OF_ONE_PEER if sum(busy.values()) < AT_ONCE // 2 else 1
    full = {peer for peer, taken in busy.items() if taken >= (1 if peer in silent else most)}
    probing = sum(taken for peer, taken in busy.items() if peer in silent)
    return frozenset(full if probing < AT_ONCE // 2 else full.union(silent))


def _failed(connection: Connection, host: Host, due: _Due, error: str) -> None:
    of = due.table.c
    query = select(of.attempts).where((of.id == due.id) & _open(due.table))
    attempts = connection.execute(query).scalar()
    if attempts is not None:
        values = {"attempts": attempts + 1, "last_error": error[:1000], "leased_until": 0.0}
        values["next_at"] = time.time() + host.patience.pause(attempts + 1)
        connection.execute(update(due.table).where(of.id == due.id).values(**values))


def _due_now(connection: Connection) -> None:
    for table in (tables.transfers, tables.calls):
        connection.execute(update(table).where(_open(table)).values(leased_until=0.0, next_at=0.0))


def _open(table: Table) -> Any:
    """What has no outcome yet. Written out in the statement: else its partial index, of these few rows, is not used."""
    if table is tables.transfers:
        return table.c.state.in_([literal_column(f"'{each}'") for each in transfers.OPEN])
    return table.c.state == literal_column("'due'")


def _soonest(table: Table, *, some_full: bool = True) -> Select[Any]:
    """What is not with another process for longer than a look. More than are under way: those can be left out."""
    code = (table.c.receiver if table is tables.transfers else table.c.carrier).label("code")
    query = select(table.c.id, code, table.c.next_at, table.c.leased_until).where(_open(table))
    query = query.where(table.c.leased_until <= bindparam("until"))
    query = query.where(code.not_in(bindparam("full", expanding=True))) if some_full else query
    return query.order_by(table.c.next_at).limit(4 * AT_ONCE)


_SOONEST = tuple((table, _soonest(table)) for table in (tables.transfers, tables.calls))
_SOONEST_OF_ALL = tuple((table, _soonest(table, some_full=False)) for table, _ in _SOONEST)


def _waiting(connection: Connection, full: Collection[_Peer] = ()) -> list[_Due]:
    """What waits, the first that is due first; nothing of the peers that have all their places."""
    until = time.time() + LOOK_SECONDS
    found = []
    for table, query in _SOONEST if full else _SOONEST_OF_ALL:
        without = [code for name, code in full if name == table.name]
        for row in connection.execute(query, {"until": until, "full": without}):
            found.append(_Due(row.id, table, row.code, max(row.next_at, row.leased_until)))
    return sorted(found, key=lambda each: each.at)


def _claim(connection: Connection, due: _Due, now: float, until: float) -> bool:
    where = (due.table.c.id == due.id) & _open(due.table) & (due.table.c.leased_until <= now)
    return connection.execute(update(due.table).where(where).values(leased_until=until)).rowcount == 1


# --- One transfer ----------------------------------------------------------------------------------------------------


async def drive(host: Host, transfer_id: str) -> bool:
    """One attempt at one transfer. False: it ended by silence."""
    row = await host.ask(lambda connection: transfers.by_id(connection, transfer_id))
    if row is None or row.state not in transfers.OPEN:
        return True
    sent = transfers.outgoing(row)
    if sent.receiver == host.code:
        return await _register(host, sent)
    if sent.attempts == 0:
        await host.step(steps.SEND_LOCKED)
    stand = registry.Stand.OPEN if sent.registry is None else await _offered(host, sent)
    if stand is not registry.Stand.OPEN:
        return stand is not registry.Stand.SILENT
    peer = host.peers().platforms.get(sent.receiver)
    if peer is None or not peer.url or not peer.active:
        await _postpone(host, sent, f"the platform {sent.receiver} is not among the peers")
        return True
    conversation = _Conversation(host, sent, peer)
    verdict = await _speak(host, conversation)
    if verdict.stand in (Stand.ACCEPTED, Stand.REFUSED):
        await host.step(steps.SEND_ANSWERED)
    if verdict.stand is Stand.ACCEPTED:
        await _received(host, sent, verdict)
    elif verdict.stand is Stand.REFUSED:
        await _refused(host, sent, verdict)
    else:
        if verdict.finished is not None and verdict.finished.response_code == Outcome.BSIG:
            await host.do(lambda connection: transfers.signed_anew(connection, host, sent))
        error = "" if verdict.finished is not None else conversation.error
        await _undecided(host, sent, error or _why(verdict))
    return not conversation.silent


async def _speak(host: Host, conversation: "_Conversation") -> Verdict:
    """Send the envelope, its documents and the end; what came of it."""
    verdict = await conversation.start()
    reference = verdict.envelope_reference
    for _ in range(ROUNDS):
        if verdict.stand not in (Stand.STARTED, Stand.MISSING):
            break
        if not reference:
            break
        broken = await conversation.documents(reference, verdict.missing)
        if broken is not None:
            verdict = broken
            continue
        await host.step(steps.SEND_FINISHING)
        verdict = await conversation.finish(reference)
    return verdict


class _Conversation:
    """The calls of one attempt."""

    def __init__(self, host: Host, sent: Outgoing, peer: Peer) -> None:
        self._host = host
        self._sent = sent
        self._peer = peer
        self.error = ""
        """What last went wrong."""
        self.silent = False
        """Whether the last call had no answer."""

    async def start(self) -> Verdict:
        answer = await self._call("POST", "envelopes", titles.text_of(self._sent.envelope).encode())
        verdict = self._judged(answer)
        if verdict.stand is Stand.STARTED:
            await self._host.step(steps.SEND_STARTED)
        return verdict

    async def documents(self, reference: str, missing: tuple[str, ...]) -> Verdict | None:
        """Send what is missing. A verdict where one of them has led to something else than 204."""
        for each in self._sent.documents:
            if each.document_checksum not in missing:
                continue
            answer = await self._document(reference, each)
            if answer.status == 204:
                await self._host.step(steps.SEND_DOCUMENT_SENT)
                continue
            return self._judged(answer)
        return None

    async def finish(self, reference: str) -> Verdict:
        return self._judged(await self._call("PUT", f"envelopes/{reference}/finish-transfer", None))

    async def _document(self, reference: str, document: DocumentMetadata) -> Answer:
        path = files.place(self._host.files, self._sent.title, document.document_checksum)
        if not path.is_file():
            self.error = f"the document {document.document_checksum} is not on this disk any more"
            return Answer(0, error=self.error)
        target = f"envelopes/{reference}/additional-documents/{document.document_checksum}"
        length = files.length_as_base64_string(path.stat().st_size)
        return await self._call("PUT", target, _pieces(path), length=length)

    async def _call(
        self, method: str, path: str, content: bytes | AsyncIterator[bytes] | None, *, length: int | None = None
    ) -> Answer:
        url = f"{self._peer.url}/pint/v3/{path}"
        answer = await call(self._host, method, url, self._peer.token, content, length=length)
        self.error = "" if 200 <= answer.status < 300 else answer.error
        self.silent = answer.silent
        return answer

    def _judged(self, answer: Answer) -> Verdict:
        return judge_answer(answer.body, self._sent.known(), self._host.peers().trust, self._host.now())


async def _pieces(path: Any) -> AsyncIterator[bytes]:
    for piece in files.as_base64_string(path):
        yield piece


def _why(verdict: Verdict) -> str:
    told = verdict.finished
    if told is not None:
        return f"{told.response_code}: {told.reason or ''}".strip()
    return "; ".join(f"{each.code} {each.found}" for each in verdict.findings)[:1000] or "no answer that decides"


# --- What comes of it ------------------------------------------------------------------------------------------------

_Job = Callable[[Connection], bool]


def _accepted(host: Host, sent: Outgoing, proof: str) -> _Job:
    def job(connection: Connection) -> bool:
        settled = transfers.accepted(connection, host, sent, proof)
        if settled and sent.issuance is not None:
            issuing.concluded(connection, host, sent.issuance, None)
        return settled

    return job


def _returned(host: Host, sent: Outgoing, state: str, proof: str, reason: str) -> _Job:
    def job(connection: Connection) -> bool:
        settled = transfers.returned(connection, host, sent, state, proof, reason)
        if settled and sent.issuance is not None:
            code = "issuance.called-back" if state == transfers.CANCELLED else "issuance.unknown-party"
            refused = finding(code, "/issueTo", found=reason or "refused")
            issuing.concluded(connection, host, sent.issuance, refused)
        if settled and sent.purpose is Purpose.POSSESSION:
            surrendering.came_back(connection, host, sent.title)
        return settled

    return job


def _is_older(connection: Connection, title: str, word: registry.Word) -> int | None:
    """The sequence that the registry has signed of the title before, where what it signs now is older."""
    held = titles.by_id(connection, title)
    seen = peek(held.control) if held is not None and held.control else None
    sequence = seen.get("sequence") if isinstance(seen, dict) else None
    return sequence if isinstance(sequence, int) and word.sequence < sequence else None


def _lost(host: Host, sent: Outgoing, proof: str, reason: str) -> _Job:
    def job(connection: Connection) -> bool:
        settled = transfers.lost(connection, host, sent, proof, reason)
        if settled and sent.issuance is not None:
            issuing.concluded(connection, host, sent.issuance, finding("control.registered", found=reason))
        return settled

    return job


async def _settle(host: Host, sent: Outgoing, job: _Job) -> bool:
    settled = await host.do(job)
    await host.step(steps.SEND_SETTLED)
    host.wake()
    return settled


async def _received(host: Host, sent: Outgoing, verdict: Verdict) -> None:
    """The receiver says that it has the title; with a registry that counts when the acceptance is recorded there."""
    if sent.registry is None:
        await _settle(host, sent, _accepted(host, sent, verdict.signed))
        return
    word = await _said_offered(host, sent, sent.registry)
    if word.stand is registry.Stand.ACCEPTED:
        await _settle(host, sent, _accepted(host, sent, verdict.signed))
    elif word.stand is registry.Stand.CANCELLED:
        await _settle(host, sent, _returned(host, sent, transfers.CANCELLED, word.statement, "cancelled"))
    else:
        await _postpone(host, sent, f"{_why(verdict)}, but the registry: {word.stand} {word.reason}")


async def _refused(host: Host, sent: Outgoing, verdict: Verdict) -> None:
    """The receiver refuses for good; with a registry that counts when the cancellation was taken there."""
    reason = _why(verdict)
    if sent.registry is None:
        await _settle(host, sent, _returned(host, sent, transfers.REFUSED, verdict.signed, reason))
        return
    word = await _said_cancelled(host, sent, sent.registry)
    if word.stand is registry.Stand.CANCELLED:
        await _settle(host, sent, _returned(host, sent, transfers.REFUSED, verdict.signed, reason))
    elif word.stand is registry.Stand.ACCEPTED:
        await _settle(host, sent, _accepted(host, sent, word.statement))
    else:
        await _postpone(host, sent, f"{reason}; the registry: {word.stand} {word.reason}")


async def _undecided(host: Host, sent: Outgoing, reason: str) -> None:
    """No outcome: ask again. When the automatic attempts are exhausted, what the registry has recorded holds."""
    if sent.registry is not None and sent.attempts + 1 >= host.patience.attempts:
        word = await _said_offered(host, sent, sent.registry)
        if word.stand is registry.Stand.ACCEPTED:
            await _settle(host, sent, _accepted(host, sent, word.statement))
            return
    await _postpone(host, sent, reason)


async def _postpone(host: Host, sent: Outgoing, reason: str) -> None:
    next_at = time.time() + host.patience.pause(sent.attempts + 1)
    await host.do(lambda connection: transfers.postponed(connection, host, sent, reason, next_at))


async def _offered(host: Host, sent: Outgoing) -> registry.Stand:
    """Rule 3: where it stands; the receiver may hear of it now if that is OPEN."""
    base = sent.registry or ""
    word = await _said_offered(host, sent, base)
    first = sent.registers(host.code)
    if word.stand is registry.Stand.UNKNOWN and not word.control and sent.issuance is None and first is not None:
        # Issued here, and never registered: before this platform registered what it issues, or the registry lost it.
        word = await registry.registered(host, base, sent.title, first)
        if word.stand is registry.Stand.OPEN:
            word = await _said_offered(host, sent, base)
    if word.stand in (registry.Stand.OPEN, registry.Stand.ACCEPTED):
        await host.step(steps.SEND_OFFERED)
        return registry.Stand.OPEN
    if word.stand is registry.Stand.CANCELLED:
        await _settle(host, sent, _returned(host, sent, transfers.CANCELLED, word.statement, "cancelled"))
    else:
        await _not_offered(host, sent, word, f"the registry does not take the offer: {word.stand} {word.reason}")
    return word.stand


async def _said_offered(host: Host, sent: Outgoing, base: str) -> registry.Word:
    """The transfer, or the issuance, in the registry."""
    return await registry.offered(host, base, sent.title, sent.content, sent.receiver, _word(host, sent))


async def _said_cancelled(host: Host, sent: Outgoing, base: str) -> registry.Word:
    """Dead in the registry, also where it was not offered there yet, or not registered."""
    word = _word(host, sent)
    entry = sent.content if sent.receiver != host.code or word is None else content_checksum(word.manifest)
    return await registry.cancelled(host, base, sent.title, entry, sent.receiver, word)


def _word(host: Host, sent: Outgoing) -> registry.Issued | None:
    """The carrier's, for a title that nobody has yet."""
    return sent.registers(host.code) if sent.issuance is not None else None


async def _not_offered(host: Host, sent: Outgoing, word: registry.Word, reason: str) -> None:
    """Ask again. When the automatic attempts are exhausted, and the registry has signed since this transfer began that
    another platform is in control, that holds (rule 3): what it has signed before is history."""
    elsewhere = word.control not in ("", host.code) and word.at is not None and word.at >= sent.created_at
    older = await host.ask(lambda connection: _is_older(connection, sent.title, word)) if word.statement else None
    if older is not None:
        set_back = finding("control.set-back", found=f"sequence {word.sequence}", expected=f"at least {older}")
        facts = {"title": sent.title, "signed_before": older, "signed_now": word.sequence, "control": word.control}
        log.error("the registry was set back: it does not know what it has signed", registry=sent.registry, **facts)
        await _postpone(host, sent, f"{set_back.code}: {set_back.message} Found: {set_back.found}, {set_back.expected}")
    elif elsewhere and (word.given or sent.issuance is not None) and sent.attempts + 1 >= host.patience.attempts:
        await _settle(host, sent, _lost(host, sent, word.statement, f"{reason}; {word.control} is in control"))
    else:
        await _postpone(host, sent, f"{reason}; {word.control} is in control" if elsewhere else reason)


async def _register(host: Host, sent: Outgoing) -> bool:
    """A title that is issued to a user of this platform: it is here when the registry has it. False: that is silent."""
    first = sent.registers(host.code)
    if first is None or sent.registry is None:
        raise titles.BrokenStore(f"{sent.reference} is issued here without the carrier's manifest, or a registry")
    word = await registry.registered(host, sent.registry, sent.title, first)
    if word.stand is registry.Stand.OPEN:
        await host.step(steps.ISSUE_REGISTERED)
        await _settle(host, sent, _accepted(host, sent, word.statement))
    else:
        await _not_offered(host, sent, word, f"the registry does not have the title: {word.stand} {word.reason}")
    return word.stand is not registry.Stand.SILENT


async def cancel(host: Host, transfer_id: str) -> tuple[Finding, ...]:
    """`POST /v1/transfers/{id}:cancel`: only the registry can take it, or without one the receiver, which then
    commits to refuse it for ever. Nothing refused: the title is here again."""
    row = await host.ask(lambda connection: transfers.by_id(connection, transfer_id))
    if row is None:
        return (finding("pint.unknown-transfer", found=transfer_id),)
    if row.state == transfers.CANCELLED:
        return ()
    if row.state not in transfers.OPEN:
        return (finding("pint.settled", found=row.state),)
    sent = transfers.outgoing(row)
    if sent.purpose is not Purpose.POSSESSION:
        return (finding("pint.not-to-be-cancelled", found=row.state),)
    return await _withdraw(host, sent) if sent.registry is None else await _cancel(host, sent, sent.registry)


async def _withdraw(host: Host, sent: Outgoing) -> tuple[Finding, ...]:
    """Without a registry: the receiver's signed word, which is not guessed where it does not come."""
    peer = host.peers().platforms.get(sent.receiver)
    if peer is None or not peer.url or not peer.active:
        return (finding("pint.not-to-be-cancelled", found=f"{sent.receiver} cannot be asked"),)
    last = sent.envelope["envelopeTransferChain"][-1]
    body = titles.text_of({"entry": last}).encode()
    told = await call(host, "POST", f"{peer.url}/tradebridge/v1/withdrawals", peer.token, body)
    verdict = judge_answer(told.body, sent.known(), host.peers().trust, host.now())
    if verdict.stand is Stand.REFUSED:
        await _settle(host, sent, _returned(host, sent, transfers.CANCELLED, verdict.signed, "cancelled"))
        return ()
    if verdict.stand is Stand.ACCEPTED:
        await _settle(host, sent, _accepted(host, sent, verdict.signed))
        return (finding("pint.settled", found="accepted by the receiver"),)
    return (finding("pint.not-to-be-cancelled", found=_why(verdict)),)


async def _cancel(host: Host, sent: Outgoing, base: str) -> tuple[Finding, ...]:
    word = await _said_cancelled(host, sent, base)
    first = sent.registers(host.code)
    if word.stand is registry.Stand.UNKNOWN and not word.control and sent.issuance is None and first is not None:
        await registry.registered(host, base, sent.title, first)
        word = await _said_cancelled(host, sent, base)
    if sent.receiver == host.code and word.control == host.code and word.stand is registry.Stand.UNKNOWN:
        await _register(host, sent)  # it has it, and the answer was lost
        return (finding("pint.settled", found="registered"),)
    if word.stand is registry.Stand.CANCELLED:
        await _settle(host, sent, _returned(host, sent, transfers.CANCELLED, word.statement, "cancelled"))
        return ()
    if word.stand is registry.Stand.ACCEPTED:
        return (finding("pint.settled", found="accepted in the registry"),)
    return (finding("pint.registry-silent", found=word.reason),)


# --- One request to a carrier ----------------------------------------------------------------------------------------


async def deliver(host: Host, call_id: str) -> bool:
    """One attempt at an issuance response or a surrender request. 204, and 409 (it has it already), end it. False: the
    carrier was silent."""
    query = select(tables.calls).where(tables.calls.c.id == call_id)
    row = await host.ask(lambda connection: connection.execute(query).one_or_none())
    if row is None or row.state != "due":
        return True
    peer = host.peers().carriers.get(row.carrier)
    if peer is None or not peer.url or not peer.active:
        await host.do(lambda connection: _noted(connection, host, row, f"the carrier {row.carrier} has no address"))
        return True
    await host.step(steps.CALL_SENDING)
    answer = await call(host, "POST", f"{peer.url}{row.path}", peer.token, row.body.encode())
    if answer.status in (200, 201, 202, 204, 409):
        await host.step(steps.CALL_ANSWERED)
        await host.do(lambda connection: _noted(connection, host, row, ""))
    else:
        await host.do(lambda connection: _noted(connection, host, row, answer.error))
    return not answer.silent


def _noted(connection: Connection, host: Host, row: StoreRow[Any], error: str) -> None:
    attempts = row.attempts + 1
    values: dict[str, Any] = {
        "state": "due" if error else "done",
        "attempts": attempts,
        "last_error": error[:1000],
        "next_at": time.time() + host.patience.pause(attempts),
        "leased_until": 0.0,
    }
    connection.execute(update(tables.calls).where(tables.calls.c.id == row.id).values(**values))
