"""A timestamp authority of the simulation (RFC 3161): small, honest about its time, worth nothing outside.

1. It answers `application/timestamp-query` with a token over the digest that it was sent; it never sees the document.
2. The token is a CMS SignedData (RFC 5652) by an ECDSA P-256 key, with the attributes of RFC 3161 and RFC 5816:
   content type, digest of the content, and the signer's certificate by its SHA-256 (ESSCertIDv2).
3. Key, certificate and serial numbers come from the seed; the time is the business clock's. Same request, same time:
   the same bytes.
4. The certificate is for timestamping alone, critically (RFC 3161, 2.3), and carries the marker of a test key.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response

from simulator.clock import Clock
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import certify, hmac_value, test_private_key

QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"
MAX_QUERY = 4_096
"""Bytes."""
NAME = "TSA-SIM"
POLICY = x509.ObjectIdentifier("2.25.105837602513199587674422710152692811148")
"""Below 2.25, so nobody has to assign it: 'the business clock of a simulation, to the second'."""

_oid = x509.ObjectIdentifier
_TST_INFO = _oid("1.2.840.113549.1.9.16.1.4")
_SIGNED_DATA = _oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE = _oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = _oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = _oid("1.2.840.113549.1.9.16.2.47")
_ECDSA_SHA256 = _oid("1.2.840.10045.4.3.2")
_SHA256 = _oid("2.16.840.1.101.3.4.2.1")
_LENGTHS = {_SHA256: 32, _oid("2.16.840.1.101.3.4.2.2"): 48, _oid("2.16.840.1.101.3.4.2.3"): 64}

_GRANTED, _REJECTED = 0, 2


@asn1.sequence
class _Algorithm:
    oid: x509.ObjectIdentifier
    parameters: asn1.Null | None = None


@asn1.sequence
class _Imprint:
    algorithm: _Algorithm
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
class _Attribute:
    type: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _CertificateId:
    """ESSCertIDv2 with SHA-256, its default."""

    digest: bytes


@asn1.sequence
class _SigningCertificate:
    certificates: list[_CertificateId]


@asn1.sequence
class _IssuerAndSerial:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class _SignerInfo:
    version: int
    signer: _IssuerAndSerial
    digest_algorithm: _Algorithm
    signed: Annotated[asn1.SetOf[_Attribute], asn1.Implicit(0)]
    signature_algorithm: _Algorithm
    signature: bytes


@asn1.sequence
class _Content:
    type: x509.ObjectIdentifier
    content: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class _SignedData:
    version: int
    digest_algorithms: asn1.SetOf[_Algorithm]
    content: _Content
    certificates: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(0)]
    signers: asn1.SetOf[_SignerInfo]


@asn1.sequence
class _Token:
    type: x509.ObjectIdentifier
    content: Annotated[_SignedData, asn1.Explicit(0)]


@asn1.sequence
class _Status:
    status: int


@asn1.sequence
class _Reply:
    status: _Status
    token: _Token | None


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
        token = self._token(asn1.encode_der(info), certificate_wanted=asked.certificate_wanted)
        return asn1.encode_der(_Reply(status=_Status(status=_GRANTED), token=token))

    def _token(self, info: bytes, *, certificate_wanted: bool) -> _Token:
        der = self.certificate.public_bytes(Encoding.DER)
        own = _SigningCertificate(certificates=[_CertificateId(digest=sha256(der).digest())])
        signed = _in_order(
            [
                _attribute(_CONTENT_TYPE, _TST_INFO),
                _attribute(_MESSAGE_DIGEST, sha256(info).digest()),
                _attribute(_SIGNING_CERTIFICATE_V2, own),
            ]
        )
        issuer = asn1.decode_der(asn1.TLV, self.certificate.issuer.public_bytes())
        signer = _SignerInfo(
            version=1,
            signer=_IssuerAndSerial(issuer=issuer, serial=self.certificate.serial_number),
            digest_algorithm=_Algorithm(oid=_SHA256),
            signed=signed,
            signature_algorithm=_Algorithm(oid=_ECDSA_SHA256),
            signature=self._signature(asn1.encode_der(signed)),
        )
        certificates = asn1.SetOf([asn1.decode_der(asn1.TLV, der)]) if certificate_wanted else None
        data = _SignedData(
            version=3,
            digest_algorithms=asn1.SetOf([_Algorithm(oid=_SHA256)]),
            content=_Content(type=_TST_INFO, content=info),
            certificates=certificates,
            signers=asn1.SetOf([signer]),
        )
        return _Token(type=_SIGNED_DATA, content=data)

    def _signature(self, data: bytes) -> bytes:
        key = self._signer.private_key
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is EC P-256")
        return key.sign(data, ec.ECDSA(SHA256(), deterministic_signing=True))


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


def _attribute(kind: x509.ObjectIdentifier, value: object) -> _Attribute:
    return _Attribute(type=kind, values=asn1.SetOf([asn1.decode_der(asn1.TLV, asn1.encode_der(value))]))


def _in_order(attributes: Sequence[_Attribute]) -> asn1.SetOf[_Attribute]:
    """A SET OF in DER: by the bytes of its elements (X.690, 11.6)."""
    return asn1.SetOf(sorted(attributes, key=asn1.encode_der))


def app_of(authority: Authority, clock: Clock) -> FastAPI:
    """The authority's HTTP (RFC 3161, 3.4)."""
    app = FastAPI(title="Timestamp authority (simulated)", docs_url=None, redoc_url=None)

    @app.post("/timestamp")
    async def timestamp(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_QUERY:
                return PlainTextResponse("too large\n", 413)
        return Response(authority.answer(body, clock.now()), media_type=REPLY_TYPE)

    return app
