"""A small eBL platform that speaks DCSA PINT 3.0.0, whole in one file: a start for your own.

    python docs/small_platform.py small.json peers.json

It needs fastapi, uvicorn, httpx, joserfc, cryptography and rfc8785, and nothing of Tradebridge. How to connect it, and
what is in small.json, is told by docs/connect-a-platform.md. What it keeps to:

1. It stores before it answers: a RECE that was sent is true after a crash too (one SQLite file).
2. As receiver it looks up first whether it has given its last word on this entry: then it says the same again. It never
   refuses what it accepted, nor accepts what it refused. What it cannot read, or what is not as the sender signed it,
   is BSIG: a copy that was spoilt on the way says nothing about the true one.
3. As sender it locks the title, stores the whole envelope, and only then speaks. It hands over only on a RECE or DUPE
   that the receiver signed for this very entry; it takes back only on a BENV that the receiver signed for it. All else
   - an unsigned error, silence, DISE, BSIG, rubbish - leaves the title in doubt, and it asks again.
4. A signature counts if it fits the certificates that were configured for who is said to have signed; the JWS header
   decides nothing.

What it does not do: endorsements of its own, issuing, a control tracking registry, files above memory.
"""

import asyncio
import base64
import hashlib
import json
import socket
import sqlite3
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import rfc8785
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

HTTP = {"RECE": 200, "DUPE": 200, "BSIG": 422, "BENV": 422, "INCD": 409, "MDOC": 409, "DISE": 409}
LAST = "lastEnvelopeTransferChainEntrySignedContentChecksum"
MOVES = {"TRANSFER", "SURRENDER_FOR_DELIVERY", "SURRENDER_FOR_AMENDMENT", "SREJ"}
NOTICES = {"ENDORSE", "ENDORSE_TO_ORDER", "SACC"}
ALONE = {"BLANK_ENDORSE", "SIGN"}


class Refused(Exception):
    """An envelope or a document that is answered with a signed outcome: `Refused("BENV", "why")`."""

    def __init__(self, code: str, reason: str, **more) -> None:
        super().__init__(reason)
        self.code, self.reason, self.more = code, reason, more


class Unsigned(Exception):
    """A request that is no PINT at all: an error answer without a signature."""


def sha256(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def checksum(value) -> str:
    """Of a JSON object: over its RFC 8785 form."""
    return sha256(rfc8785.dumps(value))


class Trusted:
    """Somebody whose signatures are checked, with the certificates that were exchanged beforehand."""

    def __init__(self, files: list[str]) -> None:
        self.keys = []
        for each in files:  # PEM itself, or a file of it
            text = each.encode() if each.startswith("-----BEGIN") else Path(each).read_bytes()
            public = x509.load_pem_x509_certificate(text).public_key()
            pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            kind, algorithm = (ECKey, "ES256") if isinstance(public, ec.EllipticCurvePublicKey) else (RSAKey, "PS256")
            self.keys.append((kind.import_key(pem), algorithm))

    def open(self, compact: str) -> dict:
        """What was signed. Raises Refused BSIG."""
        for key, algorithm in self.keys:
            try:
                return json.loads(jws.deserialize_compact(compact, key, algorithms=[algorithm]).payload)
            except (JoseError, ValueError):
                continue
        raise Refused("BSIG", "the signature is by none of the certificates that we have")


def claimed(compact: str) -> dict:
    """The payload, unverified: to learn whose certificates to take."""
    try:
        part = compact.split(".")[1]
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, IndexError) as error:
        raise Refused("BSIG", "no signed content") from error
    if not isinstance(value, dict):
        raise Refused("BSIG", "no signed content")
    return value


