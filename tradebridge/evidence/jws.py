"""Compact JWS (RFC 7515), in one strict profile, for documents in JSON and for every statement of hub and members.

1. Three parts of canonical base64url, within size limits that are checked before anything is decoded.
2. The header is JSON with exactly `alg`, `typ`, `kid`, `iat`, each once. So there is no `crit`, no unencoded payload,
   no embedded key, no address of one, no nested token: not because they are handled, but because nothing handles them.
   `x5c` with one certificate may stand beside them where the list has no such key but an authority of its member.
3. `typ` is the one expected. A receipt is never taken for an acknowledgement, whoever signed it.
4. `kid` finds the key on the trust list, whole and exact, and the key must be registered for the purpose. Of a
   certificate that an authority issued (rule 2) `kid` must be the name; the path comes from the list alone.
5. The algorithm is the key's: ES256, EdDSA, and PS256 of RSA, which is verified and never made. `alg` must say the
   same; it decides nothing.
6. Then joserfc verifies with that one algorithm, over the bytes as they came.
7. `iat` (seconds) is a claim. It may lie at most five minutes ahead of `at`, and the key must be valid at both times:
   so a signature by an expired key is refused at intake, whatever time it states.

The signature is no identity: s and n - s both verify (attack JWS-19). What was signed is, by its digest.
Every refusal is a finding that names the attack it would be, where the catalogue has one.
"""

from base64 import b64decode, b64encode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from schemas.content import MAX_BYTES, Content, JwsSeal, from_base64url, json_or_finding
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.signer import Signer
from tradebridge.evidence.trust import TrustedKey, TrustList, Verified

DOCUMENT = "tradebridge-document+jws"
RECEIPT = "tradebridge-receipt+jws"
NOTE = "tradebridge-note+jws"
ACK = "tradebridge-ack+jws"
EVENT = "tradebridge-event+jws"
ATTESTATION = "tradebridge-attestation+jws"

TRUST = "tradebridge-trust+jws"
STATUS = "tradebridge-status+jws"
LISTING = "tradebridge-listing+jws"

MAX_HEADER = 512
"""Characters of the header part. Ours take about 200."""
MAX_ISSUED_HEADER = 14_000
"""The same with a certificate in it."""
MAX_TOKEN = MAX_BYTES * 4 // 3 + 1024 + MAX_ISSUED_HEADER
_LATEST = 253402300799  # the last second of the year 9999

_ALGORITHMS = {name: JWSRegistry.algorithms[name] for name in ("ES256", "EdDSA", "PS256")}
"""All that is ever verified with. The list is literal and the key chooses: an empty or open list is attack JWS-3."""

_ATTACKS = {
    "crit": "JWS-7",
    "b64": "JWS-8",
    "jwk": "JWS-9",
    "x5t": "JWS-9",
    "x5t#S256": "JWS-9",
    "jku": "JWS-10",
    "x5u": "JWS-10",
    "x5c": "JWS-12",
    "zip": "JWS-16",
    "enc": "JWS-16",
    "cty": "JWS-16",
}
"""What a header member beside the four would be."""


def sign(payload: bytes, typ: str, signer: Signer, at: datetime) -> str:
    """The compact JWS of `payload`. `at` has a zone; `iat` is it in whole seconds."""
    header = orjson.dumps({"alg": signer.algorithm, "typ": typ, "kid": signer.kid, "iat": int(at.timestamp())})
    signing_input = _encode(header) + b"." + _encode(payload)
    return (signing_input + b"." + _encode(signer.sign(signing_input))).decode("ascii")


def verify(token: bytes | str, typ: str, purpose: str, trust: TrustList, at: datetime | None) -> Verified | Finding:
    """Who signed the payload of `token`, or why it is refused.

    `at` is when the token is known to exist: now, for one that just came. None judges by the claimed time alone.
    """
    if len(token) > MAX_TOKEN:
        return finding("signature.too-large", found=f"{len(token)} bytes", expected=f"{MAX_TOKEN}", attack="JWS-17")
    try:
        data = token.encode("ascii") if isinstance(token, str) else token
    except UnicodeEncodeError:
        return _loose("a character outside ASCII")
    parts = data.split(b".")
    if len(parts) != 3:
        return _not_compact(data, len(parts))
    if len(parts[0]) > MAX_ISSUED_HEADER:
        return _long_header(len(parts[0]))
    if not parts[1]:
        return finding("signature.shape", found="no payload", expected="the payload inside", attack="JWS-15")
    header, payload, signature = (from_base64url(part) for part in parts)
    if header is None or payload is None or signature is None:
        return _loose("a part that is not canonical base64url")
    signing_input = data[: len(parts[0]) + 1 + len(parts[1])]
    return _judge(JwsSeal(header, signing_input, signature), payload, typ, purpose, trust, at)


def verify_content(
    content: Content,
    trust: TrustList,
    at: datetime | None,
    typ: str = DOCUMENT,
    purpose: str = "document",
) -> Verified | Finding:
    """Who signed an opened JWS. For an event: `typ=EVENT, purpose="event"`. Raises TypeError if its seal is none."""
    if not isinstance(content.seal, JwsSeal):
        raise TypeError("this content carries no JWS: ask tradebridge.evidence.seal")
    if len(content.seal.header) > MAX_ISSUED_HEADER:
        return _long_header(len(content.seal.header))
    return _judge(content.seal, content.canonical, typ, purpose, trust, at)


