"""One envelope: made by the sender, judged by the receiver; and the receiver's answer, judged by the sender. Pure.

The receiver, in this order (DCSA PINT 3.0.0, EnvelopeTransferFinishedResponse.responseCode):

1. Without a last entry and a manifest there is nothing that a signed answer could name: `unreadable`.
2. The very entry that was accepted before: DUPE, whatever else is wrong, unless it comes with another document. Who
   sent it must hear that it was accepted.
3. A signature that does not hold, of manifest, entries or issuance manifest; a manifest of another last entry; another
   document than the one signed for: BSIG. It asserts nothing and kills nothing: a corrupted copy proves nothing
   against the true envelope.
4. An entry that was refused before: BENV again. The entry that was accepted, signed again: DUPE.
5. What contradicts what is known here of this title: DISE. It kills nothing either. A title that has ended here has
   ended for ever: what is known of it stands in every chain that comes, as of any other. An entry of this platform that
   was refused, or called back, stands in no chain: who refused it has nothing to hand on. Where it was replaced, only
   another bill of the number may come, issued no earlier than that one; in the place of paper, one that names it.
6. A chain that does not hold, another platform, an unknown recipient: BENV. The entry is dead from then on: the sender
   takes the title back on it, so that it must never be accepted later.
7. Else accepted, once all additional documents are there: `missing` (then RECE), or RECE at once.

The sender, of an answer (responseCode; Non-repudiation):

8. Only a signed answer, by the receiver's key, that names the last entry of the envelope decides. The HTTP status does
   not: it is not signed.
9. RECE and DUPE: accepted. BENV (and BETR of the betas): refused. MDOC and INCD: send documents. DISE, an unsigned
   error, silence, all else: in doubt. A registry, where the chain names one, is above all of these, and not asked here.
10. BSIG makes 'no assertions about the validity of the envelope contents', and the same entry may come again: whoever
   spoils one copy on the way and hands in the whole one later would make two holders. So it ends a transfer only where
   nothing rests on it (`Transfer.bsig_ends`), and else decides nothing (docs/decisions/0018).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from schemas.bill_of_lading.pint import (
    LEGACY_BETR,
    ActionCode,
    DocumentMetadata,
    Envelope,
    EnvelopeManifest,
    Outcome,
    Party,
    TransferFinished,
    TransferStarted,
    checksum,
    read,
    signed_checksum,
    to_json,
    written,
)
from schemas.bill_of_lading.title import Status, paper_named, paper_statement
from schemas.findings import Finding, finding
from tradebridge.ebl.chain import PLACE, RENDERING, Chain, Link, content_checksum, read_links, verify_signatures
from tradebridge.ebl.seal import Key, Sealed, Trust, open_sealed, seal, take_apart

Accounts = Callable[[Party], tuple[Finding, ...]]
"""Nothing, if a party is one active account here; else why it is not."""

MANIFEST = "/envelopeManifestSignedContent"
_HELD_HERE = frozenset({"here", "sending", "in-doubt"})
_REPLACED = frozenset({Status.VOID, Status.PAPER})


class Purpose(StrEnum):
    """What an envelope does at its receiver."""

    POSSESSION = "possession"
    """ISSUE, TRANSFER, SURRENDER_*, SREJ: the title comes here."""
    NOTICE = "notice"
    """ENDORSE*, SACC: nothing moves."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The last word of this platform on an entry."""

    outcome: Outcome
    """RECE or BENV."""
    signed: str
    """The entry as it came then."""
    received: tuple[str, ...] = ()
    """Checksums of the additional documents that came with it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What this platform knows of the title that an envelope names by its document's reference."""

    chain: tuple[str, ...] = ()
    """The signed entries as they are here, with those that were sent from here; empty: it never had the title."""
    settled: Mapping[str, Settled] = field(default_factory=dict)
    """By `chain.content_checksum` of the last entry of an envelope."""
    document_checksum: str | None = None
    version: str = ""
    """`transportDocumentSubReference` of that document."""
    status: Status | None = None
    at: str | None = None
    """Where the title is: here, sending, in-doubt, away, ended; None: it was never here."""
    issued_at: datetime | None = None
    """When it was issued, as its ISSUE says."""
    unsigned: bool = False
    """Of a title that has ended here: whether it did by what stands in no entry, so that no chain can have it."""
    dead: frozenset[str] = frozenset()
    """`chain.content_checksum` of the entries that this platform has sent, and took back: refused, or called back."""
    documents: frozenset[str] = frozenset()
    """Checksums of the additional documents that are here already."""
    registries: frozenset[str] | None = None
    """Control tracking registries that this platform can ask; None: whichever."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the receiver says of an envelope at its start."""

    outcome: Outcome | None
    """RECE: nothing is missing, accept. DUPE, BSIG, BENV, DISE: answer so. None: start, and wait for `missing`."""
    findings: tuple[Finding, ...] = ()
    chain: Chain | None = None
    manifest: EnvelopeManifest | None = None
    last_checksum: str = ""
    """Of the last entry received: what a signed answer names."""
    last_content: str = ""
    """Its `chain.content_checksum`: under this the answer is kept."""
    missing: tuple[str, ...] = ()
    purpose: Purpose = Purpose.POSSESSION
    recipient: Party | None = None
    """Whose the title becomes, or who is notified."""
    settled: Settled | None = None
    """Of DUPE, and of BENV said again."""
    unreadable: bool = False
    """There is no last entry to name: answer an unsigned 400."""

    @property
    def possession(self) -> bool:
        return self.purpose is Purpose.POSSESSION

    @property
    def kills(self) -> bool:
        """Whether the entry is refused for ever: every BENV names it."""
        return self.outcome is Outcome.BENV

    @property
    def reason(self) -> str:
        """For the answer: the first finding, at most 255 characters."""
        if not self.findings:
            return ""
        first = self.findings[0]
        return f"{first.message} ({first.code} at {first.pointer or '/'})"[:255]


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
    """Code of the platform whose key must have signed the answer."""
    last_checksum: str
    """Of the last entry of the envelope."""
    last_entry: str
    """The same, as sent."""
    document_checksum: str
    declared: tuple[str, ...]
    """Checksums of the additional documents."""
    bsig_ends: bool
    """Whether the receiver may accept the entry after a BSIG without harm: a registry decides, or nothing is moved."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means."""

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


