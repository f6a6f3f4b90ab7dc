"""Two hubs that are platforms for each other, a carrier that issues, and parties: for tests of titles.

The second hub has a platform code of its own and lies over SQLite; both speak PINT with each other over HTTP. The
carrier is the test: it hands in issuance requests and surrender responses as a member.
"""

import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from schemas.bill_of_lading.issuance import manifest_of
from schemas.event import Actor, Event, Subject, TitleEvent, encode_event
from tests.ebl.cast import document
from tests.exchange.cast import FORM_AJ, NOW, SEED, TRANSPORT_DOCUMENT, Cast, description, signer
from tests.exchange.running import hub_in_thread
from tests.exchange.test_platforms import pem
from tradebridge.ebl.seal import seal
from tradebridge.evidence import jws
from tradebridge.evidence.simulation import derived_id, hmac_value, test_api_key, test_signer

HERE, THERE = "TBHB", "TBH2"
SEEDS = {HERE: SEED, THERE: "second"}


def party(name: str, platform: str = HERE) -> dict[str, Any]:
    return {"partyName": name, "eblPlatform": platform, "identifyingCodes": [code(name)]}


def code(name: str) -> dict[str, str]:
    return {"codeListProvider": "ZZZ", "partyCode": name.upper().replace(" ", "-")}


def account(name: str) -> dict[str, Any]:
    return {"partyName": name, "identifyingCodes": [code(name)]}


PARTIES = {"EXPORTER-SYS": ["Exporter", "Second Exporter"], "BANK-SYS": ["Bank"], "BUYER-SYS": ["Buyer"]}
"""Members with accounts, on either hub."""


def eventually(question: Callable[[], Any], seconds: float = 10) -> Any:
    """The first answer that is true."""
    end = time.monotonic() + seconds
    while True:
        found = question()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.02)


class CarriersDoor(ThreadingHTTPServer):
    """Where the carrier is asked to surrender, and told what became of its issuance requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Asked(BaseHTTPRequestHandler):
    server: CarriersDoor

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        names = ("surrenderRequestReference", "transportDocumentReference")
        answer = json.dumps({name: body[name] for name in names if name in body}).encode()
        self.send_response(202)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


@dataclass
class Hubs:
    """Both, and what the test does on them."""

    here: Cast
    there: Cast
    carrier: CarriersDoor

    def surrender_asked(self, number: str) -> str:
        """The reference of the last surrender request for a bill, once the carrier has been asked."""

        def asked() -> list[str]:
            return [
                body["surrenderRequestReference"]
                for path, body in self.carrier.asked
                if path.endswith("/ebl-surrender-requests") and body["transportDocumentReference"] == number
            ]

        return str(eventually(asked)[-1])

    def cast(self, platform: str) -> Cast:
        return self.here if platform == HERE else self.there

    def get(self, path: str, member: str = "OPERATOR", platform: str = HERE, **options: Any) -> httpx.Response:
        key = test_api_key(SEED, member)
        headers = {"Authorization": f"Bearer {key}", **options}
        return httpx.get(f"{self.cast(platform).url}{path}", headers=headers, timeout=20)

    def issue(
        self,
        number: str,
        kind: str = "blank",
        to: str = "Exporter",
        platform: str = HERE,
        rendering: bytes | None = None,
        version: str | None = None,
        **more: Any,
    ) -> httpx.Response:
        """The carrier asks `platform` to issue; the answer. `more`: members of the request."""
        value = document(kind, transportDocumentReference=number)
        value |= {"transportDocumentSubReference": version} if version else {}
        request = {
            "document": value,
            "issueTo": {"sendToPlatform": platform, "partyName": to, "identifyingCodes": [code(to)]},
        } | more
        if rendering is not None:
            named = {"name": "Bill.pdf", "content": b64encode(rendering).decode(), "contentType": "application/pdf"}
            request["eBLVisualisationByCarrier"] = named
        manifest = seal(manifest_of(value, request["issueTo"], rendering), signer("CARRIER-SIM", "pint"))
        body = {**request, "issuanceManifestSignedContent": manifest}
        headers = {"Authorization": f"Bearer {test_api_key(SEED, 'CARRIER-SIM')}"}
        url = f"{self.cast(platform).url}/ebl/v3/ebl-issuance-requests"
        return httpx.put(url, json=body, headers=headers, timeout=20)

    def title(self, number: str, platform: str = HERE, member: str = "OPERATOR") -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/v1/titles/{number}", member, platform).json()
        return found

    def event(
        self, number: str, member: str, body: dict[str, Any], platform: str = HERE, sequence: int | None = None,
        kind: TitleEvent = TitleEvent.TITLE, event_id: str = "",
    ) -> tuple[str, str]:  # fmt: skip
        """A signed event on the document of a title, and that document's id."""
        title = self.title(number, platform)
        summary = self.cast(platform).operator.summary(title["document"])
        stated = title["sequence"] if sequence is None else sequence
        value = hmac_value(SEED, "event", f"{number} {platform} {member} {kind} {body}".encode(), stated)
        said = Event(
            id=event_id or derived_id("evt", NOW, value),
            type=kind,
            document=Subject(id=summary["id"], content_digest=summary["contentDigest"]),
            recipient=None,
            expected_sequence=stated,
            actor=Actor(member=member, person="Clerk 1"),
            at=NOW,
            body=body,
        )
        return jws.sign(encode_event(said), jws.EVENT, signer(member, "event"), NOW), title["document"]

    def act(self, number: str, member: str, action: str, actor: str, **more: Any) -> dict[str, Any]:
        """A member acts for its party; the answer. Raises `Refused`."""
        platform, sequence = more.pop("platform", HERE), more.pop("sequence", None)
        body = {"action": action, "actor": party(actor, platform), **more}
        event, document_id = self.event(number, member, body, platform, sequence)
        return dict(self.cast(platform)[member].send_event(document_id, event).raw)


