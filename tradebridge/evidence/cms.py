"""CMS signatures (RFC 5652) in the one form that evidence uses: one signer, ECDSA P-256 with SHA-256.

| use | content | signed attributes |
| --- | --- | --- |
| bundle (CAdES baseline B-B, ETSI EN 319 122-1) | beside it, `data` | content type, digest, time, certificate |
| token of a timestamp authority (RFC 3161) | inside, `TSTInfo` | content type, digest, certificate |

1. What is signed is the DER of the attributes as a SET; they bind the content by its SHA-256, and the signer's own
   certificate by its SHA-256 too (ESSCertIDv2, RFC 5035): no other can be put in its place.
2. Read strictly: DER and nothing after it, exactly these attributes with one value each, no unsigned ones, no lists of
   revocations, one certificate, and that one must be on the trust list of whoever reads.

The structures are declared with `cryptography.hazmat.asn1`; names in them are those of the RFC.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.signer import ES256, Signer
from tradebridge.evidence.trust import TrustList, Verified

MAX_SIGNATURE = 32_768
"""Bytes; ours have about 1,000."""

DATA = x509.ObjectIdentifier("1.2.840.113549.1.7.1")
_SIGNED_DATA = x509.ObjectIdentifier("1.2.840.113549.1.7.2")
_CONTENT_TYPE = x509.ObjectIdentifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = x509.ObjectIdentifier("1.2.840.113549.1.9.4")
_SIGNING_TIME = x509.ObjectIdentifier("1.2.840.113549.1.9.5")
_SIGNING_CERTIFICATE_V2 = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.47")
_ECDSA_SHA256 = x509.ObjectIdentifier("1.2.840.10045.4.3.2")
SHA256_ID = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")


@asn1.sequence
class AlgorithmIdentifier:
    oid: x509.ObjectIdentifier
    parameters: asn1.Null | None = None


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
    digest_algorithm: AlgorithmIdentifier
    signed: Annotated[asn1.SetOf[_Attribute], asn1.Implicit(0)]
    signature_algorithm: AlgorithmIdentifier
    signature: bytes


@asn1.sequence
class _Content:
    type: x509.ObjectIdentifier
    content: Annotated[bytes | None, asn1.Explicit(0)]


@asn1.sequence
class _SignedData:
    version: int
    digest_algorithms: asn1.SetOf[AlgorithmIdentifier]
    content: _Content
    certificates: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(0)]
    signers: asn1.SetOf[_SignerInfo]


@asn1.sequence
class SignedMessage:
    """ContentInfo with SignedData inside."""

    type: x509.ObjectIdentifier
    content: Annotated[_SignedData, asn1.Explicit(0)]


# --- making ----------------------------------------------------------------------------------------------------------


def sign_attached(kind: x509.ObjectIdentifier, content: bytes, signer: Signer, *, certificate: bool) -> SignedMessage:
    """A message with its content inside, without a time of its own: a token of RFC 3161."""
    return _signed(kind, content, signer, None, attached=True, certificate=certificate)


def sign_detached(content: bytes, signer: Signer, at: datetime) -> bytes:
    """The signature of a file that stands beside it, in DER (CAdES baseline B-B). Raises `ValueError` for a key that is
    not EC P-256."""
    return asn1.encode_der(_signed(DATA, content, signer, at, attached=False, certificate=True))


def _signed(
    kind: x509.ObjectIdentifier,
    content: bytes,
    signer: Signer,
    at: datetime | None,
    *,
    attached: bool,
    certificate: bool,
) -> SignedMessage:
    if signer.algorithm != ES256:
        raise ValueError(f"CMS is signed with a key on P-256; {signer.kid} is for {signer.algorithm}")
    der = signer.certificate.public_bytes(Encoding.DER)
    attributes = [
        _attribute(_CONTENT_TYPE, kind),
        _attribute(_MESSAGE_DIGEST, sha256(content).digest()),
        *([] if at is None else [_attribute(_SIGNING_TIME, asn1.UTCTime(_to_second(at)))]),
        _attribute(_SIGNING_CERTIFICATE_V2, _SigningCertificate(certificates=[_CertificateId(digest=_sha256(der))])),
    ]
    signed = asn1.SetOf(sorted(attributes, key=asn1.encode_der))  # a SET OF in DER goes by its bytes (X.690, 11.6)
    raw = signer.sign(asn1.encode_der(signed))
    info = _SignerInfo(
        version=1,
        signer=_IssuerAndSerial(
            issuer=asn1.decode_der(asn1.TLV, signer.certificate.issuer.public_bytes()),
            serial=signer.certificate.serial_number,
        ),
        digest_algorithm=AlgorithmIdentifier(oid=SHA256_ID),
        signed=signed,
        signature_algorithm=AlgorithmIdentifier(oid=_ECDSA_SHA256),
        signature=encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")),
    )
    data = _SignedData(
        version=1 if kind == DATA else 3,
        digest_algorithms=asn1.SetOf([AlgorithmIdentifier(oid=SHA256_ID)]),
        content=_Content(type=kind, content=content if attached else None),
        certificates=asn1.SetOf([asn1.decode_der(asn1.TLV, der)]) if certificate else None,
        signers=asn1.SetOf([info]),
    )
    return SignedMessage(type=_SIGNED_DATA, content=data)


def _attribute(kind: x509.ObjectIdentifier, value: object) -> _Attribute:
    return _Attribute(type=kind, values=asn1.SetOf([asn1.decode_der(asn1.TLV, asn1.encode_der(value))]))


def _to_second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def _sha256(data: bytes) -> bytes:
    return sha256(data).digest()


# --- reading ---------------------------------------------------------------------------------------------------------


def verify_detached(
    signature: bytes, content: bytes, purpose: str, trust: TrustList, at: datetime | None
) -> Verified | Finding:
    """Who signed `content`, if it is a key of the trust list with this purpose; `at` as in `TrustedKey.judge_time`."""
    signed = signer_of_detached(signature, content, purpose, trust)
    return signed if isinstance(signed, Finding) else signed.key.judge_time(signed.signed_at, at) or signed


def signer_of_detached(signature: bytes, content: bytes, purpose: str, trust: TrustList) -> Verified | Finding:
    """The same, whether or not the key held at the time: that is still to be judged."""
    message = _read(signature)
    if isinstance(message, Finding):
        return message
    data, info = message.content, message.content.signers.as_list()[0]
    der = bytes(asn1.encode_der(_certificates(data)[0]))
    key = trust.key_by_certificate(der)
    if key is None:
        return finding("signature.unknown-key", found=sha256(der).hexdigest(), attack="KEY-1")
    if purpose not in key.purposes:
        return finding("signature.wrong-purpose", found=" ".join(sorted(key.purposes)), expected=purpose)
    names = (bytes(asn1.encode_der(info.signer.issuer)), info.signer.serial)
    if names != (key.certificate.issuer.public_bytes(), key.certificate.serial_number):
        return finding("signature.certificate", found=f"serial {info.signer.serial}", attack="KEY-8")
    told = _attributes(info.signed.as_list())
    if isinstance(told, Finding):
        return told
    signed_at, digest, bound = told
    if bound != _sha256(der):
        return finding("signature.certificate", found=bound.hex(), expected=_sha256(der).hex(), attack="KEY-8")
    if digest != _sha256(content):
        return finding("signature.wrong-content", found=digest.hex(), expected=_sha256(content).hex())
    if not isinstance(key.public_key, ec.EllipticCurvePublicKey):
        return finding("signature.algorithm", found=key.algorithm, expected=ES256, attack="KEY-4")
    try:
        key.public_key.verify(info.signature, asn1.encode_der(info.signed), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return finding("signature.invalid", found=key.kid)
    return Verified(key.member, key.kid, signed_at, content, key)


def _read(signature: bytes) -> SignedMessage | Finding:
    """A signature of the one form, with one signer and one certificate."""
    if len(signature) > MAX_SIGNATURE:
        return finding("signature.too-large", found=len(signature), expected=f"at most {MAX_SIGNATURE}")
    try:
        message = asn1.decode_der(SignedMessage, signature)
        again = asn1.encode_der(message)
    except ValueError as error:
        return _shape(f"not DER of a SignedData: {str(error)[:100]}")
    data = message.content
    signers, certificates = data.signers.as_list(), _certificates(data)
    if again != signature or (message.type, data.version) != (_SIGNED_DATA, 1):
        return _shape("not SignedData of version 1 in DER")
    if (data.content.type, data.content.content) != (DATA, None):
        return _shape("content inside, or of another type")
    if len(signers) != 1 or len(certificates) != 1:
        return _shape(f"{len(signers)} signers, {len(certificates)} certificates")
    algorithms = [*data.digest_algorithms.as_list(), signers[0].digest_algorithm, signers[0].signature_algorithm]
    if [each.oid for each in algorithms] != [SHA256_ID, SHA256_ID, _ECDSA_SHA256] or signers[0].version != 1:
        return finding("signature.algorithm", found="; ".join(each.oid.dotted_string for each in algorithms))
    return message


def _certificates(data: _SignedData) -> list[asn1.TLV]:
    return [] if data.certificates is None else data.certificates.as_list()


def _attributes(signed: Sequence[_Attribute]) -> tuple[datetime, bytes, bytes] | Finding:
    """Time, digest of the content, digest of the certificate: from exactly the four attributes, each with one value."""
    values = {}
    for attribute in signed:
        told = attribute.values.as_list()
        if len(told) != 1 or attribute.type in values:
            return _shape(f"attribute {attribute.type.dotted_string} with {len(told)} values, or twice")
        values[attribute.type] = bytes(asn1.encode_der(told[0]))
    if values.keys() != {_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_TIME, _SIGNING_CERTIFICATE_V2}:
        return _shape("other attributes than content type, digest, time and certificate")
    try:
        kind = asn1.decode_der(x509.ObjectIdentifier, values[_CONTENT_TYPE])
        digest = asn1.decode_der(bytes, values[_MESSAGE_DIGEST])
        at = asn1.decode_der(asn1.UTCTime, values[_SIGNING_TIME]).as_datetime()
        bound = asn1.decode_der(_SigningCertificate, values[_SIGNING_CERTIFICATE_V2]).certificates
    except ValueError as error:
        return _shape(f"an attribute of another form: {str(error)[:100]}")
    if kind != DATA or len(bound) != 1:
        return _shape(f"content type {kind.dotted_string}, {len(bound)} certificates bound")
    return at.replace(tzinfo=UTC), digest, bound[0].digest


def _shape(found: str) -> Finding:
    return finding("signature.shape", found=found, expected="CAdES baseline B-B as `tb` makes it")
