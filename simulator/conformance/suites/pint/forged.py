"""Signed contents that are not what they seem."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tradebridge.ebl.seal import Key, seal


def signed_again(compact: str, key: Key) -> str:
    """The same payload under a new signature: with PS256 other bytes each time."""
    return seal(_bytes(compact.split(".")[1]), key)


def broken(compact: str) -> str:
    """The signature with one bit changed."""
    head, payload, signature = compact.split(".")
    raw = bytearray(_bytes(signature))
    raw[len(raw) // 2] ^= 1
    return ".".join((head, payload, _text(bytes(raw))))


def unsigned(compact: str) -> str:
    """`alg` is `none`. PINT's pattern wants three parts that are not empty, so there is a signature of nothing."""
    return ".".join((_header("none"), compact.split(".")[1], _text(b"\x00")))


def by_hmac(compact: str, certificate: x509.Certificate) -> str:
    """HS256 with the public key as PEM for a secret: the confusion of a verifier that believes the header."""
    secret = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_header('HS256')}.{compact.split('.')[1]}"
    return f"{signed}.{_text(hmac.digest(secret, signed.encode('ascii'), 'sha256'))}"


def _header(algorithm: str) -> str:
    return _text(json.dumps({"alg": algorithm}).encode())


def _bytes(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
