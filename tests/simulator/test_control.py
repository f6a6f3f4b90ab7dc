"""The control plane: clock, past, scripts, officers, journal, near misses, spaces; each test in a space of its own."""

import json
import os
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from exchange.app import make_app
from exchange.config import Settings, UnsafeSettings
from simulator.near import near_misses
from tests.simulator.conftest import AT, Space, form_d, until

VECTORS = Path(__file__).parents[1] / "vectors" / "certificates"


def events_at(space: Space, member: str, document: str) -> list[str]:
    return [each["event"]["type"] for each in space.journal(member=member, kind="event received", document=document)]


# --- the clock -------------------------------------------------------------------------------------------------------


def test_a_year_passes_in_a_second_and_the_certificate_has_expired(space: Space) -> None:
    document = space.send("SG-2026-C-EXPIRES")
    until(lambda: space.state_of(document) == "accepted")
    began = time.monotonic()
    told = space.post("/clock:advance", by="P400D")
    assert space.hub("SG-NSW").summary(document)["state"] == "expired"
    assert time.monotonic() - began < 5.0  # the bar of a second is for a machine that does nothing else
    assert (told["now"], told["mode"]) == ("2027-02-09T09:00:00Z", "frozen")
    until(lambda: events_at(space, "TH", document) == ["expired"])


def test_the_term_of_a_verification_runs_out_and_is_said(space: Space) -> None:
    document = space.send("SG-2026-C-V01")
    until(lambda: events_at(space, "SG", document) == ["accepted", "verification-requested"])
    space.post("/clock:advance", by="P91D")
    until(lambda: events_at(space, "SG", document)[2:] == ["reminded"])


def test_a_clock_goes_on_from_where_it_was_moved_to_and_back_to_the_real_time(space: Space) -> None:
    real = space.post("/clock", mode="real")
    assert real["mode"] == "real"
    ahead = space.post("/clock:advance", by="PT36H")
    assert ahead["aheadSeconds"] == 36 * 3600
    first = space.get("/clock")["now"]
    assert until(lambda: space.get("/clock")["now"] > first)
    assert space.post("/clock", mode="frozen", at=AT.isoformat())["now"] == "2026-01-05T09:00:00Z"
    assert space.hub("SG-NSW").submit(form_d("SG-2026-C-AGAIN"), ["TH-NSW"]).raw["receivedAt"] == "2026-01-05T09:00:00Z"


def test_one_spaces_clock_is_not_anothers(space: Space, default: Space) -> None:
    space.post("/clock:advance", by="P1D")
    assert default.get("/clock")["now"] == "2026-01-05T09:00:00Z"
    assert space.get("/clock")["now"] == "2026-01-06T09:00:00Z"


def test_a_hub_that_starts_again_is_told_the_time(default: Space) -> None:
    default.post("/clock:advance", by="P2D")
    default.launched.kill("hub")
    default.launched.restart("hub")
    default.post("/clock:advance", by="PT1H")  # waits until the hub answers, after it was told
    accepted = default.hub("SG-NSW").submit(form_d("SG-2026-C-RESTART"), ["TH-NSW"])
    assert accepted.raw["receivedAt"] == "2026-01-07T10:00:00Z"
    default.post("/reset")
    assert default.get("/clock")["now"] == "2026-01-05T09:00:00Z"
    assert default.hub("SG-NSW").documents().items == ()


# --- scripts, officers, magic ----------------------------------------------------------------------------------------


def test_the_next_document_is_rejected_for_what_the_script_says_after_its_time(space: Space) -> None:
    script = space.post("/scripts", 201, to="TH", decision="rejected", reason="hs-mismatch", after="PT2S")
    first, second = space.send("SG-2026-C-SCRIPT1"), space.send("SG-2026-C-SCRIPT2")
    until(lambda: space.state_of(second) == "accepted")
    assert space.state_of(first) == "issued"
    space.post("/clock:advance", by="PT2S")
    until(lambda: space.state_of(first) == "rejected")
    (signed,) = space.journal(member="TH", kind="event signed", document=first)
    assert b'"simulation.hs-mismatch"' in urlsafe_b64decode(signed["token"].split(".")[1] + "==")
    (used,) = space.get("/scripts")["items"]
    assert (used["id"], used["used"], used["left"]) == (script["id"], ["SG-2026-C-SCRIPT1"], 0)
    (told,) = space.journal(member="TH", kind="instructed")
    assert told["told"]["by"] == script["id"]


