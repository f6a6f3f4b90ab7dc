"""Certificates that a certification authority has issued to a member: the path, as the operator has pinned it.

A member's certificates are pinned on the trust list as a rule. A member that renews its keys without asking the
operator has an authority there instead: the anchor, the intermediates below it, and the name that its certificates
bear.

1. Anchor and intermediates stand on the list. A message brings one certificate and nothing of the path above it; no
   address in a certificate is followed.
2. The subject of the certificate has each attribute of the registered name, once, with this value: an authority issues
   to others too. No name in it is believed beyond that; the member is the one whose authority it is.
3. The key is of a kind and length that is taken (`tradebridge.evidence.signer`). The certificate is no authority's, has
   a key usage with digitalSignature or contentCommitment, and where it states extended usages, one of those registered
   (unless told otherwise: documentSigning, RFC 9336). `anyExtendedKeyUsage` is none of them.
4. The path holds by RFC 5280 at the time of the signature: `cryptography.x509.verification` checks signatures, times,
   basic constraints, path length, name constraints, and refuses critical extensions that it does not know. The path is
   at most as long as the registered one.
5. Unless the list says that the authority publishes none, every certificate below the anchor must be good by a
   revocation list of its issuer (`tradebridge.evidence.revocation`). None at hand, or a stale one: could not check.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Self, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification

from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.revocation import RevocationList, judge_revocation
from tradebridge.evidence.signer import RSA_BITS
from tradebridge.evidence.times import rfc3339

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning, RFC 9336."""
MAX_CHAIN = 5
"""Anchor and intermediates."""


class BadAuthority(ValueError):
    """What was given cannot be an authority: give CA certificates in PEM, the anchor first, and the subject's name."""


@dataclass(frozen=True, slots=True)
class TrustedAuthority:
    """An authority whose certificates a member signs with. Made by `TrustedAuthority.of`."""

    chain: tuple[x509.Certificate, ...]
    """The anchor, then the intermediates down to the one that issues."""
    subject: x509.Name
    """What the subject of every certificate bears (rule 2)."""
    purposes: frozenset[str]
    usages: frozenset[x509.ObjectIdentifier]
    revocation: bool
    """Must a revocation list say that the certificate is good (rule 5)?"""
    distrusted: datetime | None = None
    """The authority was broken into: what it issued and was logged from this moment on does not hold."""
    withdrawn: datetime | None = None
    """From this moment on the member uses it no more."""
    _policy: verification.PolicyBuilder = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        policy = (
            verification.PolicyBuilder()
            .store(verification.Store([self.anchor]))
            .max_chain_depth(len(self.chain) - 1)
            .extension_policies(
                ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
                ee_policy=verification.ExtensionPolicy.permit_all(),
            )
        )
        object.__setattr__(self, "_policy", policy)

    @classmethod
    def of(
        cls,
        chain: Sequence[x509.Certificate],
        subject: x509.Name,
        purposes: Iterable[str],
        usages: Iterable[x509.ObjectIdentifier] = (DOCUMENT_SIGNING,),
        *,
        revocation: bool = True,
        distrusted: datetime | None = None,
        withdrawn: datetime | None = None,
    ) -> Self:
        """Raises `BadAuthority`."""
        if not 1 <= len(chain) <= MAX_CHAIN:
            raise BadAuthority(f"{len(chain)} certificates: give the anchor and at most {MAX_CHAIN - 1} below it")
        for certificate in chain:
            _check_authority(certificate)
        for issuer, issued in pairwise(chain):
            if issued.issuer != issuer.subject:
                raise BadAuthority(f"{_name(issued.subject)} is not issued by {_name(issuer.subject)}: anchor first")
        if not list(subject) or any(len(part) != 1 for part in subject.rdns):
            raise BadAuthority("name the subject by one attribute or more, as O=Department of Foreign Trade,C=TH")
        return cls(tuple(chain), subject, frozenset(purposes), frozenset(usages), revocation, distrusted, withdrawn)

    @property
    def anchor(self) -> x509.Certificate:
        return self.chain[0]

    def id_of(self, member: str) -> str:
        """Its name as this member's: `member#` and the SHA-256 of the issuing certificate in base64url."""
        digest = urlsafe_b64encode(self.chain[-1].fingerprint(SHA256()))
        return f"{member}#{digest.rstrip(b'=').decode('ascii')}"

    def claims(self, certificate: x509.Certificate) -> bool:
        """Does it say that this authority has issued it? Nothing is proven by that."""
        return any(each.subject == certificate.issuer for each in self.chain)

    def judge_subject(self, certificate: x509.Certificate) -> Finding | None:
        """Rule 2."""
        told = list(certificate.subject)
        for attribute in self.subject:
            if [each.value for each in told if each.oid == attribute.oid] != [attribute.value]:
                expected = self.subject.rfc4514_string()
                return finding("signature.subject", found=_name(certificate.subject), expected=expected, attack="X5-1")
        return None

    def issued(self, certificate: x509.Certificate) -> bool:
        """Is it signed by a key of this authority?"""
        return any(_is_signed_by(certificate, each) for each in self.chain)

    def judge(
        self,
        certificate: x509.Certificate,
        lists: Sequence[RevocationList],
        signed_at: datetime,
        at: datetime | None,
    ) -> Finding | None:
        """None if a certificate holds for a signature that states `signed_at` and is known to exist at `at`, else why
        not (rules 3 to 5)."""
        return self._judge_usage(certificate) or self._judge_path(certificate, lists, signed_at, at)

    def _judge_usage(self, certificate: x509.Certificate) -> Finding | None:
        """Rule 3, but the key."""
        try:
            extensions = certificate.extensions
        except ValueError as error:
            return _path(f"extensions that cannot be read: {str(error)[:100]}", "X5-8")
        basic = _value(extensions, x509.BasicConstraints)
        if basic is not None and basic.ca:
            return _usage("a certificate of an authority", "one of an end entity")
        usage = _value(extensions, x509.KeyUsage)
        if usage is None or not (usage.digital_signature or usage.content_commitment):
            return _usage("no such key usage", "digitalSignature or contentCommitment")
        extended = _value(extensions, x509.ExtendedKeyUsage)
        if extended is not None and not self.usages & set(extended):
            told = ", ".join(each.dotted_string for each in extended)
            return _usage(told, ", ".join(sorted(each.dotted_string for each in self.usages)))
        return None

    def _judge_path(
        self,
        certificate: x509.Certificate,
        lists: Sequence[RevocationList],
        signed_at: datetime,
        at: datetime | None,
    ) -> Finding | None:
        """Rules 4 and 5."""
        try:
            verifier = self._policy.time(at or signed_at).build_client_verifier()
            path = verifier.verify(certificate, list(self.chain[1:])).chain
        except verification.VerificationError as error:
            return _path(str(error)[:200], self._attack(certificate))
        ended = self._ended(signed_at, at)
        if ended is not None or not self.revocation:
            return ended
        for issued, issuer in pairwise(path):
            found = judge_revocation(issued, issuer, lists, signed_at, at)
            if found is not None:
                return found
        return None

    def _ended(self, signed_at: datetime, at: datetime | None) -> Finding | None:
        if self.distrusted is not None and (at is None or at >= self.distrusted):
            return distrusted(at, self.distrusted)
        last = signed_at if at is None else max(signed_at, at)
        if self.withdrawn is not None and last >= self.withdrawn:
            expected = f"before {rfc3339(self.withdrawn)}"
            return finding("signature.withdrawn-key", found=rfc3339(last), expected=expected, attack="X5-7")
        return None

    def _attack(self, certificate: x509.Certificate) -> str:
        """What a path that does not hold would be: by another key of the same name, or one that RFC 5280 forbids."""
        if not self.issued(certificate):
            return "KEY-1"
        known = all(not each.critical or _is_known(each) for each in certificate.extensions)
        return "X5-5" if known else "X5-8"

    def to_json(self) -> dict[str, object]:
        return {
            "chain": [each.public_bytes(Encoding.PEM).decode("ascii") for each in self.chain],
            "subject": self.subject.rfc4514_string(),
            "purposes": sorted(self.purposes),
            "usages": sorted(each.dotted_string for each in self.usages),
            "revocation": self.revocation,
            **({"distrusted": rfc3339(self.distrusted)} if self.distrusted else {}),
            **({"withdrawn": rfc3339(self.withdrawn)} if self.withdrawn else {}),
        }


