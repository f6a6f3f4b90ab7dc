"""`tb validate`: what is wrong with a document, all at once, without a server. The same engine as the hub's.

Signatures are not judged here: that needs keys (`tb verify`, or the hub).
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradebridge.cli.exits import Exit, exit_of_codes
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.reading import read_bytes
from tradebridge.cli.rules import check_profile
from tradebridge.cli.terminal import mark, out, out_findings, out_json
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from schemas.registry import Reading


@click.command("validate")
@click.argument("file")
@click.option("--profile", metavar="ID", help="The profile it must be of; else it is recognised.")
@click.option("--at", type=MOMENT, help="Judge dates as of this time instead of now.")
@click.option(
    "--rules",
    "table",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Your table of product-specific rules (TOML).",
)
@json_option
def command(file: str, profile: str | None, at: datetime | None, table: Path | None, as_json: bool) -> Exit:
    """Check the document in FILE (- is standard input): syntax, codes, rules. Nothing is sent.

    Exit code 0: valid, perhaps with warnings. 4: not valid.
    """
    reading = read(read_bytes(file), at or datetime.now(UTC), profile, table)
    exit_code = exit_of_codes(each.code for each in reading.findings if each.refuses)
    if as_json:
        out_json(summary(reading))
        return exit_code
    out_findings(reading.findings)
    out(_verdict(reading))
    return exit_code


def read(data: bytes, now: datetime, profile: str | None = None, table: Path | None = None) -> "Reading":
    """Read the document. A profile that does not exist is an error of usage, with the nearest one."""
    from schemas import registry
    from tradebridge.cli.origin import table_of

    if profile is not None:
        check_profile(profile)
    return registry.read(data, registry.Context(now=now, products=table_of(table)), profile)


def summary(reading: "Reading") -> dict[str, object]:
    """The members of POST /v1/documents:validate that need no keys."""
    content = reading.content
    return {
        "valid": not reading.refused,
        "profile": reading.profile.id if reading.profile else None,
        "number": reading.document.number if reading.document else None,
        "bytesDigest": content.bytes_digest if content else None,
        "contentDigest": content.content_digest if content else None,
        "signed": content is not None and content.seal is not None,
        "rules": rules_run(reading),
        "findings": [each.to_json() for each in reading.findings],
    }


def rules_run(reading: "Reading") -> int:
    """How many rules judged the document; 0 where it could not be read so far."""
    from tradebridge.cli.catalogue import rules_of

    return len(rules_of(reading.profile.id)) if reading.profile and reading.document else 0


def _verdict(reading: "Reading") -> str:
    errors = sum(each.refuses for each in reading.findings)
    warnings = len(reading.findings) - errors
    counts = [_count(errors, "error"), _count(warnings, "warning")]
    counted = ", ".join(text for text in counts if text) or f"checked by {rules_run(reading)} rules"
    if reading.refused:
        return f"{mark('fail')} not valid: {counted}"
    named = "   ".join(text for text in (_name(reading), counted) if text)
    return f"{mark('warn' if warnings else 'ok')} valid   {named}"


def _name(reading: "Reading") -> str:
    profile = reading.profile.id if reading.profile else ""
    number = reading.document.number if reading.document else None
    return f"{profile}   {number}" if number else profile


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""