# --- The sender makes it ---------------------------------------------------------------------------------------------


def make_envelope(
    transport_document: Mapping[str, Any],
    signed: Sequence[str],
    key: Key,
    *,
    visualisation: DocumentMetadata | None = None,
    supporting: Sequence[DocumentMetadata] = (),
    document_checksum: str = "",
) -> dict[str, Any]:
    """The body of `POST /v3/envelopes`. `key` signs the manifest: it is that of the last entry's platform.
    `document_checksum`: of the document, where it is known already."""
    manifest: dict[str, Any] = {
        "transportDocumentChecksum": document_checksum or checksum(transport_document),
        "lastEnvelopeTransferChainEntrySignedContentChecksum": signed_checksum(signed[-1]),
    }
    if visualisation is not None:
        manifest[RENDERING] = to_json(visualisation)
    if supporting:
        manifest["supportingDocuments"] = [to_json(each) for each in supporting]
    return {
        "transportDocument": dict(transport_document),
        "envelopeManifestSignedContent": seal(manifest, key),
        "envelopeTransferChain": list(signed),
    }


# --- The receiver judges it ------------------------------------------------------------------------------------------


def judge(
    envelope: object,
    *,
    me: str,
    sender_allowed: Collection[str],
    trust: Trust,
    known: Known,
    accounts: Accounts,
    at: datetime,
    document_checksum: str = "",
) -> Judgement:
    """What to answer. `envelope` is the JSON as it came, `me` this platform's code; `sender_allowed` are the codes that
    whoever sent it may speak for; `document_checksum` is that of its document, where it is known already."""
    named = _last_entry(envelope)
    if named is None:
        return Judgement(None, _misshapen(envelope), unreadable=True)
    start = Judgement(None, last_checksum=signed_checksum(named), last_content=content_checksum(named))
    settled = known.settled.get(start.last_content)
    accepted = settled is not None and settled.outcome is Outcome.RECE and settled.signed == named
    if accepted and _same_document(envelope, known):
        return replace(start, outcome=Outcome.DUPE, findings=(finding("pint.duplicate"),), settled=settled)
    shape = read(Envelope, envelope)
    if not isinstance(shape, Envelope):
        return replace(start, outcome=Outcome.BSIG, findings=shape)
    opened = _open(shape, sender_allowed, trust, at)
    if not isinstance(opened, _Opened):
        return replace(start, outcome=Outcome.BSIG, findings=opened)
    document = document_checksum or checksum(shape.transport_document)
    disputed = _contradicts_document(shape, document, known)
    if disputed:
        return replace(start, outcome=Outcome.DISE, findings=disputed)
    mismatched = _judge_manifest(shape, document, opened)
    if mismatched:
        return replace(start, outcome=Outcome.BSIG, findings=mismatched)
    if settled is not None:
        outcome = Outcome.DUPE if settled.outcome is Outcome.RECE else Outcome.BENV
        found = finding("pint.duplicate" if outcome is Outcome.DUPE else "pint.dead-entry")
        return replace(start, outcome=outcome, findings=(found,), settled=settled)
    disputed = _contradicts_chain(shape.envelope_transfer_chain, document, known)
    if disputed:
        return replace(start, outcome=Outcome.DISE, findings=disputed)
    chain = read_links(shape.transport_document, document, opened.links)
    disputed = _contradicts_end(chain, known) if isinstance(chain, Chain) else ()
    if disputed:
        return replace(start, outcome=Outcome.DISE, findings=disputed)
    return _judge_content(start, chain, opened.manifest, me, known, accounts)


