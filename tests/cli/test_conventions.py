"""What every command keeps to: quick help, near misses, exit codes, JSON, streams, colour."""

import json
import os
import pty
import socket
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from tests.cli.conftest import Tb, environment
from tradebridge.cli.exits import Exit, exit_of_code
from tradebridge.cli.root import COMMANDS, root

LIBRARIES = frozenset({"cryptography", "httpx", "lxml", "pydantic", "rich"})
OURS = frozenset({"adapters", "schemas"})
SERVER = frozenset({"alembic", "exchange", "fastapi", "simulator", "sqlalchemy", "uvicorn"})


def imported_by(tmp_path: Path, *arguments: str, among: frozenset[str]) -> list[str]:
    """The top-level modules of `among` that one command imports."""
    program = (
        "import sys\n"
        "from tradebridge.cli.root import run\n"
        "run(sys.argv[1:])\n"
        "print('\\n' + ' '.join({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        env=environment(tmp_path),
        check=True,
    )
    return sorted(among & set(done.stdout.splitlines()[-1].split()))


def test_help_imports_nothing_of_weight(tmp_path: Path) -> None:
    assert imported_by(tmp_path, "--help", among=LIBRARIES | OURS | SERVER) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["get", "doc_1", "--url", "http://127.0.0.1:1"],
        ["send", "--help"],
        ["validate", "--help"],
        ["tail", "--url", "http://127.0.0.1:1"],
        ["member", "list", "--url", "http://127.0.0.1:1"],
        ["verify", "--help"],
        ["up", "--help"],
        ["demo", "--help"],
    ],
    ids=" ".join,
)
def test_a_client_command_never_imports_the_server(tmp_path: Path, arguments: list[str]) -> None:
    assert imported_by(tmp_path, *arguments, among=SERVER) == []


def test_help_is_quick(tb_process: Tb) -> None:
    tb_process("--help")  # writes the byte code

    def seconds() -> float:
        began = time.perf_counter()
        tb_process("--help")
        return time.perf_counter() - began

    assert min(seconds() for _ in range(5)) < 0.5  # the bar of 0.15 s is for a machine that does nothing else


def test_help_names_every_command_with_its_sentence(tb: Tb) -> None:
    shown = tb("--help").out
    for name, sentence in COMMANDS.items():
        assert any(line.split()[:1] == [name] and sentence in line for line in shown.splitlines())


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_that_is_listed_exists_under_its_name(name: str) -> None:
    command = root.get_command(click.Context(root), name)
    assert command is not None
    assert command.name == name
    assert command.help


def every_command() -> list[tuple[list[str], click.Command]]:
    found: list[tuple[list[str], click.Command]] = []
    for name in COMMANDS:
        command = root.get_command(click.Context(root), name)
        assert command is not None
        if isinstance(command, click.Group):
            found += [([name, child], command.commands[child]) for child in command.commands]
        else:
            found.append(([name], command))
    return found


@pytest.mark.parametrize(
    ("path", "command"), every_command(), ids=lambda each: " ".join(each) if isinstance(each, list) else ""
)
def test_every_command_but_serve_takes_json(path: list[str], command: click.Command) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    assert ("--json" in options) is (path[-1] != "serve")


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (["vesion"], "version"),
        (["valdate", "x"], "validate"),
        (["member", "ad"], "add"),
        (["db", "chek"], "check"),
        (["send", "--exampel", "form-d"], "--example"),
        (["send", "--example", "form-dd"], "form-d"),
        (["validate", "x", "--profle", "y"], "--profile"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_mistyped_word_gets_the_nearest_one(tb: Tb, arguments: list[str], near: str) -> None:
    ran = tb(*arguments)
    assert ran.code == Exit.USAGE
    assert near in ran.err.splitlines()[-1]
    assert ran.out == ""


def test_a_usage_error_is_told_in_json_too(tb: Tb) -> None:
    ran = tb("version", "--jsno", "--json")
    assert ran.code == Exit.USAGE
    assert ran.json["error"]["exit"] == Exit.USAGE
    assert "--json" in ran.json["error"]["message"]


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_hub_is_exit_code_three_and_says_what_to_start(tb: Tb) -> None:
    ran = tb("get", "doc_1", "--url", f"http://127.0.0.1:{unused_port()}")
    assert ran.code == Exit.UNREACHABLE
    assert "tb up" in ran.err
    assert "Traceback" not in ran.err


def test_no_hub_is_told_in_json_too(tb: Tb) -> None:
    ran = tb("get", "doc_1", "--json", "--url", f"http://127.0.0.1:{unused_port()}")
    assert (ran.code, ran.json["ok"], ran.json["error"]["exit"]) == (Exit.UNREACHABLE, False, 3)


def test_something_that_is_no_hub_is_exit_code_three(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "tradebridge.cli", "member", "list", "--url", url],
            stderr=subprocess.PIPE,
            text=True,
            env=environment(tmp_path),
        )
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi")
            _, told = process.communicate(timeout=20)
    assert process.returncode == Exit.UNREACHABLE
    assert "does not answer as a hub" in told


