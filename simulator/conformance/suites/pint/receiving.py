"""The kit as receiving platform of one title: it behaves, after it has misbehaved as the scenario tells it to.

1. What a scenario wants answered comes first (`script`: replies by kind of call, each used once, in order). When a
   kind's replies are used up, the kit does what PINT says: RECE, 201 and the documents, INCD, MDOC, DUPE.
2. Every call is kept, with the envelope that it belongs to; scenarios wait for what they expect, with an end to it.
"""

import asyncio
import json
import re
import time
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from schemas.bill_of_lading.pint import HTTP_STATUS, Outcome, bytes_checksum, checksum, signed_checksum
from simulator.conformance.end import Asked, Fault, Reply
from simulator.conformance.exchange import By, Exchange, json_in
from simulator.conformance.kit import KitPlatform, now
from simulator.conformance.runner import NoTraffic, Play, Waiting
from simulator.conformance.suites.pint.envelopes import LAST, SUPPORTING, VISUALISATION, Json
from tradebridge.ebl.seal import Key, peek, seal
from tradebridge.ebl.waiting import until_set

DUPLICATE_OF = "duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent"
_PATH = re.compile(r"/v3/envelopes(?:/(?P<ref>[^/]+)/(?P<rest>finish-transfer|additional-documents/(?P<sum>[^/]+)))?$")


class Call(StrEnum):
    """What the system under test called."""

    START = "start"
    DOCUMENT = "document"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class Came:
    """One call."""

    kind: Call
    asked: Asked
    at: float
    """Monotonic seconds."""
    last: str
    """Checksum of the last entry of the envelope that it belongs to; empty if that cannot be read."""
    document: str = ""
    """Checksum in the path of an additional document."""
    index: int = 0
    """Of its exchange."""

    @property
    def json(self) -> Any:
        return json_in(self.asked.body)


Answering = Callable[["Receiving", Came], Reply]


@dataclass
class Receiving:
    """What arrives at one kit platform for one title in one scenario."""

    play: Play[Any]
    platform: KitPlatform
    reference: str
    patience: float
    script: dict[Call, list[Answering]] = field(default_factory=dict)
    by_person: bool = False
    """Whether somebody has to start the transfer by hand."""
    has: frozenset[str] = frozenset()
    """Checksums of documents that the kit says it has already."""
    came: list[Came] = field(default_factory=list)
    turned_away: list[Came] = field(default_factory=list)
    """Calls without the token that was agreed upon."""
    accepted: str = ""
    """The last entry that was accepted, signed."""
    files: dict[str, bytes] = field(default_factory=dict)
    _envelope: Json = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    # --- What the scenario reads --------------------------------------------------------------------------------------

    def calls(self, kind: Call) -> list[Came]:
        return [each for each in self.came if each.kind is kind]

    @property
    def starts(self) -> list[Came]:
        return self.calls(Call.START)

    async def until(self, holds: Callable[["Receiving"], bool], what: str, patience: float | None = None) -> None:
        """Wait for it. Raises NoTraffic when the patience is at its end; Waiting, where a person has not begun."""
        end = time.monotonic() + (patience or self.patience)
        while not holds(self):
            left = end - time.monotonic()
            if left <= 0:
                missed = f"{what} did not come within {patience or self.patience:g} s"
                raise Waiting(missed) if self.by_person and not self.starts else NoTraffic(missed)
            self._changed.clear()
            await until_set(self._changed, left)

    async def until_accepted(self) -> None:
        await self.until(lambda self: bool(self.accepted), f"a transfer of {self.reference} to {self.platform.code}")

    async def until_starts(self, number: int, patience: float | None = None) -> None:
        what = f"call {number} of POST /v3/envelopes for {self.reference}"
        await self.until(lambda self: len(self.starts) >= number, what, patience)

    # --- What arrives -------------------------------------------------------------------------------------------------

    def takes(self, kind: Call, asked: Asked, document: str = "") -> Reply:
        """Answer one call, and keep it."""
        last = self._last_of(asked) if kind is Call.START else self._last()
        came = Came(kind, asked, time.monotonic(), last, document, len(self.play.exchanges))
        if kind is Call.START:
            self._envelope = came.json if isinstance(came.json, dict) else {}
        waiting = self.script.get(kind) or []
        reply = waiting.pop(0)(self, came) if waiting else self.properly(came)
        self.play.record(_exchange(came, reply))
        self.came.append(came)
        self._changed.set()
        return reply

    def turns_away(self, kind: Call, asked: Asked, reply: Reply) -> None:
        """Somebody calls who does not say who they are: kept, and no call of this transfer."""
        came = Came(kind, asked, time.monotonic(), "", "", len(self.play.exchanges))
        self.play.record(_exchange(came, reply))
        self.turned_away.append(came)

    def properly(self, came: Came) -> Reply:
        """What PINT says to this call."""
        if came.kind is Call.START:
            if self.accepted:
                return signed("DUPE")(self, came)
            missing = self.missing()
            return started(missing)(self, came) if missing else signed("RECE")(self, came)
        if came.kind is Call.DOCUMENT:
            return self._document(came)
        if self.accepted:
            return signed("DUPE")(self, came)
        missing = self.missing()
        return signed("MDOC", missing=missing)(self, came) if missing else signed("RECE")(self, came)

    def _document(self, came: Came) -> Reply:
        try:
            content = b64decode(came.json, validate=True)
        except (ValueError, TypeError):
            return unsigned(400)(self, came)
        declared = {each.get("documentChecksum"): each for each in self.declared()}.get(came.document)
        if declared is None or bytes_checksum(content) != came.document or declared.get("size") != len(content):
            return signed("INCD")(self, came)
        self.files[came.document] = content
        return Reply(204, headers={"API-Version": "3.0.0"})

    # --- The envelope that came ---------------------------------------------------------------------------------------

    @property
    def envelope(self) -> Json:
        """Of the last start; empty if its body was no JSON object."""
        return self._envelope

    def manifest(self) -> Json:
        """Of the last start, unverified; empty if it cannot be read."""
        opened = peek(str(self._envelope.get("envelopeManifestSignedContent", "")))
        return opened if isinstance(opened, dict) else {}

    def declared(self) -> list[Json]:
        manifest = self.manifest()
        own = [manifest[VISUALISATION]] if isinstance(manifest.get(VISUALISATION), dict) else []
        supporting = manifest.get(SUPPORTING)
        return own + [each for each in supporting or [] if isinstance(each, dict)]

    def missing(self) -> list[str]:
        sums = [str(each.get("documentChecksum")) for each in self.declared()]
        return [each for each in sums if each not in self.files and each not in self.has]

    def chain(self) -> list[str]:
        chain = self._envelope.get("envelopeTransferChain")
        return [str(each) for each in chain] if isinstance(chain, list) else []

    def _last(self) -> str:
        chain = self.chain()
        return _checksum_of(chain[-1]) if chain else ""

    def _last_of(self, asked: Asked) -> str:
        try:
            return _checksum_of(str(json_in(asked.body)["envelopeTransferChain"][-1]))
        except (TypeError, KeyError, IndexError):
            return ""


