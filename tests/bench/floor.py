"""The floor: what the same work costs with nothing around it. Two parts, each in a process of its own.

    python -m tests.bench.floor app         a bare FastAPI application on uvicorn, uvloop and httptools that answers an
                                            empty POST: what HTTP costs
    python -m tests.bench.floor loop DIR    a bare loop over documents that makes, for each, the library calls of
                                            exchange/intake.py, and nothing else: what the work costs

For each document the loop does, in this order:

    parse               lxml and exclusive C14N; or base64 and json
    verify              SHA-256 of the content; for XML of the signed properties; ECDSA over what was signed
    validate            the profile's own decode and check
    sign                the receipt: canonical JSON, ECDSA
    group commit        the rows of exchange.messages.keep and exchange.intake._keep, SQLAlchemy Core on SQLite with
                        synchronous=FULL, 32 documents in one transaction, a savepoint each

It checks nothing of the shape of a signature, judges no limit, asks no policy, keeps no connection, and would accept
what the hub refuses: it is a floor, not a hub. If a signature or a document does not hold, it stops.
"""

import json
import socket
import sys
import threading
import time
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from fastapi import FastAPI
from lxml import etree
from sqlalchemy import Engine, insert
from starlette.responses import Response

from exchange.keys import HUB
from exchange.store import database as store
from exchange.store import tables as t
from schemas.content import DSIG, SIGNATURE, Content, Syntax
from schemas.registry import Context, profile_of
from tests.bench.children import serve_jobs
from tests.bench.documents import NOW, read
from tests.exchange.cast import FORM_D, SEED
from tradebridge.evidence.simulation import test_signer

GROUP = 32
SENDER, RECIPIENT = "SG-NSW", "TH-NSW"
RECEIVED_AT = "2026-01-05T09:00:00Z"

# --- the empty POST --------------------------------------------------------------------------------------------------


def serve_app() -> None:
    """Serve until standard input ends; the first line of standard output says the port."""
    app = FastAPI(openapi_url=None)

    @app.post("/empty")
    async def empty() -> Response:
        return Response(status_code=202)

    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    config = uvicorn.Config(app, log_config=None, access_log=False, loop="uvloop", http="httptools", ws="none")
    server = uvicorn.Server(config)

    def end_with_input() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=end_with_input, daemon=True).start()
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    server.run([listening])


# --- the bare loop ---------------------------------------------------------------------------------------------------

SIGNER_KEY = test_signer(SEED, SENDER).private_key.public_key()
HUB_SIGNER = test_signer(SEED, HUB, "receipt")
ES256 = ec.ECDSA(SHA256())
_found = profile_of(FORM_D)
assert _found is not None
PROFILE = _found


def parse_and_verify_xml(data: bytes) -> Content:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(data, parser)
    signature = root.find(SIGNATURE)
    assert signature is not None
    root.remove(signature)
    content = c14n(root)
    signed_info, value, _, wrapper = signature
    properties = wrapper[0][0]
    stated, stated_properties = signed_info.iterfind(f"{{{DSIG}}}Reference/{{{DSIG}}}DigestValue")
    digest = sha256(content)
    assert b64decode(stated.text or "") == digest.digest()
    assert b64decode(stated_properties.text or "") == sha256(c14n(properties)).digest()
    verify_ecdsa(b64decode(value.text or ""), c14n(signed_info))
    return Content(
        Syntax.XML, "application/xml", data, content, digest.hexdigest(), sha256(data).hexdigest(), tree=root
    )