def payload_of(token: str) -> bytes | Finding:
    """What a token says, of which nothing is proven: only to find the list that says whose word it is."""
    parts = token.split(".")
    payload = from_base64url(parts[1].encode("ascii", "replace")) if len(parts) == 3 else None
    return _loose("no compact JWS") if payload is None or len(token) > MAX_TOKEN else payload


def _judge(
    seal: JwsSeal, payload: bytes, typ: str, purpose: str, trust: TrustList, at: datetime | None
) -> Verified | Finding:
    header = _read_header(seal.header, trust)
    if isinstance(header, Finding):
        return header
    if header["typ"] != typ:
        return finding("signature.wrong-type", "/typ", found=header["typ"], expected=typ, attack="JWS-21")
    signed_at = datetime.fromtimestamp(header["iat"], UTC)
    key = trust.key(header["kid"]) or _issued_key(header, trust)
    if isinstance(key, Finding):
        return key
    if purpose not in key.purposes:
        expected = ", ".join(sorted(key.purposes))
        return finding("signature.wrong-purpose", "/kid", found=purpose, expected=expected, attack="JWS-21")
    if header["alg"] != key.algorithm:
        return finding(
            "signature.algorithm",
            "/alg",
            found=header["alg"],
            expected=key.algorithm,
            attack="JWS-1" if str(header["alg"]).lower() == "none" else "JWS-2",
        )
    if not _matches(key, seal):
        return finding("signature.invalid", found=f"key {key.kid}", attack=_attack_of(key, seal.signature))
    refused = key.judge_time(signed_at, at)
    return refused or Verified(key.member, key.kid, signed_at, payload, key)


def _issued_key(header: dict[str, Any], trust: TrustList) -> TrustedKey | Finding:
    """The key of the certificate in the header, by the authority of the member that `kid` names."""
    chain = header.get("x5c")
    if chain is None:
        return finding("signature.unknown-key", "/kid", found=header["kid"], attack="JWS-11")
    der = _one_certificate(chain)
    if der is None:
        return finding("signature.header", "/x5c", found=chain, expected="one certificate in base64", attack="JWS-12")
    key = trust.issued(der)
    if isinstance(key, Finding):
        return replace(key, pointer="/x5c")
    if key.kid != header["kid"]:
        return finding("signature.unknown-key", "/kid", found=header["kid"], expected=key.kid, attack="JWS-12")
    return key


def _one_certificate(chain: object) -> bytes | None:
    """RFC 7515, 4.1.6: base64 of DER; canonical, and one of them."""
    if not isinstance(chain, list) or len(chain) != 1 or not isinstance(chain[0], str):
        return None
    try:
        der = b64decode(chain[0].encode("ascii"), validate=True)
    except ValueError:
        return None
    return der if b64encode(der).decode("ascii") == chain[0] else None


def _read_header(data: bytes, trust: TrustList) -> dict[str, Any] | Finding:
    """The four members, of their types, or what is wrong."""
    header = json_or_finding(data)
    if isinstance(header, Finding):
        attack = "JWS-6" if header.code == "syntax.duplicate-member" else header.attack
        return finding("signature.header", found=header.found or header.message, attack=attack)
    # A certificate says nothing that the list does not: where it knows the key, none is taken.
    issued = "x5c" in header and trust.key(str(header.get("kid"))) is None
    for name in header:
        if name not in ("alg", "typ", "kid", "iat") and not (name == "x5c" and issued):
            return finding("signature.header", f"/{name}", found=name, attack=_ATTACKS.get(name, "JWS-7"))
    if len(data) > MAX_HEADER and not issued:
        return _long_header(len(data))
    for name in ("alg", "typ", "kid"):
        if type(header.get(name)) is not str:
            return finding("signature.header", f"/{name}", found=header.get(name, "nothing"), expected="a string")
    if type(header.get("iat")) is not int or not 0 <= header["iat"] <= _LATEST:
        return finding("signature.header", "/iat", found=header.get("iat", "nothing"), expected="seconds since 1970")
    return header


def _matches(key: TrustedKey, seal: JwsSeal) -> bool:
    """Whether the signature is this key's, by the key's algorithm and no other."""
    try:
        return bool(_ALGORITHMS[key.algorithm].verify(seal.signing_input, seal.signature, key.jose))
    except (JoseError, ValueError):
        return False


def _attack_of(key: TrustedKey, signature: bytes) -> str:
    """Of a signature that does not match: a known trick, or nothing known."""
    return (
        "JWS-18" if len(signature) != key.signature_length or not any(signature[:32]) or not any(signature[32:]) else ""
    )


def _not_compact(data: bytes, parts: int) -> Finding:
    attack = "JWS-16"
    if data.lstrip()[:1] == b"{":  # a JSON serialization (RFC 7515 section 7.2), which is never taken
        names = [name for name in (b'"protected"', b'"header"', b'"signature"', b'"signatures"') if name in data]
        if b'"signatures"' in names:
            attack = "JWS-13" if b'"signature"' in names else "JWS-14"
        elif b'"header"' in names:
            attack = "JWS-5" if b'"protected"' in names else "JWS-4"
        return finding("signature.shape", found="a JSON serialization", expected="a compact JWS", attack=attack)
    return finding("signature.shape", found=f"{parts} parts", expected="3 parts", attack=attack)


def _long_header(length: int) -> Finding:
    return finding("signature.too-large", found=f"{length} bytes", expected=f"{MAX_HEADER}", attack="JWS-17")


def _loose(found: str) -> Finding:
    return finding("signature.encoding", found=found, attack="JWS-20")


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
