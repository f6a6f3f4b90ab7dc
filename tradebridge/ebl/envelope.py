"""One envelope: made by the sender, judged by the receiver; and the receiver's answer, judged by the sender. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from schemas.bill_of_lading.pint import DocumentMetadata, EnvelopeManifest, Outcome, Party, TransferFinished
from schemas.findings import Finding
from tradebridge.ebl.chain import Chain
from tradebridge.ebl.seal import Key, Trust

Accounts = Callable[[Party], str | None]
"""Id of the one active account that a party's codes lead to; None: nobody, or several."""


class Purpose(StrEnum):
    """What an envelope does at its receiver."""

    POSSESSION = "possession"
    """TRANSFER, SURRENDER_*, SREJ."""
    NOTICE = "notice"
    """ENDORSE*, SACC: nothing moves."""


@dataclass(frozen=True, slots=True)
class Settled:
    """An entry on which this platform has given its last word."""

    outcome: Outcome
    """RECE or BENV."""
    signed: str
    """The entry as it came then."""
    received: tuple[str, ...] = ()
    """Checksums of the additional documents that came with it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What this platform knows of the title that an envelope names."""

    chain: tuple[str, ...] = ()
    """The signed entries, the newest that it has, with those under way from here; empty: it never had the title."""
    settled: Mapping[str, Settled] = field(default_factory=dict)
    """By `chain.content_checksum` of the last entry of an envelope."""
    document_checksum: str | None = None
    documents: frozenset[str] = frozenset()
    """Checksums of additional documents that are here already."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the receiver says of an envelope at its start."""

    outcome: Outcome | None
    """RECE: nothing is missing, accept. DUPE, BSIG, BENV, DISE: answer so. None: start, and wait for `missing`."""
    findings: tuple[Finding, ...] = ()
    chain: Chain | None = None
    manifest: EnvelopeManifest | None = None
    last_checksum: str = "0" * 64
    """Of the last entry received: what a signed answer names."""
    last_content: str = ""
    """Its `content_checksum`."""
    missing: tuple[str, ...] = ()
    purpose: Purpose = Purpose.POSSESSION
    account: str | None = None
    """Whose it becomes, or who is notified."""
    settled: Settled | None = None
    """Of DUPE, and of BENV said again."""

    @property
    def kills(self) -> bool:
        """Whether the entry is refused for ever: BENV that names it."""
        return self.outcome is Outcome.BENV


class Stand(StrEnum):
    """Where a transfer stands at its sender after an answer."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """For good: the title is here again."""
    STARTED = "started"
    """201: send what is missing, then finish."""
    MISSING = "missing"
    """MDOC or INCD: send these documents (again), then finish."""
    IN_DOUBT = "in-doubt"
    """Ask again; never guess."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What the sender knows of an envelope that it sends."""

    receiver: str
    """Platform code: whose key must have signed the answer."""
    last_checksum: str
    """Of the last entry of the envelope."""
    last_entry: str
    """The same entry, as sent."""
    document_checksum: str
    declared: tuple[str, ...]
    """Checksums of the additional documents."""
    unanswered: bool
    """Whether an earlier attempt of this entry got no signed answer: it may have been accepted all the same."""


@dataclass(frozen=True, slots=True)
class Verdict:
    stand: Stand
    finished: TransferFinished | None = None
    """What the receiver signed, if it did."""
    signed: str = ""
    """The signed answer itself: kept as proof of ACCEPTED and REFUSED."""
    missing: tuple[str, ...] = ()
    envelope_reference: str = ""
    """Of STARTED."""
    findings: tuple[Finding, ...] = ()
    """What is odd about the answer, or why it decides nothing."""


def make_envelope(
    transport_document: Mapping[str, Any],
    signed: Sequence[str],
    key: Key,
    *,
    visualisation: DocumentMetadata | None = None,
    supporting: Sequence[DocumentMetadata] = (),
) -> dict[str, Any]:
    """The body of `POST /v3/envelopes`. `key` signs the manifest: it is that of the last entry's platform."""
    raise NotImplementedError("L1 fills this")


def judge(
    envelope: object,
    me: str,
    sender_allowed: Collection[str],
    trust: Trust,
    known: Known | Callable[[str], Known],
    accounts: Accounts,
    at: datetime,
) -> Judgement:
    """What to answer. `envelope` is the JSON as it came. `me` is this platform's code, `sender_allowed` the codes that
    whoever sent it may speak for. `known` may be a question, asked with the transport document's reference."""
    raise NotImplementedError("L1 fills this")


def judge_document(manifest: EnvelopeManifest, named: str, found_checksum: str, found_size: int) -> tuple[Finding, ...]:
    """Of an additional document that came under the checksum `named`: nothing, or why it is INCD."""
    raise NotImplementedError("L1 fills this")


def still_missing(manifest: EnvelopeManifest, received: Collection[str]) -> tuple[str, ...]:
    """Checksums of declared documents that are not among `received`, in the manifest's order: MDOC if any."""
    raise NotImplementedError("L1 fills this")


def answer(
    outcome: Outcome,
    last_checksum: str,
    key: Key,
    *,
    reason: str = "",
    missing: Sequence[str] = (),
    received: Sequence[str] | None = None,
    duplicate_of: str | None = None,
) -> str:
    """The signed answer: the JSON string that is the body of 200, 409 and 422 (`pint.HTTP_STATUS`)."""
    raise NotImplementedError("L1 fills this")


def judge_answer(body: object, transfer: Transfer, trust: Trust, at: datetime) -> Verdict:
    """What an answer means for a transfer. `body` is the JSON of whatever came: a string that is signed, an object that
    is not, None for none. The HTTP status is not asked: the signed code decides (PINT, responseCode)."""
    raise NotImplementedError("L1 fills this")
