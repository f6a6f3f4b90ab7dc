"""PINT's JWS: how a platform or a carrier signs, and how its signature is checked. Pure.

1. What we sign has the header `{"alg": ...}` and nothing else: compact, ES256 (P-256) or PS256 (RSA, 2,048 bits and
   more; salt of 32 bytes).
2. The key is one of the certificates that were configured for whoever must have signed, never one that the message
   brings or names: `kid`, `typ`, `x5c`, `jku` and the like are tolerated and decide nothing. `crit` and `b64` are
   refused (RFC 7515, section 4.1.11; RFC 7797): they would change what the signature means.
3. The algorithm must be one of the signer's policy, and the one of the key's kind. The header only tells which of the
   two it claims.
4. Several certificates may hold at once (a rotation). One that has ended, or was revoked, counts for what is signed
   before that: `at` is that time. Without it (`None`) neither is looked at, but revocation refuses always.
5. Parts are canonical base64url, and the payload is one strict JSON object (`schemas/content.py`).

Source: DCSA PINT 3.0.0 and its guide to digital signatures; RFC 7515, 7518. Each refusal is a finding that leads to
`BSIG` (`envelope.py`).
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from schemas.bill_of_lading.pint import canonical
from schemas.content import from_base64url, json_or_finding
from schemas.findings import Finding, finding

ES256 = "ES256"
PS256 = "PS256"
ALGORITHMS = frozenset({ES256, PS256})

LEAST_RSA_BITS = 2048
MOST_HEADER = 16_384
"""Characters: enough for a header that brings a chain of certificates along."""
MOST_COMPACT = 4_000_000
"""Characters of one signed content. An entry of a thousand transactions has about a million."""

REMEMBERED, MOST_REMEMBERED = 512, 8_192
"""Signed contents that are remembered, taken apart and checked, and characters of one: some 25 MB at most."""

_PSS = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=SHA256.digest_size)
_ECDSA = ec.ECDSA(SHA256())


class Key(Protocol):
    """One private key and its certificate. `tradebridge.evidence.signer.LocalSigner` of an EC key is one."""

    @property
    def algorithm(self) -> str:
        """`ES256` or `PS256`."""

    @property
    def certificate(self) -> x509.Certificate: ...

    def sign(self, data: bytes) -> bytes:
        """The raw signature of RFC 7518: r and s of 32 bytes each, or RSASSA-PSS with SHA-256."""


@dataclass(frozen=True, slots=True)
class RsaKey:
    """An RSA key in memory, for PS256. Raises ValueError if it is shorter than 2,048 bits."""

    private_key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate = field(repr=False)
    algorithm: str = field(init=False, default=PS256)

    def __post_init__(self) -> None:
        if self.private_key.key_size < LEAST_RSA_BITS:
            raise ValueError(f"an RSA key of {self.private_key.key_size} bits is too short: take 2,048 or more")
        if self.private_key.public_key() != self.certificate.public_key():
            raise ValueError("the certificate is of another key: take the one that was issued for this key")

    def sign(self, data: bytes) -> bytes:
        return self.private_key.sign(data, _PSS, SHA256())


@dataclass(frozen=True, slots=True)
class Trusted:
    """A platform or a carrier, and the certificates that its signatures are checked with."""

    code: str
    certificates: tuple[x509.Certificate, ...]
    """Several during a rotation."""
    algorithms: frozenset[str] = ALGORITHMS
    """The policy: what is signed otherwise is refused."""
    revoked: Mapping[str, datetime] = field(default_factory=dict)
    """By `thumbprint`: since when its signatures count no more."""


@dataclass(frozen=True, slots=True)
class Trust:
    """All whose signatures can be checked."""

    platforms: Mapping[str, Trusted]
    """By platform code."""
    carriers: Mapping[str, Trusted]
    """By carrier code (`transportDocument.carrierCode`)."""
    registries: Mapping[str, Trusted] = field(default_factory=dict)
    """Control tracking registries, by base URI."""


def thumbprint(certificate: x509.Certificate) -> str:
    """Lower-case hexadecimal SHA-256 of its DER: how `Trusted.revoked` names it."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


# --- Signing ---------------------------------------------------------------------------------------------------------


def seal(payload: bytes | Mapping[str, Any], key: Key) -> str:
    """The compact JWS; a mapping is written in RFC 8785 form (rule 1). Raises ValueError for another kind of key."""
    if key.algorithm not in ALGORITHMS:
        raise ValueError(f"PINT signs with ES256 or PS256, not {key.algorithm}: give the platform such a key")
    data = payload if isinstance(payload, bytes) else canonical(payload)
    signing_input = _encode(f'{{"alg":"{key.algorithm}"}}'.encode()) + b"." + _encode(data)
    return (signing_input + b"." + _encode(key.sign(signing_input))).decode("ascii")


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


# --- Opening ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sealed:
    """Signed content, taken apart: what it claims, before anybody has looked at the signature."""

    compact: str
    algorithm: str
    """As the header claims."""
    payload: bytes
    claims: dict[str, Any]
    """The payload read. Unverified until `verify` gives None."""
    signature: bytes
    signing_input: bytes

    def verify(self, trusted: Trusted | None, at: datetime | None) -> Finding | None:
        """None if one of the certificates made the signature, else why it is refused. `at` is when it is known, or
        claimed, to have been signed; None: nothing is known of that. `trusted` is None where nobody is configured."""
        if trusted is None:
            return finding("pint.unknown-signer", found="a code without certificates")
        if self.algorithm not in trusted.algorithms or self.algorithm not in ALGORITHMS:
            attack = "JWS-1" if self.algorithm.lower() == "none" else "JWS-2"
            expected = " or ".join(sorted(trusted.algorithms & ALGORITHMS))
            return finding("pint.algorithm", "/alg", found=self.algorithm, expected=expected, attack=attack)
        refused = finding("pint.bad-signature", found=f"no certificate of {trusted.code} verifies it")
        for certificate in trusted.certificates:
            if _verifies(certificate, self):
                late = _judge_time(certificate, trusted, at)
                if late is None:
                    return None
                refused = late
        return refused


