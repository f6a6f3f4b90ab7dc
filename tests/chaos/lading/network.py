"""Platforms in one process: the engine's real code over real SQLite files, and between them a wire that a test tears.

1. The wire stands where the socket is, as an httpx transport. Each request has a fate: it comes through, or it is lost,
   its answer is lost, it comes twice, it comes late (after its sender gave up), or somebody answers falsely.
2. A crash is an exception at a step of the engine (`tradebridge.ebl.steps`) that nothing catches: what was committed
   stays, all else is gone. The platform is down until it is started again, and then takes up what it finds.
3. A store that fails raises from one commit, in a process that lives on.
4. Nothing retries by itself: `attempt` is one round of the courier, with a clock that is far ahead of every pause.
"""

import asyncio
import itertools
import sqlite3
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import orjson
from fastapi import FastAPI
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.pint import Outcome, Party
from simulator.platform import Platform, Settings, metadata
from simulator.platforms import token_of
from simulator.store import Store
from tests.ebl import cast
from tests.ebl.registry import Registry
from tests.ebl.running import JSON, SEED, digest, issuance_request, key_of
from tradebridge.ebl import api, files, sending
from tradebridge.ebl.envelope import answer

T = TypeVar("T")

CODES = ("STRA", "MEKO", "FUJI", "KAPU")
REGISTRY = "http://registry.test"
PATIENCE = {"first": 0.0, "factor": 1.0, "longest": 0.0, "attempts": 3, "slow": 0.0, "timeout": 5.0}
SECOND_CODE = "SIM2"
"""Another code of the carrier."""
KAPUS_CODE = "SIMK"
"""The platform KAPU is a carrier too."""
NOBODY = "NOBODY"
"""A recipient whom no platform knows."""


class Fate(StrEnum):
    """What becomes of one request."""

    THROUGH = "comes through"
    REQUEST_LOST = "is lost"
    ANSWER_LOST = "its answer is lost"
    TWICE = "comes twice"
    LATE = "comes late, after its sender gave up"
    CORRUPTED = "comes with another document, and no manifest that holds"
    SPOILT = "comes corrupted, and late as it was sent"
    DISPUTED = "is answered DISE, signed, and never looked at"
    FOREIGN = "is answered RECE by a foreign key"
    RUBBISH = "is answered by rubbish"
    ERROR = "is answered by an error of a proxy"
    LIED_RECE = "is answered RECE by the receiver, who never accepted"
    LIED_BENV = "is accepted, and answered BENV by the receiver"


HONEST = (
    Fate.THROUGH,
    Fate.REQUEST_LOST,
    Fate.ANSWER_LOST,
    Fate.TWICE,
    Fate.LATE,
    Fate.CORRUPTED,
    Fate.SPOILT,
)
FALSE = (Fate.DISPUTED, Fate.FOREIGN, Fate.RUBBISH, Fate.ERROR)
LYING = (Fate.LIED_RECE, Fate.LIED_BENV)
"""The receiver itself lies, by its own key: nothing but a registry helps."""


class Crashed(BaseException):
    """`kill -9`, as the code that is killed sees it: nothing of it goes on."""


def party(platform: str, name: str = "TRADER") -> Party:
    return cast.party(f"{name.capitalize()} of {platform}", f"SIM-{platform}-{name}", platform)


def _shown_by(who: str, to: str) -> str:
    return digest(token_of(SEED, who, to))


def _configuration(code: str, registry: JSON) -> JSON:
    carrier = cast.CARRIER.model_copy(update={"ebl_platform": code})
    trader = party(code)
    return {
        "seed": SEED,
        "patience": PATIENCE,
        "limits": {"file": 1_000_000},
        "peers": [{"code": other, "base": f"http://{other.lower()}.test"} for other in CODES if other != code],
        "carriers": [
            {"code": cast.CARRIER_CODE, "base": "http://carrier.test", "party": pint.to_json(carrier)},
            {"code": SECOND_CODE, "base": "http://carrier.test", "token_in": _shown_by(cast.CARRIER_CODE, code)},
            {"code": KAPUS_CODE, "base": "http://carrier.test", "token_in": _shown_by("KAPU", code)},
        ],
        "accounts": [
            {
                "id": "TRADER",
                "partyName": trader.party_name,
                "identifyingCodes": [pint.to_json(each) for each in trader.identifying_codes],
            }
        ],
        **registry,
    }