class Platform:
    """One platform: its key, its peers, its store."""

    def __init__(self, config: dict) -> None:
        self.config, self.code = config, config["code"]
        self.accounts = config["accounts"]
        self.algorithm = config.get("algorithm", "ES256")
        kind = ECKey if self.algorithm == "ES256" else RSAKey
        self.key = kind.import_key(Path(config["key"]).read_bytes())
        self.peers = config["peers"]
        self.trusted = {code: Trusted(peer["certificates"]) for code, peer in self.peers.items()}
        self.trusted[self.code] = Trusted([config["certificate"]])
        self.carriers = {code: Trusted(files) for code, files in config["carriers"].items()}
        self.store = sqlite3.connect(config.get("store", ":memory:"), check_same_thread=False)
        self.store.execute("PRAGMA synchronous = FULL")
        self.store.execute("CREATE TABLE IF NOT EXISTS kept (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key))")
        self.http = httpx.AsyncClient(timeout=config.get("timeout", 5.0), trust_env=False)
        self.sending: dict[str, asyncio.Task] = {}

    # --- the store -----------------------------------------------------------------------------------------------

    def get(self, kind: str, key: str):
        row = self.store.execute("SELECT value FROM kept WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, *rows: tuple[str, str, object]) -> None:
        """All in one transaction, durable when this returns."""
        with self.store:
            for kind, key, value in rows:
                self.store.execute("REPLACE INTO kept VALUES (?, ?, ?)", (kind, key, json.dumps(value)))

    # --- signatures ----------------------------------------------------------------------------------------------

    def sign(self, payload: dict) -> str:
        return jws.serialize_compact({"alg": self.algorithm}, rfc8785.dumps(payload), self.key, [self.algorithm])

    def answer(self, last: str, code: str, reason: str = "", **more) -> Response:
        payload = {LAST: last, "responseCode": code} | more
        if reason:
            payload["reason"] = reason[:255]
        return pint_answer(HTTP[code], self.sign(payload))

    def caller(self, authorization: str) -> str | None:
        """The platform whose token this is."""
        given = authorization.removeprefix("Bearer ")
        return next((code for code, peer in self.peers.items() if given and peer["tokenIn"] == given), None)

    # --- the receiver --------------------------------------------------------------------------------------------

    def start(self, sender: str, envelope) -> Response:
        """POST /v3/envelopes."""
        try:
            document, signed = envelope["transportDocument"], envelope["envelopeTransferChain"]
            manifest_signed, reference = (
                envelope["envelopeManifestSignedContent"],
                document["transportDocumentReference"],
            )
            last = sha256(signed[-1])
        except (TypeError, KeyError, IndexError, AttributeError, ValueError) as error:
            raise Unsigned("this is no envelope of PINT 3.0.0") from error
        try:
            word = self.word_on(signed[-1])
            if word is not None and word.get("signed") == signed[-1]:
                return self.again(last, word)
            entries = [self.open_entry(each) for each in signed]
            manifest = self.trusted[sender].open(manifest_signed)
            self.check_manifest(document, last, manifest)
        except Refused as refused:
            return self.refuse(last, refused, signed[-1])
        except (KeyError, TypeError, AttributeError, ValueError):
            return self.refuse(last, Refused("BSIG", "something in it cannot be read"), signed[-1])
        if entries[-1].get("eblPlatform") != sender:
            raise Unsigned("the last entry is not by the platform that sends")
        if word is not None:  # on the same content, signed again
            return self.again(last, word)
        try:
            self.check_chain(document, signed, entries, manifest)
            recipient = self.check_recipient(entries)
            self.check_known(reference, document, signed, entries)
        except Refused as refused:
            return self.refuse(last, refused, signed[-1])
        except (KeyError, TypeError, AttributeError, ValueError):
            reason = "a member that PINT requires is missing or is not what it should be"
            return self.refuse(last, Refused("BENV", reason), signed[-1])
        return self.begin(reference, envelope, entries, manifest, last, recipient)

    def begin(self, reference, envelope, entries, manifest, last, recipient) -> Response:
        declared = {each["documentChecksum"]: each for each in declared_in(manifest)}
        active = self.get("active", reference)
        if active is None or active["last"] != last or active["declared"] != declared:
            active = {"reference": "env-" + uuid4().hex, "title": reference, "last": last, "declared": declared}
            active |= {"envelope": envelope, "entry": checksum(entries[-1]), "recipient": recipient}
            active["notice"] = entries[-1]["transactions"][-1]["actionCode"] in NOTICES
            self.put(("active", reference, active), ("envelope", active["reference"], reference))
        missing = self.missing(active)
        if not missing:
            return self.accept(active)
        body = {
            "envelopeReference": active["reference"],
            "transportDocumentChecksum": manifest["transportDocumentChecksum"],
        }
        return pint_answer(201, body | {LAST: last, "missingAdditionalDocumentChecksums": missing})

    def missing(self, active: dict) -> list[str]:
        return [each for each in active["declared"] if self.get("file", each) is None]

    def document(self, envelope_reference: str, document_checksum: str, body) -> Response:
        """PUT .../additional-documents/{checksum}."""
        active = self.active(envelope_reference)
        try:
            data = base64.b64decode(body, validate=True)
        except (ValueError, TypeError) as error:
            raise Unsigned("the body is a JSON string in base64") from error
        declared = active["declared"].get(document_checksum)
        if declared is None:
            return self.answer(active["last"], "INCD", "this document was not declared in the manifest")
        if sha256(data) != document_checksum or len(data) != declared["size"]:
            return self.answer(active["last"], "INCD", "checksum or size is not as declared")
        self.put(("file", document_checksum, base64.b64encode(data).decode()))
        return Response(status_code=204, headers={"API-Version": "3.0.0"})

    def finish(self, envelope_reference: str) -> Response:
        """PUT .../finish-transfer."""
        active = self.active(envelope_reference)
        word = self.get("word", active["entry"])
        if word is not None:
            return self.again(active["last"], word)
        missing = self.missing(active)
        if missing:
            return self.answer(active["last"], "MDOC", missingAdditionalDocumentChecksums=missing)
        return self.accept(active)

    def active(self, envelope_reference: str) -> dict:
        title = self.get("envelope", envelope_reference)
        active = self.get("active", title) if title else None
        if active is None or active["reference"] != envelope_reference:
            raise Unsigned("there is no such envelope")
        return active

    def accept(self, active: dict) -> Response:
        signed = active["envelope"]["envelopeTransferChain"]
        old = self.get("title", active["title"])
        try:  # it may have moved on since the start
            self.check_known(active["title"], active["envelope"]["transportDocument"], signed, [])
        except Refused as refused:
            return self.refuse(active["last"], refused, signed[-1])
        title = {"document": active["envelope"]["transportDocument"], "chain": signed, "holder": active["recipient"]}
        title |= {"at": "away" if active["notice"] else "here", "sequence": (old or {"sequence": 0})["sequence"] + 1}
        title["visualisation"] = claimed(signed[0]).get("eBLVisualisationByCarrier")
        word = {"code": "RECE", "signed": signed[-1], "received": list(active["declared"])}
        self.put(("title", active["title"], title), ("word", active["entry"], word))
        return self.answer(active["last"], "RECE", receivedAdditionalDocumentChecksums=word["received"])

    def again(self, last: str, word: dict) -> Response:
        """The last word on this entry, said again."""
        if word["code"] == "BENV":
            return self.answer(last, "BENV", word["reason"])
        more = {"duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent": word["signed"]}
        return self.answer(last, "DUPE", receivedAdditionalDocumentChecksums=word["received"], **more)

    def refuse(self, last: str, refused: Refused, entry: str) -> Response:
        """A BENV is for ever: this entry, whose signature holds, will never be accepted here."""
        if refused.code == "BENV":
            word = {"code": "BENV", "reason": refused.reason, "signed": entry}
            self.put(("word", checksum(claimed(entry)), word))
        return self.answer(last, refused.code, refused.reason)

    # --- what the receiver checks --------------------------------------------------------------------------------

    def word_on(self, entry: str) -> dict | None:
        """The last word on what was signed here, by whichever signature."""
        return self.get("word", checksum(claimed(entry)))

    def open_entry(self, compact: str) -> dict:
        trusted = self.trusted.get(claimed(compact).get("eblPlatform", ""))
        if trusted is None:
            raise Refused("BSIG", "an entry is by a platform whose certificates we do not have")
        return trusted.open(compact)

    def check_manifest(self, document, last, manifest) -> None:
        """Is this what the sender has signed for? If not, it was spoilt, and not by the sender."""
        if manifest[LAST] != last:
            raise Refused("BSIG", "the manifest is of another last entry")
        if manifest["transportDocumentChecksum"] != checksum(document):
            raise Refused("BSIG", "the manifest is of another transport document")

    def check_chain(self, document, signed, entries, manifest) -> None:
        of_document, previous = checksum(document), None
        for compact, entry in zip(signed, entries, strict=True):
            if entry["transportDocumentChecksum"] != of_document:
                raise Refused("BENV", "an entry is of another transport document")
            if entry.get("previousEnvelopeTransferChainEntrySignedContentChecksum") != previous:
                raise Refused("BENV", "the entries are not linked one to the next")
            if entry.get("eBLVisualisationByCarrier") != manifest.get("eBLVisualisationByCarrier"):
                raise Refused("BENV", "the visualisation is not the same in all entries")
            if previous is not None and "controlTrackingRegistry" in entry:
                raise Refused("BENV", "only the first entry names a control tracking registry")
            previous = sha256(compact)
        if "controlTrackingRegistry" in entries[0]:
            raise Refused("BENV", "we use no control tracking registry")
        self.check_issuance(document, of_document, entries)
        self.replay([each for entry in entries for each in entry["transactions"]])

    def check_issuance(self, document, of_document, entries) -> None:
        trusted = self.carriers.get(document["carrierCode"])
        if trusted is None:
            raise Refused("BSIG", "we do not have the certificates of this carrier")
        issuance = trusted.open(entries[0]["issuanceManifestSignedContent"])
        visualisation = entries[0].get("eBLVisualisationByCarrier", {}).get("documentChecksum")
        if issuance["documentChecksum"] != of_document:
            raise Refused("BENV", "the carrier issued another transport document")
        if issuance.get("eBLVisualisationByCarrierChecksum") != visualisation:
            raise Refused("BENV", "the carrier issued another visualisation")

    def replay(self, transactions) -> None:
        """Where it is, from the issue on; each transaction by that platform (who has it there need not be recorded)."""
        if [each["actionCode"] for each in transactions].count("ISSUE") != 1 or transactions[0][
            "actionCode"
        ] != "ISSUE":
            raise Refused("BENV", "ISSUE is the first transaction, and once")
        carrier, possessor, surrendered = transactions[0]["actor"], transactions[0]["recipient"], None
        for number, each in enumerate(transactions[1:], 1):
            action, actor = each["actionCode"], each["actor"]
            if action not in MOVES | NOTICES | ALONE:
                raise Refused("BENV", f"there is no action {action}")
            if actor["eblPlatform"] != possessor["eblPlatform"]:
                raise Refused("BENV", f"transaction {number} is not by the platform that has the title")
            if surrendered and action not in ("SACC", "SREJ"):
                raise Refused("BENV", "a surrendered title is the carrier's to accept or reject")
            if action.startswith("SURRENDER"):
                if not same(each["recipient"], carrier):
                    raise Refused("BENV", "a surrender goes to the carrier that issued")
                surrendered = actor
            elif action in ("SACC", "SREJ"):
                if surrendered is None:
                    raise Refused("BENV", "nothing was surrendered")
                surrendered = None
            if action == "SACC" and number < len(transactions) - 1:
                raise Refused("BENV", "nothing follows the acceptance of a surrender")
            if action in MOVES:
                possessor = each["recipient"]

    def check_recipient(self, entries) -> dict:
        """The account that the envelope is for."""
        transaction = entries[-1]["transactions"][-1]
        recipient = transaction.get("recipient")
        if transaction["actionCode"] not in MOVES | NOTICES or recipient is None:
            raise Refused("BENV", "nothing in this envelope is for another platform")
        if recipient["eblPlatform"] != self.code:
            raise Refused("BENV", "the recipient is on another platform")
        account = self.account(recipient["identifyingCodes"])
        if account is None:
            raise Refused("BENV", "nobody here has these codes")
        return account | {"eblPlatform": self.code}

    def account(self, codes) -> dict | None:
        """The one account that all these codes lead to."""
        wanted = [(each["codeListProvider"], each["partyCode"]) for each in codes]
        found = [
            account
            for account in self.accounts
            if all(
                code in [(c["codeListProvider"], c["partyCode"]) for c in account["identifyingCodes"]]
                for code in wanted
            )
        ]
        return found[0] if len(found) == 1 else None

    def check_known(self, reference, document, signed, entries) -> None:
        """Does it contradict what we know of this title?"""
        title = self.get("title", reference)
        if title is None:
            return
        mine = title["chain"]
        if checksum(title["document"]) != checksum(document):
            raise Refused("DISE", "we know this reference with another content")
        if title["at"] != "away" or signed[: len(mine)] != mine or len(signed) == len(mine):
            raise Refused("DISE", "this contradicts what we know of the title")

    # --- the sender ----------------------------------------------------------------------------------------------

    def transfer(self, reference: str, recipient: dict, documents: list[dict], action="TRANSFER", reason="") -> None:
        """Lock, store, then speak. `documents`: name, mediaType and content in base64. A surrender is a transfer to the
        carrier, with another `action`."""
        title = self.get("title", reference)
        if title is None or title["at"] != "here":
            raise Unsigned(f"{reference} is not here")
        declared = []
        for each in documents:
            data = base64.b64decode(each["content"])
            declared.append({"name": each["name"], "size": len(data), "mediaType": each["mediaType"]})
            declared[-1]["documentChecksum"] = sha256(data)
            self.put(("file", sha256(data), each["content"]))
        of_document, at = checksum(title["document"]), datetime.now(UTC).isoformat(timespec="milliseconds")
        transaction = {"actionCode": action, "actor": title["holder"], "recipient": recipient}
        if reason:
            transaction["reasonCode"] = reason
        entry = {
            "eblPlatform": self.code,
            "transportDocumentChecksum": of_document,
            "previousEnvelopeTransferChainEntrySignedContentChecksum": sha256(title["chain"][-1]),
            "transactions": [transaction | {"actionDateTime": at.replace("+00:00", "Z")}],
        }
        manifest = {"transportDocumentChecksum": of_document}
        if title["visualisation"]:
            entry["eBLVisualisationByCarrier"] = manifest["eBLVisualisationByCarrier"] = title["visualisation"]
        if declared:
            manifest["supportingDocuments"] = declared
        chain = [*title["chain"], self.sign(entry)]
        manifest[LAST] = sha256(chain[-1])
        envelope = {"transportDocument": title["document"], "envelopeTransferChain": chain}
        envelope["envelopeManifestSignedContent"] = self.sign(manifest)
        out = {"to": recipient["eblPlatform"], "envelope": envelope, "last": manifest[LAST]}
        out["files"] = [each["documentChecksum"] for each in declared_in(manifest)]
        self.put(
            ("title", reference, title | {"at": "sending", "sequence": title["sequence"] + 1}), ("out", reference, out)
        )
        self.courier(reference)

    def courier(self, reference: str) -> None:
        self.sending[reference] = asyncio.create_task(self.deliver(reference))

    async def deliver(self, reference: str) -> None:
        """Until the receiver has given its signed last word."""
        out, wait, tries = self.get("out", reference), self.config.get("retry", 0.2), 0
        while not self.settle(reference, out, await self.attempt(out)):
            tries += 1
            await asyncio.sleep(wait * min(tries, 20))

    async def attempt(self, out: dict) -> dict | None:
        """One try from the start: the signed outcome, if one comes that is of this entry."""
        body = await self.call(out, "POST", "/envelopes", out["envelope"])
        for _ in range(3):
            if not isinstance(body, dict) or "envelopeReference" not in body:
                break
            path = f"/envelopes/{body['envelopeReference']}"
            for each in body["missingAdditionalDocumentChecksums"]:
                if each in out["files"]:
                    to = f"{path}/additional-documents/{each}"
                    outcome = self.outcome(out, await self.call(out, "PUT", to, self.get("file", each)))
                    if outcome is not None and outcome["responseCode"] not in ("MDOC", "INCD"):
                        return outcome
            outcome = self.outcome(out, await self.call(out, "PUT", f"{path}/finish-transfer", None))
            if outcome is None or outcome["responseCode"] not in ("MDOC", "INCD"):
                return outcome
            body = body | {
                "missingAdditionalDocumentChecksums": outcome.get("missingAdditionalDocumentChecksums") or []
            }
        return self.outcome(out, body)

    async def call(self, out: dict, method: str, path: str, body) -> object:
        """The JSON that came back, whatever the status; None for silence and rubbish."""
        peer = self.peers[out["to"]]
        headers = {"Authorization": f"Bearer {peer['tokenOut']}", "API-Version": "3"}
        try:
            answer = await self.http.request(method, f"{peer['base']}/pint/v3{path}", json=body, headers=headers)
            return answer.json() if answer.content else None
        except (httpx.HTTPError, ValueError):
            return None

    def outcome(self, out: dict, body: object) -> dict | None:
        """A signed outcome of the receiver that names this entry."""
        if not isinstance(body, str):
            return None
        try:
            outcome = self.trusted[out["to"]].open(body)
        except Refused:
            return None
        return outcome if isinstance(outcome, dict) and outcome.get(LAST) == out["last"] else None

    def settle(self, reference: str, out: dict, outcome: dict | None) -> bool:
        """Rule 3. A BSIG is no end: after it the receiver may accept the same entry."""
        title, code = self.get("title", reference), (outcome or {}).get("responseCode")
        step = {"sequence": title["sequence"] + 1}
        if code in ("RECE", "DUPE"):
            chain = out["envelope"]["envelopeTransferChain"]
            self.put(("title", reference, title | step | {"at": "away", "chain": chain}))
            return True
        if code in ("BENV", "BETR"):
            self.put(("title", reference, title | step | {"at": "here"}))
            return True
        self.put(("title", reference, title | {"at": "in-doubt"}))
        return False

    def resume(self) -> None:
        """After a crash: what was under way goes on."""
        rows = self.store.execute("SELECT key, value FROM kept WHERE kind = 'title'").fetchall()
        for reference, value in rows:
            if json.loads(value)["at"] in ("sending", "in-doubt"):
                self.courier(reference)


def declared_in(manifest: dict) -> list[dict]:
    visualisation = manifest.get("eBLVisualisationByCarrier")
    return ([visualisation] if visualisation else []) + list(manifest.get("supportingDocuments") or [])


def same(one: dict, other: dict) -> bool:
    """One party: same platform, and a code in common."""
    codes = [{(c["codeListProvider"], c["partyCode"]) for c in party["identifyingCodes"]} for party in (one, other)]
    return one["eblPlatform"] == other["eblPlatform"] and bool(codes[0] & codes[1])


# --- HTTP ------------------------------------------------------------------------------------------------------------


def pint_answer(status: int, body) -> Response:
    return JSONResponse(body, status, headers={"API-Version": "3.0.0"})


def error(request: Request, status: int, text: str) -> Response:
    """DCSA's ErrorResponse, unsigned."""
    detail = {"errorCode": 7003, "errorCodeText": text[:100], "errorCodeMessage": text}
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    body = {"httpMethod": request.method, "requestUri": request.url.path, "statusCode": status, "errorDateTime": at}
    return pint_answer(
        status, body | {"statusCodeText": text[:50], "statusCodeMessage": text[:200], "errors": [detail]}
    )


def app_of(platform: Platform) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI):
        platform.resume()
        yield

    app = FastAPI(lifespan=lifespan)

    async def body_of(request: Request):
        try:
            return await request.json()
        except ValueError as wrong:
            raise Unsigned("the body is not JSON") from wrong

    def sender_of(request: Request) -> str | None:
        return platform.caller(request.headers.get("authorization", ""))

    @app.exception_handler(Unsigned)
    async def unsigned(request: Request, wrong: Exception) -> Response:
        return error(request, 404 if "no such" in str(wrong) else 400, str(wrong))

    @app.post("/pint/v3/envelopes")
    async def start(request: Request) -> Response:
        sender = sender_of(request)
        return platform.start(sender, await body_of(request)) if sender else error(request, 401, "who are you?")

    @app.put("/pint/v3/envelopes/{reference}/additional-documents/{document_checksum}")
    async def document(reference: str, document_checksum: str, request: Request) -> Response:
        if not sender_of(request):
            return error(request, 401, "who are you?")
        return platform.document(reference, document_checksum, await body_of(request))

    @app.put("/pint/v3/envelopes/{reference}/finish-transfer")
    async def finish(reference: str, request: Request) -> Response:
        return platform.finish(reference) if sender_of(request) else error(request, 401, "who are you?")

    @app.post("/pint/v3/receiver-validation")
    async def validate(request: Request) -> Response:
        if not sender_of(request):
            return error(request, 401, "who are you?")
        code = await body_of(request)
        known = isinstance(code, dict) and {"codeListProvider", "partyCode"} <= set(code)
        account = platform.account([code]) if known else None
        return (
            pint_answer(200, {"partyName": account["partyName"]}) if account else error(request, 404, "unknown party")
        )

    # What your users and your conformance run need; PINT says nothing of it.
    @app.post("/transfers")
    async def transfer(request: Request) -> Response:
        asked = await body_of(request)
        more = {
            name: asked[given] for name, given in (("action", "action"), ("reason", "reasonCode")) if given in asked
        }
        platform.transfer(asked["reference"], asked["recipient"], asked.get("documents", []), **more)
        return JSONResponse({}, 202)

    @app.get("/titles")
    async def titles(at: str = "here") -> Response:
        rows = platform.store.execute("SELECT key, value FROM kept WHERE kind = 'title' ORDER BY rowid").fetchall()
        return JSONResponse([key for key, value in rows if json.loads(value)["at"] == at])

    @app.get("/titles/{reference}")
    async def title(reference: str, request: Request) -> Response:
        found = platform.get("title", reference)
        return (
            JSONResponse({"at": found["at"], "holder": found["holder"]})
            if found
            else error(request, 404, "no such title")
        )

    return app


def main() -> None:
    """Configuration in one file or several: `peers` and `carriers` of all of them count."""
    config: dict = {"peers": {}, "carriers": {}}
    for each in sys.argv[1:]:
        told = json.loads(Path(each).read_text(encoding="utf-8"))
        config |= told | {name: config[name] | told.get(name, {}) for name in ("peers", "carriers")}
    listening = socket.create_server(("127.0.0.1", config["port"]))
    print(f"{config['code']} listens at http://127.0.0.1:{config['port']}", flush=True)
    uvicorn.Server(uvicorn.Config(app_of(Platform(config)), log_level="warning")).run(sockets=[listening])


if __name__ == "__main__":
    main()
