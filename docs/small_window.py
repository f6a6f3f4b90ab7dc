"""A small single window that is a member of a hub, whole in one file: a start for your own.

    python docs/small_window.py window.json

It needs fastapi, uvicorn, httpx, joserfc, cryptography, rfc8785 and lxml, and nothing of Tradebridge. How to connect
it, and what is in window.json, is told by docs/connect-a-window.md. What it keeps to:

1. It verifies before it reads: the hub's note first, by a key of the trust list; then that the note is of this very
   delivery, original and rendition. What does not hold is not acknowledged, and holds up nothing beside it.
2. It stores before it answers (one SQLite file), and acknowledges again what comes again.
3. What it says is made and signed once, kept, and sent until there is an answer: the same bytes each time. An answer
   that refuses ends it; silence, 429 and 5xx do not.
4. A key counts for what the list says it is for, and for as long; the header of a signature decides nothing.

What it does not do: renditions of its own (it takes originals), uses, verification on request.
"""

import asyncio
import base64
import hashlib
import json
import secrets
import socket
import sqlite3
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import rfc8785
import uvicorn
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from lxml import etree

DOCUMENT, NOTE = "tradebridge-document+jws", "tradebridge-note+jws"
ACK, EVENT = "tradebridge-ack+jws", "tradebridge-event+jws"
REGISTRY = jws.JWSRegistry(strict_check_header=False)
"""joserfc knows no `iat` in a header; what may stand there, `Window.check_header` says."""
ENDS = {"cancelled", "replaced", "expired"}
HEADER = {"alg", "typ", "kid", "iat"}
AHEAD = timedelta(minutes=5)
DS, XADES = "{http://www.w3.org/2000/09/xmldsig#}", "{http://uri.etsi.org/01903/v1.3.2#}"
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
REASON = {"code": "my-window.please-look", "text": "Please look at this again."}


class No(Exception):
    """What does not hold, in words."""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(part: str) -> bytes:
    data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64url(data) != part:
        raise ValueError("base64url that is not canonical")
    return data