def _checksum_of(compact: str) -> str:
    try:
        return signed_checksum(compact)
    except UnicodeEncodeError:
        return ""


def kind_of(asked: Asked) -> tuple[Call, str, str] | None:
    """Kind, envelope reference and document checksum of a call; None if PINT has no such path."""
    found = _PATH.search(asked.path.partition("?")[0])
    if found is None:
        return None
    if found["ref"] is None:
        return (Call.START, "", "") if asked.method == "POST" else None
    if asked.method != "PUT":
        return None
    return (Call.DOCUMENT, found["ref"], found["sum"]) if found["sum"] else (Call.FINISH, found["ref"], "")


def _exchange(came: Came, reply: Reply) -> Exchange:
    what = {Call.START: "start", Call.DOCUMENT: f"document {came.document[:8]}…", Call.FINISH: "finish"}[came.kind]
    asked, silent = came.asked, reply.fault in (Fault.CLOSED, Fault.HANGS, Fault.NO_HTTP)
    return Exchange(
        By.SYSTEM,
        what,
        asked.method,
        asked.path,
        asked.headers,
        asked.body,
        None if silent else reply.status,
        reply.headers,
        b"" if silent else reply.body,
        0.0,
        reply.fault.value if reply.fault else "",
    )


# --- What can be answered --------------------------------------------------------------------------------------------


def signed(
    code: str,
    *,
    status: int | None = None,
    key: Key | None = None,
    last: str | None = None,
    missing: Sequence[str] = (),
    fault: Fault | None = None,
) -> Answering:
    """A signed outcome. RECE or DUPE by the right key for the right entry is an acceptance, also if it gets lost."""

    def answer(receiving: Receiving, came: Came) -> Reply:
        chain = receiving.chain()
        payload: Json = {LAST: last if last is not None else came.last, "responseCode": code}
        if code in ("RECE", "DUPE"):
            payload["receivedAdditionalDocumentChecksums"] = [each["documentChecksum"] for each in receiving.declared()]
            if key is None and last is None and chain:
                receiving.accepted = receiving.accepted or chain[-1]
        if code == "DUPE" and chain:
            payload[DUPLICATE_OF] = receiving.accepted or chain[-1]
        if missing:
            payload["missingAdditionalDocumentChecksums"] = list(missing)
        if code not in ("RECE", "DUPE"):
            payload["reason"] = "The conformance kit answers so in this scenario."
        body = json.dumps(seal(payload, key or receiving.platform.key)).encode()
        return Reply(status or _status_of(code), body, {"API-Version": "3.0.0"}, fault)

    return answer


def _status_of(code: str) -> int:
    return HTTP_STATUS[Outcome(code)] if code in set(Outcome) else 422


def started(missing: Sequence[str]) -> Answering:
    """201, with these documents still missing."""

    def answer(receiving: Receiving, came: Came) -> Reply:
        body = {
            "envelopeReference": f"kit-{receiving.reference}",
            "transportDocumentChecksum": checksum(receiving.envelope.get("transportDocument") or {}),
            LAST: came.last,
            "missingAdditionalDocumentChecksums": list(missing),
        }
        return Reply(201, json.dumps(body).encode(), {"API-Version": "3.0.0"})

    return answer


def unsigned(status: int) -> Answering:
    """DCSA's ErrorResponse."""

    def answer(receiving: Receiving, came: Came) -> Reply:
        body = {
            "httpMethod": came.asked.method,
            "requestUri": came.asked.path,
            "statusCode": status,
            "statusCodeText": "An error that the kit made up",
            "errorDateTime": now().isoformat(timespec="seconds").replace("+00:00", "Z"),
            "errors": [{"errorCode": 7003, "errorCodeText": "made up", "errorCodeMessage": "made up"}],
        }
        return Reply(status, json.dumps(body).encode(), {"API-Version": "3.0.0"})

    return answer


def silence(fault: Fault) -> Answering:
    return lambda receiving, came: Reply(200, b'"', fault=fault)


def raw(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Answering:
    return lambda receiving, came: Reply(status, body, headers or {})
