"""Scenarios with the system under test as sender: the kit hands it a title, has it transferred, and answers."""

import asyncio
import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.pint import ChainEntry, EnvelopeManifest, Outcome, checksum, signed_checksum
from schemas.bill_of_lading.pint import Envelope as PintEnvelope
from simulator.conformance.end import Fault
from simulator.conformance.kit import KitPlatform
from simulator.conformance.runner import NotApplicable, NoTraffic, Play, Role, Scenario, Sentence, Stop
from simulator.conformance.suites.pint import sentences as says
from simulator.conformance.suites.pint.caller import told
from simulator.conformance.suites.pint.envelopes import (
    LAST,
    OF_DOCUMENT,
    PREVIOUS,
    VISUALISATION,
    Envelope,
    File,
    Json,
    a_file,
    build,
    through_both,
)
from simulator.conformance.suites.pint.receiving import (
    Answering,
    Call,
    Receiving,
    raw,
    signed,
    silence,
    unsigned,
)
from simulator.conformance.suites.pint.stage import Stage, scenario_in
from tradebridge.ebl.seal import Trusted, open_sealed

SCENARIOS: list[Scenario[Stage]] = []
_scenario = scenario_in(SCENARIOS, Role.SENDER)

DOUBT = ("sending", "in-doubt")
QUIET_SECONDS = 1.0
"""In which a sender that has its answer should not call again."""
MANY = 500
"""Answers: more than a sender asks for in a scenario."""
_MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

Script = dict[Call, list[Answering]]


# --- The steps of every scenario -------------------------------------------------------------------------------------


async def _given(play: Play[Stage], envelope: Envelope | None = None) -> Envelope:
    """A title comes to the system. Raises Stop if it does not take it: then nothing can be sent."""
    given = envelope or build(play.kit.to_system())
    with play.action("The kit hands a title to the system's account."):
        await play.kit.caller(play).hand_over(given)
    return given


async def _told(
    play: Play[Stage], given: Envelope, to: KitPlatform, script: Script | None = None, files: Sequence[File] = ()
) -> Receiving:
    """The system is told to transfer it, and its first call comes."""
    receiving = play.kit.receives(play, given.reference, to, script)
    with play.action(f"The system is told to transfer it to {to.user['partyName']}."):
        documents = [
            {"name": each.name, "mediaType": each.media_type, "content": b64encode(each.content).decode("ascii")}
            for each in files
        ]
        await play.kit.transfer(given.reference, to.user, documents)
        try:
            await receiving.until_starts(1)
        except NoTraffic as nothing:
            for each in receiving.turned_away[:1]:
                play.check(says.SENDS_TOKEN, False, found="another token or none", exchange=each.index)
                raise Stop from nothing
            raise
        first = receiving.starts[0].index
        play.check(says.SENDS, True, exchange=first)
        without = len(receiving.turned_away)
        play.check(says.SENDS_TOKEN, not without, found=f"{without} calls without it", expected="none", exchange=first)
    return receiving


async def _accepted(
    play: Play[Stage], receiving: Receiving, given: Envelope, due: Sequence[Sentence] = (says.SENDS_FILES,)
) -> None:
    """The kit has accepted it, and the system knows. `due`: what a system has not done that does not come so far: the
    first while documents are missing, the last when they are there."""
    with play.action("The kit accepts; the system takes note."):
        try:
            await receiving.until_accepted()
        except NoTraffic as nothing:
            if not receiving.declared() or not due:
                raise
            missing = receiving.missing()
            expected = f"documents {', '.join(missing)}" if missing else "a finish, or a new start"
            play.check(due[0] if missing else due[-1], False, found=str(nothing), expected=expected)
            raise Stop from nothing
        await play.kit.expect_where(play, given.reference, says.HANDED_OVER, "away")
        calls = len(receiving.came)
        await asyncio.sleep(QUIET_SECONDS)
        after = len(receiving.came) - calls
        play.check(says.NO_MORE_CALLS, after == 0, found=f"{after} calls after the acceptance", expected="none")


