"""Checks one document with its evidence, by public keys alone. Four answers, each yes, no, or could not check:

| question  | yes says |
| unchanged | these are the bytes that the hub accepted, and what is said of them in the evidence is genuine |
| issued    | signed by a member of the trust list that may issue this document |
| valid     | it has not ended by its own dates, and nothing that the hub has listed by that day ends it |
| recorded  | its record is in the log whose checkpoint the trusted key and enough witnesses have signed |

Read it from `verify_evidence` downwards. What it believes comes from the trust list in the caller's hand; the list
inside the evidence is never looked at (revocation lists are, if an authority on the list in hand has made them). Every
step gives findings: one that says 'this is false' makes a no, one that says 'this cannot be told from here' (a key that
is not on the list, a proof still to come) makes could not check.

1. The record opens the log's leaf: leaf = SHA-256(salt || record), proven against the checkpoint (RFC 9162).
2. Record and receipt tell the same; the receipt is the hub's.
3. The document has the digests that both tell. Its seal is judged as of the time of the record, if that is proven.
4. The signer may issue such a document: role, profile, country or carrier.
5. The events are genuine, and are played through the state machine from the beginning; of a title, whether it ended.
6. Delivery notes and acknowledgements are genuine and fit their messages. Nothing proves their time: of a key that was
   withdrawn or in other hands since, or of which no list tells whether it was revoked, they say nothing: a remark.

7. The hub says that these are all the messages as of a day: it has listed them, or signed them together as a bundle.

What it cannot see: an event that came later, or one that the hub itself hides. It answers as of that day, and says so.
No input raises: what is malformed is answered. Exit codes: see `tradebridge.evidence.report`.
"""

from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from schemas.content import Content, open_content
from schemas.event import Event, TitleEvent, decode_event
from schemas.life import Course, Parties, Standing, apply, life_of
from schemas.registry import Document, profile_of
from tradebridge.evidence import jws, notes
from tradebridge.evidence.file import Delivery, EvidenceFile, read_evidence
from tradebridge.evidence.late import logged_late, seen_since
from tradebridge.evidence.listing import check_listing
from tradebridge.evidence.receipts import read_acknowledgement, read_attestation, read_note
from tradebridge.evidence.recorded import Checked, Logged, check_message, log_in, other, recorded_after, was_recorded
from tradebridge.evidence.refusals import Finding, finding
from tradebridge.evidence.report import (
    ABOUT_THE_SIGNER,
    SAYS_NOTHING,
    UNSURE,
    Answer,
    Report,
    Verdict,
    answer,
    unsure_of_seal,
)
from tradebridge.evidence.seal import verify_seal
from tradebridge.evidence.seen import Seen, before_theft, dated_by
from tradebridge.evidence.simulation import is_test_certificate
from tradebridge.evidence.times import rfc3339
from tradebridge.evidence.titles import ELSEWHERE, check_title
from tradebridge.evidence.trust import TrustList, Verified
from tradebridge.evidence.validity import ENDS, own_end


def verify_evidence(
    evidence: object,
    trust: TrustList,
    now: datetime,
    document: bytes | None = None,
    *,
    signed_whole: datetime | None = None,
    as_of: bool = False,
) -> Report:
    """The four answers. `evidence` is the parsed JSON of `tradebridge-evidence/1`; `document`, if given, is the file in
    hand, which is then judged instead of the bytes in the evidence. `now` is the time to judge by, UTC; `as_of`: what
    was said later is left out, as if it were then. `signed_whole`: when the hub has signed all of it together."""
    file = read_evidence(evidence)
    if isinstance(file, Finding):
        return nothing_checked(file, trust)
    trust = trust.with_lists(b64decode(each) for each in file.revocations)
    whole = _whole(file, trust, signed_whole, None if as_of else now)
    log = log_in(file.checkpoint, file.timestamp, trust, now)
    if as_of:
        file, whole = _until(file, trust, log, now), whole if isinstance(whole, Finding) else min(whole, now)
    messages = [check_message(each, index, file, trust, log, now) for index, each in enumerate(file.messages)]
    accepted = _acceptance(messages)

    content = open_content(b64decode(file.document.bytes) if document is None else document)
    own = _is_accepted(content, accepted)
    since = seen_since(file, accepted, trust, log, now)
    stated = list(_check_deliveries(file, messages, trust))
    remarks = tuple(each for each in stated if each.code in SAYS_NOTHING)
    said = dated_by(file.document, trust, now, [each for each in stated if each not in remarks])
    by_the_record = content if own and said.dated is None and not isinstance(content, Finding) else None
    late = logged_late(accepted.record.time, since, trust, by_the_record) if accepted and accepted.record else None
    recorded = was_recorded(messages, accepted, log, now, late)
    proven = accepted.proven if accepted and recorded.verdict is Verdict.YES else None
    when = (own and (proven or said.dated)) or now
    then = trust.as_of(when)
    seal = content if isinstance(content, Finding) else verify_seal(content, then, when)
    whose = before_theft(seal, since if proven else None, said) if own and isinstance(seal, Verified) else ""
    if trust.known_at is not None and trust.known_at > now:
        whose += f" What has become of keys is told as of {rfc3339(trust.known_at)}."
    reading = _document(content, file.document.profile)

    return Report(
        document=file.document.id,
        profile=file.document.profile,
        number=reading.number if reading else None,
        unchanged=_is_unchanged(file, accepted, content, seal, reading, said),
        issued=_was_issued(file, accepted, seal, reading, then, whose, at_proven_time=own and proven is not None),
        valid=_is_valid(
            file, messages, seal, trust, log.checkpoint, own_end(file.document.profile, reading, now), whole
        ),
        recorded=recorded,
        simulated=is_simulated(trust),
        remarks=remarks,
    )