def read_json(data: bytes | str):
    """JSON without a name that stands twice. Raises ValueError."""

    def once(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a member stands twice")
        return dict(pairs)

    return json.loads(data, object_pairs_hook=once)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def now() -> datetime:
    return datetime.now(UTC)


def text_of(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Key:
    """One key of the trust list."""

    member: str
    country: str
    issues: list[str]
    kid: str
    certificate: x509.Certificate
    purposes: list[str]
    since: datetime
    until: datetime
    withdrawn: datetime | None

    @property
    def is_ec(self) -> bool:
        return isinstance(self.certificate.public_key(), ec.EllipticCurvePublicKey)

    @property
    def algorithm(self) -> str:
        return "ES256" if self.is_ec else "PS256"

    @property
    def jwk(self) -> ECKey | RSAKey:
        pem = self.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return (ECKey if self.is_ec else RSAKey).import_key(pem)


def keys_of(trust: dict) -> dict[str, Key]:
    """All keys of a trust list, by `kid`."""
    keys = {}
    for member in [trust["hub"], *trust["members"]]:
        for told in member["keys"]:
            keys[told["kid"]] = Key(
                member["id"],
                member.get("country", ""),
                member.get("issues", []),
                told["kid"],
                x509.load_pem_x509_certificate(told["certificate"].encode()),
                told["purposes"],
                moment(told["notBefore"]),
                moment(told["notAfter"]),
                moment(told["withdrawn"]) if told.get("withdrawn") else None,
            )
    return keys


class Window:
    """One window: its key, whom it trusts, its store."""

    def __init__(self, config: dict, trust: dict) -> None:
        self.config, self.member, self.keys = config, config["member"], keys_of(trust)
        pem = Path(config["key"]).read_bytes()
        self.key = ECKey.import_key(pem)
        public = load_pem_private_key(pem, None).public_key()
        self.kid = next((each.kid for each in self.keys.values() if each.certificate.public_key() == public), "")
        if not self.kid:
            raise SystemExit(f"The trust list has no key of {self.member} that is that of {config['key']}.")
        self.store = sqlite3.connect(config.get("store", ":memory:"), isolation_level=None, check_same_thread=False)
        self.store.execute("CREATE TABLE IF NOT EXISTS kept (kind, key, value, PRIMARY KEY (kind, key))")
        self.http = httpx.AsyncClient(
            base_url=config["hub"], headers=self.who(), timeout=config.get("timeout", 30.0), trust_env=False
        )
        self.tasks: set[asyncio.Task] = set()

    # --- The store ----------------------------------------------------------------------------------------------------

    def put(self, kind: str, key: str, value) -> None:
        self.store.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (kind, key, json.dumps(value)))

    def get(self, kind: str, key: str):
        row = self.store.execute("SELECT value FROM kept WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return json.loads(row[0]) if row else None

    # --- Verifying what others signed ---------------------------------------------------------------------------------

    def signed(self, token: str, typ: str, purpose: str) -> tuple[Key, bytes]:
        """Whose key signed a compact JWS, and the payload. Raises No."""
        try:
            parts = token.split(".")
            header, payload = read_json(from_base64url(parts[0])), from_base64url(parts[1])
        except (ValueError, IndexError) as error:
            raise No("no compact JWS") from error
        self.check_header(header, typ)
        self.check_typ(header, typ)
        key = self.key_of(header, typ)
        self.check_signature(token, header, key)
        self.check_purpose(key, purpose, typ)
        self.check_time(datetime.fromtimestamp(header["iat"], UTC), typ)
        self.check_key_time(key, datetime.fromtimestamp(header["iat"], UTC), typ)
        return key, payload

    def check_header(self, header: dict, typ: str) -> None:
        if not isinstance(header, dict) or set(header) != HEADER or not isinstance(header["iat"], int):
            raise No("the header is not exactly alg, typ, kid and iat")

    def check_typ(self, header: dict, typ: str) -> None:
        if header["typ"] != typ:
            raise No(f"it is a {header['typ']}")

    def key_of(self, header: dict, typ: str) -> Key:
        if header["kid"] not in self.keys:
            raise No(f"nobody trusted has the key {header['kid']}")
        return self.keys[header["kid"]]

    def check_signature(self, token: str, header: dict, key: Key) -> None:
        try:
            jws.deserialize_compact(token, key.jwk, algorithms=[key.algorithm], registry=REGISTRY)
        except (JoseError, ValueError) as error:
            raise No("the signature does not match") from error

    def check_purpose(self, key: Key, purpose: str, typ: str) -> None:
        if purpose not in key.purposes:
            raise No(f"the key of {key.member} is for {key.purposes}")

    def check_time(self, at: datetime, typ: str) -> None:
        if at > now() + AHEAD:
            raise No("it was signed in the future")

    def check_key_time(self, key: Key, at: datetime, typ: str) -> None:
        for each in (at, now()):
            if not key.since <= each <= key.until or (key.withdrawn is not None and each >= key.withdrawn):
                raise No("the key was not valid, or is no longer")

    # --- Taking delivery ----------------------------------------------------------------------------------------------

    def take(self, deliveries: list[dict]) -> list[str]:
        """The acknowledgements of what holds."""
        acknowledgements = []
        for each in deliveries:
            try:
                acknowledgements.append(self.acknowledge(each, self.judged(each)))
            except No as why:
                print(f"not taken: {each.get('id')}: {why}", file=sys.stderr)
        return acknowledgements

    def pushed(self, body: bytes) -> Response:
        """The answer to a push."""
        try:
            deliveries = json.loads(body)["deliveries"]
        except (ValueError, TypeError, KeyError):
            return JSONResponse({"title": "no deliveries"}, 400)
        return JSONResponse({"acknowledgements": self.take(deliveries)})

    def judged(self, delivery: dict) -> dict:
        """The note of a delivery that holds. Raises No."""
        note = self.note_of(delivery["note"])
        original = base64.b64decode(delivery["original"])
        rendition = None if delivery["rendition"] is None else base64.b64decode(delivery["rendition"])
        self.check_recipient(note)
        self.check_delivery(note, delivery)
        self.check_message(note, delivery)
        self.check_original(note, original)
        self.check_rendition(note, rendition)
        return note

    def note_of(self, token: str) -> dict:
        _, payload = self.signed(token, NOTE, "note")
        return self.read_note(payload)

    def read_note(self, payload: bytes) -> dict:
        try:
            return read_json(payload)
        except ValueError as error:
            raise No(f"the note: {error}") from error

    def check_recipient(self, note: dict) -> None:
        if note["recipient"] != self.member:
            raise No(f"it is for {note['recipient']}")

    def check_delivery(self, note: dict, delivery: dict) -> None:
        if note["delivery"] != delivery["id"]:
            raise No("the note is of another delivery")

    def check_message(self, note: dict, delivery: dict) -> None:
        if note["messageId"] != delivery["messageId"]:
            raise No("the note is of another message")

    def check_original(self, note: dict, original: bytes) -> None:
        if note["original"]["digest"] != sha256(original):
            raise No("the original is another one than the note's")

    def check_rendition(self, note: dict, rendition: bytes | None) -> None:
        if (note["rendition"] is None) != (rendition is None):
            raise No("there is a rendition and the note tells of none, or the other way round")
        if rendition is not None and note["rendition"]["digest"] != sha256(rendition):
            raise No("the rendition is another one than the note's")

    def acknowledge(self, delivery: dict, note: dict) -> str:
        """Keep it, and only then say so."""
        if note["profile"] == "tradebridge-event/1":
            token = base64.b64decode(delivery["original"]).decode()
            self.hear(note["documentId"], read_json(from_base64url(token.split(".")[1])))
        else:
            original = base64.b64decode(delivery["original"])
            kept = {"note": note, "content": self.content_digest(original), "original": delivery["original"]}
            self.put("document", note["documentId"], kept)
        return self.sign(self.acknowledgement(delivery, note), ACK)

    def hear(self, document_id: str, event: dict) -> None:
        """What somebody said of a document, which may come before the document itself."""
        life = self.life(document_id)
        seen = max(life["sequence"], event["expectedSequence"] + 1)
        self.put("life", document_id, {"sequence": seen, "ended": life["ended"] or event["type"] in ENDS})

    def life(self, document_id: str) -> dict:
        return self.get("life", document_id) or {"sequence": 0, "ended": False}

    def acknowledgement(self, delivery: dict, note: dict) -> dict:
        return {
            "delivery": delivery["id"],
            "digest": note["original"]["digest"],
            "member": self.member,
            "messageId": delivery["messageId"],
            "time": text_of(now()),
        }

    def content_digest(self, original: bytes) -> str:
        """Of a JWS: of its payload. Of XML: of its canonical form without the signature."""
        if original.lstrip().startswith(b"<"):
            root = etree.fromstring(original, etree.XMLParser(resolve_entities=False, no_network=True))
            return sha256(canonical(without(root, root.find(f"{DS}Signature"))))
        return sha256(from_base64url(original.decode().split(".")[1]))

    def sign(self, payload: dict, typ: str) -> str:
        header = {"alg": "ES256", "typ": typ, "kid": self.kid, "iat": int(now().timestamp())}
        return jws.serialize_compact(header, rfc8785.dumps(payload), self.key, registry=REGISTRY)

    def who(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.config['apiKey']}"}

    async def pull(self) -> None:
        """Ask for the inbox, for ever: for a window that has no address."""
        while True:
            try:
                page = await self.http.get("/v1/inbox?wait=20&limit=100")
                acknowledgements = self.take(page.json()["deliveries"])
                if acknowledgements:
                    await self.http.post("/v1/inbox:ack", json={"acknowledgements": acknowledgements})
            except (httpx.HTTPError, ValueError, KeyError) as error:
                print(f"nothing from the inbox: {error!r}", file=sys.stderr)
                await asyncio.sleep(self.config.get("retry", 1.0))

    # --- Saying something ---------------------------------------------------------------------------------------------

    def send(self, to: str) -> str:
        """Sign a document, keep it, and have it sent. Its number."""
        number = f"{self.config['country']}-{now().year}-{secrets.randbelow(90_000) + 10_000}"
        document = json.loads(Path(self.config["document"]).read_text("utf-8")) | {"number": number}
        self.post("/v1/documents", self.sign(document, DOCUMENT), self.headers(to, number))
        return number

    def headers(self, to: str, number: str) -> dict[str, str]:
        return {"Tradebridge-To": to, "Idempotency-Key": number}

    def decide(self, document_id: str, says: str) -> bool:
        """What an officer says of a document, as a signed event; whether that may be said."""
        kept = self.get("document", document_id)
        if kept is None or self.life(document_id)["ended"]:
            return False
        event = self.event(document_id, kept, says)
        self.post(f"/v1/documents/{document_id}/events", self.sign(event, EVENT), {})
        self.hear(document_id, event)
        return True

    def event(self, document_id: str, kept: dict, says: str) -> dict:
        return {
            "id": "evt_" + "".join(secrets.choice(ALPHABET) for _ in range(26)),
            "type": says,
            "document": {"id": document_id, "contentDigest": kept["content"]},
            "recipient": self.member,
            "expectedSequence": self.life(document_id)["sequence"],
            "actor": {"member": self.member, "person": "Officer 7 (simulated)", "role": "officer"},
            "at": text_of(now()),
            "reasons": [] if says == "accepted" else [REASON],
            "body": {},
        }

    def post(self, path: str, token: str, headers: dict[str, str]) -> None:
        """Keep it, then send it until there is an answer."""
        key = secrets.token_hex(8)
        self.put("out", key, {"path": path, "token": token, "headers": headers})
        task = asyncio.get_running_loop().create_task(self.deliver(key))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def deliver(self, key: str) -> None:
        out = self.get("out", key)
        while not self.is_final(await self.attempt(out)):
            await asyncio.sleep(self.config.get("retry", 1.0))
        self.store.execute("DELETE FROM kept WHERE kind = 'out' AND key = ?", (key,))

    async def attempt(self, out: dict) -> int | None:
        """The status of the answer; None if there was none."""
        headers = {"Content-Type": "application/jose", **out["headers"]}
        try:
            return (await self.http.post(out["path"], content=out["token"], headers=headers)).status_code
        except httpx.HTTPError:
            return None

    def is_final(self, status: int | None) -> bool:
        return status is not None and status != 429 and status < 500

    # --- Verifying documents ------------------------------------------------------------------------------------------

    def verdict(self, data: bytes) -> str:
        """Did a member that may issue it sign just this?"""
        try:
            self.document(data)
        except No as why:
            print(f"no: {why}", file=sys.stderr)
            return "no"
        return "yes"

    def document(self, data: bytes) -> None:
        """Raises No."""
        if data.lstrip().startswith(b"<"):
            key, country = self.signed_xml(data)
        else:
            key, payload = self.signed(data.decode("ascii", "replace"), DOCUMENT, "document")
            country = self.read_document(payload).get("issuingCountry", "")
        self.check_issuer(key, country)

    def read_document(self, payload: bytes) -> dict:
        try:
            return dict(read_json(payload))
        except (ValueError, TypeError) as error:
            raise No(f"the document: {error}") from error

    def check_issuer(self, key: Key, country: str) -> None:
        if key.country != country:
            raise No(f"{key.member} may not issue for {country}")

    def signed_xml(self, data: bytes) -> tuple[Key, str]:
        """Whose key made the one enveloped XAdES signature, and the document's country. Raises No."""
        try:
            root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError as error:
            raise No(f"no XML: {error}") from error
        signature = root.find(f"{DS}Signature")
        if signature is None:
            raise No("no signature")
        properties = signature.find(f"{DS}Object/{XADES}QualifyingProperties/{XADES}SignedProperties")
        info = signature.find(f"{DS}SignedInfo")
        if info is None or properties is None:
            raise No("no XAdES")
        der = base64.b64decode(signature.findtext(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate", ""))
        key = next((each for each in self.keys.values() if each.certificate.public_bytes(Encoding.DER) == der), None)
        if key is None or not key.is_ec:
            raise No("nobody trusted has this certificate")
        self.check_purpose(key, "document", DOCUMENT)
        self.check_shape(root, signature)
        value = base64.b64decode(signature.findtext(f"{DS}SignatureValue", ""))
        pair = encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
        try:
            key.certificate.public_key().verify(pair, canonical(info), ec.ECDSA(SHA256()))
        except InvalidSignature as error:
            raise No("the signature does not match") from error
        digests = [base64.b64decode(each.findtext(f"{DS}DigestValue", "")) for each in info.findall(f"{DS}Reference")]
        if len(digests) != 2 or hashlib.sha256(canonical(properties)).digest() != digests[1]:
            raise No("the signed properties were changed")
        self.check_content(root, signature, digests[0])
        at = moment(properties.findtext(f"{XADES}SignedSignatureProperties/{XADES}SigningTime", ""))
        self.check_time(at, DOCUMENT)
        self.check_key_time(key, at, DOCUMENT)
        return key, root.findtext("{*}Declaration/{*}OriginCountryCode", "")

    def check_shape(self, root, signature) -> None:
        """One signature, and in it what belongs there: no document can hide inside."""
        inside = [child for each in signature.findall(f"{DS}Object") for child in each]
        if len(list(root.iter(f"{DS}Signature"))) != 1 or [each.tag for each in inside] != [
            f"{XADES}QualifyingProperties"
        ]:
            raise No("there is something else inside the signature")

    def check_content(self, root, signature, digest: bytes) -> None:
        """What was signed is the whole document without the signature."""
        if hashlib.sha256(canonical(without(root, signature))).digest() != digest:
            raise No("the document was changed")


def canonical(element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_tail=False)


def without(root, signature):
    """A copy without its signature; what follows the signature stays."""
    copy = etree.fromstring(etree.tostring(root))
    found = copy.find(f"{DS}Signature")
    if signature is None or found is None:
        return copy
    before, parent = found.getprevious(), found.getparent()
    if before is not None:
        before.tail = (before.tail or "") + (found.tail or "")
    else:
        parent.text = (parent.text or "") + (found.tail or "")
    parent.remove(found)
    return copy


# --- The door ---------------------------------------------------------------------------------------------------------


def app_of(window: Window) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI):
        tasks = [asyncio.create_task(window.pull())] if window.config.get("pull") else []
        for (key,) in window.store.execute("SELECT key FROM kept WHERE kind = 'out'").fetchall():
            tasks.append(asyncio.create_task(window.deliver(key)))  # what was not answered before the last end
        yield
        for each in [*tasks, *window.tasks]:
            each.cancel()
        await window.http.aclose()

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.post("/push")
    async def push(request: Request) -> Response:
        return window.pushed(await request.body())

    # What the kit tells a window by; the hub knows nothing of these.
    @app.post("/send", status_code=202)
    async def send(request: Request) -> Response:
        return JSONResponse({"number": window.send((await request.json())["to"])}, 202)

    @app.post("/decide")
    async def decide(request: Request) -> Response:
        told = await request.json()
        return JSONResponse({}, 202 if window.decide(told["document"], told["says"]) else 404)

    @app.post("/verify")
    async def verify(request: Request) -> Response:
        return JSONResponse({"verdict": window.verdict(await request.body())})

    return app


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    window = Window(config, json.loads(Path(config["trust"]).read_text("utf-8")))
    listening = socket.create_server(("127.0.0.1", config["port"]))
    print(f"{window.member} listens at http://127.0.0.1:{config['port']}", flush=True)
    uvicorn.Server(uvicorn.Config(app_of(window), log_level="warning")).run(sockets=[listening])


if __name__ == "__main__":
    main()
