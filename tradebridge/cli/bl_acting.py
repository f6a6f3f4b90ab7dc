"""`tb bl transfer`, `endorse` and `surrender`: what the possessor of a title does with it.

A party is named by its code on a platform: `STRAITS-BANK@STRA`, or without `@` on the title's own platform. On the hub
it is an event that the member signs which acts for the party; elsewhere the platform's users act.
"""

import secrets
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.bl_places import (
    HUB,
    IN_FORCE,
    Titled,
    asked,
    eventually,
    find_title,
    on_option,
    places,
)
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.reading import read_json
from tradebridge.cli.terminal import mark, out, out_json
from tradebridge.cli.where import Where, find, hub_options, json_option

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = dict[str, Any]

WAIT_SECONDS = 20.0
REASONS = ("SWTP", "COD", "SWI")
OF_HUB = "TBHB"
"""The hub's own code as a platform, as it comes."""


def _acting_options(function: "Callable[..., Any]") -> "Callable[..., Any]":
    """What the three have in common."""
    options = (
        click.option("--by", metavar="PARTY", help="Who acts; else the possessor."),
        click.option("--member", metavar="ID", help="On the hub: the member that acts for the party, and signs."),
        click.option(
            "--sequence", type=int, metavar="N", help="The title's sequence that was seen; else as it is now."
        ),
        click.option("--comment", metavar="TEXT", help="A remark that stays in the chain."),
        click.option("--wait", type=float, default=WAIT_SECONDS, show_default=True, help="Seconds for the other side."),
        on_option,
        hub_options,
        json_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command("transfer")
@click.argument("reference", metavar="REFERENCE")
@click.option("--to", required=True, metavar="PARTY", help="Who gets possession, as STRAITS-BANK@STRA, or a JSON file.")
@_acting_options
def transfer(reference: str, to: str, **given: Any) -> Exit:
    """Hand possession of the title REFERENCE to another party, by PINT where it is on another platform.

    \b
    tb bl transfer SIML00000001 --to STRAITS-BANK@STRA
    """
    return _act(reference, "TRANSFER", to, None, given)


@click.command("endorse")
@click.argument("reference", metavar="REFERENCE")
@click.option("--to", metavar="PARTY", help="The endorsee, as FUJI-TYRE@FUJI, or a JSON file.")
@click.option("--to-order", is_flag=True, help="To the order of that party: it can endorse further.")
@click.option("--blank", is_flag=True, help="In blank: from then on possession is enough.")
@_acting_options
def endorse(reference: str, to: str | None, to_order: bool, blank: bool, **given: Any) -> Exit:
    """Endorse the title REFERENCE: to a party by name, to its order, or in blank. Possession stays.

    \b
    tb bl endorse SIML00000001 --to STRAITS-BANK@STRA --to-order
    """
    if blank == (to is not None) or (blank and to_order):
        raise click.UsageError("say to whom (--to PARTY, with --to-order to its order), or --blank")
    action = "BLANK_ENDORSE" if blank else "ENDORSE_TO_ORDER" if to_order else "ENDORSE"
    return _act(reference, action, to, None, given)


@click.command("surrender")
@click.argument("reference", metavar="REFERENCE")
@click.option("--for", "purpose", type=click.Choice(["delivery", "amendment"]), default="delivery", show_default=True)
@click.option("--reason", type=click.Choice(REASONS), help="Of an amendment; SWTP is a switch to paper.")
@_acting_options
def surrender(reference: str, purpose: str, reason: str | None, **given: Any) -> Exit:
    """Surrender the title REFERENCE to the carrier that issued it, and wait for its answer."""
    if reason is not None and purpose != "amendment":
        raise click.UsageError("a reason belongs to --for amendment")
    return _act(reference, f"SURRENDER_FOR_{purpose.upper()}", None, reason, given)


# --- acting ----------------------------------------------------------------------------------------------------------


def _act(reference: str, action: str, to: str | None, reason: str | None, given: dict[str, Any]) -> Exit:
    where = find(given["url"], given["api_key"], given["space"])
    found = find_title(where, reference, given["on"])
    if found.shown["at"] not in IN_FORCE:
        possessor = found.shown["possessor"]
        step = f"It is {found.shown['at']}: {possessor['partyName']} on {possessor['eblPlatform']} has it."
        raise Failed(
            Exit.REFUSED, f"{reference} is not held on a platform that can be reached", step, code="title.elsewhere"
        )
    by, sequence = given["by"], given["sequence"]
    body: JSON = {
        "action": action,
        "actor": _party(where, by) if by else found.shown["possessor"],
        "recipient": _party(where, to) if to else None,
        "reasonCode": reason,
        "comments": given["comment"],
    }
    body = {name: value for name, value in body.items() if value is not None}
    stated = found.shown["sequence"] if sequence is None else sequence
    if found.place.code == HUB:
        transfer_id = _say_to_hub(where, found, body, stated, given["member"])
    else:
        with found.place.open() as platform:
            transfer_id = platform.act(reference, body | {"expectedSequence": stated}).get("transfer")
    return _told(where, found, transfer_id, given)


def _party(where: Where, named: str) -> JSON | str:
    """A party: a JSON file, a code of this platform, or CODE@PLATFORM, whose name its platform tells."""
    if named.endswith(".json"):
        return read_json(named)
    code, at, platform = named.partition("@")
    if not at:
        return code
    if platform.lower() == HUB or platform.upper() == OF_HUB:
        known = _accounts_of_hub(where)
    else:
        (there,) = places(where, platform)
        items = asked(where, there, lambda other: other.accounts().items) or ()
        known = {str(each["id"]): each["party"] for each in items}
    if code.upper() not in known:
        told = ", ".join(known) or "none"
        raise Failed(Exit.USAGE, f"{platform} has no account {code}; it has: {told}", "Or give a JSON file.")
    return known[code.upper()]


def _accounts_of_hub(where: Where) -> dict[str, JSON]:
    """The parties that have an account on the hub's platform, by party code, as the operator sees them."""
    with where.hub() as hub:
        accounts = [account for each in hub.members(limit=500).items for account in each.get("accounts", ())]
    return {
        str(code["partyCode"]): {**account, "eblPlatform": OF_HUB}
        for account in accounts
        for code in account["identifyingCodes"]
    }


def _say_to_hub(where: Where, found: Titled, body: JSON, sequence: int, member: str | None) -> str | None:
    """The event of type `title`, signed by the member that acts for the party."""
    from schemas.event import Actor, Event, Subject, TitleEvent, encode_event
    from tradebridge.cli.sign import signer_of
    from tradebridge.evidence import jws
    from tradebridge.evidence.simulation import derived_id

    speaker = member or str(found.shown.get("account") or "").partition("/")[0]
    if not speaker:
        raise Failed(Exit.USAGE, "who acts for the party at the hub?", "Name the member with --member.")
    moment = where.now().replace(microsecond=0)
    with where.hub(speaker) as hub:
        summary = hub.summary(found.shown["document"])
        event = Event(
            id=derived_id("evt", moment, secrets.token_bytes(32)),
            type=TitleEvent.TITLE,
            document=Subject(id=summary["id"], content_digest=summary["contentDigest"]),
            expected_sequence=sequence,
            actor=Actor(member=speaker),
            at=moment,
            body=body,
        )
        token = jws.sign(encode_event(event), jws.EVENT, signer_of(speaker, where.seed, None, None, "event"), moment)
        hub.send_event(event.document.id, token)
        return _transfer_of(hub.title(found.shown["transportDocumentReference"]))


def _transfer_of(shown: JSON) -> str | None:
    """The transfer that is under way, if any."""
    return shown.get("transfer")


def _told(where: Where, found: Titled, transfer_id: str | None, given: dict[str, Any]) -> Exit:
    """Wait for the other side, and say where the title stands."""
    reference = found.shown["transportDocumentReference"]
    with found.place.open() as platform:
        transfer = None if transfer_id is None else _settled(lambda: platform.transfer(transfer_id), given["wait"])
        state = "done" if transfer is None else str(transfer["state"])
        surrendered = transfer is not None and transfer["action"].startswith("SURRENDER") and state == "accepted"
        shown = _answered(lambda: platform.title(reference), given["wait"] if surrendered else 0)
    if surrendered and shown["at"] == "here":
        state = "rejected"
    if given["as_json"]:
        out_json({**shown, "platform": found.place.code, "transferState": state})
    else:
        word = "ok" if state in ("done", "accepted") else "fail"
        gone = f", {transfer['action']} to {transfer['to']} {state}" if transfer else ""
        gone += "; its carrier has not answered yet" if surrendered and shown["at"] == "away" else ""
        out(f"{mark(word)} {reference}   {shown['at']} on {found.place.code}, {shown['status']}{gone}")
        out(f"       possessor {shown['possessor']['partyName']} ({shown['possessor']['eblPlatform']})")
    return {"done": Exit.OK, "accepted": Exit.OK, "sending": Exit.TIMEOUT, "in-doubt": Exit.TIMEOUT}.get(
        state, Exit.REFUSED
    )


def _answered(look: "Callable[[], JSON]", seconds: float) -> JSON:
    """A title that is away no more, as one whose carrier has answered; or as it is when the time is over."""
    try:
        return eventually(lambda: shown if (shown := look())["at"] != "away" else None, seconds, "the carrier's answer")
    except Failed:
        return look()


def _settled(look: "Callable[[], JSON]", seconds: float) -> JSON:
    """The transfer once it is settled; as it is when the time is over: then its title stays locked."""
    last: JSON = {}

    def settled() -> JSON | None:
        nonlocal last
        last = look()
        return last if last["state"] not in ("sending", "in-doubt") else None

    try:
        return eventually(settled, seconds, "an answer of the other platform")
    except Failed:
        return last
