"""Timestamps by a timestamp authority (RFC 3161): that bytes existed at a time, by somebody who is not the hub.

1. A token is over the SHA-256 of the bytes, and over these bytes only (TSP-1).
2. Its signer's certificate is issued by a root that the caller pins, and valid at the time that the token tells (TSP-3,
   TSP-4). It is an end entity, and its one extended key usage, critical, is timestamping (TSP-2; RFC 3161, 2.3).
3. The answer to a query has the query's nonce and status `granted`; where a policy is pinned, it is that (TSP-4).
4. The signature is ECDSA or RSA with SHA-2, checked by `rfc3161-client`, a library that we did not write.

The library is loaded when the first timestamp is asked for or read: it costs a twentieth of a second.

A query is made by the caller (`query`), sent by somebody else, read here. What is kept is the whole TimeStampResp, in
DER.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tradebridge.evidence.refusals import Finding, finding

if TYPE_CHECKING:
    from rfc3161_client.tsp import SignedData

MAX_TOKEN = 65_536
"""Bytes of a response; a usual one has 1,000 to 6,000."""

_UNREADABLE = (
    ValueError,
    KeyError,  # a name in a signer's identifier that `rfc3161-client` has no reading of
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the libraries raise over bytes that are no token."""


@dataclass(frozen=True, slots=True)
class TimestampRoot:
    """A timestamp authority that the caller believes."""

    name: str
    roots: tuple[x509.Certificate, ...]
    policy: x509.ObjectIdentifier | None = None
    """The only policy that is taken; None: any."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """These bytes existed at `at`."""

    at: datetime
    """UTC."""
    authority: str
    """Name of the pinned authority."""
    serial: int
    signer: x509.Certificate


@dataclass(frozen=True, slots=True)
class Query:
    """What to send as `application/timestamp-query`, and the nonce that the answer must have."""

    der: bytes
    nonce: int


def query(data: bytes) -> Query:
    """A query for the SHA-256 of `data`, with the authority's certificate asked for."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    made = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).cert_request(cert_request=True)
    built = made.build()
    if built.nonce is None:
        raise ValueError("rfc3161-client made a query without a nonce: use version 1.0.9 or later")
    return Query(built.as_bytes(), built.nonce)


def read_timestamp(
    response: bytes, data: bytes, authorities: Sequence[TimestampRoot], nonce: int | None = None
) -> Timestamp | Finding:
    """The timestamp over `data`, or why there is none. `nonce`: of the query, while its answer is awaited."""
    from rfc3161_client import VerificationError, VerifierBuilder
    from rfc3161_client import decode_timestamp_response as decode

    if len(response) > MAX_TOKEN:
        return _refused("TSP-4", f"{len(response)} bytes", f"at most {MAX_TOKEN}")
    try:
        told = decode(response)
        if told.status != 0:
            return _refused("TSP-4", f"status {told.status}", "granted (0)")
        signer = _signer(told.signed_data)
        info = told.tst_info
    except _UNREADABLE as error:
        return _refused("TSP-4", f"no timestamp response: {str(error)[:100]}", "RFC 3161 in DER")
    if isinstance(signer, Finding):
        return signer
    if info.message_imprint.message != sha256(data).digest():
        return _refused("TSP-1", info.message_imprint.message.hex(), f"SHA-256 {sha256(data).hexdigest()}")
    reasons = []
    for authority in authorities:
        builder = VerifierBuilder(policy_id=authority.policy, roots=list(authority.roots), nonce=nonce)
        try:
            builder.build().verify(told, sha256(data).digest())
        except VerificationError as error:
            reasons.append(f"{authority.name}: {str(error)[:100]}")
            continue
        return Timestamp(info.gen_time.astimezone(UTC), authority.name, info.serial_number, signer)
    outside = _outside(signer, info.gen_time)
    attack = "TSP-3" if outside else "TSP-4"
    return _refused(attack, outside or "; ".join(reasons) or "nobody is believed", "an authority that is pinned")


def _signer(signed_data: "SignedData") -> x509.Certificate | Finding:
    """The certificate of the one signer, if it may sign timestamps and nothing else (rule 2)."""
    certificates = [x509.load_der_x509_certificate(bytes(each)) for each in signed_data.certificates]
    infos = list(signed_data.signer_infos)
    if len(infos) != 1:
        return _refused("TSP-4", f"{len(infos)} signers", "one")
    told = (infos[0].issuer, infos[0].serial_number)
    found = [each for each in certificates if (each.issuer, each.serial_number) == told]
    if len(found) != 1:
        return _refused("TSP-4", f"{len(found)} certificates of the signer", "one, in the token")
    return _check_purpose(found[0]) or found[0]


def _check_purpose(certificate: x509.Certificate) -> Finding | None:
    try:
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        usages, critical = list(extended.value), extended.critical
    except x509.ExtensionNotFound:
        usages, critical = [], False
    if usages != [ExtendedKeyUsageOID.TIME_STAMPING] or not critical:
        told = f"{', '.join(each.dotted_string for each in usages) or 'no usage'}{'' if critical else ', not critical'}"
        return _refused("TSP-2", told, "timestamping alone, critical")
    try:
        is_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_authority = False
    return _refused("TSP-2", "a certificate authority", "an end entity") if is_authority else None


def _outside(certificate: x509.Certificate, at: datetime) -> str:
    """What stands against the certificate's time; empty if nothing does."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return "" if begins <= at <= ends else f"{at:%Y-%m-%dT%H:%M:%SZ}, outside {begins:%Y-%m-%d} to {ends:%Y-%m-%d}"


def _refused(attack: str, found: str, expected: str) -> Finding:
    return finding("timestamp.invalid", found=found, expected=expected, attack=attack)