def c14n(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def parse_and_verify_json(data: bytes) -> Content:
    header, payload, signature = data.split(b".")
    verify_ecdsa(from_base64url(signature), header + b"." + payload)
    assert json.loads(from_base64url(header))["alg"] == "ES256"
    content = from_base64url(payload)
    value = json.loads(content)
    digest = sha256(content).hexdigest()
    return Content(Syntax.JSON, "application/jose", data, content, digest, sha256(data).hexdigest(), value=value)


def from_base64url(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def verify_ecdsa(value: bytes, signed: bytes) -> None:
    """Raises InvalidSignature."""
    assert isinstance(SIGNER_KEY, ec.EllipticCurvePublicKey)
    encoded = encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
    SIGNER_KEY.verify(encoded, signed, ES256)


def sign_receipt(message: Mapping[str, Any]) -> str:
    """A compact JWS: canonical JSON, ECDSA with SHA-256."""
    header = orjson.dumps({"alg": "ES256", "typ": "tradebridge-receipt+jws", "kid": HUB_SIGNER.kid, "iat": 1767603600})
    payload = orjson.dumps(message, option=orjson.OPT_SORT_KEYS)
    signed = urlsafe_b64encode(header).rstrip(b"=") + b"." + urlsafe_b64encode(payload).rstrip(b"=")
    return (signed + b"." + urlsafe_b64encode(HUB_SIGNER.sign(signed)).rstrip(b"=")).decode()


def rows_of(data: bytes, content: Content, number: str | None) -> list[tuple[Any, dict[str, Any]]]:
    """Everything that is written of one document: message, leaf, delivery, document, standing, entry of the feed."""
    name = f"{time.time_ns() // 1_000_000:010x}{content.bytes_digest[:16]}"  # sorts by time, as an id of the hub
    document, message, delivery = f"doc_{name}", f"msg_{name}", f"dlv_{name}"
    digests = {"bytesDigest": content.bytes_digest, "contentDigest": content.content_digest}
    facts = {"messageId": message, "documentId": document, "member": SENDER, "profile": FORM_D, "time": RECEIVED_AT}
    receipt = sign_receipt({**facts, **digests, "recipients": [RECIPIENT], "simulated": True, "space": ""})
    answer = {**facts, **digests, "number": number, "recipients": [RECIPIENT], "findings": [], "receipt": receipt}
    record = orjson.dumps({**facts, **digests, "kind": "document", "space": ""}, option=orjson.OPT_SORT_KEYS)
    salt = sha256(message.encode()).digest()
    leaf = sha256(salt + record).digest()
    news = {"at": RECEIVED_AT, "document": document, "message": message, "number": number, "sender": SENDER}
    return [
        (
            t.messages,
            {
                "id": message,
                "kind": "document",
                "document_id": document,
                "member": SENDER,
                "profile": FORM_D,
                "media_type": content.media_type,
                "bytes": data,
                "bytes_digest": content.bytes_digest,
                "content_digest": content.content_digest,
                "received_at": RECEIVED_AT,
                "receipt": receipt,
                "attestation": None,
                "idempotency_key": None,
                "answer": orjson.dumps(answer).decode(),
            },
        ),
        (
            t.leaves,
            {
                "record_id": message,
                "leaf": leaf,
                "salt": salt,
                "record": record,
                "leaf_hash": sha256(b"\0" + leaf).digest(),
            },
        ),
        (
            t.deliveries,
            {
                "id": delivery,
                "message_id": message,
                "document_id": document,
                "recipient": RECIPIENT,
                "state": "due",
                "due_at": time.time(),
                "attempts": 0,
            },
        ),
        (
            t.documents,
            {
                "id": document,
                "message_id": message,
                "profile": FORM_D,
                "number": number,
                "identity": f"{FORM_D} country:SG {number}",
                "content_digest": content.content_digest,
                "sender": SENDER,
                "issuer": SENDER,
                "signer": orjson.dumps({"member": SENDER, "signedAt": RECEIVED_AT}).decode(),
                "findings": "[]",
                "state": "live",
                "received_at": RECEIVED_AT,
                "row": time.time_ns() // 1000,
            },
        ),
        (t.standings, {"document_id": document, "recipient": RECIPIENT, "state": "received", "sequence": 0}),
        (
            t.feed,
            {
                "kind": "document.accepted",
                "members": f",{SENDER},{RECIPIENT},",
                "data": orjson.dumps(news).decode(),
            },
        ),
    ]


def commit(engine: Engine, group: Sequence[list[tuple[Any, dict[str, Any]]]]) -> None:
    """One transaction, one flush to disk; a savepoint for each document."""
    with engine.begin() as connection:
        for rows in group:
            with connection.begin_nested():
                for table, values in rows:
                    connection.execute(insert(table).inline(), values)


def run_loop(engine: Engine, documents: Sequence[bytes], seconds: float) -> Mapping[str, Any]:
    """As many of the documents as fit into this time."""
    done, began, group = 0, time.perf_counter(), []
    for data in documents:
        content = parse_and_verify_xml(data) if data[:1] == b"<" else parse_and_verify_json(data)
        document = PROFILE.decode(content).document
        assert document is not None and not PROFILE.check(document, Context(NOW))
        group.append(rows_of(data, content, document.number))
        if len(group) == GROUP:
            commit(engine, group)
            done, group = done + len(group), []
            if time.perf_counter() - began > seconds:
                break
    if group:
        commit(engine, group)
    taken = time.perf_counter() - began
    return {"done": done + len(group), "seconds": taken, "per_s": (done + len(group)) / taken}


def serve_loop(folder: Path) -> None:
    database = store.open_database(f"sqlite:///{folder / 'floor.sqlite'}")
    store.create(database)

    def do(job: Mapping[str, Any]) -> Mapping[str, Any]:
        documents = read(Path(job["documents"]), job["start"], job["count"])
        return run_loop(database.writing, documents, job["seconds"])

    serve_jobs(do)
    database.close()


if __name__ == "__main__":
    serve_app() if sys.argv[1] == "app" else serve_loop(Path(sys.argv[2]))
