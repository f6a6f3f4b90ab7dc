# mypy: disallow-subclassing-any=False
"""Further platforms with one thing wrong each, so that every sentence of the suite `pint` has one that breaks it."""

import asyncio
import json
from typing import Any

from joserfc.jwk import ECKey

from tests.conformance.broken.platforms import DoesNotCheckTheDocument, Platform, Refused, caught, small

Response: Any = small.Response
LAST, OF_DOCUMENT = small.LAST, "transportDocumentChecksum"
PREVIOUS = "previousEnvelopeTransferChainEntrySignedContentChecksum"
VISUALISATION = "eBLVisualisationByCarrier"
RECEIVED, MISSING = "receivedAdditionalDocumentChecksums", "missingAdditionalDocumentChecksums"


class _Silence(Response):
    """Nothing is ever said."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)


# --- As receiver: answers --------------------------------------------------------------------------------------------


@caught("never-answers", by="receiver/plain", as_="answer.comes")
class NeverAnswers(Platform):
    def start(self, sender: str, envelope: Any) -> Any:
        return _Silence()


@caught("names-no-version", by="receiver/plain", as_="answer.api-version")
class NamesNoVersion(Platform):
    def answer(self, last: str, code: str, reason: str = "", **more: Any) -> Any:
        answer = super().answer(last, code, reason, **more)
        del answer.headers["API-Version"]
        return answer


@caught("leaves-the-code-out", by="receiver/plain", as_="outcome.readable")
class LeavesTheCodeOut(Platform):
    def answer(self, last: str, code: str, reason: str = "", **more: Any) -> Any:
        return small.pint_answer(small.HTTP[code], self.sign({LAST: last}))


@caught("lists-documents-always", by="receiver/bad-signature-then-good", as_="outcome.lists-only-where-due")
class ListsAlways(Platform):
    def answer(self, last: str, code: str, reason: str = "", **more: Any) -> Any:
        return super().answer(last, code, reason, **({RECEIVED: []} | more))


# --- As receiver: the start ------------------------------------------------------------------------------------------


def body_of(answer: Any) -> Any:
    return json.loads(answer.body)


class _Starts(Platform):
    """What is answered to a start that waits for documents is changed."""

    def begin(self, *given: Any) -> Any:
        answer = super().begin(*given)
        return self.changed(answer, given) if answer.status_code == 201 else answer


@caught("waits-for-a-finish-always", by="receiver/plain", as_="rece.at-start")
class WaitsAlways(Platform):
    def missing(self, active: Any) -> Any:
        return super().missing(active) or ["0" * 64]


@caught("starts-with-200", by="receiver/documents-as-declared", as_="started.201")
class StartsWith200(_Starts):
    def changed(self, answer: Any, given: Any) -> Any:
        return small.pint_answer(200, body_of(answer))


@caught("starts-without-a-checksum", by="receiver/documents-as-declared", as_="started.readable")
class StartsWithoutAChecksum(_Starts):
    def changed(self, answer: Any, given: Any) -> Any:
        return small.pint_answer(201, {name: each for name, each in body_of(answer).items() if name != OF_DOCUMENT})


@caught("starts-with-another-entry", by="receiver/documents-as-declared", as_="started.checksums")
class StartsWithAnotherEntry(_Starts):
    def changed(self, answer: Any, given: Any) -> Any:
        return small.pint_answer(201, body_of(answer) | {LAST: "0" * 64})


@caught("wants-all-documents-again", by="receiver/documents-as-declared-retry", as_="started.missing")
class WantsAllAgain(_Starts):
    def changed(self, answer: Any, given: Any) -> Any:
        declared = [each["documentChecksum"] for each in small.declared_in(given[3])]
        return small.pint_answer(201, body_of(answer) | {MISSING: declared})


@caught("has-no-patience-with-a-retry", by="receiver/documents-as-declared-retry", as_="started.retry")
class NoPatience(Platform):
    def begin(self, reference: str, *more: Any) -> Any:
        if self.get("active", reference) is not None:
            return small.pint_answer(409, {"text": "this transfer is active"})
        return super().begin(reference, *more)


# --- As receiver: documents, finish, duplicates ----------------------------------------------------------------------


@caught("says-200-to-a-document", by="receiver/documents-as-declared", as_="document.204")
class Says200(Platform):
    def document(self, envelope_reference: str, document_checksum: str, body: Any) -> Any:
        answer = super().document(envelope_reference, document_checksum, body)
        return small.pint_answer(200, {}) if answer.status_code == 204 else answer


@caught("takes-a-document-once", by="receiver/document-twice", as_="document.again")
class TakesADocumentOnce(Platform):
    def document(self, envelope_reference: str, document_checksum: str, body: Any) -> Any:
        if self.get("file", document_checksum) is not None:
            return small.pint_answer(409, {"text": "it is here"})
        return super().document(envelope_reference, document_checksum, body)


@caught("finishes-without-a-signature", by="receiver/documents-as-declared", as_="rece.at-finish")
class FinishesUnsigned(Platform):
    def finish(self, envelope_reference: str) -> Any:
        super().finish(envelope_reference)
        return small.pint_answer(200, {"responseCode": "RECE"})


@caught("forgets-a-finished-transfer", by="receiver/finish-twice", as_="finish.again")
class ForgetsAFinished(Platform):
    def finish(self, envelope_reference: str) -> Any:
        if self.get("word", self.active(envelope_reference)["entry"]) is not None:
            raise small.Unsigned("there is no such envelope")
        return super().finish(envelope_reference)


@caught("knows-an-entry-by-its-signature", by="receiver/retry-resigned-entry", as_="dupe.entry-signed-again")
class KnowsBySignature(Platform):
    def word_on(self, entry: str) -> Any:
        word = super().word_on(entry)
        return word if word is not None and word["signed"] == entry else None

    def check_known(self, reference: str, document: Any, signed: Any, entries: Any) -> None:
        return


@caught("a-replay-brings-the-title-back", by="receiver/replay-a-year-later", as_="replay.control-stays")
class AReplayBringsItBack(Platform):
    def start(self, sender: str, envelope: Any) -> Any:
        answer = super().start(sender, envelope)
        reference = envelope["transportDocument"]["transportDocumentReference"]
        title = self.get("title", reference)
        if title is not None:
            self.put(("title", reference, title | {"at": "here"}))
        return answer


@caught("a-dispute-undoes-the-acceptance", by="receiver/retry-manipulated", as_="dispute.first-stays")
class ADisputeUndoes(Platform):
    def refuse(self, last: str, refused: Any, entry: str) -> Any:
        if refused.code == "DISE":
            self.store.execute("DELETE FROM kept WHERE kind = 'word'")
        return super().refuse(last, refused, entry)


@caught("accepts-what-was-spoilt", by="receiver/spoilt-then-good", as_="spoilt.not-accepted")
class AcceptsSpoilt(DoesNotCheckTheDocument):
    pass


@caught("a-bad-signature-is-for-ever", by="receiver/bad-signature-then-good", as_="bsig.retry")
class BadForEver(Platform):
    def refuse(self, last: str, refused: Any, entry: str) -> Any:
        return super().refuse(last, Refused("BENV", refused.reason) if refused.code == "BSIG" else refused, entry)


# --- As receiver: one check of the chain left out --------------------------------------------------------------------


class _Overlooks(Platform):
    """What is wrong in one place is put right before it is looked at."""

    def check_chain(self, document: Any, signed: Any, entries: Any, manifest: Any) -> None:
        super().check_chain(document, signed, *self.mended(document, entries, manifest))

    def mended(self, document: Any, entries: Any, manifest: Any) -> tuple[Any, Any]:
        return entries, manifest


@caught("takes-any-action-for-a-transfer", by="receiver/invalid-action", as_="benv.action")
class TakesAnyAction(_Overlooks):
    def mended(self, document: Any, entries: Any, manifest: Any) -> tuple[Any, Any]:
        return [self.known(each) for each in entries], manifest

    def known(self, entry: Any) -> Any:
        actions = small.MOVES | small.NOTICES | small.ALONE | {"ISSUE"}
        renamed = [
            each if each["actionCode"] in actions else each | {"actionCode": "TRANSFER"}
            for each in entry["transactions"]
        ]
        return entry | {"transactions": renamed}

    def check_recipient(self, entries: Any) -> Any:
        return super().check_recipient([self.known(each) for each in entries])


@caught("does-not-compare-the-last-entry", by="receiver/manifest-other-last-entry", as_="refused.last-entry")
class DoesNotCompareTheLast(Platform):
    def check_manifest(self, document: Any, last: str, manifest: Any) -> None:
        super().check_manifest(document, last, manifest | {LAST: last})


@caught("takes-entries-of-others", by="receiver/entry-of-another-document", as_="benv.entry-of-another-document")
class TakesEntriesOfOthers(_Overlooks):
    def mended(self, document: Any, entries: Any, manifest: Any) -> tuple[Any, Any]:
        return [each | {OF_DOCUMENT: small.checksum(document)} for each in entries], manifest


@caught("counts-no-issues", by="receiver/issue-twice", as_="benv.issue-once")
class CountsNoIssues(Platform):
    def replay(self, transactions: Any) -> None:
        super().replay([transactions[0], *(each for each in transactions[1:] if each["actionCode"] != "ISSUE")])


@caught("overlooks-a-previous", by="receiver/first-entry-with-previous", as_="benv.first-has-no-previous")
class OverlooksAPrevious(_Overlooks):
    def mended(self, document: Any, entries: Any, manifest: Any) -> tuple[Any, Any]:
        first = {name: each for name, each in entries[0].items() if name != PREVIOUS}
        return [first, *entries[1:]], manifest


@caught("needs-no-issuance", by="receiver/issuance-manifest-missing", as_="refused.no-issuance-manifest")
class NeedsNoIssuance(Platform):
    def check_issuance(self, document: Any, of_document: str, entries: Any) -> None:
        if "issuanceManifestSignedContent" in entries[0]:
            super().check_issuance(document, of_document, entries)


@caught("surrenders-to-anybody", by="receiver/surrender-not-to-the-carrier", as_="benv.surrender-not-to-carrier")
class SurrendersToAnybody(Platform):
    def replay(self, transactions: Any) -> None:
        carrier = transactions[0]["actor"]
        told = [
            each | {"recipient": carrier} if each["actionCode"].startswith("SURRENDER") else each
            for each in transactions
        ]
        super().replay(told)


@caught("takes-any-visualisation", by="receiver/visualisation-differs", as_="benv.visualisation")
class TakesAnyVisualisation(_Overlooks):
    def mended(self, document: Any, entries: Any, manifest: Any) -> tuple[Any, Any]:
        return entries, manifest | {VISUALISATION: entries[0].get(VISUALISATION)}


@caught("takes-a-registry-anywhere", by="receiver/registry-in-second-entry", as_="benv.registry-in-later-entry")
class TakesARegistryAnywhere(_Overlooks):
    def mended(self, document: Any, entries: Any, manifest: Any) -> tuple[Any, Any]:
        later = [{name: it for name, it in each.items() if name != "controlTrackingRegistry"} for each in entries[1:]]
        return [entries[0], *later], manifest


@caught("takes-what-another-signed", by="receiver/sent-by-another", as_="refused.other-sender")
class TakesWhatAnotherSigned(Platform):
    def start(self, sender: str, envelope: Any) -> Any:
        return super().start(small.claimed(envelope["envelopeTransferChain"][-1])["eblPlatform"], envelope)


# --- As receiver: what is no envelope --------------------------------------------------------------------------------


@caught("errors-in-a-form-of-its-own", by="receiver/unknown-envelope-reference", as_="error.unsigned")
class ErrorsOfItsOwn(Platform):
    def finish(self, envelope_reference: str) -> Any:
        try:
            return super().finish(envelope_reference)
        except small.Unsigned:
            return small.pint_answer(404, {"detail": "not found"})


@caught("thanks-for-anything", by="receiver/no-envelope", as_="error.no-envelope")
class ThanksForAnything(Platform):
    def start(self, sender: str, envelope: Any) -> Any:
        try:
            return super().start(sender, envelope)
        except small.Unsigned:
            return small.pint_answer(200, {})


@caught("takes-any-reference", by="receiver/unknown-envelope-reference", as_="error.unknown-reference")
class TakesAnyReference(Platform):
    def document(self, envelope_reference: str, document_checksum: str, body: Any) -> Any:
        try:
            return super().document(envelope_reference, document_checksum, body)
        except small.Unsigned:
            return small.Response(status_code=204, headers={"API-Version": "3.0.0"})

    def finish(self, envelope_reference: str) -> Any:
        try:
            return super().finish(envelope_reference)
        except small.Unsigned:
            return small.pint_answer(200, {})


@caught("gives-another-name", by="receiver/receiver-validation-known", as_="validation.200")
class GivesAnotherName(Platform):
    def account(self, codes: Any) -> Any:
        found = super().account(codes)
        return found | {"partyName": "Somebody"} if found else None


@caught("knows-lists-that-it-does-not", by="receiver/receiver-validation-unknown", as_="validation.vague")
class KnowsEveryList(Platform):
    def account(self, codes: Any) -> Any:
        own = {each["codeListProvider"] for each in self.accounts[0]["identifyingCodes"]}
        return super().account(codes) if {each["codeListProvider"] for each in codes} <= own else self.accounts[0]


# --- As sender: what it signs and sends ------------------------------------------------------------------------------


class _Signs(Platform):
    """The payload of an entry or of a manifest is changed before it is signed."""

    def sign(self, payload: Any) -> str:
        if "transactions" in payload:
            payload = self.entry(payload)
        elif LAST in payload and "responseCode" not in payload:
            payload = self.manifest(payload)
        return str(super().sign(payload))

    def entry(self, payload: Any) -> Any:
        return payload

    def manifest(self, payload: Any) -> Any:
        return payload


class _WithAnotherKey(Platform):
    """Some of what it signs is signed by a key that is not its own."""

    key: Any

    def sign(self, payload: Any) -> str:
        own = self.key
        if self.wrong(payload):
            self.key = ECKey.generate_key("P-256")
        try:
            return str(super().sign(payload))
        finally:
            self.key = own


@caught("never-sends", by="sender/plain", as_="sends.start")
class NeverSends(Platform):
    def courier(self, reference: str) -> None:
        return


@caught("sends-no-manifest", by="sender/plain", as_="sends.envelope")
class SendsNoManifest(Platform):
    async def attempt(self, out: Any) -> Any:
        envelope = {name: each for name, each in out["envelope"].items() if name != "envelopeManifestSignedContent"}
        return await super().attempt(out | {"envelope": envelope})


@caught("signs-the-manifest-with-another-key", by="sender/plain", as_="sends.manifest-signed")
class SignsTheManifestOtherwise(_WithAnotherKey):
    def wrong(self, payload: Any) -> bool:
        return LAST in payload and "responseCode" not in payload


@caught("signs-the-entry-with-another-key", by="sender/plain", as_="sends.entry-signed")
class SignsTheEntryOtherwise(_WithAnotherKey):
    def wrong(self, payload: Any) -> bool:
        return "transactions" in payload


@caught("states-another-document", by="sender/plain", as_="sends.checksums")
class StatesAnotherDocument(_Signs):
    def manifest(self, payload: Any) -> Any:
        return payload | {OF_DOCUMENT: "0" * 64}


@caught("links-to-nothing", by="sender/plain", as_="sends.entry-linked")
class LinksToNothing(_Signs):
    def entry(self, payload: Any) -> Any:
        return payload | {PREVIOUS: "0" * 64}


@caught("acts-as-its-recipient", by="sender/plain", as_="sends.transaction")
class ActsAsItsRecipient(_Signs):
    def entry(self, payload: Any) -> Any:
        *before, last = payload["transactions"]
        return payload | {"transactions": [*before, last | {"actor": last["recipient"]}]}


@caught("leaves-milliseconds-out", by="sender/plain", as_="sends.time")
class LeavesMillisecondsOut(_Signs):
    def entry(self, payload: Any) -> Any:
        *before, last = payload["transactions"]
        at = f"{last['actionDateTime'][:19]}Z"
        return payload | {"transactions": [*before, last | {"actionDateTime": at}]}


@caught("declares-no-supporting-document", by="sender/documents", as_="sends.supporting")
class DeclaresNoSupporting(_Signs):
    def manifest(self, payload: Any) -> Any:
        return {name: each for name, each in payload.items() if name != "supportingDocuments"}


class _Calls(Platform):
    """Some calls are not made."""

    async def call(self, out: Any, method: str, path: str, body: Any) -> Any:
        return None if self.leaves_out(path) else await super().call(out, method, path, body)

    def leaves_out(self, path: str) -> bool:
        raise NotImplementedError


@caught("sends-no-documents", by="sender/documents", as_="sends.documents")
class SendsNoDocuments(_Calls):
    def leaves_out(self, path: str) -> bool:
        return "/additional-documents/" in path


@caught("never-finishes", by="sender/documents", as_="sends.finish")
class NeverFinishes(_Calls):
    def leaves_out(self, path: str) -> bool:
        started = self.config.setdefault("started", [])
        again = path == "/envelopes" and path in started
        started.append(path)
        return again or path.endswith("/finish-transfer")


class _SendsADocumentOnce(_Calls):
    """What was sent once is not sent again, whatever is asked for."""

    def leaves_out(self, path: str) -> bool:
        sent = self.config.setdefault("sent", [])
        again = "/additional-documents/" in path and path in sent
        sent.append(path)
        return again


@caught("does-not-resend-what-is-missing", by="sender/documents-missing-at-finish", as_="sender.resends-missing")
class DoesNotResendMissing(_SendsADocumentOnce):
    pass


@caught("does-not-resend-what-was-damaged", by="sender/documents-inconclusive", as_="sender.resends-inconclusive")
class DoesNotResendDamaged(_SendsADocumentOnce):
    pass


@caught("sends-after-the-acceptance", by="sender/plain", as_="sender.stops")
class SendsAfterwards(Platform):
    async def deliver(self, reference: str) -> None:
        await super().deliver(reference)
        await asyncio.sleep(0.5)  # it knows of the acceptance, as everybody can see
        await self.attempt(self.get("out", reference))


# --- As sender: what it makes of an outcome --------------------------------------------------------------------------


class _Takes(Platform):
    """One outcome is taken for an acceptance."""

    for_acceptance = ""

    def settle(self, reference: str, out: Any, outcome: Any) -> bool:
        if outcome is not None and outcome["responseCode"] == self.for_acceptance:
            outcome = outcome | {"responseCode": "RECE"}
        return bool(super().settle(reference, out, outcome))


@caught("hands-over-on-a-refusal", by="sender/refused", as_="sender.keeps-after-refusal")
class HandsOverOnARefusal(_Takes):
    for_acceptance = "BENV"


@caught("hands-over-on-a-bad-signature", by="sender/bad-signature", as_="sender.after-bsig")
class HandsOverOnABadSignature(_Takes):
    for_acceptance = "BSIG"


@caught("hands-over-on-an-old-refusal", by="sender/refused-by-an-older-one", as_="sender.betr")
class HandsOverOnAnOldRefusal(_Takes):
    for_acceptance = "BETR"
