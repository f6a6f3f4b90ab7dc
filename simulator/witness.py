"""A witness of the log: a process of its own, with a store of its own (C2SP tlog-witness).

1. It watches the logs that it is told of, and cosigns a checkpoint only if that extends the newest one it has cosigned.
   No operator of a log can then show one history here and another there.
2. What it is about to sign is in its store, on the disk, before it answers: killed at any moment, it never cosigns two
   histories.
3. Two notes that cannot both be of one log are kept, both whole, under `/conflicts`: they are the evidence.
4. Its time is its own machine's, or the business clock of a simulation that is told one.
5. A store that was set back (a copy from yesterday) has forgotten what was signed since. A note with its own
   cosignature over a larger tree than it remembers proves that: it remembers the larger tree again, and keeps the note
   under `/rollbacks`. Until somebody shows it such a note it cannot know; docs/witnesses.md says what that leaves open.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from simulator.bodies import bounded
from simulator.clock import Clock
from tradebridge.evidence.cosignatures import Witness as Known
from tradebridge.evidence.cosignatures import add_lines, cosign, cosigned_by
from tradebridge.evidence.notes import Checkpoint, verify_checkpoint
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.simulation import hmac_value
from tradebridge.evidence.witnessing import MAX_REQUEST, SIZE_TYPE, Refusal, judge, origin_of, read_request

_TABLES = """
create table if not exists remembered (origin text primary key, size integer not null, root blob not null, note text);
create table if not exists conflicts (id integer primary key, origin text, status integer, remembered text, shown text);
create table if not exists rollbacks (id integer primary key, origin text, remembered integer, shown text);
"""
_ANY_TIME = datetime(9999, 1, 1, tzinfo=UTC)
"""Whatever its clock says now: what it has signed, it has signed."""


def witness_name(country: str) -> str:
    """Of the simulated witness of a country, in lower case: `witness.simulation/jp`."""
    return f"witness.simulation/{country}"


def witness_key(seed: str, country: str) -> Ed25519PrivateKey:
    """The key of a simulated witness."""
    return Ed25519PrivateKey.from_private_bytes(hmac_value(seed, "witness-key", country.encode()))


def known_witness(seed: str, country: str) -> Known:
    """What others know of it: its name and its public key."""
    return Known(witness_name(country), witness_key(seed, country).public_key())


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness says to a request."""

    status: int
    text: str
    media_type: str = "text/plain"


