"""The versions of a trust list: each signed by the hub, each naming the one before it, none ever changed.

A version is a JWS (`typ` `tradebridge-trust+jws`, purpose `trust`) over canonical JSON:

    {"format": "tradebridge-trust-version/1", "number", "issuedAt", "previous": digest or null, "change": in words,
     "trust": the list of GET /v1/trust, "platforms": [{"code", "member", "certificates": [PEM], "ended": {...}}]}

1. Versions count from 1. `previous` is the digest of the version before: SHA-256 of its payload, never of its
   signature, which can be made anew.
2. A version is signed by a key that the version before it trusts for `trust`; the first known one, by a key of its own.
   So a new key of the hub comes in by the word of an old one, and who believes one version can follow to all later.
3. A document is judged by the version that was in force when it was accepted. What is known since to be false counts
   all the same: a key that any version, or a status, withdraws or distrusts earlier, ends earlier. The hub is that of
   the newest: it speaks today. Log, witnesses and timestamp authorities are those of the newest, or those that a
   version named when they spoke (`tradebridge.evidence.seen`): what was replaced since had dated what it had dated.
4. Each version is a leaf of the log, so nobody can be shown another history: an audit compares (`trust_record`), and
   the file can have the proof with it (`trust_proof`).

`tradebridge-trust-history/1` is the file of them all: {"format", "versions": [JWS, first to last], "status": JWS or
null, "revocations": [CRL in base64], "record": the proof, where there is one}. `tb trust export` writes it, `tb verify
--trust` reads it.
"""

import bisect
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from schemas.content import sha256_hex
from tradebridge.evidence import canonical, jws
from tradebridge.evidence.refusals import Finding, finding, malformed
from tradebridge.evidence.revocation import RevocationList, read_revocation_list
from tradebridge.evidence.signer import Signer
from tradebridge.evidence.status import KeyStatus, ended, ended_in, ending, with_status
from tradebridge.evidence.times import from_rfc3339, rfc3339
from tradebridge.evidence.trust import BadTrustList, Observers, TrustedMember, TrustList
from tradebridge.evidence.trust_proof import VersionProof, recorded_version

FORMAT = "tradebridge-trust-version/1"
FILE_FORMAT = "tradebridge-trust-history/1"
MAX_VERSIONS = 100_000


@dataclass(frozen=True, slots=True)
class TrustVersion:
    """One version. Made by `read_version`, or by the hub."""

    number: int
    issued_at: datetime
    previous: str | None
    """Digest of the version before; None for the first."""
    change: str
    """What made it, in words."""
    trust: TrustList
    platforms: tuple[Mapping[str, Any], ...] = ()
    """Platforms and carriers whose PINT certificates are believed."""

    def payload(self) -> bytes:
        return canonical.dumps(
            {
                "format": FORMAT,
                "number": self.number,
                "issuedAt": rfc3339(self.issued_at),
                "previous": self.previous,
                "change": self.change,
                "trust": self.trust.to_json(),
                "platforms": list(self.platforms),
            }
        )

    @property
    def digest(self) -> str:
        return sha256_hex(self.payload())

    def sign(self, signer: Signer) -> str:
        return jws.sign(self.payload(), jws.TRUST, signer, self.issued_at)


def read_version(token: str, before: TrustVersion | None) -> TrustVersion | Finding:
    """A version by the key of the hub, as `before` knows it; with None as the first that is known (rule 2)."""
    read = stated_version(token)
    if isinstance(read, Finding):
        return read
    believed = read.trust if before is None else before.trust
    verified = jws.verify(token, jws.TRUST, "trust", believed, read.issued_at)
    if isinstance(verified, Finding):
        return verified
    if verified.member != believed.hub.id:
        return _broken("", verified.member, believed.hub.id)
    if before is None:
        return read
    if read.number != before.number + 1:
        return _broken("/number", str(read.number), str(before.number + 1))
    if read.previous != before.digest:
        return _broken("/previous", str(read.previous), before.digest)
    if (read.trust.space, read.trust.log.origin) != (before.trust.space, before.trust.log.origin):
        return _broken("/trust/log/origin", read.trust.log.origin, before.trust.log.origin)
    if read.issued_at < before.issued_at:
        return _broken("/issuedAt", rfc3339(read.issued_at), f"not before {rfc3339(before.issued_at)}")
    return read


