"""Who may exchange: members, their roles, profiles, signing keys and API keys.

1. An API key is 256 random bits behind the prefix `tb_`; only its SHA-256 is kept, and it is compared in constant
   time. Rotation leaves the old key valid for an overlap.
2. A member sees what it sent or received, and nothing else. The operator sees and administers, and signs nothing.
3. What is asked for every message is held in memory as one frozen `Registry`; a counter in the store tells every
   process when to read it anew.
4. The trust list is the registry's public face: ids, roles, certificates and their purposes. Each change of it makes a
   version (`exchange.trust_versions`).
5. In pilot mode no test key comes in, whoever brings it: the transaction that would register one is refused.
"""

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from sqlalchemy import func, select, update
from sqlalchemy.engine import Connection

from adapters.port import UnknownStyle, find_adapter
from exchange import platforms
from exchange.authorities import Authority, add_authority, described_authorities, load_authorities, load_lists
from exchange.config import UnsafeSettings
from exchange.desk.policy import Desk, wrong_with_desk
from exchange.keys import HUB, HubKeys
from exchange.observers import Observers, load_observers
from exchange.platforms import PINT, PintKey, Platforms, platforms_of
from exchange.store import tables as t
from exchange.store.rows import add
from schemas.findings import Finding, finding
from schemas.registry import profile_of
from tradebridge.ebl.seal import Trusted
from tradebridge.evidence.notes import verifier_key_of
from tradebridge.evidence.signer import UnsupportedKey, WeakKey, key_id, public_key_of
from tradebridge.evidence.simulation import is_test_certificate
from tradebridge.evidence.times import from_rfc3339, rfc3339
from tradebridge.evidence.trust import HUB_PURPOSES, TrustedKey, TrustedLog, TrustedMember, TrustList, hub_of

OPERATOR = "OPERATOR"
AUDITOR = "AUDITOR"
"""Whose API keys may export the record, and nothing else."""
EVENT_PROFILE = "tradebridge-event/1"
KINDS = ("single-window", "issuing-authority", "platform")
ROLES = ("issuer", "sender", "recipient")
PURPOSES = ("document", "event", "ack")
"""What a signing key may serve, and does unless told. A PINT certificate serves `pint` alone."""
SCOPES = ("send", "receive", "read")
"""What a member's API key may be allowed: hand in documents and events, take deliveries, look at its own."""
AUDIT = "audit"
"""What an auditor's API key may do: export the record of the log."""
MEMBER_ID = re.compile(r"[A-Z0-9][A-Z0-9-]{1,39}")


