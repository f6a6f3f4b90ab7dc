"""`tb delivery`: what waits to be delivered, what is tried again, what is dead; and sending it again."""

from typing import Any

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import columns, dim, mark, out, out_json
from tradebridge.cli.where import find, hub_options, json_option

STATES = ("due", "sending", "retrying", "delivered", "dead")
_MARKS = {"delivered": "ok", "dead": "fail", "retrying": "warn", "due": "skip", "sending": "skip"}


@click.group("delivery", cls=Suggesting)
def command() -> None:
    """See how deliveries stand, and send again what was not delivered."""


@command.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="So many, the newest first.")
@click.option("--member", metavar="ID", help="As this member, which sees its own; else as the operator.")
@hub_options
@json_option
def list_deliveries(
    state: str | None,
    limit: int,
    member: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """List deliveries: id, recipient, state, attempts, and what the last one failed of."""
    with find(url, api_key, space).hub_as(member, "recipient") as hub:
        page = hub.deliveries(state=state, limit=limit)
    if as_json:
        out_json({"items": list(page.items), "next": page.next})
        return Exit.OK
    for line in columns([_row(each) for each in page.items] or [(dim("nothing"),)]):
        out(line)
    return Exit.OK


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    tried = f"{each['attempts']} tried" if each["attempts"] else ""
    return (mark(_MARKS[each["state"]]), each["id"], each["recipient"], each["state"], tried, each["lastError"] or "")


@command.command("resend")
@click.argument("delivery", metavar="ID")
@hub_options
@json_option
def resend(delivery: str, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Send the delivery ID again: one that is dead, or at once one that waits for its next attempt (operator).

    \b
    tb delivery resend dlv_01ke6p4ym0ke5sct7ms0jytp47
    """
    with find(url, api_key, space).hub_as(None, "recipient") as hub:
        hub.resend(delivery)
    if as_json:
        out_json({"delivery": delivery})
    else:
        out(f"{mark('ok')} {delivery} is sent again; `tb tail` shows what comes of it")
    return Exit.OK