def _last_entry(envelope: object) -> str | None:
    """The last entry as a string that can be named, whatever the rest looks like."""
    chain = envelope.get("envelopeTransferChain") if isinstance(envelope, Mapping) else None
    last = chain[-1] if isinstance(chain, list) and chain else None
    return last if isinstance(last, str) and last and last.isascii() else None


def _same_document(envelope: object, known: Known) -> bool:
    sent = envelope.get("transportDocument") if isinstance(envelope, Mapping) else None
    if known.document_checksum is None or not isinstance(sent, Mapping):
        return True
    return checksum(sent) == known.document_checksum


def _misshapen(envelope: object) -> tuple[Finding, ...]:
    found = read(Envelope, envelope)
    return () if isinstance(found, Envelope) else found


@dataclass(frozen=True, slots=True)
class _Opened:
    """An envelope whose signatures all hold."""

    manifest: Sealed
    links: tuple[Link, ...]


def _open(
    envelope: Envelope, sender_allowed: Collection[str], trust: Trust, at: datetime
) -> _Opened | tuple[Finding, ...]:
    """Rule 3: every signature. The manifest is signed by the platform of the last entry, which is the sender."""
    manifest = take_apart(envelope.envelope_manifest_signed_content)
    last = take_apart(envelope.envelope_transfer_chain[-1])
    refused: list[Finding] = []
    sender = None if isinstance(last, Finding) else last.claims.get("eblPlatform")
    if isinstance(manifest, Finding):
        refused.append(replace(manifest, pointer=f"{MANIFEST}{manifest.pointer}"))
    elif isinstance(sender, str):
        found = manifest.verify(trust.platforms.get(sender), at)
        refused += [replace(found, pointer=MANIFEST, found=f"platform {sender}: {found.found}")] if found else []
        if sender not in sender_allowed:
            where, expected = f"{PLACE}/{len(envelope.envelope_transfer_chain) - 1}", " or ".join(sender_allowed)
            refused.append(finding("pint.wrong-sender", where, found=sender, expected=expected))
    chain = envelope.envelope_transfer_chain
    links = verify_signatures(envelope.transport_document, chain, trust, at)
    refused += [each for each in links if isinstance(each, Finding)]
    if refused or isinstance(manifest, Finding):
        return tuple(refused)
    return _Opened(manifest, tuple(each for each in links if isinstance(each, Link)))


def _judge_manifest(envelope: Envelope, document: str, opened: _Opened) -> tuple[Finding, ...]:
    """Rule 3: whether what is sent is what the sender signed for."""
    found = []
    last = signed_checksum(envelope.envelope_transfer_chain[-1])
    for name, code, sent in (
        ("lastEnvelopeTransferChainEntrySignedContentChecksum", "pint.manifest-of-another", last),
        ("transportDocumentChecksum", "pint.document-of-another", document),
    ):
        signed = opened.manifest.claims.get(name, "nothing")
        if signed != sent:
            found.append(finding(code, f"{MANIFEST}/{name}", found=sent, expected=signed))
    return tuple(found)