def _same_entry(play: Play[Stage], receiving: Receiving) -> None:
    lasts = {each.last for each in receiving.starts}
    play.check(says.SAME_AGAIN, len(lasts) == 1, found=f"{len(lasts)} last entries in {len(receiving.starts)} starts")


def _automatic(play: Play[Stage]) -> None:
    """For scenarios of many transfers: nobody should be asked to do them by hand."""
    if play.kit.system.controls.by_person:
        raise NotApplicable("many transfers in a row: give `[sending] transfer` in the file to have them done")


# --- What it sends ---------------------------------------------------------------------------------------------------


@_scenario("plain", "A title without additional documents is sent as PINT says, and handed over on RECE.")
async def plain(play: Play[Stage]) -> None:
    given = await _given(play)
    receiving = await _told(play, given, play.kit.identities.b)
    _check_envelope(play, receiving, given, ())
    await _accepted(play, receiving, given)


@_scenario("plain-to-es256", "The receiver signs with ES256; the chain has come over two platforms.")
async def plain_to_es256(play: Play[Stage]) -> None:
    given = await _given(play, build(through_both(play.kit.identities, play.kit.account)))
    receiving = await _told(play, given, play.kit.identities.a)
    _check_envelope(play, receiving, given, ())
    await _accepted(play, receiving, given)


def _check_envelope(play: Play[Stage], receiving: Receiving, given: Envelope, files: Sequence[File]) -> None:
    """What was sent, held against what the kit had given."""
    system, start = play.kit.system, receiving.starts[-1]
    with play.action("The kit looks at the envelope."):
        read = pint.read(PintEnvelope, receiving.envelope)
        if not play.check(says.SENDS_ENVELOPE, isinstance(read, PintEnvelope), found=read, exchange=start.index):
            raise Stop
        document, chain = receiving.envelope["transportDocument"], receiving.chain()
        play.check(
            says.SENDS_DOCUMENT,
            checksum(document) == given.document_checksum,
            found=checksum(document),
            expected=given.document_checksum,
            exchange=start.index,
        )
        earlier = chain[: len(given.chain)] == list(given.chain) and len(chain) == len(given.chain) + 1
        play.check(
            says.SENDS_CHAIN,
            earlier,
            found=f"{len(chain)} entries",
            expected=f"the {len(given.chain)} given and one new",
            exchange=start.index,
        )
        manifest = _opened(
            play,
            says.SENDS_MANIFEST,
            receiving.envelope["envelopeManifestSignedContent"],
            system.trusted,
            EnvelopeManifest,
        )
        entry = _opened(play, says.SENDS_ENTRY, chain[-1], system.trusted, ChainEntry)
        play.check(
            says.SENDS_ENTRY, entry["eblPlatform"] == system.code, found=entry["eblPlatform"], expected=system.code
        )
        _check_checksums(play, manifest, entry, given, chain)
        _check_transaction(play, receiving, entry)
        _check_declared(play, manifest, entry, given, files)


def _opened(
    play: Play[Stage],
    sentence: Sentence,
    compact: str,
    trusted: Trusted,
    model: type[EnvelopeManifest] | type[ChainEntry],
) -> Json:
    """The payload of what the system signed. Raises Stop if it is not its signature, or not of this model."""
    opened = open_sealed(compact, trusted, None)
    if not isinstance(opened, dict):
        play.check(sentence, False, found=opened.code)
        raise Stop
    read = pint.read(model, opened)
    if not isinstance(read, model):
        play.check(sentence, False, found=told(read))
        raise Stop
    play.check(sentence, True)
    return opened


def _check_checksums(play: Play[Stage], manifest: Json, entry: Json, given: Envelope, chain: list[str]) -> None:
    found = (manifest[OF_DOCUMENT], entry[OF_DOCUMENT], manifest[LAST])
    wanted = (given.document_checksum, given.document_checksum, signed_checksum(chain[-1]))
    play.check(says.SENDS_CHECKSUMS, found == wanted, found=found, expected=wanted)
    play.check(
        says.SENDS_LINK, entry.get(PREVIOUS) == given.last, found=entry.get(PREVIOUS, "none"), expected=given.last
    )


