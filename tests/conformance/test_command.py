"""`tb conformance`: against our own platforms, against a system of a file, and what is told when there is none."""

import asyncio
import json
import socket
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.conformance.runner import Play, Word, run
from simulator.conformance.suites import SUITES, suite
from simulator.conformance.suites.pint.caller import Caller
from simulator.conformance.sut import TEMPLATE, BadSystem, ByPerson, read_system
from tests.cli.conftest import Tb, in_process
from tests.conformance.small import running
from tradebridge.cli.exits import Exit

PINT = suite("pint")
SAMPLE = ("receiver/plain", "receiver/retry", "receiver/replay", "sender/plain", "sender/documents", "sender/refused")
"""Of the second and third system of ours, in a short run."""


@pytest.fixture
def tb(tmp_path: Path) -> Tb:
    return in_process(tmp_path)


def only(*names: str) -> list[str]:
    return [word for name in names for word in ("--only", name)]


def test_suites_lists_each_scenario_with_its_role(tb: Tb) -> None:
    listed = tb("conformance", "suites", "--json").json["items"]
    assert [each["suite"] for each in listed] == list(SUITES)
    assert [each["name"] for each in listed[0]["scenarios"]] == [each.name for each in PINT.scenarios]
    assert {each["role"] for each in listed[0]["scenarios"]} == {"receiver", "sender"}
    shown = tb("conformance", "suites").out
    assert all(each.title in shown for each in PINT.scenarios)


@pytest.mark.long("conformance")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("code", ["STRA", "MEKO", "TBHB"])
def test_our_own_platforms_pass_every_scenario_in_both_roles(
    code: str, tb: Tb, tmp_path: Path, scale: Callable[[int, int], int]
) -> None:
    chosen = only(*SAMPLE) if scale(0, code != "STRA") else []
    done = tb("conformance", "run", "pint", "--platform", code, "--report", "report", "--json", *chosen)
    told = json.loads(done.out.splitlines()[-1])
    assert {each["name"]: each["reason"] or each["checks"] for each in told["scenarios"] if bad(each)} == {}
    assert (done.code, told["ok"], told["failed"], told["errors"]) == (Exit.OK, True, 0, 0)
    assert told["passed"] + told["skipped"] == len(PINT.scenarios)
    assert told["skipped"] == 0 or chosen
    kept = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert kept["passed"] == told["passed"]


def bad(scenario: dict[str, Any]) -> bool:
    return scenario["result"] not in ("pass", "skipped")


# --- A system of a file ----------------------------------------------------------------------------------------------


def test_prepare_writes_what_describes_a_system_and_keeps_what_is_there(tb: Tb, tmp_path: Path) -> None:
    first = tb("conformance", "prepare", "mine", "--code", "SMAL", "--base", "http://127.0.0.1:9100/", "--json").json
    described = tomllib.loads((tmp_path / first["sut"]).read_text("utf-8"))
    assert (described["code"], described["base"], first["kept"]) == ("SMAL", "http://127.0.0.1:9100", False)
    peers = json.loads((tmp_path / first["peers"]).read_text("utf-8"))["peers"]
    assert peers["KITA"]["tokenIn"] == described["kit"]["A"]["token_out"]
    assert peers["KITB"]["tokenOut"] == described["kit"]["B"]["token_in"]
    keys = (tmp_path / "mine/kit/keys.json").read_bytes()
    assert (tmp_path / "mine/kit/keys.json").stat().st_mode & 0o077 == 0
    (tmp_path / "mine/sut.toml").write_text("name = 'changed by hand'\n")
    assert tb("conformance", "prepare", "mine", "--json").json["kept"] is True
    assert (tmp_path / "mine/sut.toml").read_text() == "name = 'changed by hand'\n"
    assert (tmp_path / "mine/kit/keys.json").read_bytes() == keys


def described(tb: Tb, folder: Path, port: int, **changes: str) -> None:
    """A file for a system that listens on a port, with some certificate."""
    tb("conformance", "prepare", "mine", "--base", f"http://127.0.0.1:{port}", "--kit-port", str(free_port()))
    (folder / "mine/my-platform.pem").write_bytes((folder / "mine/kit/A.pem").read_bytes())
    file = folder / "mine/sut.toml"
    text = file.read_text("utf-8")
    for old, new in changes.items():
        text = text.replace(old, new)
    file.write_text(text, "utf-8")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_system_where_nobody_listens_has_no_traffic_and_that_is_no_pass(tb: Tb, tmp_path: Path) -> None:
    described(tb, tmp_path, free_port())
    done = tb("conformance", "run", "pint", "--sut", "mine/sut.toml", "--json", *only("receiver/plain", "sender/plain"))
    told = json.loads(done.out.splitlines()[-1])
    assert (done.code, told["ok"], told["passed"], told["failed"]) == (Exit.CHECKS_FAILED, False, 0, 0)
    assert told["noTraffic"] == 4
    assert "nobody listens at http://127.0.0.1:" in told["scenarios"][0]["reason"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({'code = "MYPL"': ""}, "lacks 'code'"),
        ({"[kit]": "[kit"}, "is no TOML"),
        ({"my-platform.pem": "not-there.pem"}, "not-there.pem"),
        ({'folder = "kit"': 'folder = "elsewhere"'}, "elsewhere"),
    ],
    ids=["no code", "no TOML", "no certificate", "no kit"],
)
def test_a_file_that_describes_no_system_is_told_with_what_it_lacks(
    changes: dict[str, str], said: str, tb: Tb, tmp_path: Path
) -> None:
    described(tb, tmp_path, 1, **changes)
    done = tb("conformance", "run", "pint", "--sut", "mine/sut.toml")
    assert done.code == Exit.USAGE
    assert said in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "There is no suite 'nothing'. There are: pint, title-holder, window-inbound"),
        (["pint", "--only", "no-such-scenario"], "No scenario is like that"),
        (["pint", "--sut", "x.toml", "--platform", "STRA"], "--platform chooses among ours"),
    ],
)
def test_what_is_typed_wrong_is_told(arguments: list[str], said: str, tb: Tb) -> None:
    done = tb("conformance", "run", *arguments)
    assert done.code == Exit.USAGE
    assert said in done.err


