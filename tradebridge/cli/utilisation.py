"""`tb utilisation`: what is left of a certificate, item by item, and who drew what."""

from typing import Any

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.get import document_id
from tradebridge.cli.terminal import bold, columns, dim, out, out_json
from tradebridge.cli.where import find, hub_options, json_option

_SHOWN = 20
"""Draws; --json has up to 500."""


@click.command("utilisation")
@click.argument("document", metavar="ID")
@click.option("--member", metavar="ID", help="Ask as this member instead of as the operator.")
@hub_options
@json_option
def command(
    document: str, member: str | None, url: str | None, api_key: str | None, space: str | None, as_json: bool
) -> Exit:
    """Show what is left of the certificate ID (doc_..., or its number), and who drew what, newest first.

    A recipient draws by the event `utilised`: `tb event ID utilised`. A provisional draw holds its quantity until it
    is committed or released.
    """
    where = find(url, api_key, space)
    with where.hub_as(member, "recipient") as hub:
        account = hub.utilisation(document_id(hub, document), limit=500 if as_json else _SHOWN)
    if as_json:
        out_json(account)
        return Exit.OK
    out(f"{account['number']}   {account['document']}   {bold(account['state'])}")
    for line in columns(_items(account)):
        out(f"  {line}")
    for line in columns(_draws(account)):
        out(f"  {line}")
    if account["next"]:
        out(dim(f"  older draws: tb utilisation {document} --json"))
    return Exit.OK


def _items(account: dict[str, Any]) -> list[tuple[str, ...]]:
    head = tuple(dim(word) for word in ("item", "total", "drawn", "held", "left", "unit"))
    rows = [
        (str(each["number"]), each["total"], each["drawn"], each["held"], each["left"], each["unit"])
        for each in account["items"]
    ]
    return [head, *rows]


def _draws(account: dict[str, Any]) -> list[tuple[str, ...]]:
    return [(each["at"], each["member"], each["state"], _by(each), _goods(each["items"])) for each in account["draws"]]


def _by(draw: dict[str, Any]) -> str:
    """The declaration, or the back-to-back certificate."""
    return str(draw["declaration"]["reference"]) if "declaration" in draw else f"back-to-back {draw['document']}"


def _goods(items: list[dict[str, Any]]) -> str:
    shown = [f"{each['quantity']['value']} {each['quantity']['unit']} of item {each['number']}" for each in items[:3]]
    return ", ".join(shown) + (f" and {len(items) - 3} more" if len(items) > 3 else "")
