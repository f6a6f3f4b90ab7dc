"""`tb origin`: does a product originate? A cost statement calculated here, without a server."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tradebridge.cli.exits import Exit, Failed, exit_of_codes
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.reading import read_bytes
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import bold, dim, mark, out, out_findings, out_json
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from schemas.certificate.answer import Answer, Line, Trial
    from schemas.certificate.checking import Checked
    from schemas.certificate.origin import Determination
    from schemas.certificate.products import ProductRules

INDENT = " " * 7


@click.group("origin", cls=Suggesting)
def command() -> None:
    """Calculate whether products originate, from what they are made of and cost."""


@command.command("check")
@click.argument("file")
@click.option("--agreement", metavar="ID", help="Under this agreement instead of the one claimed, such as rcep.")
@click.option(
    "--rules",
    "table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your table of product-specific rules (TOML).",
)
@click.option("--at", type=MOMENT, help="Judge dates as of this time instead of now.")
@json_option
def check(file: str, agreement: str | None, table: Path | None, at: datetime | None, as_json: bool) -> Exit:
    """Calculate the cost statement in FILE (- is standard input). Nothing is sent.

    Exit code 0: what is claimed holds, for every product. 1: it does not, or there is not enough data. 4: the statement
    is not valid.
    """
    from schemas.certificate.checking import check_origin
    from schemas.registry import Context, profiles

    profiles()  # every family registers its codes
    context = Context(at or datetime.now(UTC), products=table_of(table))
    checked = check_origin(read_bytes(file), context, agreement)
    if as_json:
        out_json(checked.to_json())
    else:
        out_findings(checked.findings)
        _draw(checked)
    return _exit_of(checked)


@command.command("example")
@click.option("--agreement", metavar="ID", default="atiga", show_default=True, help="Under which origin is claimed.")
@click.option("--certificate", metavar="NUMBER", help="Number of the certificate that it belongs to.")
@json_option
def example(agreement: str, certificate: str | None, as_json: bool) -> Exit:
    """Write a valid cost statement, to change and check."""
    import json

    from schemas.certificate.statement import encode_statement, example_statement
    from schemas.certificate.statement_rules import known_agreements

    if agreement not in known_agreements():
        raise click.UsageError(f"There is no agreement {agreement!r}. There are: {', '.join(known_agreements())}.")
    exporter, importer = known_agreements()[agreement].example_route
    written = encode_statement(
        example_statement(agreement=agreement, exporter=exporter, importer=importer, certificate=certificate)
    )
    if as_json:
        out_json(json.loads(written))
    else:
        out(json.dumps(json.loads(written), ensure_ascii=False, indent=2))
    return Exit.OK


def table_of(path: Path | None) -> "ProductRules | None":
    from schemas.certificate.products import BadTable, read_products

    if path is None:
        return None
    try:
        return read_products(read_bytes(str(path)).decode())
    except UnicodeDecodeError as error:
        raise Failed(Exit.INVALID, f"{path} is not in UTF-8", "Save the table as UTF-8.") from error
    except BadTable as error:
        raise Failed(Exit.INVALID, f"{path}: {error}", "Mend the table at the places named.") from error


def _exit_of(checked: "Checked") -> Exit:
    from schemas.certificate.answer import Answer

    if checked.refused:
        return exit_of_codes(each.code for each in checked.findings if each.refuses)
    return Exit.OK if checked.claims is Answer.YES else Exit.CHECKS_FAILED


# --- For people ------------------------------------------------------------------------------------------------------

_MARKS = {"yes": "ok", "no": "fail", "not-enough-data": "warn"}


def _draw(checked: "Checked") -> None:
    if checked.agreement is None:
        out(f"{mark('fail')} not calculated: the statement is not valid")
        return
    out(f"{bold(checked.agreement.title)}")
    for found in checked.determinations:
        out()
        _draw_product(found, checked.agreement.source)


def _draw_product(found: "Determination", source: str) -> None:
    out(f"{bold(f'product {found.number}')}   {found.hs_code}   {found.description}")
    for line in found.materials:
        _draw_line(line, source)
    for trial in found.trials:
        _draw_trial(trial, source)
    out(f"{_mark(found.answer)} {bold(_verdict(found))}")
    if found.claim_answer is not None:
        out(f"{_mark(found.claim_answer)} {bold(f'claim {found.claim}: {_word(found.claim_answer)}')}")
    for text in _notes(found):
        out(f"{INDENT}{text}")


def _draw_trial(trial: "Trial", source: str) -> None:
    out(f"{_mark(trial.answer)} {trial.name}")
    for line in trial.lines:
        _draw_line(line, source)
    for gap in trial.missing:
        out(f"{INDENT}missing: {gap.what}" + (f"   {dim(gap.pointer)}" if gap.pointer else ""))


def _draw_line(line: "Line", source: str) -> None:
    clause = f"   {dim(f'{source} {line.says.clause} ({line.says.fidelity.value})')}" if line.says else ""
    out(f"{INDENT}{line.text}{clause}")


def _mark(answer: "Answer") -> str:
    return mark(_MARKS[answer.value])


def _word(answer: "Answer") -> str:
    return {"yes": "holds", "no": "does not hold", "not-enough-data": "not enough data"}[answer.value]


def _verdict(found: "Determination") -> str:
    if found.answer.value == "yes":
        return f"originates: {', '.join(found.qualifies)}"
    return "does not originate" if found.answer.value == "no" else "not enough data"


def _notes(found: "Determination") -> list[str]:
    notes: list[Any] = [
        f"by the operator's table: {found.rule}" if found.rule else "",
        f"supposing {found.supposes}" if found.supposes else "",
        "only by accumulation: the certificate must say so" if found.accumulated else "",
        "only by de minimis: the certificate must say so" if found.tolerated else "",
    ]
    return [note for note in notes if note]
