"""Hub and world as two real processes: the whole scenario, and what becomes of it when one of them is killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from schemas.content import Syntax
from schemas.registry import profiles
from simulator.documents import make_every, sign
from simulator.launch import Launched, LaunchFailed, Progress, Summary, launch, run_scenario
from simulator.members import keys_of
from simulator.scenario import load
from tests.simulator.demo_journal import FILE, summary_of
from tradebridge.client import Hub

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SCENARIO = load("asean-japan")
DEFECTIVE = [planned for planned in SCENARIO.documents if planned.defect]
IMPATIENT = {"TRADEBRIDGE_LEASE_SECONDS": "1", "TRADEBRIDGE_RETRY_BASE_SECONDS": "0.1"}
PAIRS = sum(len(planned.recipients) for planned in SCENARIO.every if not planned.defect)


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[Launched, Summary, list[Progress]]]:
    steps: list[Progress] = []
    with launch(clock=AT, port=0) as world:
        summary = run_scenario(world, "asean-japan", steps.append)
        yield world, summary, steps


def journals(world: Launched) -> str:
    return httpx.get(f"{world.world_url}/_sim/v1/journals", trust_env=False).text


def test_everything_reaches_its_end(played: tuple[Launched, Summary, list[Progress]]) -> None:
    _, summary, _ = played
    assert summary.problems == ()
    assert summary.complete
    expected = {
        "scenario": "asean-japan",
        "seed": "42",
        "members": 14,
        "submitted": len(SCENARIO.every),
        "accepted": len(SCENARIO.every) - len(DEFECTIVE),
        "refused": len(DEFECTIVE),
        "delivered": PAIRS,
        "decided": PAIRS,
        "dead": 0,
        "lost": 0,
    }
    assert {name: value for name, value in summary.to_json().items() if name != "elapsed_s"} == expected
    assert list(summary.to_json()) == [*expected, "elapsed_s"]


def test_each_step_is_told_as_it_happens(played: tuple[Launched, Summary, list[Progress]]) -> None:
    _, summary, steps = played
    told = [step.kind for step in steps]
    assert told.count("submitted") == summary.submitted
    assert told.count("accepted") == summary.accepted
    assert told.count("delivered") == summary.delivered
    assert told[-1] == "audit"
    refusals = [step for step in steps if step.kind == "refused"]
    assert sorted(step.codes[0] for step in refusals) == sorted(each.defect.code for each in DEFECTIVE if each.defect)
    assert all(any(each.defect and each.defect.teaches in step.text for each in DEFECTIVE) for step in refusals)


def test_each_lesson_is_told_when_it_has_happened_with_what_the_ledger_has(
    played: tuple[Launched, Summary, list[Progress]],
) -> None:
    told = [step.text for step in played[2] if step.kind == "lesson"]
    assert len(told) == len(SCENARIO.lessons) == 7
    assert all(sum(lesson.teaches in text for text in told) == 1 for lesson in SCENARIO.lessons)
    for words in (
        "40 of 100 cartons drawn on the original",
        "is used by two declarations: 75 of 100 cartons, 25 left",
        "is wholly used: 100 of 100 cartons, and none twice",
    ):
        assert sum(words in text for text in told) == 1


def test_an_over_use_is_refused_and_neither_lost_nor_dead(played: tuple[Launched, Summary, list[Progress]]) -> None:
    world, summary, steps = played
    (refusal,) = (step for step in steps if step.kind == "event-refused")
    assert refusal.codes == ("utilisation.more-than-left",)
    assert "50 cartons are declared where 40 are left" in refusal.text
    assert summary.refused == len(DEFECTIVE)
    lines = [json.loads(line) for line in journals(world).splitlines()]
    assert [line["number"] for line in lines if line["kind"] == "refused" and line.get("event")] == [refusal.number]


def test_what_the_lessons_say_is_on_the_record(played: tuple[Launched, Summary, list[Progress]]) -> None:
    world, _, _ = played
    numbers = {made.planned.name: made.number for made in make_every(SCENARIO, seed="42", at=AT)}
    with Hub(world.hub_url, world.api_keys["JP-JCCI"]) as hub:
        (application,) = hub.documents(number=numbers["application"]).items
        assert application["recipients"]["JP-JCCI"]["state"] == "issued"
        (original,) = hub.documents(number=numbers["original"]).items
        (draw,) = hub.utilisation(original["id"])["draws"]
        assert (draw["member"], draw["items"][0]["quantity"]) == ("SG-NSW", {"value": "40", "unit": "NMP"})
    with Hub(world.hub_url, world.api_keys["SG-NSW"]) as hub:
        (wrong,) = hub.documents(number=numbers["wrong"]).items
        assert wrong["state"] == "replaced"


def test_two_worlds_with_one_seed_and_one_clock_write_the_same_journals(
    played: tuple[Launched, Summary, list[Progress]],
) -> None:
    world, _, _ = played
    with launch(clock=AT, port=0) as other:
        assert run_scenario(other, "asean-japan").complete
        assert journals(other) == journals(world)


def test_the_journal_of_the_demo_is_that_of_the_file(played: tuple[Launched, Summary, list[Progress]]) -> None:
    """Where documents or signatures are meant to change: python -m tests.simulator.demo_journal"""
    now = summary_of(journals(played[0])).splitlines()
    kept = FILE.read_text("utf-8").splitlines()
    assert [line for line in now if line not in kept] == []
    assert len(now) == len(kept)


def test_played_again_on_a_frozen_clock_it_is_the_same_run(played: tuple[Launched, Summary, list[Progress]]) -> None:
    world, first, _ = played
    before = journals(world)
    again = run_scenario(world, "asean-japan")
    assert again.problems == ()
    assert (again.accepted, again.delivered, again.decided) == (first.accepted, first.delivered, first.decided)
    assert [line for line in journals(world).splitlines() if '"refused"' not in line] == [
        line for line in before.splitlines() if '"refused"' not in line
    ]


@pytest.mark.parametrize(("ending", "state"), [("", "accepted"), ("-R01", "rejected"), ("-Q01", "queried")])
def test_what_a_user_sends_is_decided(
    played: tuple[Launched, Summary, list[Progress]], ending: str, state: str
) -> None:
    world, _, _ = played
    profile = profiles()["atiga-form-d/2022"]
    document = profile.example(exporter="SG", importer="TH", number=f"SG-2026-USER{ending}", at=AT)
    data = sign(profile.encode[Syntax.XML](document), Syntax.XML, keys_of("42", "SG-NSW").document, AT)
    with Hub(world.hub_url, world.api_keys["SG-NSW"]) as hub:
        accepted = hub.submit(data, ["TH-NSW"])
        until = time.monotonic() + 10
        while time.monotonic() < until:
            (summary,) = hub.documents(number=f"SG-2026-USER{ending}").items
            if summary["recipients"]["TH-NSW"]["state"] == state:
                break
            time.sleep(0.05)
        assert summary["id"] == accepted.id
        assert summary["recipients"]["TH-NSW"]["state"] == state


def test_the_idle_world_needs_less_than_150_mb(played: tuple[Launched, Summary, list[Progress]]) -> None:
    status = Path(f"/proc/{played[0].world_pid}/status")
    if not status.exists():
        pytest.skip("no /proc on this system")
    (resident,) = (line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    assert int(resident.split()[1]) < 150_000


def test_a_push_that_is_none_is_refused_politely(played: tuple[Launched, Summary, list[Progress]]) -> None:
    world, _, _ = played
    with httpx.Client(base_url=world.world_url, trust_env=False) as client:
        assert client.post("/partners/TH-NSW/push", content=b"rubbish").status_code == 400
        assert client.post("/partners/TH-NSW/push", json={"deliveries": [{}]}).status_code == 400
        assert client.post("/partners/NOBODY/push", json={"deliveries": []}).status_code == 404
        assert client.post("/_sim/v1/scenario:run", json={"name": "atlantis"}).status_code == 404
        assert client.get("/livez").json()["members"] == 14


def test_kills_in_the_middle_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    with launch(clock=AT, port=0, data_dir=tmp_path, hub_environment=IMPATIENT) as world:
        early, late = threading.Event(), threading.Event()

        def watch(step: Progress) -> None:
            if step.counts.get("decided", 0) >= 10:
                early.set()
            if step.counts.get("decided", 0) >= 30:
                late.set()

        def play() -> None:
            with contextlib.suppress(LaunchFailed):  # who plays is killed too
                run_scenario(world, "asean-japan", watch)

        playing = threading.Thread(target=play)
        playing.start()
        for reached, victim in ((early, "hub"), (late, "world")):
            assert reached.wait(30)
            world.kill(victim)
            world.restart(victim)
        playing.join(60)
        summary = run_scenario(world, "asean-japan")
        assert summary.problems == ()
        assert summary.lost == summary.dead == 0
        assert summary.decided == PAIRS
        effects = [
            (line["member"], line["message_id"])
            for line in map(json.loads, journals(world).splitlines())
            if line["kind"] in ("received", "event received")
        ]
        assert len(effects) == len(set(effects))


def test_both_children_end_when_their_parent_is_killed() -> None:
    program = (
        "import time; from simulator.launch import launch; world = launch(port=0);"
        "print(world.hub_pid, world.world_pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-P", "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    children = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(children) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 15
    while any(is_alive(pid) for pid in children) and time.monotonic() < until:
        time.sleep(0.1)
    alive = [pid for pid in children if is_alive(pid)]
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
    assert alive == []


def test_a_taken_port_is_told_with_the_reason(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(LaunchFailed, match="ended with exit code"):
            launch(port=taken.getsockname()[1], data_dir=tmp_path)


def is_alive(pid: int) -> bool:
    """A zombie, whose parent has not asked for it yet, is dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    try:
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
