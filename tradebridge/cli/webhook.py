"""`tb webhook`: have a member told what happens, by signed calls to its own address (docs/webhooks.md)."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import bold, columns, dim, mark, out, out_json, say
from tradebridge.cli.where import find, hub_options, json_option

if TYPE_CHECKING:
    from tradebridge.client import Hub

F = TypeVar("F", bound=Callable[..., Any])

STATES = ("due", "sending", "retrying", "delivered", "dead")
_MARKS = {"delivered": "ok", "dead": "fail", "retrying": "warn", "due": "skip", "sending": "skip"}


def speaking(function: Callable[..., Exit]) -> Callable[..., Exit]:
    """What every command here takes: whose webhook it is, at which hub, and how to answer. The function gets a `hub`
    that speaks as its owner, and `as_json`."""

    @wraps(function)
    def opened(*, member: str | None, url: str | None, api_key: str | None, space: str | None, **given: Any) -> Exit:
        with find(url, api_key, space).hub_as(member, "recipient") as hub:
            return function(hub, **given)

    owner = click.option("--member", metavar="ID", help="Whose it is: SG-NSW, or sg; else the operator's.")
    return owner(hub_options(json_option(opened)))


def events_option(function: F) -> F:
    """The option --event: kinds of events, several or comma separated, as `events`."""
    return click.option(
        "--event",
        "events",
        multiple=True,
        metavar="KIND",
        help="document.accepted, delivery.*, ...; else all.",
        callback=lambda context, option, given: [part for each in given for part in each.split(",") if part],
    )(function)


@click.group("webhook", cls=Suggesting)
def command() -> None:
    """Be told what happens, by signed calls (Standard Webhooks)."""


@command.command("add")
@click.argument("address", metavar="ADDRESS")
@events_option
@speaking
def add(hub: "Hub", address: str, events: list[str], as_json: bool) -> Exit:
    """Have what happens told at ADDRESS, an http or https URL. The secret that signs is shown this once.

    \b
    tb webhook add http://127.0.0.1:3000/hook --member sg --event 'delivery.*'
    """
    told = hub.add_webhook(address, events)
    if as_json:
        out_json(told)
        return Exit.OK
    webhook = told["webhook"]
    say(f"{mark('ok')} {webhook['id']} tells {webhook['member']}: {', '.join(webhook['events']) or 'all that happens'}")
    say("       its secret, shown this once:")
    out(told["secret"])
    return Exit.OK


@command.command("list")
@speaking
def listed(hub: "Hub", as_json: bool) -> Exit:
    """List the webhooks of a member; of all, without --member."""
    items = hub.webhooks()
    if as_json:
        out_json({"items": list(items)})
        return Exit.OK
    if not items:
        out(dim("there is no webhook"))
        return Exit.OK
    rows = [(bold("ID"), bold("MEMBER"), bold("ADDRESS"), bold("EVENTS"), bold("STATUS"))]
    rows += [
        (each["id"], each["member"], each["url"], ",".join(each["events"]) or "all", _status(each)) for each in items
    ]
    for line in columns(rows):
        out(line)
    return Exit.OK


def _status(webhook: dict[str, Any]) -> str:
    if webhook["status"] == "disabled":
        return f"disabled: {webhook['reason']}"
    return f"failing since {webhook['failingSince']}" if webhook["failingSince"] else "active"


@command.command("remove")
@click.argument("webhook", metavar="ID")
@speaking
def remove(hub: "Hub", webhook: str, as_json: bool) -> Exit:
    """Remove the webhook ID, with what it was not told yet."""
    hub.remove_webhook(webhook)
    if as_json:
        out_json({"removed": webhook})
    else:
        out(f"{mark('ok')} {webhook} is told no more")
    return Exit.OK


@command.command("rotate")
@click.argument("webhook", metavar="ID")
@click.option("--overlap", type=click.IntRange(min=0), help="Seconds the former secret signs too; else a day.")
@speaking
def rotate(hub: "Hub", webhook: str, overlap: int | None, as_json: bool) -> Exit:
    """Give the webhook ID a new secret, shown this once. Both sign until the overlap is over."""
    told = hub.rotate_webhook(webhook, overlap=overlap)
    if as_json:
        out_json(told)
        return Exit.OK
    say(f"{mark('ok')} the former secret signs too for {told['overlap']:g} s. The new one, shown this once:")
    out(told["secret"])
    return Exit.OK


@command.command("test")
@click.argument("webhook", metavar="ID")
@speaking
def test(hub: "Hub", webhook: str, as_json: bool) -> Exit:
    """Call the webhook ID now with a `webhook.test`, and say what came."""
    told = hub.test_webhook(webhook)
    if as_json:
        out_json(told)
    else:
        came = f"HTTP {told['status']}" if told["delivered"] else told["error"]
        out(f"{mark('ok' if told['delivered'] else 'fail')} {came}, after {told['seconds'] * 1000:.0f} ms")
    return Exit.OK if told["delivered"] else Exit.CHECKS_FAILED


@command.command("enable")
@click.argument("webhook", metavar="ID")
@speaking
def enable(hub: "Hub", webhook: str, as_json: bool) -> Exit:
    """Call the webhook ID again, which was disabled, from where it stopped."""
    told = hub.enable_webhook(webhook)
    if as_json:
        out_json(told)
    else:
        out(f"{mark('ok')} {webhook} is {told['status']}")
    return Exit.OK


@command.command("deliveries")
@click.argument("webhook", metavar="ID")
@click.option("--state", type=click.Choice(STATES), help="Only those.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="So many, the newest first.")
@speaking
def deliveries(hub: "Hub", webhook: str, state: str | None, limit: int, as_json: bool) -> Exit:
    """List what the webhook ID was told, or is to be told."""
    page = hub.webhook_deliveries(webhook, state=state, limit=limit)
    if as_json:
        out_json({"items": list(page.items), "next": page.next})
        return Exit.OK
    for line in columns([_row(each) for each in page.items] or [(dim("nothing"),)]):
        out(line)
    return Exit.OK


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    due = f"next at {each['dueAt']}" if each["state"] == "retrying" else ""
    said = each["error"] or ("" if each["status"] is None else f"HTTP {each['status']}")
    tried = f"{each['attempts']} tried" if each["attempts"] else ""
    return (mark(_MARKS[each["state"]]), str(each["position"]), each["type"], each["state"], tried, said, due)


@command.command("resend")
@click.argument("webhook", metavar="ID")
@click.argument("position", type=click.IntRange(min=0), required=False)
@click.option("--state", type=click.Choice(STATES), help="All in this state: dead.")
@speaking
def resend(hub: "Hub", webhook: str, position: int | None, state: str | None, as_json: bool) -> Exit:
    """Tell the webhook ID again what stands at POSITION of its deliveries, or all in a state.

    \b
    tb webhook resend ID 1042
    tb webhook resend ID --state dead
    """
    if (position is None) == (state is None):
        raise click.UsageError("name a POSITION, or --state for all in it")
    told = hub.resend_webhook(webhook, position=position, state=state)
    if as_json:
        out_json(told)
    else:
        out(f"{mark('ok')} {told['again']} to be told again; `tb webhook deliveries {webhook}` shows what comes")
    return Exit.OK
