"""The envelope transfer chain: what every platform did with an eBL, each entry signed and bound to the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.bill_of_lading.pint import ChainEntry, DocumentMetadata, Transaction
from schemas.bill_of_lading.title import Title
from schemas.findings import Finding
from tradebridge.ebl.seal import Key, Trust


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that holds."""

    entries: tuple[ChainEntry, ...]
    signed: tuple[str, ...]
    """The same as compact JWS."""
    title: Title
    """After all transactions."""
    document_checksum: str
    registry: str | None
    """The control tracking registry of the first entry."""
    visualisation: DocumentMetadata | None
    """`eBLVisualisationByCarrier`, the same in every entry."""
    notes: tuple[Finding, ...] = ()
    """Warnings: noteworthy, and no reason to refuse."""

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        return tuple(each for entry in self.entries for each in entry.transactions)

    @property
    def last_checksum(self) -> str:
        """Of the last entry, as the manifest and the answers name it."""
        raise NotImplementedError("L1 fills this")


def content_checksum(signed: str) -> str:
    """SHA-256 of an entry's payload: the same when it is signed again. Entries are accepted, and dead, by this."""
    raise NotImplementedError("L1 fills this")


def first_entry(
    transport_document: Mapping[str, Any],
    transactions: Sequence[Transaction],
    issuance_manifest: str,
    key: Key,
    platform: str,
    *,
    registry: str | None = None,
    visualisation: DocumentMetadata | None = None,
) -> str:
    """The first entry: ISSUE, and what was done since on the same platform. `issuance_manifest`: the carrier's JWS."""
    raise NotImplementedError("L1 fills this")


def next_entry(chain: Chain, transactions: Sequence[Transaction], key: Key, platform: str) -> str:
    """The entry that follows a chain's last."""
    raise NotImplementedError("L1 fills this")


def read_chain(
    transport_document: Mapping[str, Any], signed: Sequence[str], trust: Trust, at: datetime | None
) -> Chain | tuple[Finding, ...]:
    """The chain, or all that is wrong with it. `at` is when it was received; None (offline, later): as it claims."""
    raise NotImplementedError("L1 fills this")