def open_sealed(compact: str, trusted: Trusted | None, at: datetime | None) -> dict[str, Any] | Finding:
    """The JSON object that was signed, or why the signature is refused (`Sealed.verify`)."""
    sealed = take_apart(compact)
    if isinstance(sealed, Finding):
        return sealed
    return sealed.verify(trusted, at) or sealed.claims


def peek(compact: str) -> dict[str, Any] | Finding:
    """The payload as it claims to be, unverified: to learn whose certificates to take, and for nothing else."""
    sealed = take_apart(compact)
    return sealed if isinstance(sealed, Finding) else sealed.claims


def take_apart(compact: str) -> Sealed | Finding:
    """The parts of signed content, or why it is no such thing. The signature is not looked at. They are shared with all
    who ask, and not to be changed: an entry is read again and again on its way."""
    return (_remembered_parts if len(compact) <= MOST_REMEMBERED else _parts)(compact)


def _parts(compact: str) -> Sealed | Finding:
    if len(compact) > MOST_COMPACT:
        found = f"{len(compact)} characters"
        return finding("pint.not-jws", found=found, expected=f"at most {MOST_COMPACT}", attack="JWS-17")
    try:
        pieces = compact.encode("ascii").split(b".")
    except UnicodeEncodeError:
        return finding("pint.not-jws", found="a character outside ASCII", attack="JWS-20")
    if len(pieces) != 3 or not pieces[1]:
        return finding("pint.not-jws", found=f"{len(pieces)} parts", expected="3 parts with content", attack="JWS-16")
    if len(pieces[0]) > MOST_HEADER:
        return finding("pint.not-jws", found=f"a header of {len(pieces[0])} characters", attack="JWS-17")
    header, payload, signature = (from_base64url(each) for each in pieces)
    if header is None or payload is None or signature is None:
        return finding("pint.not-jws", found="a part that is not canonical base64url", attack="JWS-20")
    algorithm = _read_header(header)
    if isinstance(algorithm, Finding):
        return algorithm
    claims = json_or_finding(payload)
    if isinstance(claims, Finding):
        return finding(
            "pint.not-jws", found=f"a payload that is no JSON object: {claims.message}", attack=claims.attack
        )
    return Sealed(compact, algorithm, payload, claims, signature, pieces[0] + b"." + pieces[1])


_remembered_parts = lru_cache(maxsize=REMEMBERED)(_parts)


@lru_cache(maxsize=64)  # nearly every header is one of two
def _read_header(data: bytes) -> str | Finding:
    """The algorithm that the header claims."""
    header = json_or_finding(data)
    if isinstance(header, Finding):
        attack = "JWS-6" if header.code == "syntax.duplicate-member" else ""
        return finding("pint.header", found=header.found or header.message, attack=attack)
    for name, attack in (("crit", "JWS-7"), ("b64", "JWS-8")):
        if name in header:
            return finding("pint.header", f"/{name}", found=name, expected="none", attack=attack)
    algorithm = header.get("alg", "nothing")
    if not isinstance(algorithm, str) or "alg" not in header:
        return finding("pint.header", "/alg", found=algorithm, expected="ES256 or PS256")
    return algorithm


def _verifies(certificate: x509.Certificate, parts: Sealed) -> bool:
    """Whether the signature is of this certificate's key. An entry is looked at when its envelope comes, when that is
    finished, and in every longer chain: the sum is remembered; whether it counts at that time is asked each time."""
    holds = _remembered if len(parts.compact) <= MOST_REMEMBERED else _holds
    return holds(certificate, parts.algorithm, parts.signing_input, parts.signature)


def _holds(certificate: x509.Certificate, algorithm: str, signing_input: bytes, signature: bytes) -> bool:
    """By the algorithm of the key's kind (rule 3)."""
    key = certificate.public_key()
    try:
        if algorithm == ES256 and isinstance(key, ec.EllipticCurvePublicKey):
            if not isinstance(key.curve, ec.SECP256R1) or len(signature) != 64:
                return False
            r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            key.verify(encode_dss_signature(r, s), signing_input, _ECDSA)
            return True
        if algorithm == PS256 and isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA_BITS:
            key.verify(signature, signing_input, _PSS, SHA256())
            return True
    except InvalidSignature:
        pass
    return False


_remembered = lru_cache(maxsize=REMEMBERED)(_holds)


def _judge_time(certificate: x509.Certificate, trusted: Trusted, at: datetime | None) -> Finding | None:
    """Whether the certificate that verifies held at that time (rule 4)."""
    since = trusted.revoked.get(thumbprint(certificate)) if trusted.revoked else None
    if since is not None and (at is None or at >= since):
        shown = at.isoformat() if at is not None else "a time that is not known"
        return finding("pint.revoked-certificate", found=shown, expected=f"before {since.isoformat()}", attack="X5-7")
    if at is None:
        return None
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if begin <= at <= end:
        return None
    expected = f"{begin.isoformat()} to {end.isoformat()}"
    return finding("pint.expired-certificate", found=at.isoformat(), expected=expected, attack="X5-7")
