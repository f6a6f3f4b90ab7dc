"""One simulated eBL platform: the engine of `tradebridge.ebl` over a SQLite file of its own.

`python -P -m simulator.platform --code STRA --data DIR --port N --config FILE.json [--hold STEP]`

1. All that it knows is in `DIR/platform.sqlite` and `DIR/files`; killed at any moment it goes on where it was. The
   journal of its titles is a table of the same file, written in the same transaction.
2. Whom it trusts and who has an account is its configuration, read at the start (docs/connect-a-platform.md). Keys and
   tokens that it does not give come from the seed, and then nothing that is signed proves anything.
3. `--hold STEP` (or `STEP:N`, the N-th passing) stops the process for good at that step (`tradebridge.ebl.steps`) after
   writing `DIR/held`, so that a test can kill it there.
4. Its users need no key: it listens on loopback, and all of it is simulated.
"""

import argparse
import asyncio
import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import Column, Integer, MetaData, String, Table, Text, insert, select
from sqlalchemy.engine import Connection
from starlette.exceptions import HTTPException

from schemas.bill_of_lading.parties import IdentifyingCode
from schemas.bill_of_lading.pint import Party
from simulator.clock import Clock, clock_at
from simulator.platforms import PLATFORMS, PURPOSE, token_of
from simulator.process import listen, serve
from simulator.store import Store
from tradebridge.ebl import api, files, steps, tables
from tradebridge.ebl.host import Account, Caller, Limits, Patience, Peer, Peers
from tradebridge.ebl.seal import ALGORITHMS, Key, RsaKey, Trusted
from tradebridge.ebl.sending import Courier
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import test_signer
from tradebridge.outbound import wire

T = TypeVar("T")

log = logging.getLogger("simulator")

metadata = MetaData(naming_convention=tables.metadata.naming_convention)
for _table in tables.metadata.tables.values():
    _table.to_metadata(metadata)
