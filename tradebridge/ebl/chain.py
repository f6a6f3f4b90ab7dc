"""The envelope transfer chain: what every platform did with an eBL, each entry signed and bound to the one before.

What a chain must be (DCSA PINT 3.0.0, EblEnvelope.envelopeTransferChain, EnvelopeTransferChainEntry):

1. Each entry is signed by the platform that it names, and the issuance manifest in the first by the carrier of the
   document. The last is judged at the time of receipt, those before it at the time that their transactions claim.
2. Each entry but the first names the checksum of the one before, over its compact string.
3. Each is of the same document, which never changes, and so is the carrier's manifest. The carrier's rendering of the
   bill is the same in all entries that name it, and the one that the carrier signed for. (The description of
   EnvelopeManifest puts it into the entries; the schema of the entry has no such member: it may be missing.)
4. The issuance manifest stands in the first entry; so does the control tracking registry, if there is one.
5. ISSUE stands exactly once, first. What follows is played through the title (`schemas/bill_of_lading/title.py`), each
   action by a party of the platform that signs it.

Signatures come first, for all entries; only of a chain whose signatures all hold is anything else said. Findings point
into the chain, and on into the signed payload. Pure: the receiver, the sender, `tb bl verify` and the tests ask here.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from schemas.bill_of_lading import title as titles
from schemas.bill_of_lading.pint import (
    ChainEntry,
    DocumentMetadata,
    IssuanceManifest,
    Transaction,
    checksum,
    read,
    signed_checksum,
    to_json,
)
from schemas.bill_of_lading.title import Title
from schemas.content import from_base64url
from schemas.findings import Finding, finding
from tradebridge.ebl.seal import Key, Sealed, Trust, seal, take_apart

MOST_ENTRIES = 1000
PLACE = "/envelopeTransferChain"
RENDERING = "eBLVisualisationByCarrier"
_PREVIOUS = "previousEnvelopeTransferChainEntrySignedContentChecksum"
_MANIFEST = "issuanceManifestSignedContent"


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
    """`eBLVisualisationByCarrier`, the same in every entry that has it."""
    visualisation_checksum: str | None = None
    """Of the carrier's rendering, as its issuance manifest says; None: it names none."""
    notes: tuple[Finding, ...] = ()
    """Warnings: noteworthy, and no reason to refuse."""

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        return tuple(each for entry in self.entries for each in entry.transactions)

    @property
    def last_checksum(self) -> str:
        """Of the last entry, as the manifest and the answers name it."""
        return signed_checksum(self.signed[-1])


@dataclass(frozen=True, slots=True)
class Link:
    """An entry whose signature holds."""

    sealed: Sealed
    entry: ChainEntry | None
    """None where its shape is wrong: see `misshapen`."""
    manifest: Sealed | None
    """The carrier's, where the entry has one."""
    misshapen: tuple[Finding, ...] = ()


def content_checksum(signed: str) -> str:
    """SHA-256 of an entry's payload: the same when it is signed again. Entries are accepted, and dead, by this. Of what
    is no compact JWS: of the string."""
    pieces = signed.split(".")
    payload = from_base64url(pieces[1].encode("utf-8", "replace")) if len(pieces) == 3 else None
    return hashlib.sha256(payload or signed.encode("utf-8", "replace")).hexdigest()


# --- Making ----------------------------------------------------------------------------------------------------------


def first_entry(
    transport_document: Mapping[str, Any],
    transactions: Sequence[Transaction],
    issuance_manifest: str,
    key: Key,
    platform: str,
    *,
    registry: str | None = None,
    visualisation: DocumentMetadata | None = None,
    document_checksum: str = "",
) -> str:
    """The first entry: ISSUE, and what was done since on the same platform. `issuance_manifest`: the carrier's JWS;
    `document_checksum`: of the document, where it is known already."""
    head = {_MANIFEST: issuance_manifest} | ({"controlTrackingRegistry": registry} if registry else {})
    return _entry(document_checksum or checksum(transport_document), head, transactions, key, platform, visualisation)