def _whole(
    file: EvidenceFile, trust: TrustList, signed_whole: datetime | None, now: datetime | None
) -> datetime | Finding:
    """As of when the hub says that these are all the messages (rule 7), or why it does not. `now`: None to judge by all
    that is known of its key, whenever it came."""
    listing = check_listing(file, trust)
    if isinstance(listing, Finding):
        return listing if signed_whole is None or listing.code == "evidence.incomplete" else signed_whole
    undated = listing.key.judge_undated(now) if listing.key and signed_whole is None else None
    return undated or signed_whole or listing.time


def _until(file: EvidenceFile, trust: TrustList, log: Logged, at: datetime) -> EvidenceFile:
    """Without what was recorded about the document after this time, as the log proves it: a time that somebody has
    written into a record takes nothing out."""
    later = {each.message_id for each in file.messages if each.kind != "document" and recorded_after(each, log, at)}

    def is_of_later(delivery: Delivery) -> bool:
        note = read_note(delivery.note, trust, None)
        return not isinstance(note, Finding) and note.message_id in later

    messages = tuple(each for each in file.messages if each.message_id not in later)
    deliveries = tuple(each for each in file.deliveries if not is_of_later(each))
    return file.model_copy(update={"messages": messages, "deliveries": deliveries})


def nothing_checked(found: Finding, trust: TrustList) -> Report:
    """Nothing could be checked."""
    unchanged, issued, valid, recorded = (
        answer(question, [found], "") for question in ("unchanged", "issued", "valid", "recorded")
    )
    return Report("", "", None, unchanged, issued, valid, recorded, is_simulated(trust))


def is_simulated(trust: TrustList) -> bool:
    return trust.simulated or any(is_test_certificate(key.certificate) for key in trust.hub.keys)


def _acceptance(messages: Sequence[Checked]) -> Checked | None:
    """The one message by which the document was accepted."""
    found = [each for each in messages if each.form.kind == "document"]
    return found[0] if len(found) == 1 else None


# --- 3: the document, unchanged --------------------------------------------------------------------------------------


def _document(content: Content | Finding, profile_id: str) -> Document | None:
    """The document as its profile reads it, or None."""
    profile = profile_of(profile_id)
    if isinstance(content, Finding) or profile is None or content.syntax not in profile.syntaxes:
        return None
    return profile.decode(content).document


def _is_unchanged(
    file: EvidenceFile,
    accepted: Checked | None,
    content: Content | Finding,
    seal: Verified | Finding | None,
    reading: Document | None,
    said: Seen,
) -> Answer:
    if isinstance(content, Finding):
        return answer("unchanged", [content], "")
    found = []
    receipt = accepted.receipt if accepted else None
    for told, pointer in ((file.document, "/document"), (receipt, "/messages/receipt")):
        if told is None:
            found.append(finding("evidence.no-receipt", pointer))
        elif (content.bytes_digest, content.content_digest) != (told.bytes_digest, told.content_digest):
            same = content.content_digest == told.content_digest
            shown = "the same content in other bytes" if same else f"content {content.content_digest}"
            found.append(finding("evidence.changed", pointer, found=shown, expected=f"bytes {told.bytes_digest}"))
    if reading is not None and (reading.number, content.media_type) != (file.document.number, file.document.media_type):
        found.append(finding("evidence.changed", "/document", found="another number or media type"))
    if receipt is not None and receipt.profile != file.document.profile:
        found.append(finding("evidence.changed", "/document/profile", found=file.document.profile))
    if isinstance(seal, Finding) and seal.code not in ABOUT_THE_SIGNER:
        found.append(seal)
    yes = f"The bytes that were accepted: SHA-256 {content.bytes_digest}.{said.sentence}"
    return answer("unchanged", [*found, *said.findings], yes)


