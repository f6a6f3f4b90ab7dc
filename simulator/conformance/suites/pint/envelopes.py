"""The kit's own envelopes: right ones, and ones that are wrong in one place.

1. A plan says who did what with a title; `build` writes document, chain and manifest from it and signs them.
2. What is wrong is a change to the plan (`changed`): an entry before it is signed, who signs it, the chain after it,
   the manifest before it is signed, who signs that. The rest is right: the receiver meets one fault at a time.
3. The models of PINT write and the seal signs; nothing here asks the code that judges envelopes.
"""

import copy
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from schemas.bill_of_lading import dcsa, examples
from schemas.bill_of_lading.pint import bytes_checksum, checksum, signed_checksum, written
from simulator.conformance.kit import Identities, KitPlatform, now
from tradebridge.ebl.seal import Key, seal

LAST = "lastEnvelopeTransferChainEntrySignedContentChecksum"
PREVIOUS = "previousEnvelopeTransferChainEntrySignedContentChecksum"
OF_DOCUMENT = "transportDocumentChecksum"
VISUALISATION = "eBLVisualisationByCarrier"
SUPPORTING = "supportingDocuments"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class File:
    """An additional document."""

    name: str
    media_type: str
    content: bytes = field(repr=False)

    @property
    def checksum(self) -> str:
        return bytes_checksum(self.content)

    def metadata(self) -> Json:
        """DocumentMetadata."""
        return {
            "name": self.name,
            "size": len(self.content),
            "mediaType": self.media_type,
            "documentChecksum": self.checksum,
        }


