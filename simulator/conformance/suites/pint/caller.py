"""The kit as sending platform: it calls the system under test, keeps each exchange, and checks what every answer owes.

1. What holds for every signed outcome is checked on every one: signed, readable, of this entry, with its HTTP status.
2. A check that fails stops nothing that can still be tried; where nothing can go on, `Stop` ends the scenario.
"""

import json
from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import httpx

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.pint import HTTP_STATUS, Outcome, ReceiverValidation, TransferFinished, TransferStarted
from schemas.findings import Finding
from simulator.conformance.bounded import ask
from simulator.conformance.exchange import REDACTED, By, Exchange, json_in
from simulator.conformance.kit import KitPlatform
from simulator.conformance.runner import NoTraffic, Play, Sentence, Stop
from simulator.conformance.suites.pint import sentences as says
from simulator.conformance.suites.pint.envelopes import Envelope, File
from simulator.conformance.sut import System
from tradebridge.ebl.seal import open_sealed

_ERROR_MEMBERS = ("httpMethod", "requestUri", "statusCode", "statusCodeText", "errorDateTime", "errors")
_LISTS_WITH = {Outcome.RECE, Outcome.DUPE, Outcome.MDOC}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    index: int
    """Of its exchange."""

    @property
    def json(self) -> Any:
        return json_in(self.body)