def _check_transaction(play: Play[Stage], receiving: Receiving, entry: Json) -> None:
    last: Json = entry["transactions"][-1]
    actor, recipient = last["actor"], last.get("recipient") or {}
    holds = (
        last["actionCode"] == "TRANSFER"
        and _is(actor, play.kit.account)
        and _is(recipient, receiving.platform.user)
        and recipient.get("eblPlatform") == receiving.platform.code
    )
    found = f"{last['actionCode']} by {actor['partyName']} to {recipient.get('partyName')}"
    wanted = f"TRANSFER by {play.kit.account['partyName']} to {receiving.platform.user['partyName']}"
    play.check(says.SENDS_TRANSACTION, holds, found=found, expected=wanted)
    moment = str(last["actionDateTime"])
    play.check(
        says.SENDS_TIME, bool(_MILLISECONDS.fullmatch(moment)), found=moment, expected="2026-01-05T09:00:00.000Z"
    )


def _is(party: Json, wanted: Json) -> bool:
    """The same party: its platform, and a code in common."""
    codes = [
        {(each["codeListProvider"], each["partyCode"]) for each in one.get("identifyingCodes", [])}
        for one in (party, wanted)
    ]
    return party.get("eblPlatform") == wanted["eblPlatform"] and bool(codes[0] & codes[1])


def _check_declared(play: Play[Stage], manifest: Json, entry: Json, given: Envelope, files: Sequence[File]) -> None:
    visualisation = given.plan.visualisation
    if visualisation is not None:
        found = (manifest.get(VISUALISATION), entry.get(VISUALISATION))
        wanted = visualisation.metadata()
        play.check(says.SENDS_VISUALISATION, found == (wanted, wanted), found=found, expected=wanted)
    if files:
        declared = {each["documentChecksum"]: each["size"] for each in manifest.get("supportingDocuments") or []}
        wanted_files = {each.checksum: len(each.content) for each in files}
        play.check(says.SENDS_SUPPORTING, declared == wanted_files, found=declared, expected=wanted_files)


# --- Additional documents --------------------------------------------------------------------------------------------


async def _with_documents(play: Play[Stage], script: Script | None = None) -> tuple[Envelope, Receiving, File, File]:
    """A title with a visualisation is transferred with a supporting document: two additional documents."""
    original, invoice = a_file("original.pdf"), a_file("invoice.pdf")
    given = await _given(play, build(play.kit.to_system(visualisation=original)))
    receiving = await _told(play, given, play.kit.identities.a, script, [invoice])
    _check_envelope(play, receiving, given, [invoice])
    return given, receiving, original, invoice


def _check_files(play: Play[Stage], receiving: Receiving, *files: File) -> None:
    """All documents came, as they are, and the finish after them."""
    with play.action("The kit looks at the documents and the finish."):
        wanted = sorted(each.checksum for each in files)
        found = sorted(receiving.files)
        play.check(says.SENDS_FILES, found == wanted, found=found, expected=wanted)
        kinds = [each.kind for each in receiving.came]
        closed = Call.FINISH in kinds or bool(receiving.accepted)
        play.check(says.SENDS_FINISH, closed, found=", ".join(kinds))


@_scenario("documents", "The carrier's visualisation and a supporting document are sent, then the finish.")
async def documents(play: Play[Stage]) -> None:
    given, receiving, original, invoice = await _with_documents(play)
    await _accepted(play, receiving, given, (says.SENDS_FILES, says.SENDS_FINISH))
    _check_files(play, receiving, original, invoice)


