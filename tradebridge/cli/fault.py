"""`tb fault`: what goes wrong on purpose in a running simulation."""

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.plane import Plane, plane_options
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import bold, columns, dim, mark, out, out_json
from tradebridge.cli.where import json_option


@click.group("fault", cls=Suggesting)
def command() -> None:
    """Turn faults on and off in the running simulation. Each has bounds, and labels what it strikes."""


@command.command("recipes")
@json_option
def recipes(as_json: bool) -> Exit:
    """List what can go wrong, and what you should see. Needs no world."""
    from simulator.faults import RECIPES

    items = [each.to_json() for each in RECIPES.values()]
    if as_json:
        out_json({"items": items, "next": None})
        return Exit.OK
    for each in items:
        out(f"{bold(each['name'])}   {dim(each['layer'] + ', ' + each['strikes'])}")
        out(f"    {each['does']}")
        out(f"    you should see: {each['see']}")
        for name, option in each["options"].items():
            out(f"    {name}={option['default']:g}   {option['says']} ({option['least']:g} to {option['most']:g})")
    return Exit.OK


@command.command("add")
@click.argument("fault", metavar="FAULT")
@click.option("--on", default="*", metavar="MEMBER", help="A member, or a country for its window; else everybody.")
@click.option("--times", type=click.IntRange(min=1), default=1, show_default=True, help="So often, then it is off.")
@click.option("--for", "seconds", type=float, default=600.0, show_default=True, help="Seconds until it is off.")
@click.option("--probability", type=float, default=1.0, show_default=True, help="From the seed.")
@click.option("--set", "given", multiple=True, metavar="NAME=NUMBER", help="An option of the fault.")
@plane_options
def add(
    fault: str,
    on: str,
    times: int,
    seconds: float,
    probability: float,
    given: tuple[str, ...],
    world: str | None,
    space: str,
    as_json: bool,
) -> Exit:
    """Turn FAULT on: `tb fault recipes` lists them.

    \b
    tb fault add lost-acknowledgement --on TH
    tb fault add latency --on JP --times 5 --set delay=2
    """
    made = Plane(world, space).post(
        "/faults", fault=fault, on=on, times=times, seconds=seconds, probability=probability, options=_options(given)
    )
    if as_json:
        out_json(made)
        return Exit.OK
    out(f"{mark('ok')} {bold(made['id'])} {made['fault']} on {made['on']}, {made['times']} times at most")
    out(f"       you should see: {made['see']}")
    return Exit.OK


@command.command("list")
@plane_options
def list_faults(world: str | None, space: str, as_json: bool) -> Exit:
    """List those that are on, or were, with what each has struck."""
    found = Plane(world, space).get("/faults")
    if as_json:
        out_json(found)
        return Exit.OK
    for line in columns(
        [(each["id"], each["fault"], each["on"], _state(each)) for each in found["items"]] or [(dim("no fault is on"),)]
    ):
        out(line)
    return Exit.OK


def _state(fault: dict[str, object]) -> str:
    state = f"on, {fault['secondsLeft']} s left" if fault["active"] else "off"
    return f"{state}; struck {fault['struck']} of {fault['times']}"


@command.command("clear")
@click.argument("fault_id", metavar="[ID]", required=False)
@plane_options
def clear(fault_id: str | None, world: str | None, space: str, as_json: bool) -> Exit:
    """Turn the fault ID off, or all."""
    Plane(world, space).delete(f"/faults/{fault_id}" if fault_id else "/faults")
    if as_json:
        out_json({"cleared": fault_id or "all"})
    else:
        out(f"{mark('ok')} off: {fault_id or 'all faults'}")
    return Exit.OK


def _options(given: tuple[str, ...]) -> dict[str, float]:
    options = {}
    for each in given:
        name, equals, value = each.partition("=")
        try:
            options[name] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise click.UsageError(f"--set takes NAME=NUMBER, not {each!r}")
    return options


def page(made: str) -> str:
    """docs/reference/faults.md"""
    from simulator.faults import MOST_SECONDS, MOST_TIMES, RECIPES

    parts = [
        "# Faults: what can go wrong on purpose",
        "",
        f"{made} `tb fault recipes` prints the same.",
        "",
        "A fault is turned on in a running simulation, for one member or for all, by `tb fault add NAME`. It is off"
        f" when it has struck `--times` (1, at most {MOST_TIMES}), when its time is over (`--for`, 600 seconds, at most"
        f" {MOST_SECONDS:.0f}), by `tb fault clear`, by a reset, and in a world that starts. Each message that it has"
        " struck is labelled with its id: in the member's journal (`tb journal show --kind fault`), in `tb fault list"
        " --json`, and, where an answer came, in the error of the delivery and so in the hub's feed.",
        "",
        "What stands under 'you should see' is checked by a test for each (`tests/simulator/test_recipes.py`), and that"
        " nothing is lost: counted from the members' own journals against the log's proofs.",
    ]
    for layer, what in (("transport", "At the socket"), ("business", "In what a member does")):
        parts += [
            "",
            f"## {what}",
            "",
            "| fault | what happens | you should see | options |",
            "| --- | --- | --- | --- |",
        ]
        parts += [
            f"| `{each.name}` | {each.does}{f' Modelled on: {each.source}.' if each.source else ''} | {each.see} |"
            f" {_shown(each.to_json()['options'])} |"
            for each in RECIPES.values()
            if each.layer.value == layer
        ]
    parts += [
        "",
        "Not here: TLS that is refused (a simulated world speaks HTTP on this machine only), and stale status lists"
        " (there are none: a withdrawn key is in the trust list, which is asked for anew).",
    ]
    return "\n".join(parts) + "\n"


def _shown(options: dict[str, dict[str, object]]) -> str:
    return "; ".join(f"`{name}` {each['default']:g}: {each['says']}" for name, each in options.items())
