"""A compact JWS with one thing wrong, made by hand: what `tradebridge.evidence.jws` would never write."""

import json
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey

from simulator.conformance.suites.window.system import Folk
from tradebridge.evidence.signer import Signer


def with_other_signature(payload: bytes, typ: str, of: Signer, by: Signer, at: datetime) -> str:
    """The name of one key, the signature of another."""
    return _compact(_header("ES256", typ, of.kid, at), payload, by)


def unsigned(payload: bytes, typ: str, of: Signer, at: datetime) -> str:
    """RFC 7519's unsecured form, with a name."""
    return _compact(_header("none", typ, of.kid, at), payload, None)


def with_embedded_key(payload: bytes, typ: str, member: str, kit: Folk, at: datetime) -> str:
    """Rightly signed by the key that stands in the header, which nobody knows."""
    signer = kit.embedded
    public = ECKey.import_key(signer.certificate.public_bytes(Encoding.PEM)).as_dict(private=False)
    return _compact(_header("ES256", typ, f"{member}#embedded", at) | {"jwk": public}, payload, signer)


def _header(algorithm: str, typ: str, kid: str, at: datetime) -> dict[str, Any]:
    return {"alg": algorithm, "typ": typ, "kid": kid, "iat": int(at.timestamp())}


def _compact(header: dict[str, Any], payload: bytes, signer: Signer | None) -> str:
    parts = f"{_part(json.dumps(header).encode())}.{_part(payload)}"
    return f"{parts}.{_part(signer.sign(parts.encode())) if signer else ''}"


def _part(data: bytes) -> str:
    return urlsafe_b64encode(data).decode("ascii").rstrip("=")