@_scenario("documents-some-there", "The receiver has one of the two documents already, and says so.")
async def documents_some_there(play: Play[Stage]) -> None:
    original, invoice = a_file("original.pdf"), a_file("invoice.pdf")
    given = await _given(play, build(play.kit.to_system(visualisation=original)))
    receiving = play.kit.receives(play, given.reference, play.kit.identities.a)
    receiving.has = frozenset({original.checksum})
    content = b64encode(invoice.content).decode("ascii")
    with play.action("The system is told to transfer it with a supporting document; the kit has the visualisation."):
        told = [{"name": invoice.name, "mediaType": invoice.media_type, "content": content}]
        await play.kit.transfer(given.reference, play.kit.identities.a.user, told)
        await receiving.until_starts(1)
    await _accepted(play, receiving, given)
    with play.action("The kit looks at the documents."):
        sent = invoice.checksum in receiving.files
        play.check(says.SENDS_FILES, sent, found=sorted(receiving.files), expected=[invoice.checksum])


@_scenario("documents-missing-at-finish", "The kit claims at the finish that a document is missing, once.")
async def documents_missing_at_finish(play: Play[Stage]) -> None:
    def forgets(receiving: Receiving, came: Any) -> Any:
        lost = sorted(receiving.files)[:1]
        for each in lost:
            receiving.files.pop(each)
        return signed("MDOC", missing=lost)(receiving, came)

    given, receiving, original, invoice = await _with_documents(play, {Call.FINISH: [forgets]})
    await _accepted(play, receiving, given, (says.SENDS_MISSING_AGAIN,))
    with play.action("The kit looks at what came after MDOC."):
        kinds = [each.kind for each in receiving.came]
        after = kinds[kinds.index(Call.FINISH) + 1 :]
        again = Call.DOCUMENT in after and (Call.FINISH in after or Call.START in after)
        play.check(says.SENDS_MISSING_AGAIN, again, found=", ".join(after), expected="document, finish")
        _same_entry(play, receiving)
    _check_files(play, receiving, original, invoice)


@_scenario("documents-inconclusive", "The kit answers INCD to a document, once, as if it had been damaged on the way.")
async def documents_inconclusive(play: Play[Stage]) -> None:
    given, receiving, original, invoice = await _with_documents(play, {Call.DOCUMENT: [signed("INCD")]})
    await _accepted(play, receiving, given, (says.SENDS_INCONCLUSIVE_AGAIN,))
    with play.action("The kit looks at what came after INCD."):
        sums = [each.document for each in receiving.calls(Call.DOCUMENT)]
        again = sums.count(sums[0]) > 1
        play.check(says.SENDS_INCONCLUSIVE_AGAIN, again, found=f"sent {sums.count(sums[0])} times", expected="twice")
    _check_files(play, receiving, original, invoice)


@_scenario("documents-error-in-the-middle", "A document is answered with an unsigned 500, and a finish with silence.")
async def documents_error_in_the_middle(play: Play[Stage]) -> None:
    script = {Call.DOCUMENT: [unsigned(500)], Call.FINISH: [silence(Fault.CLOSED)]}
    given, receiving, original, invoice = await _with_documents(play, script)
    await _accepted(play, receiving, given)
    with play.action("The kit looks at what came."):
        _same_entry(play, receiving)
    _check_files(play, receiving, original, invoice)


@_scenario("acceptance-at-finish-lost", "The kit accepts at the finish and its answer is lost: DUPE on the next try.")
async def acceptance_at_finish_lost(play: Play[Stage]) -> None:
    script = {Call.FINISH: [signed("RECE", fault=Fault.CLOSED)]}
    given, receiving, _original, _invoice = await _with_documents(play, script)
    await _asked_again(play, receiving, given, Call.FINISH)


# --- Errors, silence, rubbish ----------------------------------------------------------------------------------------


@_scenario("acceptance-lost", "The kit accepts at the start and its answer is lost: DUPE on the next try.")
async def acceptance_lost(play: Play[Stage]) -> None:
    given = await _given(play)
    script = {Call.START: [signed("RECE", fault=Fault.CLOSED)]}
    receiving = await _told(play, given, play.kit.identities.b, script)
    await _asked_again(play, receiving, given, Call.START)