def distrusted(at: datetime | None, since: datetime) -> Finding:
    """Of a signature that is not known to have existed before its key was compromised."""
    found = "no proven time" if at is None else rfc3339(at)
    return finding("signature.distrusted-key", found=found, expected=f"before {rfc3339(since)}", attack="REV-3")


def _is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _check_authority(certificate: x509.Certificate) -> None:
    """A certificate of an authority with a key that is strong enough. Raises `BadAuthority`."""
    name = _name(certificate.subject)
    try:
        basic = _value(certificate.extensions, x509.BasicConstraints)
        usage = _value(certificate.extensions, x509.KeyUsage)
    except ValueError as error:
        raise BadAuthority(f"{name}: {error}") from error
    if basic is None or not basic.ca or usage is None or not usage.key_cert_sign:
        raise BadAuthority(f"{name} is no authority's certificate (CA, keyCertSign)")
    key = certificate.public_key()
    strong = (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= 256) or (
        isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_BITS[0]
    )
    if not strong:
        raise BadAuthority(f"{name} has a key that is not taken: EC P-256 or larger, or RSA of {RSA_BITS[0]} bits")


_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


def _value(extensions: x509.Extensions, kind: type[_Kind]) -> _Kind | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _is_known(extension: x509.Extension[x509.ExtensionType]) -> bool:
    return not isinstance(extension.value, x509.UnrecognizedExtension)


def _name(name: x509.Name) -> str:
    return name.rfc4514_string()[:200] or "a certificate without a name"


def _path(found: str, attack: str) -> Finding:
    return finding("signature.path", found=found, expected="a path to the authority of the member", attack=attack)


def _usage(found: str, expected: str) -> Finding:
    return finding("signature.usage", found=found, expected=expected, attack="X5-4")
