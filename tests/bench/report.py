"""What was measured, for people: aligned lines, each figure with its unit, and the bars of the project beside them."""

import os
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("cryptography", "fastapi", "httptools", "lxml", "orjson", "pydantic", "sqlalchemy", "uvicorn", "uvloop")
BAR_FLOOR, BAR_MEMORY, BAR_IDLE, BAR_ITEMS, BAR_RULES, BAR_VERIFY, BAR_TRANSFERS = 0.7, 1.2, 150.0, 1.3, 0.2, 4.0, 0.5
GOAL_MINUTES = 15


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": usable,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def bars(figures: Mapping[str, Any]) -> dict[str, bool | None]:
    """Which bars are met; None for what was not measured in this run."""
    ratios, rss = figures.get("intake_to_floor", {}), figures.get("rss_mb", {})
    hub, world = rss.get("idle_hub"), rss.get("idle_world")
    lowest = min(ratios.values()) if ratios else None
    idle = max(hub, world) if hub is not None and world is not None else None
    transfers = figures.get("transfers", {}).get("ratio")
    shares = [steps["rules"] / sum(steps.values()) for steps in figures.get("steps_us", {}).values()]
    costs = [each["ratio"] for steps in figures.get("items_us", {}).values() for each in steps.values()]
    verify = figures.get("evidence", {}).get("ratio", {}).get("verify_xades")
    return {
        f"intake_to_floor >= {BAR_FLOOR}": None if lowest is None else lowest >= BAR_FLOOR,
        f"rss_ratio <= {BAR_MEMORY}": None if rss.get("ratio") is None else rss["ratio"] <= BAR_MEMORY,
        f"idle_rss_mb < {BAR_IDLE:g}": None if idle is None else idle < BAR_IDLE,
        f"items_ratio <= {BAR_ITEMS}": None if not costs else max(costs) <= BAR_ITEMS,
        f"transfers_to_floor >= {BAR_TRANSFERS}": None if transfers is None else transfers >= BAR_TRANSFERS,
        f"rules_share < {BAR_RULES}": None if not shares else max(shares) < BAR_RULES,
        f"verify_to_signxml >= {BAR_VERIFY:g}": None if verify is None else verify >= BAR_VERIFY,
    }


def table(figures: Mapping[str, Any]) -> str:
    """The whole report."""
    rates = (_intake, _steps, _items, _evidence, _postgresql, _latency, _round_trips, _transfers)
    parts = (_machine, *rates, _memory, _bars)
    blocks = ("\n".join(part(figures)) for part in parts)
    return "\n\n".join(block for block in blocks if block)


def _line(what: str, *values: object, note: str = "") -> str:
    return f"  {what:<34}" + "".join(f"{_shown(value):>10}" for value in values) + (f"   {note}" if note else "")


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)


def _machine(figures: Mapping[str, Any]) -> Iterator[str]:
    found = figures["machine"]
    yield f"Tradebridge on {found['processor']}, {found['cores']} cores, {found['system']}, Python {found['python']}"
    yield "  " + ", ".join(f"{name} {number}" for name, number in found["packages"].items())


def _intake(figures: Mapping[str, Any]) -> Iterator[str]:
    if "intake" not in figures:
        return
    floor, ranges = figures["floor"], figures["intake_to_floor_range"]
    yield _line("documents a second, one core", "XML", "JSON", note="SQLite; median of the rounds")
    yield _line("intake, through HTTP, durable", *_both(figures["intake"]))
    yield _line("floor: bare loop", *_both(floor["bare_loop"]))
    yield _line("floor: empty POST", floor["empty_post"], floor["empty_post"])
    yield _line("floor: both together", *_both(floor["both"]))
    spread = ", ".join(f"{low:.2f} to {high:.2f}" for low, high in _both(ranges))
    yield _line("intake to floor", *_both(figures["intake_to_floor"]), note=f"rounds: {spread}")


def _both(values: Mapping[str, Any]) -> tuple[Any, Any]:
    return values["xml"], values["json"]


def _steps(figures: Mapping[str, Any]) -> Iterator[str]:
    if "steps_us" not in figures:
        return
    xml, json = _both(figures["steps_us"])
    yield _line("microseconds a document", "XML", "JSON", note="in one process, without HTTP")
    for step in xml:
        yield _line(step, xml[step], json[step])
    yield _line("all of them", float(sum(xml.values())), float(sum(json.values())))


