"""A timestamp authority of the simulation (RFC 3161): small, honest about its time, worth nothing outside.

1. It answers `application/timestamp-query` with a token over the digest that it was sent; it never sees the document.
2. The token is a CMS SignedData (RFC 5652) by an ECDSA P-256 key, with the attributes of RFC 3161 and RFC 5816:
   content type, digest of the content, and the signer's certificate by its SHA-256 (ESSCertIDv2).
3. Key, certificate and serial numbers come from the seed; the time is the business clock's. Same request, same time:
   the same bytes.
4. The certificate is for timestamping alone, critically (RFC 3161, 2.3), and carries the marker of a test key.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509.oid import ExtendedKeyUsageOID
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response

from simulator.bodies import bounded
from simulator.clock import Clock
from tradebridge.evidence.cms import SHA256_ID, AlgorithmIdentifier, SignedMessage, sign_attached
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import certify, hmac_value, test_private_key

REPLY_TYPE = "application/timestamp-reply"
MAX_QUERY = 4_096
"""Bytes."""
NAME = "TSA-SIM"
POLICY = x509.ObjectIdentifier("2.25.105837602513199587674422710152692811148")
"""Below 2.25, so nobody has to assign it: 'the business clock of a simulation, to the second'."""

_TST_INFO = x509.ObjectIdentifier("1.2.840.113549.1.9.16.1.4")
_LENGTHS = {
    SHA256_ID: 32,
    x509.ObjectIdentifier("2.16.840.1.101.3.4.2.2"): 48,
    x509.ObjectIdentifier("2.16.840.1.101.3.4.2.3"): 64,
}
"""Bytes of SHA-256, SHA-384 and SHA-512."""

_GRANTED, _REJECTED = 0, 2


@asn1.sequence
class _Imprint:
    algorithm: AlgorithmIdentifier
    digest: bytes


@asn1.sequence
class _Query:
    """TimeStampReq; extensions are left out, so that a query with one is refused."""

    version: int
    imprint: _Imprint
    policy: x509.ObjectIdentifier | None
    nonce: int | None
    certificate_wanted: Annotated[bool, asn1.Default(False)]


@asn1.sequence
class _Info:
    """TSTInfo."""

    version: int
    policy: x509.ObjectIdentifier
    imprint: _Imprint
    serial: int
    time: asn1.GeneralizedTime
    nonce: int | None


@asn1.sequence
class _Status:
    status: int


@asn1.sequence
class _Reply:
    status: _Status
    token: SignedMessage | None


class Authority:
    """The timestamp authority of one seed; `signer` for one that is not as it should be."""

    def __init__(self, seed: str, signer: LocalSigner | None = None) -> None:
        self._seed = seed
        self._signer = signer or tsa_signer(seed)

    @property
    def certificate(self) -> x509.Certificate:
        return self._signer.certificate

    def answer(self, query: bytes, at: datetime) -> bytes:
        """A TimeStampResp: a token for the digest of the query at `at` (UTC), or a rejection."""
        asked = _read(query)
        if asked is None:
            return asn1.encode_der(_Reply(status=_Status(status=_REJECTED), token=None))
        info = _Info(
            version=1,
            policy=POLICY,
            imprint=asked.imprint,
            serial=int.from_bytes(hmac_value(self._seed, "tsa-serial", query + str(at).encode())[:15], "big"),
            time=asn1.GeneralizedTime(at.astimezone(UTC).replace(microsecond=0)),
            nonce=asked.nonce,
        )
        token = sign_attached(_TST_INFO, asn1.encode_der(info), self._signer, certificate=asked.certificate_wanted)
        return asn1.encode_der(_Reply(status=_Status(status=_GRANTED), token=token))


@lru_cache(maxsize=8)
def tsa_signer(seed: str) -> LocalSigner:
    """The authority's key, with a certificate by the root of the seed, for timestamping alone."""
    key = test_private_key(seed, NAME, "timestamp")
    extended = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    return LocalSigner(NAME, key, certify(seed, NAME, key.public_key(), extended), deterministic=True)


def _read(query: bytes) -> _Query | None:
    """A query that can be answered: version 1, a SHA-2 digest of its length, our policy or none, no extensions."""
    try:
        asked = asn1.decode_der(_Query, query) if len(query) <= MAX_QUERY else None
    except ValueError:
        return None
    if asked is None or asked.version != 1 or asked.policy not in (None, POLICY):
        return None
    return asked if _LENGTHS.get(asked.imprint.algorithm.oid) == len(asked.imprint.digest) else None


def app_of(authority: Authority, clock: Clock) -> FastAPI:
    """The authority's HTTP (RFC 3161, 3.4)."""
    app = FastAPI(title="Timestamp authority (simulated)", docs_url=None, redoc_url=None)

    @app.post("/timestamp")
    async def timestamp(request: Request) -> Response:
        body = await bounded(request, MAX_QUERY)
        if body is None:
            return PlainTextResponse("too large\n", 413)
        return Response(authority.answer(body, clock.now()), media_type=REPLY_TYPE)

    return app