class Node(Platform):
    """One platform. It crashes and its store fails where it is told to."""

    def __init__(self, code: str, folder: Path, registry: JSON, network: "Network") -> None:
        super().__init__(Settings.from_json(_configuration(code, registry), code), folder)
        self.folder, self.network = folder, network
        self._looking: sqlite3.Connection | None = None
        self.dies_at: str | None = None
        self.fails_in: int | None = None
        """So many commits until one fails; None: none does."""
        self.app = FastAPI()
        for routes in (api.router(lambda request: self), api.reading(lambda request: self)):
            self.app.include_router(routes)
        self.app.include_router(api.acting_routes(lambda request: self))
        self._courier = sending.Courier(self)

    @property
    def down(self) -> bool:
        return self._store is None

    async def start(self) -> None:
        """From what is on the disk; what was open is taken up."""
        files.forget_passing(self.files)
        self._store = Store(self.folder / "platform.sqlite", metadata)
        self._wire = self.network
        self._courier = sending.Courier(self)
        try:
            await self._courier._take_up()
        except Crashed:
            self.stop()

    def stop(self) -> None:
        """Gone. What was handed to the store before is committed, as it may be with a real crash."""
        if self._store is not None:
            self._store.close()
        self._store = None

    async def attempt(self) -> None:
        """Everything that is due, once: transfers to others, and calls to the carrier. It may die of it."""
        if self.down:
            return
        tasks: list[asyncio.Task[None]] = []
        self._courier._resume_at = 0.0
        try:
            await self._courier._round()
            tasks += self._courier._tasks
            await asyncio.gather(*tasks)
        except Crashed:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.stop()
        except OperationalError:
            pass  # the round itself could not look: the courier logs that, and looks again

    def now(self) -> datetime:
        return self.network.now()

    async def step(self, name: str) -> None:
        if name == self.dies_at:
            raise Crashed(f"{self.code} at {name}")

    async def do(self, job: Callable[[Connection], T]) -> T:
        if self.fails_in is not None:
            self.fails_in -= 1
            if self.fails_in < 0:
                self.fails_in = None
                raise OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))
        return await super().do(job)

    def wake(self) -> None:
        """Nobody is waiting: rule 4."""

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """The store, read from outside: what is committed."""
        if self._looking is None:
            path = self.folder / "platform.sqlite"
            self._looking = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
            self._looking.row_factory = sqlite3.Row
        return self._looking.execute(query, values).fetchall()

    def close_for_good(self) -> None:
        self.stop()
        if self._looking is not None:
            self._looking.close()


@dataclass
class _Late:
    """A request that is still under way."""

    request: httpx.Request
    body: bytes