@dataclass(frozen=True, slots=True)
class Member:
    """A system that exchanges through the hub."""

    id: str
    name: str
    country: str
    kind: str
    roles: tuple[str, ...]
    sends: tuple[str, ...]
    accepts: tuple[str, ...]
    style: str | None
    push_url: str | None
    """Where deliveries are pushed; None for a member that pulls its inbox."""
    unsigned: bool
    """May it hand in unsigned documents? Then the hub attests what it received."""
    carriers: tuple[str, ...]
    simulated: bool
    ebl: Mapping[str, Any] = field(default_factory=dict)
    """Its side of electronic bills of lading, as `exchange.platforms` keeps it: `ebl` and `accounts`."""
    suspended: bool = False
    reason: str = ""
    """Why it is suspended."""
    desk: Desk | None = None
    """Of a member without a system of its own: its officers work at the hub."""

    @property
    def receives(self) -> bool:
        return "recipient" in self.roles

    @property
    def is_brought_to(self) -> bool:
        """Are deliveries brought to it: pushed, or to its desk?"""
        return self.push_url is not None or self.desk is not None

    def public(self, *, whole: bool) -> dict[str, Any]:
        """The member as the API shows it, without its keys. `whole`: with what is between it and the operator."""
        delivery = {"mode": "push" if self.push_url else "pull"}
        if self.push_url and whole:
            delivery["url"] = self.push_url
        return {
            "id": self.id,
            "name": self.name,
            "country": self.country,
            "kind": self.kind,
            "roles": list(self.roles),
            "sends": list(self.sends),
            "accepts": list(self.accepts),
            "style": self.style,
            "delivery": delivery,
            "policy": {"unsigned": self.unsigned},
            "carriers": list(self.carriers),
            **platforms.public(self.ebl, whole=whole),
            **({"desk": self.desk.to_json()} if self.desk and whole else {}),
            "simulated": self.simulated,
            "status": "suspended" if self.suspended else "active",
            **({"reason": self.reason} if self.reason and whole else {}),
        }


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a member, or the operator."""

    member: str
    scopes: frozenset[str]
    ends: bool = False
    """Was the key given for a time, or renewed since? Then it renews and gives no other."""
    api_key: str = ""
    """Id of the key that it came with (`key_id_of`)."""

    @property
    def operator(self) -> bool:
        return "operator" in self.scopes


@dataclass(frozen=True, slots=True)
class _ApiKey:
    hash: str
    caller: Caller
    not_after: float | None


@dataclass(frozen=True, slots=True)
class Registry:
    """All that is asked for every message, in memory, never changed: a change makes a new one."""

    version: int
    members: Mapping[str, Member]
    trust: TrustList
    keys: Mapping[str, tuple[Mapping[str, Any], ...]]
    """Signing keys by member, as the API shows them; PINT certificates among them."""
    platforms: Platforms
    """Platforms, carriers and parties of electronic bills of lading."""
    issuing: Mapping[str, tuple[Authority, ...]]
    """Certification authorities, by member."""
    hub_key: str
    """`kid` of the key that the hub signs with."""
    observers: Observers
    _api_keys: Mapping[str, _ApiKey] = field(repr=False)

    def caller(self, authorization: str | None) -> Caller | Finding:
        """Who a bearer key belongs to."""
        if not authorization:
            return finding("access.key-missing", expected="Authorization: Bearer KEY")
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return finding("access.key-missing", found=f"scheme {scheme[:20]}", expected="Bearer")
        digest = hash_of(key.strip())
        known = self._api_keys.get(digest)
        # The digest is compared, not the key: a look-up by digest tells an attacker nothing of the key's bytes.
        if known is None or not hmac.compare_digest(known.hash, digest):
            return finding("access.key-unknown")
        if known.not_after is not None and known.not_after < time.time():
            return finding("access.key-unknown", found="a key past its end")
        member = self.members.get(known.caller.member)
        if member is not None and member.suspended:
            return finding("access.suspended", found=member.reason or member.id)
        return known.caller


def hash_of(api_key: str) -> str:
    return hashlib.sha256(api_key.encode()).hexdigest()


def key_id_of(digest: str) -> str:
    """How records name an API key, of which nothing but its digest is kept."""
    return digest[:12]


def new_api_key() -> str:
    """256 random bits, url-safe."""
    return "tb_live_" + secrets.token_urlsafe(32)


# --- reading and changing the store ----------------------------------------------------------------------------------


def load_registry(
    connection: Connection,
    keys: HubKeys,
    space: str,
    simulated: bool,
    *,
    code: str = "",
    witnesses_needed: int = 0,
) -> Registry:
    """All of it, as it stands. `code`: the hub's own code as a platform of electronic bills of lading."""
    version = connection.execute(select(t.head.c.members_version)).scalar_one()
    kept = {
        row.id: (row.status, json.loads(row.data))
        for row in connection.execute(select(t.members).order_by(t.members.c.id))
    }
    members = {name: _member_of(name, status, data) for name, (status, data) in kept.items()}
    public_keys: dict[str, list[Mapping[str, Any]]] = {}
    trusted: dict[str, list[TrustedKey]] = {}
    pint: dict[str, list[PintKey]] = {}
    for row in connection.execute(select(t.signing_keys).order_by(t.signing_keys.c.kid)):
        if row.purposes == PINT:
            certificate = x509.load_pem_x509_certificate(row.certificate.encode())
            known = PintKey(row.kid, certificate, _moment(row.not_after), _moment(row.withdrawn))
            pint.setdefault(row.member, []).append(known)
            public_keys.setdefault(row.member, []).append(known.to_json())
            continue
        times = (_moment(each) for each in (row.not_before, row.not_after, row.withdrawn, row.distrusted))
        key = _trusted_key(row.member, row.certificate, row.purposes, *times)
        trusted.setdefault(row.member, []).append(key)
        public_keys.setdefault(row.member, []).append(key.to_json())
    api_keys = {
        row.hash: _ApiKey(
            row.hash,
            Caller(row.member, frozenset(row.scopes.split()), row.not_after is not None, key_id_of(row.hash)),
            row.not_after,
        )
        for row in connection.execute(select(t.api_keys))
    }
    observers = load_observers(connection, witnesses_needed)
    log_key = verifier_key_of(keys.origin, keys.log_key.public_key())
    hub_keys = trusted.get(HUB) or [TrustedKey.of(HUB, keys.signer.certificate, HUB_PURPOSES)]
    issuing = load_authorities(connection)
    trust = TrustList(
        space=space,
        simulated=simulated,
        hub=hub_of(hub_keys, HUB),
        log=TrustedLog(keys.origin, log_key, observers.known, observers.needed),
        members=tuple(_trusted_member(member, trusted.get(member.id, ()), issuing) for member in members.values()),
        authorities=observers.roots,
        revocations=load_lists(connection, issuing),
        lost=observers.lost,
    )
    own_key = next((key.kid for key in hub_keys if not key.withdrawn and not key.distrusted), keys.signer.kid)
    shown = {name: tuple(each) for name, each in public_keys.items()}
    own = Trusted(code, (keys.pint.certificate,))
    spoken = platforms_of(kept, pint, own)
    return Registry(version, members, trust, shown, spoken, issuing, own_key, observers, api_keys)


