"""`tb sign`: put the issuer's signature on a document. XML gets an enveloped XAdES, JSON becomes a compact JWS.

Nothing of the content changes: what is signed is what the file holds.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tradebridge.cli.exits import Exit, Failed
from tradebridge.cli.moments import MOMENT
from tradebridge.cli.names import member_id
from tradebridge.cli.reading import read_bytes, write_bytes
from tradebridge.cli.terminal import mark, out_json, say
from tradebridge.cli.where import json_option

if TYPE_CHECKING:
    from tradebridge.evidence.signer import Signer

DOCUMENT_TYPE = "tradebridge-document+jws"


@click.command("sign")
@click.argument("file")
@click.option("--member", required=True, metavar="ID", help="Whose signature it is: SG-NSW, or sg.")
@click.option("--seed", metavar="SEED", help="Sign with the member's test key of this seed (simulation).")
@click.option("--key", "key_file", metavar="PEM", help="The private key: EC P-256 or Ed25519.")
@click.option("--cert", "certificate_file", metavar="PEM", help="The key's certificate.")
@click.option("--at", type=MOMENT, help="Time of signing instead of now.")
@click.option(
    "--timestamp", metavar="URL", help="Of XML: with a timestamp in the signature, asked for there (RFC 3161)."
)
@click.option("--output", "-o", default="-", metavar="FILE", help="Where to write; - is standard output.")
@json_option
def command(
    file: str,
    member: str,
    seed: str | None,
    key_file: str | None,
    certificate_file: str | None,
    at: datetime | None,
    timestamp: str | None,
    output: str,
    as_json: bool,
) -> Exit:
    """Sign the document in FILE (- is standard input) and write the signed one.

    Sign with your own key (--key and --cert), or in a simulation with a test key (--seed, default: that of the
    running world, else 42). With --timestamp it is XAdES B-T: whoever checks it has to trust that authority.
    """
    if as_json and output == "-":
        raise click.UsageError("--json needs --output FILE: standard output cannot hold both")
    who = member_id(member, "sender")
    signer = signer_of(who, seed, key_file, certificate_file)
    signed = sign_document(read_bytes(file), signer, at or datetime.now(UTC))
    if timestamp is not None:
        signed = _stamped(signed, timestamp)
    write_bytes(output, signed)
    if as_json:
        out_json({"output": output, "member": who, "kid": signer.kid, "bytes": len(signed)})
    else:
        say(f"{mark('ok')} signed by {signer.kid}" + (", a test key" if key_file is None else ""))
    return Exit.OK


def sign_document(data: bytes, signer: "Signer", at: datetime) -> bytes:
    """The signed form of an unsigned document. Refuses what is no document, and what has a signature."""
    from schemas.content import Syntax, open_content
    from schemas.findings import Finding
    from tradebridge.evidence.jws import sign as sign_jws
    from tradebridge.evidence.xades import sign as sign_xml

    content = open_content(data)
    if isinstance(content, Finding):
        raise Failed(Exit.INVALID, content.message, content.fix, code=content.code, findings=(content,))
    if content.seal is not None:
        raise Failed(
            Exit.USAGE, "the document has a signature already", "Send it as it is, or take the signature out first."
        )
    at = at.replace(microsecond=0)
    if content.syntax is Syntax.XML:
        return sign_xml(data, signer, at)
    return sign_jws(data, DOCUMENT_TYPE, signer, at).encode()


def _stamped(signed: bytes, url: str) -> bytes:
    """With the timestamp of an authority in its signature."""
    import httpx

    from tradebridge.evidence.timestamps import query
    from tradebridge.evidence.xades_time import stamped
    from tradebridge.outbound import context_for

    def ask(data: bytes) -> bytes:
        with httpx.Client(verify=context_for(url), trust_env=False, timeout=30) as client:
            headers = {"Content-Type": "application/timestamp-query"}
            return client.post(url, content=query(data).der, headers=headers).raise_for_status().content

    try:
        return stamped(signed, ask)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Failed(Exit.UNREACHABLE, f"no timestamp from {url}: {error}", "Ask another authority.") from error
    except ValueError as error:
        raise Failed(Exit.INVALID, f"no timestamp in this signature: {error}", "Only XML takes one.") from error


def signer_of(
    member: str,
    seed: str | None,
    key_file: str | None,
    certificate_file: str | None,
    purpose: str = "document",
) -> "Signer":
    """The key of the files, or the member's test key for this purpose: of `seed`, of the running world, else of 42."""
    if (key_file is None) != (certificate_file is None):
        raise click.UsageError("--key and --cert belong together")
    if key_file is not None and certificate_file is not None:
        if seed is not None:
            raise click.UsageError("either --seed or --key, not both")
        return _local_signer(member, key_file, certificate_file)
    from tradebridge.cli import running
    from tradebridge.cli.where import DEFAULT_SEED
    from tradebridge.evidence.simulation import test_signer

    world = running.find()
    return test_signer(seed or (world.seed if world else DEFAULT_SEED), member, purpose)


def _local_signer(member: str, key_file: str, certificate_file: str) -> "Signer":
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from tradebridge.evidence.signer import LocalSigner

    try:
        key = load_pem_private_key(read_bytes(key_file), password=None)
        certificate = x509.load_pem_x509_certificate(read_bytes(certificate_file))
    except (ValueError, TypeError) as error:
        raise Failed(
            Exit.SIGNATURE, f"cannot read the key: {error}", "Give both in PEM, the key without a password."
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise Failed(Exit.SIGNATURE, f"a {type(key).__name__} cannot sign", "Use an EC P-256 or Ed25519 key.")
    try:
        return LocalSigner(member, key, certificate)
    except ValueError as error:
        raise Failed(Exit.SIGNATURE, str(error), "Give the key and the certificate that belongs to it.") from error
