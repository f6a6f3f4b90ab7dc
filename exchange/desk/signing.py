"""The keys by which the hub signs for a member that has a desk, in the custody of its own (`exchange.keys`).

In a simulation they are the member's test keys. With custody `files` the hub makes one for the member when the desk is
set up, beside its own, and the trust list names it as any other key of the member's. Every event says `keyHeldBy: HUB`:
that the hub signed on the member's behalf.
"""

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.engine import Connection

from exchange.keys import member_signer
from exchange.members import PURPOSES, Member, add_signing_key
from exchange.messages import RefusedInTransaction
from exchange.records import Actor
from schemas.findings import Finding, finding
from tradebridge.evidence.signer import Signer

if TYPE_CHECKING:
    from exchange.hub import Hub


def signer_for(hub: "Hub", member: str, purpose: str) -> Signer | Finding:
    """The member's key for a purpose (`document`, `event`, `ack`), if the hub holds it and its trust list has it."""
    signer = member_signer(hub.settings, hub.space, member, purpose, hub.clock.now())
    if signer is None:
        return finding("desk.no-key", found=f"custody {hub.settings.keys}", expected="custody files")
    known = hub.registry.trust.key(signer.kid)
    if known is None or purpose not in known.purposes:
        return finding("desk.no-key", found=f"{signer.kid} is not on the trust list", expected=f"for {purpose}")
    ended = known.judge_time(hub.clock.now(), hub.clock.now())
    return finding("desk.no-key", found=ended.message, expected=signer.kid) if ended else signer


async def ensure_keys(hub: "Hub", member: Member, by: Actor) -> None:
    """Put the keys that the hub holds for a member with a desk on the trust list, where they are not yet."""
    if member.desk is None:
        return
    wanted: dict[str, tuple[Signer, list[str]]] = {}
    for purpose in PURPOSES:
        signer = member_signer(hub.settings, hub.space, member.id, purpose, hub.clock.now())
        if signer is not None and hub.registry.trust.key(signer.kid) is None:
            wanted.setdefault(signer.kid, (signer, []))[1].append(purpose)
    if not wanted:
        return

    def job(connection: Connection) -> None:
        for signer, purposes in wanted.values():
            pem = signer.certificate.public_bytes(Encoding.PEM).decode("ascii")
            problem = add_signing_key(connection, member.id, {"certificate": pem, "purposes": purposes})
            if problem is not None:
                raise RefusedInTransaction(problem)

    await hub.change_member(member.id, "key of its desk added, held by the hub", job, by)