def test_who_decides_by_hand_is_waited_for(space: Space) -> None:
    space.call("PUT", "/officers/TH", json={"mode": "manual"})
    document = space.send("SG-2026-C-MANUAL")
    until(lambda: space.journal(member="TH", kind="acknowledged", document=document))
    assert space.state_of(document) == "issued"
    space.post("/officers/TH:decide", document="SG-2026-C-MANUAL", decision="queried", reason="please-confirm")
    until(lambda: space.state_of(document) == "queried")
    assert space.call("POST", "/officers/TH:decide", 404, json={"document": "none", "decision": "accepted"})


def test_officers_at_a_pace_take_one_after_the_other(space: Space) -> None:
    space.call("PUT", "/officers/TH", json={"mode": "pace", "pace": "PT30M"})
    documents = [space.send(f"SG-2026-C-PACE{n}") for n in range(3)]
    for each in documents:
        until(partial(space.journal, member="TH", kind="acknowledged", document=each))

    def has_decided(count: int) -> bool:
        return [space.state_of(each) for each in documents].count("accepted") == count

    for decided in (1, 2, 3):
        space.post("/clock:advance", by="PT30M")
        until(partial(has_decided, decided))
    space.call("PUT", "/officers/TH", json={"mode": "auto"})


def test_endings_of_a_number_wait_and_say_things_twice(space: Space) -> None:
    document = space.send("SG-2026-C-R02-T30-D2")
    until(lambda: space.journal(member="TH", kind="acknowledged", document=document))
    assert space.state_of(document) == "issued"
    space.post("/clock:advance", by="PT30S")
    until(lambda: space.state_of(document) == "rejected")
    until(lambda: len(space.journal(member="TH", kind="event sent", document=document)) == 2)
    until(lambda: events_at(space, "SG", document) == ["rejected"])


# --- journal and near misses -----------------------------------------------------------------------------------------


def test_who_waits_for_an_entry_is_told_when_it_comes(space: Space) -> None:
    begun = threading.Timer(0.3, space.send, ["SG-2026-C-WAIT"])
    begun.start()
    found = space.get("/journal", member="TH", kind="received", wait=20)
    begun.join()
    (entry,) = found["items"]
    assert entry["number"] == "SG-2026-C-WAIT"
    assert found["next"] >= entry["n"]
    assert space.get("/journal", member="TH", kind="received", since=found["next"])["items"] == []
    assert space.get("/journal", number="nothing", wait=0.05)["items"] == []


def test_a_document_with_mistakes_is_told_what_it_comes_close_to(space: Space) -> None:
    wrong = (VECTORS / "wrong" / "five-mistakes.json").read_bytes()
    near = space.call("POST", "/near-misses", content=wrong)["items"]
    assert near[0]["profile"] == "atiga-form-d/2022"
    assert near[0]["differences"] >= 3
    assert near[0]["sentence"].startswith("closest valid profile atiga-form-d/2022, ")
    assert space.call("POST", "/near-misses", 422, content=b"")["code"] == "syntax.empty"


def test_a_document_that_names_another_form_is_nearest_to_what_it_would_be() -> None:
    members = json.loads((VECTORS / "valid" / "form-d.json").read_bytes())
    members["profile"] = "atiga-form-d/2018"
    near = near_misses(json.dumps(members).encode(), AT)
    assert isinstance(near, list)
    assert near[0].profile == "atiga-form-d/2022"
    assert [each.pointer for each in near[0].differences] == ["/profile"]


# --- spaces, snapshots, reset ----------------------------------------------------------------------------------------


