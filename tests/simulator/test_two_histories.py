"""A hub that shows two histories of its log: its witness refuses the second, and whoever follows the log shouts.

The hub is a double with the log's true key: it shows one history until it is told to show the other. What a party sees
of it is real HTTP.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from simulator.clock import FrozenClock
from simulator.witness import Witness, witness_key
from tests.evidence.world import LOG_KEY, ORIGIN, TRUST
from tests.serving import served
from tradebridge.cli.root import run
from tradebridge.evidence import notes, proofs
from tradebridge.evidence.witnessing import Request

COMMON = [sha256(f"both {index}".encode()).digest() for index in range(5)]
HERE = [*COMMON, *(sha256(f"here {index}".encode()).digest() for index in range(5))]
THERE = [*COMMON, *(sha256(f"there {index}".encode()).digest() for index in range(5))]


@dataclass
class Forking:
    """The hub: what it shows is `leaves`, of which `size` are in the tree."""

    leaves: list[bytes] = field(default_factory=lambda: HERE)
    size: int = 8

    @property
    def note(self) -> str:
        return notes.sign_checkpoint(ORIGIN, self.size, proofs.root_of(self.leaves[: self.size]), LOG_KEY)

    def proof(self, old: int) -> list[bytes]:
        return proofs.consistency_proof(old, self.size, self._node) if 0 < old < self.size else []

    def _node(self, level: int, index: int) -> bytes:
        return proofs.root_of(self.leaves[index << level : (index + 1) << level])

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/v1/log/checkpoint")
        async def checkpoint() -> Response:
            return PlainTextResponse(self.note)

        @app.get("/v1/log/consistency")
        async def consistency(to: int, first: int = Query(alias="from")) -> Response:
            return JSONResponse({"from": first, "to": to, "hashes": [each.hex() for each in self.proof(first)]})

        return app


@pytest.fixture
def hub() -> Forking:
    return Forking()


@pytest.fixture
def url(hub: Forking) -> Iterator[str]:
    with served(hub.app()) as address:
        yield address


@pytest.mark.parametrize("size", [6, 8, 10])
def test_the_witness_cosigns_one_of_them(tmp_path: Path, hub: Forking, size: int) -> None:
    """Whether the other history is shorter, as long, or longer; whatever size the hub says it had before."""
    key = notes.verifier_key_of(ORIGIN, LOG_KEY.public_key())
    clock = FrozenClock(datetime(2026, 11, 25, tzinfo=UTC))
    witness = Witness("witness.simulation/jp", witness_key("42", "jp"), {ORIGIN: key}, tmp_path / "store", clock)
    assert witness.add_checkpoint(Request(0, (), hub.note).to_bytes()).status == 200
    hub.leaves, hub.size = THERE, size
    for old in range(size + 1):
        assert witness.add_checkpoint(Request(old, tuple(hub.proof(old)), hub.note).to_bytes()).status != 200
    shown = [each["shown"] for each in witness.conflicts()]
    assert shown == ([hub.note] if size >= 8 else [])


@pytest.mark.parametrize("size", [8, 9, 10])
def test_whoever_follows_the_log_shouts(
    tmp_path: Path, hub: Forking, url: str, capsys: pytest.CaptureFixture[str], size: int
) -> None:
    trust, state = tmp_path / "trust.json", tmp_path / "state.json"
    trust.write_text(json.dumps(TRUST.to_json()))
    looking = ["log", "monitor", "--once", "--state", str(state), "--trust", str(trust), "--url", url]
    assert run(looking) == 0
    hub.size = 9
    assert run(looking) == 0
    here = hub.note
    hub.leaves, hub.size = THERE, size
    capsys.readouterr()
    assert run(looking) == 5
    shown = capsys.readouterr()
    assert "log.two-histories" in shown.out + shown.err
    kept = (tmp_path / "state-two-histories.txt").read_text()
    assert here in kept and hub.note in kept
