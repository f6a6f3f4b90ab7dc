"""`tb traffic`: so many documents a second into the hub of a simulation, for so long, and what came of them."""

import asyncio
import re
import secrets
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.terminal import columns, dim, mark, out, out_json, say
from tradebridge.cli.where import Where, find, hub_options, json_option

if TYPE_CHECKING:
    from simulator.driving import Load, Outcome

SHOWN = 5
"""Unexpected outcomes that a person is shown."""
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m|)")


@click.command("traffic")
@click.option("--rate", type=click.FloatRange(0.1, 500), default=10.0, show_default=True, help="Documents a second.")
@click.option("--for", "duration", metavar="TIME", default="10s", show_default=True, help="30s, or 2m.")
@click.option("--seed", metavar="TEXT", help="The same seed on the same day: the same documents. Else a new one.")
@hub_options
@json_option
def command(
    rate: float,
    duration: str,
    seed: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Send certificates as they might go between the countries of the simulation: routes, goods of the season, sizes
    with a long tail, and some that are wrong; at most 10,000. Exit code 1 if one was answered as it should not.

    \b
    tb traffic --rate 50 --for 60s --seed monday
    """
    from simulator.driving import MOST, Outcome, make
    from simulator.traffic import Traffic

    count = max(1, round(rate * _seconds(duration)))
    if count > MOST:
        raise click.UsageError(f"that is {count} documents; a run has at most {MOST}: lower --rate or --for")
    if seed is not None and not re.fullmatch(r"[\x21-\x7e]{1,100}", seed):
        raise click.UsageError("--seed takes 1 to 100 visible characters")
    where = find(url, api_key, space)
    if where.seed is None:
        raise Failed(Exit.USAGE, "there are no test keys for this hub", "Traffic is for a simulation: tb up.")
    with where.public() as hub:
        hub.livez()  # before hundreds of documents find out that there is none
    chosen = seed or secrets.token_hex(4)
    at = where.now().replace(hour=0, minute=0, second=0, microsecond=0)
    load = make(Traffic(where.seed, chosen, at), count)
    if not as_json:
        say(dim(f"{count} documents made (--seed {chosen}); sending {rate:g} a second to {where.url}"))
    outcome = Outcome()
    try:
        asyncio.run(_drive(where, load, rate, outcome))
    finally:
        summary = {"seed": chosen, "at": at.isoformat(), **outcome.to_json(load, rate)}
        if as_json:
            out_json(summary)
        else:
            _show(summary)
    return Exit.CHECKS_FAILED if outcome.unexpected else Exit.OK


def _seconds(text: str) -> float:
    found = _DURATION.fullmatch(text)
    if found is None or float(found[1]) <= 0:
        raise click.UsageError(f"--for takes a time such as 30s or 2m, not {text!r}")
    return float(found[1]) * (60 if found[2] == "m" else 1)


async def _drive(where: Where, load: "Load", rate: float, outcome: "Outcome") -> None:
    from contextlib import AsyncExitStack

    from simulator.driving import drive
    from tradebridge.client import AsyncHub

    async with AsyncExitStack() as stack:
        hubs = {
            sender: await stack.enter_async_context(AsyncHub(where.url, where.key_of(sender), where.space))
            for sender in sorted({each.sender for each in load.parcels})
        }
        await drive(load, rate, hubs, outcome)


def _show(told: dict[str, Any]) -> None:
    latency, cost, rate = told["latency"], told["cost"], told["rate"]
    out(f"{mark('ok')} {told['sent']} sent in {told['seconds']:g} s, {rate['reached']:g} a second; {told['late']} late")
    out(f"{mark('ok')} {told['accepted']} accepted, {sum(told['refused'].values())} refused")
    for line in columns([("      ", str(count), code) for code, count in told["refused"].items()]):
        out(line)
    for what, count in told["failed"].items():
        out(f"{mark('fail')} {count} without an answer: {what}")
    for each in told["examples"][:SHOWN]:
        wrong = f"wrong on purpose ({each['mistake']})" if each["mistake"] else "a good document"
        out(f"{mark('fail')} {each['number']}, {wrong}: {each['said']}")
    if told["unexpected"] > SHOWN:
        out(f"{mark('fail')} and {told['unexpected'] - SHOWN} more: --json names some")
    if latency["p50"] is not None:
        half, most, longest = (f"{latency[each]:g} ms" for each in ("p50", "p95", "p100"))
        out(f"       answered after {half} (p50), {most} (p95), {longest} at most")
    size = f"{cost['bytes']} bytes, {told['items']['mean']:g} items"
    out(f"       a document has {size} on average; making it costs {cost['cpu']:g} ms of processor")