async def _asked_again(play: Play[Stage], receiving: Receiving, given: Envelope, kind: Call) -> None:
    with play.action("The system asks again; the kit answers DUPE."):
        before = len(receiving.calls(kind))
        await receiving.until(lambda self: len(self.starts) > 1 or len(self.calls(kind)) > before, "a second try")
        play.check(says.TRIES_AGAIN, True)
        _same_entry(play, receiving)
    await _accepted(play, receiving, given)


_NOT_ANSWERS: tuple[tuple[str, str, Answering, Sentence], ...] = (
    ("error-500", "The kit answers 500, unsigned", unsigned(500), says.NOT_ON_UNSIGNED),
    ("error-503", "The kit answers 503, unsigned", unsigned(503), says.NOT_ON_UNSIGNED),
    ("error-404", "The kit answers 404, unsigned", unsigned(404), says.NOT_ON_UNSIGNED),
    ("error-422-unsigned", "The kit answers 422, unsigned", unsigned(422), says.NOT_ON_UNSIGNED),
    ("error-200-empty", "The kit answers 200 with nothing", raw(200, b""), says.NOT_ON_UNSIGNED),
    ("error-204", "The kit answers 204", raw(204, b""), says.NOT_ON_UNSIGNED),
    ("silence-closed", "The connection closes without an answer", silence(Fault.CLOSED), says.NOT_ON_UNSIGNED),
    ("silence-hangs", "No answer comes at all", silence(Fault.HANGS), says.NOT_ON_UNSIGNED),
    ("answer-cut", "The answer breaks off", signed("BENV", fault=Fault.CUT), says.NOT_ON_UNSIGNED),
    ("rubbish-no-http", "What comes is no HTTP", silence(Fault.NO_HTTP), says.NOT_ON_UNSIGNED),
    (
        "rubbish-html",
        "A page comes with 200",
        raw(200, b"<html>Welcome</html>", {"content-type": "text/html"}),
        says.NOT_ON_UNSIGNED,
    ),
    ("rubbish-string", "A string that is no JWS comes with 200", raw(200, b'"RECE"'), says.NOT_ON_UNSIGNED),
    (
        "rubbish-unsigned-rece",
        "RECE comes as plain JSON",
        raw(200, b'{"responseCode": "RECE"}'),
        says.NOT_ON_UNSIGNED,
    ),
    ("other-entry-rece", "RECE comes for another entry", signed("RECE", last="0" * 64), says.NOT_ON_FOREIGN),
    ("other-entry-benv", "BENV comes for another entry", signed("BENV", last="0" * 64), says.NOT_ON_FOREIGN),
)


def _no_answer(name: str, title: str, answering: Answering, sentence: Sentence) -> None:
    @_scenario(name, f"{title}, again and again; then the kit accepts.")
    async def told_nothing(play: Play[Stage]) -> None:
        given = await _given(play)
        receiving = await _told(play, given, play.kit.identities.a, {Call.START: [answering] * MANY})
        await _survives(play, receiving, given, sentence)


for _row in _NOT_ANSWERS:
    _no_answer(*_row)


async def _survives(play: Play[Stage], receiving: Receiving, given: Envelope, sentence: Sentence) -> None:
    """The system neither hands over nor takes back, and asks again with the same entry until it is told."""
    with play.action("The system decides nothing by that, and asks again."):
        try:
            await receiving.until_starts(2)
        except NoTraffic as nothing:
            play.check(says.TRIES_AGAIN, False, found=str(nothing), expected="a second start")
            at = await play.kit.where(given.reference)
            if at is not None:
                play.check(sentence, at in DOUBT, found=at, expected=" or ".join(DOUBT))
            raise Stop from nothing
        play.check(says.TRIES_AGAIN, True, exchange=receiving.starts[1].index)
        await play.kit.expect_where(play, given.reference, sentence, *DOUBT)
        receiving.script.clear()  # from now on the kit answers as it should
        await receiving.until_accepted()
        _same_entry(play, receiving)
    await _accepted(play, receiving, given)