def _join(cast: Cast, carriers_url: str, other: str, other_url: str) -> None:
    """The carrier, the parties and the other hub become members."""
    trades = {"sends": [TRANSPORT_DOCUMENT], "accepts": [TRANSPORT_DOCUMENT], "kind": "platform"}
    key = {"certificate": pem(signer("CARRIER-SIM", "pint").certificate), "purposes": ["pint"]}
    carrier = description("CARRIER-SIM", country="SG", carriers=["SIML"], ebl={"url": carriers_url}, **trades)
    cast.operator.add_member(carrier | {"keys": [*carrier["keys"], key]})
    for member, names in PARTIES.items():
        accounts = [account(name) for name in names]
        cast.operator.add_member(description(member, country="SG", accounts=accounts, **trades))
    peer = test_signer(SEEDS[other], "HUB", "pint").certificate
    described = description("OTHER-HUB", country="JP", kind="platform", sends=[], accepts=[])
    ebl = {"platform": other, "url": other_url, "token": test_api_key(SEED, "OTHER-HUB")}
    ebl["registry"] = f"{other_url}/ctr/v1"
    keys = [*described["keys"], {"certificate": pem(peer), "purposes": ["pint"]}]
    cast.operator.add_member(described | {"ebl": ebl, "keys": keys})
    cast.operator.add_member(description("JP-NACCS", accepts=[FORM_AJ, TRANSPORT_DOCUMENT]))
    cast.operator.add_member(description("SG-NSW"))


@contextmanager
def two_hubs(folder: Path, database_url: str = "", **settings: Any) -> Iterator[Hubs]:
    with (
        hub_in_thread(folder / "here", database_url, **settings) as here,
        hub_in_thread(
            folder / "there", seed=SEEDS[THERE], platform_code=THERE, operator_key=test_api_key(SEED, "OPERATOR")
        ) as there,
    ):
        carrier = CarriersDoor()
        try:
            _join(here, carrier.url, THERE, there.url)
            _join(there, carrier.url, HERE, here.url)
            yield Hubs(here, there, carrier)
        finally:
            carrier.shutdown()
            carrier.server_close()
