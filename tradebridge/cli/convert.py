"""`tb convert`: a document in another form, with what that form loses."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradebridge.cli.exits import Exit, Failed, exit_of_codes
from tradebridge.cli.formats import IDS, formats, sniffed
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.reading import read_bytes, write_bytes
from tradebridge.cli.rules import check_profile
from tradebridge.cli.terminal import finding_lines, mark, out_json, say
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from schemas.findings import Finding
    from schemas.losses import Loss
    from schemas.registry import Document
    from tradebridge.convert.format import Format, Read

SHOWN = 20
"""Losses that are told one by one."""


@click.command("convert")
@click.argument("file", required=False)
@click.option("--to", "to", type=click.Choice(IDS), required=True, help="The form to write.")
@click.option("--from", "from_", type=click.Choice(IDS), help="The form of FILE; else it is recognised.")
@click.option("--output", "-o", default="-", metavar="FILE", help="Where to write; - is standard output.")
@click.option("--template", metavar="PROFILE", help="Write an empty csv or xlsx of this profile, to be filled in.")
@click.option("--example", metavar="PROFILE", help="Take an example of this profile instead of a FILE.")
@click.option("--check", is_flag=True, help="Refuse a document that breaks a rule of its profile.")
@click.option("--at", type=MOMENT, help="With --check: judge dates as of this time instead of now.")
@json_option
def command(
    file: str | None,
    to: str,
    from_: str | None,
    output: str,
    template: str | None,
    example: str | None,
    check: bool,
    at: datetime | None,
    as_json: bool,
) -> Exit:
    """Write the document in FILE (- is standard input) in another form. What that form cannot carry is told as a loss.

    Signatures stay behind: a converted document is unsigned. In CSV and XLSX a finding names the cell. With --json the
    document must go to a file (--output).

    \b
      tb convert --example atiga-form-d/2022 --to xml
      tb convert --template atiga-form-d/2022 --to xlsx -o form-d.xlsx
      tb convert form-d.xlsx --to xml -o form-d.xml
    """
    if as_json and output == "-":
        raise click.UsageError("--json needs --output FILE: standard output has room for one of the two")
    if template is not None:
        return _template(template, to, output, file, as_json)
    if (file is None) == (example is None):
        raise click.UsageError("Name one of FILE, --example PROFILE and --template PROFILE.")
    read, form = read_file(file, from_, rules=check, at=at) if file is not None else _example(str(example))
    target = formats()[to]
    data, losses = _written(read.document, target, read.findings)
    write_bytes(output, data)
    if as_json:
        out_json(
            {
                "ok": True,
                "from": form.id,
                "to": target.id,
                "losses": [each.to_json() for each in losses],
                "findings": [each.to_json() for each in read.findings],
                "output": output,
            }
        )
        return Exit.OK
    _tell(read.findings, losses, target, output)
    return Exit.OK


def read_file(
    file: str, from_: str | None = None, *, rules: bool = False, at: datetime | None = None
) -> "tuple[Read, Format]":
    """The document in a file of any form, and which form that was. Raises `Failed` with all that is wrong."""
    from schemas.registry import Context
    from tradebridge.convert.format import read_with

    data = read_bytes(file)
    form = formats()[from_] if from_ else sniffed(data, file)
    read = read_with(form, data, Context(now=at or datetime.now(UTC)), rules=rules)
    refusing = [each.code for each in read.findings if each.refuses]
    if read.document is None or (rules and refusing):
        raise Failed(
            exit_of_codes(refusing) or Exit.INVALID,
            f"{file}: {len(refusing)} errors",
            "Mend what is named, and try again.",
            code=refusing[0] if refusing else "",
            findings=read.findings,
        )
    return read, form


def _example(profile: str) -> "tuple[Read, Format]":
    from schemas.registry import profile_of
    from tradebridge.convert.format import Read

    check_profile(profile)
    found = profile_of(profile)
    return Read(found.example() if found else None, ()), formats()["json"]


def _written(
    document: "Document | None", target: "Format", findings: "Sequence[Finding]"
) -> "tuple[bytes, tuple[Loss, ...]]":
    from tradebridge.convert.format import NoCertificate

    if document is None:
        raise Failed(Exit.INVALID, "there is no document to write", findings=findings)
    try:
        written = target.write(document)
    except NoCertificate as error:
        found = error.found
        raise Failed(Exit.INVALID, found.message, found.fix, code=found.code, findings=(found,)) from error
    return written.data, written.losses


def _tell(findings: "Sequence[Finding]", losses: "Sequence[Loss]", target: "Format", output: str) -> None:
    """Warnings and losses, on standard error: standard output may be the document."""
    for line in finding_lines(findings):
        say(line)
    for loss in losses[:SHOWN]:
        say(f"{mark('warn')} lost: {loss.pointer}  {loss.reason}")
    if len(losses) > SHOWN:
        say(f"{mark('warn')} and {len(losses) - SHOWN} more losses; --json lists all")
    if output != "-":
        say(f"{mark('ok')} {output}: {target.title}, {f'lost: {len(losses)}' if losses else 'nothing lost'}")


def _template(profile: str, to: str, output: str, file: str | None, as_json: bool) -> Exit:
    from tradebridge.convert.forms import agreement_of, template

    check_profile(profile)
    agreement = agreement_of(profile)
    if file is not None or to not in ("csv", "xlsx") or agreement is None:
        raise click.UsageError("--template takes the profile of a certificate and --to csv or xlsx, and no FILE")
    if to == "xlsx" and output == "-" and sys.stdout.isatty():
        raise click.UsageError("a workbook is no text: name a file with --output")
    write_bytes(output, template(agreement, to))
    if as_json:
        out_json({"ok": True, "profile": profile, "to": to, "output": output})
    elif output != "-":
        say(f"{mark('ok')} {Path(output).name}: {agreement.title}, to be filled in")
    return Exit.OK