def follow(
    signed: Sequence[str],
    transactions: Sequence[Transaction],
    key: Key,
    platform: str,
    document_checksum: str,
    visualisation: DocumentMetadata | None = None,
) -> str:
    """The entry that follows a chain's last. The chain is not read: it is of one's own store."""
    head = {_PREVIOUS: signed_checksum(signed[-1])}
    return _entry(document_checksum, head, transactions, key, platform, visualisation)


def _entry(
    document_checksum: str,
    head: Mapping[str, Any],
    transactions: Sequence[Transaction],
    key: Key,
    platform: str,
    visualisation: DocumentMetadata | None,
) -> str:
    entry: dict[str, Any] = {"eblPlatform": platform, "transportDocumentChecksum": document_checksum, **head}
    if visualisation is not None:
        entry[RENDERING] = to_json(visualisation)
    return seal(entry | {"transactions": [to_json(each) for each in transactions]}, key)


# --- Reading ---------------------------------------------------------------------------------------------------------


def read_chain(
    transport_document: Mapping[str, Any], signed: Sequence[str], trust: Trust, at: datetime | None
) -> Chain | tuple[Finding, ...]:
    """The chain, or all that is wrong with it. `at` is when it was received; None (offline, later): each entry as it
    claims."""
    links = verify_signatures(transport_document, signed, trust, at)
    refused = tuple(each for each in links if isinstance(each, Finding))
    if refused:
        return refused
    document = checksum(transport_document)
    return read_links(transport_document, document, [each for each in links if isinstance(each, Link)])


def read_stored(transport_document: Mapping[str, Any], signed: Sequence[str]) -> Chain | tuple[Finding, ...]:
    """A chain of one's own store: its signatures were verified when it came, and a certificate that has ended or was
    revoked since undoes nothing."""
    links: list[Link] = []
    for place, compact in enumerate(signed):
        sealed = take_apart(compact)
        if isinstance(sealed, Finding):
            return (replace(sealed, pointer=f"{PLACE}/{place}{sealed.pointer}"),)
        manifest = sealed.claims.get(_MANIFEST)
        within = take_apart(manifest) if isinstance(manifest, str) else None
        links.append(_link(sealed, within if isinstance(within, Sealed) else None, f"{PLACE}/{place}"))
    return read_links(transport_document, checksum(transport_document), links)


def verify_signatures(
    transport_document: Mapping[str, Any], signed: Sequence[str], trust: Trust, at: datetime | None
) -> tuple[Link, ...] | tuple[Finding, ...]:
    """The entries, if every signature holds (rule 1); else every signature that does not."""
    if len(signed) > MOST_ENTRIES:
        return (finding("pint.chain-too-long", PLACE, found=len(signed), expected=f"at most {MOST_ENTRIES}"),)
    links: list[Link] = []
    refused: list[Finding] = []
    carrier = str(transport_document.get("carrierCode", ""))
    for place, compact in enumerate(signed):
        last = place == len(signed) - 1
        link = _open(compact, f"{PLACE}/{place}", trust, carrier, at, last=last)
        if isinstance(link, Link):
            links.append(link)
        else:
            refused += link
    return tuple(refused) if refused else tuple(links)


def _open(
    compact: str, pointer: str, trust: Trust, carrier: str, at: datetime | None, *, last: bool
) -> Link | tuple[Finding, ...]:
    """One entry and the carrier's manifest in it, by their signatures."""
    sealed = take_apart(compact)
    if isinstance(sealed, Finding):
        return (replace(sealed, pointer=f"{pointer}{sealed.pointer}"),)
    entry = read(ChainEntry, sealed.claims)
    claimed = entry.transactions[-1].action_date_time if isinstance(entry, ChainEntry) else None
    platform = sealed.claims.get("eblPlatform")
    trusted = trust.platforms.get(platform) if isinstance(platform, str) else None
    refused = [_named(sealed.verify(trusted, _time(at, claimed, last=last)), pointer, f"platform {platform}")]
    manifest = sealed.claims.get(_MANIFEST)
    within = take_apart(manifest) if isinstance(manifest, str) else None
    where = f"{pointer}/{_MANIFEST}"
    if isinstance(within, Finding):
        refused.append(replace(within, pointer=where))
    elif within is not None:
        issued = entry.transactions[0].action_date_time if isinstance(entry, ChainEntry) else None
        found = within.verify(trust.carriers.get(carrier), _time(at, issued, last=False))
        refused.append(_named(found, where, f"carrier {carrier or 'that is not named'}"))
    if any(refused):
        return tuple(each for each in refused if each is not None)
    return _link(sealed, within if isinstance(within, Sealed) else None, pointer, entry)


