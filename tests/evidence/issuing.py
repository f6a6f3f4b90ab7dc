"""A certification authority for these tests, with an intermediate below it and lists of what it has revoked.

Everything follows from a seed, so that a vector that was written once is judged by the same authority for ever.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lxml import etree

from schemas.content import from_base64url
from tests.evidence.sealing import changed, find
from tests.evidence.test_xades import DOCUMENT
from tests.evidence.world import AT, CERTIFICATES, SEED, SG, TRUST
from tradebridge.evidence import jws, simulation, xades
from tradebridge.evidence.authorities import DOCUMENT_SIGNING, TrustedAuthority
from tradebridge.evidence.revocation import RevocationList, read_revocation_list
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.trust import MEMBER_PURPOSES, TrustedMember, TrustList

DAY = timedelta(days=1)
MEMBER = "ID-NSW"
OFFICE = "Issuing Office of Indonesia"
SUBJECT = x509.Name.from_rfc4514_string(f"O={OFFICE},C=ID")


def key_of(name: str) -> ec.EllipticCurvePrivateKey:
    return simulation.test_private_key(SEED, name, "authority")


def name_of(common: str, organisation: str = OFFICE, country: str = "ID") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def certify(
    subject: x509.Name,
    key: object,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool = False,
    path_length: int | None = None,
    usage: bool = True,
    extended: Sequence[x509.ObjectIdentifier] = (DOCUMENT_SIGNING,),
    begins: datetime = AT - 100 * DAY,
    ends: datetime = AT + 1000 * DAY,
    critical: x509.ExtensionType | None = None,
) -> x509.Certificate:
    identity = subject.public_bytes() + str((begins, ends, authority, path_length)).encode()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)  # type: ignore[arg-type]  # any public key
        .serial_number(int.from_bytes(b"\x01" + sha256(identity).digest()[:15], "big"))
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(authority, path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)  # type: ignore[arg-type]
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if usage:
        flags = x509.KeyUsage(not authority, False, False, False, False, authority, authority, False, False)
        builder = builder.add_extension(flags, critical=True)
    if extended and not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    if critical is not None:
        builder = builder.add_extension(critical, critical=True)
    return builder.sign(issuer_key, SHA256(), ecdsa_deterministic=True)


ROOT_KEY, BELOW_KEY, LEAF_KEY = key_of("root"), key_of("below"), key_of("leaf")
ROOT_NAME, BELOW_NAME = name_of("Root", "Trust Indonesia"), name_of("Signing CA", "Trust Indonesia")
ROOT = certify(ROOT_NAME, ROOT_KEY.public_key(), ROOT_NAME, ROOT_KEY, authority=True)
BELOW = certify(BELOW_NAME, BELOW_KEY.public_key(), ROOT_NAME, ROOT_KEY, authority=True)
SHORT_NAME, SHORT_BELOW_NAME = name_of("Short Root", "Trust Indonesia"), name_of("Too Deep CA", "Trust Indonesia")
SHORT = certify(SHORT_NAME, ROOT_KEY.public_key(), SHORT_NAME, ROOT_KEY, authority=True, path_length=0)
TOO_DEEP = certify(SHORT_BELOW_NAME, BELOW_KEY.public_key(), SHORT_NAME, ROOT_KEY, authority=True)


def leaf(
    common: str = "Officer 7",
    key: object | None = None,
    issuer: x509.Name = BELOW_NAME,
    issuer_key: ec.EllipticCurvePrivateKey = BELOW_KEY,
    subject: x509.Name | None = None,
    **how: object,
) -> x509.Certificate:
    """What the authority issues to the office, unless told otherwise."""
    return certify(subject or name_of(common), key or LEAF_KEY.public_key(), issuer, issuer_key, **how)  # type: ignore[arg-type]


def signer_of(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey = LEAF_KEY) -> LocalSigner:
    return LocalSigner(MEMBER, key, certificate, deterministic=True)


def signed(certificate: x509.Certificate, at: datetime = AT, key: ec.EllipticCurvePrivateKey = LEAF_KEY) -> bytes:
    """The document of these tests, signed in XML by a certificate of the authority."""
    return xades.sign(DOCUMENT, signer_of(certificate, key), at)


def with_certificate(token: str, own: x509.Certificate) -> str:
    """A statement that our code signed with `signer_of(own)`, with the certificate beside it (`x5c`)."""
    header, payload, _ = token.split(".")
    told = orjson.loads(from_base64url(header.encode()) or b"") | {
        "x5c": [b64encode(own.public_bytes(Encoding.DER)).decode()]
    }
    signing_input = jws._encode(orjson.dumps(told)) + b"." + payload.encode()
    return (signing_input + b"." + jws._encode(signer_of(own).sign(signing_input))).decode()


class Signs(Protocol):
    def sign(self, data: bytes) -> bytes: ...


def signed_as(certificate: x509.Certificate, method: str, signer: Signs | None) -> bytes:
    """Signed by us, then with another certificate, method and signature in its place."""
    der = certificate.public_bytes(Encoding.DER)

    def change(root: etree._Element, signature: etree._Element) -> None:
        find(signature, "ds:KeyInfo/ds:X509Data/ds:X509Certificate").text = b64encode(der).decode()
        find(signature, "ds:SignedInfo/ds:SignatureMethod").set("Algorithm", method)
        properties = find(signature, "ds:Object/xades:QualifyingProperties/xades:SignedProperties")
        digest = find(
            properties,
            "xades:SignedSignatureProperties/xades:SigningCertificateV2/xades:Cert/xades:CertDigest/ds:DigestValue",
        )
        digest.text = b64encode(sha256(der).digest()).decode()

    return changed(xades.sign(DOCUMENT, SG, AT), change, signer)  # type: ignore[arg-type]  # it only signs


def revocation_list(
    issuer: x509.Name = BELOW_NAME,
    key: ec.EllipticCurvePrivateKey = BELOW_KEY,
    *,
    at: datetime = AT - DAY,
    lasts: timedelta = 7 * DAY,
    number: int = 7,
    revoked: Sequence[x509.RevokedCertificate] = (),
    extra: x509.ExtensionType | None = None,
    critical: bool = True,
) -> bytes:
    """In DER."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer)
        .last_update(at)
        .next_update(at + lasts)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for each in revoked:
        builder = builder.add_revoked_certificate(each)
    if extra is not None:
        builder = builder.add_extension(extra, critical=critical)
    return builder.sign(key, SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)


