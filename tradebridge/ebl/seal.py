"""PINT's JWS: compact, ES256 or PS256, verified with the certificates that were configured for who signs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from schemas.findings import Finding

ES256 = "ES256"
PS256 = "PS256"
ALGORITHMS = frozenset({ES256, PS256})


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
    """An RSA key in memory, for PS256."""

    private_key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate = field(repr=False)
    algorithm: str = PS256

    def sign(self, data: bytes) -> bytes:
        raise NotImplementedError("L1 fills this")


@dataclass(frozen=True, slots=True)
class Trusted:
    """A platform or a carrier, and the certificates that its signatures are checked with."""

    code: str
    certificates: tuple[x509.Certificate, ...]
    """Several during a rotation."""
    algorithms: frozenset[str] = ALGORITHMS
    """The policy: what else it signs with is refused."""
    revoked: Mapping[str, datetime] = field(default_factory=dict)
    """By thumbprint: since when its signatures count no more."""


@dataclass(frozen=True, slots=True)
class Trust:
    """All whose signatures can be checked."""

    platforms: Mapping[str, Trusted]
    """By platform code."""
    carriers: Mapping[str, Trusted]
    """By carrier code (`transportDocument.carrierCode`)."""


def thumbprint(certificate: x509.Certificate) -> str:
    """Lower-case hexadecimal SHA-256 of its DER: how `Trusted.revoked` names it."""
    raise NotImplementedError("L1 fills this")


def seal(payload: bytes | Mapping[str, Any], key: Key) -> str:
    """The compact JWS; a mapping is written in RFC 8785 form. The header is `{"alg": ...}` and nothing else."""
    raise NotImplementedError("L1 fills this")


def open_sealed(compact: str, trusted: Trusted | None, at: datetime | None) -> dict[str, Any] | Finding:
    """The JSON object that was signed, or why the signature is refused. `at` is when it was signed; None: whenever."""
    raise NotImplementedError("L1 fills this")


def peek(compact: str) -> dict[str, Any] | Finding:
    """The payload as it claims to be, unverified: to learn whose certificates to take, and for nothing else."""
    raise NotImplementedError("L1 fills this")
