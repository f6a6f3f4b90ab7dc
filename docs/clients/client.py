"""A member of a hub in Python, with httpx and cryptography only: it sends, takes delivery, decides.

    API_KEY=... python client.py HUB MEMBER KEY.pem CERT.pem DOCUMENT.json RECIPIENT

1. The document is signed as a compact JWS (ES256) and sent; the hub's receipt is checked with its key of GET /v1/trust.
2. What lies in the inbox is checked by the hub's note, kept, and acknowledged, signed.
3. Each certificate among it is accepted: an event, signed.
"""

import base64
import hashlib
import json
import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ECDSA = ec.ECDSA(SHA256())


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def canonical(value: dict) -> bytes:
    """RFC 8785, of members that are text and whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Signer:
    """The member's key. Its name is MEMBER#THUMBPRINT (RFC 7638)."""

    def __init__(self, member: str, pem: bytes) -> None:
        self.key = load_pem_private_key(pem, None)
        numbers = self.key.public_key().public_numbers()
        x, y = (encode(each.to_bytes(32, "big")) for each in (numbers.x, numbers.y))
        jwk = canonical({"crv": "P-256", "kty": "EC", "x": x, "y": y})
        self.kid = f"{member}#{encode(hashlib.sha256(jwk).digest())}"

    def sign(self, payload: bytes, kind: str) -> str:
        header = {"alg": "ES256", "typ": f"tradebridge-{kind}+jws", "kid": self.kid}
        header["iat"] = int(datetime.now(UTC).timestamp())
        signing_input = f"{encode(json.dumps(header).encode())}.{encode(payload)}"
        r, s = decode_dss_signature(self.key.sign(signing_input.encode(), ECDSA))
        return f"{signing_input}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def said_by_hub(token: str, kind: str, trust: dict) -> dict:
    """The payload of what the hub signed. Raises SystemExit or InvalidSignature if it did not."""
    header, payload, signature = token.split(".")
    stated = json.loads(decode(header))
    found = [each for each in trust["hub"]["keys"] if each["kid"] == stated["kid"] and kind in each["purposes"]]
    if not found or stated["typ"] != f"tradebridge-{kind}+jws":
        raise SystemExit(f"this is no {kind} of the hub: {stated}")
    raw = decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = x509.load_pem_x509_certificate(found[0]["certificate"].encode()).public_key()
    public.verify(der, f"{header}.{payload}".encode(), ECDSA)
    return json.loads(decode(payload))


def checked(answer: httpx.Response) -> dict:
    if answer.is_error:
        raise SystemExit(f"{answer.request.url} answered {answer.status_code}: {answer.text}")
    return answer.json()


def main(url: str, member: str, key: str, certificate: str, document: str, recipient: str) -> None:
    signer = Signer(member, Path(key).read_bytes())
    headers = {"Authorization": f"Bearer {os.environ['API_KEY']}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as hub:
        trust = checked(hub.get("/v1/trust"))

        token = signer.sign(Path(document).read_bytes(), "document").encode()
        more = {"Tradebridge-To": recipient, "Idempotency-Key": secrets.token_hex(16)}
        accepted = checked(hub.post("/v1/documents", content=token, headers=more))
        receipt = said_by_hub(accepted["receipt"], "receipt", trust)
        if receipt["bytesDigest"] != hashlib.sha256(token).hexdigest():
            raise SystemExit("the receipt is for other bytes")
        print("sent", accepted["number"], accepted["id"], "receipt of", receipt["time"])

        for delivery in checked(hub.get("/v1/inbox?wait=20"))["deliveries"]:
            note = said_by_hub(delivery["note"], "note", trust)
            original = base64.b64decode(delivery["original"])
            digest = hashlib.sha256(original).hexdigest()
            if note["original"]["digest"] != digest or note["delivery"] != delivery["id"]:
                raise SystemExit(f"the note is not of this delivery: {note}")
            Path(f"{note['messageId']}.received").write_bytes(original)

            said = {"delivery": delivery["id"], "messageId": note["messageId"], "digest": digest}
            ack = signer.sign(canonical(said | {"member": member, "time": now()}), "ack")
            settled = checked(hub.post("/v1/inbox:ack", json={"acknowledgements": [ack]}))["results"][0]
            print("took", note["number"], "from", note["sender"], settled["status"])
            if note["profile"] == "tradebridge-event/1":
                continue

            summary = checked(hub.get(f"/v1/documents/{note['documentId']}/summary"))
            event = {
                "id": f"evt_{secrets.token_hex(13)}",
                "type": "accepted",
                "document": {"id": note["documentId"], "contentDigest": summary["contentDigest"]},
                "recipient": member,
                "expectedSequence": summary["recipients"][member]["sequence"],
                "actor": {"member": member, "person": "Officer 1", "role": "officer"},
                "at": now(),
            }
            token = signer.sign(canonical(event), "event")
            decided = checked(hub.post(f"/v1/documents/{note['documentId']}/events", content=token))
            said_by_hub(decided["receipt"], "receipt", trust)
            print("decided", note["number"], decided["state"])


if __name__ == "__main__":
    main(*sys.argv[1:7])
