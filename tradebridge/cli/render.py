"""`tb render`: a certificate or transport document as on paper, HTML or PDF: of a file, or of one that a hub has."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.reading import read_bytes, write_bytes
from tradebridge.cli.terminal import mark, out_json, say
from tradebridge.cli.where import find, hub_options, json_option

if TYPE_CHECKING:
    from schemas.findings import Finding

FORMS = {"html": "text/html", "pdf": "application/pdf"}
NOT_ISSUED = "NOT ISSUED"
"""Across a form that was made from a file: nobody accepted it."""


@click.command("render")
@click.argument("document", metavar="FILE|ID")
@click.option("--as", "form", type=click.Choice(list(FORMS)), help="HTML or PDF; else as the output's name says.")
@click.option("--output", "-o", default="-", metavar="FILE", help="Where to write; - is standard output.")
@click.option("--member", metavar="ID", help="Ask the hub as this member instead of as the operator.")
@hub_options
@json_option
def command(
    document: str,
    form: str | None,
    output: str,
    member: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Draw a certificate as its paper form, box by box, or a transport document with all its fields.

    A FILE may be in any form that `tb convert` reads; it is drawn as NOT ISSUED, without a code. A document of the hub
    (doc_..., or its number) is drawn by the hub, with the QR code by which whoever holds the paper can check it.
    """
    chosen = form or ("pdf" if output.lower().endswith(".pdf") else "html")
    if output == "-" and (as_json or (chosen == "pdf" and sys.stdout.isatty())):
        raise click.UsageError("Name a file with --output: standard output has no room for it.")
    if document == "-" or Path(document).exists():
        data = _from_file(document, chosen)
    else:
        data = _from_hub(document, chosen, member, url, api_key, space)
    write_bytes(output, data)
    if as_json:
        out_json({"ok": True, "document": document, "as": chosen, "output": output, "bytes": len(data)})
    elif output != "-":
        say(f"{mark('ok')} {output}: {len(data):,} bytes")
    return Exit.OK


def _from_hub(
    document: str, form: str, member: str | None, url: str | None, api_key: str | None, space: str | None
) -> bytes:
    from tradebridge.cli.get import document_id

    where = find(url, api_key, space)
    with where.hub_as(member, "sender") as hub:
        return hub.get(document_id(hub, document), accept=FORMS[form]).data


def _from_file(file: str, form: str) -> bytes:
    from schemas.findings import Finding
    from tradebridge.cli.convert import read_file
    from tradebridge.render.form import Standing, page_of
    from tradebridge.render.html import html_of
    from tradebridge.render.paper import paper_of
    from tradebridge.render.pdf import pdf_of

    document = read_file(file)[0].document
    if document is None:
        raise Failed(Exit.INVALID, f"{file}: no document")
    drawn = paper_of(document, Standing(marks=(NOT_ISSUED,)))
    if isinstance(drawn, Finding):
        raise _refused(drawn)
    if form == "pdf":
        made = pdf_of(drawn, _signed(file))
        if isinstance(made, Finding):
            raise _refused(made)
        return made
    page = page_of(drawn, None)
    if isinstance(page, Finding):
        raise _refused(page)
    return html_of(drawn, page, simulated=False)


def _signed(file: str) -> bytes | None:
    """The document of the file as it is, to travel inside the PDF: if it is one that somebody has signed."""
    from schemas.content import open_content
    from schemas.findings import Finding

    if file == "-":
        return None
    content = open_content(read_bytes(file))
    return None if isinstance(content, Finding) or content.seal is None else content.received


def _refused(found: "Finding") -> Failed:
    return Failed(Exit.INVALID, found.message, found.fix, code=found.code, findings=(found,))