def stated_version(token: str) -> TrustVersion | Finding:
    """What a version says, before it is known who says it."""
    payload = jws.payload_of(token)
    value = payload if isinstance(payload, Finding) else canonical.loads(payload)
    if isinstance(value, Finding):
        return value
    try:
        form = _VersionForm.model_validate(value)
        trust = TrustList.from_json(form.trust)
    except ValidationError as error:
        return malformed("trust.malformed", error)
    except BadTrustList as error:
        return replace(error.found, pointer=f"/trust{error.found.pointer}")
    issued = from_rfc3339(form.issued_at)
    if issued is None:
        return finding("trust.malformed", "/issuedAt", found=form.issued_at, expected="a moment of RFC 3339")
    return TrustVersion(form.number, issued, form.previous, form.change, trust, tuple(form.platforms))


@dataclass(frozen=True, slots=True)
class TrustHistory:
    """Versions in order, each following from the one before it. `tradebridge.evidence.trust.History`."""

    versions: tuple[TrustVersion, ...]
    recorded: int = field(default=0, compare=False)
    """Up to this number they are proven to stand on the public record; 0: nothing is known of that."""
    _begins: tuple[datetime, ...] = field(init=False, repr=False, compare=False)
    _ends: Mapping[str, KeyStatus] = field(init=False, repr=False, compare=False)
    """What all versions together know to have ended, by the names of keys and authorities."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_begins", tuple(each.issued_at for each in self.versions))
        object.__setattr__(self, "_ends", _ends_of(version.trust for version in self.versions))

    @property
    def newest(self) -> TrustVersion:
        return self.versions[-1]

    def version_at(self, at: datetime) -> TrustVersion:
        """The one in force then; the first for a time before it."""
        return self.versions[max(bisect.bisect_right(self._begins, at) - 1, 0)]

    def digest_of(self, number: int) -> str:
        """Of a version; empty: there is no such version."""
        return next((each.digest for each in self.versions if each.number == number), "")

    def as_of(self, at: datetime, newest: TrustList) -> TrustList:
        """Rule 3."""
        then = self.version_at(at).trust
        return newest if then is self.newest.trust else _as_known(then, newest, self)

    def everybody(self, newest: TrustList) -> TrustList:
        """With every member and every key that any version named, a member as the last of them had it."""
        named = [*self.members(), *newest.members]
        last = {member.id: member for member in named if member.id != newest.hub.id}
        by_kid = {key.kid: key for member in named for key in member.keys}
        own = {key.der for key in newest.hub.keys}
        keys = {key.der: key for key in by_kid.values() if key.der not in own}.values()
        members = (replace(each, keys=tuple(key for key in keys if key.member == each.id)) for each in last.values())
        return _as_known(replace(newest, members=tuple(members)), newest, self)

    def members(self) -> Iterator[TrustedMember]:
        """`tradebridge.evidence.trust.History`."""
        return (member for version in self.versions for member in version.trust.members)

    def earlier(self) -> Iterator[Observers]:
        """`tradebridge.evidence.trust.History`."""
        named: list[Observers] = []
        for version in self.versions:
            log, authorities = version.trust.log, version.trust.authorities
            if named and (named[-1].log, named[-1].authorities) == (log, authorities):
                continue
            if named:
                named[-1] = replace(named[-1], ends=version.issued_at)
            named.append(Observers(log, authorities, begins=version.issued_at if named else None))
        yield from named[-2::-1]

    @classmethod
    def read(cls, tokens: Sequence[str]) -> "TrustHistory | Finding":
        """The history of versions that follow one another, first to last."""
        if not 1 <= len(tokens) <= MAX_VERSIONS:
            return _broken("/versions", f"{len(tokens)} versions", f"1 to {MAX_VERSIONS}")
        versions: list[TrustVersion] = []
        for index, token in enumerate(tokens):
            version = read_version(token, versions[-1] if versions else None)
            if isinstance(version, Finding):
                return replace(version, pointer=f"/versions/{index}{version.pointer}")
            versions.append(version)
        return cls(tuple(versions))


def _ends_of(lists: Iterable[TrustList]) -> dict[str, KeyStatus]:
    found: dict[str, KeyStatus] = {}
    for trust in lists:
        for told in ended_in(trust):
            found[told.kid] = told if told.kid not in found else ending(told, found[told.kid])
    return found


@dataclass(frozen=True, slots=True)
class _OfThen:
    """What a list of an earlier time has of the versions: whom they named to observe the log, so that a timestamp in a
    signature counts alike by either. `tradebridge.evidence.trust.History`."""

    whole: TrustHistory

    @property
    def recorded(self) -> int:
        return self.whole.recorded

    def as_of(self, at: datetime, newest: TrustList) -> TrustList:  # it is of its own time
        return newest

    def digest_of(self, number: int) -> str:
        return self.whole.digest_of(number)

    def everybody(self, newest: TrustList) -> TrustList:
        return self.whole.everybody(newest)

    def members(self) -> Iterator[TrustedMember]:
        return self.whole.members()

    def earlier(self) -> Iterator[Observers]:
        return self.whole.earlier()


def _as_known(then: TrustList, newest: TrustList, whole: TrustHistory) -> TrustList:
    """Members as they were, with keys that end as is known now; what speaks today from the newest."""
    members = tuple(_with_ends(ended(each, whole._ends), newest.member(each.id)) for each in then.members)
    return replace(newest, members=members, history=_OfThen(whole))


def _with_ends(then: TrustedMember, now: TrustedMember | None) -> TrustedMember:
    known = {key.kid: key for key in now.keys} if now else {}
    authorities = {each.id_of(now.id): each for each in now.authorities} if now else {}
    return replace(
        then,
        keys=tuple(ending(key, known.get(key.kid)) for key in then.keys),
        authorities=tuple(ending(each, authorities.get(each.id_of(then.id))) for each in then.authorities),
    )


# --- The file --------------------------------------------------------------------------------------------------------


def history_json(
    versions: Sequence[str],
    status: str | None = None,
    revocations: Sequence[RevocationList] = (),
    record: Mapping[str, object] | None = None,
) -> dict[str, object]:
    return {
        "format": FILE_FORMAT,
        "versions": list(versions),
        "status": status,
        "revocations": [b64encode(each.data).decode("ascii") for each in revocations],
        **({"record": record} if record else {}),
    }


def is_history(value: object) -> bool:
    return isinstance(value, Mapping) and value.get("format") == FILE_FORMAT


def list_with_history(value: object, now: datetime, clock: datetime | None = None) -> TrustList:
    """The newest list of the file, with all that is in it to judge by. `now`: the time to judge by; `clock`: what time
    it is, where that is another. Raises `BadTrustList`."""
    try:
        form = _FileForm.model_validate(value)
    except ValidationError as error:
        raise BadTrustList(malformed("trust.malformed", error)) from error
    history = TrustHistory.read(form.versions)
    if isinstance(history, Finding):
        raise BadTrustList(history)
    if form.record is not None:
        recorded = recorded_version(form.record, history.versions, now)
        if isinstance(recorded, Finding):
            raise BadTrustList(replace(recorded, pointer=f"/record{recorded.pointer}"))
        history = replace(history, recorded=recorded)
    trust = history.newest.trust
    lists = tuple(_revocations(form.revocations, history))
    trust = replace(trust, history=history, revocations=lists)
    if form.status is None:
        return trust
    judged = with_status(trust, form.status, now, clock)
    if isinstance(judged, Finding):
        raise BadTrustList(judged)
    return judged


def _revocations(texts: Sequence[str], history: TrustHistory) -> list[RevocationList]:
    issuers = {
        certificate: None
        for version in history.versions
        for member in version.trust.members
        for authority in member.authorities
        for certificate in authority.chain
    }
    lists = []
    for index, text in enumerate(texts):
        try:
            data = b64decode(text.encode("ascii"), validate=True)
        except ValueError:
            data = b""
        read = read_revocation_list(data, list(issuers))
        if isinstance(read, Finding):
            raise BadTrustList(replace(read, pointer=f"/revocations/{index}"))
        lists.append(read)
    return lists


def _broken(pointer: str, found: str, expected: str) -> Finding:
    return finding("trust.broken-chain", pointer, found=found, expected=expected)


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)


class _VersionForm(_Form):
    format: Literal["tradebridge-trust-version/1"]
    number: Annotated[int, Field(ge=1, lt=2**53)]
    issued_at: str
    previous: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None
    change: Annotated[str, Field(max_length=1000)]
    trust: dict[str, Any]
    platforms: list[dict[str, Any]]


class _FileForm(_Form):
    format: Literal["tradebridge-trust-history/1"]
    versions: list[str]
    status: str | None
    revocations: Annotated[list[str], Field(max_length=1000)]
    record: VersionProof | None = None
