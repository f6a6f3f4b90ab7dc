"""`tb rules`: what is checked, as a table, as JSON, or as Markdown."""

from typing import TYPE_CHECKING

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.terminal import bold, columns, out, out_json
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from schemas.findings import Kind


@click.command("rules")
@click.option("--family", metavar="NAME", help="Only the codes of this family, such as syntax.")
@click.option("--profile", metavar="ID", help="Only the rules of this profile, in the order in which they run.")
@click.option("--profiles", is_flag=True, help="List the profiles instead.")
@click.option("--markdown", is_flag=True, help="As the reference page has it.")
@json_option
def command(family: str | None, profile: str | None, profiles: bool, markdown: bool, as_json: bool) -> Exit:
    """List all that can be found in a document or a request: codes, clauses, sources, fidelity."""
    from tradebridge.cli import catalogue

    if profiles:
        return _profiles(as_json)
    kinds = _kinds(family, profile)
    if as_json:
        out_json({"items": [catalogue.kind_json(kind) for kind in kinds]})
    elif markdown:
        out(page(kinds))
    else:
        _draw(kinds)
    return Exit.OK


def _kinds(family: str | None, profile: str | None) -> "list[Kind]":
    from tradebridge.cli import catalogue

    if profile is not None:
        check_profile(profile)
        kinds = list(dict.fromkeys(rule.kind for rule in catalogue.rules_of(profile)))
    else:
        kinds = list(catalogue.load().values())
    if family is None:
        return kinds
    families = sorted({kind.family for kind in kinds})
    if family not in families:
        raise click.UsageError(f"There is no family {family!r}. There are: {', '.join(families)}.")
    return [kind for kind in kinds if kind.family == family]


def check_profile(profile: str) -> None:
    """A profile that does not exist is an error of usage, with the nearest one."""
    from difflib import get_close_matches

    from schemas import registry

    if registry.profile_of(profile) is None:
        near = get_close_matches(profile, registry.profiles(), n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]}?" if near else " `tb rules --profiles` lists them."
        raise click.UsageError(f"There is no profile {profile!r}.{hint}")


def _draw(kinds: "list[Kind]") -> None:
    rows = [(bold("CODE"), bold("SEVERITY"), bold("FIDELITY"), bold("WHAT"))]
    rows += [(kind.code, kind.severity.value, kind.fidelity.value, kind.sentence) for kind in kinds]
    for line in columns(rows):
        out(line)


def page(kinds: "list[Kind]") -> str:
    """The catalogue as Markdown: a heading for each family, a row for each code."""
    lines: list[str] = []
    for family in sorted({kind.family for kind in kinds}):
        lines += [
            f"## {family}",
            "",
            "| code | severity | what | do | source | fidelity |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        lines += [_row(kind) for kind in kinds if kind.family == family]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _row(kind: "Kind") -> str:
    source = ", ".join(part for part in (kind.source, kind.clause) if part)
    cells = (f"`{kind.code}`", kind.severity.value, kind.sentence, kind.fix, source, kind.fidelity.value)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _profiles(as_json: bool) -> Exit:
    from schemas import registry

    found = registry.profiles().values()
    if as_json:
        out_json({"items": [{"id": each.id, "title": each.title, "family": each.family} for each in found]})
        return Exit.OK
    for line in columns((each.id, each.title, " or ".join(each.syntaxes)) for each in found):
        out(line)
    return Exit.OK
