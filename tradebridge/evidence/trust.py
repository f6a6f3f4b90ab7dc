"""The trust list: whose keys are believed, for what, and since when. `tradebridge-trust/1`, the JSON of GET /v1/trust.

1. A key is found by its whole name (`member#thumbprint`) or by the exact bytes of its certificate. Nothing that a
   message says of itself (a name, an issuer, an embedded key, an address) leads to a key.
2. A key has one member, one certificate and one algorithm, fixed when the list is made. The algorithm comes from the
   kind of key, never from a message. A renewed certificate needs a new key.
3. A key is valid where both its certificate and the list say so: the later beginning and the earlier end. A key that
   was withdrawn stays on the list with the moment: what is known to be signed before still holds, nothing later does.
   A key that is distrusted since a moment was in other hands: only what is proven to have existed before still holds,
   and the time that a signature states counts for nothing.
4. A key serves the purposes it is registered for: `document`, `event`, `ack` of a member; `receipt`, `note`,
   `attestation`, `bundle`, `trust`, `status` (and `event`, for what the clock does) of the hub.
5. Certificates are pinned; who issued one is not looked at. Only where the list has an authority for a member, what
   that authority issues is the member's too (`tradebridge.evidence.authorities`).
6. A list that a stale status stands beside believes no document: could not check (`tradebridge.evidence.status`).
7. With the versions before it (`tradebridge.evidence.trust_history`) it judges by what was trusted at the time.

Looking up costs one dictionary access. Building a list of known members costs a few dictionaries: the certificates are
read once, when a `TrustedKey` is made.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Literal, Protocol, Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey, OKPKey, RSAKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from schemas.content import sha256_hex
from tradebridge.evidence.authorities import MAX_CHAIN, BadAuthority, TrustedAuthority, distrusted
from tradebridge.evidence.cosignatures import Witness
from tradebridge.evidence.lost import LostKey, checked_key, not_lost
from tradebridge.evidence.notes import BadVerifierKey
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.revocation import RevocationList, read_revocation_list
from tradebridge.evidence.signer import PublicKey, UnsupportedKey, WeakKey, algorithm_of, key_id, public_key_of
from tradebridge.evidence.simulation import is_test_certificate
from tradebridge.evidence.times import TOLERANCE, from_rfc3339, rfc3339
from tradebridge.evidence.timestamps import TimestampRoot

FORMAT = "tradebridge-trust/1"

MEMBER_PURPOSES = frozenset({"document", "event", "ack"})
HUB_PURPOSES = frozenset({"receipt", "note", "attestation", "event", "bundle", "trust", "status"})

MAX_CERTIFICATE = 8192
"""Bytes of a certificate in a message; usual ones have under 2,000."""


class BadTrustList(ValueError):
    """The list cannot be used; `found` tells a user what to mend."""

    def __init__(self, found: Finding) -> None:
        super().__init__(f"{found.message} {found.pointer}: {found.found}")
        self.found = found


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """One public key of one member. Made by `TrustedKey.of`."""

    kid: str
    member: str
    purposes: frozenset[str]
    not_before: datetime
    not_after: datetime
    algorithm: str
    """`ES256`, `EdDSA`, or `PS256` for RSA."""
    public_key: PublicKey
    certificate: x509.Certificate
    der: bytes = field(repr=False)
    """The certificate's bytes."""
    fingerprint: str
    """SHA-256 of the certificate in lower-case hexadecimal."""
    jose: ECKey | OKPKey | RSAKey = field(repr=False, compare=False)
    """The public key as joserfc takes it."""
    withdrawn: datetime | None = None
    """From this moment on nobody believes it; None while it is believed."""
    distrusted: datetime | None = None
    """From this moment on it was in other hands (rule 3)."""
    authority: TrustedAuthority | None = field(default=None, repr=False, compare=False)
    """Who issued its certificate, where that is not pinned (rule 5)."""
    revocations: tuple[RevocationList, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def of(
        cls,
        member: str,
        certificate: x509.Certificate,
        purposes: Iterable[str],
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        withdrawn: datetime | None = None,
        distrusted: datetime | None = None,
    ) -> Self:
        """The key of a certificate, valid within its time and the one given. Raises `UnsupportedKey`, `WeakKey`."""
        public_key = public_key_of(certificate)
        der = certificate.public_bytes(Encoding.DER)
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return cls(
            kid=key_id(member, public_key),
            member=member,
            purposes=frozenset(purposes),
            not_before=begins if not_before is None else max(begins, not_before),
            not_after=ends if not_after is None else min(ends, not_after),
            algorithm=algorithm_of(public_key),
            public_key=public_key,
            certificate=certificate,
            der=der,
            fingerprint=sha256_hex(der),
            jose=_for_joserfc(public_key),
            withdrawn=withdrawn,
            distrusted=distrusted,
        )

    @property
    def signature_length(self) -> int:
        """Of its signatures, in bytes."""
        return (self.public_key.key_size + 7) // 8 if isinstance(self.public_key, rsa.RSAPublicKey) else 64

    def judge_time(self, signed_at: datetime, at: datetime | None) -> Finding | None:
        """None if a signature made at `signed_at` and seen at `at` lies within this key's time, else why not.

        `signed_at` is the signer's own claim, so the key must be valid at `at` too: the time at which the signature is
        known to exist (now, at intake; the time of the receipt, in evidence). `at` is None where nothing but the claim
        is known.
        """
        if at is not None and signed_at - at > TOLERANCE:
            return finding(
                "signature.time-ahead",
                found=rfc3339(signed_at),
                expected=f"at most {rfc3339(at + TOLERANCE)}",
                attack="KEY-10",
            )
        if self.distrusted is not None and (at is None or at >= self.distrusted):
            return distrusted(at, self.distrusted)
        for moment in (signed_at,) if at is None else (signed_at, at):
            if moment < self.not_before:
                return finding(
                    "signature.not-yet-valid",
                    found=rfc3339(moment),
                    expected=f"from {rfc3339(self.not_before)}",
                    attack="X5-7",
                )
            if self.withdrawn is not None and moment >= self.withdrawn:
                return finding(
                    "signature.withdrawn-key",
                    found=rfc3339(moment),
                    expected=f"before {rfc3339(self.withdrawn)}",
                    attack="X5-7",
                )
            if moment > self.not_after:
                return finding(
                    "signature.expired-certificate",
                    found=rfc3339(moment),
                    expected=f"until {rfc3339(self.not_after)}",
                    attack="X5-7",
                )
        if self.authority is None:
            return None
        return self.authority.judge(self.certificate, self.revocations, signed_at, at)

    def judge_undated(self, now: datetime | None) -> Finding | None:
        """Of a word of its own that nothing dates: whoever has a key that was withdrawn can still say it, and state a
        time before. None if it is not withdrawn by `now`; `now` None: whenever it is to be."""
        if self.withdrawn is None or (now is not None and now < self.withdrawn):
            return None
        return finding("evidence.undated", found="nothing", expected=f"a timestamp before {rfc3339(self.withdrawn)}")

    def to_json(self) -> dict[str, object]:
        return {
            "kid": self.kid,
            "certificate": self.certificate.public_bytes(Encoding.PEM).decode("ascii"),
            "purposes": sorted(self.purposes),
            "notBefore": rfc3339(self.not_before),
            "notAfter": rfc3339(self.not_after),
            **({"withdrawn": rfc3339(self.withdrawn)} if self.withdrawn else {}),
            **({"distrusted": rfc3339(self.distrusted)} if self.distrusted else {}),
        }


def _for_joserfc(key: PublicKey) -> ECKey | OKPKey | RSAKey:
    if isinstance(key, rsa.RSAPublicKey):
        return RSAKey.import_key(key)
    return OKPKey.import_key(key) if isinstance(key, ed25519.Ed25519PublicKey) else ECKey.import_key(key)


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that holds: who made it, when they say they made it, and over what."""

    member: str
    kid: str
    signed_at: datetime
    """UTC, as the signer states it."""
    payload: bytes
    """The bytes that were signed: read these and nothing else."""
    key: TrustedKey
    dated: datetime | None = None
    """Since when the signature is known to exist, by a timestamp in it."""


@dataclass(frozen=True, slots=True)
class TrustedMember:
    """A member and what it may do."""

    id: str
    country: str
    """ISO 3166 alpha-2; empty where it has none."""
    kind: str
    """`single-window`, `issuing-authority`, `platform`, or `hub`."""
    roles: frozenset[str] = frozenset()
    """Of issuer, sender, recipient."""
    carriers: frozenset[str] = frozenset()
    """Carrier codes that it speaks for."""
    issues: frozenset[str] = frozenset()
    """Profiles whose documents it may sign."""
    keys: tuple[TrustedKey, ...] = ()
    authorities: tuple[TrustedAuthority, ...] = ()
    """Whose certificates are its own too; none as a rule."""

    def may_issue(self, profile: str, issued_by: str | None) -> Finding | None:
        """None if this member may sign such a document, else why not.

        `issued_by` is what the document says of its issuer (`schemas.registry.Document`): `country:SG`, `carrier:SIML`,
        `member:TH-NSW`, or None where anybody may sign.
        """
        if issued_by is None:
            return None
        kind, _, name = issued_by.partition(":")
        if kind == "member":
            return None if name == self.id else self._not_issuer(f"member {name}")
        if "issuer" not in self.roles:
            return self._not_issuer("a member with the role issuer")
        if profile not in self.issues:
            return self._not_issuer(f"a member that issues {profile}")
        if (kind == "country" and name == self.country) or (kind == "carrier" and name in self.carriers):
            return None
        return self._not_issuer(f"an issuer of {kind} {name}")

    def _not_issuer(self, expected: str) -> Finding:
        return finding("signature.unknown-issuer", found=self.id, expected=expected, attack="KEY-1")

    def to_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "country": self.country,
            "kind": self.kind,
            "roles": sorted(self.roles),
            "carriers": sorted(self.carriers),
            "issues": sorted(self.issues),
            "keys": [key.to_json() for key in self.keys],
            **({"authorities": [each.to_json() for each in self.authorities]} if self.authorities else {}),
        }


def hub_of(keys: Iterable[TrustedKey], member: str = "HUB") -> TrustedMember:
    """The hub as the trust list has it."""
    return TrustedMember(id=member, country="", kind="hub", keys=tuple(keys))


@dataclass(frozen=True, slots=True)
class TrustedLog:
    """The log whose checkpoints are believed."""

    origin: str
    verifier_key: str
    """C2SP: `name+hash+base64`, see `tradebridge.evidence.notes.verifier_key_of`."""
    witnesses: tuple[Witness, ...] = ()
    needed: int = 0
    """How many of the witnesses must have cosigned a checkpoint."""

    def to_json(self) -> dict[str, object]:
        told: dict[str, object] = {"origin": self.origin, "publicKey": self.verifier_key}
        if self.witnesses:
            told |= {"witnesses": [each.verifier_key for each in self.witnesses], "witnessesNeeded": self.needed}
        return told


@dataclass(frozen=True, slots=True)
class Observers:
    """The log, its witnesses and the timestamp authorities as a list names them."""

    log: TrustedLog
    authorities: tuple[TimestampRoot, ...]
    ends: datetime | None = None
    """From this moment on a newer version named others; None: they are those of the newest."""
    begins: datetime | None = None
    """From this moment on they were named; None: as far back as is known."""

    def in_force(self, at: datetime | None) -> bool:
        """Whether they are believed of what is proven to have existed at `at`; None: nothing dates it."""
        if self.ends is None:
            return True
        return at is not None and at < self.ends and (self.begins is None or self.begins <= at)


class History(Protocol):
    """The versions of a list: `tradebridge.evidence.trust_history`."""

    @property
    def recorded(self) -> int:
        """Up to which number they are proven to stand on the public record; 0: nothing is known of that."""

    def as_of(self, at: datetime, newest: "TrustList") -> "TrustList":
        """What was trusted then, without what is known to be false since."""

    def digest_of(self, number: int) -> str:
        """Of a version; empty: there is no such version."""

    def everybody(self, newest: "TrustList") -> "TrustList":
        """The newest with all members and keys that any version named, without what is known to be false since."""

    def members(self) -> Iterator["TrustedMember"]:
        """As all versions have them."""

    def earlier(self) -> Iterator[Observers]:
        """Whom versions before the newest named to observe the log, the latest first."""


@dataclass(frozen=True, slots=True)
class TrustList:
    """All that is trusted in one space. Raises `BadTrustList` where a member, key or certificate stands on it twice."""

    hub: TrustedMember
    log: TrustedLog
    members: tuple[TrustedMember, ...]
    space: str = ""
    simulated: bool = False
    authorities: tuple[TimestampRoot, ...] = ()
    """Timestamp authorities that are believed."""
    revocations: tuple[RevocationList, ...] = field(default=(), repr=False, compare=False)
    """Of the authorities of members; they come beside the list."""
    lost: tuple[LostKey, ...] = ()
    """Keys of who observes the log, and of the log, that were in other hands (`tradebridge.evidence.lost`)."""
    stale: Finding | None = field(default=None, compare=False)
    """Why nothing can be believed by it now (rule 6)."""
    known_at: datetime | None = field(default=None, compare=False)
    """As of when it tells which keys have ended, by a status; None: by itself."""
    history: History | None = field(default=None, repr=False, compare=False)
    _by_id: Mapping[str, TrustedMember] = field(init=False, repr=False, compare=False)
    _by_kid: Mapping[str, TrustedKey] = field(init=False, repr=False, compare=False)
    _by_der: Mapping[bytes, TrustedKey] = field(init=False, repr=False, compare=False)
    _authorities: tuple[tuple[str, TrustedAuthority], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        everybody = (self.hub, *self.members)
        keys = [key for member in everybody for key in member.keys]
        by_id = {member.id: member for member in everybody}
        by_kid = {key.kid: key for key in keys}
        by_der = {key.der: key for key in keys}
        if len(by_id) != len(everybody):
            raise _twice([member.id for member in everybody])
        if len(by_kid) != len(keys) or len(by_der) != len(keys):
            raise _twice([key.kid for key in keys] if len(by_kid) != len(keys) else [key.fingerprint for key in keys])
        object.__setattr__(self, "_by_id", by_id)
        object.__setattr__(self, "_by_kid", by_kid)
        object.__setattr__(self, "_by_der", by_der)
        listed = tuple((member.id, each) for member in self.members for each in member.authorities)
        object.__setattr__(self, "_authorities", listed)

    def member(self, member: str) -> TrustedMember | None:
        """A member or the hub, by id."""
        return self._by_id.get(member)

    def key(self, kid: str) -> TrustedKey | None:
        """A key by its whole name."""
        return self._by_kid.get(kid)

    def key_by_certificate(self, der: bytes) -> TrustedKey | None:
        """A key by the exact bytes of its certificate."""
        return self._by_der.get(der)

    def issued(self, der: bytes) -> TrustedKey | Finding:
        """The key of a certificate that is not on the list but names an authority of a member as its issuer. Whether it
        holds, `TrustedKey.judge_time` says, once the signature matches."""
        unknown = finding("signature.unknown-key", found=f"certificate {sha256_hex(der)}", attack="KEY-1")
        if not self._authorities or len(der) > MAX_CERTIFICATE:
            return unknown
        try:
            certificate = x509.load_der_x509_certificate(der)
        except ValueError:
            return unknown
        claimed = [(member, each) for member, each in self._authorities if each.claims(certificate)]
        named = [(member, each) for member, each in claimed if each.judge_subject(certificate) is None]
        if claimed and not named:
            return claimed[0][1].judge_subject(certificate) or unknown
        issued = [(member, each) for member, each in named if each.issued(certificate)] or named
        if len({member for member, _ in issued}) != 1:  # nobody's, or two members': then it says of neither
            return unknown
        return self._issued_key(*issued[0], certificate)

    def _issued_key(
        self, member: str, authority: TrustedAuthority, certificate: x509.Certificate
    ) -> TrustedKey | Finding:
        if not self.simulated and is_test_certificate(certificate):
            return finding("signature.test-certificate", found=certificate.subject.rfc4514_string()[:200])
        try:
            key = TrustedKey.of(member, certificate, authority.purposes)
        except WeakKey as error:
            return finding("signature.weak-key", found=error, expected="EC P-256, or RSA of 3072 bits", attack="KEY-4")
        except (UnsupportedKey, UnsupportedAlgorithm, ValueError) as error:
            return finding("signature.algorithm", found=str(error)[:200], expected="EC P-256 or RSA", attack="KEY-4")
        return replace(key, authority=authority, revocations=self.revocations)

    def as_of(self, at: datetime) -> "TrustList":
        """The list to judge by what was signed or accepted then; this one where its history is not at hand."""
        return self if self.history is None else self.history.as_of(at, self)

    def with_lists(self, data: Iterable[bytes]) -> Self:
        """With these revocation lists beside its own, as far as an authority on it, or on a version before it, has made
        them: of several the newest that answers counts."""
        given = tuple(data)
        if not given:
            return self
        members = (*self.members, *(() if self.history is None else self.history.members()))
        issuers = {each: None for member in members for own in member.authorities for each in own.chain}
        read = (read_revocation_list(each, list(issuers)) for each in given)
        lists = tuple(each for each in read if isinstance(each, RevocationList))
        return replace(self, revocations=(*self.revocations, *lists))

    def observers(self) -> Iterator[Observers]:
        """Who observes the log: as this list has it, then as the versions before it had. Not an authority whose key was
        in other hands since."""
        yield Observers(self.log, not_lost(self.lost, self.authorities))
        if self.history is not None:
            for each in self.history.earlier():
                yield replace(each, authorities=not_lost(self.lost, each.authorities))

    def to_json(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "space": self.space,
            "simulated": self.simulated,
            "hub": {"id": self.hub.id, "keys": [key.to_json() for key in self.hub.keys]},
            "log": self.log.to_json(),
            "members": [member.to_json() for member in self.members],
            **self._authorities_json(),
            **(
                {"lostKeys": [{"key": each.key, "since": rfc3339(each.since)} for each in self.lost]}
                if self.lost
                else {}
            ),
        }

    def _authorities_json(self) -> dict[str, object]:
        listed = [_authority_json(each) for each in self.authorities]
        return {"timestampAuthorities": listed} if listed else {}

    @classmethod
    def from_json(cls, value: object) -> "TrustList":
        """The list in its public form. Raises `BadTrustList`."""
        try:
            form = _ListForm.model_validate(value)
        except ValidationError as error:
            raise _malformed(error) from error
        hub = hub_of(_keys(form.hub.id, form.hub.keys, "/hub"), form.hub.id)
        members = tuple(_member(each, f"/members/{index}") for index, each in enumerate(form.members))
        witnesses = tuple(_witness(each, f"/log/witnesses/{index}") for index, each in enumerate(form.log.witnesses))
        log = TrustedLog(form.log.origin, form.log.public_key, witnesses, form.log.witnesses_needed)
        authorities = tuple(_authority(each, index) for index, each in enumerate(form.timestamp_authorities))
        lost = tuple(_lost(each, f"/lostKeys/{index}") for index, each in enumerate(form.lost_keys))
        return cls(hub, log, members, form.space, form.simulated, authorities, lost=lost)


def _authority_json(authority: TimestampRoot) -> dict[str, object]:
    return {
        "name": authority.name,
        "roots": [root.public_bytes(Encoding.PEM).decode("ascii") for root in authority.roots],
        "policy": None if authority.policy is None else authority.policy.dotted_string,
    }


# --- The JSON form ---------------------------------------------------------------------------------------------------

_Id = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{1,39}$")]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)


class _KeyForm(_Form):
    kid: str
    certificate: str
    purposes: list[str]
    not_before: str
    not_after: str
    withdrawn: str | None = None
    distrusted: str | None = None


class _IssuingForm(_Form):
    chain: Annotated[list[str], Field(min_length=1, max_length=MAX_CHAIN)]
    subject: Annotated[str, Field(max_length=1000)]
    purposes: list[str]
    usages: Annotated[list[str], Field(max_length=20)]
    revocation: bool
    withdrawn: str | None = None
    distrusted: str | None = None


class _HubForm(_Form):
    id: _Id
    keys: list[_KeyForm]


class _LogForm(_Form):
    origin: str
    public_key: str
    witnesses: Annotated[list[str], Field(max_length=100)] = []
    witnesses_needed: Annotated[int, Field(ge=0, le=100)] = 0


class _AuthorityForm(_Form):
    name: str
    roots: Annotated[list[str], Field(min_length=1, max_length=20)]
    policy: str | None = None


class _LostForm(_Form):
    key: Annotated[str, Field(max_length=1000)]
    since: str


class _MemberForm(_Form):
    id: _Id
    country: str
    kind: str
    roles: list[str]
    carriers: list[str]
    issues: list[str]
    keys: list[_KeyForm]
    authorities: Annotated[list[_IssuingForm], Field(max_length=20)] = []


class _ListForm(_Form):
    format: Literal["tradebridge-trust/1"]
    space: str
    simulated: bool
    hub: _HubForm
    log: _LogForm
    members: list[_MemberForm]
    timestamp_authorities: Annotated[list[_AuthorityForm], Field(max_length=20)] = []
    lost_keys: Annotated[list[_LostForm], Field(max_length=1000)] = []


def _witness(verifier_key: str, pointer: str) -> Witness:
    try:
        return Witness.of(verifier_key)
    except BadVerifierKey as error:
        raise _wrong(pointer, verifier_key, "name+hash+base64 of a witness's key") from error


def _lost(form: _LostForm, pointer: str) -> LostKey:
    since = from_rfc3339(form.since)
    if since is None:
        raise _wrong(f"{pointer}/since", form.since, "a moment of RFC 3339")
    try:
        return LostKey(checked_key(form.key), since)
    except BadVerifierKey as error:
        raise _wrong(f"{pointer}/key", form.key, "a verifier key, or SHA-256 of an authority's root") from error


def _authority(form: _AuthorityForm, index: int) -> TimestampRoot:
    pointer = f"/timestampAuthorities/{index}"
    try:
        roots = tuple(x509.load_pem_x509_certificate(each.encode()) for each in form.roots)
        policy = None if form.policy is None else x509.ObjectIdentifier(form.policy)
    except ValueError as error:
        raise _wrong(pointer, str(error), "roots in PEM, and a policy's OID or null") from error
    return TimestampRoot(form.name, roots, policy)


def _member(form: _MemberForm, pointer: str) -> TrustedMember:
    return TrustedMember(
        id=form.id,
        country=form.country,
        kind=form.kind,
        roles=frozenset(form.roles),
        carriers=frozenset(form.carriers),
        issues=frozenset(form.issues),
        keys=_keys(form.id, form.keys, pointer),
        authorities=tuple(
            _issuing(each, f"{pointer}/authorities/{index}") for index, each in enumerate(form.authorities)
        ),
    )


def _issuing(form: _IssuingForm, pointer: str) -> TrustedAuthority:
    try:
        return TrustedAuthority.of(
            [x509.load_pem_x509_certificate(each.encode()) for each in form.chain],
            x509.Name.from_rfc4514_string(form.subject),
            form.purposes,
            [x509.ObjectIdentifier(each) for each in form.usages],
            revocation=form.revocation,
            distrusted=_moment(form.distrusted, f"{pointer}/distrusted"),
            withdrawn=_moment(form.withdrawn, f"{pointer}/withdrawn"),
        )
    except BadAuthority as error:
        raise _wrong(pointer, str(error), "an authority's certificates, and a subject") from error
    except BadTrustList:
        raise
    except ValueError as error:
        raise _wrong(pointer, str(error)[:200], "certificates in PEM, a name of RFC 4514, and OIDs") from error


def _moment(text: str | None, pointer: str) -> datetime | None:
    moment = None if text is None else from_rfc3339(text)
    if text is not None and moment is None:
        raise _wrong(pointer, text, "a moment of RFC 3339")
    return moment


def _keys(member: str, forms: list[_KeyForm], pointer: str) -> tuple[TrustedKey, ...]:
    return tuple(_key(member, form, f"{pointer}/keys/{index}") for index, form in enumerate(forms))


def _key(member: str, form: _KeyForm, pointer: str) -> TrustedKey:
    not_before, not_after = from_rfc3339(form.not_before), from_rfc3339(form.not_after)
    if not_before is None or not_after is None:
        raise _wrong(f"{pointer}/notBefore", f"{form.not_before} to {form.not_after}", "two moments of RFC 3339")
    withdrawn = _moment(form.withdrawn, f"{pointer}/withdrawn")
    distrusted_since = _moment(form.distrusted, f"{pointer}/distrusted")
    try:
        certificate = x509.load_pem_x509_certificate(form.certificate.encode())
        key = TrustedKey.of(member, certificate, form.purposes, not_before, not_after, withdrawn, distrusted_since)
    except UnsupportedKey as error:
        raise _wrong(f"{pointer}/certificate", str(error), "EC P-256, Ed25519, or RSA of 3072 to 8192 bits") from error
    except ValueError as error:
        raise _wrong(f"{pointer}/certificate", str(error), "one certificate in PEM") from error
    if key.kid != form.kid:
        raise _wrong(f"{pointer}/kid", form.kid, key.kid)
    return key


def _wrong(pointer: str, found: str, expected: str) -> BadTrustList:
    return BadTrustList(finding("trust.malformed", pointer, found=found, expected=expected))


def _malformed(error: ValidationError) -> BadTrustList:
    first = error.errors(include_url=False)[0]
    pointer = "".join(f"/{part}" for part in first["loc"])
    return _wrong(pointer, str(first.get("input", "")), first["msg"])


def _twice(names: list[str]) -> BadTrustList:
    name = next(each for each in names if names.count(each) > 1)
    return BadTrustList(finding("trust.key-twice", found=name, expected="once"))
