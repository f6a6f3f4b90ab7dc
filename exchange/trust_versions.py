"""Versions of the trust list, as this hub makes and keeps them (`tradebridge.evidence.trust_history`).

1. A version is made in the transaction of the change that it tells of, and is a leaf of the log (`exchange.records`). A
   change that leaves what is trusted as it was makes none.
2. It is signed by a key that the version before it trusts: when the hub's own key is rotated, by the old one. Only
   where none of these is at hand any more, by the new one; whoever follows the versions is told so.
3. No version is ever changed or deleted.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from exchange import auditing, log, records
from exchange.keys import HUB, further_signers
from exchange.members import Registry, marked_keys
from exchange.messages import RefusedInTransaction
from exchange.store import tables as t
from schemas.findings import Finding, finding
from tradebridge.ebl.seal import Trusted
from tradebridge.evidence import canonical
from tradebridge.evidence.signer import Signer, key_id, public_key_of
from tradebridge.evidence.times import from_rfc3339, rfc3339
from tradebridge.evidence.trust import HUB_PURPOSES
from tradebridge.evidence.trust_history import TrustHistory, TrustVersion, stated_version

if TYPE_CHECKING:
    from exchange.hub import Hub


def lock(connection: Connection) -> None:
    """Nobody else makes a version until this transaction ends."""
    connection.execute(update(t.head).values(members_version=t.head.c.members_version))


def note_change(connection: Connection, hub: "Hub", registry: Registry, change: str, by: records.Actor) -> None:
    """Make a version, if the registry as it stands in this transaction trusts other things than the last one. Refuses a
    test key in pilot mode."""
    marked = marked_keys(registry) if hub.settings.mode == "pilot" else []
    if marked:
        raise RefusedInTransaction(finding("member.test-key", found=", ".join(marked)))
    platforms = platforms_json(registry)
    listed = canonical.dumps({"trust": registry.trust.to_json(), "platforms": list(platforms)})
    content = sha256(listed).hexdigest()
    last = newest(connection)
    if last is not None and last.content == content:
        return
    now = hub.clock.now()
    before = from_rfc3339(last.issued_at) if last else None
    version = TrustVersion(
        number=last.number + 1 if last else 1,
        issued_at=max(now, before) if before else now,
        previous=last.digest if last else None,
        change=change[:300],
        trust=registry.trust,
        platforms=platforms,
    )
    row = {
        "number": version.number,
        "issued_at": rfc3339(version.issued_at),
        "digest": version.digest,
        "content": content,
        "change": version.change,
        "token": version.sign(_signer(hub, last)),
    }
    connection.execute(t.trust_versions.insert(), row)
    told = {name: row[name] for name in ("number", "digest", "change")} | {"previous": version.previous or ""}
    records.put(connection, hub, records.Kind.TRUST, by, f"trust list, version {version.number}", details=told)


def _signer(hub: "Hub", last: Any) -> Signer:
    """Rule 2."""
    if last is None:
        return hub.keys.signer
    believed = _read(last.token).trust.hub.keys
    now = hub.clock.now()
    good = {key.kid for key in believed if key.judge_time(now, now) is None}
    if hub.keys.signer.kid in good:
        return hub.keys.signer
    others = further_signers(hub.settings, hub.space)
    return next((each for each in others if each.kid in good), hub.keys.signer)


def platforms_json(registry: Registry) -> tuple[Mapping[str, Any], ...]:
    """Whose PINT certificates are believed: by platform code, then by carrier code."""
    trusted = registry.platforms.trust
    kinds = (("platform", trusted.platforms), ("carrier", trusted.carriers))
    return tuple(_trusted_json(kind, each) for kind, known in kinds for _, each in sorted(known.items()))


def _trusted_json(kind: str, trusted: Trusted) -> dict[str, Any]:
    return {
        "kind": kind,
        "code": trusted.code,
        "algorithms": sorted(trusted.algorithms),
        "certificates": [each.public_bytes(Encoding.PEM).decode("ascii") for each in trusted.certificates],
        "ended": {name: rfc3339(since) for name, since in sorted(trusted.revoked.items())},
    }


# --- the hub's own keys ----------------------------------------------------------------------------------------------


def know_own_key(connection: Connection, hub: "Hub") -> None:
    """At a start: the key that the hub signs with is on the list, as the one in use. Where the one in use before is not
    at hand any more, it ends now."""
    own = select(t.signing_keys).where(t.signing_keys.c.member == HUB)
    rows = connection.execute(own).all()
    at_hand = {each.kid for each in (hub.keys.signer, *(further_signers(hub.settings, hub.space) if rows else ()))}
    active = [row for row in rows if row.withdrawn is None and row.distrusted is None]
    if any(row.kid in at_hand for row in active):
        return
    now = rfc3339(hub.clock.now())
    for row in active:
        gone = t.signing_keys.c.kid == row.kid
        connection.execute(update(t.signing_keys).where(gone).values(withdrawn=now))
    if all(row.kid != hub.keys.signer.kid for row in rows):
        add_own_key(connection, hub.keys.signer)


def add_own_key(connection: Connection, signer: Signer) -> None:
    """A key of the hub, believed from now on."""
    connection.execute(
        t.signing_keys.insert(),
        {
            "kid": key_id(HUB, public_key_of(signer.certificate)),
            "member": HUB,
            "certificate": signer.certificate.public_bytes(Encoding.PEM).decode(),
            "purposes": " ".join(sorted(HUB_PURPOSES)),
        },
    )


# --- reading ---------------------------------------------------------------------------------------------------------


def newest(connection: Connection) -> Any:
    query = select(t.trust_versions).order_by(t.trust_versions.c.number.desc()).limit(1)
    return connection.execute(query).first()


def newest_digest(connection: Connection) -> str:
    """Empty before the first."""
    query = select(t.trust_versions.c.digest).order_by(t.trust_versions.c.number.desc()).limit(1)
    return str(connection.execute(query).scalar() or "")


def newest_version(connection: Connection) -> TrustVersion:
    """The newest, read. There is one from a hub's first start on."""
    return _read(newest(connection).token)


