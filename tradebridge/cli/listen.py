"""`tb listen`: what happens, forwarded to an address on this machine as a webhook would be told.

1. The hub is asked, by its feed: nothing has to reach this machine, so that no tunnel is needed.
2. A connection that breaks goes on where it broke; the last line says how another run goes on.
3. Each event is forwarded once, signed, in order. What the address does not take is told and not tried again: `--since`
   forwards it anew, under the same `webhook-id`.
"""

import asyncio
import secrets
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.tail import clock_of
from tradebridge.cli.tail import events as events_of
from tradebridge.cli.terminal import bold, dim, mark, out, out_json, say
from tradebridge.cli.webhook import events_option
from tradebridge.cli.where import find, hub_options

if TYPE_CHECKING:
    from exchange.reach import Called
    from tradebridge.calls import FeedEvent


@click.command("listen")
@click.option("--forward-to", "address", metavar="ADDRESS", required=True, help="http://127.0.0.1:3000/hook")
@events_option
@click.option("--member", metavar="ID", help="Listen as this member instead of as the operator.")
@click.option("--since", metavar="EVENT", help="Start after this event id instead of now; -1 is the beginning.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many.")
@click.option(
    "--secret", envvar="TRADEBRIDGE_WEBHOOK_SECRET", metavar="WHSEC", help="Sign with this one; else with a new one."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.01, max=60),
    default=10.0,
    show_default=True,
    help="Seconds for the address to answer.",
)
@hub_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    address: str,
    events: list[str],
    member: str | None,
    since: str | None,
    count: int | None,
    secret: str | None,
    timeout: float,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Forward what happens to ADDRESS as signed webhooks, until interrupted. Needs no tunnel.

    \b
    tb listen --forward-to http://127.0.0.1:3000/hook
    tb trigger document.accepted          in another terminal
    """
    from exchange.reach import Reach
    from tradebridge.webhooks import wants

    wanted = _known(events)
    signing = _secret(secret)
    where = find(url, api_key, space)
    reach = Reach(private=True)
    if lacking := reach.problem_of(address):
        raise click.UsageError(f"--forward-to takes {lacking}")
    last, seen, failed = since, 0, 0

    def opened() -> None:
        say(f"{mark('ok')} listening to {where.url}, forwarding to {address}; Ctrl-C ends")
        say(f"       it is signed with {signing}")

    with asyncio.Runner() as runner, where.hub_as(member, "recipient") as hub:
        try:
            for event in events_of(hub, since, opened):
                last = event.id
                if not wants(wanted, event.type):
                    continue
                called = runner.run(_forward(reach, address, event, signing, where.space or "", timeout))
                _tell(event, called, as_json)
                seen, failed = seen + 1, failed + (not called.done)
                if seen == count:
                    break
        finally:
            runner.run(reach.close())
            if last is not None:
                say(dim(f"{seen} forwarded, {failed} not taken; to go on from here: --since {last}"))
    return Exit.CHECKS_FAILED if failed else Exit.OK


def _known(kinds: Any) -> tuple[str, ...]:
    from tradebridge.webhooks import EVENTS, FAMILIES

    chosen = tuple(kinds)
    for each in chosen:
        if each not in (*EVENTS, *FAMILIES):
            raise click.UsageError(f"there is no event {each!r}; there are {', '.join((*EVENTS, *FAMILIES))}")
    return chosen


def _secret(given: str | None) -> str:
    """The secret to sign with. Raises a usage error for what is none."""
    if given is None:
        return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
    try:
        key = b64decode(given.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not given.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise click.UsageError("--secret takes whsec_ and 24 to 64 bytes in base64")
    return given


async def _forward(reach: Any, address: str, event: "FeedEvent", secret: str, space: str, timeout: float) -> "Called":
    from tradebridge.webhooks import body_of, headers_of, id_of

    body = body_of(event.type, event.data)
    name = id_of(event.id, str(event.data.get("at", "")), space)
    headers = headers_of(name, body, [secret], datetime.now(UTC)) | {"Tradebridge-Space": space}
    called: Called = await reach.post(address, body, headers, timeout)
    return called


def _tell(event: "FeedEvent", called: "Called", as_json: bool) -> None:
    about = event.data.get("number") or event.data.get("document") or event.data.get("member") or ""
    if as_json:
        told = {"delivered": called.done, "status": called.status, "error": called.error or None}
        out_json({"id": event.id, "type": event.type, "about": about, **told, "seconds": round(called.seconds, 3)})
        return
    came = f"{called.status} after {called.seconds * 1000:.0f} ms" if called.done else called.error
    at = dim(clock_of(str(event.data.get("at", ""))))
    out("  ".join((mark("ok" if called.done else "fail"), at, event.type.ljust(18), bold(str(about)), f"-> {came}")))
