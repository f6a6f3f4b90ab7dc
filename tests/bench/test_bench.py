"""The bench at tiny counts: its pieces run, and its JSON has the shape that others read. No figure is asserted.

All of its parts take most of a minute: they run in `make test-long PART=bench`, and in `make bench` itself.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.content import Syntax
from tests.bench import documents
from tests.bench.children import ROOT, Child, ChildFailed, cores, pinned, resident_mb
from tests.bench.measuring import TINY, Bench, measure
from tests.bench.report import bars, machine, table

PARTS = ("intake", "steps", "items", "evidence", "roundtrips", "transfers", "memory")
all_parts = pytest.mark.long("bench", sample=False)
STEPS = ["open", "decode", "rules", "verify", "receipt", "leaf", "commit"]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    found = {"machine": machine(), **measure(tmp_path_factory.mktemp("bench"), TINY, PARTS)}
    return found | {"bars": bars(found)}


@all_parts
def test_intake_and_floor_are_given_for_xml_and_json(figures: dict[str, dict[str, float]]) -> None:
    for name in ("intake", "intake_to_floor"):
        assert set(figures[name]) == {"xml", "json"}
        assert all(value > 0 for value in figures[name].values())
    assert set(figures["floor"]) == {"empty_post", "bare_loop", "both"}
    assert set(figures["latency_ms"]) == {"p50", "p99", "offered_per_s"}


@all_parts
def test_the_floor_is_that_of_both_parts_one_after_the_other(figures: dict[str, dict[str, float]]) -> None:
    floor = figures["floor"]
    for syntax in ("xml", "json"):
        loop: float = floor["bare_loop"][syntax]  # type: ignore[index]  # a mapping by syntax
        both: float = floor["both"][syntax]  # type: ignore[index]  # a mapping by syntax
        assert both == pytest.approx(1 / (1 / floor["empty_post"] + 1 / loop))  # one round: its median is itself


@all_parts
def test_every_step_has_its_cost(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    for syntax in ("xml", "json"):
        assert list(figures["steps_us"][syntax]) == STEPS
        assert all(cost > 0 for cost in figures["steps_us"][syntax].values())


@all_parts
def test_an_item_has_its_cost_in_a_small_and_in_a_large_certificate(
    figures: dict[str, dict[str, dict[str, dict[str, float]]]],
) -> None:
    for syntax in ("xml", "json"):
        assert list(figures["items_us"][syntax]) == ["read", "find", "verify", "render"]
        for found in figures["items_us"][syntax].values():
            assert all(value > 0 for value in found.values())


@all_parts
def test_evidence_is_measured_beside_other_libraries(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    found = figures["evidence"]
    assert set(found["ratio"]) == {"verify_xades", "sign_xades", "verify_jws", "sign_jws"}
    assert all(value > 0 for value in (*found["ratio"].values(), *found["per_s"].values()))
    assert list(found["log_us"]) == ["1000", "100000", "10000000"]
    for costs in found["log_us"].values():
        assert all(costs[what] > 0 for what in ("proof", "append", "append_256"))  # type: ignore[index]


@all_parts
def test_round_trips_are_told_as_minutes_of_a_year(figures: dict[str, float]) -> None:
    assert figures["asw_minutes"] == pytest.approx(800_000 / figures["roundtrips_per_s"] / 60)


@all_parts
def test_transfers_of_title_are_given_beside_their_floor(figures: dict[str, dict[str, float]]) -> None:
    found = figures["transfers"]
    http = (found["requests"] - found["asked"]) / found["empty_post"] + found["asked"] / found["asked_post"]
    both = 1 / (http + 1 / found["bare_loop"])
    assert found["floor"] == pytest.approx(both)  # one round: its median is itself
    assert found["ratio"] == pytest.approx(found["per_s"] / both)


@all_parts
def test_a_bar_that_was_not_measured_is_neither_met_nor_missed(figures: dict[str, dict[str, object]]) -> None:
    assert figures["bars"]["idle_rss_mb < 150"] is None
    assert figures["bars"]["rss_ratio <= 1.2"] in (True, False)


@all_parts
def test_the_table_shows_every_part(figures: dict[str, object]) -> None:
    shown = table(figures)
    for part in (
        "intake to floor",
        "commit",
        "p99",
        "round trips",
        "transfers to floor",
        "minutes a year",
        "their ratio",
        "bars",
    ):
        assert part in shown


def test_bars_are_missed_where_the_figures_miss_them() -> None:
    found = {
        "intake_to_floor": {"xml": 0.9, "json": 0.69},
        "items_us": {"xml": {"read": {"ratio": 1.0}, "find": {"ratio": 1.31}}},
        "rss_mb": {"ratio": 1.3, "idle_hub": 10.0, "idle_world": 151.0},
        "transfers": {"ratio": 0.49},
        "evidence": {"ratio": {"verify_xades": 3.9}},
        "steps_us": {"xml": {"rules": 19.0, "commit": 81.0}, "json": {"rules": 20.0, "commit": 80.0}},
    }
    assert set(bars(found).values()) == {False}


@pytest.fixture
def load() -> Iterator[Child]:
    with Child("tests.bench.load") as child:
        yield child


def test_an_answer_that_is_not_the_expected_one_stops_the_bench(tmp_path: Path, load: Child) -> None:
    with Child("tests.bench.floor", "app") as app:
        port = app.hear()["port"]
        job = {"port": port, "headers": {}, "count": 10, "connections": 2, "seconds": 1}
        assert load.ask(path="/empty", **job)["done"] == 10
        with pytest.raises(ChildFailed, match="requests failed, the first with: 404"):
            load.ask(path="/nothing", **job)


def test_the_floor_accepts_no_document_whose_signature_does_not_hold(tmp_path: Path) -> None:
    good = next(documents.signed_documents(Syntax.XML, 0, 1))
    signed = documents.write(tmp_path / "changed", [good.replace(b"Singapore", b"Singapure")])
    with Child("tests.bench.floor", "loop", str(tmp_path)) as loop, pytest.raises(ChildFailed, match="ended"):
        loop.ask(documents=str(signed), start=0, count=1, seconds=1)


def test_no_two_documents_are_the_same_and_any_part_of_the_file_can_be_read(tmp_path: Path) -> None:
    made = [each for syntax in Syntax for each in documents.signed_documents(syntax, 0, 3)]
    path = documents.write(tmp_path / "all", made)
    assert len(set(made)) == 6
    assert documents.read(path) == made
    assert documents.read(path, 2, 3) == made[2:5]


@pytest.mark.skipif(cores()[0] is None, reason="needs a system that can pin, and two cores")
def test_a_child_and_all_its_threads_stay_on_their_core() -> None:
    import os

    core, before = cores()[0], os.sched_getaffinity(0)
    command = "import os, threading; print(os.sched_getaffinity(0))"
    with pinned(core):
        said = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.strip() == str({core})
    assert os.sched_getaffinity(0) == before


def test_resident_memory_of_this_process_is_plausible() -> None:
    import os

    assert 10 < resident_mb(os.getpid()) < 4000


def test_nothing_is_left_running_when_a_part_cannot_start(tmp_path: Path) -> None:
    bench = Bench(tmp_path, TINY)
    with bench:
        pass
    assert bench.load.ended and bench.loop.ended and bench.app.ended