def _items(figures: Mapping[str, Any]) -> Iterator[str]:
    if "items_us" not in figures:
        return
    yield _line("microseconds an item", "small", "large", "ratio", note="50 items, and 5,000; in one process")
    for syntax, steps in figures["items_us"].items():
        for step, found in steps.items():
            yield _line(f"{syntax}: {step}", found["small"], found["large"], found["ratio"])


def _evidence(figures: Mapping[str, Any]) -> Iterator[str]:
    if "evidence" not in figures:
        return
    found = figures["evidence"]
    rates, ratios = found["per_s"], found["ratio"]
    yield _line("a second, 5 items, one core", "ours", "theirs", "ratio", note="XAdES: signxml; JWS: joserfc")
    for kind, by in (("xades", "signxml"), ("jws", "joserfc")):
        for what in ("verify", "sign"):
            name = f"{what}_{kind}"
            yield _line(f"{what} {kind.upper()}", rates[name], rates[f"{name}_{by}"], ratios[name])
    yield _line("bundles made", rates["make_bundle"])
    yield _line("bundles verified", rates["verify_bundle"])
    sizes = [f"{int(size):,}" for size in found["log_us"]]
    yield _line("microseconds, log of so many leaves", *sizes)
    for what, text in _LOG.items():
        yield _line(text, *(each[what] for each in found["log_us"].values()))


_LOG = {
    "proof": "a proof of inclusion",
    "append": "a leaf appended alone",
    "append_256": "a leaf of 256 at once",
}


def _postgresql(figures: Mapping[str, Any]) -> Iterator[str]:
    if "postgresql" not in figures:
        return
    found = figures["postgresql"]
    if found["intake"] is None:
        yield _line("intake on PostgreSQL", None, None, note=f"could not run: {found['reason']}")
    else:
        yield _line("intake on PostgreSQL, a second", *_both(found["intake"]), note="the hub on one core")


def _latency(figures: Mapping[str, Any]) -> Iterator[str]:
    if "latency_ms" in figures:
        found = figures["latency_ms"]
        yield _line("milliseconds at half load, XML", "p50", "p99")
        yield _line("to the receipt", found["p50"], found["p99"], note=f"{found['offered_per_s']:.0f} a second offered")


def _round_trips(figures: Mapping[str, Any]) -> Iterator[str]:
    if "roundtrips_per_s" in figures:
        yield _line("round trips a second", figures["roundtrips_per_s"], note="4 members, XML, the whole machine")
        goal = f"the goal is {GOAL_MINUTES} on 2 cores"
        yield _line("minutes a year of the ASW", figures["asw_minutes"], note=f"800,000 round trips; {goal}")


def _transfers(figures: Mapping[str, Any]) -> Iterator[str]:
    if "transfers" not in figures:
        return
    found = figures["transfers"]
    yield _line("transfers of title a second", "PINT", note="two documents of 100 kB; both platforms on one core")
    yield _line("to the signed receipt, durable", found["per_s"])
    yield _line("floor: bare loop, both sides", found["bare_loop"])
    from_user = found["requests"] - found["asked"]
    yield _line("floor: empty POST", found["empty_post"], note=f"{from_user} request of the user a transfer")
    yield _line("floor: empty POST, with httpx", found["asked_post"], note=f"{found['asked']} requests of the sender")
    yield _line("floor: both together", found["floor"])
    low, high = found["ratio_range"]
    yield _line("transfers to floor", found["ratio"], note=f"rounds: {low:.2f} to {high:.2f}")


def _memory(figures: Mapping[str, Any]) -> Iterator[str]:
    found = figures.get("rss_mb")
    if not found:
        return
    yield _line("resident memory, MB", note="not measured with --quick: -" if found.get("ratio") is None else "")
    for name, what in (
        ("after_few", "hub after 5,000 documents"),
        ("after_many", "hub after 50,000 documents"),
        ("ratio", "their ratio"),
        ("idle_hub", "hub of `tb up`, idle"),
        ("idle_world", "world of `tb up`, idle"),
    ):
        yield _line(what, found.get(name))
    if found.get("reason"):
        yield f"  hub and world did not start: {found['reason']}"


def _bars(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "  bars"
    for bar, met in figures["bars"].items():
        yield _line(bar, {True: "met", False: "MISSED", None: "-"}[met])