def _contradicts_document(envelope: Envelope, stated: str, known: Known) -> tuple[Finding, ...]:
    """Rule 5: another content of a title that is known here, and was not replaced."""
    if known.document_checksum is None or stated == known.document_checksum or known.status in _REPLACED:
        return ()
    version = str(envelope.transport_document.get("transportDocumentSubReference") or "")
    if known.at == "away" and version != known.version:
        return ()
    found = finding("pint.disputed-document", "/transportDocument", found=stated, expected=known.document_checksum)
    return (found,)


def _contradicts_chain(chain: Sequence[str], document: str, known: Known) -> tuple[Finding, ...]:
    """Rule 5: a title that is held here comes from nobody; and what is known here stands in every chain that comes."""
    if known.at in _HELD_HERE:
        return (finding("pint.disputed-chain", PLACE, found=f"a title that is {known.at} here"),)
    for place, each in enumerate(chain if known.dead else ()):
        if content_checksum(each) in known.dead:
            found = "an entry that was refused, or called back"
            return (finding("pint.disputed-chain", f"{PLACE}/{place}", found=found),)
    if _is_another(document, known):
        return ()
    if known.unsigned:
        return (finding("pint.disputed-chain", PLACE, found="a title that has ended here"),)
    for place, mine in enumerate(known.chain):
        if place >= len(chain) or content_checksum(chain[place]) != content_checksum(mine):
            expected = f"the entry {signed_checksum(mine)}"
            return (finding("pint.disputed-chain", f"{PLACE}/{place}", found="another, or none", expected=expected),)
    return ()


def _is_another(document: str, known: Known) -> bool:
    """Whether this is another bill of a number whose title was replaced: that has a chain of its own."""
    return known.status in _REPLACED and document != known.document_checksum


def _contradicts_end(chain: Chain, known: Known) -> tuple[Finding, ...]:
    """Rule 5: what comes in the place of a title that was replaced here. The times compared are both of ISSUE: that of
    the end is by another clock, and a replacement may follow it at once."""
    if not _is_another(chain.document_checksum, known):
        return ()
    issue, pointer = chain.entries[0].transactions[0], f"{PLACE}/0/transactions/0"
    if known.issued_at is not None and issue.action_date_time < known.issued_at:
        found, expected = f"issued {written(issue.action_date_time)}", f"not before {written(known.issued_at)}"
        return (finding("pint.disputed-document", f"{pointer}/actionDateTime", found=found, expected=expected),)
    reference = chain.title.reference
    names = (f"{reference} {known.version}".rstrip(), reference)
    if known.status is Status.PAPER and paper_named(issue) not in names:
        found, expected = issue.comments or "nothing", paper_statement(names[0])
        return (finding("title.paper-not-named", f"{pointer}/comments", found=found, expected=expected),)
    return ()


def _judge_content(
    start: Judgement,
    chain: Chain | tuple[Finding, ...],
    sealed: Sealed,
    me: str,
    known: Known,
    accounts: Accounts,
) -> Judgement:
    """Rules 6 and 7: what an envelope says all of whose signatures hold; `sealed` is its manifest."""
    manifest = read(EnvelopeManifest, sealed.claims)
    found: list[Finding] = []
    if not isinstance(manifest, EnvelopeManifest):
        found += (replace(each, pointer=f"{MANIFEST}{each.pointer}") for each in manifest)
    if not isinstance(chain, Chain):
        found += chain
    if not isinstance(manifest, EnvelopeManifest) or not isinstance(chain, Chain):
        return replace(start, outcome=Outcome.BENV, findings=tuple(found))
    purpose, recipient = _addressed(chain)
    found += _judge_rendering(manifest, chain)
    if chain.registry is not None and known.registries is not None and chain.registry not in known.registries:
        where, expected = f"{PLACE}/0/controlTrackingRegistry", " or ".join(sorted(known.registries)) or "none"
        found.append(finding("pint.unknown-registry", where, found=chain.registry, expected=expected))
    found += _judge_recipient(chain, recipient, me, accounts)
    judged = replace(start, chain=chain, manifest=manifest, purpose=purpose, recipient=recipient)
    if found:
        return replace(judged, outcome=Outcome.BENV, findings=tuple(found))
    missing = still_missing(manifest, known.documents)
    return replace(judged, outcome=None if missing else Outcome.RECE, findings=chain.notes, missing=missing)