@_scenario("foreign-key-rece", "RECE comes under a key that is not the receiver's; then the kit accepts.")
async def foreign_key_rece(play: Play[Stage]) -> None:
    forged = signed("RECE", key=play.kit.identities.stranger)
    given = await _given(play)
    receiving = await _told(play, given, play.kit.identities.a, {Call.START: [forged] * MANY})
    await _survives(play, receiving, given, says.NOT_ON_FOREIGN)


@_scenario("other-platform-rece", "RECE comes under the key of another platform that it trusts; then the kit accepts.")
async def other_platform_rece(play: Play[Stage]) -> None:
    forged = signed("RECE", key=play.kit.identities.b.key)
    given = await _given(play)
    receiving = await _told(play, given, play.kit.identities.a, {Call.START: [forged] * MANY})
    await _survives(play, receiving, given, says.NOT_ON_FOREIGN)


# --- Refusals, disputes ----------------------------------------------------------------------------------------------


@_scenario("refused", "The kit answers BENV: the title stays, and the next transfer makes a new entry.")
async def refused(play: Play[Stage]) -> None:
    given = await _given(play)
    receiving = await _told(play, given, play.kit.identities.a, {Call.START: [signed("BENV")]})
    await play.kit.expect_where(play, given.reference, says.TAKES_BACK, "here")
    await _transfers_anew(play, receiving, given, play.kit.identities.a)


async def _transfers_anew(play: Play[Stage], receiving: Receiving, given: Envelope, to: KitPlatform) -> None:
    """The title is the user's again: it goes out another time, with another entry."""
    refused_entry = receiving.starts[-1].last
    with play.action("The system is told to transfer it once more; the kit accepts."):
        again = play.kit.receives(play, given.reference, to)
        await play.kit.transfer(given.reference, to.user)
        await again.until_accepted()
        lasts = {each.last for each in again.starts}
        play.check(
            says.NEW_ENTRY,
            refused_entry not in lasts,
            found="the refused entry again" if refused_entry in lasts else "another entry",
            expected="another entry",
        )
    await play.kit.expect_where(play, given.reference, says.HANDED_OVER, "away")


@_scenario("refused-by-an-older-one", "The kit answers BETR, as implementations of the betas do.")
async def refused_by_an_older_one(play: Play[Stage]) -> None:
    given = await _given(play)
    receiving = await _told(play, given, play.kit.identities.a, {Call.START: [signed("BETR")] * MANY})
    await asyncio.sleep(QUIET_SECONDS)  # while it is sending nothing is decided: it has to have read the answer
    await play.kit.expect_where(play, given.reference, says.LEGACY_REFUSAL, "here", *DOUBT)
    if await play.kit.where(given.reference) == "here":
        await _transfers_anew(play, receiving, given, play.kit.identities.b)


@_scenario("bad-signature", "The kit answers BSIG, once.")
async def bad_signature(play: Play[Stage]) -> None:
    given = await _given(play)
    receiving = await _told(play, given, play.kit.identities.a, {Call.START: [signed("BSIG")]})
    with play.action("The system tries the same entry again, or keeps the title."):
        try:
            await receiving.until_starts(2, min(3.0, receiving.patience))
        except NoTraffic:
            await play.kit.expect_where(play, given.reference, says.BSIG_RETRY, "here", *DOUBT)
            return
        _same_entry(play, receiving)
        play.check(says.BSIG_RETRY, True)
    await _accepted(play, receiving, given)


@_scenario("disputed", "The kit answers DISE, whenever it is asked: nothing is decided, and nothing else can be done.")
async def disputed(play: Play[Stage]) -> None:
    given = await _given(play)
    receiving = await _told(play, given, play.kit.identities.a, {Call.START: [signed("DISE")] * MANY})
    await _undecided(play, receiving, given, says.NOT_ON_DISPUTE)