def test_the_same_document_in_two_spaces_is_no_duplicate_and_faults_stay_at_home(space: Space, default: Space) -> None:
    space.post("/faults", 201, fault="maintenance", on="TH", times=100, seconds=60)
    here, there = space.send("SG-2026-C-TWICE"), default.send("SG-2026-C-TWICE")
    until(lambda: default.state_of(there) == "accepted")
    assert space.state_of(here) == "issued"
    space.post("/reset", what=["faults"])
    until(lambda: space.state_of(here) == "accepted")
    assert [each["label"] for each in space.get("/faults")["items"] if "label" in each] == []
    default.post("/reset", what=["documents"])


def test_a_space_costs_little(default: Space) -> None:
    """Counted in time of one core, of both processes: the bar of 50 ms is for a machine that does nothing else."""
    pids = (default.launched.hub_pid, default.launched.world_pid)
    if not Path(f"/proc/{pids[0]}/stat").exists():
        pytest.skip("no /proc on this system")
    before = sum(map(seconds_of, pids))
    for n in range(3):
        default.post("/spaces", 201, name=f"cheap-{n}")
    spent = sum(map(seconds_of, pids)) - before
    for n in range(3):
        default.call("DELETE", f"/spaces/cheap-{n}", 204)
    assert spent / 3 < 0.3