@lru_cache(maxsize=2048)
def _trusted_key(member: str, pem: str, purposes: str, *times: datetime | None) -> TrustedKey:
    """The key of a row. Rows stay as they are while the registry is read again and again, also by each new space."""
    return TrustedKey.of(member, x509.load_pem_x509_certificate(pem.encode()), purposes.split(), *times)


def _trusted_member(
    member: Member, keys: Iterable[TrustedKey], issuing: Mapping[str, tuple[Authority, ...]]
) -> TrustedMember:
    return TrustedMember(
        id=member.id,
        country=member.country,
        kind=member.kind,
        roles=frozenset(member.roles),
        carriers=frozenset(member.carriers),
        issues=frozenset(member.sends if "issuer" in member.roles else ()),
        keys=tuple(keys),
        authorities=tuple(each.trusted for each in issuing.get(member.id, ())),
    )


def _member_of(member_id: str, status: str, data: Mapping[str, Any]) -> Member:
    return Member(
        id=member_id,
        name=data["name"],
        country=data["country"],
        kind=data["kind"],
        roles=tuple(data["roles"]),
        sends=tuple(data["sends"]),
        accepts=tuple(data["accepts"]),
        style=data["style"],
        push_url=data["push_url"],
        unsigned=data["unsigned"],
        carriers=tuple(data["carriers"]),
        simulated=data["simulated"],
        ebl={"ebl": data.get("ebl"), "accounts": data.get("accounts", [])},
        desk=Desk.of(data.get("desk")),
        suspended=status == "suspended",
        reason=data.get("reason", ""),
    )


def changed(connection: Connection, member: str, what: str, at: datetime) -> None:
    """In the transaction of a change: every process reads the registry anew, and the feed tells of it."""
    connection.execute(update(t.head).values(members_version=t.head.c.members_version + 1))
    data = json.dumps({"at": rfc3339(at), "member": member, "change": what})
    add(connection, t.feed, {"kind": "member.changed", "members": f",{member},", "data": data})


