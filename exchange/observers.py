"""Who observes the log beside the hub: witnesses that cosign its checkpoints, timestamp authorities that date them.

The operator names them; they stand on the trust list. The hub asks them (`exchange.witnesses`); whoever verifies
believes what the list in the own hand says of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from exchange.store import tables as t
from schemas.findings import Finding, finding
from tradebridge.evidence.cosignatures import Witness
from tradebridge.evidence.lost import LostKey, checked_key, fingerprints
from tradebridge.evidence.notes import BadVerifierKey
from tradebridge.evidence.times import from_rfc3339, rfc3339
from tradebridge.evidence.timestamps import TimestampRoot

WITNESS, TIMESTAMP = "witness", "timestamp"
MOST = 24
"""Observers in all; a note has room for 32 signatures."""


@dataclass(frozen=True, slots=True)
class WitnessPlace:
    """A witness, and where it is asked."""

    witness: Witness
    url: str


@dataclass(frozen=True, slots=True)
class AuthorityPlace:
    """A timestamp authority, and where it is asked."""

    root: TimestampRoot
    url: str


@dataclass(frozen=True, slots=True)
class Observers:
    """All who observe the log of one space."""

    witnesses: tuple[WitnessPlace, ...] = ()
    authorities: tuple[AuthorityPlace, ...] = ()
    needed: int = 0
    """How many cosignatures make a checkpoint worth keeping as evidence."""
    lost: tuple[LostKey, ...] = ()
    """Keys of these and of former ones that were in other hands."""
    known: tuple[Witness, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", tuple(each.witness for each in self.witnesses))

    @property
    def roots(self) -> tuple[TimestampRoot, ...]:
        return tuple(each.root for each in self.authorities)

    def to_json(self) -> list[dict[str, Any]]:
        witnesses = [
            {"kind": WITNESS, "name": each.witness.name, "url": each.url, "key": each.witness.verifier_key}
            for each in self.witnesses
        ]
        authorities = [
            {"kind": TIMESTAMP, "name": each.root.name, "url": each.url, "policy": _dotted(each.root.policy)}
            for each in self.authorities
        ]
        return [*witnesses, *authorities]


def _dotted(policy: x509.ObjectIdentifier | None) -> str | None:
    return None if policy is None else policy.dotted_string


def load_observers(connection: Connection, needed: int) -> Observers:
    """`needed`: 0 for more than half of them; never more than there are. One key under two names is one witness."""
    rows = connection.execute(select(t.observers).order_by(t.observers.c.name)).all()
    witnesses = tuple(WitnessPlace(Witness.of(row.key), row.url) for row in rows if row.kind == WITNESS)
    authorities = tuple(AuthorityPlace(_root(row), row.url) for row in rows if row.kind == TIMESTAMP)
    keys = len({each.witness.raw for each in witnesses})
    gone = connection.execute(select(t.lost_keys).order_by(t.lost_keys.c.key))
    lost = tuple(LostKey(row.key, since) for row in gone if (since := from_rfc3339(row.since)))
    return Observers(witnesses, authorities, min(needed or keys // 2 + 1, keys), lost)


def _root(row: Any) -> TimestampRoot:
    policy = None if row.policy is None else x509.ObjectIdentifier(row.policy)
    return TimestampRoot(row.name, tuple(x509.load_pem_x509_certificates(row.key.encode())), policy)


def add_observer(
    connection: Connection, description: Mapping[str, Any], log_key: Ed25519PublicKey
) -> tuple[Finding, ...]:
    """Name one more: `{"kind": "witness", "key": VERIFIER KEY, "url": ...}`, or `{"kind": "timestamp", "name": ...,
    "url": ..., "roots": PEM, "policy": OID or absent}`. The findings, if it cannot be taken: a witness has a key of
    its own, not that of another one or of the log."""
    values = _values(description)
    if isinstance(values, Finding):
        return (values,)
    names = set(connection.execute(select(t.observers.c.name)).scalars())
    if values["name"] in names:
        return (finding("observer.exists", "/name", found=values["name"]),)
    if len(names) >= MOST:
        return (finding("observer.too-many", found=len(names), expected=f"at most {MOST}"),)
    if values["kind"] == WITNESS and (whose := _whose(connection, values["key"], log_key)):
        return (finding("observer.same-key", "/key", found=f"the key of {whose}"),)
    connection.execute(insert(t.observers), values)
    return ()


def _whose(connection: Connection, verifier_key: str, log_key: Ed25519PublicKey) -> str:
    """Who has this key already; empty: nobody."""
    raw = Witness.of(verifier_key).raw
    if raw == log_key.public_bytes_raw():
        return "the log"
    known = connection.execute(select(t.observers.c.key).where(t.observers.c.kind == WITNESS)).scalars()
    return next((each.name for each in map(Witness.of, known) if each.raw == raw), "")


def remove_observer(connection: Connection, name: str) -> tuple[Finding, ...]:
    """What it has cosigned or dated stays."""
    gone = connection.execute(delete(t.observers).where(t.observers.c.name == name)).rowcount
    return () if gone else (finding("observer.unknown", found=name),)


def lose_key(connection: Connection, name: str, since: datetime) -> Finding | None:
    """The key of an observer was in other hands since a moment. It is known by the observer's name or, also where it is
    named no more, by a witness's or the log's verifier key, or SHA-256 of an authority's root. An earlier moment takes
    the place of a later one."""
    row = connection.execute(select(t.observers).where(t.observers.c.name == name)).first()
    try:
        keys = [checked_key(name)] if row is None else _keys_of(row)
    except BadVerifierKey:
        return finding("trust.unknown-key", "/key", found=name)
    for key in keys:
        own = t.lost_keys.c.key == key
        before = connection.execute(select(t.lost_keys.c.since).where(own)).scalar()
        known = from_rfc3339(before) if before else None
        if known is not None and known <= since:
            return finding("member.key-withdrawn", "/since", found=rfc3339(since), expected=f"before {before}")
        connection.execute(delete(t.lost_keys).where(own))
        connection.execute(insert(t.lost_keys), {"key": key, "since": rfc3339(since)})
    return None


def _keys_of(row: Any) -> list[str]:
    return [row.key] if row.kind == WITNESS else list(fingerprints(_root(row)))


def _values(description: Mapping[str, Any]) -> dict[str, Any] | Finding:
    kind, url = description.get("kind"), description.get("url")
    if kind not in (WITNESS, TIMESTAMP):
        return _wrong("/kind", kind, f"{WITNESS} or {TIMESTAMP}")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")) or not 10 <= len(url) <= 1000:
        return _wrong("/url", url, "an http or https address")
    wanted = {"kind", "url", "key"} if kind == WITNESS else {"kind", "url", "name", "roots", "policy"}
    for name in description.keys() - wanted:
        return _wrong(f"/{name}", name, "no such member")
    if kind == WITNESS:
        try:
            witness = Witness.of(str(description.get("key")))
        except BadVerifierKey as error:
            return _wrong("/key", error, "name+hash+base64 of an Ed25519 cosigner (C2SP tlog-cosignature)")
        return {"name": witness.name, "kind": kind, "url": url.rstrip("/"), "key": witness.verifier_key, "policy": None}
    return _authority(description, url)


def _authority(description: Mapping[str, Any], url: str) -> dict[str, Any] | Finding:
    name, roots, policy = (description.get(each) for each in ("name", "roots", "policy"))
    if not isinstance(name, str) or not 1 <= len(name) <= 200 or not name.isprintable():
        return _wrong("/name", name, "1 to 200 characters of text")
    try:
        if not x509.load_pem_x509_certificates(str(roots).encode()):
            return _wrong("/roots", roots, "one or more certificates in PEM")
    except ValueError as error:
        return _wrong("/roots", error, "one or more certificates in PEM")
    try:
        x509.ObjectIdentifier(str(policy or "1.2.3"))
    except ValueError as error:
        return _wrong("/policy", error, "an OID, as 1.2.3")
    return {"name": name, "kind": TIMESTAMP, "url": url, "key": str(roots), "policy": policy or None}


def _wrong(pointer: str, found: object, expected: str) -> Finding:
    return finding("observer.malformed", pointer, found=found, expected=expected)


def covering(connection: Connection, positions: Sequence[int | None], *, newest: bool = False) -> Any:
    """The first kept checkpoint (or the newest) with enough cosignatures that covers leaves at all these positions;
    None: not yet, or one of them waits for its position."""
    placed = [each for each in positions if each is not None]
    if not placed or len(placed) < len(positions):
        return None
    query = select(t.witnessed).where(t.witnessed.c.enough, t.witnessed.c.size > max(placed))
    size = t.witnessed.c.size
    return connection.execute(query.order_by(size.desc() if newest else size).limit(1)).first()