def revoked(
    certificate: x509.Certificate,
    since: datetime,
    reason: x509.ReasonFlags | None = None,
    invalid: datetime | None = None,
) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(since)
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    if invalid is not None:
        builder = builder.add_extension(x509.InvalidityDate(invalid), critical=False)
    return builder.build()


def lists(*data: bytes) -> tuple[RevocationList, ...]:
    read = [read_revocation_list(each, [ROOT, BELOW, SHORT, TOO_DEEP]) for each in data]
    return tuple(each for each in read if isinstance(each, RevocationList))


GOOD = leaf()
REVOKED = leaf("Officer 3")
LISTS = lists(
    revocation_list(revoked=[revoked(REVOKED, AT - 3 * DAY)]),
    revocation_list(ROOT_NAME, ROOT_KEY),
    revocation_list(SHORT_NAME, ROOT_KEY),
    revocation_list(SHORT_BELOW_NAME, BELOW_KEY),
)


def authority(*chain: x509.Certificate, **how: object) -> TrustedAuthority:
    return TrustedAuthority.of(chain or (ROOT, BELOW), SUBJECT, MEMBER_PURPOSES, **how)  # type: ignore[arg-type]


def trusting(*authorities: TrustedAuthority, known: tuple[RevocationList, ...] = LISTS) -> TrustList:
    """The list of these tests with one member more, which signs with what its authorities issue."""
    member = TrustedMember(
        id=MEMBER,
        country="ID",
        kind="single-window",
        roles=frozenset({"issuer", "sender", "recipient"}),
        issues=CERTIFICATES,
        authorities=authorities or (authority(), authority(SHORT, TOO_DEEP)),
    )
    return replace(TRUST, members=(*TRUST.members, member), revocations=known)


ISSUING = trusting()
UNLISTED = trusting(known=())
STALE = trusting(known=lists(revocation_list(at=AT - 30 * DAY), revocation_list(ROOT_NAME, ROOT_KEY)))
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
