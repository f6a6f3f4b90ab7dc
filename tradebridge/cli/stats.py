"""`tb stats`: which rules fail most, by route, and how long decisions take."""

from typing import Any

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.names import member_id
from tradebridge.cli.terminal import bold, columns, dim, out, out_json
from tradebridge.cli.where import find, hub_options, json_option

_SHOWN = 20


@click.command("stats")
@click.option("--member", metavar="ID", help="Ask as this member: then of its own documents only.")
@click.option("--profile", metavar="PROFILE", help="Of this profile only, as atiga-form-d/2022.")
@click.option("--from", "sender", metavar="ID", help="Of this sender only.")
@click.option("--to", "recipient", metavar="ID", help="Of this recipient only.")
@hub_options
@json_option
def command(
    member: str | None,
    profile: str | None,
    sender: str | None,
    recipient: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Show which rules fail most, by route, and how long decisions take.

    A submission counts once for each code and recipient. A decision is a recipient's first acceptance or rejection; it
    took from the moment at which the document came in, by the hub's business clock.
    """
    where = find(url, api_key, space)
    with where.hub_as(member, "sender") as hub:
        told = hub.statistics(
            profile=profile,
            sender=member_id(sender, "sender") if sender else None,
            recipient=member_id(recipient, "recipient") if recipient else None,
        )
    if as_json:
        out_json(told)
        return Exit.OK
    _show("What is found most", ("times", "code", "", "route", "profile"), [_rule(each) for each in told["rules"]])
    heads = ("decided", "accepted", "rejected", "median", "p90", "route", "profile")
    _show("How long decisions take", heads, [_decision(each) for each in told["decisions"]])
    return Exit.OK


def _show(title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    out(bold(title))
    if not rows:
        out("  nothing yet")
        return
    for line in columns([tuple(dim(head) for head in heads), *rows[:_SHOWN]]):
        out(f"  {line}")
    if len(rows) > _SHOWN:
        out(dim(f"  {len(rows) - _SHOWN} more: --json"))


def _rule(line: dict[str, Any]) -> tuple[str, ...]:
    return (str(line["count"]), line["code"], line["severity"], _route(line), line["profile"] or "not recognised")


def _decision(line: dict[str, Any]) -> tuple[str, ...]:
    counts = (str(line[name]) for name in ("decided", "accepted", "rejected"))
    return (*counts, duration(line["medianSeconds"]), duration(line["p90Seconds"]), _route(line), line["profile"])


def _route(line: dict[str, Any]) -> str:
    return f"{line['sender']} > {line['recipient'] or 'nobody known'}"


def duration(seconds: float) -> str:
    """As people say it: `40 s`, `12 min`, `5.5 h`, `3.2 days`."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{round(seconds / size, 1):g} {unit}"
    return f"{round(seconds, 1):g} s"
