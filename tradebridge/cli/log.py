"""`tb log`: the public record of a hub - its newest checkpoint, who has seen it, proofs, and a monitor that follows it.

Nothing here needs an API key. The monitor keeps what it has seen in a file of its own, so that it goes on from there;
what it believes of the log's key and its witnesses is the trust list in the user's hand, where one is given.
"""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.reading import read_json, write_bytes
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import mark, out, out_json, say
from tradebridge.cli.trust_list import list_of
from tradebridge.cli.where import Where, find, hub_options, json_option

if TYPE_CHECKING:
    from schemas.findings import Finding
    from tradebridge.client import Hub
    from tradebridge.evidence.monitor import Alarm, Seen
    from tradebridge.evidence.trust import TrustList

_TRUST = click.option("--trust", "trust_file", metavar="FILE", help="The trust list to believe; else the hub's own.")


@click.group("log", cls=Suggesting)
def command() -> None:
    """The public record: checkpoint, proofs, and following it."""


@command.command("show")
@_TRUST
@hub_options
@json_option
def show(trust_file: str | None, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Show the newest checkpoint, whether the log has signed it, and who watches the log."""
    where = find(url, api_key, space)
    with where.public() as hub:
        trust, note = _trust(hub, where, trust_file), hub.checkpoint()
    seen = _begun(note, trust)
    told: dict[str, Any] = {
        "origin": seen.checkpoint.origin,
        "size": seen.checkpoint.size,
        "root": seen.checkpoint.root.hex(),
        "witnesses": [each.name for each in trust.log.witnesses],
        "needed": trust.log.needed,
    }
    if as_json:
        out_json({**told, "note": note})
        return Exit.OK
    out(note.rstrip("\n"))
    out()
    out(f"{mark('ok')} signed by {told['origin']}: {told['size']:,} entries, root {told['root'][:16]}…")
    if trust.log.witnesses:
        out(f"{mark('ok')} {trust.log.needed} of {len(trust.log.witnesses)} witnesses make it evidence: "
            f"{', '.join(each.name for each in trust.log.witnesses)}")  # fmt: skip
    else:
        say(f"{mark('warn')} no witness stands on the trust list: the log is its operator's word")
    return Exit.OK


@command.command("prove")
@click.option("--from", "first", type=click.IntRange(min=1), metavar="SIZE", help="That the log now extends this size.")
@click.option("--leaf", metavar="HEX", help="That this leaf hash is in the log.")
@_TRUST
@hub_options
@json_option
def prove(
    first: int | None,
    leaf: str | None,
    trust_file: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Fetch a proof against the newest checkpoint, and check it here.

    For a leaf the proof says where it stands. For a size it is shown: who has that checkpoint checks it.
    """
    if (first is None) == (leaf is None):
        raise click.UsageError("Name either --from SIZE or --leaf HEX.")
    where = find(url, api_key, space)
    with where.public() as hub:
        checkpoint = _begun(hub.checkpoint(), _trust(hub, where, trust_file)).checkpoint
        if first is not None:
            out_json(hub.consistency(first, checkpoint.size))
            return Exit.OK
        proof = hub.inclusion(str(leaf), size=checkpoint.size)
    from tradebridge.evidence.proofs import verify_inclusion

    hashes = [bytes.fromhex(each) for each in proof["hashes"]]
    if not verify_inclusion(bytes.fromhex(str(leaf)), proof["index"], checkpoint.size, hashes, checkpoint.root):
        raise Failed(Exit.SIGNATURE, "the hub's proof does not hold", "Keep it, and tell the operator.")
    if as_json:
        out_json({**proof, "holds": True})
    else:
        out(f"{mark('ok')} leaf {proof['index']} of {checkpoint.size} in {checkpoint.origin}")
    return Exit.OK


@command.command("monitor")
@click.option("--state", "state_file", metavar="FILE", default="log-state.json", show_default=True, help="What it saw.")
@click.option("--every", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds between looks.")
@click.option("--once", is_flag=True, help="Look once, and end.")
@_TRUST
@hub_options
@json_option
def monitor(
    state_file: str,
    every: float,
    once: bool,
    trust_file: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Follow the log: each checkpoint must extend the last one seen. Anything else is an alarm, and ends with code 5.

    Both notes of an alarm are written beside the state: together they prove that the log has shown two histories.
    """
    from tradebridge.calls import HubError

    where, path = find(url, api_key, space), Path(state_file)
    with where.public() as hub:
        trust = _trust(hub, where, trust_file)
        seen = _remembered(path, trust)
        while True:
            try:
                seen = _look(hub, trust, seen, path, where, as_json)
            except HubError as error:
                if once:
                    raise
                say(f"{mark('warn')} {error}; looking again in {every:g} s")
            if once:
                return Exit.OK
            time.sleep(every)


def _look(hub: "Hub", trust: "TrustList", seen: "Seen | None", path: Path, where: Where, as_json: bool) -> "Seen":
    from schemas.findings import Finding
    from tradebridge.evidence.monitor import Alarm, follow

    note = hub.checkpoint()
    if seen is None:
        now: Seen | Finding | Alarm = _begun(note, trust)
    else:
        size = _begun(note, trust).checkpoint.size
        old = seen.checkpoint.size
        hashes = hub.consistency(old, size)["hashes"] if 0 < old < size else []
        now = follow(seen, note, [bytes.fromhex(each) for each in hashes], trust.log)
    if isinstance(now, Alarm):
        raise _alarm(now, path)
    if isinstance(now, Finding):
        raise _not_the_log(now)
    if seen is None or now.note != seen.note:
        write_bytes(str(path), json.dumps({"note": now.note}).encode() + b"\n")
        _tell(now, seen, where, as_json)
    return now


def _tell(now: "Seen", before: "Seen | None", where: Where, as_json: bool) -> None:
    size, old = now.checkpoint.size, before.checkpoint.size if before else None
    if as_json:
        out_json({"size": size, "root": now.checkpoint.root.hex(), "extends": old})
    else:
        out(f"{mark('ok')} {size:,} entries{'' if old is None else f', extends {old:,}'}   {where.url}")


def _alarm(alarm: "Alarm", path: Path) -> Failed:
    kept = path.with_name(f"{path.stem}-two-histories.txt")
    write_bytes(str(kept), f"{alarm.before}\n{alarm.after}".encode())
    told = f"the log has shown two histories: {alarm.found.found}; both notes are in {kept}"
    return Failed(Exit.SIGNATURE, told, alarm.found.fix, code=alarm.found.code, findings=(alarm.found,))


def _not_the_log(found: "Finding") -> Failed:
    return Failed(Exit.SIGNATURE, f"this is no checkpoint of the log: {found.message}", found.fix, findings=(found,))


def _begun(note: str, trust: "TrustList") -> "Seen":
    from schemas.findings import Finding
    from tradebridge.evidence.monitor import begin

    seen = begin(note, trust.log)
    if isinstance(seen, Finding):
        raise _not_the_log(seen)
    return seen


def _remembered(path: Path, trust: "TrustList") -> "Seen | None":
    return _begun(str(read_json(str(path))["note"]), trust) if path.exists() else None


def _trust(hub: "Hub", where: Where, trust_file: str | None) -> "TrustList":
    if trust_file is not None:
        return list_of(read_json(trust_file), trust_file)
    return list_of(hub.trust(), where.url)
