"""Who the kit is: two eBL platforms, a carrier, and a stranger whose key nobody trusts.

1. Platform A signs with ES256, platform B with PS256: a system under test meets both.
2. Fresh keys for a run against our own platforms; for somebody else's they are kept in a folder (`prepare`), so that
   the certificates can be exchanged beforehand, as PINT's platforms do.
3. All keys are test keys; the ES256 certificates carry the marker by which pilot mode refuses them.
"""

import json
import secrets
import socket
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from tradebridge.ebl.seal import ES256, PS256, Key, RsaKey
from tradebridge.evidence.simulation import TEST_MARKER, VALID_FROM, VALID_UNTIL, test_signer

CODE_A, CODE_B, CARRIER = "KITA", "KITB", "KITC"
"""Invented. For a system that knows the platforms of DCSA's list only, others stand in its file: `A = { code = ...`."""
CARRIER_NAME = "Kit Line (simulated carrier)"


@dataclass(frozen=True)
class KitPlatform:
    """One platform that the kit plays."""

    code: str
    name: str
    key: Key = field(repr=False)
    token_out: str = field(repr=False)
    """What it shows to the system under test."""
    token_in: str = field(repr=False)
    """What the system under test shows to it."""

    @property
    def pem(self) -> str:
        """Its certificate."""
        return self.key.certificate.public_bytes(Encoding.PEM).decode("ascii")

    @property
    def user(self) -> dict[str, Any]:
        """Its one user: the Party of a transaction."""
        return party(f"Trader on {self.code} (simulated)", self.code, f"{self.code}-TRADER")


@dataclass(frozen=True)
class Identities:
    """Everybody that the kit plays."""

    a: KitPlatform
    """ES256."""
    b: KitPlatform
    """PS256."""
    carrier_code: str
    carrier: Key = field(repr=False)
    stranger: Key = field(repr=False)

    @property
    def platforms(self) -> tuple[KitPlatform, KitPlatform]:
        return (self.a, self.b)

    @property
    def carrier_pem(self) -> str:
        """The certificate of the carrier."""
        return self.carrier.certificate.public_bytes(Encoding.PEM).decode("ascii")

    def carrier_on(self, platform: KitPlatform) -> dict[str, Any]:
        """The carrier as the actor of ISSUE: it acts on the platform that it issues by."""
        return party(CARRIER_NAME, platform.code, self.carrier_code)


def party(name: str, platform: str, code: str, provider: str = "ZZZ") -> dict[str, Any]:
    """A Party as PINT writes it; `ZZZ` is 'mutually defined'."""
    codes = [{"codeListProvider": provider, "partyCode": code}]
    return {"partyName": name, "eblPlatform": platform, "identifyingCodes": codes}


def fresh(code_a: str = CODE_A, code_b: str = CODE_B, carrier: str = CARRIER) -> Identities:
    """New keys, for one run."""
    return _identities(secrets.token_hex(16), _new_rsa(), code_a, code_b, carrier)


def prepare(folder: Path) -> None:
    """Make the kit's keys and certificates in a folder, once; what is there is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "keys.json"
    if not kept.exists():
        pem = _new_rsa().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
        kept.touch(mode=0o600)
        kept.write_text(json.dumps({"seed": secrets.token_hex(16), "rsa": pem}), "utf-8")
    kit = load(folder)
    for name, pem in (("A", kit.a.pem), ("B", kit.b.pem), ("carrier", kit.carrier_pem)):
        (folder / f"{name}.pem").write_text(pem, "ascii")


def load(folder: Path, code_a: str = CODE_A, code_b: str = CODE_B, carrier: str = CARRIER) -> Identities:
    """The kit of a folder that `prepare` made. Raises OSError, ValueError or KeyError if there is none."""
    kept = json.loads((folder / "keys.json").read_text("utf-8"))
    key = load_pem_private_key(kept["rsa"].encode("ascii"), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the kit's key of platform B is no RSA key")
    return _identities(kept["seed"], key, code_a, code_b, carrier)


def tokens(seed: str, code: str) -> tuple[str, str]:
    """The two bearer tokens of a kit platform: out and in."""
    return f"kit-{seed[:8]}-{code}-out", f"kit-{seed[:8]}-{code}-in"


def _identities(seed: str, key: rsa.RSAPrivateKey, code_a: str, code_b: str, carrier: str) -> Identities:
    return Identities(
        KitPlatform(code_a, "Kit platform A (simulated)", test_signer(seed, code_a, "pint"), *tokens(seed, code_a)),
        KitPlatform(
            code_b, "Kit platform B (simulated)", RsaKey(key, _certificate(key, code_b)), *tokens(seed, code_b)
        ),
        carrier,
        test_signer(seed, carrier, "carrier"),
        test_signer(seed, "STRANGER", "pint"),
    )


def _new_rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_key(algorithm: str, name: str) -> tuple[ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, x509.Certificate]:
    """A key for ES256 or PS256 and its certificate, made now."""
    key = _new_rsa() if algorithm == PS256 else ec.generate_private_key(ec.SECP256R1())
    return key, _certificate(key, name)


def _certificate(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str) -> x509.Certificate:
    """Self-signed: PINT's platforms exchange certificates as they are."""
    names = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tradebridge SIMULATION"),
        x509.NameAttribute(NameOID.COMMON_NAME, name),
    ]
    subject = x509.Name(names)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID_FROM)
        .not_valid_after(VALID_UNTIL)
        .add_extension(x509.UnrecognizedExtension(TEST_MARKER, b"\x0c\x0aSIMULATION"), critical=False)
        .sign(key, SHA256())
    )


def algorithm_of(certificate: x509.Certificate) -> str:
    """What a certificate's key signs with."""
    return PS256 if isinstance(certificate.public_key(), rsa.RSAPublicKey) else ES256


def with_tokens(platform: KitPlatform, token_out: str, token_in: str) -> KitPlatform:
    """The same platform with the tokens that were agreed with a system."""
    return replace(platform, token_out=token_out, token_in=token_in)


def free_port() -> int:
    """Of this machine, now; somebody else may be faster."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def now() -> datetime:
    return datetime.now(UTC)
