"""The control tracking registry: which platform controls an eBL. Pure: statements, and where they lead.

DCSA's PINT text speaks of such a registry and leaves its API open. What it says is kept to the letter:

1. The first platform chooses the registry, and names it in the first entry of the chain; it holds for every transfer.
2. It is the final arbiter of which platform has control. A transfer that is not recorded in it has not happened.
3. A sender may cancel without waiting for the receiver's answer. What the receiver accepted here is accepted, whatever
   its answer by PINT was.

What we add, modelled, since somebody has to decide (docs/bills-of-lading.md):

4. An eBL is named by the checksum of its transport document, a transfer by that of the content of its envelope's last
   chain entry, however often that is signed. A platform speaks by a statement that it signs: register, offer, accept,
   cancel.
5. The carrier's word decides who has it first: a statement about an eBL that nobody controls brings the issuance
   manifest that the carrier signed, and the `issueTo` that it is of. The platform that this names registers it, before
   anybody hears that it was issued; or another one, that the carrier has asked, offers it to that platform, and it is
   registered when that accepts. Until then nobody controls it, and what was cancelled has left nothing behind.
   As long as nothing was handed over, the first platform may register it anew: issued once more, to somebody else.
6. One offer is open at a time, made by who is in control. Exactly one of accept and cancel ends it. An entry that was
   cancelled stays dead, also one that was cancelled before it was offered: who wants to transfer again makes a new one.
7. Saying the same again changes nothing and gets the state as it is: whoever crashed asks again.
8. What the registry signs names the question that it answers (`asked`), also that it knows nothing: no answer of
   another day, and of another question, says anything.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from schemas.bill_of_lading.pint import ActionMoment, Checksum, Signed, written
from schemas.bill_of_lading.values import Part, Platform, at_most
from schemas.findings import Fidelity, Finding, Kind, finding, register

SOURCE = "DCSA PINT 3.0.0, Control tracking registry support"
PROFILE = "tradebridge-control/1"
"""Of a statement in receipts and log."""

register(
    [
        Kind(
            code,
            message,
            fix,
            source=SOURCE,
            fidelity=Fidelity.MODELLED,
            status=status,
        )
        for code, message, fix, status in (
            (
                "control.unknown-title",
                "The registry knows no eBL with this transport document.",
                "Register it first: its first platform does, with the carrier's issuance manifest.",
                404,
            ),
            (
                "control.registered",
                "The eBL is registered already, with another issuance or by another platform.",
                "Look it up: there is one operative record of a transport document.",
                409,
            ),
            (
                "control.issuance-missing",
                "The carrier's word is missing: its issuance manifest, its code, or the issueTo that it is of.",
                "Send issuanceManifestSignedContent and issueTo as the carrier made them, and its carrierCode.",
                422,
            ),
            (
                "control.issuance-of-another",
                "The carrier's manifest is of another transport document, or of another issueTo.",
                "Send what the manifest names; of a registration `entry` is the SHA-256 of the manifest's payload.",
                422,
            ),
            (
                "control.not-in-control",
                "The platform that offers does not control the eBL.",
                "Look up who does: only that platform may hand it over.",
                409,
            ),
            (
                "control.offer-open",
                "Another transfer of the eBL is under way.",
                "Wait until it is accepted, or cancel it.",
                409,
            ),
            (
                "control.dead-entry",
                "The transfer was cancelled: its entry is dead for ever.",
                "Make a new chain entry and offer that.",
                409,
            ),
            (
                "control.cancelled",
                "The sender cancelled the transfer before it was accepted.",
                "Refuse the envelope: control stays with the sender.",
                409,
            ),
            (
                "control.accepted",
                "The receiver accepted the transfer before it was cancelled.",
                "Take the eBL as handed over, whatever was answered by PINT.",
                409,
            ),
            (
                "control.no-offer",
                "No such transfer was offered.",
                "Offer it first: a transfer that the registry does not know has not happened.",
                409,
            ),
            (
                "control.wrong-platform",
                "This platform may not say this of the transfer.",
                "Who is in control offers and cancels; whom it was offered to accepts; whom issueTo names registers.",
                403,
            ),
            (
                "control.set-back",
                "The registry shows an earlier state of the eBL than one that it has signed before: it was set back.",
                "Tell who runs the registry; what it has signed since is with the platforms. No title moves by it.",
                409,
            ),
            (
                "control.other-registry",
                "The statement is made for another registry.",
                "Name the base URI of this registry, as it stands in the first entry of the chain.",
                422,
            ),
        )
    ]
)


class Said(StrEnum):
    """What a platform says to the registry."""

    REGISTER = "register"
    OFFER = "offer"
    ACCEPT = "accept"
    CANCEL = "cancel"


class OfferState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"


class Statement(Part):
    """What a platform says, before it is signed."""

    registry: Annotated[str, at_most(1024)]
    """Base URI of the registry, with the major version of its API."""
    type: Said
    transport_document_checksum: Checksum
    entry: Checksum
    """Of the content of what is signed: the carrier's issuance manifest to register, else the envelope's last entry."""
    platform: Platform
    """Who speaks."""
    to: Annotated[Platform | None, Field()] = None
    """Of an offer, and of a cancellation that may come before it: the receiving platform."""
    issuance_manifest_signed_content: Signed | None = None
    """Rule 5: the carrier's signed word that it has issued this document."""
    issue_to: dict[str, Any] | None = None
    """The same: the party that it is issued to, exactly as the manifest's `issueToChecksum` is of it."""
    carrier_code: Annotated[str, at_most(40)] | None = None
    """The same: whose word that is."""
    issued_at: ActionMoment | None = None
    """The same: when, as ISSUE says."""
    at: ActionMoment

    @property
    def issued_to(self) -> str:
        """The platform that the carrier's word names; empty: the statement brings none."""
        return str((self.issue_to or {}).get("sendToPlatform") or "")