def _judge_rendering(manifest: EnvelopeManifest, chain: Chain) -> tuple[Finding, ...]:
    """The carrier's rendering goes along unchanged with every transfer, once it did with one."""
    sent, pointer = manifest.ebl_visualisation_by_carrier, f"{MANIFEST}/{RENDERING}"
    if chain.visualisation is not None:
        if sent == chain.visualisation:
            return ()
        found = "none" if sent is None else f"{sent.name}, {sent.document_checksum}"
        expected = f"{chain.visualisation.name}, {chain.visualisation.document_checksum}"
        return (finding("pint.visualisation-differs", pointer, found=found, expected=expected),)
    if sent is None or sent.document_checksum == chain.visualisation_checksum:
        return ()
    expected = chain.visualisation_checksum or "none, by the carrier's manifest"
    return (finding("pint.visualisation-differs", pointer, found=sent.document_checksum, expected=expected),)


def _addressed(chain: Chain) -> tuple[Purpose, Party]:
    """What the last transaction does, and to whom it leads."""
    last = chain.entries[-1].transactions[-1]
    if last.action_code is ActionCode.SACC:
        surrendered = last.recipient or chain.title.surrendered_by
        return Purpose.NOTICE, surrendered or chain.title.possessor
    if last.action_code in (ActionCode.ENDORSE, ActionCode.ENDORSE_TO_ORDER) and last.recipient is not None:
        return Purpose.NOTICE, last.recipient
    return Purpose.POSSESSION, chain.title.possessor


def _judge_recipient(chain: Chain, recipient: Party, me: str, accounts: Accounts) -> tuple[Finding, ...]:
    step = len(chain.entries[-1].transactions) - 1
    pointer = f"{PLACE}/{len(chain.entries) - 1}/transactions/{step}/recipient"
    if recipient.ebl_platform != me:
        where = f"{pointer}/eblPlatform"
        return (finding("pint.wrong-platform", where, found=recipient.ebl_platform, expected=me),)
    return tuple(replace(each, pointer=pointer) for each in accounts(recipient))


def judge_document(manifest: EnvelopeManifest, named: str, found_checksum: str, found_size: int) -> tuple[Finding, ...]:
    """Of an additional document that came under the checksum `named`: nothing, or why it is INCD. Size in bytes."""
    declared = next((each for each in manifest.declared if each.document_checksum == named), None)
    if declared is None:
        expected = ", ".join(each.document_checksum for each in manifest.declared) or "no document"
        return (finding("pint.undeclared-document", found=named, expected=expected),)
    found = []
    if found_checksum != named:
        found.append(finding("pint.file-checksum", found=found_checksum, expected=named))
    if found_size != declared.size:
        found.append(finding("pint.file-size", found=f"{found_size} bytes", expected=f"{declared.size} bytes"))
    return tuple(found)


def still_missing(manifest: EnvelopeManifest, received: Collection[str]) -> tuple[str, ...]:
    """Checksums of declared documents that are not among `received`, in the manifest's order: MDOC if any."""
    wanted = dict.fromkeys(each.document_checksum for each in manifest.declared)
    return tuple(each for each in wanted if each not in received)


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
    finished: dict[str, Any] = {
        "lastEnvelopeTransferChainEntrySignedContentChecksum": last_checksum,
        "responseCode": outcome.value,
    }
    if duplicate_of is not None:
        finished["duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent"] = duplicate_of
    if reason and outcome is not Outcome.RECE:
        finished["reason"] = reason[:255]
    if outcome is Outcome.MDOC:
        finished["missingAdditionalDocumentChecksums"] = list(missing)
    if received is not None:
        finished["receivedAdditionalDocumentChecksums"] = list(received)
    return seal(finished, key)


