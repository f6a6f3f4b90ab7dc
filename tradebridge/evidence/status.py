"""The status of keys: the hub's short, signed word on which keys of a trust list hold no more, with an end to its age.

A trust list is kept for years; what was withdrawn or distrusted since stands in the status, made anew with each version
of the list and before its time is over. It is a JWS by the hub's key (`typ` `tradebridge-status+jws`, purpose
`status`) over canonical JSON:

    {"format": "tradebridge-status/1", "space", "issuedAt", "nextUpdate", "version", "digest": of that version,
     "keys": [{"kid", "withdrawn": moment or null, "distrusted": moment or null}],
     "authorities": the same of authorities of members, by their names (`TrustedAuthority.id_of`); absent without any}

1. Keys and authorities that hold are not in it. One may end earlier by a status than by the list, never later.
2. It is believed until `nextUpdate`, and at most `MAX_AGE` after `issuedAt`, whatever it says of itself. With a stale
   one nothing is believed and nothing refused: could not check (`trust.stale-status`).
3. It belongs to the hub and the space of the list that it is put beside. Beside a list with its history it is of the
   newest version of that or of one before, with the digest that this has there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from tradebridge.evidence import canonical, jws
from tradebridge.evidence.authorities import TrustedAuthority
from tradebridge.evidence.lost import LostKey, checked_key
from tradebridge.evidence.notes import BadVerifierKey
from tradebridge.evidence.refusals import Finding, finding, malformed
from tradebridge.evidence.signer import Signer
from tradebridge.evidence.times import TOLERANCE, from_rfc3339, rfc3339
from tradebridge.evidence.trust import TrustedKey, TrustedMember, TrustList

FORMAT = "tradebridge-status/1"
MAX_AGE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key that holds no more, or will not from a moment on."""

    kid: str
    withdrawn: datetime | None
    distrusted: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """What the hub says of the keys of its list."""

    space: str
    issued_at: datetime
    next_update: datetime
    version: int
    """Of the trust list that it goes with; 0: none."""
    digest: str
    """Of that version; empty: none."""
    keys: tuple[KeyStatus, ...] = ()
    authorities: tuple[KeyStatus, ...] = ()
    lost: tuple[LostKey, ...] = ()
    """Keys of who observes the log, and of the log, that were in other hands."""

    def sign(self, signer: Signer) -> str:
        told = {
            "format": FORMAT,
            "space": self.space,
            "issuedAt": rfc3339(self.issued_at),
            "nextUpdate": rfc3339(self.next_update),
            "version": self.version,
            "digest": self.digest,
            "keys": [_told(each) for each in self.keys],
        }
        if self.authorities:
            told["authorities"] = [_told(each) for each in self.authorities]
        if self.lost:
            told["lostKeys"] = [{"key": each.key, "since": rfc3339(each.since)} for each in self.lost]
        return jws.sign(canonical.dumps(told), jws.STATUS, signer, self.issued_at)


def _told(ended: KeyStatus) -> dict[str, str | None]:
    return {
        "kid": ended.kid,
        "withdrawn": rfc3339(ended.withdrawn) if ended.withdrawn else None,
        "distrusted": rfc3339(ended.distrusted) if ended.distrusted else None,
    }


def status_of(trust: TrustList, at: datetime, lasts: timedelta, version: int = 0, digest: str = "") -> Status:
    """What is to be said of the keys of a list, and of its members' authorities."""
    lasts = min(lasts, MAX_AGE)
    keys, authorities = tuple(_keys_in(trust)), tuple(_authorities_in(trust))
    return Status(trust.space, at, at + lasts, version, digest, keys, authorities, trust.lost)


def ended_in(trust: TrustList) -> Iterator[KeyStatus]:
    """The keys and authorities of members that have ended by a list, or are to, and the hub's keys."""
    yield from _keys_in(trust)
    yield from _authorities_in(trust)


def _keys_in(trust: TrustList) -> Iterator[KeyStatus]:
    for member in (trust.hub, *trust.members):
        for key in member.keys:
            if key.withdrawn or key.distrusted:
                yield KeyStatus(key.kid, key.withdrawn, key.distrusted)


def _authorities_in(trust: TrustList) -> Iterator[KeyStatus]:
    for member in trust.members:
        for each in member.authorities:
            if each.withdrawn or each.distrusted:
                yield KeyStatus(each.id_of(member.id), each.withdrawn, each.distrusted)