@dataclass(frozen=True, slots=True)
class Offer:
    """One transfer."""

    entry: str
    giver: str
    """Platform code."""
    taker: str
    state: OfferState

    def to_json(self) -> dict[str, str]:
        return {"entry": self.entry, "from": self.giver, "to": self.taker, "state": self.state.value}


@dataclass(frozen=True, slots=True)
class Control:
    """Where one eBL stands in the registry."""

    document: str
    """Checksum of the transport document."""
    issuance: str
    """Checksum of the content of the carrier's issuance manifest, or of the ISSUE by which it was first accepted; empty
    before."""
    platform: str
    """Who controls it: a platform code; `NOBODY`: it is not registered."""
    entry: str
    """Checksum of the content of the last chain entry that holds, or of the issuance manifest before any."""
    sequence: int
    """Counts what was said and changed something."""
    offers: tuple[Offer, ...] = ()
    """All that were ever made, in their order."""

    @property
    def open(self) -> Offer | None:
        return next((each for each in self.offers if each.state is OfferState.OPEN), None)

    def offer(self, entry: str) -> Offer | None:
        return next((each for each in self.offers if each.entry == entry), None)

    @property
    def registrar(self) -> str:
        """Who has registered it: it gave the first one that was accepted, or has it still."""
        return next((each.giver for each in self.offers if each.state is OfferState.ACCEPTED), self.platform)

    def to_json(
        self, registry: str, at: datetime, entry: str | None = None, *, asked: str = "", by: str = ""
    ) -> dict[str, Any]:
        """The state as the registry signs it, with the offer of `entry`, or the last one. `asked`: the question that it
        answers (rule 8); `by`: the platform that asks, which is told of what it gave away last."""
        told = self.offers[-1] if self.offers else None
        if entry is not None and (entry != self.issuance or self.offer(entry) is not None):
            told = self.offer(entry)
        gone = (each for each in reversed(self.offers) if each.giver == by and each.state is OfferState.ACCEPTED)
        given = next(gone, None)
        return {
            "registry": registry,
            "transportDocumentChecksum": self.document,
            "control": self.platform or None,
            "issuance": self.issuance or None,
            "entry": self.entry or None,
            "sequence": self.sequence,
            "offer": told.to_json() if told else None,
            "given": given.to_json() if given else None,
            "asked": asked,
            "at": written(at),
        }


NOBODY = ""


def unregistered(document: str) -> Control:
    """An eBL that the registry knows nothing of."""
    return Control(document, "", NOBODY, "", 0)


def apply(control: Control | None, said: Statement) -> Control | Finding:
    """Where the eBL stands after the statement. The same object where nothing changed (rule 7). What it brings of the
    carrier was judged before (`tradebridge.ebl.registering`)."""
    if said.type is Said.REGISTER:
        return _registered(control, said)
    known = control or unregistered(said.transport_document_checksum)
    if said.type is Said.OFFER:
        return _offered(known, said)
    offer = known.offer(said.entry)
    if offer is None and said.type is Said.CANCEL:
        return _cancelled_before(known, said)
    if offer is None:
        return _no_offer(known, said)
    return _accepted(known, offer, said) if said.type is Said.ACCEPT else _cancelled(known, offer, said)


