# mypy: disallow-subclassing-any=False
"""Platforms with one thing wrong each: the small platform of the docs with one method replaced.

Each is named by what it does, with the scenario that must catch it and the sentence that must be named.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc.jwk import ECKey

from tests.conformance.small import small_platform

small = small_platform()
Platform: Any = small.Platform
Refused: Any = small.Refused


@dataclass(frozen=True)
class Broken:
    """One platform, and how it is caught."""

    platform: type[Any]
    scenario: str
    sentence: str


BROKEN: dict[str, Broken] = {}


def caught(name: str, *, by: str, as_: str) -> Callable[[type[Any]], type[Any]]:
    def take(platform: type[Any]) -> type[Any]:
        BROKEN[name] = Broken(platform, by, as_)
        return platform

    return take


# --- As receiver -----------------------------------------------------------------------------------------------------


@caught("accepts-a-wrong-checksum", by="receiver/documents-as-declared-corrupted", as_="incd.corrupted")
class AcceptsAWrongChecksum(Platform):
    def document(self, envelope_reference: str, document_checksum: str, body: Any) -> Any:
        self.put(("file", document_checksum, body))
        return small.Response(status_code=204)


@caught("takes-documents-that-were-not-declared", by="receiver/documents-in-reverse-unrelated", as_="incd.undeclared")
class TakesUndeclared(Platform):
    def document(self, envelope_reference: str, document_checksum: str, body: Any) -> Any:
        if document_checksum not in self.active(envelope_reference)["declared"]:
            return small.Response(status_code=204)
        return super().document(envelope_reference, document_checksum, body)


@caught("does-not-look-at-the-size", by="receiver/document-size-differs", as_="incd.corrupted")
class DoesNotLookAtTheSize(Platform):
    def active(self, envelope_reference: str) -> Any:
        active = super().active(envelope_reference)
        for each in active["declared"].values():
            each["size"] = _AnySize()
        return active


class _AnySize(int):
    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


@caught("accepts-with-a-document-missing", by="receiver/documents-as-declared-missing", as_="mdoc.at-finish")
class AcceptsIncomplete(Platform):
    def finish(self, envelope_reference: str) -> Any:
        return self.accept(self.active(envelope_reference))


@caught("forgets-the-list-of-mdoc", by="receiver/finish-first", as_="mdoc.list")
class ForgetsTheList(Platform):
    def answer(self, last: str, code: str, reason: str = "", **more: Any) -> Any:
        more.pop("missingAdditionalDocumentChecksums", None)
        return super().answer(last, code, reason, **more)


@caught("does-not-confirm-the-documents", by="receiver/documents-as-declared", as_="rece.documents")
class DoesNotConfirm(Platform):
    def answer(self, last: str, code: str, reason: str = "", **more: Any) -> Any:
        more.pop("receivedAdditionalDocumentChecksums", None)
        return super().answer(last, code, reason, **more)


@caught("says-rece-to-a-manipulated-retry", by="receiver/retry-manipulated", as_="dise.contradicts")
class AcceptsManipulated(Platform):
    def check_known(self, reference: str, document: Any, signed: Any, entries: Any) -> None:
        return


@caught("takes-other-content-of-a-known-reference", by="receiver/same-reference-other-content", as_="dise.contradicts")
class AcceptsOtherContent(AcceptsManipulated):
    pass


@caught("accepts-both-of-two-envelopes", by="receiver/two-for-one-position", as_="dise.one-of-two")
class AcceptsBoth(Platform):
    def check_known(self, reference: str, document: Any, signed: Any, entries: Any) -> None:
        return

    def active(self, envelope_reference: str) -> Any:
        return self.get("kept", envelope_reference)

    def begin(self, reference: str, *more: Any) -> Any:
        answer = super().begin(reference, *more)
        active = self.get("active", reference)
        self.put(("kept", active["reference"], active))
        return answer


@caught("takes-a-title-back-by-a-replay", by="receiver/replay-a-year-later", as_="replay.no-second-acceptance")
class TakesBackByReplay(Platform):
    def get(self, kind: str, key: str) -> Any:
        return None if kind == "word" else super().get(kind, key)

    def check_known(self, reference: str, document: Any, signed: Any, entries: Any) -> None:
        return


@caught("forgets-that-it-refused", by="receiver/wrong-platform", as_="benv.recipient-platform")
class AnyPlatformIsMine(Platform):
    def check_recipient(self, entries: Any) -> Any:
        return self.accounts[0] | {"eblPlatform": self.code}


@caught("takes-titles-for-nobody", by="receiver/unknown-recipient", as_="benv.recipient")
class TakesForNobody(Platform):
    def account(self, codes: Any) -> Any:
        return self.accounts[0]


@caught("names-everybody", by="receiver/receiver-validation-unknown", as_="validation.404")
class NamesEverybody(TakesForNobody):
    pass


@caught("answers-200-for-benv", by="receiver/wrong-platform", as_="outcome.http")
class Answers200(Platform):
    def answer(self, last: str, code: str, reason: str = "", **more: Any) -> Any:
        answer = super().answer(last, code, reason, **more)
        answer.status_code = 200
        return answer


@caught("signs-with-another-key", by="receiver/plain", as_="outcome.signed")
class SignsWithAnotherKey(Platform):
    def sign(self, payload: Any) -> str:
        self.key = ECKey.generate_key("P-256")
        return str(super().sign(payload))


@caught("names-another-entry", by="receiver/plain-ps256", as_="outcome.names-entry")
class NamesAnotherEntry(Platform):
    def answer(self, last: str, code: str, reason: str = "", **more: Any) -> Any:
        return super().answer("0" * 64, code, reason, **more)


@caught("dupe-without-the-entry", by="receiver/retry-unchanged", as_="dupe.accepted-entry")
class DupeWithoutEntry(Platform):
    def answer(self, last: str, code: str, reason: str = "", **more: Any) -> Any:
        more.pop("duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent", None)
        return super().answer(last, code, reason, **more)


@caught("says-rece-to-a-duplicate", by="receiver/retry-resigned-manifest", as_="dupe.same-entry")
class SaysReceAgain(Platform):
    def again(self, last: str, word: Any) -> Any:
        return self.answer(last, "RECE", receivedAdditionalDocumentChecksums=word["received"])


class _Believes:
    """Opens whatever it is given."""

    def open(self, compact: str) -> Any:
        return small.claimed(compact)


@caught("does-not-check-signatures", by="receiver/bad-signature-then-good", as_="bsig.signature")
class DoesNotCheckSignatures(Platform):
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.trusted: Any = {code: _Believes() for code in self.peers}


@caught("believes-alg-none", by="receiver/algorithm-none", as_="bsig.algorithm")
class BelievesNone(DoesNotCheckSignatures):
    pass


def _of_another_document(envelope: Any) -> bool:
    manifest = envelope["envelopeManifestSignedContent"]
    stated = small.claimed(manifest)["transportDocumentChecksum"] if isinstance(manifest, str) else ""
    return bool(stated != small.checksum(envelope["transportDocument"]))


@caught("refuses-what-it-accepted", by="receiver/accepted-then-spoilt", as_="benv.never-after-rece")
class RefusesWhatItAccepted(Platform):
    def start(self, sender: str, envelope: Any) -> Any:
        last = envelope["envelopeTransferChain"][-1]
        known = self.get("word", small.checksum(small.claimed(last)))
        if known is not None and _of_another_document(envelope):
            return self.answer(small.sha256(last), "BENV", "the manifest is of another transport document")
        return super().start(sender, envelope)


@caught("accepts-what-it-refused-spoilt", by="receiver/spoilt-then-good", as_="benv.for-ever")
class AcceptsWhatItRefused(Platform):
    def start(self, sender: str, envelope: Any) -> Any:
        last = envelope["envelopeTransferChain"][-1]
        if not all(isinstance(each, str) for each in envelope["envelopeTransferChain"]):
            return self.answer(small.sha256(last), "BENV", "a member is not what it should be")
        return super().start(sender, envelope)


@caught("does-not-check-the-carrier", by="receiver/issuance-not-by-carrier", as_="refused.issuance-manifest")
class DoesNotCheckTheCarrier(Platform):
    def check_issuance(self, document: Any, of_document: str, entries: Any) -> None:
        return


@caught("does-not-check-the-chain", by="receiver/chain-gap", as_="benv.chain-order")
class DoesNotCheckTheChain(Platform):
    def check_chain(self, document: Any, signed: Any, entries: Any, manifest: Any) -> None:
        return


@caught("does-not-check-the-document", by="receiver/document-changed", as_="refused.document-checksum")
class DoesNotCheckTheDocument(DoesNotCheckTheChain):
    def check_manifest(self, document: Any, last: str, manifest: Any) -> None:
        return


@caught("does-not-ask-the-registry", by="receiver/registry-does-not-know", as_="registry.not-recorded")
class DoesNotAskTheRegistry(DoesNotCheckTheChain):
    pass


@caught("lets-anybody-transfer", by="receiver/not-the-possessor", as_="benv.not-the-possessor")
class LetsAnybodyTransfer(Platform):
    def replay(self, transactions: Any) -> None:
        return


@caught("goes-on-after-sacc", by="receiver/after-sacc", as_="benv.after-sacc")
class GoesOnAfterSacc(LetsAnybodyTransfer):
    pass


@caught("does-not-know-who-calls", by="receiver/no-token", as_="error.no-token")
class DoesNotKnowWhoCalls(Platform):
    def caller(self, authorization: str) -> Any:
        return super().caller(authorization) or next(iter(self.peers))


@caught("takes-an-endorsement-for-a-transfer", by="receiver/endorsement-notifies", as_="notice.moves-nothing")
class TakesEndorsementForTransfer(Platform):
    def accept(self, active: Any) -> Any:
        return super().accept(active | {"notice": False})


# --- As sender -------------------------------------------------------------------------------------------------------


@caught("holds-on-after-rece", by="sender/plain", as_="sender.hands-over")
class HoldsOn(Platform):
    def settle(self, reference: str, out: Any, outcome: Any) -> bool:
        return super().settle(reference, out, None) or outcome is not None


@caught("hands-over-to-any-200", by="sender/rubbish-html", as_="sender.not-on-unsigned")
class HandsOverToAny(Platform):
    def settle(self, reference: str, out: Any, outcome: Any) -> bool:
        return bool(super().settle(reference, out, outcome or {"responseCode": "RECE"}))


@caught("takes-back-on-an-error", by="sender/error-422-unsigned", as_="sender.not-on-unsigned")
class TakesBackOnAnError(Platform):
    def settle(self, reference: str, out: Any, outcome: Any) -> bool:
        return bool(super().settle(reference, out, outcome or {"responseCode": "BENV"}))


@caught("gives-up-after-an-error", by="sender/error-500", as_="sender.retries")
class GivesUp(Platform):
    async def deliver(self, reference: str) -> None:
        out = self.get("out", reference)
        self.settle(reference, out, await self.attempt(out))


@caught("makes-a-new-entry-for-each-try", by="sender/error-503", as_="sender.same-envelope")
class NewEntryEachTry(Platform):
    async def attempt(self, out: Any) -> Any:
        envelope = out["envelope"]
        entry = small.claimed(envelope["envelopeTransferChain"][-1])
        chain = [*envelope["envelopeTransferChain"][:-1], self.sign(entry)]
        manifest = small.claimed(envelope["envelopeManifestSignedContent"]) | {small.LAST: small.sha256(chain[-1])}
        out["last"] = manifest[small.LAST]
        out["envelope"] = envelope | {
            "envelopeTransferChain": chain,
            "envelopeManifestSignedContent": self.sign(manifest),
        }
        return await super().attempt(out)


class _AnyKey:
    """Trusts everybody's certificates for everybody."""

    def __init__(self, all_of_them: Any) -> None:
        self.all = all_of_them

    def open(self, compact: str) -> Any:
        for each in self.all:
            try:
                return each.open(compact)
            except Refused:
                continue
        raise Refused("BSIG", "by nobody")