def seconds_of(pid: int) -> float:
    """Time that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_what_was_kept_comes_back_and_goes_on(space: Space) -> None:
    space.call("PUT", "/officers/TH", json={"mode": "manual"})
    kept = space.send("SG-2026-C-KEPT")
    until(lambda: space.journal(member="TH", kind="acknowledged", document=kept))
    space.post("/snapshots", 201, name="before")
    space.send("SG-2026-C-LATER")
    space.post("/snapshots/before:restore")
    assert [each["number"] for each in space.hub("SG-NSW").documents().items] == ["SG-2026-C-KEPT"]
    space.call("PUT", "/officers/TH", json={"mode": "auto"})
    until(lambda: space.state_of(kept) == "accepted")
    audit = space.get("/audit")
    assert (audit["lost"], audit["problems"]) == (0, [])
    assert space.get("/snapshots")["items"] == [{"name": "before"}]
    assert space.call("POST", "/snapshots/other:restore", 404)["code"] == "simulation.unknown-snapshot"


def test_after_a_reset_the_same_happens_again_byte_for_byte(space: Space) -> None:
    def run() -> str:
        assert space.post("/seed", count=6)["problems"] == []
        return space.http.get(f"{space.launched.world_url}{space.prefix}/_sim/v1/journals").text

    first = run()
    assert first.count("\n") > 30
    space.post("/reset")
    assert space.journal() == []
    assert run() == first


# --- what is refused -------------------------------------------------------------------------------------------------

WRONG: list[tuple[str, str, Any, int, str, str]] = [
    ("POST", "/clock", {"mode": "sideways"}, 400, "simulation.malformed", "/mode"),
    ("POST", "/clock", {"mode": "real", "at": "2026-01-05T09:00:00Z"}, 400, "simulation.malformed", ""),
    ("POST", "/clock:advance", {"by": "-P1D"}, 400, "simulation.malformed", "/by"),
    ("POST", "/clock:advance", {"by": "P3000000D"}, 400, "simulation.malformed", "/by"),
    ("POST", "/clock:advance", {"by": "P36500D", "more": 1}, 400, "simulation.malformed", "/more"),
    ("POST", "/clock", {"mode": "frozen", "at": "1800-01-01T00:00:00Z"}, 409, "simulation.clock-out-of-bounds", "/at"),
    ("POST", "/faults", {"fault": "gremlins"}, 404, "simulation.unknown-fault", "/fault"),
    ("POST", "/faults", {"fault": "latency", "options": {"delay": 1e9}}, 400, "simulation.malformed", "/options/delay"),
    ("POST", "/faults", {"fault": "latency", "options": {"x": 1}}, 400, "simulation.malformed", "/options/x"),
    ("POST", "/faults", {"fault": "latency", "times": 10**9}, 400, "simulation.malformed", "/times"),
    ("POST", "/faults", {"fault": "latency", "seconds": 1e9}, 400, "simulation.malformed", "/seconds"),
    ("POST", "/faults", {"fault": "latency", "on": "XX"}, 404, "simulation.unknown-member", "/on"),
    ("POST", "/scripts", {"to": "TH", "decision": "shredded"}, 400, "simulation.malformed", ""),
    ("POST", "/scripts", {"to": "TH", "decision": "rejected", "reason": "mood"}, 400, "simulation.malformed", ""),
    ("PUT", "/officers/TH", {"mode": "pace"}, 400, "simulation.malformed", ""),
    ("PUT", "/officers/ZZ", {"mode": "auto"}, 404, "simulation.unknown-member", "/member"),
    ("POST", "/reset", {"what": ["everything"]}, 400, "simulation.malformed", "/what/0"),
    ("POST", "/spaces", {"name": "../x"}, 400, "simulation.bad-name", "/name"),
    ("POST", "/snapshots", {"name": "../x"}, 400, "simulation.bad-name", "/name"),
    ("DELETE", "/spaces/nobody", None, 404, "simulation.unknown-space", ""),
    ("DELETE", "/faults/flt_77", None, 404, "simulation.unknown-fault", ""),
    ("DELETE", "/scripts/scr_77", None, 404, "simulation.unknown-script", ""),
    ("POST", "/seed", {"count": 0}, 400, "simulation.malformed", "/count"),
    ("GET", "/journal?kind=poem", None, 400, "simulation.malformed", "/kind"),
    ("GET", "/journal?wait=99", None, 400, "simulation.malformed", "/wait"),
    ("GET", "/nothing", None, 404, "simulation.no-such-path", ""),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "pointer"), WRONG, ids=lambda each: str(each)[:40]
)
def test_what_is_wrong_is_refused_with_its_place(
    default: Space, method: str, path: str, body: Any, status: int, code: str, pointer: str
) -> None:
    problem = default.call(method, path, status, json=body)
    assert (problem["code"], problem["errors"][0]["pointer"]) == (code, pointer)
    assert problem["errors"][0]["fix"]


def test_a_body_that_is_no_json_or_too_large_is_refused(default: Space) -> None:
    assert default.call("POST", "/clock", 400, content=b"{")["code"] == "simulation.malformed"
    assert default.call("POST", "/clock", 400, content=b" " * (1024 * 1024 + 1))["code"] == "simulation.malformed"
    url = f"{default.launched.world_url}/s/nobody/_sim/v1/clock"
    assert default.http.get(url).json()["code"] == "simulation.unknown-space"


# --- nothing of it is in a hub ---------------------------------------------------------------------------------------


def routes_of(app: Any) -> set[str]:
    """Every path of the hub, also of routers within, and those that the description of the API leaves out."""
    found, todo = set(), list(app._app.routes)
    while todo:
        route = todo.pop()
        inner = getattr(route, "original_router", route)
        todo += getattr(inner, "routes", [])
        found |= {route.path} if hasattr(route, "path") else set()
    return found


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Any]:
    def made(**given: Any) -> Any:
        return make_app(Settings(data=tmp_path, base_url="http://127.0.0.1:1", **given), in_tests=True)

    return made


def test_a_hub_in_pilot_mode_has_the_routes_of_any_hub_and_none_for_tests(make: Callable[..., Any]) -> None:
    paths = routes_of(make(mode="pilot"))
    assert {"/v1/documents", "/livez", "/openapi.json"} <= paths
    assert not [path for path in paths if any(word in path for word in ("_sim", "clock", "/reset", "fault", "debug"))]


def test_a_running_hub_answers_404_below_the_simulations_paths(default: Space) -> None:
    operator = {"Authorization": f"Bearer {default.launched.operator_key}"}
    for path in ("/_sim/v1/state", "/_sim/v1/clock", "/_sim/v1/reset", "/s/x/_sim/v1/state"):
        for method in ("GET", "POST", "DELETE"):
            answer = httpx.request(method, default.launched.hub_url + path, headers=operator, trust_env=False)
            assert answer.status_code == 404


@pytest.mark.parametrize("given", [{"mode": "pilot", "control_fd": 3}, {"mode": "dev", "control_fd": 3}])
def test_a_control_socket_is_for_simulations_only(make: Callable[..., Any], given: dict[str, Any]) -> None:
    with pytest.raises(UnsafeSettings, match="CONTROL_FD"):
        make(**given)
