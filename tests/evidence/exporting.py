"""An export of a log made from nothing but entries: what a hub would hand out, built without a hub."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from tests.evidence.case import Message
from tests.evidence.world import LOG_KEY, ORIGIN, TRUST
from tradebridge.evidence import canonical, notes, proofs, simulation
from tradebridge.evidence.audit import Verification, verify_export
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.trust_history import TrustVersion


@dataclass(frozen=True)
class Logged:
    """One entry of the log, with what an export has beside its record."""

    record: bytes
    beside: dict[str, str | None]

    @property
    def salt(self) -> bytes:
        return simulation.hmac_value("export", "salt", self.record)

    @property
    def leaf(self) -> bytes:
        return sha256(self.salt + self.record).digest()

    def line(self, index: int, *, hidden: bool = False) -> dict[str, Any]:
        line = {"type": "leaf", "index": index, "leaf": self.leaf.hex()}
        opened = {"salt": self.salt.hex(), "record": self.record.decode(), **self.beside}
        return line | ({"hidden": True} if hidden else opened)


def act(kind: str, at: datetime, about: str = "", /, **details: Any) -> Logged:
    """What somebody did, at a time, with its details."""
    told = canonical.dumps(details)
    names = dict.fromkeys(("about", "apiKey", "person", "space"), "") | {"about": about}
    said = {"kind": kind, "recordId": "rec_1", "what": kind, "member": "HUB", "time": rfc3339(at)}
    record = canonical.dumps(names | said | {"detailsDigest": sha256(told).hexdigest()})
    return Logged(record, {"details": told.decode()})


def recorded(version: TrustVersion) -> Logged:
    """A version of the trust list."""
    told = {"number": version.number, "digest": version.digest, "previous": version.previous or "", "change": ""}
    return act("trust", version.issued_at, "", **told)


def said(message: Message) -> Logged:
    """An event."""
    return Logged(message.record(), {"event": message.data.decode()})


def lines_of(
    entries: list[Logged], *, hidden: tuple[int, ...] = (), without: tuple[int, ...] = ()
) -> list[dict[str, Any]]:
    """The export of all of them: `hidden` as if deleted whole, `without` what stands beside the record."""
    leaves = [proofs.leaf_hash(each.leaf) for each in entries]
    note = notes.sign_checkpoint(ORIGIN, len(leaves), proofs.root_of(leaves), LOG_KEY)
    head = {"type": "head", "format": "tradebridge-audit/1", "space": "", "from": 0, "size": len(leaves)}
    lines = [each.line(index, hidden=index in hidden) for index, each in enumerate(entries)]
    for index in without:
        lines[index] |= dict.fromkeys(entries[index].beside)
    return [head | {"frontier": [], "checkpoint": note}, *lines, {"type": "end", "leaves": len(leaves)}]


def judged(
    entries: list[Logged],
    now: datetime,
    trust: TrustList = TRUST,
    *,
    hidden: tuple[int, ...] = (),
    without: tuple[int, ...] = (),
) -> Verification:
    lines = lines_of(entries, hidden=hidden, without=without)
    return verify_export([json.dumps(each).encode() for each in lines], trust, now)


def codes(told: Verification) -> list[str]:
    return [each.code for each in told.findings]