@caught("takes-any-platforms-signature", by="sender/other-platform-rece", as_="sender.not-on-foreign")
class TakesAnySignature(Platform):
    def outcome(self, out: Any, body: Any) -> Any:
        everybody = _AnyKey([small.Trusted(peer["certificates"]) for peer in self.peers.values()])
        self.trusted: Any = dict.fromkeys(self.peers, everybody)
        return super().outcome(out, body)


@caught("takes-another-entrys-answer", by="sender/other-entry-benv", as_="sender.not-on-foreign")
class TakesAnotherEntrysAnswer(Platform):
    def outcome(self, out: Any, body: Any) -> Any:
        outcome = self.trusted[out["to"]].open(body) if isinstance(body, str) else None
        return outcome if isinstance(outcome, dict) else None


@caught("goes-by-the-status", by="sender/rece-at-start-any-status", as_="sender.code-decides")
class GoesByTheStatus(Platform):
    def __init__(self, config: Any) -> None:
        super().__init__(config)

        async def note(answer: Any) -> None:
            self.status = answer.status_code

        self.http.event_hooks["response"].append(note)

    def settle(self, reference: str, out: Any, outcome: Any) -> bool:
        wrong = outcome is not None and self.status >= 400
        return bool(super().settle(reference, out, {"responseCode": "BENV"} if wrong else outcome))