def described(connection: Connection, member: str) -> dict[str, Any]:
    """All that a command can change of a member, or of the hub (its observers), as a record may tell it: nothing
    secret. Empty for who is not there."""
    own = t.api_keys.c.member == member
    given = connection.execute(select(t.api_keys).where(own).order_by(t.api_keys.c.hash))
    api_keys = [
        {
            "id": key_id_of(row.hash),
            "scopes": row.scopes,
            "until": None if row.not_after is None else int(row.not_after),
        }
        for row in given
    ]
    found: dict[str, Any] = {"apiKeys": api_keys} if api_keys else {}
    row = connection.execute(select(t.members).where(t.members.c.id == member)).first()
    if row is not None:
        found |= _member_of(member, row.status, json.loads(row.data)).public(whole=True)
    own_keys = select(t.signing_keys).where(t.signing_keys.c.member == member).order_by(t.signing_keys.c.kid)
    times = ("not_before", "not_after", "withdrawn", "distrusted")
    keys = [
        {"kid": row.kid, "purposes": row.purposes, **{name: getattr(row, name) for name in times}}
        for row in connection.execute(own_keys)
    ]
    found |= {"keys": keys} if keys else {}
    issuing = described_authorities(connection, member)
    found |= {"authorities": issuing} if issuing else {}
    called = select(t.webhooks).where(t.webhooks.c.member == member).order_by(t.webhooks.c.id)
    hooks = [
        {"id": row.id, "url": row.url, "events": row.events, "secret": row.generation, "disabled": row.disabled}
        for row in connection.execute(called)
    ]
    found |= {"webhooks": hooks} if hooks else {}
    if member == HUB:
        observers = connection.execute(select(t.observers).order_by(t.observers.c.name))
        found["observers"] = [dict(row._mapping) for row in observers]
        lost = connection.execute(select(t.lost_keys).order_by(t.lost_keys.c.key)).all()
        found |= {"lostKeys": [dict(row._mapping) for row in lost]} if lost else {}
    return found


def add_member(
    connection: Connection, description: Mapping[str, Any], api_key: str, code: str = ""
) -> Member | tuple[Finding, ...]:
    """Add a member from its JSON (docs/reference/api.md). All that is wrong with it comes back at once; the caller then
    rolls its savepoint back. `code`: the hub's own platform code."""
    found = tuple(_wrong_with(description))
    if found:
        return found
    member_id = description["id"]
    if connection.execute(select(t.members.c.id).where(t.members.c.id == member_id)).first():
        return (finding("member.exists", "/id", found=member_id),)
    data = _stored(description)
    found = _taken(connection, member_id, data, code)
    if found:
        return found
    connection.execute(t.members.insert(), {"id": member_id, "status": "active", "data": json.dumps(data)})
    for index, key in enumerate(description.get("keys", ())):
        problem = add_signing_key(connection, member_id, key, f"/keys/{index}")
        if problem:
            return (problem,)
    for index, authority in enumerate(description.get("authorities", ())):
        problem = add_authority(connection, member_id, authority, f"/authorities/{index}")
        if problem:
            return (problem,)
    add_api_key(connection, member_id, api_key, SCOPES)
    return _member_of(member_id, "active", data)


