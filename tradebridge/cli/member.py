"""`tb member`: who may exchange through the hub. All but `list` and `show` need the operator's key."""

from datetime import datetime
from typing import Any

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.names import member_id
from tradebridge.cli.reading import read_bytes, read_json
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import bold, columns, mark, out, out_json, say
from tradebridge.cli.where import OPERATOR, find, hub_options, json_option

KINDS = ("single-window", "issuing-authority", "platform")
ROLES = ("issuer", "sender", "recipient")
PURPOSES = ("document", "event", "ack")
PINT = "pint"
ALGORITHMS = ("ES256", "PS256")


@click.group("member", cls=Suggesting)
def command() -> None:
    """Add and change those who exchange."""


@command.command("add")
@click.argument("member", metavar="ID")
@click.option(
    "--file", "file", metavar="JSON", help="The whole member as JSON, as the API takes it; options add to it."
)
@click.option("--name", help="Its name in full.")
@click.option("--country", metavar="XX", help="ISO 3166 code.")
@click.option("--kind", type=click.Choice(KINDS), help="What it is.")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), help="What it does; several times for several."
)
@click.option("--sends", multiple=True, metavar="PROFILE", help="A profile it may send.")
@click.option("--accepts", multiple=True, metavar="PROFILE", help="A profile it takes.")
@click.option("--push", metavar="URL", help="Deliver by pushing to this URL; else the member pulls its inbox.")
@click.option("--style", metavar="ADAPTER", help="The form it speaks (asw, naccs, ...); else the original.")
@click.option("--carrier", "carriers", multiple=True, metavar="CODE", help="A carrier it may issue for.")
@click.option("--unsigned/--signed-only", default=None, help="May it send unsigned documents?")
@click.option(
    "--cert", "certificates", multiple=True, metavar="PEM", help="Certificate of a signing key, for all purposes."
)
@click.option("--platform", "platform", metavar="CODE", help="Its code as an eBL platform.")
@click.option("--ebl-url", metavar="URL", help="Where it speaks PINT (URL/pint/v3) and the rest of DCSA (URL/ebl/v3).")
@click.option("--registry", metavar="URI", help="Base URI of the control tracking registry that it runs, if any.")
@click.option("--ebl-token", metavar="FILE", help="File with the bearer token that it wants of the hub.")
@click.option(
    "--algorithm", "algorithms", multiple=True, type=click.Choice(ALGORITHMS), help="What it may sign PINT with; both."
)
@click.option("--pint-cert", "pint", multiple=True, metavar="PEM", help="Certificate that its PINT is checked with.")
@click.option(
    "--account", "accounts", multiple=True, metavar="NAME=LIST:CODE", help="A party that it acts for, by a party code."
)
@click.option("--dry-run", is_flag=True, help="Show what would be sent.")
@hub_options
@json_option
def add(
    member: str,
    file: str | None,
    push: str | None,
    unsigned: bool | None,
    certificates: tuple[str, ...],
    platform: str | None,
    ebl_url: str | None,
    registry: str | None,
    ebl_token: str | None,
    algorithms: tuple[str, ...],
    pint: tuple[str, ...],
    accounts: tuple[str, ...],
    dry_run: bool,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
    **facts: Any,
) -> Exit:
    """Add the member ID. Its API key is shown this once.

    \b
    tb member add XX-NSW --country XX --kind single-window --role sender --role recipient
                  --sends atiga-form-d/2022 --accepts atiga-form-d/2022 --cert xx.pem

    \b
    tb member add PLATFORM-X --country XX --kind platform --role sender --role recipient
                  --platform XPLT --ebl-url http://127.0.0.1:9001 --pint-cert x.pem --algorithm PS256
    """
    described: dict[str, Any] = dict(read_json(file)) if file else {}
    described |= {"id": member_id(member, "sender")}
    described |= {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items() if value}
    if push:
        described["delivery"] = {"mode": "push", "url": push}
    if unsigned is not None:
        described["policy"] = {"unsigned": unsigned}
    if certificates:
        described["keys"] = [{"certificate": read_bytes(each).decode("utf-8", "replace")} for each in certificates]
    if pint:
        described["keys"] = [*described.get("keys", ()), *(_pint_key(each) for each in pint)]
    described |= _ebl(described.get("ebl"), platform, ebl_url, registry, ebl_token, algorithms)
    if accounts:
        described["accounts"] = [_account(each) for each in accounts]
    described.setdefault("delivery", {"mode": "pull"})
    described.setdefault("name", described["id"])
    if dry_run:
        out_json({"dryRun": True, "member": _without_token(described)})
        return Exit.OK
    with find(url, api_key, space).hub(OPERATOR) as hub:
        added = hub.add_member(described)
    if as_json:
        out_json({"member": added.member, "apiKey": added.api_key})
        return Exit.OK
    say(f"{mark('ok')} {described['id']} is a member. Its API key, shown this once:")
    out(added.api_key)
    return Exit.OK


