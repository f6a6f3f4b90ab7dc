"""The title: the one right of control over an electronic bill of lading, and who has it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from schemas.bill_of_lading.pint import Party, Transaction
from schemas.findings import Finding


class Kind(StrEnum):
    """What a transport document is (PINT 3.0.0, 'The eBL document')."""

    TO_ORDER = "to-order"
    """Negotiable, with a named endorsee."""
    BLANK = "blank"
    """Negotiable, no endorsee named: whoever possesses it."""
    STRAIGHT = "straight"
    """To the named consignee; not negotiable."""
    SEA_WAYBILL = "sea-waybill"
    """No title: nothing of it is transferred."""


class Status(StrEnum):
    HELD = "held"
    SURRENDERED_FOR_DELIVERY = "surrendered-for-delivery"
    SURRENDERED_FOR_AMENDMENT = "surrendered-for-amendment"
    ACCOMPLISHED = "accomplished"
    VOID = "void"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class Title:
    """Who has what right over one bill of lading, after its last transaction."""

    reference: str
    """`transportDocumentReference`."""
    version: str
    """`transportDocumentSubReference`; empty where there is none."""
    kind: Kind
    """As issued. A blank endorsement does not change it: see `blank`."""
    status: Status
    possessor: Party
    """Exactly one, in every status: of a surrendered or ended title the carrier."""
    in_trust: bool
    """The possessor is not entitled to the goods: it holds for who is (a bank as pledgee, an agent)."""
    endorsee: Party | None
    """The named titleholder of a negotiable title; its platform is `NONE` where nobody stated it. None: blank, or
    straight."""
    may_endorse: bool
    """Whether the endorsee may endorse further (`ENDORSE` says no)."""
    carrier: Party
    """Who issued it."""
    issued_to: Party
    shipper: Party | None
    consignee: Party | None
    """Of a straight one: these may surrender it."""
    blank: bool
    """Negotiable, and endorsed in blank: possession is enough."""
    surrendered_by: Party | None
    """Who gets it back if the carrier rejects; also after the surrender was accepted."""
    reason: str
    """Reason code of the surrender for amendment, or empty."""
    sequence: int
    """Transactions so far; ISSUE makes it 1."""
    replaces: str
    """The earlier title, or the paper, in whose place this one was issued; empty where there is none."""


def kind_of(transport_document: Mapping[str, Any]) -> Kind:
    """Of the document's JSON. What says nothing of itself is blank or straight by `isToOrder` (default: straight)."""
    raise NotImplementedError("L1 fills this")


def same_party(one: Party, other: Party) -> bool:
    """On the same platform, by a code that both have."""
    raise NotImplementedError("L1 fills this")


def issue(
    transport_document: Mapping[str, Any], transaction: Transaction, earlier: Title | None = None
) -> Title | tuple[Finding, ...]:
    """The title that an ISSUE makes. `earlier` is the last title of the same reference on this platform, if any: only
    one that ended by amendment or by a switch to paper may be followed."""
    raise NotImplementedError("L1 fills this")


def apply(
    title: Title, transaction: Transaction, expected_sequence: int | None = None, *, unrecorded: bool = False
) -> Title | tuple[Finding, ...]:
    """The title after a transaction, or all that refuses it. `expected_sequence` is the one that the actor has seen.

    `unrecorded`: in a chain of another platform, a transfer of possession within that platform may be missing (PINT,
    `ChainEntry.transactions`), so that another party of the possessor's platform may act.
    """
    raise NotImplementedError("L1 fills this")


def replay(transport_document: Mapping[str, Any], transactions: Iterable[Transaction]) -> Title | tuple[Finding, ...]:
    """The title after all transactions of a chain, from ISSUE on, with `unrecorded` transfers allowed."""
    raise NotImplementedError("L1 fills this")
