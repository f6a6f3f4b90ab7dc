"""`tb trust`: what a hub trusts, how that changed, and to change it. `rotate`, `revoke`, `authority` and `crl` need the
operator's key; the rest none."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.names import member_id
from tradebridge.cli.reading import read_bytes, read_json, write_bytes
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import bold, columns, mark, out, out_json, say
from tradebridge.cli.trust_list import list_of
from tradebridge.cli.where import OPERATOR, Where, find, hub_options, json_option

if TYPE_CHECKING:
    from tradebridge.evidence.trust import History, TrustList
    from tradebridge.evidence.trust_history import TrustHistory, TrustVersion

DAY = 86_400
PURPOSES = ("document", "event", "ack")

_FILE = click.option(
    "--trust", "trust_file", metavar="FILE", help="A file of `tb trust export`; else the hub is asked."
)


@click.group("trust", cls=Suggesting)
def command() -> None:
    """What is trusted: keys, issuers, witnesses; every version, signed."""


@command.command("show")
@_FILE
@click.option("--version", "number", type=click.IntRange(min=1), help="This version instead of the newest.")
@click.option("--at", type=MOMENT, help="The version in force at this time.")
@click.option("--versions", "listing", is_flag=True, help="List the versions.")
@hub_options
@json_option
def show(
    trust_file: str | None,
    number: int | None,
    at: datetime | None,
    listing: bool,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Show the trust list, after checking that each version follows from the one before it.

    Exit code 0: it does. 5: it does not.
    """
    if number is not None and at is not None:
        raise click.UsageError("either --version or --at, not both")
    history = _history(find(url, api_key, space), trust_file)
    if listing:
        return _list(history, as_json)
    version = history.version_at(at) if at else _numbered(history, number) if number else history.newest
    if as_json:
        told = {**_told(version), "trust": version.trust.to_json(), "platforms": list(version.platforms)}
        out_json(told)
        return Exit.OK
    _draw(version, history)
    return Exit.OK