@caught("takes-a-dispute-for-a-refusal", by="sender/disputed", as_="sender.not-on-dispute")
class TakesDisputeForRefusal(Platform):
    def settle(self, reference: str, out: Any, outcome: Any) -> bool:
        dispute = outcome is not None and outcome["responseCode"] == "DISE"
        return bool(super().settle(reference, out, {"responseCode": "BENV"} if dispute else outcome))


@caught("hands-over-elsewhere-while-in-doubt", by="sender/disputed", as_="sender.locked")
class TransfersWhileInDoubt(Platform):
    def transfer(self, reference: str, recipient: Any, documents: Any) -> None:
        title = self.get("title", reference)
        self.put(("title", reference, title | {"at": "here"}))
        super().transfer(reference, recipient, documents)


@caught("sends-a-refused-entry-again", by="sender/refused", as_="sender.new-entry-after-refusal")
class SendsRefusedAgain(Platform):
    def transfer(self, reference: str, recipient: Any, documents: Any) -> None:
        old = self.get("out", reference)
        if old is None:
            super().transfer(reference, recipient, documents)
        else:
            self.put(("title", reference, self.get("title", reference) | {"at": "sending"}))
            self.courier(reference)


@caught("changes-the-document", by="sender/plain", as_="sends.document-unchanged")
class ChangesTheDocument(Platform):
    def transfer(self, reference: str, recipient: Any, documents: Any) -> None:
        title = self.get("title", reference)
        title["document"]["termsAndConditions"] = "Better terms."
        self.put(("title", reference, title))
        super().transfer(reference, recipient, documents)


@caught("starts-the-chain-anew", by="sender/plain-to-es256", as_="sends.chain")
class DropsTheChain(Platform):
    def transfer(self, reference: str, recipient: Any, documents: Any) -> None:
        title = self.get("title", reference)
        title["chain"] = title["chain"][-1:]
        self.put(("title", reference, title))
        super().transfer(reference, recipient, documents)


@caught("leaves-the-visualisation-behind", by="sender/documents", as_="sends.visualisation")
class LeavesVisualisation(Platform):
    def transfer(self, reference: str, recipient: Any, documents: Any) -> None:
        title = self.get("title", reference)
        self.put(("title", reference, title | {"visualisation": None}))
        super().transfer(reference, recipient, documents)


@caught("does-not-say-who-it-is", by="sender/plain", as_="sends.token")
class DoesNotSayWhoItIs(Platform):
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        for peer in self.peers.values():
            peer["tokenOut"] = "nobody"
