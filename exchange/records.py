"""Records: what people, operators and the hub itself do beside the messages, as leaves of the same log.

1. A record is a leaf: canonical JSON of ten texts (`tradebridge.evidence.file.read_act` reads it), salted as that of a
   message. It goes into the caller's transaction: what it tells of and the record of it exist together or not at all.
2. The record tells what, who, about whom or which document, when; and the digest of its details. The details stand
   beside it (`records.details`): an export carries them, and retention can take them away.
3. Nothing secret goes into a record: a key is named by the first 12 digits of its digest, a setting that is secret by
   whether it is set.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange.keys import HUB
from exchange.store import tables as t
from exchange.store.rows import Rows, add
from tradebridge.evidence import canonical
from tradebridge.evidence.proofs import leaf_hash
from tradebridge.evidence.simulation import derived_id
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub


class Kind(StrEnum):
    """What a record tells of."""

    OPERATOR = "operator"
    """A command of the operator, or of a member about itself."""
    READING = "reading"
    """Somebody looked at a document."""
    SETTING = "setting"
    """A start of the hub found other settings than the last one."""
    TRUST = "trust"
    """A version of the trust list."""
    RETENTION = "retention"
    """A document or records were deleted, held or let go of."""
    PERSON = "person"
    """Somebody signed in or out, or could not; or the operator changed who may."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it."""

    member: str
    """A member, the operator, or the hub for what the clock or a start does."""
    api_key: str = ""
    """The id of the API key that it came with (`exchange.members.key_id_of`)."""
    person: str = ""
    """The person, as the caller's system names it (header Tradebridge-Actor); the hub cannot check it."""


BY_ITSELF = Actor(HUB)
"""What no caller asked for."""


def put(
    target: Connection | Rows,
    hub: "Hub",
    kind: Kind,
    actor: Actor,
    what: str,
    about: str = "",
    details: Mapping[str, Any] | None = None,
) -> str:
    """A record and its leaf, in the caller's transaction. `what`: in a few words; `about`: the document or member.
    Returns the record's id. Who hands the transaction in then tells the hub (`Hub.changed`): the log has a leaf."""
    at = hub.clock.now()
    ordinal = f"{hub.process} {next(hub.ordinals)}".encode()
    record_id = derived_id("rec", at, hub.randomness.value("record", ordinal))
    told = canonical.dumps(_plain(details or {}))
    record = {
        "kind": kind.value,
        "recordId": record_id,
        "what": what[:300],
        "about": about,
        "member": actor.member,
        "apiKey": actor.api_key,
        "person": actor.person,
        "detailsDigest": hashlib.sha256(told).hexdigest(),
        "time": rfc3339(at),
        "space": hub.space,
    }
    values = {"id": record_id, "kind": kind.value, "about": about, "at": rfc3339(at), "details": told.decode()}
    add(target, t.records, values)
    add(target, t.leaves, leaf_of(record_id, record, hub.randomness.value("salt", record_id.encode())))
    return record_id


def leaf_of(record_id: str, record: Mapping[str, str], salt: bytes) -> dict[str, Any]:
    """The row of a leaf: the salted commitment to a record (DESIGN.md, How the log is fed)."""
    data = canonical.dumps(record)
    leaf = hashlib.sha256(salt + data).digest()
    return {"record_id": record_id, "leaf": leaf, "salt": salt, "record": data, "leaf_hash": leaf_hash(leaf)}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What is not the same any more: by name, as it was and as it is."""
    names = sorted(before.keys() | after.keys())
    return {
        name: {"before": before.get(name), "after": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    }


def last_details(connection: Connection, kind: Kind) -> Mapping[str, Any] | None:
    """The details of the newest record of a kind; None where there is none."""
    newest = select(t.records.c.details).join(t.leaves, t.leaves.c.record_id == t.records.c.id)
    newest = newest.where(t.records.c.kind == kind.value).order_by(t.leaves.c.id.desc()).limit(1)
    told = connection.execute(newest).scalar()
    found = canonical.loads(told.encode()) if told else None
    return found if isinstance(found, dict) else None


def _plain(value: Any) -> Any:
    """As our statements hold it (`tradebridge.evidence.canonical`): a fraction or a very large number becomes text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= 2**53):
        return format(value, "g" if isinstance(value, float) else "d")
    return value
