"""`tb diff`: what two documents say differently, box by box, whatever form each is in."""

from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.convert import read_file
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.terminal import bold, columns, mark, out, out_json
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from schemas.registry import Document
    from tradebridge.convert.difference import Difference

_WIDEST = 60


@click.command("diff")
@click.argument("first")
@click.argument("second")
@json_option
def command(first: str, second: str, as_json: bool) -> Exit:
    """Compare what the documents in two files say. Syntax, order and signatures do not count, nor does 10.50 for 10.5.

    Exit code 0: they say the same. 1: they differ.
    """
    from tradebridge.convert.difference import compare

    found = compare(_document(first), _document(second))
    if as_json:
        out_json({"same": not found, "differences": [each.to_json() for each in found]})
    else:
        _draw(found)
    return Exit.CHECKS_FAILED if found else Exit.OK


def _document(file: str) -> "Document":
    document = read_file(file)[0].document
    if document is None:
        raise Failed(Exit.INVALID, f"{file}: no document")
    return document


def _draw(found: "tuple[Difference, ...]") -> None:
    if not found:
        out(f"{mark('ok')} both say the same")
        return
    rows = [(bold("BOX"), bold("WHAT"), bold("FIRST"), bold("SECOND"))]
    rows += [
        (each.box, f"{each.label}{_entry(each.pointer)}", _shown(each.first), _shown(each.second)) for each in found
    ]
    for line in columns(rows):
        out(line)


def _entry(pointer: str) -> str:
    """Which entry of a list, as people count."""
    step = pointer.split("/")[2:3]
    if not step:
        return ""
    return (
        f" [{int(step[0]) + 1}]" if step[0].isdigit() else f" [{step[0].partition('=')[2]}]" if "=" in step[0] else ""
    )


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        value = value.get("description") or value.get("number") or "there"
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value).replace("\n", ", ")
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
