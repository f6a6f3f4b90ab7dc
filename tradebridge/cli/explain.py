"""`tb explain`: a code of the catalogue, for people."""

from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.terminal import bold, columns, out, out_json
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from schemas.findings import Kind

_FIDELITY = {
    "exact": "taken from the text named",
    "modelled": "modelled: the real thing is known in outline only",
    "invented": "invented here: no law says so",
}


@click.command("explain")
@click.argument("code")
@json_option
def command(code: str, as_json: bool) -> Exit:
    """Say what CODE means, where it comes from, and what to do. A family (syntax) lists its codes."""
    from tradebridge.cli import catalogue

    kinds = catalogue.load()
    family = {known: kind for known, kind in kinds.items() if kind.family == code}
    if code in kinds:
        _one(kinds[code], as_json)
    elif family:
        _family(family, as_json)
    else:
        near = get_close_matches(code, kinds, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else "`tb rules` lists all codes."
        raise Failed(Exit.USAGE, f"there is no code {code!r}", hint)
    return Exit.OK


def _one(kind: "Kind", as_json: bool) -> None:
    from tradebridge.cli.catalogue import kind_json, profiles_of

    profiles = profiles_of(kind.code)
    if as_json:
        out_json({**kind_json(kind), "profiles": profiles})
        return
    out(f"{bold(kind.code)}   {kind.severity.value}, HTTP status {kind.status}")
    out(f"  {kind.sentence}")
    out()
    rows = [
        ("do", kind.fix),
        ("clause", ", ".join(part for part in (kind.source, kind.clause) if part)),
        ("fidelity", _FIDELITY[kind.fidelity.value]),
        *([("a rule of", ", ".join(profiles))] if profiles else []),
    ]
    for line in columns(rows):
        out(f"  {line}")


def _family(family: "dict[str, Kind]", as_json: bool) -> None:
    from tradebridge.cli.catalogue import kind_json

    if as_json:
        out_json({"items": [kind_json(kind) for kind in family.values()]})
        return
    for line in columns((code, kind.sentence) for code, kind in family.items()):
        out(line)