async def _undecided(play: Play[Stage], receiving: Receiving, given: Envelope, sentence: Sentence) -> None:
    with play.action("The title is neither handed over nor taken back."):
        await asyncio.sleep(QUIET_SECONDS)
        await play.kit.expect_where(play, given.reference, sentence, *DOUBT)
    with play.action("The system is told to transfer it elsewhere: it must not."):
        elsewhere = play.kit.receives(play, given.reference, play.kit.identities.b)
        try:
            await play.kit.transfer(given.reference, play.kit.identities.b.user)
        except NotApplicable as refusal:
            play.check(says.LOCKED, True, found=str(refusal))
            return
        await asyncio.sleep(QUIET_SECONDS)
        found = f"{len(elsewhere.starts)} starts at {elsewhere.platform.code}"
        play.check(says.LOCKED, not elsewhere.starts, found=found, expected="none")


# --- Each outcome code in every HTTP form ----------------------------------------------------------------------------

_STATUSES = (200, 409, 422, 500)


def _each_form(code: str, at: Call) -> None:
    @_scenario(
        f"{code.lower()}-at-{at.value}-any-status",
        f"A signed {code} at the {at.value}, with each of the statuses {', '.join(map(str, _STATUSES))}.",
    )
    async def in_each_form(play: Play[Stage]) -> None:
        _automatic(play)
        for status in _STATUSES:
            await _one_form(play, code, at, status)


for _code in (*Outcome, pint.LEGACY_BETR):
    for _at in Call:
        _each_form(str(_code), _at)


async def _one_form(play: Play[Stage], code: str, at: Call, status: int) -> None:
    """One transfer in which the call `at` is answered with this signed code under this status, as often as it comes
    for what settles it, and once for what does not."""
    settles = code in ("RECE", "DUPE", "BENV", pint.LEGACY_BETR)
    visualisation = None if at is Call.START else a_file("original.pdf")
    given = await _given(play, build(play.kit.to_system(visualisation=visualisation)))
    script: Script = {at: [_answer_of(code, status)] * (MANY if settles or code == "DISE" else 1)}
    if code == "DISE" and at is not Call.START:  # a dispute stays one when the transfer is started anew
        script[Call.START] = [Receiving.properly, *[_answer_of(code, status)] * MANY]
    receiving = await _told(play, given, play.kit.identities.a, script)
    with play.action(f"The kit answers the {at.value} with a signed {code} under {status}."):
        await receiving.until(lambda self: bool(self.calls(at)), f"the {at.value}")
        await _stands(play, receiving, given, code)


def _answer_of(code: str, status: int) -> Answering:
    """MDOC says that the document is missing which came, if one did."""

    def answer(receiving: Receiving, came: Any) -> Any:
        lost = sorted(receiving.files) if code == "MDOC" else []
        for each in lost:
            receiving.files.pop(each)
        return signed(code, status=status, missing=lost)(receiving, came)

    return answer


async def _stands(play: Play[Stage], receiving: Receiving, given: Envelope, code: str) -> None:
    """Where the title must be after that code, whatever the status said."""
    where = play.kit.expect_where
    if code in ("RECE", "DUPE"):
        await where(play, given.reference, says.CODE_DECIDES, "away")
    elif code == "BENV":
        await where(play, given.reference, says.CODE_DECIDES, "here")
    elif code == pint.LEGACY_BETR:
        await asyncio.sleep(0.3)
        await where(play, given.reference, says.LEGACY_REFUSAL, "here", *DOUBT)
    elif code == "DISE":
        await asyncio.sleep(0.3)
        await where(play, given.reference, says.NOT_ON_DISPUTE, *DOUBT)
    elif code == "BSIG":
        await asyncio.sleep(0.3)
        await where(play, given.reference, says.BSIG_RETRY, "here", "away", *DOUBT)
        if await play.kit.where(given.reference) == "away":
            play.check(says.BSIG_RETRY, bool(receiving.accepted), found="handed over", expected="accepted first")
    else:  # INCD and MDOC reject nothing: it goes on until the kit accepts
        await receiving.until_accepted()
        await where(play, given.reference, says.CODE_DECIDES, "away")
