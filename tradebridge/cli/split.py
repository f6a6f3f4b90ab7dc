"""`tb split`: one certificate as several, where the recipient's system takes fewer items or bytes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tradebridge.cli.convert import read_file
from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.names import country_of, member_id
from tradebridge.cli.reading import write_bytes
from tradebridge.cli.terminal import mark, out, out_json, say
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.certificate.model import Certificate
    from schemas.certificate.split import Most
    from schemas.findings import Finding


@click.command("split")
@click.argument("file")
@click.option("--for", "recipient", metavar="ID", help="Who is to take it: the limits of its system count.")
@click.option("--most-items", type=click.IntRange(min=1), metavar="N", help="Items in one certificate.")
@click.option("--most-bytes", type=click.IntRange(min=1), metavar="N", help="Bytes of one certificate, as written.")
@click.option("--number", "numbers", multiple=True, metavar="NUMBER", help="Of each part, in their order.")
@click.option("--output", "-o", "folder", default=".", metavar="DIR", help="Where the parts are written.")
@json_option
def command(
    file: str,
    recipient: str | None,
    most_items: int | None,
    most_bytes: int | None,
    numbers: tuple[str, ...],
    folder: str,
    as_json: bool,
) -> Exit:
    """Write the certificate in FILE (- is standard input) as several that keep within limits.

    Without --number it says how many parts there would be. Each item goes into one part and is numbered anew; all else
    stands in every part. The parts are unsigned: who issues the certificates signs them.

    \b
      tb split large.xml --for sg
      tb split large.xml --for sg --number TH-1 --number TH-2 -o parts
    """
    from schemas.certificate.model import Certificate
    from schemas.certificate.split import lots
    from schemas.findings import Finding

    given = most_items is not None or most_bytes is not None
    if recipient is not None and given:
        raise click.UsageError("say the limits once: --for ID takes those of its system, --most-... gives your own")
    if recipient is None and not given:
        raise click.UsageError("say the limits: --for ID, or --most-items or --most-bytes")
    read, form = read_file(file)
    certificate = read.document
    if not isinstance(certificate, Certificate):
        raise Failed(Exit.INVALID, "only certificates are split", "Name a certificate of origin.")
    if form.id not in ("xml", "json"):
        raise click.UsageError(f"convert it first: tb convert {file} --to xml")
    places = lots(certificate, _most(form.id, recipient, most_items, most_bytes))
    if isinstance(places, Finding):
        raise _failed(places)
    if not numbers:
        return _plan(places, as_json)
    return _write(_parts(certificate, places, numbers), places, form.id, Path(folder), as_json)


def _most(form: str, recipient: str | None, items: int | None, size: int | None) -> "Most":
    """The limits: as given, of the written file; or of the recipient's system, in the form that it speaks."""
    from schemas.certificate.split import Most

    if recipient is not None:
        return _most_of(member_id(recipient, "recipient"))
    return Most(items, size, lambda part: len(_written(part, form)))


def _most_of(member: str) -> "Most":
    from datetime import UTC, datetime

    from adapters.port import Address, TooLarge, find_adapter
    from adapters.single_windows.countries import countries
    from schemas.certificate.split import Most

    country = countries().get(country_of(member, {}) or "")
    if country is None or country.limits.max_items is country.limits.max_bytes is None:
        raise Failed(Exit.USAGE, f"no limits of {member} are known", "Give them with --most-items or --most-bytes.")
    codec = find_adapter(country.style.value, country.code).codec
    address = Address("", "", "", member, datetime.now(UTC))

    def size(part: "Certificate") -> int:
        try:
            return len(codec.encode(part, address).data)
        except TooLarge as error:
            return error.size

    return Most(country.limits.max_items, country.limits.max_bytes, size)


def _parts(
    certificate: "Certificate", places: "Sequence[range]", numbers: tuple[str, ...]
) -> "tuple[Certificate, ...]":
    from pydantic import ValidationError

    from schemas.certificate.split import split
    from schemas.findings import Finding

    try:
        parts = split(certificate, places, numbers)
    except ValidationError as error:
        raise Failed(Exit.INVALID, f"a number cannot be used: {error.errors()[0]['msg']}") from error
    if isinstance(parts, Finding):
        raise _failed(parts)
    return parts


def _failed(found: "Finding") -> Failed:
    return Failed(Exit.INVALID, found.message, found.fix, code=found.code, findings=(found,))


def _plan(places: "Sequence[range]", as_json: bool) -> Exit:
    counts = [len(place) for place in places]
    if as_json:
        out_json({"ok": True, "parts": [{"items": count} for count in counts], "written": False})
    else:
        out(f"{mark('ok')} {len(places)} parts, of {', '.join(map(str, counts))} items")
        say(f"       give {len(places)} numbers to write them: --number, {len(places)} times")
    return Exit.OK


def _write(parts: "Sequence[Certificate]", places: "Sequence[range]", form: str, folder: Path, as_json: bool) -> Exit:
    folder.mkdir(parents=True, exist_ok=True)
    told = []
    for part, place in zip(parts, places, strict=True):
        path = folder / f"{part.number.replace('/', '_').replace(' ', '_')}.{form}"
        write_bytes(str(path), _written(part, form))
        told.append(
            {"number": part.number, "file": str(path), "items": len(place), "from": place.start + 1, "to": place.stop}
        )
    if as_json:
        out_json({"ok": True, "parts": told, "written": True})
        return Exit.OK
    for each in told:
        out(f"{mark('ok')} {each['file']}   items {each['from']} to {each['to']}")
    say(f"{mark('warn')} the parts are unsigned: who issues them signs them, and each counts its items from 1")
    return Exit.OK


def _written(part: "Certificate", form: str) -> bytes:
    from schemas.content import Syntax
    from schemas.registry import profile_of

    profile = profile_of(part.profile)
    if profile is None:
        raise LookupError(part.profile)
    return profile.encode[Syntax(form)](part)
