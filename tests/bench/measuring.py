"""The measurements, each a function that starts what it needs, measures in rounds, and ends what it started.

The machine is never quiet. So hub and floor take turns in short slices on the same core, `intake_to_floor` is taken
within each round, and the median of the rounds is reported, with the lowest and the highest beside it.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from statistics import median
from typing import Any

from schemas.content import Syntax
from simulator.launch import LaunchFailed, launch
from tests.bench import documents
from tests.bench.children import Child, cores, resident_mb
from tests.bench.hubs import RECIPIENT, SENDER, headers_of, join, running_hub
from tests.bench.partners import ROUTES
from tests.bench.transfers import ASKED, REQUESTS, documents_of, titles_for, two_platforms
from tests.databases import new_database, running_postgresql
from tests.ebl.running import Platforms
from tests.exchange.running import HubProcess

SYNTAXES = tuple(Syntax)
ASW_ROUND_TRIPS = 800_000
"""Round trips that the ASEAN Single Window carries a year (e-Form D)."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    seconds: float
    """Of one slice."""
    documents: int
    """Of each syntax in one slice, at most."""
    connections: int
    trips: int
    """Documents of each of the two senders, at most."""
    trip_seconds: float
    window: int
    """Round trips under way at once."""
    latency_seconds: float
    items: int
    """Of the large certificate."""
    transfers: int
    """Of title, in one slice."""
    memory: tuple[int, int] | None
    """Documents after which memory is read; None: not measured."""


FULL = Size(5, 3.0, 3000, 64, 12_000, 15.0, 256, 10.0, 5_000, 150, (5_000, 50_000))
QUICK = Size(2, 1.2, 1200, 64, 3_000, 3.0, 256, 2.5, 5_000, 60, None)
TINY = Size(1, 0.3, 64, 4, 60, 0.6, 4, 0.1, 100, 3, (32, 96))
"""For the test of the bench itself: figures of no worth."""


