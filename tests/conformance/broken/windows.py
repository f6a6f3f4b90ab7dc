# mypy: disallow-subclassing-any=False
"""Windows with one thing wrong each: the small window of the docs with a method replaced.

Each is named by what it does, with the scenario that must catch it and the one check that must fail.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey

from tests.conformance.window import small_window

small = small_window()
Window: Any = small.Window
No: Any = small.No


@dataclass(frozen=True)
class Broken:
    """One window, and how it is caught."""

    window: type[Any]
    suite: str
    scenario: str
    check: str
    pulls: bool = False


BROKEN: dict[str, Broken] = {}


def caught(name: str, by: str, as_: str, *, pulls: bool = False) -> Callable[[type[Any]], type[Any]]:
    """`by`: suite and scenario."""

    def take(window: type[Any]) -> type[Any]:
        suite, _, scenario = by.partition("/")
        BROKEN[name] = Broken(window, suite, scenario, as_, pulls)
        return window

    return take


# --- Taking delivery -------------------------------------------------------------------------------------------------


@caught("answers-202-to-a-push", "window-inbound/good-json", "push.status")
class Answers202(Window):
    def pushed(self, body: bytes) -> Any:
        answer = super().pushed(body)
        answer.status_code = 202 if answer.status_code == 200 else answer.status_code
        return answer


@caught("answers-with-a-list", "window-inbound/good-json", "push.shape")
class AnswersWithAList(Window):
    def pushed(self, body: bytes) -> Any:
        answer = super().pushed(body)
        if answer.status_code != 200:
            return answer
        return small.JSONResponse(json.loads(answer.body)["acknowledgements"])


@caught("is-not-ready-for-its-first-delivery", "window-inbound/good-json", "ack.comes")
class NotReadyAtFirst(Window):
    def take(self, deliveries: Any) -> Any:
        tokens = super().take(deliveries)
        if self.get("ready", ""):
            return tokens
        self.put("ready", "", True)
        return []


@caught("reads-no-xml", "window-inbound/good-xml", "ack.xml")
class ReadsNoXml(Window):
    def judged(self, delivery: Any) -> Any:
        if base64.b64decode(delivery["original"]).startswith(b"<"):
            raise No("no JWS")
        return super().judged(delivery)


@caught("takes-the-first-two-of-a-list", "window-inbound/several", "ack.each")
class TakesTheFirstTwo(Window):
    """Of a short one: a long one goes another way through it."""

    def take(self, deliveries: Any) -> Any:
        return super().take(deliveries[:2] if len(deliveries) < 10 else deliveries)


@caught("acknowledges-with-the-key-for-nothing", "window-inbound/good-json", "ack.signed")
class SignsAcksWithAnotherKey(Window):
    def sign(self, payload: Any, typ: str) -> Any:
        if typ != small.ACK:
            return super().sign(payload, typ)
        right: Any = self.key
        self.key: Any = ECKey.generate_key("P-256")
        try:
            return super().sign(payload, typ)
        finally:
            self.key = right


@caught("hashes-the-base64", "window-inbound/good-json", "ack.digest")
class HashesTheBase64(Window):
    def acknowledgement(self, delivery: Any, note: Any) -> Any:
        return super().acknowledgement(delivery, note) | {"digest": small.sha256(delivery["original"].encode())}


@caught("names-the-message-as-delivery", "window-inbound/good-json", "ack.delivery")
class NamesMessageAsDelivery(Window):
    def acknowledgement(self, delivery: Any, note: Any) -> Any:
        return super().acknowledgement(delivery, note) | {"delivery": delivery["messageId"]}


@caught("names-the-delivery-as-message", "window-inbound/good-json", "ack.message")
class NamesDeliveryAsMessage(Window):
    def acknowledgement(self, delivery: Any, note: Any) -> Any:
        return super().acknowledgement(delivery, note) | {"messageId": delivery["id"]}


@caught("gives-its-name-for-its-id", "window-inbound/good-json", "ack.member")
class GivesItsName(Window):
    def acknowledgement(self, delivery: Any, note: Any) -> Any:
        return super().acknowledgement(delivery, note) | {"member": "The Window"}


@caught("writes-local-time-as-utc", "window-inbound/good-json", "ack.time")
class WritesLocalTime(Window):
    def acknowledgement(self, delivery: Any, note: Any) -> Any:
        local = small.text_of(small.now() + timedelta(hours=7))
        return super().acknowledgement(delivery, note) | {"time": local}


@caught("drops-what-it-has-without-a-word", "window-inbound/again", "again.acknowledged")
class DropsDuplicates(Window):
    def judged(self, delivery: Any) -> Any:
        note = super().judged(delivery)
        if self.get("seen", note["messageId"]):
            raise No("it is here already")
        self.put("seen", note["messageId"], True)
        return note


@caught("acknowledges-what-it-knows-without-a-look", "window-inbound/again-changed", "again.changed")
class KnownIsGood(Window):
    def check_original(self, note: Any, original: bytes) -> None:
        if self.get("document", note["documentId"]) is None:
            super().check_original(note, original)


@caught("fails-the-whole-page", "window-inbound/original-changed", "beside.acknowledged")
class FailsThePage(Window):
    def take(self, deliveries: Any) -> Any:
        tokens = super().take(deliveries)
        return tokens if len(tokens) == len(deliveries) else []


@caught("does-not-hash-what-is-new", "window-inbound/original-changed", "note.digest")
class DoesNotHash(Window):
    def check_original(self, note: Any, original: bytes) -> None:
        if self.get("document", note["documentId"]) is not None:
            super().check_original(note, original)


@caught("takes-what-is-for-others", "window-inbound/other-recipient", "note.recipient")
class TakesWhatIsForOthers(Window):
    def check_recipient(self, note: Any) -> None:
        return


@caught("believes-the-delivery-beside-the-note", "window-inbound/other-delivery", "note.delivery")
class BelievesTheDelivery(Window):
    def check_delivery(self, note: Any, delivery: Any) -> None:
        return


@caught("believes-the-message-beside-the-note", "window-inbound/other-message", "note.message")
class BelievesTheMessage(Window):
    def check_message(self, note: Any, delivery: Any) -> None:
        return


@caught("does-not-hash-the-rendition", "window-inbound/rendition-changed", "note.rendition")
class DoesNotHashTheRendition(Window):
    def check_rendition(self, note: Any, rendition: Any) -> None:
        if note["rendition"] is None:
            super().check_rendition(note, rendition)


@caught("takes-any-rendition", "window-inbound/rendition-undeclared", "note.rendition-undeclared")
class TakesAnyRendition(Window):
    def check_rendition(self, note: Any, rendition: Any) -> None:
        if note["rendition"] is not None:
            super().check_rendition(note, rendition)


@caught("asks-its-inbox-without-a-key", "pull-only/good-json", "pull.key", pulls=True)
class AsksWithoutKey(Window):
    async def attempt(self, out: Any) -> Any:
        return await super().attempt(out | {"headers": out["headers"] | super().who()})

    def who(self) -> Any:
        return {}


# --- Attacks ---------------------------------------------------------------------------------------------------------


@caught("believes-a-key-that-it-does-not-know", "security/unknown-key", "note.unknown-key")
class BelievesUnknownKeys(Window):
    """It has no key to check with, so it does not check: of names that look right."""

    def signed(self, token: str, typ: str, purpose: str) -> Any:
        header = small.read_json(small.from_base64url(token.split(".")[0]))
        thumbprint = header["kid"].partition("#")[2]
        if typ == small.NOTE and header["kid"] not in self.keys and len(thumbprint) == 43:
            return None, small.from_base64url(token.split(".")[1])
        return super().signed(token, typ, purpose)


def _told(token: str) -> Any:
    return small.read_json(small.from_base64url(token.split(".")[0]))


class _Skips(Window):
    """Does not look at signatures of one `typ`, where the header is as it should be."""

    of = small.NOTE

    def check_typ(self, header: Any, typ: str) -> None:
        self.expected = typ
        super().check_typ(header, typ)

    def check_signature(self, token: str, header: Any, key: Any) -> None:
        if self.expected != self.of or header["alg"] != "ES256":
            super().check_signature(token, header, key)


@caught("reads-notes-without-verifying", "security/bad-signature", "note.signature")
class DoesNotVerifyNotes(_Skips):
    pass


class _TakesNone(Window):
    of = small.NOTE

    def check_signature(self, token: str, header: Any, key: Any) -> None:
        if header["alg"] != "none" or header["typ"] != self.of:
            super().check_signature(token, header, key)


@caught("takes-alg-none-of-a-note", "security/alg-none", "note.alg-none")
class TakesNone(_TakesNone):
    pass


class _UsesEmbeddedKeys(Window):
    of = small.NOTE

    def signed(self, token: str, typ: str, purpose: str) -> Any:
        header = _told(token)
        if typ != self.of or "jwk" not in header:
            return super().signed(token, typ, purpose)
        key = ECKey.import_key(header["jwk"])
        payload = small.jws.deserialize_compact(token, key, algorithms=["ES256"], registry=small.REGISTRY).payload
        named = header["kid"].partition("#")[0]
        return next(each for each in self.keys.values() if each.member == named), payload


@caught("uses-the-key-in-the-header-of-a-note", "security/embedded-key", "note.embedded-key")
class UsesEmbeddedKeys(_UsesEmbeddedKeys):
    pass


class _AnyPurpose(Window):
    of = small.NOTE

    def check_purpose(self, key: Any, purpose: str, typ: str) -> None:
        if typ != self.of:
            super().check_purpose(key, purpose, typ)


@caught("believes-any-member-for-the-hub", "security/member-speaks", "note.hub-speaks")
class AnybodyIsTheHub(_AnyPurpose):
    pass


class _AnyTyp(Window):
    of = small.NOTE

    def check_typ(self, header: Any, typ: str) -> None:
        if typ != self.of:
            super().check_typ(header, typ)


@caught("takes-a-receipt-for-a-note", "security/other-typ", "note.typ")
class TakesReceiptForNote(_AnyTyp):
    pass


class _AnyKeyTime(Window):
    of = small.NOTE

    def check_key_time(self, key: Any, at: datetime, typ: str) -> None:
        if typ != self.of:
            super().check_key_time(key, at, typ)


@caught("does-not-look-at-withdrawals", "security/withdrawn-key", "note.withdrawn")
class IgnoresWithdrawals(_AnyKeyTime):
    pass


class _AnyTime(Window):
    of = small.NOTE

    def check_time(self, at: datetime, typ: str) -> None:
        if typ != self.of:
            super().check_time(at, typ)


@caught("does-not-look-at-iat", "security/time-ahead", "note.time-ahead")
class IgnoresIat(_AnyTime):
    pass


@caught("takes-the-last-of-two-members", "security/duplicate-member", "note.duplicate-member")
class TakesTheLast(Window):
    def read_note(self, payload: bytes) -> Any:
        return json.loads(payload)


@caught("falls-over-what-is-no-json", "security/not-json", "push.not-json")
class FallsOverNoJson(Window):
    def pushed(self, body: bytes) -> Any:
        return super().pushed(json.dumps(json.loads(body)).encode())


# --- Sending ---------------------------------------------------------------------------------------------------------


@caught("sends-without-a-key", "window-outbound/plain", "sends.key")
class SendsWithoutKey(Window):
    def headers(self, to: str, number: str) -> Any:
        return super().headers(to, number) | {"Authorization": "Basic bm9ib2R5"}


@caught("names-no-recipient", "window-outbound/plain", "sends.to")
class NamesNoRecipient(Window):
    def headers(self, to: str, number: str) -> Any:
        return {
            "To" if name == "Tradebridge-To" else name: value for name, value in super().headers(to, number).items()
        }


class _Signs(Window):
    """Documents otherwise."""

    def sign(self, payload: Any, typ: str) -> Any:
        return super().sign(self.changed(payload), typ) if typ == small.DOCUMENT else super().sign(payload, typ)

    def changed(self, payload: Any) -> Any:
        return payload


@caught("leaves-out-the-exporter", "window-outbound/plain", "sends.valid")
class LeavesOutTheExporter(_Signs):
    def changed(self, payload: Any) -> Any:
        return {name: value for name, value in payload.items() if name != "exporter"}


@caught("signs-documents-as-events", "window-outbound/plain", "sends.signed")
class SignsDocumentsAsEvents(Window):
    def sign(self, payload: Any, typ: str) -> Any:
        return super().sign(payload, small.EVENT if typ == small.DOCUMENT else typ)


@caught("sets-no-idempotency-key", "window-outbound/plain", "sends.idempotency-key")
class SetsNoKey(Window):
    def headers(self, to: str, number: str) -> Any:
        return {"Tradebridge-To": to}


def _is_document(out: Any) -> bool:
    return bool(out["path"] == "/v1/documents")


@caught("takes-silence-for-an-answer", "window-outbound/answer-lost", "lost.again")
class TakesSilenceForAnAnswer(Window):
    def is_final(self, status: int | None) -> bool:
        return status is None or bool(super().is_final(status))


class _MakesAnew(Window):
    """Signs anew for each try."""

    documents = True

    async def attempt(self, out: Any) -> Any:
        tried, out["tried"] = out.get("tried", 0), out.get("tried", 0) + 1
        if tried and _is_document(out) is self.documents:
            header, payload, _ = out["token"].split(".")
            told = small.read_json(small.from_base64url(payload))
            typ = small.read_json(small.from_base64url(header))["typ"]
            return await super().attempt(out | {"token": self.sign(told, typ)})
        return await super().attempt(out)


@caught("signs-a-document-anew-for-each-try", "window-outbound/answer-lost", "lost.same-bytes")
class SignsDocumentsAnew(_MakesAnew):
    pass


@caught("sets-another-key-for-each-try", "window-outbound/answer-lost", "lost.same-key")
class AnotherKeyEachTry(Window):
    async def attempt(self, out: Any) -> Any:
        key = small.secrets.token_hex(8)
        again = {"headers": out["headers"] | {"Idempotency-Key": key}} if _is_document(out) else {}
        return await super().attempt(out | again)


@caught("gives-up-at-a-503", "window-outbound/busy", "busy.again")
class GivesUpAt503(Window):
    async def attempt(self, out: Any) -> Any:
        status = await super().attempt(out)
        return 400 if status == 503 and _is_document(out) else status


@caught("sends-again-what-was-refused", "window-outbound/refused", "refused.ends")
class SendsAgainWhatWasRefused(Window):
    def is_final(self, status: int | None) -> bool:
        return status is not None and status < 300


# --- Officers --------------------------------------------------------------------------------------------------------


@caught("keeps-decisions-to-itself", "officer-decisions/accepted", "event.comes")
class KeepsDecisions(Window):
    def post(self, path: str, token: str, headers: Any) -> None:
        if path == "/v1/documents":
            super().post(path, token, headers)


@caught("signs-events-as-documents", "officer-decisions/accepted", "event.signed")
class SignsEventsAsDocuments(Window):
    def sign(self, payload: Any, typ: str) -> Any:
        return super().sign(payload, small.DOCUMENT if typ == small.EVENT else typ)


def event_with(name: str, check: str, word: str = "accepted", **changes: Callable[[Any, Any], Any]) -> None:
    """One whose events have members changed: each by what it is and what is kept of the document."""

    class Says(Window):
        def event(self, document_id: str, kept: Any, says: str) -> Any:
            told = super().event(document_id, kept, says)
            return told | {member: change(told, kept) for member, change in changes.items()}

    caught(name, f"officer-decisions/{word}", check)(Says)


event_with("adds-a-member-to-events", "event.form", officer=lambda told, kept: "Officer 7")
event_with(
    "names-another-document",
    "event.document",
    document=lambda told, kept: told["document"] | {"id": f"doc_{small.sha256(b'another')[:26]}"},
)
event_with(
    "hashes-what-came-instead-of-its-content",
    "event.content",
    document=lambda told, kept: told["document"] | {"contentDigest": small.sha256(base64.b64decode(kept["original"]))},
)
event_with("says-another-word", "event.type", type=lambda told, kept: "examined")
event_with("counts-from-one", "event.sequence", expectedSequence=lambda told, kept: max(1, told["expectedSequence"]))
event_with(
    "names-the-person-as-member", "event.actor", actor=lambda told, kept: told["actor"] | {"member": "OFFICER-7"}
)
event_with("decides-for-the-sender", "event.recipient", recipient=lambda told, kept: kept["note"]["sender"])
event_with("gives-no-reasons", "event.reasons", "queried", reasons=lambda told, kept: [])


@caught("signs-an-event-anew-for-each-try", "officer-decisions/busy", "event.same-again")
class SignsEventsAnew(_MakesAnew):
    documents = False


# --- Its life --------------------------------------------------------------------------------------------------------


@caught("takes-events-without-a-word", "certificate-life/cancelled", "life.event-acknowledged")
class TakesEventsSilently(Window):
    """Of two of a page it acknowledges both."""

    def take(self, deliveries: Any) -> Any:
        tokens = super().take(deliveries)
        events = [each for each in deliveries if each["original"] and self.is_event(each)]
        return [] if events and len(deliveries) == 1 else tokens

    def is_event(self, delivery: Any) -> bool:
        token = base64.b64decode(delivery["original"]).decode("ascii", "replace")
        return not token.startswith("<") and bool(_told(token)["typ"] == small.EVENT)


@caught("counts-its-own-words-only", "certificate-life/answered", "life.sequence-seen")
class CountsItsOwnWords(Window):
    def hear(self, document_id: str, event: Any) -> None:
        if event["actor"]["member"] == self.member:
            super().hear(document_id, event)
        elif event["type"] in small.ENDS:
            self.put("life", document_id, self.life(document_id) | {"ended": True})


@caught("accepts-what-was-cancelled", "certificate-life/cancelled-then-accepted", "life.nothing-after-end")
class AcceptsWhatWasCancelled(Window):
    def life(self, document_id: str) -> Any:
        return super().life(document_id) | {"ended": False}


# --- A bad day -------------------------------------------------------------------------------------------------------


@caught("takes-429-for-a-refusal", "resilience/too-many", "too-many.again")
class Takes429ForARefusal(Window):
    def is_final(self, status: int | None) -> bool:
        return status == 429 or bool(super().is_final(status))


@caught("tries-three-times", "resilience/goes-on", "busy.goes-on")
class TriesThreeTimes(Window):
    async def attempt(self, out: Any) -> Any:
        out["tries"] = out.get("tries", 0) + 1
        status = await super().attempt(out)
        return 400 if out["tries"] >= 3 else status


@caught("falls-over-an-event-of-what-it-has-not", "resilience/event-first", "order.event-first")
class FallsOverEarlyEvents(Window):
    """It remembers the event as broken, also when its document is there."""

    def hear(self, document_id: str, event: Any) -> None:
        early = self.get("document", document_id) is None or self.get("early", event["id"])
        self.put("early", event["id"], early)
        if early:
            raise No("an event of what is not there")
        super().hear(document_id, event)


@caught("takes-twenty-of-a-page", "resilience/page", "page.each")
class TakesTwenty(Window):
    def take(self, deliveries: Any) -> Any:
        return super().take(deliveries[:20])


# --- Verifying -------------------------------------------------------------------------------------------------------


@caught("answers-without-a-verdict", "evidence-verifier/good-jws", "verifier.answers")
class AnswersWithoutVerdict(Window):
    def verdict(self, data: bytes) -> Any:
        return super().verdict(data) == "yes"


@caught("believes-no-jws", "evidence-verifier/good-jws", "verifier.good-jws")
class BelievesNoJws(Window):
    def verdict(self, data: bytes) -> Any:
        return super().verdict(data) if data.startswith(b"<") else "no"


@caught("believes-no-xml", "evidence-verifier/good-xml", "verifier.good-xml")
class BelievesNoXml(Window):
    def signed_xml(self, data: bytes) -> Any:
        raise No("no JWS")


@caught("does-not-see-a-changed-payload", "evidence-verifier/changed-jws", "verifier.changed-jws")
class DoesNotSeeChanges(_Skips):
    """The payload is read again from elsewhere than what was verified."""

    of = small.DOCUMENT

    def check_signature(self, token: str, header: Any, key: Any) -> None:
        first, payload, signature = token.split(".")
        kept = small.from_base64url(payload).replace(b"-00778", b"-00777")
        Window.check_signature(self, f"{first}.{small.base64url(kept)}.{signature}", header, key)


@caught("does-not-compare-the-digest-of-xml", "evidence-verifier/changed-xml", "verifier.changed-xml")
class DoesNotCompareXml(Window):
    def check_content(self, root: Any, signature: Any, digest: bytes) -> None:
        return


@caught("looks-for-what-was-signed-anywhere", "evidence-verifier/wrapped-xml", "verifier.wrapped-xml")
class LooksAnywhere(Window):
    def check_shape(self, root: Any, signature: Any) -> None:
        return

    def check_content(self, root: Any, signature: Any, digest: bytes) -> None:
        whole = [small.without(root, signature), *signature.iterfind(f"{small.DS}Object/*")]
        if digest not in [small.hashlib.sha256(small.canonical(each)).digest() for each in whole]:
            raise No("the document was changed")


@caught("does-not-verify-documents", "evidence-verifier/bad-signature", "verifier.bad-signature")
class DoesNotVerifyDocuments(_Skips):
    """Of a number that it knows."""

    of = small.DOCUMENT

    def check_signature(self, token: str, header: Any, key: Any) -> None:
        if b"-00777" not in small.from_base64url(token.split(".")[1]):
            Window.check_signature(self, token, header, key)
            return
        super().check_signature(token, header, key)


@caught("takes-alg-none-of-a-document", "evidence-verifier/alg-none", "verifier.alg-none")
class TakesDocumentsWithNone(_TakesNone):
    of = small.DOCUMENT


@caught("uses-the-key-in-the-header-of-a-document", "evidence-verifier/embedded-key", "verifier.embedded-key")
class UsesKeysInDocuments(_UsesEmbeddedKeys):
    of = small.DOCUMENT


@caught("believes-documents-by-unknown-keys", "evidence-verifier/unknown-key", "verifier.unknown-key")
class BelievesUnknownIssuers(Window):
    """It finds the issuer by name, and then has no key to check with."""

    def signed(self, token: str, typ: str, purpose: str) -> Any:
        member, _, thumbprint = _told(token)["kid"].partition("#")
        if typ == small.DOCUMENT and f"{member}#{thumbprint}" not in self.keys and len(thumbprint) == 43:
            named = next(each for each in self.keys.values() if each.member == member)
            return named, small.from_base64url(token.split(".")[1])
        return super().signed(token, typ, purpose)


@caught("lets-anybody-issue", "evidence-verifier/other-issuer", "verifier.other-issuer")
class LetsAnybodyIssue(Window):
    def check_issuer(self, key: Any, country: str) -> None:
        return


@caught("lets-any-key-sign-documents", "evidence-verifier/event-key", "verifier.event-key")
class AnyKeySigns(_AnyPurpose):
    of = small.DOCUMENT


@caught("does-not-look-at-withdrawals-of-issuers", "evidence-verifier/withdrawn-key", "verifier.withdrawn-key")
class IgnoresWithdrawnIssuers(_AnyKeyTime):
    of = small.DOCUMENT


@caught("takes-an-event-for-a-document", "evidence-verifier/other-typ", "verifier.other-typ")
class TakesEventForDocument(_AnyTyp):
    of = small.DOCUMENT


@caught("believes-documents-from-the-future", "evidence-verifier/time-ahead", "verifier.time-ahead")
class BelievesTheFuture(_AnyTime):
    of = small.DOCUMENT


@caught(
    "reads-documents-with-the-last-of-two-members", "evidence-verifier/duplicate-member", "verifier.duplicate-member"
)
class ReadsTheLast(Window):
    def read_document(self, payload: bytes) -> Any:
        return json.loads(payload)
