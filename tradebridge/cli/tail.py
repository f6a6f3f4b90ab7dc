"""`tb tail`: the hub's feed, a line for each thing that happens."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.terminal import bold, dim, mark, out, out_json, say
from tradebridge.cli.where import find, hub_options

if TYPE_CHECKING:
    from tradebridge.calls import FeedEvent
    from tradebridge.client import Hub

_MARKS = {"document.refused": "fail", "delivery.dead": "fail", "delivery.refused": "fail", "delivery.retrying": "warn"}


@click.command("tail")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME=PATTERN",
    help="type=document.*, sender=SG-*, ...: all must match.",
)
@click.option("--since", metavar="EVENT", help="Start after this event id instead of now; -1 is the beginning.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many.")
@click.option("--member", metavar="ID", help="Watch as this member instead of as the operator.")
@hub_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    filters: tuple[str, ...],
    since: str | None,
    count: int | None,
    member: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Watch documents, deliveries and events until interrupted. A broken connection goes on where it broke."""
    wanted = _filter(filters)
    where = find(url, api_key, space)
    with where.hub_as(member, "recipient") as hub:
        if not as_json:
            say(dim(f"watching {where.url}, Ctrl-C ends"))
        seen = 0
        for event in events(hub, since):
            if not wanted(event):
                continue
            if as_json:
                out_json({"id": event.id, "type": event.type, **event.data})
            else:
                out(_line(event))
            seen += 1
            if seen == count:
                break
    return Exit.OK


def events(hub: "Hub", since: str | None, on_open: Callable[[], None] = lambda: None) -> Iterator["FeedEvent"]:
    """The feed without gaps. The first connection must succeed, and `on_open` is called then; later ones are tried
    again."""
    from tradebridge.calls import Unreachable

    last, connected = since, False

    def opened() -> None:
        nonlocal connected
        if not connected:
            on_open()
        connected = True

    while True:
        try:
            for event in hub.feed(last, opened):
                last = event.id
                yield event
        except Unreachable:
            if not connected:
                raise
            say(f"{mark('warn')} the connection broke; trying again")
        time.sleep(1)


def _filter(terms: tuple[str, ...]) -> Callable[["FeedEvent"], bool]:
    pairs = [term.partition("=") for text in terms for term in text.split(",")]
    if any(not equals or not name for name, equals, _ in pairs):
        raise click.UsageError("a filter is NAME=PATTERN, such as type=document.* or sender=SG-NSW")

    def wanted(event: "FeedEvent") -> bool:
        facts = {"type": event.type, **event.data}
        return all(any(fnmatchcase(value, pattern) for value in _texts(facts.get(name))) for name, _, pattern in pairs)

    return wanted


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(each) for each in value]
    return [] if value is None else [str(value)]


def _line(event: "FeedEvent") -> str:
    data = event.data
    to = data.get("recipient") or ", ".join(data.get("recipients") or ())
    route = " -> ".join(part for part in (data.get("sender") or data.get("member") or "", to) if part)
    about = data.get("number") or data.get("document") or ""
    parts = [
        mark(_MARKS.get(event.type, "ok")),
        dim(clock_of(data.get("at", ""))),
        event.type.ljust(18),
        bold(about),
        route,
    ]
    parts.append(str(data.get("text") or data.get("code") or data.get("error") or ""))
    return "  ".join(part for part in parts if part)


def clock_of(at: str) -> str:
    """Hours, minutes and seconds, as the hub's business clock has them (UTC)."""
    try:
        return datetime.fromisoformat(at).strftime("%H:%M:%S")
    except ValueError:
        return at
