"""A witness remembers what it has cosigned, and cosigns nothing else: also over a restart, also from many threads."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from simulator.clock import FrozenClock
from simulator.witness import Witness, app_of, witness_key
from tests.evidence.test_witnessing import LOGS, ORIGIN, OTHER, asked, note_of
from tradebridge.evidence.cosignatures import add_lines, cosign, cosigned_by
from tradebridge.evidence.witnessing import Request

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
NAME = "witness.simulation/jp"


def made(folder: Path) -> Witness:
    return Witness(NAME, witness_key("42", "jp"), LOGS, folder / "witness.sqlite", FrozenClock(NOW))


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return made(tmp_path)


def test_it_cosigns_what_extends(witness: Witness) -> None:
    for old, new in ((0, 3), (3, 3), (3, 17), (17, 40)):
        answer = witness.add_checkpoint(asked(old, new).to_bytes())
        assert answer.status == 200
        assert cosigned_by(add_lines(note_of(new), [answer.text]), [witness.known], NOW) == {NAME: NOW}


def test_it_says_what_it_remembers(witness: Witness) -> None:
    witness.add_checkpoint(asked(0, 7).to_bytes())
    answer = witness.add_checkpoint(asked(0, 9).to_bytes())
    assert (answer.status, answer.text, answer.media_type) == (409, "7\n", "text/x.tlog.size")


def test_it_remembers_over_a_restart(tmp_path: Path) -> None:
    first = made(tmp_path)
    first.add_checkpoint(asked(0, 7).to_bytes())
    first.close()
    second = made(tmp_path)
    assert second.add_checkpoint(asked(0, 9).to_bytes()).text == "7\n"
    assert second.add_checkpoint(asked(7, 9).to_bytes()).status == 200


def test_two_histories_are_refused_and_kept(witness: Witness) -> None:
    witness.add_checkpoint(asked(0, 7).to_bytes())
    forged = note_of(7, b"\7" * 32)
    for _ in range(3):
        assert witness.add_checkpoint(Request(7, (), forged).to_bytes()).status == 409
    assert witness.add_checkpoint(asked(7, 9, proof=()).to_bytes()).status == 422
    kept = witness.conflicts()
    assert [(each["status"], each["shown"]) for each in kept] == [(409, forged), (422, note_of(9))]
    assert str(kept[0]["remembered"]).startswith(note_of(7))


def test_of_two_rival_histories_one_is_cosigned(witness: Witness) -> None:
    """Sent at once from many threads: every cosignature that was given is of one history."""
    rivals = [Request(0, (), note_of(7, bytes([number]) * 32)).to_bytes() for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(witness.add_checkpoint, rivals))
    assert sorted(each.status for each in answers) == [200] + [409] * 7


def test_a_store_that_was_set_back_is_noticed_by_its_own_cosignature(tmp_path: Path) -> None:
    """Yesterday's copy remembers 7; a note with this witness's own line over 17 proves that there was more."""
    first = made(tmp_path)
    first.add_checkpoint(asked(0, 7).to_bytes())
    first.close()
    yesterday = (tmp_path / "witness.sqlite").read_bytes()
    first = made(tmp_path)
    own = add_lines(note_of(17), [first.add_checkpoint(asked(7, 17).to_bytes()).text])
    first.close()
    (tmp_path / "witness.sqlite").write_bytes(yesterday)
    second = made(tmp_path)
    reminded = second.add_checkpoint(asked(7, 17, note=own).to_bytes())
    assert (reminded.status, reminded.text) == (409, "17\n")
    assert second.rollbacks() == [{"origin": ORIGIN, "remembered": 7, "shown": own}]
    forged = note_of(20, b"\7" * 32)
    assert second.add_checkpoint(asked(7, 20, note=forged).to_bytes()).status == 409
    assert second.add_checkpoint(asked(17, 20).to_bytes()).status == 200
    assert len(second.rollbacks()) == 1


@pytest.mark.parametrize("name", ["another key", "another text", "another log's key"])
def test_a_line_that_is_not_its_own_reminds_it_of_nothing(tmp_path: Path, witness: Witness, name: str) -> None:
    witness.add_checkpoint(asked(0, 7).to_bytes())
    key = witness_key("evil" if name == "another key" else "42", "jp")
    line = cosign(note_of(18 if name == "another text" else 17), NAME, key, NOW)
    note = note_of(17, key=OTHER) if name == "another log's key" else note_of(17)
    witness.add_checkpoint(asked(0, 17, note=add_lines(note, [line])).to_bytes())
    assert witness.rollbacks() == []
    assert witness.add_checkpoint(asked(0, 9).to_bytes()).text == "7\n"


def test_over_http(witness: Witness) -> None:
    async def calls() -> None:
        transport = httpx.ASGITransport(app_of(witness))
        async with httpx.AsyncClient(transport=transport, base_url="http://witness") as client:
            assert (await client.post("/add-checkpoint", content=asked(0, 7).to_bytes())).status_code == 200
            conflict = await client.post("/add-checkpoint", content=asked(3, 9).to_bytes())
            assert (conflict.status_code, conflict.text) == (409, "7\n")
            assert conflict.headers["content-type"].startswith("text/x.tlog.size")
            assert (await client.post("/add-checkpoint", content=b"x" * 40_000)).status_code == 413
            assert (await client.post("/add-checkpoint", content=b"\xff")).status_code == 400
            digest = sha256(ORIGIN.encode()).hexdigest()
            assert (await client.get(f"/{digest}/checkpoint")).text.startswith(note_of(7))
            assert (await client.get("/00/checkpoint")).status_code == 404
            assert (await client.get("/rollbacks")).json()["items"] == []
            assert (await client.get("/livez")).json()["key"] == witness.known.verifier_key

    asyncio.run(calls())