@command.command("diff")
@click.argument("first", required=False)
@click.argument("second", required=False)
@_FILE
@hub_options
@json_option
def diff(
    first: str | None,
    second: str | None,
    trust_file: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Compare FIRST and SECOND: numbers of versions, or files of a trust list. Without them the last change.

    Exit code 0: they trust the same. 1: they differ.
    """
    from tradebridge.evidence.trust_diff import differences

    where = find(url, api_key, space)
    sides = [first, second]
    history = None if all(side and not side.isdigit() for side in sides) else _history(where, trust_file)
    if history is not None:
        newest = history.newest.number
        sides = [first or str(max(newest - 1, history.versions[0].number)), second or str(newest)]
    found = differences(*(_side(side or "", history) for side in sides))
    if as_json:
        out_json({"same": not found, "first": sides[0], "second": sides[1], "changes": [e.to_json() for e in found]})
    elif not found:
        out(f"{mark('ok')} {sides[0]} and {sides[1]} trust the same")
    else:
        signs = {"added": "+", "removed": "-", "changed": "~"}
        for each in found:
            out(f"{signs[each.what]} {each.about}")
            for sign, text in (("-", each.first), ("+", each.second)):
                if text:
                    out(f"    {sign} {text}")
    return Exit.CHECKS_FAILED if found else Exit.OK


@command.command("rotate")
@click.argument("member", metavar="ID")
@click.option("--cert", "certificate", metavar="PEM", help="Certificate of the member's new key; none for HUB.")
@click.option(
    "--purpose", "purposes", multiple=True, type=click.Choice(PURPOSES), help="What it may sign; all unless told."
)
@click.option(
    "--overlap", type=click.FloatRange(min=0, max=365), default=30.0, help="Days that the old keys still hold."
)
@hub_options
@json_option
def rotate(
    member: str,
    certificate: str | None,
    purposes: tuple[str, ...],
    overlap: float,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Give the member ID (or HUB, the hub itself) a new signing key; its old ones end after the overlap."""
    who = member_id(member, "sender")
    if (who == "HUB") != (certificate is None):
        raise click.UsageError("--cert PEM is for a member, and needed there; the hub finds or makes its own next key")
    pem = read_bytes(certificate).decode("utf-8", "replace") if certificate else None
    with find(url, api_key, space).hub(OPERATOR) as hub:
        told = hub.rotate_signing_key(who, pem, purposes or PURPOSES, overlap=overlap * DAY)
    if as_json:
        out_json(told)
    else:
        out(f"{mark('ok')} {who} signs with {told['kid']}")
        out(f"       its other keys end at {told['othersEnd']}")
    return Exit.OK


@command.command("revoke")
@click.argument("key", metavar="KEY")
@click.option("--since", type=MOMENT, help="From when it holds no more; else from now on.")
@click.option("--compromised", is_flag=True, help="It was in other hands: what was not on record before does not hold.")
@click.option("--reason", metavar="TEXT", help="Why; the member is told, and it is on the record.")
@hub_options
@json_option
def revoke(
    key: str,
    since: datetime | None,
    compromised: bool,
    reason: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """End the key or authority KEY, by its name in `tb trust show`.

    With --compromised a key of a witness, the log or a timestamp authority too: KEY is then the observer's name, a
    verifier key, or SHA-256 of an authority's root.

    What was accepted before stays valid. Without --compromised a signature is judged by the time that it states, too;
    with it only by the time that is proven.
    """
    from tradebridge.evidence.times import rfc3339

    moment = None if since is None else rfc3339(since)
    with find(url, api_key, space).hub(OPERATOR) as hub:
        told = hub.revoke_signing_key(key, since=moment, compromised=compromised, reason=reason)
    if as_json:
        out_json(told)
    else:
        how = f"distrusted since {told['distrusted']}" if "distrusted" in told else f"ends at {told['withdrawn']}"
        out(f"{mark('ok')} {key} {how}")
    return Exit.OK


@command.command("export")
@click.option("--output", "-o", default="-", metavar="FILE", help="Where to write; - is standard output.")
@click.option("--status", is_flag=True, help="With the status of the keys today: it is believed for a short time only.")
@hub_options
@json_option
def export(output: str, status: bool, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Write all versions of the trust list, checked, into one file: what `tb verify --trust FILE` judges by.

    A document is then judged by what was trusted when it was accepted. Keep the file; it needs no hub.
    """
    if as_json and output == "-":
        raise click.UsageError("--json needs --output FILE: standard output cannot hold both")
    where = find(url, api_key, space)
    with where.public() as hub:
        value = hub.trust_export(status=status, record=True)
    trust = list_of(value, where.url, where.now())
    write_bytes(output, json.dumps(value).encode() + b"\n")
    versions = len(value["versions"])
    if as_json:
        recorded = trust.history.recorded if trust.history else 0
        out_json({"output": output, "versions": versions, "members": len(trust.members), "onRecord": recorded})
    else:
        say(f"{mark('ok')} {versions} versions, each following from the one before; {len(trust.members)} members")
        _say_recorded(trust.history)
    return Exit.OK


@command.command("authority")
@click.argument("member", metavar="ID")
@click.option("--chain", metavar="PEM", required=True, help="Certificates of the authority, the anchor first.")
@click.option(
    "--subject", metavar="NAME", required=True, help="What its certificates for this member bear: O=...,C=TH."
)
@click.option(
    "--usage", "usages", multiple=True, metavar="OID", help="Extended key usage; documentSigning unless told."
)
@click.option(
    "--crl-url", metavar="URL", help="Where its revocation list is fetched; else you give it by `tb trust crl`."
)
@click.option("--no-revocation", is_flag=True, help="It publishes no revocation lists.")
@hub_options
@json_option
def authority(
    member: str,
    chain: str,
    subject: str,
    usages: tuple[str, ...],
    crl_url: str | None,
    no_revocation: bool,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Let the member ID sign with what a certification authority issues to it, instead of pinned certificates alone."""
    described: dict[str, object] = {"chain": read_bytes(chain).decode("utf-8", "replace"), "subject": subject}
    described |= {"revocation": not no_revocation}
    described |= {"crlUrl": crl_url} if crl_url else {}
    described |= {"usages": list(usages)} if usages else {}
    with find(url, api_key, space).hub(OPERATOR) as hub:
        told = hub.add_authority(member_id(member, "sender"), described)
    added = told["authorities"][-1]
    if as_json:
        out_json(told)
    else:
        out(f"{mark('ok')} {told['id']} signs with what {added['id']} issues to {added['subject']}")
    return Exit.OK


@command.command("crl")
@click.argument("file", metavar="FILE")
@hub_options
@json_option
def crl(file: str, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Give the hub the revocation list in FILE (DER or PEM) of an authority that it knows."""
    data = read_bytes(file)
    with find(url, api_key, space).hub(OPERATOR) as hub:
        told = hub.load_revocation_list(data)
    if as_json:
        out_json(told)
    else:
        out(f"{mark('ok')} list {told['number']} of {told['thisUpdate']}, the next by {told['nextUpdate']}")
    return Exit.OK


def _history(where: Where, trust_file: str | None) -> "TrustHistory":
    """All versions, each checked against the one before it. Raises `Failed`."""
    from tradebridge.evidence.trust_history import TrustHistory

    name = trust_file or where.url
    if trust_file is not None:
        value: Any = read_json(trust_file)
    else:
        with where.public() as hub:
            value = hub.trust_export(record=True)
    history = list_of(value, name, where.now()).history
    if not isinstance(history, TrustHistory):
        raise Failed(Exit.USAGE, f"{name} holds one list without its history", "Write one: tb trust export -o FILE.")
    return history


def _numbered(history: "TrustHistory", number: int) -> "TrustVersion":
    found = next((each for each in history.versions if each.number == number), None)
    if found is None:
        known = f"{history.versions[0].number} to {history.newest.number}"
        raise Failed(Exit.REFUSED, f"there is no version {number}", f"There are {known}.", code="trust.unknown-version")
    return found


def _side(name: str, history: "TrustHistory | None") -> "TrustList":
    if name.isdigit() and history is not None:
        return _numbered(history, int(name)).trust
    return list_of(read_json(name), name)


def _told(version: "TrustVersion") -> dict[str, Any]:
    from tradebridge.evidence.times import rfc3339

    return {
        "number": version.number,
        "issuedAt": rfc3339(version.issued_at),
        "digest": version.digest,
        "previous": version.previous,
        "change": version.change,
    }


def _list(history: "TrustHistory", as_json: bool) -> Exit:
    told = [_told(each) for each in history.versions]
    if as_json:
        out_json({"items": told})
        return Exit.OK
    rows = [(bold("VERSION"), bold("ISSUED"), bold("DIGEST"), bold("CHANGE"))]
    rows += [(str(each["number"]), each["issuedAt"], each["digest"][:16], each["change"]) for each in told]
    for line in columns(rows):
        out(line)
    return Exit.OK


def _say_recorded(history: "History | None") -> None:
    """How far they are proven to be what everybody is shown."""
    if history is None or not history.recorded:
        say(f"{mark('warn')} nothing here proves that they stand on the public record: tb audit verify compares")
    else:
        say(f"{mark('ok')} on the public record up to version {history.recorded}")


def _draw(version: "TrustVersion", history: "TrustHistory") -> None:
    from tradebridge.evidence.times import rfc3339
    from tradebridge.evidence.trust_diff import said_of_authority, said_of_key

    told, trust = _told(version), version.trust
    out(f"{bold(f'version {version.number}')}   {told['issuedAt']}   {told['change']}")
    out(f"  digest {told['digest']}")
    out(f"  log {trust.log.origin}")
    for witness in trust.log.witnesses:
        out(f"  witness {witness.name}")
    for tsa in trust.authorities:
        out(f"  timestamp authority {tsa.name}")
    for lost in trust.lost:
        out(f"  lost {lost.key}")
        out(f"    DISTRUSTED since {rfc3339(lost.since)}")
    for member in (trust.hub, *sorted(trust.members, key=lambda each: each.id)):
        out(f"{bold(member.id)}   {member.kind} {member.country}".rstrip())
        for key in member.keys:
            out(f"  {key.kid}")
            out(f"    {said_of_key(key)}")
        for each in member.authorities:
            out(f"  authority {each.chain[-1].subject.rfc4514_string()}")
            out(f"    {said_of_authority(each)}")
    say(f"{mark('ok')} {len(history.versions)} versions, each following from the one before")
    _say_recorded(history)
    if trust.simulated:
        say(f"{mark('warn')} SIMULATION: test keys prove nothing outside it")