def _pint_key(path: str) -> dict[str, Any]:
    return {"certificate": read_bytes(path).decode("utf-8", "replace"), "purposes": [PINT]}


def _ebl(
    given: Any,
    platform: str | None,
    url: str | None,
    registry: str | None,
    token: str | None,
    algorithms: tuple[str, ...],
) -> dict[str, Any]:
    """Its side of bills of lading, where anything is said of it."""
    said: dict[str, Any] = {"platform": platform, "url": url, "registry": registry, "algorithms": list(algorithms)}
    if token:
        said["token"] = read_bytes(token).decode("utf-8", "replace").strip()
    said = {name: value for name, value in said.items() if value}
    return {"ebl": {**(given or {}), **said}} if said else {}


def _account(text: str) -> dict[str, Any]:
    """`NAME=LIST:CODE`, or `NAME=LIST:CODE:NAME-OF-THE-LIST`: a party by its code, as DCSA writes it."""
    name, _, code = text.rpartition("=")
    parts = code.split(":")
    if not name or len(parts) not in (2, 3) or not all(parts):
        raise click.UsageError(f"{text}: write NAME=LIST:CODE, as 'Bangkok Rubber=DCSA:BKKRUB'")
    names = ("codeListProvider", "partyCode", "codeListName")
    return {"partyName": name, "identifyingCodes": [dict(zip(names, parts, strict=False))]}


def _without_token(described: dict[str, Any]) -> dict[str, Any]:
    ebl = described.get("ebl")
    if not ebl or "token" not in ebl:
        return described
    return {**described, "ebl": {**ebl, "token": "..."}}