def test_a_test_key_is_never_sent_to_another_machine(tb: Tb) -> None:
    ran = tb("get", "doc_1", "--url", "http://hub.example.invalid")
    assert ran.code == Exit.USAGE
    assert "--api-key" in ran.err


def test_a_bug_of_ours_is_one_line_and_seventy(tmp_path: Path) -> None:
    program = (
        "import sys; from tradebridge.cli import version, root; del version._SHOWN; sys.exit(root.run(['version']))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(tmp_path), check=False
    )
    assert ran.returncode == Exit.BUG
    assert len(ran.stderr.splitlines()) == 1
    assert "bug of ours" in ran.stderr
    debug = environment(tmp_path, TRADEBRIDGE_DEBUG="1")
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=debug, check=False)
    assert "Traceback" in ran.stderr


def on_a_terminal(command: list[str], env: dict[str, str]) -> str:
    """What the command writes when its standard output is a terminal."""
    parent, child = pty.openpty()
    with subprocess.Popen(command, stdout=child, stderr=subprocess.DEVNULL, env=env) as process:
        os.close(child)
        written = bytearray()
        while True:
            try:
                piece = os.read(parent, 65536)
            except OSError:  # on Linux a closed terminal reads as an error
                break
            if not piece:
                break
            written += piece
        process.wait(timeout=20)
    os.close(parent)
    return written.decode(errors="replace")


def test_colour_is_on_a_terminal_only_and_no_color_and_a_dumb_terminal_turn_it_off(tb: Tb, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tradebridge.cli", "doctor"]
    plain = {**environment(tmp_path), "TERM": "xterm"}
    with_colour = {name: value for name, value in plain.items() if name != "NO_COLOR"}
    assert "\x1b[" in on_a_terminal(command, with_colour)
    assert "\x1b[" not in on_a_terminal(command, plain)
    assert "\x1b[" not in on_a_terminal(command, {**with_colour, "TERM": "dumb"})
    assert "\x1b[" not in tb("doctor").out


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m tradebridge.cli version | head -n 0; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment(tmp_path), check=True)
    assert ran.stderr == ""
    assert ran.stdout.strip() == "0"


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("syntax.not-xml", Exit.INVALID),
        ("code.unknown-hs", Exit.INVALID),
        ("atiga.not-a-party", Exit.INVALID),
        ("profile.unknown", Exit.INVALID),
        ("event.malformed", Exit.INVALID),
        ("signature.invalid", Exit.SIGNATURE),
        ("log.not-included", Exit.SIGNATURE),
        ("access.key-unknown", Exit.REFUSED),
        ("route.unknown-recipient", Exit.REFUSED),
        ("document.duplicate", Exit.REFUSED),
        ("event.old-sequence", Exit.REFUSED),
        ("hub.unavailable", Exit.UNREACHABLE),
    ],
)
def test_the_family_of_a_code_decides_the_exit_code(code: str, exit_code: Exit) -> None:
    assert exit_of_code(code) is exit_code


def test_version_gives_one_json_object(tb: Tb) -> None:
    assert set(tb("version", "--json").json) == {"tradebridge", "python", "platform", "libraries"}


def test_doctor_warns_of_a_simulation_that_others_can_reach(tb: Tb) -> None:
    def warnings(host: str) -> list[str]:
        env = {"TRADEBRIDGE_SEED": "42", "TRADEBRIDGE_HOST": host}
        ran = tb("doctor", "--json", "--url", f"http://127.0.0.1:{unused_port()}", env=env)
        return [each["seen"] for each in ran.json["checks"] if each["name"] == "settings"]

    assert warnings("127.0.0.1") == []
    assert "its keys are public" in warnings("0.0.0.0")[0]  # noqa: S104  # never started


def test_doctor_finds_this_machine_fit_and_says_how_to_start_a_hub(tb: Tb) -> None:
    ran = tb("doctor", "--json", "--url", f"http://127.0.0.1:{unused_port()}")
    checks = {each["name"]: each for each in ran.json["checks"]}
    assert checks["python"]["status"] == "ok"
    assert checks["hub"]["status"] == "fail"
    assert "tb up" in checks["hub"]["fix"]
    assert ran.code == Exit.CHECKS_FAILED


def test_doctor_says_which_folder_is_not_writable(tb: Tb, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where a folder should be")
    ran = tb("doctor", "--json", env={"TRADEBRIDGE_DATA": str(tmp_path / "file" / "data")})
    checks = {each["name"]: each for each in ran.json["checks"]}
    assert (checks["data folder"]["status"], ran.code) == ("fail", Exit.CHECKS_FAILED)
    assert "TRADEBRIDGE_DATA" in checks["data folder"]["fix"]


def test_json_is_readable_by_a_strict_reader(tb: Tb) -> None:
    json.loads(tb("version", "--json").out)
