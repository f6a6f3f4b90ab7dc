"""Revocation lists of authorities (RFC 5280, section 5), read strictly, with their age told apart from their word.

1. A list counts if it is complete (no delta, no part: a distribution point that narrows it), direct, of its issuer's
   name and key, strong in its signature, and says when the next one comes. Any other is refused when it is read.
2. It answers for a moment T if it covers T (this update <= T <= next update), or was made after T, while the
   certificate had not expired yet: of expired ones a list need not tell any more.
3. No such list: could not check. A stale list is never a 'yes', nor a list of another authority.
4. A revoked certificate is revoked since its revocation date, or the invalidity date where that is earlier. For a
   compromise only the known time of a signature counts, never the one that it states.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from schemas.content import sha256_hex
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.times import rfc3339

MAX_LIST = 10 * 1024 * 1024
"""Bytes of one list."""

_COMPROMISED = frozenset(
    {x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise, x509.ReasonFlags.aa_compromise}
)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list of one authority. Made by `read_revocation_list`."""

    issuer: str
    """SHA-256 of the certificate of the authority, in lower-case hexadecimal."""
    this_update: datetime
    next_update: datetime
    number: int
    """CRLNumber; 0 where there is none. It never falls."""
    data: bytes = field(repr=False)
    """The list in DER."""
    _crl: x509.CertificateRevocationList = field(repr=False, compare=False)

    def answers(self, certificate: x509.Certificate, moment: datetime) -> bool:
        """Rule 2."""
        if moment <= self.this_update:
            return self.this_update <= certificate.not_valid_after_utc
        return moment <= self.next_update

    def entry(self, serial: int) -> x509.RevokedCertificate | None:
        return self._crl.get_revoked_certificate_by_serial_number(serial)


def read_revocation_list(data: bytes, issuers: Sequence[x509.Certificate]) -> RevocationList | Finding:
    """A list in DER or PEM, by one of these authorities (rule 1)."""
    if len(data) > MAX_LIST:
        return _refused(f"{len(data)} bytes", f"at most {MAX_LIST}")
    try:
        pem = data.lstrip().startswith(b"-----")
        crl = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
        extensions = list(crl.extensions)
        hash_ = crl.signature_hash_algorithm
        named = [each for each in issuers if each.subject == crl.issuer]
        issuer = next((each for each in named if _is_by(crl, each)), None)
    except (ValueError, TypeError) as error:
        return _refused(str(error)[:200], "a revocation list in DER or PEM")
    if issuer is None:
        found = f"a list of {crl.issuer.rfc4514_string()[:200]}" + (", by another key" if named else "")
        return _refused(found, "a list by an authority of the trust list")
    if not isinstance(hash_, hashes.SHA256 | hashes.SHA384 | hashes.SHA512):
        return _refused(getattr(hash_, "name", "no hash"), "SHA-256 or longer")
    for extension in extensions:
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            return _refused("a delta list", "a complete list")
        known = isinstance(extension.value, x509.AuthorityKeyIdentifier | x509.CRLNumber)
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            if _narrows(extension.value):
                return _refused("a list of a part, or an indirect one", "a complete list")
            known = True
        if extension.critical and not known:
            return _refused(f"the critical extension {extension.oid.dotted_string}", "none that is not known")
    if crl.next_update_utc is None or crl.next_update_utc <= crl.last_update_utc:
        return _refused("no next update", "a list that says when the next one comes")
    number = next((each.value.crl_number for each in extensions if isinstance(each.value, x509.CRLNumber)), 0)
    name = sha256_hex(issuer.public_bytes(Encoding.DER))
    der = crl.public_bytes(Encoding.DER)
    return RevocationList(name, crl.last_update_utc, crl.next_update_utc, number, der, crl)


def judge_revocation(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    lists: Sequence[RevocationList],
    signed_at: datetime,
    at: datetime | None,
) -> Finding | None:
    """None if the newest list of the issuer that answers says that the certificate was good, else why not."""
    name = sha256_hex(issuer.public_bytes(Encoding.DER))
    own = sorted((each for each in lists if each.issuer == name), key=lambda each: (each.this_update, each.number))
    moment = at or signed_at
    answering = [each for each in own if each.answers(certificate, moment)]
    if not answering:
        found = (
            f"none newer than of {rfc3339(own[-1].this_update)}, until {rfc3339(own[-1].next_update)}"
            if own
            else "none"
        )
        told = f"a list of {issuer.subject.rfc4514_string()[:200]} for {rfc3339(moment)}"
        return finding("signature.revocation-unknown", found=found, expected=told, attack="REV-2")
    entry = answering[-1].entry(certificate.serial_number)
    if entry is None:
        return None
    since, compromised = _since(entry)
    last = at if compromised else max(signed_at, moment)
    if last is not None and last < since:
        return None
    found = "no proven time" if last is None else rfc3339(last)
    return finding("signature.revoked-certificate", found=found, expected=f"before {rfc3339(since)}", attack="REV-3")


def _since(entry: x509.RevokedCertificate) -> tuple[datetime, bool]:
    """Since when it is revoked, and whether its key is in other hands (rule 4)."""
    since, compromised = entry.revocation_date_utc, False
    for extension in entry.extensions:
        if isinstance(extension.value, x509.InvalidityDate):
            since = min(since, extension.value.invalidity_date_utc)
        if isinstance(extension.value, x509.CRLReason):
            compromised = extension.value.reason in _COMPROMISED
    return since, compromised


def _is_by(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.crl_sign and crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # an authority's


def _narrows(point: x509.IssuingDistributionPoint) -> bool:
    return bool(
        point.only_contains_user_certs
        or point.only_contains_ca_certs
        or point.only_contains_attribute_certs
        or point.only_some_reasons
        or point.indirect_crl
    )


def _refused(found: str, expected: str) -> Finding:
    return finding("trust.revocation-list", found=found, expected=expected, attack="REV-2")
