"""`tb trigger EVENT`: something real happens in the world that runs, so that whoever listens is told of it.

Nothing is faked: a document is made, signed with a test key and sent, a partner takes it and its officer decides, or a
fault makes the partner fail once. So the event comes with all that belongs to it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.names import country_of, member_id
from tradebridge.cli.plane import Plane
from tradebridge.cli.terminal import mark, out, out_json
from tradebridge.cli.where import OPERATOR, Where, find, hub_options, json_option

if TYPE_CHECKING:
    from tradebridge.calls import Accepted

LOOK_SECONDS = 0.05

OTHERWISE: Mapping[str, str] = {
    "document.drawn": "a back-to-back certificate draws on its original: tb scenario run asean-japan",
    "delivery.dead": "a delivery dies after its last attempt: tb fault add unavailable --on TH --times 20, then send",
    "delivery.refused": "a window's own system refuses: send a document to SG with a number that ends in -S01",
    "title.changed": "a bill of lading is issued: tb bl issue",
    "control.changed": "control of a bill of lading goes to another platform: tb bl transfer",
    "webhook.disabled": "a webhook is disabled when its receiver answers 410 Gone",
}
"""Events that need more than one document, and what brings them."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where, and between whom."""

    where: Where
    sender: str
    recipient: str
    other: str
    """Whom a document is forwarded to."""
    seconds: float
    """To wait for what shall happen."""


@click.command("trigger")
@click.argument("event", metavar="EVENT")
@click.option("--from", "sender", metavar="ID", default="sg", show_default=True, help="Who sends.")
@click.option("--to", "recipient", metavar="ID", default="th", show_default=True, help="Who receives.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1, max=600),
    default=30.0,
    show_default=True,
    help="Seconds to wait for it.",
)
@hub_options
@json_option
def command(
    event: str,
    sender: str,
    recipient: str,
    timeout: float,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Make EVENT happen in the world that runs: document.accepted, document.refused, document.forwarded,
    delivery.delivered, delivery.retrying, event.accepted or member.changed.
    """
    if event in OTHERWISE:
        raise Failed(Exit.USAGE, f"{event} takes more than one step", OTHERWISE[event])
    if event not in TRIGGERS:
        raise click.UsageError(f"there is no event {event!r} to trigger; there are {', '.join(TRIGGERS)}")
    where = find(url, api_key, space)
    who, to = member_id(sender, "sender"), member_id(recipient, "recipient")
    other = next(each for each in ("VN-NSW", "MY-NSW", "ID-NSW") if each not in (who, to))
    told = TRIGGERS[event](Route(where, who, to, other, timeout))
    if as_json:
        out_json({"event": event, **told})
    else:
        out(f"{mark('ok')} {event}: {told['says']}")
    return Exit.OK


def _sent(route: Route, spoil: Callable[[bytes], bytes] = lambda data: data) -> "Accepted":
    """An example certificate between the two, signed with the sender's test key, and sent."""
    from tradebridge.cli.send import EXAMPLES, example_of, signed

    data = example_of(route.where, EXAMPLES["form-d"], route.sender, route.recipient, None, None, 0)
    made = signed(route.where, data, route.sender, (route.recipient,), None, True).data
    with route.where.hub(route.sender) as hub:
        return hub.submit(spoil(made), [route.recipient])


def _until(route: Route, accepted: "Accepted", holds: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
    """The recipient's two tracks, as soon as this holds of them."""
    end = time.monotonic() + route.seconds
    with route.where.hub(route.sender) as hub:
        while True:
            now: dict[str, Any] = hub.summary(accepted.id)["recipients"][route.recipient]
            if holds(now):
                return now
            if time.monotonic() >= end:
                raise Failed(Exit.TIMEOUT, f"{accepted.number} was not {what} in time", "`tb tail` shows what comes.")
            time.sleep(LOOK_SECONDS)


def _of(accepted: "Accepted", says: str) -> dict[str, Any]:
    return {"document": accepted.id, "number": accepted.number, "says": f"{accepted.number} {says}"}


def _accepted(route: Route) -> dict[str, Any]:
    return _of(_sent(route), f"from {route.sender} for {route.recipient}")


def _refused(route: Route) -> dict[str, Any]:
    from tradebridge.calls import Refused

    try:
        _sent(route, lambda data: data.replace(b"SignatureValue>", b"SignatureValue>AAAA", 1))
    except Refused as refused:
        return {"refusal": refused.refusal, "code": refused.code, "says": f"{refused.code}, {refused.refusal}"}
    raise Failed(Exit.BUG, "the hub has taken a certificate with a broken signature", "Please report it.")


def _forwarded(route: Route) -> dict[str, Any]:
    accepted = _sent(route)
    with route.where.hub(route.sender) as hub:
        hub.forward(accepted.id, [route.other])
    return _of(accepted, f"forwarded to {route.other}")


def _delivered(route: Route) -> dict[str, Any]:
    accepted = _sent(route)
    _until(route, accepted, lambda now: now["delivery"] == "delivered", "delivered")
    return _of(accepted, f"delivered to {route.recipient}")


def _retrying(route: Route) -> dict[str, Any]:
    known = route.where.world.countries if route.where.world else {}
    plane = Plane(None, route.where.space or "")
    country = country_of(route.recipient, known) or route.recipient
    fault = plane.post("/faults", fault=FAULT, on=country, times=1, seconds=60.0, probability=1.0, options={})
    accepted = _sent(route)
    _until(route, accepted, lambda now: now["delivery"] in ("retrying", "delivered"), "tried")
    return {**_of(accepted, f"tried at {route.recipient}, which failed once ({fault['id']})"), "fault": fault["id"]}


def _decided(route: Route) -> dict[str, Any]:
    accepted = _sent(route)
    undecided = ("received", "issued", "examined")
    now = _until(route, accepted, lambda now: now["state"] not in undecided, "decided")
    return _of(accepted, f"{now['state']} by {route.recipient}")


def _changed(route: Route) -> dict[str, Any]:
    with route.where.hub(OPERATOR) as hub:
        name = hub.member(route.recipient)["name"]
        hub.change_member(route.recipient, {"name": name})
    return {"member": route.recipient, "says": f"{route.recipient}, whose name was set to what it was"}


FAULT = "unavailable"
"""Of `tb fault recipes`: the partner answers 503 once."""

TRIGGERS: Mapping[str, Callable[[Route], dict[str, Any]]] = {
    "document.accepted": _accepted,
    "document.refused": _refused,
    "document.forwarded": _forwarded,
    "delivery.delivered": _delivered,
    "delivery.retrying": _retrying,
    "event.accepted": _decided,
    "member.changed": _changed,
}
