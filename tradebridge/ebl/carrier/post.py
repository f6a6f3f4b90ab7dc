"""Sending what is in the outbox, until it is taken: notifications, issuance requests, answers to surrenders.

1. A lane is one receiver and one case: its first row is sent before its second one. Lanes do not wait for each other.
2. That a row may have been sent is durable before it is sent; what was answered, after. Killed in between, it is sent
   again: a notification has its id, a request its reference, by which the receiver knows it.
3. An issuance request that is answered 409: if it may have been sent before, the platform has it, and its verdict comes
   by itself; else the reference belongs to another document, which is a refusal.
4. An answer to a surrender that is answered 409 was given before.
5. A refusal of the body itself (400, 422) is final: of an issuance request it is the platform's verdict, anything else
   is put aside for a person. Everything else is tried again, more and more slowly; of notifications so many times.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from schemas.bill_of_lading.carriage import Step
from tradebridge.ebl.carrier import casefile, places
from tradebridge.ebl.carrier import store as t
from tradebridge.ebl.carrier.acting import act
from tradebridge.ebl.carrier.office import Office
from tradebridge.ebl.carrier.store import Store
from tradebridge.ebl.waiting import until_set

log = logging.getLogger("tradebridge.ebl.carrier.post")

WAITING, DONE, DEAD = "waiting", "done", "dead"
LONGEST_ANSWER = 100_000
"""Bytes that are read of an answer."""
TROUBLE_SECONDS = 1.0
AT_ONCE = 16
"""Lanes that are sent to at the same time."""
REFUSED_BODY = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True)
class Letter:
    """One row of the outbox."""

    id: int
    kind: str
    receiver: str
    document: str
    method: str
    url: str
    body: str
    attempts: int
    """Before this one."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; status 0: nothing did."""

    status: int
    text: str