def test_a_platform_of_ours_that_there_is_not_is_told(tb: Tb) -> None:
    done = tb("conformance", "run", "pint", "--platform", "NONE")
    assert done.code == Exit.UNREACHABLE
    assert "there are STRA, MEKO, TBHB" in done.err


# --- A person instead of a URL ---------------------------------------------------------------------------------------


def test_a_person_is_told_what_to_transfer_and_the_run_goes_on_when_it_is_done(tmp_path: Path) -> None:
    prompts: list[str] = []
    with running(tmp_path) as system:
        by_url: Any = system.controls

        def person(prompt: str) -> None:
            prompts.append(prompt)
            reference = prompt.split()[3]
            user = system.kit.b.user if f" on {system.kit.b.code} " in prompt else system.kit.a.user
            httpx.post(by_url.url, json={"reference": reference, "recipient": user}, trust_env=False)

        found = asyncio.run(
            run(
                PINT,
                replace(system, controls=ByPerson(None, person), person_waits=5.0),
                name="Small",
                code="SMAL",
                only=lambda each: each.name in ("sender/plain", "sender/error-500", "sender/rece-at-start-any-status"),
                at_once=1,
            )
        )
    words = {each.name: each.word for each in found.results if each.word is not Word.SKIPPED}
    assert words == {
        "sender/plain": Word.PASS,
        "sender/error-500": Word.PASS,
        "sender/rece-at-start-any-status": Word.NOT_APPLICABLE,  # many transfers in a row are nobody's job
    }
    assert prompts[0].startswith("Your turn: transfer KIT")
    assert "KITB-TRADER" in prompts[0]


def test_a_person_who_does_not_act_is_waited_for_and_that_is_no_pass(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        idle = replace(system, controls=ByPerson(None, lambda prompt: None), person_waits=0.3)
        found = asyncio.run(run(PINT, idle, name="S", code="S", only=lambda each: each.name == "sender/plain"))
    assert [each.word for each in found.results if each.word is not Word.SKIPPED] == [Word.WAITING]
    assert not found.passed


def test_headers_of_a_gateway_are_sent_and_no_report_shows_them(tmp_path: Path) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(404, json={})

    async def call(playing: Play[Any]) -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            await Caller(playing, keyed, http).post("/envelopes", {}, keyed.kit.a, "a call")

    with running(tmp_path) as system:
        keyed = replace(system, headers={"X-Gateway-Key": "a-secret-key"})
    playing = Play[Any](None)
    asyncio.run(call(playing))
    assert sent[0].headers["X-Gateway-Key"] == "a-secret-key"
    told = playing.exchanges[0].to_json()
    assert told["requestHeaders"]["X-Gateway-Key"] == told["requestHeaders"]["Authorization"] == "(redacted)"
    assert "a-secret-key" not in json.dumps(told)
    assert keyed.kit.a.token_out not in json.dumps(told)


def test_a_command_is_told_what_to_transfer_on_its_standard_input(tb: Tb, tmp_path: Path) -> None:
    described(tb, tmp_path, 1)
    file = tmp_path / "mine/sut.toml"
    text = file.read_text("utf-8")
    start = text.index("[sending]")
    file.write_text(text[:start] + '[sending]\ntransfer = ["sh", "-c", "cat > told.json"]\n', "utf-8")
    system = read_system(file, print)
    party = system.kit.a.user

    async def transfer() -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            await system.controls.transfer(http, "KIT1", party, [])

    asyncio.run(transfer())
    told = json.loads((tmp_path / "mine/told.json").read_text("utf-8"))
    assert told == {"reference": "KIT1", "recipient": party, "documents": []}


def test_the_template_names_what_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "sut.toml"
    file.write_text("name = 'x'\n")
    with pytest.raises(BadSystem, match="tb conformance prepare"):
        read_system(file, print)
    assert "[sending]" in TEMPLATE


def test_what_does_not_hold_is_told_with_the_command_that_plays_it_again(tb: Tb, tmp_path: Path) -> None:
    with running(tmp_path) as system:  # it knows another kit than that of the file: nobody's token is right
        described(tb, tmp_path, int(httpx.URL(system.pint).port or 0), MYPL="SMAL")
        done = tb("conformance", "run", "pint", "--sut", "mine/sut.toml", *only("receiver/no-token"))
        lines = [line.strip() for line in done.out.splitlines()]
        place = lines.index("got 401, no signed outcome")
        repeated = tb("repro", lines[place + 4].removeprefix("again: tb repro "))
    assert done.code == Exit.CHECKS_FAILED
    assert (lines[place - 1], lines[place - 2][:10]) == ("expected RECE", "sent POST ")
    assert lines[place + 1 : place + 4] == [
        "clause DCSA EBL_PINT 3.0.0, POST /v3/envelopes",
        "likely cause: a finish is waited for though nothing is to come",
        "fix: with no documents missing accept at once",
    ]
    assert repeated.code == Exit.CHECKS_FAILED
    assert "got now 401, no signed outcome: fail" in repeated.out