# --- 4: who issued it ------------------------------------------------------------------------------------------------


def _is_accepted(content: Content | Finding, accepted: Checked | None) -> bool:
    """Whether just these bytes were accepted. Of others that are given with the evidence it proves no time."""
    record = accepted.record if accepted else None
    return record is not None and not isinstance(content, Finding) and content.bytes_digest == record.bytes_digest


def _was_issued(
    file: EvidenceFile,
    accepted: Checked | None,
    seal: Verified | Finding | None,
    reading: Document | None,
    trust: TrustList,
    whose: str,
    *,
    at_proven_time: bool,
) -> Answer:
    """`whose`: whose word it is that the signature is so old, where that decides."""
    if seal is None:
        return answer("issued", _without_seal(accepted, trust), "")
    if isinstance(seal, Finding):
        return answer("issued", [seal], "", unsure_of_seal(at_proven_time=at_proven_time))
    member = trust.member(seal.member)
    if reading is None or member is None:
        return answer("issued", [finding("evidence.unreadable", "/document", found=file.document.profile)], "")
    refused = member.may_issue(file.document.profile, reading.issued_by)
    may = f"which may issue it ({reading.issued_by or 'anybody'})"
    said = f"Signed by {seal.member} at {rfc3339(seal.signed_at)} by its own clock, {may}."
    return answer("issued", [refused] if refused else [], f"{said}{whose}", who=seal.member)


def _without_seal(accepted: Checked | None, trust: TrustList) -> list[Finding]:
    """Nobody signed: then the hub has attested what it received, and that is all there is."""
    attested = accepted.form.attestation if accepted else None
    if attested is None or accepted is None or accepted.record is None:
        return [finding("signature.missing", found="no attestation either")]
    read = read_attestation(attested, trust, accepted.proven)
    if isinstance(read, Finding):
        return [read]
    record = accepted.record
    if (read.message_id, read.bytes_digest, read.content_digest) != (
        record.message_id,
        record.bytes_digest,
        record.content_digest,
    ):
        return [other("/messages/attestation", read.message_id, record.message_id)]
    return [finding("signature.missing", found=f"only the hub attests what {read.member} handed in")]


# --- 5: what became of it --------------------------------------------------------------------------------------------


def _is_valid(
    file: EvidenceFile,
    messages: Sequence[Checked],
    seal: Verified | Finding | None,
    trust: TrustList,
    checkpoint: notes.Checkpoint | Finding,
    own: Sequence[Finding],
    whole: datetime | Finding,
) -> Answer:
    """Play all events through the life of the document, in the order of the evidence. `own`: its end by its dates;
    `whole`: as of when these are all."""
    if isinstance(checkpoint, Finding):
        return answer("valid", [*own, checkpoint], "", UNSURE | {checkpoint.code})
    found: list[Finding] = []
    life, course = life_of(file.document.profile), Course({})
    sender = next((each.record.member for each in messages if each.record and each.form.kind == "document"), "")
    issuer = seal.member if isinstance(seal, Verified) else None
    for index, message in enumerate(messages):
        if message.form.kind == "title":
            found = [each for each in found if each.code != ELSEWHERE]  # the last word on where it is counts
            found += message.findings or check_title(message.form, message.record, f"/messages/{index}")
            continue
        if message.form.kind != "event":
            recipients = message.receipt.recipients if message.receipt else ()
            fresh = {name: Standing(life.first, 0) for name in recipients}
            course = Course({**fresh, **course.standings}, course.ended)
            continue
        event = _read_event(message, f"/messages/{index}", file, trust)
        if isinstance(event, Finding):
            found.append(_wrong_event(index, event))
            continue
        if isinstance(event.type, TitleEvent):
            continue  # `tradebridge.ebl.verify` plays what came of it
        after = apply(life, course, event, Parties(sender, issuer, frozenset(course.standings)))
        if not isinstance(after, Course) and _counts_what_is_hidden(event, after, course):
            unseen = {name: replace(each, sequence=event.expected_sequence) for name, each in course.standings.items()}
            after = apply(life, replace(course, standings=unseen), event, Parties(sender, issuer, frozenset(unseen)))
        if not isinstance(after, Course):
            found.append(_wrong_event(index, after[0]))
            continue
        course = after
        if event.type in ENDS:
            when = f"by {event.actor.member} at {rfc3339(event.at)}"
            found.append(finding(ENDS[event.type], f"/messages/{index}", found=when))
    if not any(each.code in ENDS.values() for each in found):
        found += own
    if isinstance(whole, Finding):
        return answer("valid", [*found, whole], "")
    states = ", ".join(f"{name} {standing.state.value}" for name, standing in sorted(course.standings.items()))
    day = f"As of {rfc3339(whole)} nothing on the record ends it, up to leaf {checkpoint.size} of the log"
    return answer("valid", found, f"{day} ({states}).")