class Post:
    """Drives the outbox. `decided` hears of cases in which something has happened."""

    def __init__(self, store: Store, office: Office, client: httpx.AsyncClient, decided: Callable[[], None]) -> None:
        self._store = store
        self._office = office
        self._client = client
        self._decided = decided
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            self._woken.clear()
            try:
                letters, pause = await self._store.do(self._due)
                await asyncio.gather(*(self._deliver(letter) for letter in letters))
            except Exception:  # a full disk, say: what was not settled is sent again
                log.exception("the post is left for a moment")
                letters, pause = [], TROUBLE_SECONDS
            if letters:
                continue
            await until_set(self._woken, pause)

    def _due(self, connection: Connection) -> tuple[list[Letter], float | None]:
        """The first letters of the lanes that are due; or in how many seconds one will be (None: there is none)."""
        waiting = t.outbox.c.state == WAITING
        firsts = select(func.min(t.outbox.c.id)).where(waiting).group_by(t.outbox.c.lane)
        rows = connection.execute(select(t.outbox).where(t.outbox.c.id.in_(firsts)).order_by(t.outbox.c.due)).all()
        now = time.time()
        due = [row for row in rows if row.due <= now][:AT_ONCE]
        pause = max(rows[0].due - now, 0.01) if rows else None
        letters = [
            Letter(row.id, row.kind, row.receiver, row.document, row.method, row.url, row.body, row.attempts)
            for row in due
        ]
        return letters, pause

    async def _deliver(self, letter: Letter) -> None:
        """One attempt; its result is durable when this returns."""
        await self._store.do(lambda connection: _mark(connection, letter.id, attempts=letter.attempts + 1))
        await self._office.step(places.SENDING)
        reply = await self._ask(letter)
        await self._office.step(places.SENT)
        await self._store.do(lambda connection: self._settle(connection, letter, reply))
        self._decided()

    async def _ask(self, letter: Letter) -> Reply:
        headers = {"Content-Type": "application/json", "API-Version": "3"}
        if token := self._token(letter.receiver):
            headers["Authorization"] = f"Bearer {token}"
        timeout = self._office.settings.retry.timeout
        try:
            async with asyncio.timeout(timeout):
                request = self._client.build_request(letter.method, letter.url, content=letter.body, headers=headers)
                response = await self._client.send(request, stream=True)
                try:
                    text = await _text(response)
                finally:
                    await response.aclose()
                return Reply(response.status_code, text)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return Reply(0, f"{type(error).__name__}: {error}")

    def _token(self, receiver: str) -> str:
        kind, _, name = receiver.partition(":")
        settings = self._office.settings
        if kind == "platform":
            platform = settings.platform(name)
            return platform.token_out if platform else ""
        identity, _, reference = name.partition(":")
        consumer = settings.consumer(identity)
        found = (each for each in (consumer.subscriptions if consumer else ()) if each.reference == reference)
        return next((each.token_out for each in found), "")

    def _settle(self, connection: Connection, letter: Letter, reply: Reply) -> None:
        """Note the answer, and take the step that it means."""
        row = connection.execute(select(t.outbox.c.state).where(t.outbox.c.id == letter.id)).one()
        if row.state != WAITING:
            return  # settled meanwhile: the platform's verdict came before the answer to the request
        answer = f"{reply.status} {reply.text}"[:2000]
        if 200 <= reply.status < 300 or _taken_before(letter, reply):
            _mark(connection, letter.id, state=DONE, answer=answer)
        elif letter.kind == "issuance-request" and reply.status in (REFUSED_BODY | {409}):
            _mark(connection, letter.id, state=DONE, answer=answer)
            self._not_issued(connection, letter, reply)
        elif reply.status in REFUSED_BODY or self._given_up(letter):
            log.warning("%s %s is put aside: %s", letter.method, letter.url, answer)
            _mark(connection, letter.id, state=DEAD, answer=answer)
        else:
            retry = self._office.settings.retry
            pause = min(retry.most, retry.first * 2 ** min(letter.attempts, 20))
            _mark(connection, letter.id, due=time.time() + pause, answer=answer)

    def _given_up(self, letter: Letter) -> bool:
        return letter.kind == "notification" and letter.attempts + 1 >= self._office.settings.retry.attempts

    def _not_issued(self, connection: Connection, letter: Letter, reply: Reply) -> None:
        case = casefile.find(connection, letter.document)
        if case is not None:
            reason = f"the platform answered {reply.status}: {_reason(reply.text)}"[:255]
            act(connection, self._office, case, Step.REFUSE_ISSUANCE, {"reason": reason})


def _taken_before(letter: Letter, reply: Reply) -> bool:
    """Rules 3 and 4."""
    if reply.status != 409:
        return False
    return letter.kind == "surrender-response" or (letter.kind == "issuance-request" and letter.attempts > 0)


def _mark(connection: Connection, number: int, **values: Any) -> None:
    connection.execute(t.outbox.update().where(t.outbox.c.id == number).values(**values))


async def _text(response: httpx.Response) -> str:
    data = b""
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > LONGEST_ANSWER:
            break
    return data[:LONGEST_ANSWER].decode("utf-8", "replace")


def _reason(text: str) -> str:
    """The first message of an ErrorResponse, if it is one."""
    try:
        return str(orjson.loads(text)["errors"][0]["errorCodeMessage"])
    except (ValueError, KeyError, IndexError, TypeError):
        return text[:200] or "no reason"


# --- For whoever looks after it --------------------------------------------------------------------------------------


def settle_issuance(connection: Connection, document: str) -> None:
    """The platform has given its verdict: the request is not sent again."""
    mine = (t.outbox.c.kind == "issuance-request") & (t.outbox.c.document == document) & (t.outbox.c.state == WAITING)
    connection.execute(t.outbox.update().where(mine).values(state=DONE, answer="the verdict came first"))


def send_again(connection: Connection, number: int) -> bool:
    """Put what was put aside back into its lane, at its old place."""
    mine = (t.outbox.c.id == number) & (t.outbox.c.state == DEAD)
    return connection.execute(t.outbox.update().where(mine).values(state=WAITING, attempts=0, due=0.0)).rowcount == 1