def _link(
    sealed: Sealed,
    manifest: Sealed | None,
    pointer: str,
    read_before: ChainEntry | tuple[Finding, ...] | None = None,
) -> Link:
    """An entry whose signature was seen to hold."""
    entry = read_before if read_before is not None else read(ChainEntry, sealed.claims)
    if isinstance(entry, ChainEntry):
        return Link(sealed, entry, manifest)
    return Link(sealed, None, manifest, tuple(_within(each, pointer) for each in entry))


def _time(at: datetime | None, claimed: datetime | None, *, last: bool) -> datetime | None:
    """When something counts as signed (rule 1): never later than it was received."""
    if at is None or claimed is None:
        return at or claimed
    return at if last else min(at, claimed)


def _named(found: Finding | None, pointer: str, who: str) -> Finding | None:
    return None if found is None else replace(found, pointer=pointer, found=f"{who}: {found.found}")


def _within(found: Finding, pointer: str) -> Finding:
    return replace(found, pointer=f"{pointer}{found.pointer}")


def read_links(
    transport_document: Mapping[str, Any], document_checksum: str, links: Sequence[Link]
) -> Chain | tuple[Finding, ...]:
    """The chain of entries whose signatures hold, or all that is wrong with what they say (rules 2 to 5).
    `document_checksum` is that of the document."""
    misshapen = [found for link in links for found in link.misshapen]
    entries = [link.entry for link in links if link.entry is not None]
    if misshapen or not entries:
        return tuple(misshapen) or (finding("title.issue-not-first", PLACE, found="no entry", expected="ISSUE"),)
    found = [*_judge_links(links, entries), *_judge_documents(links, entries, document_checksum)]
    title = _play(transport_document, entries)
    if not isinstance(title, Title):
        found += title
    if any(each.refuses for each in found) or not isinstance(title, Title):
        return tuple(each for each in found if each.refuses)
    return Chain(
        entries=tuple(entries),
        signed=tuple(link.sealed.compact for link in links),
        title=title,
        document_checksum=document_checksum,
        registry=entries[0].control_tracking_registry,
        visualisation=next(filter(None, (each.ebl_visualisation_by_carrier for each in entries)), None),
        visualisation_checksum=_carriers_rendering(links[0]),
        notes=tuple(found),
    )


def _judge_links(links: Sequence[Link], entries: Sequence[ChainEntry]) -> Iterator[Finding]:
    """Rules 2 and 4: how the entries hang together."""
    for place, entry in enumerate(entries):
        pointer = f"{PLACE}/{place}"
        previous = entry.previous_envelope_transfer_chain_entry_signed_content_checksum
        if place == 0:
            if previous is not None:
                yield finding("pint.first-has-previous", f"{pointer}/{_PREVIOUS}", found=previous, expected="none")
            if entry.issuance_manifest_signed_content is None:
                yield finding("pint.issuance-manifest-missing", f"{pointer}/{_MANIFEST}", found="nothing")
            continue
        before = signed_checksum(links[place - 1].sealed.compact)
        if previous != before:
            yield finding("pint.chain-gap", f"{pointer}/{_PREVIOUS}", found=previous or "nothing", expected=before)
        if entry.control_tracking_registry is not None:
            where, found = f"{pointer}/controlTrackingRegistry", entry.control_tracking_registry
            yield finding("pint.registry-late", where, found=found, expected="none")


