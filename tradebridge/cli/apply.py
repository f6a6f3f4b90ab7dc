"""`tb apply`: apply to an issuing authority for a certificate of origin.

The certificate as it shall be stands in a file (XML or JSON, unsigned); its number and certification are the
authority's, and are left out. The rules of the certificate are checked first: what would be refused is not applied for.
"""

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

import click

from tradebridge.cli.exits import Exit, Failed, exit_of_codes
from tradebridge.cli.names import member_id
from tradebridge.cli.reading import read_bytes, write_bytes
from tradebridge.cli.terminal import mark, out, out_findings, out_json, say
from tradebridge.cli.where import Where, find, hub_options, json_option

if TYPE_CHECKING:
    from schemas.certificate.application import Application


@click.command("apply")
@click.argument("file")
@click.option("--from", "sender", metavar="ID", help="The platform that applies for the exporter.")
@click.option("--to", "authority", metavar="ID", help="The issuing authority.")
@click.option("--number", metavar="NUMBER", help="The applicant's own reference; else a new one.")
@click.option("--applicant", metavar="NAME", help="Who applies; else the exporter.")
@click.option("--person", metavar="NAME", help="Who answers questions; else the signatory of the declaration.")
@click.option("--statement", metavar="NUMBER", help="The cost statement that shows how the goods qualify.")
@click.option("--output", "-o", metavar="FILE", help="Write the application there, and send nothing.")
@hub_options
@json_option
def command(
    file: str,
    sender: str | None,
    authority: str | None,
    number: str | None,
    applicant: str | None,
    person: str | None,
    statement: str | None,
    output: str | None,
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Apply for the certificate in FILE (- is standard input).

    \b
    tb apply draft.xml --from EXPORT-PLATFORM --to jcci --statement CS-1
    tb event APP-2026-1 issued --certificate JP-2026-00041
    """
    where = find(url, api_key, space)
    application = _application(read_bytes(file), where.now(), number, applicant, person, statement)
    exit_code = _checked(application, where.now(), as_json=as_json)
    if exit_code is not Exit.OK:
        return exit_code
    from schemas.certificate.application import encode

    data = encode(application)
    if output is not None:
        write_bytes(output, data)
        say(f"{mark('ok')} {application.number} written, not sent")
        return Exit.OK
    if sender is None or authority is None:
        raise click.UsageError("say who applies and to whom: --from ID --to ID, or --output FILE to send nothing")
    return _send(where, data, member_id(sender, "sender"), member_id(authority, "sender"), as_json)


def _application(
    data: bytes, now: datetime, number: str | None, applicant: str | None, person: str | None, statement: str | None
) -> "Application":
    from schemas.certificate.application import PROFILE, Applicant, Application, Draft
    from schemas.certificate.model import Certificate
    from schemas.registry import Context, read

    reading = read(data, Context(now))
    certificate = reading.document
    if not isinstance(certificate, Certificate):
        raise Failed(
            Exit.INVALID,
            "the file is no certificate of origin that can be read",
            "Mend what the findings name; an example: tb send --example form-d --dry-run",
            findings=[each for each in reading.findings if each.refuses],
        )
    return Application(
        profile=PROFILE,
        number=number or f"APP-{now.year}-{secrets.randbelow(10**8):08d}",
        date=now.date(),
        applicant=Applicant(
            name=applicant or certificate.exporter.name, person=person or certificate.declaration.signatory
        ),
        certificate=Draft.of(certificate),
        cost_statement=statement,
    )


def _checked(application: "Application", now: datetime, *, as_json: bool) -> Exit:
    """What the rules of the certificate say of it. Anything that refuses ends the command."""
    from schemas.certificate.application import check
    from schemas.registry import Context

    findings = check(application, Context(now))
    refusing = [each for each in findings if each.refuses]
    if refusing and as_json:
        out_json({"valid": False, "findings": [each.to_json() for each in findings]})
    elif findings and not as_json:
        out_findings(findings)
    return exit_of_codes(each.code for each in refusing)


def _send(where: Where, data: bytes, sender: str, authority: str, as_json: bool) -> Exit:
    from tradebridge.cli.sign import sign_document

    if where.seed is not None:
        from tradebridge.evidence.simulation import test_signer

        data = sign_document(data, test_signer(where.seed, sender, "document"), where.now())
    with where.hub(sender) as hub:
        accepted = hub.submit(data, [authority])
    if as_json:
        out_json({**accepted.raw, "replayed": accepted.replayed})
        return Exit.OK
    out(f"{mark('ok')} applied     {accepted.number} at {authority}, receipt signed by the hub")
    out(f"{accepted.id}   tb get {accepted.id} --as timeline")
    return Exit.OK
