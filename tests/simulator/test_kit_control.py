"""The conformance kit on the control plane: a suite is played beside the world, followed, stopped, and reported."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from simulator.conformance import signed
from simulator.conformance.kept import Shelf, head_of
from simulator.conformance.kit import free_port
from simulator.conformance.suites import SUITES, suite
from simulator.conformance.suites.window.system import prepare_window
from simulator.launch import Launched
from tests.simulator.conftest import Space, until
from tradebridge.evidence.archive import read_archive
from tradebridge.evidence.simulation import test_signer

RUNS = "/conformance/runs"
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def place(launched: Launched, http: httpx.Client) -> Space:
    """The world itself: the kit is the same in all its spaces."""
    return Space("", launched, http)


@pytest.fixture(scope="module")
def played(place: Space) -> Any:
    """A run of the smallest suite, and the events of it as they came."""
    run = place.post(RUNS, 201, suite="pull-only")["run"]
    events = []
    url = f"{place.launched.world_url}/_sim/v1{RUNS}/{run}/events"
    with place.http.stream("GET", url) as stream:
        for line in stream.iter_lines():
            events.append(line)
            if line == "event: end":
                break
    return run, events


def test_the_suites_are_those_of_the_kit(place: Space) -> None:
    items = place.get("/conformance/suites")["items"]
    assert [each["suite"] for each in items] == list(SUITES)
    assert all(each["standard"] and each["scenarios"] for each in items)
    (ours,) = [each for each in place.get("/conformance/systems")["items"] if each["system"] == "ours"]
    assert ours["suites"] == list(SUITES)


@pytest.mark.long("conformance", sample=False)
def test_one_run_at_a_time_and_it_can_be_stopped(place: Space) -> None:
    """The next one, which the other tests look at, begins after it."""
    run = place.post(RUNS, 201, suite="title-holder")["run"]
    busy = place.call("POST", RUNS, 409, json={"suite": "pull-only"})
    assert busy["errors"][0]["code"] == "simulation.kit-busy"
    assert place.get(f"{RUNS}/{run}")["state"] == "playing"
    stopped = place.post(f"{RUNS}/{run}:stop")
    assert stopped["state"] == "not ended" and stopped["waiting"] > 0 and not stopped["ok"]
    assert {each["run"]: each["state"] for each in place.get(RUNS)["items"]} == {run: "not ended"}


def test_a_run_is_followed_scenario_by_scenario_to_its_end(place: Space, played: Any) -> None:
    run, events = played
    told = place.get(f"{RUNS}/{run}")
    came = [json.loads(line.removeprefix("data: ")) for line in events if line.startswith('data: {"name"')]
    assert {each["name"] for each in came} == {each["name"] for each in told["scenarios"]}
    assert [line for line in events if line.startswith("id:")] == [f"id: {n}" for n in range(1, len(came) + 1)]
    assert (told["state"], told["ok"], told["passed"]) == ("ended", True, len(came))
    assert told["began"] in {each["began"] for each in place.get(RUNS)["items"] if each["run"] == run}
    row = told["grid"]["rows"][0]
    assert set(row["results"]) <= set(told["grid"]["scenarios"]) and row["source"]


def test_who_comes_back_goes_on_where_they_were(place: Space, played: Any) -> None:
    run, events = played
    last = sum(line.startswith("id:") for line in events)
    again = place.http.get(
        f"{place.launched.world_url}/_sim/v1{RUNS}/{run}/events", headers={"Last-Event-ID": str(last - 1)}
    ).text
    assert again.count("event: result") == 1 and f"id: {last}\n" in again and "event: end" in again


def test_its_reports_are_signed_by_the_kit_of_the_world(place: Space, played: Any, tmp_path: Path) -> None:
    run, _ = played
    at = f"{place.launched.world_url}/_sim/v1{RUNS}/{run}/report"
    packed = tmp_path / "evidence.zip"
    packed.write_bytes(place.http.get(f"{at}/evidence.zip").content)
    kit = signed.kit_signer(place.launched.data_dir / "world" / "conformance")
    assert isinstance(signed.verify(packed, kit.certificate, datetime.now(UTC)), signed.SignedReport)
    entries = read_archive(packed.read_bytes())
    assert isinstance(entries, dict)
    page = place.http.get(f"{at}/index.html")
    assert page.content == entries["index.html"] and "sandbox" in page.headers["content-security-policy"]
    for name in ("report.pdf", "report.json", "junit.xml", "summary.md", "report.jws"):
        assert place.http.get(f"{at}/{name}").content == entries[name]
    assert place.http.get(f"{at}/kit.json").status_code == 404
    assert place.http.get(f"{at}/..%2Fkit.json").status_code == 404


@pytest.mark.long("conformance", sample=False)
def test_whose_turn_it_is_is_told_where_a_person_has_to_act(place: Space, tmp_path: Path) -> None:
    """A window that has no address for sending, once a terminal has tried it: the run stands in its shelf."""
    (tmp_path / "window.pem").write_bytes(test_signer("mine", "MY-WINDOW").certificate.public_bytes(Encoding.PEM))
    file = prepare_window(tmp_path, "MY-WINDOW", "TH", "http://127.0.0.1:1", "window.pem", free_port())
    told = [line for line in file.read_text().splitlines() if not line.startswith(("sends", "decides"))]
    file.write_text("person_waits = 60.0\n" + "\n".join(told))
    shelf = Shelf(place.launched.data_dir / "world" / "conformance")
    shelf.begin(head_of(suite("window-outbound"), "My window", "MY-WINDOW", {"sut": str(file)}))
    assert "MY-WINDOW" in [each["system"] for each in place.get("/conformance/systems")["items"]]
    run = place.post(RUNS, 201, suite="window-outbound", system="MY-WINDOW")["run"]
    until(lambda: place.get(f"{RUNS}/{run}")["turn"].startswith("Your turn"))
    url = f"{place.launched.world_url}/_sim/v1{RUNS}/{run}/events"
    with place.http.stream("GET", url) as stream:
        assert "event: turn" in stream.iter_lines()
    assert place.post(f"{RUNS}/{run}:stop")["turn"] == ""


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", RUNS, {"suite": "nothing"}, 400, "simulation.malformed"),
        ("POST", RUNS, {"suite": "pint", "sut": "/etc/passwd"}, 400, "simulation.malformed"),
        ("POST", RUNS, {"suite": "pint", "system": "../x"}, 404, "simulation.unknown-system"),
        ("GET", f"{RUNS}/nothing", None, 404, "simulation.unknown-run"),
        ("GET", f"{RUNS}/nothing/events", None, 404, "simulation.unknown-run"),
        ("GET", f"{RUNS}/2/report/index.html", None, 404, "simulation.unknown-run"),
    ],
)
def test_what_is_asked_wrong_is_told(place: Space, method: str, path: str, body: Any, status: int, code: str) -> None:
    refused = place.call(method, path, status, **({"json": body} if body else {}))
    assert refused["errors"][0]["code"] == code