journal = Table(
    "journal",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("at", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("reference", String(40), nullable=False),
    Column("record", Text, nullable=False),
)


# --- Configuration ---------------------------------------------------------------------------------------------------


class BadConfiguration(ValueError):
    """The configuration cannot be used; the message says which member and why."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A platform as configured. The members of the JSON, all but `seed` or `key` optional:

    `code`, `name`; `key` and `certificate` (PEM; EC P-256 for ES256, RSA for PS256), `earlierCertificates`, or `seed`;
    `clock` (RFC 3339, frozen); `registry` (base URI, for titles issued here); `peers`, `carriers`: `code`, `name`,
    `base`, `token_out` (what we show), `token_in` (SHA-256 of what it shows, hexadecimal; who is several things shows
    one token), `certificates` (PEM),
    `algorithms`, `revoked` (thumbprint: since when), of a carrier also `party`; `registries`: `base`, `url` (what the
    base is now, if it was changed), `token_out`, `certificates` (that of `registry` is asked about every bill);
    `accounts`: `id`, `partyName`, `identifyingCodes`, `taxLegalReferences`, `active`; `patience` and
    `limits` with the names of `tradebridge.ebl.host`.
    """

    code: str
    name: str
    key: Key = field(repr=False)
    peers: Peers
    callers: Mapping[str, Caller] = field(repr=False)
    """By SHA-256 of the token, hexadecimal."""
    accounts: tuple[Account, ...]
    clock: Clock
    registry: str | None
    limits: Limits
    patience: Patience

    @classmethod
    def from_json(cls, given: Mapping[str, Any], code: str = "") -> "Settings":
        """Read a configuration: `name`, `seed`, `key`, `certificate`, `clock`, `registry`, `peers`, `carriers`,
        `registries`, `accounts`, `patience`, `limits`. Raises `BadConfiguration`."""
        try:
            return _read(given, code or str(given["code"]))
        except BadConfiguration:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise BadConfiguration(f"the configuration of the platform cannot be read: {error!r}") from error


def _read(given: Mapping[str, Any], code: str) -> Settings:
    seed = str(given.get("seed", ""))
    key = _key(given, seed, code)
    platforms = {str(each["code"]): _peer(each, seed, code) for each in given.get("peers", ())}
    carriers = {str(each["code"]): _peer(each, seed, code) for each in given.get("carriers", ())}
    registries = {
        str(each["base"]): replace(
            _peer({"code": each["base"], **each, "base": each.get("url", each["base"])}, seed, code),
            consulted=each["base"] == given.get("registry"),
        )
        for each in given.get("registries", ())
    }
    name = str(given.get("name") or PLATFORMS.get(code, code))
    own = Trusted(code, (key.certificate, *_certificates(given.get("earlierCertificates", ()))))
    platforms[code] = Peer(code, name, "", "", own)
    callers = {_token_in(each, seed, code): Caller(str(each["code"])) for each in given.get("peers", ())}
    for each in given.get("carriers", ()):
        token = _token_in(each, seed, code)
        known = callers.get(token, Caller())
        callers[token] = replace(known, carriers=known.carriers | {str(each["code"])})
    at = given.get("clock")
    return Settings(
        code=code,
        name=name,
        key=key,
        peers=Peers(platforms, carriers, registries),
        callers=callers,
        accounts=tuple(_account(each, code) for each in given.get("accounts", ())),
        clock=clock_at(None if at is None else datetime.fromisoformat(str(at))),
        registry=given.get("registry"),
        limits=Limits(**given.get("limits", {})),
        patience=Patience(**given.get("patience", {})),
    )


def _key(given: Mapping[str, Any], seed: str, code: str) -> Key:
    if "key" not in given:
        if not seed:
            raise BadConfiguration("the platform has neither a key with its certificate nor a seed")
        return test_signer(seed, code, PURPOSE)
    private = load_pem_private_key(str(given["key"]).encode(), None)
    (certificate,) = _certificates([given["certificate"]])
    if isinstance(private, rsa.RSAPrivateKey):
        return RsaKey(private, certificate)
    return LocalSigner(code, private, certificate, deterministic=True)  # type: ignore[arg-type]  # another kind raises


def _peer(given: Mapping[str, Any], seed: str, me: str) -> Peer:
    code = str(given["code"])
    certificates = _certificates(given.get("certificates", ()))
    if not certificates and seed:
        certificates = (test_signer(seed, code, PURPOSE).certificate,)
    revoked = {str(each): datetime.fromisoformat(str(at)) for each, at in given.get("revoked", {}).items()}
    algorithms = frozenset(map(str, given.get("algorithms", ALGORITHMS)))
    token = given.get("token_out")
    if token is None:
        token = token_of(seed, me, code) if seed else ""
    party = given.get("party")
    return Peer(
        code=code,
        name=str(given.get("name", code)),
        url=str(given.get("base", "")).rstrip("/"),
        token=str(token),
        trusted=Trusted(code, certificates, algorithms, revoked),
        party=None if party is None else Party.model_validate(party),
    )


def _token_in(given: Mapping[str, Any], seed: str, me: str) -> str:
    stated = given.get("token_in")
    if stated is not None:
        return str(stated).lower()
    if not seed:
        raise BadConfiguration(f"the peer {given['code']} has no token_in, and there is no seed")
    return hashlib.sha256(token_of(seed, str(given["code"]), me).encode()).hexdigest()


def _certificates(texts: Sequence[str]) -> tuple[x509.Certificate, ...]:
    return tuple(each for text in texts for each in x509.load_pem_x509_certificates(str(text).encode()))


def _account(given: Mapping[str, Any], code: str) -> Account:
    account_id = str(given["id"])
    codes = given.get("identifyingCodes") or [{"codeListProvider": code, "partyCode": account_id}]
    party = {"partyName": given["partyName"], "eblPlatform": code, "identifyingCodes": codes}
    if "taxLegalReferences" in given:
        party["taxLegalReferences"] = given["taxLegalReferences"]
    return Account(account_id, Party.model_validate(party), bool(given.get("active", True)))


# --- The host --------------------------------------------------------------------------------------------------------


class Platform:
    """A `tradebridge.ebl.host.Host` over a folder. `open` and `close` it within the event loop."""

    def __init__(self, settings: Settings, folder: Path, hold: str = "") -> None:
        self.settings = settings
        self.code, self.name, self.key = settings.code, settings.name, settings.key
        self.files = folder / "files"
        self.limits, self.patience = settings.limits, settings.patience
        self.registry = settings.registry
        self.alone = True
        self._folder = folder
        self._hold = _Hold.parse(hold, folder) if hold else None
        self._courier = Courier(self)
        self._running: asyncio.Task[None] | None = None
        self._store: Store | None = None
        self._wire: httpx.AsyncBaseTransport | None = None

    async def open(self) -> None:
        files.forget_passing(self.files)
        self._store = Store(self._folder / "platform.sqlite", metadata)
        self._wire = wire()
        self._running = asyncio.create_task(self._courier.run())

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._wire is not None:
            await self._wire.aclose()
        if self._store is not None:
            self._store.close()

    @property
    def wire(self) -> httpx.AsyncBaseTransport:
        if self._wire is None:
            raise RuntimeError("the platform is not open: `await platform.open()` first")
        return self._wire

    @property
    def store(self) -> Store:
        if self._store is None:
            raise RuntimeError("the platform is not open: `await platform.open()` first")
        return self._store

    def peers(self) -> Peers:
        return self.settings.peers

    def caller(self, token: str) -> Caller | None:
        return self.settings.callers.get(hashlib.sha256(token.encode()).hexdigest())

    def account_of(self, codes: Sequence[IdentifyingCode]) -> Account | None:
        found = {
            account.id: account
            for account in self.settings.accounts
            if any(_matches(code, own) for code in codes for own in account.party.identifying_codes)
        }
        one = next(iter(found.values())) if len(found) == 1 else None
        return one if one is not None and one.active else None

    def now(self) -> datetime:
        return self.settings.clock.now()

    async def do(self, job: Callable[[Connection], T]) -> T:
        return await self.store.do(job)

    async def ask(self, question: Callable[[Connection], T]) -> T:
        return await self.store.ask(question)

    def recorded(self, connection: Connection, kind: str, record: Mapping[str, Any]) -> None:
        told = {name: value for name, value in record.items() if name != "transportDocument"}
        connection.execute(
            insert(journal),
            {
                "at": self.now().astimezone(UTC).isoformat(timespec="milliseconds"),
                "kind": kind,
                "reference": str(record["reference"]),
                "record": json.dumps(told, ensure_ascii=False, sort_keys=True),
            },
        )

    async def step(self, name: str) -> None:
        if self._hold is not None:
            self._hold.passing(name)

    def wake(self) -> None:
        self._courier.wake()


def _matches(code: IdentifyingCode, own: IdentifyingCode) -> bool:
    if (code.code_list_provider, code.party_code) != (own.code_list_provider, own.party_code):
        return False
    return None in (code.code_list_name, own.code_list_name) or code.code_list_name == own.code_list_name


@dataclass
class _Hold:
    """Where the process stops for good."""

    step: str
    passings: int
    told: Path

    @classmethod
    def parse(cls, text: str, folder: Path) -> "_Hold":
        step, _, count = text.partition(":")
        if step not in steps.STEPS or not (count or "1").isdigit():
            raise BadConfiguration(f"no step {text}: one of {', '.join(steps.STEPS)}, or STEP:N")
        return cls(step, int(count or "1"), folder / "held")

    def passing(self, name: str) -> None:
        if name != self.step:
            return
        self.passings -= 1
        if self.passings == 0:
            passing = self.told.with_suffix(".passing")
            passing.write_text(name, "ascii")
            passing.replace(self.told)
            while True:  # the event loop stands still: nothing is read, written or answered any more
                time.sleep(3600)


# --- HTTP ------------------------------------------------------------------------------------------------------------


def platform_app(settings: Settings, folder: Path, hold: str = "") -> FastAPI:
    """The platform's HTTP. Its lifespan opens store and courier; it can be mounted under any path."""
    platform = Platform(settings, folder, hold)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await platform.open()
        try:
            yield
        finally:
            await platform.close()

    app = FastAPI(title=platform.name, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.platform = platform

    def host_of(request: Request) -> Platform:
        return platform

    app.add_exception_handler(HTTPException, api.no_such_path(host_of))

    for routes in (api.router(host_of), api.reading(host_of), api.acting_routes(host_of), _own(platform)):
        app.include_router(routes)
    return app


def _own(platform: Platform) -> Any:
    from fastapi import APIRouter

    routes = APIRouter()

    @routes.get("/livez")
    async def livez() -> Response:
        return JSONResponse({"status": "ok", "platform": platform.code})

    @routes.get("/v1/accounts")
    async def accounts() -> Response:
        items = [
            {"id": each.id, "active": each.active, "party": each.party.model_dump(by_alias=True, exclude_none=True)}
            for each in platform.settings.accounts
        ]
        return JSONResponse({"items": items, "next": None})

    @routes.get("/v1/journal")
    async def read_journal() -> Response:
        rows = await platform.ask(lambda connection: connection.execute(select(journal).order_by(journal.c.n)).all())
        lines = [{"n": row.n, "at": row.at, "kind": row.kind, **json.loads(row.record)} for row in rows]
        return JSONResponse({"items": lines, "next": None})

    return routes


# --- The process -----------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> None:
    given = _arguments(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        configuration = json.loads(Path(given.config).read_text("utf-8"))
        if given.clock is not None:
            configuration["clock"] = given.clock
        settings = Settings.from_json(configuration, given.code)
        app = platform_app(settings, Path(given.data), given.hold)
    except (OSError, ValueError) as error:
        raise SystemExit(f"the platform cannot be started: {error}") from error
    listening = listen(given.host, given.port, Path(given.data) / "port")
    url = f"http://{given.host}:{listening.getsockname()[1]}"
    if "TRADEBRIDGE_READY_FD" not in os.environ:
        sys.stdout.write(f"{settings.name} ({settings.code}) at {url}\n")
        sys.stdout.flush()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(app, listening, url))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator.platform", description="One simulated eBL platform.")
    parser.add_argument("--code", default="", help="platform code; else the one in the configuration")
    parser.add_argument("--data", required=True, help="folder of store and files")
    parser.add_argument("--config", required=True, help="JSON: peers, carriers, accounts, keys")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one, the last one if it is free")
    parser.add_argument("--clock", help="frozen business clock, RFC 3339")
    parser.add_argument("--hold", default=os.environ.get("TRADEBRIDGE_HOLD", ""), help="STEP or STEP:N to stop at")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