@command.command("list")
@hub_options
@json_option
def listed(url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """List the members."""
    from tradebridge import calls

    with find(url, api_key, space).hub(OPERATOR) as hub:
        members = list(hub.each(calls.members()))
    if as_json:
        out_json({"items": members})
        return Exit.OK
    rows = [(bold("ID"), bold("COUNTRY"), bold("KIND"), bold("STYLE"), bold("DELIVERY"), bold("STATUS"))]
    rows += [
        (
            each["id"],
            each["country"],
            each["kind"],
            each.get("style") or "original",
            each["delivery"]["mode"],
            each["status"],
        )
        for each in members
    ]
    for line in columns(rows):
        out(line)
    return Exit.OK


@command.command("show")
@click.argument("member", metavar="ID")
@hub_options
@json_option
def show(member: str, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Show the member ID: roles, profiles, delivery, keys."""
    with find(url, api_key, space).hub(OPERATOR) as hub:
        shown = hub.member(member_id(member, "recipient"))
    if as_json:
        out_json(shown)
        return Exit.OK
    _draw(shown)
    return Exit.OK


@command.command("rotate-key")
@click.argument("member", metavar="ID")
@click.option("--overlap", type=click.IntRange(min=0), help="Seconds the old key stays valid; else a day.")
@hub_options
@json_option
def rotate_key(
    member: str, overlap: int | None, url: str | None, api_key: str | None, space: str | None, as_json: bool
) -> Exit:
    """Give the member ID a new API key, shown this once."""
    who = member_id(member, "recipient")
    with find(url, api_key, space).hub(OPERATOR) as hub:
        key = hub.rotate_key(who, overlap=overlap)
    if as_json:
        out_json({"member": who, "apiKey": key})
        return Exit.OK
    ends = f"in {overlap} s" if overlap is not None else "in a day"
    say(f"{mark('ok')} the old key of {who} ends {ends}. The new one, shown this once:")
    out(key)
    return Exit.OK


@command.command("add-key")
@click.argument("member", metavar="ID")
@click.option("--cert", "certificate", metavar="PEM", required=True, help="The certificate of the key.")
@click.option(
    "--purpose",
    "purposes",
    multiple=True,
    type=click.Choice((*PURPOSES, PINT)),
    help="What it may sign; all but pint unless told.",
)
@click.option("--valid-from", type=MOMENT, help="Not believed before; else the certificate says.")
@click.option("--valid-until", type=MOMENT, help="Not believed after; else the certificate says.")
@hub_options
@json_option
def add_key(
    member: str,
    certificate: str,
    purposes: tuple[str, ...],
    valid_from: datetime | None,
    valid_until: datetime | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Give the member ID a further signing key."""
    pem = read_bytes(certificate).decode("utf-8", "replace")
    with find(url, api_key, space).hub(OPERATOR) as hub:
        changed = hub.add_key(
            member_id(member, "sender"),
            pem,
            purposes or PURPOSES,
            valid_from=_rfc3339(valid_from),
            valid_until=_rfc3339(valid_until),
        )
    return _changed(changed, as_json)


@command.command("withdraw-key")
@click.argument("member", metavar="ID")
@click.argument("kid", metavar="KID")
@click.option("--from", "since", type=MOMENT, help="From when nobody believes it; else from now on.")
@click.option("--reason", metavar="TEXT", help="Why; the member is told.")
@hub_options
@json_option
def withdraw_key(
    member: str,
    kid: str,
    since: datetime | None,
    reason: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """End the signing key KID of the member ID. What was accepted before still holds.

    \b
    tb member show ID          tells the names of its keys
    """
    with find(url, api_key, space).hub(OPERATOR) as hub:
        changed = hub.withdraw_key(member_id(member, "sender"), kid, since=_rfc3339(since), reason=reason)
    if as_json:
        out_json(changed)
        return Exit.OK
    ended = next((key["withdrawn"] for key in changed["keys"] if key["kid"] == kid), "")
    out(f"{mark('ok')} {kid} ends at {ended}")
    return Exit.OK


@command.command("suspend")
@click.argument("member", metavar="ID")
@click.option("--reason", metavar="TEXT", help="Why; the member is told.")
@hub_options
@json_option
def suspend(
    member: str, reason: str | None, url: str | None, api_key: str | None, space: str | None, as_json: bool
) -> Exit:
    """Suspend the member ID: it sends and receives nothing."""
    with find(url, api_key, space).hub(OPERATOR) as hub:
        return _changed(hub.suspend(member_id(member, "recipient"), reason=reason), as_json)


@command.command("resume")
@click.argument("member", metavar="ID")
@hub_options
@json_option
def resume(member: str, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Let a suspended member exchange again."""
    with find(url, api_key, space).hub(OPERATOR) as hub:
        return _changed(hub.resume(member_id(member, "recipient")), as_json)


def _rfc3339(moment: datetime | None) -> str | None:
    from tradebridge.evidence.times import rfc3339

    return None if moment is None else rfc3339(moment)


def _changed(member: dict[str, Any], as_json: bool) -> Exit:
    if as_json:
        out_json(member)
    else:
        out(f"{mark('ok')} {member['id']} is {member['status']}")
    return Exit.OK


def _draw(member: dict[str, Any]) -> None:
    delivery = member["delivery"]
    out(f"{bold(member['id'])}   {member.get('name', '')}")
    rows = [
        ("country", member["country"]),
        ("kind", member["kind"]),
        ("roles", ", ".join(member["roles"])),
        ("sends", ", ".join(member["sends"]) or "nothing"),
        ("accepts", ", ".join(member["accepts"]) or "nothing"),
        ("style", member.get("style") or "the original"),
        ("delivery", f"push to {delivery['url']}" if "url" in delivery else delivery["mode"]),
        ("unsigned", "allowed" if member.get("policy", {}).get("unsigned") else "refused"),
        *_ebl_rows(member),
        ("status", member["status"]),
    ]
    rows += [("key", _key_line(key)) for key in member.get("keys", ())]
    for line in columns(rows):
        out(f"  {line}")


def _ebl_rows(member: dict[str, Any]) -> list[tuple[str, str]]:
    ebl, accounts = member.get("ebl", {}), member.get("accounts", ())
    rows = []
    if ebl:
        named = f"platform {ebl['platform']}" if ebl.get("platform") else "no platform"
        at = f" at {ebl['url']}" if ebl.get("url") else ""
        rows.append(("bills of lading", f"{named}{at}; {', '.join(ebl['algorithms'])}"))
    for each in accounts:
        codes = ", ".join(f"{code['codeListProvider']}:{code['partyCode']}" for code in each["identifyingCodes"])
        rows.append(("account", f"{each['partyName']} ({codes})"))
    return rows


def _key_line(key: dict[str, Any]) -> str:
    ended = f"; withdrawn from {key['withdrawn']}" if "withdrawn" in key else ""
    return f"{key.get('kid', '')} ({', '.join(key.get('purposes', ()))}{ended})"