def _stored(description: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    delivery = description.get("delivery", {"mode": "pull"})
    return {
        "name": description.get("name", description["id"]),
        "country": description["country"],
        "kind": description["kind"],
        "roles": list(description["roles"]),
        "sends": list(description.get("sends", ())),
        "accepts": list(description.get("accepts", ())),
        "style": description.get("style"),
        "push_url": delivery.get("url") if delivery["mode"] == "push" else None,
        "unsigned": bool(description.get("policy", {}).get("unsigned", False)),
        "carriers": list(description.get("carriers", ())),
        "simulated": bool(description.get("simulated", False)),
        "desk": desk.to_json() if (desk := Desk.of(description.get("desk"))) else None,
        **platforms.stored(description, before),
    }


def _taken(connection: Connection, member: str, data: Mapping[str, Any], code: str) -> tuple[Finding, ...]:
    """What of its eBL side is another's. Most members have none, and cost nothing here."""
    if not data["ebl"] and not data["accounts"]:
        return ()
    query = select(t.members.c.id, t.members.c.data).where(t.members.c.id != member)
    others = {row.id: json.loads(row.data) for row in connection.execute(query)}
    return tuple(platforms.taken(member, others, data, code))


_FIELDS = {
    "id", "name", "country", "kind", "roles", "sends", "accepts", "style", "delivery", "policy", "carriers", "ebl",
    "accounts", "desk", "keys", "authorities", "simulated", "apiKey",
}  # fmt: skip


def _wrong_with(description: Mapping[str, Any]) -> Iterable[Finding]:
    def wrong(pointer: str, found: object, expected: str) -> Finding:
        return finding("member.malformed", pointer, found=found, expected=expected)

    for name in description.keys() - _FIELDS:
        yield wrong(f"/{name}", name, "no such member")
    member_id = description.get("id")
    if not isinstance(member_id, str) or not MEMBER_ID.fullmatch(member_id) or member_id in (HUB, OPERATOR, AUDITOR):
        yield wrong("/id", member_id, "capital letters, digits and hyphens, as TH-NSW")
    country = description.get("country")
    if not isinstance(country, str) or not re.fullmatch(r"[A-Z]{2}", country):
        yield wrong("/country", country, "an ISO 3166-1 alpha-2 code")
    if description.get("kind") not in KINDS:
        yield wrong("/kind", description.get("kind"), " or ".join(KINDS))
    roles = description.get("roles")
    if not isinstance(roles, list) or not roles or any(role not in ROLES for role in roles):
        yield wrong("/roles", roles, "one or more of " + ", ".join(ROLES))
    for name in ("sends", "accepts"):
        listed = description.get(name, [])
        if not isinstance(listed, list):
            yield wrong(f"/{name}", listed, "a list of profiles")
            continue
        for index, profile in enumerate(listed):
            if not isinstance(profile, str) or profile == EVENT_PROFILE or profile_of(profile) is None:
                yield wrong(f"/{name}/{index}", profile, "a profile of GET /v1/profiles")
    carriers = description.get("carriers", [])
    if not isinstance(carriers, list) or not all(isinstance(each, str) and 1 <= len(each) <= 4 for each in carriers):
        yield wrong("/carriers", carriers, "a list of carrier codes of up to 4 characters")
    policy = description.get("policy", {})
    if not isinstance(policy, dict) or policy.keys() - {"unsigned"} or type(policy.get("unsigned", False)) is not bool:
        yield wrong("/policy", policy, '{"unsigned": true or false}')
    if type(description.get("simulated", False)) is not bool:
        yield wrong("/simulated", description["simulated"], "true or false")
    name = description.get("name", "none")
    if not isinstance(name, str) or not 1 <= len(name) <= 200 or not name.isprintable():
        yield wrong("/name", name, "1 to 200 characters of text")
    keys = description.get("keys", [])
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        yield wrong("/keys", keys, "a list of objects with certificate and purposes")
    issuing = description.get("authorities", [])
    if not isinstance(issuing, list) or not all(isinstance(each, dict) for each in issuing):
        yield wrong("/authorities", issuing, "a list of objects with chain and subject")
    yield from _wrong_with_delivery(description, wrong)
    yield from platforms.wrong_with(description, wrong)
    yield from wrong_with_desk(description, wrong)
    ebl = description.get("ebl")
    if isinstance(ebl, dict) and not _is_web_address(ebl.get("url")):
        yield wrong("/ebl/url", ebl.get("url"), "an http or https address, without /pint/v3")
    if isinstance(ebl, dict) and ebl.get("registry") is not None and not _is_web_address(ebl["registry"]):
        yield wrong("/ebl/registry", ebl["registry"], "the base URI of a registry, as http://127.0.0.1:9001/ctr/v1")
    former = ebl.get("formerRegistries", []) if isinstance(ebl, dict) else []
    if not isinstance(former, list) or len(former) > 100 or not all(_is_web_address(each) for each in former):
        yield wrong("/ebl/formerRegistries", former, "at most 100 base URIs that the registry had before")


def _wrong_with_delivery(description: Mapping[str, Any], wrong: Any) -> Iterable[Finding]:
    delivery = description.get("delivery", {"mode": "pull"})
    if not isinstance(delivery, dict) or delivery.get("mode") not in ("push", "pull"):
        yield wrong("/delivery", delivery, '{"mode": "push", "url": ...} or {"mode": "pull"}')
    elif delivery["mode"] == "push" and not _is_web_address(delivery.get("url")):
        yield wrong("/delivery/url", delivery.get("url"), "an http or https address")
    style = description.get("style")
    if style is not None:
        try:
            find_adapter(str(style), str(description.get("country", "")))
        except UnknownStyle:
            yield wrong("/style", style, "the name of an adapter")


def _is_web_address(url: object) -> bool:
    if not isinstance(url, str) or not url.isprintable() or " " in url:
        return False
    try:
        address = urlsplit(url)
        return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:  # no address of IPv6, or a port that none can have
        return False


def change_member(
    connection: Connection, member: str, changes: Mapping[str, Any], code: str = ""
) -> tuple[Finding, ...]:
    """Change what is said of a member: name, roles, profiles, style, delivery, policy, carriers, ebl, accounts, desk.
    Not its id or keys."""
    fixed = [
        finding("member.malformed", f"/{name}", found=name, expected="a member that can be changed")
        for name in changes.keys() - _CHANGEABLE
    ]
    row = connection.execute(select(t.members.c.status, t.members.c.data).where(t.members.c.id == member)).one()
    stored = json.loads(row.data)
    public = _member_of(member, row.status, stored).public(whole=True)
    described = {name: public[name] for name in _FIELDS if name in public} | dict(changes)
    found = (*fixed, *_wrong_with(described))
    if found:
        return found
    data = stored | _stored(described, stored)
    found = _taken(connection, member, data, code)
    if not found:
        connection.execute(update(t.members).where(t.members.c.id == member).values(data=json.dumps(data)))
    return found


_CHANGEABLE = {
    "name",
    "roles",
    "sends",
    "accepts",
    "style",
    "delivery",
    "policy",
    "carriers",
    "ebl",
    "accounts",
    "desk",
}


def add_signing_key(connection: Connection, member: str, key: Mapping[str, Any], pointer: str = "") -> Finding | None:
    """Add a certificate to a member. The key must be P-256, Ed25519 or RSA of 3072 to 8192 bits, and nobody else's;
    `validFrom` and `validUntil` may narrow the time of the certificate. For PINT alone: P-256 or RSA of 2048 bits or
    more, and it may only end earlier."""
    purposes = key.get("purposes", list(PURPOSES))
    if purposes == [PINT]:
        return _add_pint_certificate(connection, member, key, pointer)
    if not isinstance(purposes, list) or not purposes or any(purpose not in PURPOSES for purpose in purposes):
        return finding("member.malformed", f"{pointer}/purposes", found=purposes, expected=", ".join(PURPOSES))
    try:
        certificate = x509.load_pem_x509_certificate(str(key.get("certificate", "")).encode())
        public_key = public_key_of(certificate)
    except WeakKey as error:
        expected = "EC P-256, or RSA of 3072 bits"
        return finding("signature.weak-key", f"{pointer}/certificate", found=error, expected=expected, attack="KEY-4")
    except UnsupportedKey as error:
        expected = "EC P-256, Ed25519, or RSA of 3072 bits"
        return finding("member.malformed", f"{pointer}/certificate", found=error, expected=expected, attack="KEY-4")
    except (ValueError, UnsupportedAlgorithm) as error:
        return finding("member.malformed", f"{pointer}/certificate", found=error, expected="a certificate in PEM")
    wrong_time = _wrong_with_times(key, pointer)
    if wrong_time:
        return wrong_time
    kid = key_id(member, public_key)
    thumbprint = kid.split("#", 1)[1]
    if connection.execute(select(t.signing_keys.c.kid).where(t.signing_keys.c.kid.like(f"%#{thumbprint}"))).first():
        return finding("member.key-taken", f"{pointer}/certificate", found=kid)
    connection.execute(
        t.signing_keys.insert(),
        {
            "kid": kid,
            "member": member,
            "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
            "purposes": " ".join(purposes),
            "not_before": key.get("validFrom"),
            "not_after": key.get("validUntil"),
        },
    )
    return None


def _add_pint_certificate(connection: Connection, member: str, key: Mapping[str, Any], pointer: str) -> Finding | None:
    certificate = platforms.pint_certificate(key.get("certificate"), f"{pointer}/certificate")
    if isinstance(certificate, Finding):
        return certificate
    if key.get("validFrom") is not None:
        expected = "none: a PINT certificate begins as it says"
        return finding("member.malformed", f"{pointer}/validFrom", found=key["validFrom"], expected=expected)
    wrong_time = _wrong_with_times(key, pointer)
    if wrong_time:
        return wrong_time
    kid = platforms.kid_of(member, certificate)
    if connection.execute(select(t.signing_keys.c.kid).where(t.signing_keys.c.kid.like(f"%{kid[-44:]}"))).first():
        return finding("member.key-taken", f"{pointer}/certificate", found=kid)
    row = {"kid": kid, "member": member, "purposes": PINT, "not_before": None, "not_after": key.get("validUntil")}
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    connection.execute(t.signing_keys.insert(), row | {"certificate": pem})
    return None


def _wrong_with_times(key: Mapping[str, Any], pointer: str) -> Finding | None:
    given = {name: key[name] for name in ("validFrom", "validUntil") if key.get(name) is not None}
    for name, text in given.items():
        if not isinstance(text, str) or from_rfc3339(text) is None:
            return finding("member.malformed", f"{pointer}/{name}", found=text, expected="a moment of RFC 3339")
    begins, ends = (_moment(given.get(name)) for name in ("validFrom", "validUntil"))
    if begins and ends and begins >= ends:
        return finding("member.malformed", f"{pointer}/validUntil", found=given["validUntil"], expected="a later one")
    return None


def _moment(text: str | None) -> datetime | None:
    return None if text is None else from_rfc3339(text)


def withdraw_signing_key(connection: Connection, member: str, kid: str, since: datetime) -> Finding | None:
    """Nothing that is signed or seen from this moment on holds any more. It may be moved to an earlier moment, never to
    a later one: a key that nobody believed is not believed again."""
    own = (t.signing_keys.c.kid == kid) & (t.signing_keys.c.member == member)
    row = connection.execute(select(t.signing_keys.c.withdrawn).where(own)).first()
    if row is None:
        return finding("member.unknown-key", "/kid", found=kid, expected=f"a key of {member}")
    before = _moment(row.withdrawn)
    if before is not None and before <= since:
        return finding("member.key-withdrawn", "/from", found=rfc3339(since), expected=f"before {row.withdrawn}")
    connection.execute(update(t.signing_keys).where(own).values(withdrawn=rfc3339(since)))
    return None


def rotate_signing_key(
    connection: Connection, member: str, key: Mapping[str, Any], since: datetime, overlap: timedelta
) -> Finding | None:
    """A new signing key for a member; every other one for the same purposes ends after the overlap. Both hold until
    then."""
    problem = add_signing_key(connection, member, key)
    if problem:
        return problem
    new = set(key.get("purposes", PURPOSES))
    end_others(connection, member, new, since + overlap, but=_kid_of(member, str(key["certificate"])))
    return None


def _kid_of(member: str, pem: str) -> str:
    return key_id(member, public_key_of(x509.load_pem_x509_certificate(pem.encode())))


def end_others(connection: Connection, member: str, purposes: set[str], since: datetime, *, but: str) -> None:
    """End the keys of a member that serve one of these purposes, where they do not end sooner."""
    for row in connection.execute(select(t.signing_keys).where(t.signing_keys.c.member == member)).all():
        ends = _moment(row.withdrawn)
        if row.kid != but and purposes & set(row.purposes.split()) and (ends is None or ends > since):
            own = t.signing_keys.c.kid == row.kid
            connection.execute(update(t.signing_keys).where(own).values(withdrawn=rfc3339(since)))


def revoke(connection: Connection, name: str, since: datetime, *, compromised: bool) -> tuple[str, Finding | None]:
    """End a key or an authority by its name, from a moment on: withdrawn, or distrusted since it was in other hands. A
    moment may be moved to an earlier one, never to a later. Gives whose it is, and why it is refused."""
    for table, column in ((t.signing_keys, t.signing_keys.c.kid), (t.authorities, t.authorities.c.id)):
        row = connection.execute(select(table).where(column == name)).first()
        if row is not None:
            break
    else:
        return "", finding("trust.unknown-key", "/key", found=name)
    if row.member == HUB and row.withdrawn is None and row.distrusted is None:
        return HUB, finding("trust.key-in-use", "/key", found=name)
    if table is t.signing_keys and row.purposes == PINT and compromised:
        compromised = False  # PINT knows one way for a certificate to end, and judges by what is proven
    what = "distrusted" if compromised else "withdrawn"
    before = _moment(getattr(row, what))
    if before is not None and before <= since:
        expected = f"before {rfc3339(before)}"
        return row.member, finding("member.key-withdrawn", "/since", found=rfc3339(since), expected=expected)
    connection.execute(update(table).where(column == name).values({what: rfc3339(since)}))
    return row.member, None


def add_api_key(
    connection: Connection, member: str, api_key: str, scopes: Iterable[str], lifetime: float | None = None
) -> None:
    """Keep the digest of an API key, valid for `lifetime` seconds. The same key again is left as it is."""
    digest = hash_of(api_key)
    if not connection.execute(select(t.api_keys.c.hash).where(t.api_keys.c.hash == digest)).first():
        connection.execute(
            t.api_keys.insert(),
            {
                "hash": digest,
                "member": member,
                "scopes": " ".join(scopes),
                "not_after": None if lifetime is None else time.time() + lifetime,
            },
        )


def set_operator_key(connection: Connection, api_key: str) -> bool:
    """The one key of the operator: any other ends at once. Other processes read it anew. False: it was so before."""
    own = t.api_keys.c.member == OPERATOR
    digest = hash_of(api_key)
    known = set(connection.execute(select(t.api_keys.c.hash).where(own)).scalars())
    if known == {digest}:
        return False
    connection.execute(t.api_keys.delete().where(own, t.api_keys.c.hash != digest))
    add_api_key(connection, OPERATOR, api_key, ("operator",))
    connection.execute(update(t.head).values(members_version=t.head.c.members_version + 1))
    return True


def check_room(connection: Connection, member: str, most: int) -> Finding | None:
    """May the member have one more API key? What has ended is forgotten."""
    own = t.api_keys.c.member == member
    connection.execute(t.api_keys.delete().where(own, t.api_keys.c.not_after <= time.time()))
    count = connection.execute(select(func.count()).select_from(t.api_keys).where(own)).scalar_one()
    return finding("member.too-many-keys", found=count, expected=f"fewer than {most}") if count >= most else None


def rotate_api_key(connection: Connection, member: str, api_key: str, overlap: float, most: int) -> Finding | None:
    """A new key for the member; every older one ends after `overlap` seconds. Without overlap there is always room."""
    end = time.time() + overlap
    older = t.api_keys.c.member == member
    still_open = t.api_keys.c.not_after.is_(None) | (t.api_keys.c.not_after > end)
    connection.execute(update(t.api_keys).where(older, still_open).values(not_after=end))
    problem = check_room(connection, member, most)
    if problem is None:
        add_api_key(connection, member, api_key, SCOPES)
    return problem


def set_suspended(connection: Connection, member: str, suspended: bool, reason: str) -> None:
    """Suspend or resume a member; the reason is kept and told."""
    row = connection.execute(select(t.members.c.data).where(t.members.c.id == member)).one()
    data = json.loads(row.data) | {"reason": reason if suspended else ""}
    status = "suspended" if suspended else "active"
    connection.execute(update(t.members).where(t.members.c.id == member).values(status=status, data=json.dumps(data)))


def marked_keys(registry: Registry) -> list[str]:
    """Who has a test certificate: hub, members (or their authorities), platforms, timestamp authorities."""
    marked = [
        member.id
        for member in (registry.trust.hub, *registry.trust.members)
        if any(is_test_certificate(key.certificate) for key in member.keys)
        or any(is_test_certificate(each) for authority in member.authorities for each in authority.chain)
    ]
    trusted = registry.platforms.trust
    marked += [
        each.code
        for each in (*trusted.platforms.values(), *trusted.carriers.values())
        if any(is_test_certificate(certificate) for certificate in each.certificates)
    ]
    roots = registry.observers.roots
    return marked + [each.name for each in roots if any(is_test_certificate(root) for root in each.roots)]


def check_no_test_keys(registry: Registry) -> None:
    """Pilot mode believes no test key, whoever registered it (invariant 8). Raises `UnsafeSettings`."""
    marked = marked_keys(registry)
    if marked:
        raise UnsafeSettings(f"pilot mode takes no test key: remove those of {', '.join(marked)}")