def _counts_what_is_hidden(event: Event, refused: Sequence[Finding], course: Course) -> bool:
    """A recipient's evidence lacks what others decided, while what ends a document states the highest sequence of all.

    So it may be ahead of what is seen here, never behind. The event is genuine, and its party was looked at before.
    """
    ahead = event.expected_sequence > course.highest
    return event.type in ENDS and [each.code for each in refused] == ["event.old-sequence"] and ahead


def _wrong_event(index: int, why: Finding) -> Finding:
    return finding("evidence.wrong-event", f"/messages/{index}", found=f"{why.code}: {why.message}", attack=why.attack)


def _read_event(message: Checked, at: str, file: EvidenceFile, trust: TrustList) -> Event | Finding:
    """The event of a message: on the record, signed by the member that speaks, about this document."""
    if message.findings or message.record is None or message.form.bytes is None:
        return next(iter(message.findings), finding("evidence.malformed", f"{at}/bytes", found="no bytes"))
    content = open_content(b64decode(message.form.bytes))
    if isinstance(content, Finding):
        return content
    then = trust.as_of(message.record.time)
    verified = jws.verify(content.received, jws.EVENT, "event", then, message.proven)
    if isinstance(verified, Finding):
        return verified
    decoded = decode_event(content)
    event = decoded.document
    if not isinstance(event, Event):
        return decoded.findings[0]
    about = (event.document.id, event.document.content_digest, content.bytes_digest)
    if about != (file.document.id, file.document.content_digest, message.record.bytes_digest):
        return other(f"{at}/bytes", event.document.id, file.document.id)
    if not verified.member == event.actor.member == message.record.member:
        return finding("receipt.wrong-speaker", found=verified.member, expected=event.actor.member, attack="JWS-21")
    return event


# --- 6: delivery notes and acknowledgements --------------------------------------------------------------------------


def _check_deliveries(file: EvidenceFile, messages: Sequence[Checked], trust: TrustList) -> Iterator[Finding]:
    """What is wrong with the statements on deliveries. Nothing proves their time, so they are judged by their own."""
    digests = {each.form.message_id: each.record.bytes_digest for each in messages if each.record}
    for index, form in enumerate(file.deliveries):
        note = read_note(form.note, trust, None)
        if isinstance(note, Finding):
            yield replace(note, pointer=f"/deliveries/{index}/note{note.pointer}")
            continue
        if note.message_id not in digests:
            yield finding("evidence.no-message", f"/deliveries/{index}/note", found=note.message_id)
            continue
        about = (note.document_id, note.recipient, note.original.digest)
        if about != (file.document.id, form.recipient, digests[note.message_id]):
            yield other(f"/deliveries/{index}/note", note.document_id, file.document.id)
        if form.acknowledgement is None:
            continue
        taken = read_acknowledgement(form.acknowledgement, trust, None)
        if isinstance(taken, Finding) and taken.code == "signature.unknown-key":  # its member may have left since
            taken = read_acknowledgement(form.acknowledgement, trust.as_of(note.time), None)
        if isinstance(taken, Finding):
            yield replace(taken, pointer=f"/deliveries/{index}/acknowledgement{taken.pointer}")
        elif (taken.delivery, taken.message_id, taken.digest, taken.member) != (
            note.delivery,
            note.message_id,
            note.original.digest,
            note.recipient,
        ):
            yield other(f"/deliveries/{index}/acknowledgement", taken.delivery, note.delivery)