@dataclass
class Network(httpx.AsyncBaseTransport):
    """The platforms with all that lies between them. `close` it."""

    folder: Path
    registered: bool = False
    fates: deque[Fate] = field(default_factory=deque)
    """Of the requests to come; then all come through."""
    late: list[_Late] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """What became of each request: for the message of a test that fails."""
    spoilt: set[str] = field(default_factory=set)
    """Checksums of the last entries of which a spoilt copy, or a lie, may have led to a signed refusal: with a registry
    that ends a transfer."""

    def __post_init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.registry = Registry(url=REGISTRY, now=self.now)
        self._ticks = itertools.count(1)
        self._numbers = itertools.count(1)
        configured = self.registry.configuration() if self.registered else {}
        self.nodes = {code: Node(code, self.folder / code, configured, self) for code in CODES}
        for node in self.nodes.values():
            self.run(node.start())

    def __getitem__(self, code: str) -> Node:
        return self.nodes[code]

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(what)

    def now(self) -> datetime:
        """Every look is a moment later."""
        return cast.NOW + timedelta(milliseconds=next(self._ticks))

    def close(self) -> None:
        for node in self.nodes.values():
            node.close_for_good()
        self.run(self.loop.shutdown_asyncgens())
        self.loop.close()

    # --- what users and carrier do ---

    def issue(self, on: str, reference: str = "", **changes: Any) -> str:
        """A blank bill, issued to the trader of this platform. Its reference."""
        reference = reference or f"SIML29{next(self._numbers):05}"
        value = cast.document("blank", transportDocumentReference=reference, **changes)
        carrier = value["carrierCode"]
        shown = token_of(SEED, {KAPUS_CODE: "KAPU"}.get(carrier, cast.CARRIER_CODE), on)
        request = issuance_request(value, party(on), carrier=carrier)
        taken = self.post(on, "PUT", "/ebl/v3/ebl-issuance-requests", request, shown)
        assert taken.status_code == 204, taken.text
        return reference

    def transfer(self, on: str, reference: str, to: Party, carrier: str = "", **more: Any) -> httpx.Response:
        """`carrier`: whose number it is."""
        body = {"action": "TRANSFER", "actor": pint.to_json(party(on)), "recipient": pint.to_json(to), **more}
        of = f"?carrierCode={carrier}" if carrier else ""
        return self.post(on, "POST", f"/v1/titles/{reference}/actions{of}", body)

    def post(
        self, code: str, method: str, path: str, body: JSON | str | None = None, token: str = ""
    ) -> httpx.Response:
        """A request by somebody whose connection holds."""
        request = httpx.Request(
            method,
            f"http://{code.lower()}.test{path}",
            content=b"" if body is None else orjson.dumps(body),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        return self.run(self._to(self.nodes[code], request, request.content))

    # --- the wire ---

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        host = urlsplit(str(request.url)).hostname or ""
        if host == "carrier.test":
            return httpx.Response(204, request=request)
        fate = self.fates.popleft() if self.fates else Fate.THROUGH
        self.told.append(f"{request.method} {request.url}: {fate}")
        if host == "registry.test":
            return self._registry(request, body, fate)
        node = self.nodes[host.removesuffix(".test").upper()]
        if fate is Fate.REQUEST_LOST:
            raise httpx.ConnectTimeout("lost", request=request)
        if fate is Fate.LATE:
            self.late.append(_Late(request, body))
            raise httpx.ReadTimeout("late", request=request)
        if fate is Fate.SPOILT:
            self.late.append(_Late(request, body))
        if fate in (Fate.CORRUPTED, Fate.SPOILT, Fate.LIED_BENV):
            self.spoilt.add(pint.signed_checksum(_last_entry(body) or ""))
        if fate in (*FALSE, *LYING):
            return await self._false(node, request, body, fate)
        if fate in (Fate.CORRUPTED, Fate.SPOILT):
            body = corrupted(body)
        reply = await self._to(node, request, body)
        if fate is Fate.TWICE:
            reply = await self._to(node, request, body)
        if fate is Fate.ANSWER_LOST:
            raise httpx.ReadTimeout("lost", request=request)
        return reply

    async def arrives(self, place: int) -> None:
        """One of the late requests comes now. Nobody hears the answer."""
        late = self.late.pop(place)
        node = self.nodes[(urlsplit(str(late.request.url)).hostname or "").removesuffix(".test").upper()]
        self.told.append(f"late: {late.request.method} {late.request.url}")
        with suppress(httpx.TransportError):  # it may be down
            await self._to(node, late.request, late.body)

    async def _to(self, node: Node, request: httpx.Request, body: bytes) -> httpx.Response:
        """To the platform's own HTTP. One that is down, or dies of it, answers nothing."""
        if node.down:
            raise httpx.ConnectError("nobody listens", request=request)
        again = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        again.headers["Content-Length"] = str(len(body))
        try:
            reply = await httpx.ASGITransport(node.app, raise_app_exceptions=False).handle_async_request(again)
            data = await reply.aread()
        except Crashed:
            node.stop()
            raise httpx.ReadError("the connection was reset", request=request) from None
        return httpx.Response(reply.status_code, headers=reply.headers, content=data, request=request)

    async def _false(self, node: Node, request: httpx.Request, body: bytes, fate: Fate) -> httpx.Response:
        """An answer that does not say what is. Requests other than of an envelope get an error."""
        entry = _last_entry(body)
        if fate is Fate.RUBBISH or entry is None:
            return httpx.Response(200, content=b'"no.such.thing"', request=request)
        if fate is Fate.ERROR:
            return httpx.Response(502, content=b"<html>Bad gateway</html>", request=request)
        named = pint.signed_checksum(entry)
        if fate is Fate.DISPUTED:
            return _signed(409, answer(Outcome.DISE, named, key_of(node.code), reason="disputed"), request)
        if fate is Fate.FOREIGN:
            return _signed(200, answer(Outcome.RECE, named, key_of("EVIL"), received=[]), request)
        if fate is Fate.LIED_RECE:
            return _signed(200, answer(Outcome.RECE, named, key_of(node.code), received=[]), request)
        await self._to(node, request, body)
        return _signed(422, answer(Outcome.BENV, named, key_of(node.code), reason="refused"), request)

    def _registry(self, request: httpx.Request, body: bytes, fate: Fate) -> httpx.Response:
        """Statements come late or twice as any request; false answers have not the registry's signature."""
        if fate in (Fate.REQUEST_LOST, Fate.LATE):
            raise httpx.ConnectTimeout("lost", request=request)
        if fate in (*FALSE, *LYING, Fate.CORRUPTED, Fate.SPOILT):
            return httpx.Response(404, json={"code": "control.unknown-title"}, request=request)
        if request.method == "GET":
            title = request.url.path.rsplit("/", 1)[-1]
            status, said = self.registry.look_up(title, request.url.params.get("asked", ""))
            return httpx.Response(status, json=said, request=request)
        status, said = self.registry.take(body.decode("ascii"))
        if fate is Fate.TWICE:
            status, said = self.registry.take(body.decode("ascii"))
        if fate is Fate.ANSWER_LOST:
            raise httpx.ReadTimeout("lost", request=request)
        return httpx.Response(status, json=said, request=request)

    # --- what is so ---

    def holders(self, reference: str) -> list[str]:
        """Where the title is, by the stores: here, or sending to somebody who has not accepted it."""
        found = []
        for node in self.nodes.values():
            for row in node.rows("select at, transfer from ebl_titles where reference = ?", reference):
                if row["at"] == "here":
                    found.append(f"{node.code} here")
                elif row["at"] in ("sending", "in-doubt") and not self.accepted(node, row["transfer"]):
                    found.append(f"{node.code} sending")
        return found

    def accepted(self, sender: Node, transfer: str) -> bool:
        (row,) = sender.rows("select receiver, content from ebl_transfers where id = ?", transfer)
        query = "select 1 from ebl_incoming where content = ? and state = 'accepted'"
        return bool(self.nodes[row["receiver"]].rows(query, row["content"]))

    def stands(self, code: str, reference: str) -> str:
        """`here`, `sending`, `in-doubt`, `away`, or nothing."""
        rows = self.nodes[code].rows("select at from ebl_titles where reference = ?", reference)
        return rows[0]["at"] if rows else ""


def corrupted(body: bytes) -> bytes:
    """An envelope whose last entry is all that holds; of anything else, nothing is left."""
    try:
        value = orjson.loads(body)
        value["transportDocument"]["serviceContractReference"] = "CHANGED-ON-THE-WAY"
        value["envelopeManifestSignedContent"] = value["envelopeManifestSignedContent"][:-8] + "AAAAAAAA"
    except (ValueError, TypeError, KeyError):
        return b"?"
    return orjson.dumps(value)


def _last_entry(body: bytes) -> str | None:
    try:
        value = orjson.loads(body)
        return str(value["envelopeTransferChain"][-1])
    except (ValueError, TypeError, KeyError):
        return None


def _signed(status: int, compact: str, request: httpx.Request) -> httpx.Response:
    return httpx.Response(status, json=compact, request=request)