class Witness:
    """One witness over its store. Calls may come from several threads; they are taken one by one."""

    def __init__(self, name: str, key: Ed25519PrivateKey, logs: Mapping[str, str], store: Path, clock: Clock) -> None:
        self.known = Known(name, key.public_key())
        self._key = key
        self._logs = logs
        self._clock = clock
        self._lock = threading.Lock()
        store.parent.mkdir(parents=True, exist_ok=True)
        self._store = sqlite3.connect(store, check_same_thread=False, isolation_level=None)
        self._store.executescript(f"pragma journal_mode=wal; pragma synchronous=full; {_TABLES}")

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosign, or say why not; durable before it returns."""
        request = read_request(body)
        with self._lock:
            remembered, note = self._remembered(request.note) if request else (None, "")
            judged = judge(request, self._logs, remembered)
            if isinstance(judged, Refusal):
                if judged.two_histories and request is not None:
                    self._keep_conflict(judged, note, request.note, origin_of(request.note) or "")
                if judged.remembered is not None:
                    return Answer(409, f"{judged.remembered}\n", SIZE_TYPE)
                return Answer(judged.status, f"{judged.text}\n")
            assert request is not None  # noqa: S101  # `judge` refuses what is none
            line = cosign(request.note, self.known.name, self._key, self._clock.now())
            self._remember(judged, add_lines(request.note, [line]))
        return Answer(200, line)

    def checkpoint(self, origin_digest: str) -> str | None:
        """The newest note that it has cosigned of the log whose origin has this SHA-256 in hexadecimal."""
        with self._lock:
            rows = self._store.execute("select origin, note from remembered").fetchall()
        return next((note for origin, note in rows if sha256(origin.encode()).hexdigest() == origin_digest), None)

    def conflicts(self) -> list[dict[str, object]]:
        """Pairs of notes that cannot both be of one log."""
        with self._lock:
            rows = self._store.execute("select origin, status, remembered, shown from conflicts order by id").fetchall()
        return [dict(zip(("origin", "status", "remembered", "shown"), row, strict=True)) for row in rows]

    def rollbacks(self) -> list[dict[str, object]]:
        """What proved that the store had been set back: the size it remembered, and the note of its own."""
        with self._lock:
            rows = self._store.execute("select origin, remembered, shown from rollbacks order by id").fetchall()
        return [dict(zip(("origin", "remembered", "shown"), row, strict=True)) for row in rows]

    def close(self) -> None:
        with self._lock:
            self._store.close()

    def _remembered(self, shown: str) -> tuple[Checkpoint | None, str]:
        """The newest checkpoint cosigned of the log that a note is of, and its note (rule 5)."""
        origin = origin_of(shown) or ""
        query = "select size, root, note from remembered where origin = ?"
        row = self._store.execute(query, (origin,)).fetchone()
        size = 0 if row is None else row[0]
        forgotten = self._own(shown, origin)
        if forgotten is not None and forgotten.size > size:
            values = (origin, size, shown)
            self._store.execute("insert into rollbacks (origin, remembered, shown) values (?, ?, ?)", values)
            self._remember(forgotten, shown)
            return forgotten, shown
        return (None, "") if row is None else (Checkpoint(origin, size, row[1]), row[2])

    def _own(self, note: str, origin: str) -> Checkpoint | None:
        """The checkpoint, if this witness has cosigned it."""
        mine = cosigned_by(note, [self.known], _ANY_TIME)
        if origin not in self._logs or isinstance(mine, Finding) or not mine:
            return None
        checkpoint = verify_checkpoint(note, self._logs[origin], origin)
        return None if isinstance(checkpoint, Finding) else checkpoint

    def _remember(self, checkpoint: Checkpoint, note: str) -> None:
        self._store.execute(
            "insert into remembered values (?, ?, ?, ?) on conflict (origin) do update"
            " set size = excluded.size, root = excluded.root, note = excluded.note",
            (checkpoint.origin, checkpoint.size, checkpoint.root, note),
        )

    def _keep_conflict(self, refusal: Refusal, remembered: str, shown: str, origin: str) -> None:
        """Once each: who shows the same wrong note a thousand times fills no disk."""
        row = (origin, refusal.status, remembered, shown)
        known = "select 1 from conflicts where origin = ? and status = ? and remembered = ? and shown = ?"
        if self._store.execute(known, row).fetchone() is None:
            self._store.execute("insert into conflicts (origin, status, remembered, shown) values (?, ?, ?, ?)", row)


def app_of(witness: Witness) -> FastAPI:
    """The witness's HTTP."""
    app = FastAPI(title=f"Witness {witness.known.name} (simulated)", docs_url=None, redoc_url=None)

    @app.get("/livez")
    async def livez() -> Response:
        return JSONResponse({"status": "ok", "witness": witness.known.name, "key": witness.known.verifier_key})

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        body = await bounded(request, MAX_REQUEST)
        if body is None:
            return PlainTextResponse("too large\n", 413)
        answer = await asyncio.to_thread(witness.add_checkpoint, body)  # it waits for the disk
        return Response(answer.text, answer.status, media_type=answer.media_type)

    @app.get("/{origin_digest}/checkpoint")
    async def checkpoint(origin_digest: str) -> Response:
        note = witness.checkpoint(origin_digest)
        return PlainTextResponse(note if note is not None else "never seen\n", 200 if note is not None else 404)

    @app.get("/conflicts")
    async def conflicts() -> Response:
        return JSONResponse({"items": witness.conflicts(), "next": None})

    @app.get("/rollbacks")
    async def rollbacks() -> Response:
        return JSONResponse({"items": witness.rollbacks(), "next": None})

    return app
