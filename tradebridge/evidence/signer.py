"""One private key of a member, and the name it goes by.

1. A key is EC P-256 (`ES256`) or Ed25519 (`EdDSA`). RSA of 3072 to 8192 bits is accepted from others (`PS256` in a
   JWS, PKCS#1 v1.5 in XML: ADR 0020) and never made here. Another kind raises `UnsupportedKey`, less RSA `WeakKey`.
2. Its name is `member#thumbprint`, the thumbprint being RFC 7638 over SHA-256 in base64url without padding.
3. `sign` gives the raw form that JWS (RFC 7518 section 3.4) and XML signature (section 6.4.3) both use: r and s of 32
   bytes each for ES256, 64 bytes for EdDSA. The hash of ES256 is SHA-256, taken inside.
4. A certificate always goes with the key, and must be of the same key.

Where the key lies is the signer's affair: in memory here, in a file, a secret or a token elsewhere.
"""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

ES256 = "ES256"
EDDSA = "EdDSA"
PS256 = "PS256"

RSA_BITS = (3072, 8192)
"""Fewer are weak (NIST SP 800-57 part 1, 128 bits of security); with more, whoever verifies works for the attacker."""
_RSA_EXPONENT = 65537


class UnsupportedKey(ValueError):
    """The key is of a kind that is not taken: make one on EC P-256, as openssl's prime256v1."""


class WeakKey(UnsupportedKey):
    """An RSA key that is too short, or whose exponent is not 65537: make one on EC P-256, or RSA of 3072 bits."""


class Signer(Protocol):
    """One private key of a member, wherever it lies."""

    @property
    def member(self) -> str:
        """Id of the member, as `SG-NSW`."""

    @property
    def kid(self) -> str:
        """`member#thumbprint` (rule 2)."""

    @property
    def algorithm(self) -> str:
        """`ES256` or `EdDSA`."""

    @property
    def certificate(self) -> x509.Certificate: ...

    def sign(self, data: bytes) -> bytes:
        """The raw signature of 64 bytes (rule 3)."""


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """A key in memory. `deterministic` draws ECDSA's nonce as RFC 6979 says, so that a seed gives the same bytes."""

    member: str
    private_key: PrivateKey = field(repr=False)
    certificate: x509.Certificate = field(repr=False)
    deterministic: bool = False
    kid: str = field(init=False)
    algorithm: str = field(init=False)
    _ecdsa: ec.ECDSA = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        public = public_key_of(self.certificate)
        if isinstance(public, rsa.RSAPublicKey):
            raise UnsupportedKey("RSA is accepted from others and never signed with here: use EC P-256")
        if self.private_key.public_key() != public:
            raise ValueError(f"the certificate of {self.member} is of another key: take the one issued for this key")
        object.__setattr__(self, "kid", key_id(self.member, public))
        object.__setattr__(self, "algorithm", algorithm_of(public))
        object.__setattr__(self, "_ecdsa", ec.ECDSA(SHA256(), deterministic_signing=self.deterministic))

    def sign(self, data: bytes) -> bytes:
        key = self.private_key
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(data)
        r, s = decode_dss_signature(key.sign(data, self._ecdsa))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def public_key_of(certificate: x509.Certificate) -> PublicKey:
    """The key of a certificate. Raises `UnsupportedKey`, `WeakKey`."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError) as error:
        raise UnsupportedKey(f"the certificate's key cannot be read: {error}") from error
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, rsa.RSAPublicKey):
        exponent = key.public_numbers().e
        if not RSA_BITS[0] <= key.key_size <= RSA_BITS[1] or exponent != _RSA_EXPONENT:
            raise WeakKey(f"RSA of {key.key_size} bits with the exponent {str(exponent)[:20]}")
        return key
    raise UnsupportedKey(f"a key of the kind {type(key).__name__} is neither EC P-256, Ed25519 nor RSA")


def algorithm_of(key: PublicKey) -> str:
    """The one algorithm of a public key in a JWS."""
    if isinstance(key, rsa.RSAPublicKey):
        return PS256
    return EDDSA if isinstance(key, ed25519.Ed25519PublicKey) else ES256


def public_jwk(key: PublicKey) -> dict[str, str]:
    """The required members of the public key as a JWK (RFC 7517, RFC 8037), in the order that RFC 7638 hashes."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(key.public_bytes_raw())}
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        exponent, modulus = (
            _base64url(each.to_bytes((each.bit_length() + 7) // 8, "big")) for each in (numbers.e, numbers.n)
        )
        return {"e": exponent, "kty": "RSA", "n": modulus}
    point = key.public_numbers()
    x, y = (_base64url(part.to_bytes(32, "big")) for part in (point.x, point.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def thumbprint(key: PublicKey) -> str:
    """RFC 7638 with SHA-256: 43 characters of base64url."""
    members = ",".join(f'"{name}":"{value}"' for name, value in public_jwk(key).items())
    return _base64url(hashlib.sha256(f"{{{members}}}".encode("ascii")).digest())


def key_id(member: str, key: PublicKey) -> str:
    """`member#thumbprint`: the `kid` of every statement by this key."""
    return f"{member}#{thumbprint(key)}"


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
