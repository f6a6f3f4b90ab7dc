"""Keys, identifiers and 'random' values of a simulated world, all drawn from its seed.

1. Every value is HMAC-SHA256(seed, purpose, ordinal, content): it depends on what it is for, never on what was drawn
   before it. The same arguments give the same bytes, in any order and on any machine.
2. Every certificate made here carries the extension `TEST_MARKER`, and so does the root that issues it. Pilot mode
   refuses such a certificate by that rule (`is_test_certificate`), whatever list it stands on.
3. Anybody who knows the seed has the private keys: nothing signed with them proves anything.

The marker is an OID below 2.25, made from a UUID (ITU-T X.667): nobody has to assign it.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from tradebridge.evidence.signer import LocalSigner

TEST_MARKER = x509.ObjectIdentifier("2.25.105837602513199587674422710152692811147")
_MARKER_VALUE = b"\x0c\x0aSIMULATION"  # DER: UTF8String of 10 bytes

VALID_FROM = datetime(2020, 1, 1, tzinfo=UTC)
VALID_UNTIL = datetime(2050, 1, 1, tzinfo=UTC)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Made = TypeVar("_Made")

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)
"""Two characters for each value of ten bits."""


def hmac_value(seed: str, purpose: str, content: bytes, ordinal: int = 0) -> bytes:
    """32 bytes that only these arguments give (rule 1). `ordinal` tells apart what is otherwise the same; 0 or more."""
    label = purpose.encode()
    message = len(label).to_bytes(4, "big") + label + ordinal.to_bytes(8, "big") + content
    return hmac.digest(seed.encode(), message, "sha256")


def derived_id(prefix: str, at: datetime, value: bytes) -> str:
    """An identifier that sorts by time: `prefix_`, 10 characters of `at` in milliseconds, 16 of `value` (80 bits).

    Lower-case Crockford base32. `prefix` is `doc`, `msg`, `evt` or `dlv`; `value` has at least 10 bytes, from
    `hmac_value` in simulation and from the system's random source otherwise.
    """
    if len(value) < 10:
        raise ValueError(f"an identifier needs 10 bytes of value, not {len(value)}")
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    if milliseconds < 0:
        raise ValueError("an identifier has no time before 1970")
    number = milliseconds << 80 | int.from_bytes(value[:10], "big")
    text = "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])
    return f"{prefix.removesuffix('_')}_{text}"


def _no_test(function: _Made) -> _Made:
    """pytest takes a function named test_... for a test in each module that imports it; this mark says it is none."""
    function.__test__ = False  # type: ignore[attr-defined]  # a mark that pytest looks for
    return function


@_no_test
def test_private_key(seed: str, member: str, purpose: str = "document") -> ec.EllipticCurvePrivateKey:
    """EC P-256."""
    return _private_key(seed, f"key:{purpose}", member)


@_no_test
@lru_cache(maxsize=1024)
def test_signer(
    seed: str,
    member: str,
    purpose: str = "document",
    not_before: datetime = VALID_FROM,
    not_after: datetime = VALID_UNTIL,
) -> LocalSigner:
    """The member's EC P-256 key for this purpose, with deterministic ECDSA and a certificate by `test_authority`.

    One key may serve all purposes of a member: the trust list says which. Other purposes give other keys.
    """
    key = test_private_key(seed, member, purpose)
    certificate = certify(seed, member, key.public_key(), None, not_before, not_after)
    return LocalSigner(member, key, certificate, deterministic=True)


def certify(
    seed: str,
    name: str,
    key: ec.EllipticCurvePublicKey,
    extended: x509.ExtendedKeyUsage | None = None,
    not_before: datetime = VALID_FROM,
    not_after: datetime = VALID_UNTIL,
) -> x509.Certificate:
    """A certificate by `test_authority` for an end entity; `extended` is critical where it is given."""
    root = _root_key(seed)
    builder = _certificate(name, key, test_authority(seed).certificate.subject, not_before, not_after).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False
    )
    if extended is not None:
        builder = builder.add_extension(extended, critical=True)
    return _signed(builder, root, authority=False)


@_no_test
@lru_cache(maxsize=64)
def test_authority(seed: str) -> LocalSigner:
    """The root of the seed: member `TEST-ROOT`, self-signed, a certificate authority for end entities only."""
    key = _root_key(seed)
    name = x509.Name(_names("Tradebridge test root"))
    builder = _certificate("Tradebridge test root", key.public_key(), name, VALID_FROM, VALID_UNTIL)
    return LocalSigner("TEST-ROOT", key, _signed(builder, key, authority=True), deterministic=True)


def log_origin(space: str) -> str:
    """The name of the log of a simulated hub's space; the default space has the empty name."""
    return f"tradebridge.simulation/{space or 'default'}"


@_no_test
def test_log_key(seed: str) -> ed25519.Ed25519PrivateKey:
    """The key that signs the checkpoints of the log."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(hmac_value(seed, "log-key", b""))


@_no_test
def test_api_key(seed: str, member: str) -> str:
    """`tb_test_` and 256 bits in base64url."""
    value = hmac_value(seed, "api-key", member.encode())
    return "tb_test_" + urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


@_no_test
def test_password(seed: str) -> str:
    """Of all practice people, who sign in at the console of a simulation."""
    value = hmac_value(seed, "practice password", b"").hex()
    return f"practice-{value[:4]}-{value[4:8]}"


@_no_test
def test_partner_key(seed: str, member: str) -> str:
    """The key by which a simulated partner's own system knows the hub."""
    value = hmac_value(seed, "partner-key", member.encode())
    return "tb_test_" + urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def is_test_certificate(certificate: x509.Certificate) -> bool:
    """Whether a certificate carries the marker. One whose extensions cannot be read counts as a test certificate."""
    try:
        return any(extension.oid == TEST_MARKER for extension in certificate.extensions)
    except ValueError:
        return True


def _root_key(seed: str) -> ec.EllipticCurvePrivateKey:
    return _private_key(seed, "root-key", "")


@lru_cache(maxsize=1024)
def _private_key(seed: str, purpose: str, member: str) -> ec.EllipticCurvePrivateKey:
    # 48 bytes make the bias of the remainder smaller than 2^-128 (NIST SP 800-56A, 5.6.1.2.1).
    content = member.encode()
    wide = hmac_value(seed, purpose, content) + hmac_value(seed, purpose, content, 1)[:16]
    return ec.derive_private_key(int.from_bytes(wide, "big") % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def _names(common_name: str) -> list[x509.NameAttribute[str]]:
    return [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tradebridge SIMULATION"),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ]


def _certificate(
    common_name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name, not_before: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    subject = x509.Name(_names(common_name))
    identity = (
        subject.public_bytes() + key.public_numbers().x.to_bytes(32, "big") + str((not_before, not_after)).encode()
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        # RFC 5280 section 4.1.2.2: positive, at most 20 bytes; one byte less keeps the sign bit clear.
        .serial_number(int.from_bytes(b"\x01" + hashlib.sha256(identity).digest()[:18], "big"))
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.UnrecognizedExtension(TEST_MARKER, _MARKER_VALUE), critical=False)
    )


def _signed(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        builder.add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, SHA256(), ecdsa_deterministic=True)
    )