class Bench:
    """The processes that measure, and the documents that they measure with. A context manager."""

    def __init__(self, folder: Path, size: Size) -> None:
        self.folder, self.size = folder, size
        self.core, self.other = cores()
        with ExitStack() as stack:
            self.load = stack.enter_context(Child("tests.bench.load", core=self.other))
            self.app = stack.enter_context(Child("tests.bench.floor", "app", core=self.core))
            self.loop = stack.enter_context(Child("tests.bench.floor", "loop", str(folder), core=self.core))
            self.app_port = int(self.app.hear()["port"])
            count = size.documents * (size.rounds + 1)
            self.signed = {each: self._written(each, 0, count) for each in SYNTAXES}
            self._stack = stack.pop_all()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _written(self, syntax: Syntax, start: int, count: int) -> Path:
        made = documents.signed_documents(syntax, start, count)
        return documents.write(self.folder / f"{syntax}-{start}", made)

    # --- intake and floor ---

    def intake_and_floor(self) -> dict[str, Any]:
        """Intake on SQLite beside the floor, then the latency at half that rate. Documents a second, milliseconds."""
        rounds: list[dict[str, float]] = []
        with running_hub(self.folder / "intake", self.core) as hub:
            join(hub, {SENDER: {}, RECIPIENT: {}})
            self._round(hub, 0, min(0.5, self.size.seconds))  # warms up
            for number in range(self.size.rounds):
                rounds.append(self._round(hub, number + 1, self.size.seconds))
            middle = {name: median(each[name] for each in rounds) for name in rounds[0]}
            latency = self._latency(hub, middle["xml"] / 2)
        ratios = {each: [taken[f"ratio-{each}"] for taken in rounds] for each in SYNTAXES}
        return {
            "intake": {each.value: middle[each] for each in SYNTAXES},
            "floor": {
                "empty_post": middle["empty"],
                "bare_loop": {each.value: middle[f"loop-{each}"] for each in SYNTAXES},
                "both": {each.value: middle[f"floor-{each}"] for each in SYNTAXES},
            },
            "intake_to_floor": {each.value: median(ratios[each]) for each in SYNTAXES},
            "intake_to_floor_range": {each.value: [min(ratios[each]), max(ratios[each])] for each in SYNTAXES},
            "latency_ms": latency,
        }

    def _round(self, hub: HubProcess, number: int, seconds: float) -> dict[str, float]:
        """One slice each of hub and floor, in turn."""
        slices = {"start": number * self.size.documents, "count": self.size.documents, "seconds": seconds}
        taken: dict[str, float] = {}
        for syntax in SYNTAXES:
            taken[syntax] = self._submit(hub, self.signed[syntax], **slices)["per_s"]
            taken[f"loop-{syntax}"] = self.loop.ask(documents=str(self.signed[syntax]), **slices)["per_s"]
        taken["empty"] = self._empty(seconds)
        for syntax in SYNTAXES:
            taken[f"floor-{syntax}"] = 1 / (1 / taken["empty"] + 1 / taken[f"loop-{syntax}"])
            taken[f"ratio-{syntax}"] = taken[syntax] / taken[f"floor-{syntax}"]
        return taken

    def _empty(self, seconds: float) -> float:
        """Empty POSTs a second."""
        job = {"count": int(20_000 * seconds) + 1, "connections": self.size.connections, "seconds": seconds}
        return float(self.load.ask(port=self.app_port, path="/empty", headers={}, **job)["per_s"])

    def _submit(self, hub: HubProcess, signed: Path, **job: Any) -> dict[str, Any]:
        """Hand documents in, as fast as they are answered or at a `rate`."""
        job = {"start": 0, "count": None, "connections": self.size.connections} | job
        headers = headers_of(SENDER, RECIPIENT)
        return self.load.ask(port=hub.port, path="/v1/documents", headers=headers, documents=str(signed), **job)

    def _latency(self, hub: HubProcess, rate: float) -> dict[str, Any]:
        """At half load, XML: requests fall due at random, and wait counts from then."""
        seconds = self.size.latency_seconds
        start = self.size.documents * (self.size.rounds + 1)
        signed = self._written(Syntax.XML, start, int(rate * seconds * 1.5) + 10)
        taken = self._submit(hub, signed, seconds=seconds, rate=rate)
        return {"p50": taken["p50_ms"], "p99": taken["p99_ms"], "offered_per_s": rate}

    def postgresql(self) -> dict[str, Any]:
        """Intake on PostgreSQL (its own processes run wherever the system puts them), or why there is none."""
        try:
            with running_postgresql() as server:
                return self._intake_postgresql(new_database(server, "bench"))
        except (ImportError, OSError, RuntimeError) as error:
            return {"intake": None, "reason": f"{type(error).__name__}: {error}"[:300]}

    def _intake_postgresql(self, database_url: str) -> dict[str, Any]:
        rates: dict[str, list[float]] = {each.value: [] for each in SYNTAXES}
        with running_hub(self.folder / "postgresql", self.core, database_url) as hub:
            join(hub, {SENDER: {}, RECIPIENT: {}})
            for number in range(self.size.rounds + 1):
                slices = {"start": number * self.size.documents, "count": self.size.documents}
                seconds = self.size.seconds if number else min(0.5, self.size.seconds)  # the first warms up
                for syntax in SYNTAXES:
                    taken = self._submit(hub, self.signed[syntax], seconds=seconds, **slices)
                    rates[syntax] += [taken["per_s"]] if number else []
        return {"intake": {name: median(each) for name, each in rates.items()}, "reason": None}

    # --- transfers of title ---

    def transfers(self) -> dict[str, Any]:
        """Transfers by PINT a second, of two platforms on one core, beside the floor of both sides on that core."""
        folder, rounds = self.folder / "transfers", []
        folder.mkdir()
        files = documents_of(folder)
        with (
            two_platforms(folder / "platforms", self.core) as two,
            Child("tests.bench.transfers", core=self.other) as users,
            Child("tests.bench.transfer_floor", str(folder), core=self.core) as loop,
        ):
            for number in range(self.size.rounds + 1):
                found = self._transfers(two, users, loop, files)
                rounds += [found] if number else []  # the first warms up
        middle = {name: median(each[name] for each in rounds) for name in rounds[0]}
        ratios = [each["ratio"] for each in rounds]
        return {"transfers": middle | {"ratio_range": [min(ratios), max(ratios)], "requests": REQUESTS, "asked": ASKED}}

    def _transfers(self, two: Platforms, users: Child, loop: Child, files: Mapping[str, Path]) -> dict[str, float]:
        """One slice each of platforms and floor, in turn."""
        straits = two["STRA"]
        references = titles_for(two, self.size.transfers, files)
        store = str(straits.folder / "platform.sqlite")
        rate = users.ask(port=straits.port, store=store, references=references, documents=list(files))["per_s"]
        bare = loop.ask(seconds=self.size.seconds)["per_s"]
        empty = self._empty(self.size.seconds)
        asked = loop.ask(port=self.app_port, seconds=self.size.seconds)["per_s"]
        floor = 1 / ((REQUESTS - ASKED) / empty + ASKED / asked + 1 / bare)
        return {
            "per_s": rate,
            "bare_loop": bare,
            "empty_post": empty,
            "asked_post": asked,
            "floor": floor,
            "ratio": rate / floor,
        }

    # --- the rest ---

    def items(self) -> dict[str, Any]:
        """Microseconds for an item of a small and of a large certificate, by syntax and step."""
        with Child("tests.bench.items", core=self.core) as child:
            return {
                each.value: child.ask(syntax=each, items=self.size.items, rounds=self.size.rounds) for each in SYNTAXES
            }

    def evidence(self) -> dict[str, Any]:
        """Signatures beside other libraries, bundles, and proofs by the size of the log."""
        with Child("tests.bench.evidence", core=self.core) as child:
            return dict(child.ask(seconds=self.size.seconds / 6, rounds=self.size.rounds))

    def steps(self) -> dict[str, dict[str, float]]:
        """Microseconds for a document in each step, by syntax."""
        with Child("tests.bench.steps", str(self.folder), core=self.core) as child:
            found = {}
            for syntax in SYNTAXES:
                signed, count = str(self.signed[syntax]), min(512, self.size.documents)
                child.ask(documents=signed, start=0, count=count // 4)  # warms up
                found[syntax.value] = child.ask(documents=signed, start=count, count=count)
            return found

    def round_trips(self) -> dict[str, Any]:
        """Submit, deliver, decide, deliver back: four members, XML, the whole machine."""
        size, signed = self.size, []
        for index, sender in enumerate(ROUTES):
            made = documents.signed_documents(Syntax.XML, index * size.trips, size.trips, by=sender)
            signed.append(str(documents.write(self.folder / sender, made)))
        with Child("tests.bench.partners") as partners, running_hub(self.folder / "trips", None) as hub:
            port = partners.hear()["port"]
            pushed = {
                member: {"delivery": {"mode": "push", "url": f"http://127.0.0.1:{port}/{member}"}}
                for member in (*ROUTES, *ROUTES.values())
            }
            join(hub, pushed)
            warm_up = min(1.0, size.trip_seconds)
            taken = partners.ask(
                port=hub.port, documents=signed, warm_up=warm_up, seconds=size.trip_seconds, window=size.window
            )
        return {"roundtrips_per_s": taken["per_s"], "asw_minutes": ASW_ROUND_TRIPS / taken["per_s"] / 60}

    def memory(self) -> dict[str, float | None]:
        """Resident memory of the hub after few and after many documents, half XML, half JSON; megabytes."""
        if self.size.memory is None:
            return {"after_few": None, "after_many": None, "ratio": None}
        few, many = self.size.memory
        with running_hub(self.folder / "memory", self.core) as hub:
            join(hub, {SENDER: {}, RECIPIENT: {}})
            after_few = self._fill(hub, 0, few)
            after_many = self._fill(hub, few, many)
        return {"after_few": after_few, "after_many": after_many, "ratio": after_many / after_few}

    def _fill(self, hub: HubProcess, start: int, until: int) -> float:
        """Hand in documents `start` to `until`; gives the memory of the hub then."""
        sources = [documents.signed_documents(each, start, until - start) for each in SYNTAXES]
        mixed = chain.from_iterable(zip(*sources, strict=True))
        left = until - start
        while left:
            part = min(left, 2_500)
            signed = documents.write(self.folder / "memory.documents", islice(mixed, part))
            done = self._submit(hub, signed, seconds=600)["done"]
            if done != part:
                raise RuntimeError(f"{done} of {part} documents were accepted")
            left -= part
        assert hub.process is not None
        return resident_mb(hub.process.pid)


def idle() -> dict[str, Any]:
    """Resident memory of hub and world of `tb up`, when nothing happens; megabytes."""
    try:
        with launch(port=0) as launched:
            time.sleep(1)
            hub, world = resident_mb(launched.hub_pid), resident_mb(launched.world_pid)
            return {"idle_hub": hub, "idle_world": world, "ready_s": launched.ready_s, "reason": None}
    except LaunchFailed as error:
        return {"idle_hub": None, "idle_world": None, "ready_s": None, "reason": str(error)[-300:]}


PARTS = ("intake", "postgresql", "steps", "items", "evidence", "roundtrips", "transfers", "memory", "idle")


def measure(folder: Path, size: Size, parts: Sequence[str] = PARTS) -> Mapping[str, Any]:
    """All figures, by the names that `--json` gives them. Parts that are left out are absent."""
    result: dict[str, Any] = {}
    with Bench(folder, size) as bench:
        if "intake" in parts:
            result |= bench.intake_and_floor()
        if "steps" in parts:
            result["steps_us"] = bench.steps()
        if "evidence" in parts:
            result["evidence"] = bench.evidence()
        if "items" in parts:
            result["items_us"] = bench.items()
        if "roundtrips" in parts:
            result |= bench.round_trips()
        if "transfers" in parts:
            result |= bench.transfers()
        if "postgresql" in parts:
            result["postgresql"] = bench.postgresql()
        rss = (bench.memory() if "memory" in parts else {}) | (idle() if "idle" in parts else {})
        if rss:
            result["rss_mb"] = rss
    return result