# --- The sender judges the answer ------------------------------------------------------------------------------------

_ACCEPTED = frozenset({Outcome.RECE, Outcome.DUPE})
_REFUSED = frozenset({Outcome.BENV.value, LEGACY_BETR})


def judge_answer(body: object, transfer: Transfer, trust: Trust, at: datetime) -> Verdict:
    """What an answer means for a transfer. `body` is the JSON of whatever came: a string is signed content, an object
    is not; None is silence."""
    if isinstance(body, Mapping):
        return _judge_start(body, transfer)
    if not isinstance(body, str):
        return _in_doubt(finding("pint.answer-unsigned", found="silence" if body is None else "no answer of PINT"))
    claims = open_sealed(body, trust.platforms.get(transfer.receiver), at)
    if isinstance(claims, Finding):
        return _in_doubt(claims)
    finished = read(TransferFinished, claims)
    if not isinstance(finished, TransferFinished):
        return _in_doubt(*finished)
    verdict = _decided(finished, transfer)
    return replace(verdict, finished=finished, signed=body)


def _in_doubt(*found: Finding) -> Verdict:
    return Verdict(Stand.IN_DOUBT, findings=found)


def _judge_start(body: Mapping[str, Any], transfer: Transfer) -> Verdict:
    """The unsigned answer 201, if it is about this envelope; any other object says nothing."""
    started = read(TransferStarted, body)
    if not isinstance(started, TransferStarted):
        return _in_doubt(finding("pint.answer-unsigned", found="an unsigned answer"))
    stated = (
        started.transport_document_checksum,
        started.last_envelope_transfer_chain_entry_signed_content_checksum,
    )
    if stated != (transfer.document_checksum, transfer.last_checksum):
        return _in_doubt(finding("pint.answer-of-another", found=stated[1], expected=transfer.last_checksum))
    wanted = set(started.missing_additional_document_checksums)
    missing = tuple(each for each in transfer.declared if each in wanted)
    return Verdict(Stand.STARTED, missing=missing, envelope_reference=started.envelope_reference)


def _decided(finished: TransferFinished, transfer: Transfer) -> Verdict:
    """Rules 8 to 10, of an answer whose signature holds."""
    stated, code = finished.last_envelope_transfer_chain_entry_signed_content_checksum, finished.response_code
    if stated != transfer.last_checksum:
        return _in_doubt(finding("pint.answer-of-another", found=stated, expected=transfer.last_checksum))
    if code in _ACCEPTED:
        return _accepted(finished, transfer)
    if code in _REFUSED:
        odd = (finding("pint.answer-of-a-beta", "/responseCode", found=code),) if code == LEGACY_BETR else ()
        return Verdict(Stand.REFUSED, findings=odd)
    if code == Outcome.BSIG:
        if transfer.bsig_ends:
            return Verdict(Stand.REFUSED)
        return _in_doubt(finding("pint.answer-bad-signature", "/responseCode", found=finished.reason or code))
    if code in (Outcome.MDOC, Outcome.INCD):
        wanted = finished.missing_additional_document_checksums
        missing = transfer.declared if wanted is None else [each for each in transfer.declared if each in wanted]
        return Verdict(Stand.MISSING, missing=tuple(missing))
    if code == Outcome.DISE:
        return _in_doubt(finding("pint.answer-disputed", "/responseCode", found=finished.reason or code))
    return _in_doubt(finding("pint.answer-unknown-code", "/responseCode", found=code, expected=", ".join(Outcome)))


def _accepted(finished: TransferFinished, transfer: Transfer) -> Verdict:
    """RECE and DUPE. A DUPE that shows another entry than ours as the accepted one contradicts itself."""
    shown = finished.duplicate_of_accepted_envelope_transfer_chain_entry_signed_content
    if shown is not None and content_checksum(shown) != content_checksum(transfer.last_entry):
        where = "/duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent"
        return _in_doubt(finding("pint.answer-of-another", where, found=signed_checksum(shown)))
    received = finished.received_additional_document_checksums or ()
    lacking = [each for each in transfer.declared if each not in received]
    found = (finding("pint.receipt-incomplete", found=", ".join(lacking)),) if lacking else ()
    return Verdict(Stand.ACCEPTED, findings=found)
