"""`tb log` over a real hub: what it shows and proves, and a monitor that goes on from what it has seen."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.cast import SEED, Cast, certificate
from tests.exchange.running import hub_in_thread
from tests.exchange.test_log_and_evidence import checkpoint, settled
from tests.waiting import until
from tradebridge.cli.root import run
from tradebridge.evidence import notes
from tradebridge.evidence.simulation import test_log_key


def tb(capsys: pytest.CaptureFixture[str], cast: Cast, *arguments: str) -> tuple[int, str]:
    code = run(["log", *arguments, "--url", cast.url])
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def grow(cast: Cast, number: int) -> None:
    size = settled(cast).size
    cast["SG-NSW"].submit(certificate(f"SG-2026-4{number:04d}"), ["TH-NSW"])
    until(lambda: checkpoint(cast).size == size + 1)


@pytest.fixture
def cast(tmp_path: Path) -> Any:
    with hub_in_thread(tmp_path / "hub") as running:
        yield running.join()


def test_it_shows_the_checkpoint(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    grow(cast, 0)
    code, shown = tb(capsys, cast, "show")
    size = checkpoint(cast).size
    assert code == 0 and f"{size} entries" in shown and "no witness" in shown
    code, shown = tb(capsys, cast, "show", "--json")
    told = json.loads(shown)
    assert (told["size"], told["note"]) == (size, cast.operator.checkpoint())


def test_it_proves_a_leaf_and_an_extension(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        grow(cast, number)
    size = checkpoint(cast).size
    first = json.loads(tb(capsys, cast, "prove", "--from", "1")[1])
    assert (first["from"], first["to"], len(first["hashes"])) == (1, size, (size - 1).bit_length())
    assert tb(capsys, cast, "prove", "--leaf", "00" * 32)[0] == 6
    assert tb(capsys, cast, "prove")[0] == 2


def test_a_monitor_goes_on_from_what_it_has_seen(
    cast: Cast, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    state = str(tmp_path / "state.json")
    grow(cast, 0)
    before = checkpoint(cast).size
    assert f"{before} entries" in tb(capsys, cast, "monitor", "--once", "--state", state)[1]
    grow(cast, 1)
    code, shown = tb(capsys, cast, "monitor", "--once", "--state", state, "--json")
    assert (code, json.loads(shown)["extends"]) == (0, before)


def test_another_history_is_an_alarm_and_both_notes_are_kept(
    cast: Cast, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Somebody with the log's key had shown us a log of five entries; the hub's has one."""
    grow(cast, 0)
    forged = notes.sign_checkpoint("tradebridge.simulation/default", 5, b"\5" * 32, test_log_key(SEED))
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"note": forged}))
    code, shown = tb(capsys, cast, "monitor", "--once", "--state", str(state))
    assert (code == 5 and "two histories" in shown) or "log.two-histories" in shown
    kept = (tmp_path / "state-two-histories.txt").read_text()
    assert forged in kept and cast.operator.checkpoint() in kept
    assert json.loads(state.read_text())["note"] == forged


def test_a_trust_list_in_hand_decides_whose_log_it_is(
    cast: Cast, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    grow(cast, 0)
    other = cast.operator.trust()
    origin = other["log"]["origin"]
    other["log"]["publicKey"] = notes.verifier_key_of(origin, test_log_key("evil").public_key())
    (tmp_path / "trust.json").write_text(json.dumps(other))
    assert tb(capsys, cast, "show", "--trust", str(tmp_path / "trust.json"))[0] == 5