def with_status(trust: TrustList, token: str, now: datetime, clock: datetime | None = None) -> TrustList | Finding:
    """The list with what a status says of its keys, as of `now`; the finding where the status is not genuine. `clock`:
    what time it is, where `now` is another to judge by. A status that was made in between says all the more of then."""
    status = read_status(token, trust)
    if isinstance(status, Finding):
        return status
    latest = now if clock is None else max(clock, now)
    if status.issued_at > latest + TOLERANCE:
        found, expected = rfc3339(status.issued_at), f"at most {rfc3339(latest)}"
        return finding("trust.wrong-status", "/issuedAt", found=found, expected=expected)
    listed = status.digest if trust.history is None else trust.history.digest_of(status.version)
    if status.version and listed != status.digest:
        found, expected = f"version {status.version}, {status.digest}", listed or "no such version"
        return finding("trust.wrong-status", "/version", found=found, expected=expected, attack="LOG-1")
    told = {each.kid: each for each in (*status.keys, *status.authorities)}
    until = min(status.next_update, status.issued_at + MAX_AGE)
    return replace(
        trust,
        hub=ended(trust.hub, told),
        members=tuple(ended(each, told) for each in trust.members),
        known_at=status.issued_at,
        lost=tuple(dict.fromkeys((*trust.lost, *status.lost))),
        stale=finding("trust.stale-status", found=f"one until {rfc3339(until)}", expected=f"one for {rfc3339(now)}")
        if now > until
        else None,
    )


def read_status(token: str, trust: TrustList) -> Status | Finding:
    """A status of the hub and space of this list, of whatever age."""
    verified = jws.verify(token, jws.STATUS, "status", trust, None)
    if isinstance(verified, Finding):
        return verified
    value = canonical.loads(verified.payload)
    if isinstance(value, Finding):
        return value
    try:
        form = _StatusForm.model_validate(value)
    except ValidationError as error:
        return malformed("trust.wrong-status", error)
    if (verified.member, form.space) != (trust.hub.id, trust.space):
        found = f"{verified.member}, space {form.space!r}"
        return finding("trust.wrong-status", "/space", found=found, expected=trust.hub.id, attack="JWS-21")
    issued, following = from_rfc3339(form.issued_at), from_rfc3339(form.next_update)
    keys, authorities = tuple(map(_key, form.keys)), tuple(map(_key, form.authorities))
    if issued is None or following is None or None in (*keys, *authorities) or issued >= following:
        found = f"{form.issued_at} to {form.next_update}"
        return finding("trust.wrong-status", "/issuedAt", found=found, expected="moments of RFC 3339, in order")
    if abs(issued - verified.signed_at) > TOLERANCE:
        expected = rfc3339(verified.signed_at)
        return finding("trust.wrong-status", "/issuedAt", found=form.issued_at, expected=expected, attack="KEY-10")
    known, issuing = (tuple(each for each in some if each is not None) for some in (keys, authorities))
    lost = _lost(form)
    if isinstance(lost, Finding):
        return lost
    return Status(form.space, issued, following, form.version, form.digest, known, issuing, lost)


def _lost(form: "_StatusForm") -> tuple[LostKey, ...] | Finding:
    found = []
    for index, each in enumerate(form.lost_keys):
        since = from_rfc3339(each.since)
        try:
            key = checked_key(each.key)
        except BadVerifierKey:
            key = ""
        if since is None or not key:
            expected = "a key of an observer or the log, and a moment of RFC 3339"
            return finding("trust.wrong-status", f"/lostKeys/{index}", found=each.key, expected=expected)
        found.append(LostKey(key, since))
    return tuple(found)


def _key(form: "_KeyForm") -> KeyStatus | None:
    moments = [None if each is None else from_rfc3339(each) for each in (form.withdrawn, form.distrusted)]
    stated = [each is not None for each in (form.withdrawn, form.distrusted)]
    if [each is not None for each in moments] != stated or not any(stated):
        return None
    return KeyStatus(form.kid, *moments)


def ended(member: TrustedMember, told: Mapping[str, KeyStatus]) -> TrustedMember:
    """A member with its keys and authorities as they have ended by this too, by their names."""
    return replace(
        member,
        keys=tuple(ending(key, told.get(key.kid)) for key in member.keys),
        authorities=tuple(ending(each, told.get(each.id_of(member.id))) for each in member.authorities),
    )


Ending = TypeVar("Ending", TrustedKey, TrustedAuthority, KeyStatus)


def ending(known: Ending, told: KeyStatus | TrustedKey | TrustedAuthority | None) -> Ending:
    """A key or an authority that ends when the first of both says so; None: nothing is told of it."""
    if told is None:
        return known
    withdrawn = _earlier(known.withdrawn, told.withdrawn)
    return replace(known, withdrawn=withdrawn, distrusted=_earlier(known.distrusted, told.distrusted))


def _earlier(*moments: datetime | None) -> datetime | None:
    return min((each for each in moments if each is not None), default=None)


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)


class _KeyForm(_Form):
    kid: Annotated[str, Field(max_length=120)]
    withdrawn: str | None
    distrusted: str | None


class _LostForm(_Form):
    key: Annotated[str, Field(max_length=1000)]
    since: str


class _StatusForm(_Form):
    format: Literal["tradebridge-status/1"]
    space: str
    issued_at: str
    next_update: str
    version: Annotated[int, Field(ge=0, lt=2**53)]
    digest: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
    keys: list[_KeyForm]
    authorities: list[_KeyForm] = []
    lost_keys: Annotated[list[_LostForm], Field(max_length=1000)] = []
