"""`tb db` and `tb serve`: the store made, checked and upgraded; a hub started alone."""

import json
import os
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Tb, environment, program
from tradebridge.cli.exits import Exit


def test_a_store_is_missing_then_made_then_ready(tb: Tb, tmp_path: Path) -> None:
    assert tb("db", "check", "--data", "d", "--json").json["state"] == "missing"
    made = tb("db", "upgrade", "--data", "d", "--json").json
    assert (made["before"], made["state"]) == ("missing", "ready")
    assert tb("db", "check", "--data", "d", "--json").json["state"] == "ready"
    again = tb("db", "upgrade", "--data", "d")
    assert (again.code, "already at the newest version" in again.out) == (Exit.OK, True)
    assert (tmp_path / "d" / "hub.sqlite").exists()


def test_a_store_of_a_version_nobody_knows_is_told(tb: Tb, tmp_path: Path) -> None:
    tb("db", "upgrade", "--data", "d")
    with sqlite3.connect(tmp_path / "d" / "hub.sqlite") as connection:
        connection.execute("update alembic_version set version_num = 'from-the-future'")
    ran = tb("db", "check", "--data", "d")
    assert (ran.code, "older version" in ran.out or "does not know" in ran.err) == (Exit.CHECKS_FAILED, True)
    upgraded = tb("db", "upgrade", "--data", "d")
    assert upgraded.code == Exit.CHECKS_FAILED
    assert "newer program" in upgraded.err


def test_a_database_that_does_not_answer_is_exit_code_three_and_shows_no_password(tb: Tb) -> None:
    url = "postgresql+psycopg://user:sesame@127.0.0.1:1/tradebridge"
    ran = tb("db", "check", "--database-url", url)
    assert ran.code == Exit.UNREACHABLE
    assert "sesame" not in ran.err
    assert "Traceback" not in ran.err


def test_a_url_that_is_none_is_an_error_of_usage(tb: Tb) -> None:
    assert tb("db", "check", "--database-url", "nonsense").code == Exit.USAGE
    assert tb("db", "check", "--database-url", "sqlite://").code == Exit.USAGE


def test_serve_refuses_pilot_mode_until_it_is_built(tb_process: Tb) -> None:
    ran = tb_process("serve", "--mode", "pilot", "--data", "d", "--port", "0")
    assert ran.code == Exit.USAGE
    assert "pilot mode is not built yet" in ran.err


def test_serve_names_the_port_that_is_taken(tb_process: Tb) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = tb_process("serve", "--port", str(port))
    assert ran.code == Exit.USAGE
    assert f"cannot listen on port {port} of 127.0.0.1" in ran.err
    assert "--port" in ran.err


def test_serve_runs_a_hub_that_doctor_finds_well(tb: Tb, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    command = program("serve", "--port", "0", "--data", "d", "--seed", "42")
    env = environment(tmp_path, TRADEBRIDGE_READY_FD=str(writing))
    with subprocess.Popen(command, env=env, cwd=tmp_path, pass_fds=(writing,)) as process:
        os.close(writing)
        with os.fdopen(reading) as ready:
            url = json.loads(ready.readline())["url"]
        try:
            assert tb("doctor", "--url", url, "--json").json["healthy"]
            assert tb("member", "list", "--url", url, "--json").json["items"] == []
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.mark.parametrize("setting", ["--port", "--clock"])
def test_serve_refuses_a_setting_that_cannot_be(tb: Tb, setting: str) -> None:
    assert tb("serve", setting, "yesterday").code == Exit.USAGE
