"""Taking delivery at a desk: as the member's own system would, with an acknowledgement that the member's key signs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from exchange.desk.signing import signer_for
from schemas.findings import Finding
from tradebridge.evidence.receipts import Acknowledgement

if TYPE_CHECKING:
    from exchange.hub import Hub
    from exchange.members import Member
    from exchange.outbox import Claimed


def taken(hub: "Hub", member: "Member", batch: Sequence["Claimed"]) -> tuple[Sequence[str], str]:
    """The acknowledgements of what came to the desk; or none, and why."""
    signer = signer_for(hub, member.id, "ack")
    if isinstance(signer, Finding):
        return (), f"{signer.message} {signer.found}"[:200]
    now = hub.clock.now()
    said = (Acknowledgement(each.id, each.message_id, each.digest, member.id, now) for each in batch)
    return [each.sign(signer, now) for each in said], ""
