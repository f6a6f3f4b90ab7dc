"""`tb explain`: a code of the catalogue, for people."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.terminal import bold, columns, out, out_json
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemas.findings import Kind

_FIDELITY = {
    "exact": "taken from the text named",
    "modelled": "modelled: the real thing is known in outline only",
    "invented": "invented here: no law says so",
}


@click.command("explain")
@click.argument("code")
@click.option(
    "--sample",
    type=click.Choice(["passing", "failing"]),
    help="Print this sample of the rule instead: a whole document, for tb validate.",
)
@json_option
def command(code: str, sample: str | None, as_json: bool) -> Exit:
    """Say what CODE means, where it comes from, and what to do. A family (syntax) lists its codes."""
    from tradebridge.cli import catalogue

    if sample is not None:
        return _print_sample(code, sample)
    kinds = catalogue.load()
    family = {known: kind for known, kind in kinds.items() if kind.family == code}
    if code in kinds:
        _one(kinds[code], as_json)
    elif family:
        _family(family, as_json)
    else:
        near = [known for known in kinds if known.startswith(code)][:3] or get_close_matches(code, kinds, 3, 0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else "`tb rules` lists all codes."
        raise Failed(Exit.USAGE, f"there is no code {code!r}", hint)
    return Exit.OK


def _one(kind: "Kind", as_json: bool) -> None:
    from schemas.samples import rule_json
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
    for line in _samples(rule_json(kind.code)):
        out(f"  {line}".rstrip())


def _samples(rule: "Mapping[str, Any]") -> "Iterator[str]":
    """Both samples of a rule, as changes to the example of its profile."""
    if not rule:
        return
    shown = rule["samples"]
    variant = f" (variant {shown['variant']})" if "variant" in shown else ""
    yield ""
    yield f"passes: the example of {shown['profile']}{variant}{', with' if shown['passing'] else ''}"
    yield from (f"  {_change(change)}" for change in shown["passing"])
    yield "fails: that, with"
    yield from (f"  {_change(change)}" for change in shown["failing"])
    for name, beside in shown.get("beside", {}).items():
        known = beside[0]["rule"] if name == "products" else f"{beside['profile']}, {beside['state']}"
        yield f"beside it: {name} ({known})"


def _change(change: "Mapping[str, Any]") -> str:
    import json

    if change["op"] == "remove":
        return f"without {change['path']}"
    value = json.dumps(change["value"], ensure_ascii=False)
    return f"{change['path']} = {value if len(value) <= 90 else value[:87] + '...'}"


def _print_sample(code: str, sample: str) -> Exit:
    from schemas.content import Syntax
    from schemas.registry import profiles
    from schemas.samples import rules_by_code, samples_of

    rules = rules_by_code().get(code)
    if not rules:
        raise Failed(Exit.USAGE, f"{code} is the code of no rule of documents", "`tb rules` lists all codes.")
    profile = min(rules[0].profiles)
    document = getattr(samples_of(rules[0], profile), sample)
    out(profiles()[profile].encode[Syntax.JSON](document).decode())
    return Exit.OK


def _family(family: "dict[str, Kind]", as_json: bool) -> None:
    from tradebridge.cli.catalogue import kind_json

    if as_json:
        out_json({"items": [kind_json(kind) for kind in family.values()]})
        return
    for line in columns((code, kind.sentence) for code, kind in family.items()):
        out(line)