def _no_offer(control: Control, said: Statement) -> Finding:
    if control.platform == NOBODY and not control.offers:
        return finding("control.unknown-title", "/transportDocumentChecksum", found=said.transport_document_checksum)
    return finding("control.no-offer", "/entry", found=said.entry)


def _registered(control: Control | None, said: Statement) -> Control | Finding:
    if control is None:
        return Control(said.transport_document_checksum, said.entry, said.platform, said.entry, 0)
    if (control.issuance, control.registrar) == (said.entry, said.platform):
        return control
    if control.offer(said.entry) is not None:
        return finding("control.dead-entry", "/entry", found=said.entry)
    moved = any(each.state is not OfferState.CANCELLED for each in control.offers)
    if control.platform in (NOBODY, said.platform) and not moved:
        now = replace(control, issuance=said.entry, platform=said.platform, entry=said.entry)
        return replace(now, sequence=control.sequence + 1)
    if control.platform == NOBODY and control.open is not None:
        return finding("control.offer-open", "/entry", found=said.entry, expected=control.open.entry)
    return finding("control.registered", "/entry", found=said.entry, expected=control.issuance)


def _offered(control: Control, said: Statement) -> Control | Finding:
    if control.platform == NOBODY and said.to != said.issued_to:
        if said.issued_to:
            return finding("control.wrong-platform", "/to", found=said.to or "none", expected=said.issued_to)
        return finding("control.unknown-title", "/transportDocumentChecksum", found=said.transport_document_checksum)
    known = control.offer(said.entry)
    if known is not None and known.giver == said.platform and known.taker == said.to:
        if known.state is OfferState.CANCELLED:
            return finding("control.dead-entry", "/entry", found=said.entry)
        return control
    if control.platform not in (NOBODY, said.platform):
        return finding("control.not-in-control", "/platform", found=said.platform, expected=control.platform)
    if said.to is None or said.to == said.platform:
        return finding("control.wrong-platform", "/to", found=said.to or "none", expected="another platform")
    if known is not None or said.entry == control.issuance:
        return finding("control.dead-entry", "/entry", found=said.entry, expected="a new entry")
    if control.open is not None:
        return finding("control.offer-open", "/entry", found=said.entry, expected=control.open.entry)
    offer = Offer(said.entry, said.platform, said.to, OfferState.OPEN)
    return replace(control, offers=(*control.offers, offer), sequence=control.sequence + 1)


def _accepted(control: Control, offer: Offer, said: Statement) -> Control | Finding:
    if said.platform != offer.taker:
        return finding("control.wrong-platform", "/platform", found=said.platform, expected=offer.taker)
    if offer.state is OfferState.ACCEPTED:
        return control
    if offer.state is OfferState.CANCELLED:
        return finding("control.cancelled", "/entry", found=offer.entry)
    moved = _ended(control, offer, OfferState.ACCEPTED)
    return replace(moved, issuance=control.issuance or offer.entry, platform=offer.taker, entry=offer.entry)


def _cancelled_before(control: Control, said: Statement) -> Control | Finding:
    """The entry is dead, and was never offered: by who is in control, or who has the carrier's word while nobody is."""
    if said.entry == control.issuance:
        return finding("control.accepted", "/entry", found=said.entry)
    to = said.issued_to if control.platform == NOBODY else said.to
    if not to or control.platform not in (NOBODY, said.platform):
        return _no_offer(control, said)
    dead = Offer(said.entry, said.platform, to, OfferState.CANCELLED)
    return replace(control, offers=(*control.offers, dead), sequence=control.sequence + 1)


def _cancelled(control: Control, offer: Offer, said: Statement) -> Control | Finding:
    if said.platform != offer.giver:
        return finding("control.wrong-platform", "/platform", found=said.platform, expected=offer.giver)
    if offer.state is OfferState.CANCELLED:
        return control
    if offer.state is OfferState.ACCEPTED:
        return finding("control.accepted", "/entry", found=offer.entry)
    return _ended(control, offer, OfferState.CANCELLED)


def _ended(control: Control, offer: Offer, state: OfferState) -> Control:
    offers = tuple(replace(each, state=state) if each is offer else each for each in control.offers)
    return replace(control, offers=offers, sequence=control.sequence + 1)