class Caller:
    """The kit's calls to one system in one scenario."""

    def __init__(self, play: Play[Any], system: System, http: httpx.AsyncClient) -> None:
        self._play, self._system, self._http = play, system, http

    # --- Calls --------------------------------------------------------------------------------------------------------

    async def start(self, envelope: Envelope, what: str = "start of the transfer") -> Answer:
        return await self.post("/envelopes", envelope.body(), envelope.sender, what)

    async def document(
        self, envelope: Envelope, reference: str, checksum: str, content: bytes, what: str = ""
    ) -> Answer:
        body = json.dumps(b64encode(content).decode("ascii")).encode()
        path = f"/envelopes/{reference}/additional-documents/{checksum}"
        return await self.call("PUT", path, body, envelope.sender, what or f"additional document {checksum[:8]}…")

    async def finish(self, envelope: Envelope, reference: str, what: str = "finish of the transfer") -> Answer:
        return await self.call("PUT", f"/envelopes/{reference}/finish-transfer", b"", envelope.sender, what)

    async def post(self, path: str, body: object, by: KitPlatform | None, what: str) -> Answer:
        return await self.call("POST", path, json.dumps(body, ensure_ascii=False).encode(), by, what)

    async def call(self, method: str, path: str, body: bytes, by: KitPlatform | None, what: str) -> Answer:
        """Raises NoTraffic if nobody listens, Stop if no answer comes in time."""
        headers = {"API-Version": "3"} | ({"Content-Type": "application/json"} if body else {})
        if by is not None:
            headers["Authorization"] = f"Bearer {by.token_out}"
        url = self._system.pint + path
        sent, headers = headers | dict(self._system.headers), headers | dict.fromkeys(self._system.headers, REDACTED)
        got = await ask(self._http, method, url, body, sent, self._system.answers_within)
        if got.refused:
            raise NoTraffic(f"nobody listens at {url}: {got.note}")
        facts = (got.status, got.headers, got.body, got.seconds, got.note)
        index = self._play.record(Exchange(By.KIT, what, method, url, headers, body, *facts))
        if got.status is None:
            wait = f"an answer within {self._system.answers_within:g} s"
            self._play.check(says.ANSWERS, False, found=got.note, expected=wait, exchange=index)
            raise Stop
        self._play.check(
            says.API_VERSION,
            got.headers.get("api-version", "").startswith("3."),
            found=got.headers.get("api-version", "no such header"),
            expected="3.0.0",
            exchange=index,
        )
        return Answer(got.status, got.body, index)

    # --- What answers owe ---------------------------------------------------------------------------------------------

    def outcome(
        self, answer: Answer, envelope: Envelope, sentence: Sentence, *codes: str, last: str | None = None
    ) -> TransferFinished | None:
        """The signed outcome, checked; None if there is none to go on with. `codes`: those that the sentence takes."""
        finished = self._signed(answer, envelope, last)
        if finished is None:
            self._play.check(
                sentence,
                False,
                found=f"{answer.status}, no signed outcome",
                expected=_any_of(codes),
                exchange=answer.index,
            )
            return None
        code, index = finished.response_code, answer.index
        status = {each.value: HTTP_STATUS[each] for each in Outcome}.get(code)
        self._play.check(
            says.HTTP,
            answer.status == status,
            found=f"{code} with {answer.status}",
            expected=f"{code} with {status}",
            exchange=index,
        )
        reason = f" ({finished.reason})" if finished.reason else ""
        self._play.check(sentence, code in codes, found=code + reason, expected=_any_of(codes), exchange=index)
        lists = finished.missing_additional_document_checksums or finished.received_additional_document_checksums
        if lists is not None:
            self._play.check(says.LISTS, code in _LISTS_WITH, found=f"{code} with a list", exchange=index)
        return finished

    def _signed(self, answer: Answer, envelope: Envelope, last: str | None) -> TransferFinished | None:
        body, index = answer.json, answer.index
        opened = open_sealed(body, self._system.trusted, None) if isinstance(body, str) else None
        if not isinstance(opened, dict):
            found = opened.code if isinstance(opened, Finding) else f"{answer.status} with a body that is no JWS"
            self._play.check(says.SIGNED, False, found=found, expected=f"a JWS by {self._system.code}", exchange=index)
            return None
        self._play.check(says.SIGNED, True, found=f"by {self._system.code}", exchange=index)
        finished = pint.read(TransferFinished, opened)
        if not isinstance(finished, TransferFinished):
            self._play.check(says.READABLE, False, found=told(finished), exchange=index)
            return None
        self._play.check(says.READABLE, True, exchange=index)
        named = finished.last_envelope_transfer_chain_entry_signed_content_checksum
        wanted = last or envelope.last
        self._play.check(says.NAMES_ENTRY, named == wanted, found=named, expected=wanted, exchange=index)
        return finished

    def started(
        self, answer: Answer, envelope: Envelope, missing: Collection[str], sentence: Sentence = says.STARTED
    ) -> str:
        """The envelope reference of a 201, checked. Raises Stop if there is none."""
        index = answer.index
        if not self._play.check(sentence, answer.status == 201, found=answer.status, expected=201, exchange=index):
            raise Stop
        started = pint.read(TransferStarted, answer.json)
        if not isinstance(started, TransferStarted):
            self._play.check(says.STARTED_READABLE, False, found=told(started), exchange=index)
            raise Stop
        self._play.check(says.STARTED_READABLE, True, exchange=index)
        named = (
            started.transport_document_checksum,
            started.last_envelope_transfer_chain_entry_signed_content_checksum,
        )
        wanted = (envelope.document_checksum, envelope.last)
        self._play.check(says.STARTED_CHECKSUMS, named == wanted, found=named, expected=wanted, exchange=index)
        listed = sorted(started.missing_additional_document_checksums)
        self._play.check(
            says.STARTED_MISSING, listed == sorted(missing), found=listed, expected=sorted(missing), exchange=index
        )
        return started.envelope_reference

    def taken(self, answer: Answer, sentence: Sentence = says.TAKEN) -> None:
        """A 204 for a document."""
        self._play.check(sentence, answer.status == 204, found=answer.status, expected=204, exchange=answer.index)

    def accepted(self, answer: Answer, envelope: Envelope, sentence: Sentence, *codes: str) -> None:
        """RECE (or what `codes` says), with all documents of the envelope listed."""
        finished = self.outcome(answer, envelope, sentence, *(codes or ("RECE",)))
        if finished is not None and finished.response_code in (*codes, "RECE"):
            self.received(answer, finished, envelope)

    def received(self, answer: Answer, finished: TransferFinished, envelope: Envelope) -> None:
        listed = set(finished.received_additional_document_checksums or ())
        wanted = set(envelope.files)
        self._play.check(
            says.RECEIVED, listed == wanted, found=sorted(listed), expected=sorted(wanted), exchange=answer.index
        )

    def duplicate(
        self, answer: Answer, envelope: Envelope, accepted: Envelope, sentence: Sentence = says.DUPLICATE
    ) -> None:
        """DUPE with the entry that was accepted."""
        finished = self.outcome(answer, envelope, sentence, "DUPE")
        if finished is None or finished.response_code != "DUPE":
            return
        entry = finished.duplicate_of_accepted_envelope_transfer_chain_entry_signed_content
        self._play.check(
            says.DUPLICATE_ENTRY,
            entry == accepted.chain[-1],
            found=_short(entry),
            expected=_short(accepted.chain[-1]),
            exchange=answer.index,
        )
        self.received(answer, finished, accepted)

    def not_accepted(self, answer: Answer, sentence: Sentence) -> None:
        """Whatever it is, no acceptance: a refusal that is signed, or an error of 4xx or 5xx."""
        code = self.code(answer)
        holds = code not in ("RECE", "DUPE") and answer.status >= 400
        self._play.check(
            sentence, holds, found=f"{answer.status}, outcome {code}", expected="a refusal", exchange=answer.index
        )

    def not_refused(self, answer: Answer, sentence: Sentence) -> None:
        """Anything on which no sender takes the title back."""
        code = self.code(answer)
        holds, found = code not in ("BENV", "BETR"), f"{answer.status}, outcome {code}"
        self._play.check(sentence, holds, found=found, expected="anything but BENV", exchange=answer.index)

    def error(self, answer: Answer, sentence: Sentence, *, statuses: range = range(400, 500)) -> None:
        """An unsigned ErrorResponse."""
        index = answer.index
        expected = f"{statuses.start} to {statuses.stop - 1}" if len(statuses) > 1 else str(statuses.start)
        self._play.check(sentence, answer.status in statuses, found=answer.status, expected=expected, exchange=index)
        body = answer.json
        lacks = (
            [name for name in _ERROR_MEMBERS if name not in body] if isinstance(body, dict) else list(_ERROR_MEMBERS)
        )
        good = not lacks and isinstance(body["errors"], list) and bool(body["errors"])
        self._play.check(
            says.UNSIGNED_ERROR,
            good and body["statusCode"] == answer.status,
            found=f"without {', '.join(lacks)}" if lacks else "an ErrorResponse",
            expected=f"an ErrorResponse with statusCode {answer.status}",
            exchange=index,
        )

    def validated(self, answer: Answer, name: str) -> None:
        """A 200 with the party's name."""
        read = pint.read(ReceiverValidation, answer.json) if answer.status == 200 else None
        found = read.party_name if isinstance(read, ReceiverValidation) else f"{answer.status}"
        self._play.check(says.KNOWN_PARTY, found == name, found=found, expected=name, exchange=answer.index)

    def code(self, answer: Answer) -> str:
        """The code of a signed outcome, `none` if there is none."""
        opened = open_sealed(answer.json, self._system.trusted, None) if isinstance(answer.json, str) else None
        return str(opened.get("responseCode")) if isinstance(opened, dict) else "none"

    # --- Whole transfers ----------------------------------------------------------------------------------------------

    async def hand_over(self, envelope: Envelope) -> None:
        """A plain transfer up to the acceptance: how a title comes to the system. Raises Stop if it does not."""
        answer = await self.start(envelope)
        if envelope.files:
            reference = self.started(answer, envelope, envelope.files)
            for each in envelope.files.values():
                self.taken(await self.send(envelope, reference, each))
            answer = await self.finish(envelope, reference)
        finished = self.outcome(answer, envelope, says.FINISHED if envelope.files else says.ACCEPTED, "RECE")
        if finished is None or finished.response_code != "RECE":
            raise Stop

    async def send(self, envelope: Envelope, reference: str, file: File) -> Answer:
        return await self.document(envelope, reference, file.checksum, file.content, f"additional document {file.name}")


def _any_of(codes: Collection[str]) -> str:
    return " or ".join(codes)


def told(findings: object) -> str:
    """Findings in one line."""
    return (
        "; ".join(f"{each.pointer}: {each.code}" for each in findings) if isinstance(findings, tuple) else str(findings)
    )


def _short(entry: str | None) -> str:
    return "none" if entry is None else f"{entry[:24]}…{entry[-12:]}"
