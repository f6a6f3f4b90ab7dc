"""`tb retention`: how long documents are kept, deleting what is due, and holding what is not to be deleted."""

from typing import Any

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.get import document_id
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import mark, out, out_json
from tradebridge.cli.where import OPERATOR, find, hub_options, json_option

_REASON = click.option("--reason", metavar="TEXT", required=True, help="Why; it goes on the record.")


@click.group("retention", cls=Suggesting)
def command() -> None:
    """How long documents are kept, and deleting them on the record."""


@command.command("show")
@hub_options
@json_option
def show(url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Show the years of each profile, and what is held."""
    with find(url, api_key, space).hub(OPERATOR) as hub:
        told = hub.retention()
    if as_json:
        out_json(told)
        return Exit.OK
    for each in told["profiles"]:
        out(f"{each['years']:>3} years   {each['profile']}{' (setting)' if each['source'] == 'setting' else ''}")
    out(f"{told['readingYears']:>3} years   who looked at which document")
    out("deleted once a day by the hub's clock" if told["byTheClock"] else "deleted when told: tb retention run")
    for each in told["held"]:
        out(f"held    {each['document']} since {each['at']}: {each['reason']}")
    return Exit.OK


@command.command("run")
@click.option("--pretend", is_flag=True, help="Only say what would be deleted.")
@hub_options
@json_option
def run(pretend: bool, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Delete what is past its years. Each deletion is a record of the log, and all proofs still stand."""
    with find(url, api_key, space).hub(OPERATOR) as hub:
        told = hub.run_retention(pretend=pretend)
    if as_json:
        out_json(told)
        return Exit.OK
    verb = "would be deleted" if pretend else "deleted"
    for each in told["deleted"]:
        out(f"{verb}: {each['document']} {each['number'] or ''}, {each['profile']}, last spoken of {each['last']}")
    for each in told["kept"]:
        out(f"kept: {each['document']} {each['number'] or ''}, {each.get('kept') or 'it changed meanwhile'}")
    gone = f"{len(told['deleted'])} documents and {told['readings']} readings"
    out(f"{mark('ok')} {gone} {verb}, {len(told['kept'])} kept")
    return Exit.OK


@command.command("hold")
@click.argument("document", metavar="ID")
@_REASON
@hub_options
@json_option
def hold(document: str, reason: str, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Keep the document ID (doc_..., or its number) beyond its years."""
    with find(url, api_key, space).hub(OPERATOR) as hub:
        return _told(hub.hold(document_id(hub, document), reason), as_json)


@command.command("release")
@click.argument("document", metavar="ID")
@_REASON
@hub_options
@json_option
def release(document: str, reason: str, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Hold the document ID no longer."""
    with find(url, api_key, space).hub(OPERATOR) as hub:
        return _told(hub.release(document_id(hub, document), reason), as_json)


def _told(answer: dict[str, Any], as_json: bool) -> Exit:
    if as_json:
        out_json(answer)
    else:
        out(f"{mark('ok')} {answer['document']} is {'held' if answer['held'] else 'let go'}: {answer['reason']}")
    return Exit.OK
