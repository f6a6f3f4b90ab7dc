"""`tb audit`: the record of people - export it, check an export alone, and ask what it raises."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.reading import read_bytes, read_json
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import bold, mark, out, out_bytes, out_json, say
from tradebridge.cli.trust_list import list_of
from tradebridge.cli.where import OPERATOR, Where, find, hub_options, json_option

if TYPE_CHECKING:
    from tradebridge.evidence.audit import Verification
    from tradebridge.evidence.trust import TrustList

MOST_LINE = 33 << 20
"""Bytes of a line that are read at once: just above what an export may have in one."""


@click.group("audit", cls=Suggesting)
def command() -> None:
    """The record of people: who looked, who decided, who commanded; exported, checked, asked about."""


@command.command("export")
@click.option(
    "--output", "-o", metavar="FILE", default="record.ndjson", show_default=True, help="- is standard output."
)
@click.option("--from", "first", type=click.IntRange(min=0), default=0, show_default=True, help="First entry.")
@hub_options
@json_option
def export(output: str, first: int, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Write the record of the log, entry by entry, up to its newest checkpoint.

    With the operator's key, or an auditor's (`tb audit key`). `tb audit verify FILE` checks it without the hub.
    """
    where = find(url, api_key, space)
    with where.hub(OPERATOR) as hub:
        written = _write(output, hub.audit_export(first))
    if as_json and output != "-":
        out_json({"file": output, "bytes": written, "from": first})
    elif output != "-":
        say(f"{mark('ok')} {output}, {written:,} bytes. Check it: tb audit verify {output}")
    return Exit.OK


def _write(name: str, parts: Iterator[bytes]) -> int:
    written = 0
    if name == "-":
        for part in parts:
            out_bytes(part)
            written += len(part)
        return written
    try:
        with Path(name).open("wb") as file:
            for part in parts:
                written += file.write(part)
    except OSError as error:
        raise Failed(Exit.USAGE, f"cannot write {name}: {error.strerror}", "Choose another path.") from error
    return written


@command.command("verify")
@click.argument("file", metavar="FILE")
@click.option("--trust", "trust_file", metavar="FILE", help="The trust list to believe, kept by you.")
@click.option("--at", type=MOMENT, help="Judge as of this time instead of now.")
@hub_options
@json_option
def verify(
    file: str,
    trust_file: str | None,
    at: datetime | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Check an export alone: every entry is there and opens, and together they are the tree that the log has signed.

    With --trust no hub is asked. Exit code 0: all of it holds. 5: something is false. 3: nothing false, but something
    could not be checked (too few witnesses, an entry that is hidden without a record, an export that was cut off).
    """
    from tradebridge.evidence.audit import verify_export

    where = find(url, api_key, space)
    now = at or where.now()
    trust, origin = _trust(where, trust_file, file, now)
    told = verify_export(_lines(file), trust, now)
    if as_json:
        out_json({**told.to_json(), "trust": origin})
    else:
        _draw(told, origin)
    return Exit(told.exit_code or (Exit.UNREACHABLE if origin == "export" else Exit.OK))


def _lines(name: str) -> Iterator[bytes]:
    """The lines of a file, each read up to a bound: one that never ends does not take the machine's memory."""
    if name == "-":
        yield from read_bytes(name).splitlines()
        return
    try:
        with Path(name).open("rb") as file:
            while line := file.readline(MOST_LINE):
                yield line
    except OSError as error:
        raise Failed(Exit.USAGE, f"cannot read {name}: {error.strerror}", "Check the path.") from error


def _trust(where: Where, trust_file: str | None, name: str, now: datetime) -> "tuple[TrustList, str]":
    """The list to believe as of `now`, and where it comes from: the user, the hub, or (as a last resort) the export."""
    from tradebridge.calls import HubError

    if trust_file is not None:
        return list_of(read_json(trust_file), trust_file, now), "given"
    try:
        with where.public() as hub:
            return list_of(hub.trust(), where.url), "hub"
    except HubError as error:
        embedded = None if name == "-" else _embedded(name)
        if embedded is None:
            raise Failed(
                Exit.UNREACHABLE, "there is no trust list", "Give one with --trust FILE: the hub's GET /v1/trust."
            ) from error
        return list_of(embedded, name), "export"


def _embedded(name: str) -> object:
    from schemas.content import json_or_finding

    head = json_or_finding(next(_lines(name), b""))
    return head.get("trust") if isinstance(head, dict) else None


_ORIGINS = {
    "hub": "the keys come from the hub itself; for more than its word, keep its trust list and give it with --trust",
    "export": "the keys stand in the export itself, so anybody could have written it: give --trust FILE to be sure",
}
_BAD = {0: "ok", 3: "warn", 5: "fail"}


def _draw(told: "Verification", origin: str) -> None:
    from tradebridge.cli.terminal import finding_lines

    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(told.kinds.items()))
    out(f"{bold(told.origin or 'no log')}   entries {told.first} to {told.size}")
    out(f"{mark('ok')} {told.opened:,} entries open with their record and salt: {kinds or 'none'}")
    if told.hidden or told.without_details:
        out(f"{mark('ok')} {told.hidden:,} hidden by retention, {told.without_details:,} without their details")
    if told.seen:
        out(f"{mark('ok')} the checkpoint is {told.seen}")
    if told.before:
        out(f"{mark('ok')} before them: {told.first:,} entries, root {told.before[:16]}…: as in the export before?")
    for line in finding_lines(told.findings):
        out(line)
    for each in told.remarks:
        out(f"{mark('warn')} {each.pointer}: {each.message} Found: {each.found}.")
    verdict = {0: "all of it holds", 3: "nothing false, but not all could be checked", 5: "something is false"}
    out(f"{mark(_BAD[told.exit_code])} {verdict[told.exit_code]}")
    if told.simulated:
        say(f"{mark('warn')} SIMULATION: test keys prove nothing outside it")
    if origin in _ORIGINS:
        say(f"{mark('warn')} {_ORIGINS[origin]}")


