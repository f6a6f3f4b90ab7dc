"""A carrier in a process of its own, and those it speaks to: an eBL platform and a consumer, each a server in a thread.

The platform here is a stand-in at the border of the process: it writes down what it is told, and answers as the test
says. The real one is `simulator.platform`; `test_with_a_platform.py` uses that.
"""

import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from schemas.bill_of_lading.dcsa import encode
from schemas.bill_of_lading.examples import shipping_instructions, transport_document
from simulator.carrier import office_of
from tests.serving import served
from tradebridge.ebl.carrier import api, consumer
from tradebridge.ebl.carrier.app import carrier_app
from tradebridge.ebl.carrier.office import Office, no_step
from tradebridge.ebl.carrier.settings import Settings
from tradebridge.ebl.carrier.store import Store
from tradebridge.evidence.simulation import test_signer

SEED = "carrier-tests"
CLOCK = datetime(2026, 1, 5, 9, tzinfo=UTC)
PATIENCE = 30.0
SHIPPER = "shipper-token"
MANUAL = dict.fromkeys(
    ("draft", "update", "amendment", "issue", "surrenderForDelivery", "surrenderForAmendment", "reissue", "complete"),
    "manual",
)
JSON = dict[str, Any]


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def eventually(look: Callable[[], Any], what: str = "") -> Any:
    """What `look` gives once it is true; fails after a while."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {PATIENCE} s: {what or look}")


# --- Documents -------------------------------------------------------------------------------------------------------


def instructions(variant: int = 0, **changes: Any) -> JSON:
    """Shipping instructions as a shipper sends them. Variant 0 is straight, 1 to order, 2 a sea waybill."""
    value: JSON = orjson.loads(encode(shipping_instructions(number="SI-1", variant=variant)))
    for name in ("shippingInstructionsReference", "shippingInstructionsStatus", "shippingInstructionsRevisionNumber"):
        value.pop(name, None)
    if variant % 3 != 2:
        value["documentParties"]["issueTo"]["sendToPlatform"] = "STRA"
    return value | changes


def booking() -> JSON:
    """A booking with a voyage, out of the example document."""
    document = orjson.loads(encode(transport_document(number="SIML2600041", at=CLOCK)))
    return {"transports": document["transports"], "members": {"charges": document["charges"]}}


def configuration(**changes: Any) -> JSON:
    document = orjson.loads(encode(transport_document(number="SIML2600041")))
    return {
        "carrierCode": "SIML",
        "issuingParty": document["documentParties"]["issuingParty"],
        "seed": SEED,
        "clock": CLOCK.isoformat(),
        "booking": booking(),
        "consumers": [
            {"id": "SHIPPER", "tokenIn": digest("shipper-token")},
            {"id": "OTHER", "tokenIn": digest("other-token")},
        ],
        "platforms": [],
        "retry": {"first": 0.05, "most": 0.2, "timeout": 3.0},
    } | changes


# --- The carrier -----------------------------------------------------------------------------------------------------


class Carrier:
    """`python -P -m simulator.carrier` over a folder, killed and started again at the same address."""

    def __init__(self, folder: Path, config: Mapping[str, Any], port: int = 0) -> None:
        self.folder = folder
        self.port = port
        self.config = dict(config)
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: tuple[int, int] | None = None
        self._client = httpx.Client(timeout=PATIENCE, trust_env=False)

    def start(self, hold: str = "") -> "Carrier":
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "carrier.json"
        file.write_text(json.dumps(self.config))
        reading, ready = os.pipe()
        parent = self._pipe = os.pipe()
        environment = os.environ | {"TRADEBRIDGE_READY_FD": str(ready), "TRADEBRIDGE_PARENT_PIPE": str(parent[0])}
        command = [
            sys.executable,
            "-P",
            "-m",
            "simulator.carrier",
            "--data",
            str(self.folder),
            "--port",
            str(self.port),
        ]
        command += ["--config", str(file), *(["--hold", hold] if hold else [])]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, pass_fds=(ready, parent[0]), stderr=log)
        os.close(ready)
        if not select.select([reading], [], [], PATIENCE)[0]:
            raise AssertionError(f"the carrier did not start: {(self.folder / 'log').read_text()[-2000:]}")
        with os.fdopen(reading) as lines:
            line = lines.readline()
        if not line:
            raise AssertionError(f"the carrier ended: {(self.folder / 'log').read_text()[-2000:]}")
        self.url = json.loads(line)["url"]
        return self

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
        if self._pipe is not None:
            for end in self._pipe:
                os.close(end)
            self._pipe = None

    def wait_held(self, place: str) -> None:
        eventually(lambda: (self.folder / "held").exists(), f"the carrier stands at {place}")
        assert (self.folder / "held").read_text() == place

    # --- speaking with it ---------------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: Any = None, token: str = SHIPPER, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        if body is not None and not isinstance(body, bytes):
            body, headers = orjson.dumps(body), headers | {"Content-Type": "application/json"}
        return self._client.request(method, f"{self.url}/ebl/v3{path}", content=body, headers=headers, **more)

    def submit(self, body: JSON, token: str = SHIPPER) -> str:
        answer = self.call("POST", "/shipping-instructions", body, token)
        assert answer.status_code == 202, answer.text
        assert list(answer.json()) == ["shippingInstructionsReference"]
        return str(answer.json()["shippingInstructionsReference"])

    def case(self, reference: str) -> JSON:
        answer = self.officer("GET", f"/cases/{reference}")
        found: JSON = answer.json() if answer.status_code == 200 else {}
        return found

    def stands(self, reference: str, **tracks: str | None) -> JSON:
        """The case, once its tracks stand so and nothing waits to be processed."""

        def look() -> JSON | None:
            found = self.case(reference)
            there = found and all(found["carriage"][track] == status for track, status in tracks.items())
            return found if there and not found["waiting"] else None

        try:
            stood: JSON = eventually(look)
            return stood
        except AssertionError:
            found = self.case(reference)
            told = found.get("instructions", {}).get("feedbacks")
            raise AssertionError(f"{reference} {tracks}, not {found.get('carriage')}; {told}") from None

    def step(self, reference: str, step: str, **body: Any) -> httpx.Response:
        return self.officer("POST", f"/cases/{reference}/steps", {"step": step} | body)

    def took(self, reference: str, step: str, **body: Any) -> JSON:
        answer = self.step(reference, step, **body)
        assert answer.status_code == 200, answer.text
        found: JSON = answer.json()
        return found

    def officer(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self._client.request(method, f"{self.url}/_carrier/v1{path}", json=body)


@contextmanager
def carrier(folder: Path, **config: Any) -> Iterator[Carrier]:
    """The same carrier over real HTTP, served in a thread: for tests that kill nothing."""
    one = Carrier(folder, configuration(**config))
    office = office_of(Settings.model_validate(one.config), no_step)
    with served(carrier_app(office, folder)) as one.url:
        yield one


# --- Whom it speaks to -----------------------------------------------------------------------------------------------


@dataclass
class Platform:
    """What a platform was told, and what it says next: statuses, used up in order; then 204."""

    url: str = ""
    requests: list[JSON] = field(default_factory=list)
    answers: list[JSON] = field(default_factory=list)
    """To surrenders."""
    tokens: set[str] = field(default_factory=set)
    says: list[int] = field(default_factory=list)
    chains: dict[str, list[JSON]] = field(default_factory=dict)

    def settings(self, code: str = "STRA") -> JSON:
        return {"code": code, "base": self.url, "tokenOut": f"to-{code}", "tokenIn": digest(f"from-{code}")}

    def respond(self, running: Carrier, reference: str, code: str = "ISSU", **more: Any) -> httpx.Response:
        body = {"transportDocumentReference": reference, "issuanceResponseCode": code} | more
        return running.call("POST", "/ebl-issuance-responses", body, "from-STRA")

    def surrender(self, running: Carrier, reference: str, code: str = "SREQ", **more: Any) -> httpx.Response:
        body = {
            "surrenderRequestReference": f"SRR-{reference}-{code}",
            "transportDocumentReference": reference,
            "surrenderRequestCode": code,
        } | more
        return running.call("POST", "/ebl-surrender-requests", body, "from-STRA")


@contextmanager
def platform() -> Iterator[Platform]:
    app, one = FastAPI(), Platform()

    def answer() -> Response:
        status = one.says.pop(0) if one.says else 204
        error = {"errors": [{"errorCodeText": "said", "errorCodeMessage": f"as the test says: {status}"}]}
        return Response(status_code=204) if status == 204 else JSONResponse(error, status)

    @app.put("/ebl/v3/ebl-issuance-requests")
    async def issuance(request: Request) -> Response:
        one.tokens.add(request.headers.get("Authorization", ""))
        one.requests.append(orjson.loads(await request.body()))
        return answer()

    @app.post("/ebl/v3/ebl-surrender-responses")
    async def surrender(request: Request) -> Response:
        one.tokens.add(request.headers.get("Authorization", ""))
        one.answers.append(orjson.loads(await request.body()))
        return answer()

    @app.get("/ebl/v3/endorsement-chains/{reference}")
    async def chain(reference: str) -> Response:
        if reference not in one.chains:
            return JSONResponse({}, 404)
        return JSONResponse(one.chains[reference])

    with served(app) as url:
        one.url = url
        yield one


@dataclass
class Consumer:
    """A consumer's endpoints, with what they have taken."""

    url: str
    store: Store

    def received(self) -> list[JSON]:
        return self.store.do_now(consumer.received)

    def subscription(self, *, full: bool = False) -> JSON:
        return {"base": self.url, "reference": "SUB-1", "full": full, "tokenOut": "to-shipper"}


@contextmanager
def consumer_at(folder: Path) -> Iterator[Consumer]:
    store = Store(folder / "consumer.sqlite")
    app = FastAPI()
    app.include_router(consumer.router(store, lambda token: token == "to-shipper"))
    settings = Settings.model_validate(configuration())
    api.add_refusals(app, Office(settings, test_signer(SEED, "SIML", "pint"), lambda: datetime.now(UTC)))
    with served(app) as url:
        yield Consumer(url, store)
    store.close()