def a_file(name: str, size: int = 900) -> File:
    """Content that no other file has."""
    return File(name, "application/pdf", b"%PDF-1.7\n% " + secrets.token_hex(size // 2).encode("ascii"))


@dataclass(frozen=True)
class Envelope:
    """An envelope as it goes out, and what the kit remembers of it."""

    reference: str
    document: Json = field(repr=False)
    chain: tuple[str, ...] = field(repr=False)
    manifest: str = field(repr=False)
    files: Mapping[str, File] = field(repr=False)
    """By checksum, in the order of the manifest."""
    sender: KitPlatform
    plan: "Plan" = field(repr=False)

    @property
    def last(self) -> str:
        """Checksum of the last entry."""
        return signed_checksum(self.chain[-1])

    @property
    def document_checksum(self) -> str:
        return checksum(self.document)

    def body(self) -> Json:
        return {
            "transportDocument": self.document,
            "envelopeManifestSignedContent": self.manifest,
            "envelopeTransferChain": list(self.chain),
        }


@dataclass(frozen=True)
class Entry:
    """One entry of the chain: by whom, with which transactions."""

    platform: KitPlatform
    transactions: tuple[Json, ...]


@dataclass(frozen=True)
class Plan:
    """What is to be built, and where it is to be wrong."""

    kit: Identities
    document: Json
    entries: tuple[Entry, ...]
    visualisation: File | None = None
    supporting: tuple[File, ...] = ()
    edit_entry: Mapping[int, Callable[[Json], None]] = field(default_factory=dict)
    """By position: what to change in an entry's payload."""
    edit_issuance: Callable[[Json], None] | None = None
    edit_manifest: Callable[[Json], None] | None = None
    edit_chain: Callable[[list[str]], None] | None = None
    """Of the signed entries, before the manifest names the last one."""
    signs_entry: Mapping[int, Key] = field(default_factory=dict)
    signs_issuance: Key | None = None
    signs_manifest: Key | None = None

    def changed(self, **members: Any) -> "Plan":
        return replace(self, **members)


def build(plan: Plan) -> Envelope:
    """Write and sign."""
    of_document, signed = checksum(plan.document), list[str]()
    for at, entry in enumerate(plan.entries):
        payload: Json = {"eblPlatform": entry.platform.code, OF_DOCUMENT: of_document}
        if at == 0:
            payload["issuanceManifestSignedContent"] = _issuance(plan, of_document)
        else:
            payload[PREVIOUS] = signed_checksum(signed[-1])
        if plan.visualisation is not None:
            payload[VISUALISATION] = plan.visualisation.metadata()
        payload["transactions"] = copy.deepcopy(list(entry.transactions))
        if at in plan.edit_entry:
            plan.edit_entry[at](payload)
        signed.append(seal(payload, plan.signs_entry.get(at, entry.platform.key)))
    if plan.edit_chain is not None:
        plan.edit_chain(signed)
    sender = plan.entries[-1].platform
    manifest = _manifest(plan, of_document, signed[-1])
    sealed = seal(manifest, plan.signs_manifest or sender.key)
    files = [each for each in (plan.visualisation, *plan.supporting) if each is not None]
    reference = str(plan.document["transportDocumentReference"])
    return Envelope(
        reference, plan.document, tuple(signed), sealed, {each.checksum: each for each in files}, sender, plan
    )


def _issuance(plan: Plan, of_document: str) -> str:
    recipient = plan.entries[0].transactions[0].get("recipient") or {}
    issue_to = {"sendToPlatform" if name == "eblPlatform" else name: value for name, value in recipient.items()}
    payload: Json = {"documentChecksum": of_document, "issueToChecksum": checksum(issue_to)}
    if plan.visualisation is not None:
        payload["eBLVisualisationByCarrierChecksum"] = plan.visualisation.checksum
    if plan.edit_issuance is not None:
        plan.edit_issuance(payload)
    return seal(payload, plan.signs_issuance or plan.kit.carrier)


def _manifest(plan: Plan, of_document: str, last: str) -> Json:
    payload: Json = {OF_DOCUMENT: of_document, LAST: signed_checksum(last)}
    if plan.visualisation is not None:
        payload[VISUALISATION] = plan.visualisation.metadata()
    if plan.supporting:
        payload[SUPPORTING] = [each.metadata() for each in plan.supporting]
    if plan.edit_manifest is not None:
        plan.edit_manifest(payload)
    return payload


# --- Documents and transactions --------------------------------------------------------------------------------------


def a_document(kit: Identities) -> Json:
    """A transport document that nobody has seen, negotiable and blank endorsed: who has it may hand it on."""
    reference = "KIT" + secrets.token_hex(8).upper()
    example = examples.transport_document(number=reference)
    document: Json = json.loads(dcsa.encode(example))
    parties = document["documentParties"]
    for name in ("consignee", "endorsee"):
        parties.pop(name, None)
    document |= {"transportDocumentReference": reference, "transportDocumentTypeCode": "BOL", "isToOrder": True}
    document |= {"carrierCode": kit.carrier_code, "isElectronic": True}
    return document


def transaction(action: str, actor: Json, recipient: Json | None, at: datetime, **more: str) -> Json:
    value: Json = {"actionCode": action, "actor": actor, "actionDateTime": written(at), **more}
    return value | ({"recipient": recipient} if recipient is not None else {})


def issued_and_sent(
    kit: Identities,
    recipient: Json,
    *,
    by: KitPlatform | None = None,
    at: datetime | None = None,
    document: Json | None = None,
    visualisation: File | None = None,
    supporting: Sequence[File] = (),
) -> Plan:
    """Issued to the user of platform `by` (A), who hands it to the recipient: one entry."""
    sender, moment = by or kit.a, at or now() - timedelta(minutes=5)
    issue = transaction("ISSUE", kit.carrier_on(sender), sender.user, moment)
    transfer = transaction("TRANSFER", sender.user, recipient, moment + timedelta(minutes=1))
    entries = (Entry(sender, (issue, transfer)),)
    return Plan(kit, document or a_document(kit), entries, visualisation, tuple(supporting))


def through_both(kit: Identities, recipient: Json, **more: Any) -> Plan:
    """Issued on A, handed to B, and by B to the recipient: two entries, the second signed with PS256."""
    moment = now() - timedelta(minutes=10)
    plan = issued_and_sent(kit, kit.b.user, at=moment, **more)
    onward = transaction("TRANSFER", kit.b.user, recipient, moment + timedelta(minutes=5))
    return plan.changed(entries=(*plan.entries, Entry(kit.b, (onward,))))
