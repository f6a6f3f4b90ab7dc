"""A witness and a partner as processes of their own: killed at any moment, a witness never cosigns two histories."""

import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from simulator.witness import known_witness
from simulator.witness_alone import logs_of
from tests.exchange.cast import NOW, SEED, certificate
from tests.exchange.running import hub_in_thread
from tests.exchange.test_delivery import state
from tests.waiting import until
from tradebridge.evidence import notes, proofs
from tradebridge.evidence.cosignatures import add_lines, cosigned_by
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.simulation import log_origin, test_log_key
from tradebridge.evidence.witnessing import SIZE_TYPE, Request

PATIENCE = 30.0
ANY_TIME = datetime(9000, 1, 1, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(b"\5" * 32)
LEAVES = [sha256(f"leaf {index}".encode()).digest() for index in range(16)]
FORK = 6
"""Leaves that both histories have in common."""
HISTORIES = {"left": LEAVES, "right": [*LEAVES[:FORK], *(sha256(each).digest() for each in LEAVES[FORK:])]}


@dataclass
class Alone:
    """`tb partner serve`, killed and started again over one folder. It keeps its port."""

    code: str
    folder: Path
    options: Sequence[str]
    url: str = ""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        reading, writing = os.pipe()
        command = [sys.executable, "-P", "-m", "tradebridge.cli", "partner", "serve", self.code]
        command += ["--data", str(self.folder), "--seed", SEED, *self.options]
        environment = {**os.environ, "TRADEBRIDGE_READY_FD": str(writing)}
        with (self.folder.parent / f"{self.code}.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, pass_fds=(writing,), stdout=log, stderr=log)
        os.close(writing)
        with os.fdopen(reading) as ready:
            assert select.select([ready], [], [], PATIENCE)[0], "it does not say that it is ready"
            assert ready.readline(), (self.folder.parent / f"{self.code}.log").read_text()
        self.url = f"http://127.0.0.1:{(self.folder / 'port').read_text()}"

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE)


@contextmanager
def alone(code: str, folder: Path, *options: str) -> Iterator[Alone]:
    process = Alone(code, folder / code, options)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def origin_of(number: int) -> str:
    return f"log.test/{number}"


def key_of(number: int) -> str:
    return notes.verifier_key_of(origin_of(number), KEY.public_key())


def asked(history: str, origin: str, old: int, size: int) -> Request:
    leaves = HISTORIES[history]

    def node(level: int, index: int) -> bytes:
        return proofs.root_of(leaves[index << level : (index + 1) << level])

    proof = proofs.consistency_proof(old, size, node) if 0 < old < size else []
    return Request(old, tuple(proof), notes.sign_checkpoint(origin, size, proofs.root_of(leaves[:size]), KEY))


@dataclass
class Shown:
    """One of two histories, shown to a witness size by size, whatever happens to it meanwhile."""

    history: str
    number: int
    witness: Alone
    cosigned: dict[int, str] = field(default_factory=dict)
    """Notes with the cosignature, by size."""

    def show_all(self) -> None:
        end, old = time.monotonic() + PATIENCE, 0
        for size in range(FORK - 1, len(LEAVES) + 1):
            while time.monotonic() < end:
                request = asked(self.history, origin_of(self.number), min(old, size), size)
                try:
                    answer = httpx.post(
                        f"{self.witness.url}/add-checkpoint", content=request.to_bytes(), timeout=5, trust_env=False
                    )
                except httpx.TransportError:
                    time.sleep(0.01)
                    continue
                told = int(answer.text) if answer.headers["content-type"].startswith(SIZE_TYPE) else old
                if answer.status_code == 200:
                    self.cosigned[size] = add_lines(request.note, [answer.text])
                    old = size
                    break
                if told == old or told > size:
                    break  # it remembers the other history, or more of this one
                old = told


def cosigned_so_far(shown: Sequence[Shown], least: int) -> bool:
    return sum(len(each.cosigned) for each in shown) >= least


@pytest.mark.long("witness")
def test_a_witness_that_is_killed_never_cosigns_two_histories(tmp_path: Path, scale: Callable[[int, int], int]) -> None:
    """Two histories race for its cosignature while it is killed; whatever it gave is of one of them."""
    rounds, draw = scale(30, 1), random.Random(9)
    known = known_witness(SEED, "th")
    options = [part for number in range(rounds) for part in ("--log", key_of(number))]
    with alone("TH-WITNESS", tmp_path, *options) as witness:
        for number in range(rounds):
            shown = [Shown(history, number, witness) for history in HISTORIES]
            threads = [threading.Thread(target=each.show_all) for each in shown]
            for thread in threads:
                thread.start()
            until(partial(cosigned_so_far, shown, draw.randrange(2, 12)), PATIENCE)
            witness.kill()
            witness.start()
            for thread in threads:
                thread.join(PATIENCE)
            beyond = [each.history for each in shown if any(size > FORK for size in each.cosigned)]
            assert len(beyond) == 1, f"round {number}: it cosigned {beyond}"
            given = {size: note for each in shown for size, note in each.cosigned.items()}
            for note in given.values():
                found = cosigned_by(note, [known], ANY_TIME)
                assert not isinstance(found, Finding) and set(found) == {known.name}
            digest = sha256(origin_of(number).encode()).hexdigest()
            remembered = httpx.get(f"{witness.url}/{digest}/checkpoint", trust_env=False).text
            kept = notes.verify_checkpoint(remembered, key_of(number), origin_of(number))
            assert isinstance(kept, notes.Checkpoint) and kept.size == max(given) == len(LEAVES)


def test_without_a_log_named_it_watches_that_of_the_simulated_hub() -> None:
    origin = log_origin("")
    assert logs_of([], SEED) == {origin: notes.verifier_key_of(origin, test_log_key(SEED).public_key())}
    assert logs_of([key_of(1), key_of(2)], SEED) == {origin_of(1): key_of(1), origin_of(2): key_of(2)}
    with pytest.raises(notes.BadVerifierKey):
        logs_of([key_of(1) + "A"], SEED)


@pytest.mark.long("witness", sample=False)
def test_a_partner_alone_takes_what_is_sent_to_it(tmp_path: Path) -> None:
    """The hub knew it at another address: it is told the new one."""
    with hub_in_thread(tmp_path / "hub") as cast:
        cast.join()
        before = cast.operator.member("TH-NSW")["delivery"]
        with alone("TH-NSW", tmp_path, "--hub", cast.url, "--clock", NOW.isoformat()) as partner:
            delivery = cast.operator.member("TH-NSW")["delivery"]
            assert delivery != before and delivery["url"].startswith(partner.url)
            cast["SG-NSW"].submit(certificate("SG-2026-38000"), ["TH-NSW"])
            until(lambda: state(cast) == "delivered", PATIENCE)