def _judge_documents(links: Sequence[Link], entries: Sequence[ChainEntry], document: str) -> Iterator[Finding]:
    """Rule 3: what the entries are about."""
    renderings = (link.sealed.claims.get(RENDERING) for link in links)
    rendering = next(filter(None, renderings), None)
    for place, (link, entry) in enumerate(zip(links, entries, strict=True)):
        pointer = f"{PLACE}/{place}"
        if entry.transport_document_checksum != document:
            where, found = f"{pointer}/transportDocumentChecksum", entry.transport_document_checksum
            yield finding("pint.other-document", where, found=found, expected=document)
        if link.sealed.claims.get(RENDERING, rendering) != rendering:
            where, expected = f"{pointer}/{RENDERING}", "as in the entries before"
            yield finding("pint.visualisation-differs", where, found="another", expected=expected)
        if link.manifest is not None:
            yield from _judge_issuance(link.manifest, link, entry, document, f"{pointer}/{_MANIFEST}")


def _judge_issuance(sealed: Sealed, link: Link, entry: ChainEntry, document: str, pointer: str) -> Iterator[Finding]:
    """The carrier's manifest against document, rendering and first possessor."""
    manifest = read(IssuanceManifest, sealed.claims)
    if not isinstance(manifest, IssuanceManifest):
        yield from (_within(each, pointer) for each in manifest)
        return
    if manifest.document_checksum != document:
        where = f"{pointer}/documentChecksum"
        yield finding("pint.issuance-of-another", where, found=manifest.document_checksum, expected=document)
    shown = entry.ebl_visualisation_by_carrier
    found, expected = shown.document_checksum if shown else None, manifest.ebl_visualisation_by_carrier_checksum
    if found is not None and found != expected:  # a platform need not hand the carrier's rendering on
        where = f"{pointer}/{RENDERING}Checksum"
        yield finding("pint.visualisation-differs", where, found=found, expected=expected or "none")
    issued_to = issue_to(link.sealed.claims)
    if issued_to is not None and checksum(issued_to) != manifest.issue_to_checksum:
        where = f"{pointer}/issueToChecksum"
        yield finding("pint.issued-to-another", where, found=checksum(issued_to), expected=manifest.issue_to_checksum)


def _carriers_rendering(link: Link) -> str | None:
    manifest = read(IssuanceManifest, link.manifest.claims) if link.manifest is not None else None
    return manifest.ebl_visualisation_by_carrier_checksum if isinstance(manifest, IssuanceManifest) else None


def issue_to(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """The `issueTo` that the recipient of ISSUE was made of, as the carrier wrote it."""
    recipient = entry["transactions"][0].get("recipient")
    if not isinstance(recipient, dict):
        return None
    party = {name: recipient[name] for name in recipient if name not in ("eblPlatform", "representedParty")}
    return party | {"sendToPlatform": recipient["eblPlatform"]}


def _play(transport_document: Mapping[str, Any], entries: Sequence[ChainEntry]) -> Title | tuple[Finding, ...]:
    """Rule 5: the title after all transactions."""
    title: Title | None = None
    for place, entry in enumerate(entries):
        for step, each in enumerate(entry.transactions):
            pointer = f"{PLACE}/{place}/transactions/{step}"
            if each.actor.ebl_platform != entry.ebl_platform:
                shown = f"{each.actor.party_name} of {each.actor.ebl_platform}"
                where, expected = f"{pointer}/actor/eblPlatform", entry.ebl_platform
                return (finding("pint.actor-elsewhere", where, found=shown, expected=expected),)
            after = (
                titles.issue(transport_document, each) if title is None else titles.apply(title, each, unrecorded=True)
            )
            if not isinstance(after, Title):
                return tuple(_within(found, pointer) for found in after)
            title = after
    return title or (finding("title.issue-not-first", PLACE, found="no transaction", expected="ISSUE"),)
