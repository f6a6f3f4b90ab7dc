"""Which hub a command speaks to, and with whose key; and the note that a running world leaves."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest

from tradebridge.cli import names, running, where
from tradebridge.cli.exits import Failed
from tradebridge.evidence.simulation import test_api_key as api_key_of

URL = "http://127.0.0.1:9123"


def launched(**changes: Any) -> dict[str, Any]:
    """What `tb up --json` prints, in short."""
    member = {"id": "SG-NSW", "country": "SG", "apiKey": "tb_test_sg"}
    return {
        "hub": {"url": URL, "pid": 1},
        "world": {"url": "http://127.0.0.1:9124", "pid": 2},
        "seed": "7",
        "clock": "2026-01-05T09:00:00+00:00",
        "dataDir": "/nowhere",
        "operatorKey": "tb_test_operator",
        "members": [member],
        **changes,
    }


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def test_without_anything_it_is_the_usual_port_with_the_test_keys_of_seed_42() -> None:
    found = where.find(None, None, None)
    assert found.url == "http://127.0.0.1:8600"
    assert found.key_of("SG-NSW") == api_key_of("42", "SG-NSW")


def test_a_running_world_is_found_with_its_keys_and_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {"/clock": {"now": "2026-01-05T09:00:00Z"}}
    monkeypatch.setattr("tradebridge.cli.plane.Plane.get", lambda plane, path: shown[path])
    running.write(launched())
    found = where.find(None, None, None)
    assert (found.url, found.seed) == (URL, "7")
    assert found.key_of("SG-NSW") == "tb_test_sg"
    assert found.key_of(where.OPERATOR) == "tb_test_operator"
    assert found.now() == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_a_member_added_later_has_the_key_of_the_worlds_seed() -> None:
    running.write(launched())
    assert where.find(None, None, None).key_of("NEW-ONE") == api_key_of("7", "NEW-ONE")


def test_a_url_goes_before_the_running_world_and_takes_none_of_its_keys() -> None:
    running.write(launched())
    found = where.find("http://127.0.0.1:9999/", None, None)
    assert (found.url, found.world, found.seed) == ("http://127.0.0.1:9999", None, "42")


def test_a_key_that_is_given_is_used_whoever_speaks() -> None:
    running.write(launched())
    found = where.find(None, "tb_mine", None)
    assert found.key_of("SG-NSW") == found.key_of(where.OPERATOR) == "tb_mine"


@pytest.mark.parametrize(
    "url", ["http://hub.example.invalid", "https://10.0.0.9:8600", "http://127.0.0.1.example.invalid"]
)
def test_another_machine_never_gets_a_test_key(url: str) -> None:
    found = where.find(url, None, None)
    assert found.seed is None
    with pytest.raises(Failed, match="no API key"):
        found.key_of("SG-NSW")


def test_the_note_of_a_process_that_has_gone_is_as_if_it_were_not_there() -> None:
    running.write(launched())
    noted = json.loads(running.state_file().read_text())
    running.state_file().write_text(json.dumps(noted | {"pid": 2**22 + 1}))  # above the highest process id of Linux
    assert running.find() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}'])
def test_a_note_that_cannot_be_read_is_as_if_it_were_not_there(text: str) -> None:
    running.state_file().parent.mkdir(parents=True)
    running.state_file().write_text(text)
    assert running.find() is None


def test_a_process_takes_away_its_own_note_only() -> None:
    running.write(launched())
    noted = json.loads(running.state_file().read_text())
    running.state_file().write_text(json.dumps(noted | {"pid": os.getppid()}))
    running.remove()
    assert running.state_file().exists()
    running.state_file().unlink()
    running.write(launched())
    running.remove()
    assert not running.state_file().exists()


def test_when_the_younger_of_two_worlds_ends_the_other_is_found_again() -> None:
    running.write(launched())
    noted = json.loads(running.state_file().read_text())
    running.state_file().write_text(json.dumps(noted | {"pid": os.getppid()}))
    running.write(launched(seed="8"))
    assert running.find() is not None
    assert where.find(None, None, None).seed == "8"
    running.remove()
    assert where.find(None, None, None).seed == "7"


def test_a_world_that_died_without_a_word_hides_none_that_lives() -> None:
    running.write(launched())
    younger = launched(seed="8") | {"pid": 2**22 + 1}  # above the highest process id of Linux
    alive = json.loads(running.state_file().read_text())
    running.state_file().write_text(json.dumps(younger | {"before": [alive]}))
    assert where.find(None, None, None).seed == "7"


@pytest.mark.parametrize(
    ("name", "sender", "recipient"),
    [
        ("sg", "SG-NSW", "SG-NSW"),
        ("jp", "JP-JCCI", "JP-NACCS"),
        ("JP", "JP-JCCI", "JP-NACCS"),
        ("naccs", "JP-NACCS", "JP-NACCS"),
        ("carrier", "CARRIER-SIM", "CARRIER-SIM"),
        ("th-nsw", "TH-NSW", "TH-NSW"),
        ("My-Own-System", "MY-OWN-SYSTEM", "MY-OWN-SYSTEM"),
    ],
)
def test_short_names(name: str, sender: str, recipient: str) -> None:
    assert names.member_id(name, "sender") == sender
    assert names.member_id(name, "recipient") == recipient


@pytest.mark.parametrize("name", ["", "s", "sin gapore", "SG_NSW", "ü", "x" * 41, "a,b"])
def test_what_can_be_no_member_is_an_error_of_usage(name: str) -> None:
    with pytest.raises(click.UsageError):
        names.member_id(name, "sender")


def test_several_recipients_may_be_one_word() -> None:
    assert names.member_ids(("th, vn", "jp"), "recipient") == ("TH-NSW", "VN-NSW", "JP-NACCS")


@pytest.mark.parametrize(
    ("member", "country"),
    [("SG-NSW", "SG"), ("CARRIER-SIM", "SG"), ("NO-SUCH", None), ("SGX", None), ("JP-JCCI", "JP")],
)
def test_the_country_of_a_member_is_told_by_its_id_or_not_at_all(member: str, country: str | None) -> None:
    assert names.country_of(member, {}) == country


def test_what_is_no_address_is_told_as_such() -> None:
    with pytest.raises(click.UsageError, match="no address of a hub"):
        where.find("127.0.0.1:8600", None, None)