@command.command("report")
@click.argument("file", metavar="FILE", required=False)
@click.option("--thresholds", "thresholds_file", metavar="FILE", help="From where on it asks; else the built-in ones.")
@click.option(
    "--from", "first", type=click.IntRange(min=0), default=0, show_default=True, help="First entry, of a hub."
)
@hub_options
@json_option
def report(
    file: str | None,
    thresholds_file: str | None,
    first: int,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Count what was done, by person and by route, and list questions to ask: of FILE, an export, or else of the hub.

    A question is no finding against anybody. Check the export first: tb audit verify FILE.
    """
    from tradebridge.audit.facts import facts_of
    from tradebridge.audit.questions import BadThresholds, default_thresholds, thresholds_of
    from tradebridge.audit.report import report as report_of

    try:
        limits = thresholds_of(_text(thresholds_file)) if thresholds_file else default_thresholds()
    except BadThresholds as error:
        raise Failed(Exit.USAGE, f"{thresholds_file}: {error}", "The built-in ones: docs/evidence.md.") from error
    if file is not None:
        told = report_of(facts_of(_lines(file)), limits)
    else:
        with find(url, api_key, space).hub(OPERATOR) as hub:
            told = report_of(facts_of(_as_lines(hub.audit_export(first))), limits)
    if as_json:
        out_json(told)
    else:
        _draw_report(told)
    return Exit.OK


def _text(name: str) -> str:
    try:
        return read_bytes(name).decode()
    except UnicodeDecodeError as error:
        raise Failed(Exit.USAGE, f"{name} is no UTF-8", "Write it as TOML in UTF-8.") from error


def _as_lines(parts: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _draw_report(told: dict[str, Any]) -> None:
    out(f"{bold('record')}   entries {told['from']} to {told['size']}")
    for each in told["actors"]:
        took = "" if each["medianSeconds"] is None else f", median {each['medianSeconds']:g} s"
        who = f"{each['member']} {each['person']}".strip()
        out(f"  {who}: {each['decisions']} decisions{took}, {each['events']} events, {each['readings']} readings, "
            f"{each['commands']} commands")  # fmt: skip
    for each in told["routes"]:
        took = "" if each["medianSeconds"] is None else f", median {each['medianSeconds']:g} s"
        out(f"  {each['route']}: {each['decisions']} decisions, {each['rejected']} rejected{took}")
    out()
    out(told["note"])
    for each in told["questions"]:
        who = f"{each['member']} {each['person'] or each['apiKey']}".strip()
        about = f", {each['about']}" if each["about"] else ""
        out(f"{mark('ask')} {each['question']}: {who}{about}: {each['count']} of {each['of']}")
        out(f"       {each['ask']}")
        for one in each["examples"]:
            out(f"       entry {one['entry']}: {one['number'] or one['about']}, {one['what']}, {one['at']}")
    if not told["questions"]:
        out("No question at these thresholds.")
    if told["simulated"]:
        say(f"{mark('warn')} SIMULATION")


@command.command("key")
@click.option("--days", type=click.IntRange(1, 365), default=30, show_default=True, help="So long it holds.")
@hub_options
@json_option
def key(days: int, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Make an API key for an auditor: it may export the record, and nothing else."""
    with find(url, api_key, space).hub(OPERATOR) as hub:
        made = hub.add_audit_key(days * 86_400.0)
    if as_json:
        out_json(made)
    else:
        out(made["apiKey"])
        say(f"{mark('ok')} for {days} days; it is shown this once")
    return Exit.OK
