"""`tb evidence`: all that proves a document, in one file."""

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.get import ON_RECORD, document_id
from tradebridge.cli.reading import write_bytes
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import mark, out, out_json, say
from tradebridge.cli.where import find, hub_options, json_option


@click.group("evidence", cls=Suggesting)
def command() -> None:
    """Evidence bundles: one file that proves a document without the hub."""


@command.command("get")
@click.argument("document", metavar="ID")
@click.option("--output", "-o", metavar="FILE", help="Where to write; - is standard output. Else ID.asice, here.")
@click.option(
    "--wait", type=float, default=ON_RECORD, show_default=True, help="Seconds for log and witnesses to take it in."
)
@click.option("--newest", is_flag=True, help="For the newest checkpoint, with all that came since the first one.")
@click.option("--member", metavar="ID", help="Ask as this member instead of as the operator.")
@hub_options
@json_option
def get(
    document: str,
    output: str | None,
    wait: float,
    newest: bool,
    member: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Fetch the bundle of the document ID (doc_..., or its number).

    It is an ASiC-E container: any ZIP program opens it, and READ-ME.txt in it says what is there. `tb verify FILE`
    checks it. It is made for the first checkpoint of the log that covers the document, and is the same each time.
    """
    where = find(url, api_key, space)
    with where.hub_as(member, "sender") as hub:
        name = document_id(hub, document)
        bundle = hub.bundle(name, wait=wait, newest=newest)
    path = output or f"{name}.asice"
    write_bytes(path, bundle.data)
    if as_json and path != "-":
        out_json({"file": path, "document": name, "bytes": len(bundle.data)})
    elif path != "-":
        say(f"{mark('ok')} {path}, {len(bundle.data):,} bytes. Check it: tb verify {path}")
    return Exit.OK


@command.command("timestamp")
@click.argument("document", metavar="ID")
@click.option("--member", metavar="ID", help="Ask as this member instead of as the operator.")
@hub_options
@json_option
def timestamp(
    document: str, member: str | None, url: str | None, api_key: str | None, space: str | None, as_json: bool
) -> Exit:
    """Have a timestamp authority date the document ID (doc_..., or its number), over its bytes as received.

    The hub asks; the authority sees a digest only. The first timestamp stays, and is in the evidence from now on.
    """
    where = find(url, api_key, space)
    with where.hub_as(member, "sender") as hub:
        told = hub.timestamp(document_id(hub, document))
    if as_json:
        out_json(told)
    else:
        out(f"{mark('ok')} {told['authority']} dates it {told['at']}: SHA-256 {told['bytesDigest']}")
    return Exit.OK