def listed(connection: Connection, after: int, limit: int) -> Sequence[Any]:
    """Versions above a number, without what is in them."""
    names = ("number", "issued_at", "digest", "change")
    columns = [t.trust_versions.c[name] for name in names]
    query = select(*columns).where(t.trust_versions.c.number > after).order_by(t.trust_versions.c.number).limit(limit)
    return connection.execute(query).all()


def token_of(connection: Connection, number: int) -> str | None:
    query = select(t.trust_versions.c.token).where(t.trust_versions.c.number == number)
    token: str | None = connection.execute(query).scalar()
    return token


def tokens(connection: Connection) -> list[str]:
    """All of them, first to last."""
    return list(connection.execute(select(t.trust_versions.c.token).order_by(t.trust_versions.c.number)).scalars())


def proof_of_newest(connection: Connection, hub: "Hub") -> dict[str, Any] | None:
    """That the newest version which a checkpoint covers stands on the record (`tradebridge.evidence.trust_proof`); None
    before there is one."""
    size, note, token = auditing.newest_checkpoint(connection, hub)
    query = (
        select(t.records.c.details, t.leaves.c.record, t.leaves.c.salt, t.leaves.c.position)
        .join(t.leaves, t.leaves.c.record_id == t.records.c.id)
        .where(t.records.c.kind == records.Kind.TRUST.value, t.leaves.c.position < size)
        .order_by(t.leaves.c.position.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None or not note:
        return None
    return {
        "record": b64encode(row.record).decode("ascii"),
        "salt": row.salt.hex(),
        "details": row.details,
        "leafIndex": row.position,
        "inclusion": log.inclusion(connection, row.position, size),
        "checkpoint": note,
        "timestamp": b64encode(token).decode("ascii") if token else None,
    }


def history(connection: Connection, known: TrustHistory | None) -> TrustHistory | None:
    """All versions; those in `known` are not read again. None where there is none yet."""
    after = known.newest.number if known else 0
    query = select(t.trust_versions.c.token).where(t.trust_versions.c.number > after)
    fresh = connection.execute(query.order_by(t.trust_versions.c.number)).scalars().all()
    if not fresh:
        return known
    return TrustHistory((*(known.versions if known else ()), *(_read(token) for token in fresh)))


def _read(token: str) -> TrustVersion:
    """Of our own store: what the hub itself has signed."""
    version = stated_version(token)
    if isinstance(version, Finding):
        raise TypeError(f"the hub cannot read its own trust list: {version.message} {version.found}")
    return version
