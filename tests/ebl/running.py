"""Simulated platforms as processes of their own, connected with each other and with a carrier that writes down.

`trio(folder)` gives three of them, STRA, MEKO and FUJI, each a `python -P -m simulator.platform` at an address that it
keeps when it is killed and started again. `issue` makes a title; `holders` counts who holds it, by reading the
platforms' own stores, and never by asking them.
"""

import base64
import hashlib
import json
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI, Request
from fastapi.responses import Response

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.issuance import manifest_of
from schemas.bill_of_lading.pint import Party
from simulator.platforms import PURPOSE, token_of
from tests.ebl import cast
from tests.serving import served
from tradebridge.ebl.seal import seal
from tradebridge.ebl.titles import text_of
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import test_signer

SEED = "lading"
CODES = ("STRA", "MEKO", "FUJI")
PATIENCE = 20.0
RETRIES = {"first": 0.1, "factor": 1.5, "longest": 0.5, "attempts": 1000, "slow": 1.0, "timeout": 5.0}
JSON = dict[str, Any]
T = TypeVar("T")


def eventually(look: Callable[[], T], what: str = "", patience: float = PATIENCE) -> T:
    """What `look` gives once it is true; fails after a while."""
    end = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience} s: {what or look}, but {found!r}")
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def key_of(code: str) -> LocalSigner:
    return test_signer(SEED, code, PURPOSE)


def certificate_of(code: str) -> str:
    return key_of(code).certificate.public_bytes(Encoding.PEM).decode("ascii")


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# --- A platform ------------------------------------------------------------------------------------------------------


class Process:
    """One simulated platform over a folder, started, killed and started again at the same address."""

    def __init__(self, code: str, folder: Path, config: Mapping[str, Any], port: int = 0) -> None:
        self.code = code
        self.folder = folder
        self.config: JSON = dict(config)
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: tuple[int, int] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, hold: str = "") -> "Process":
        """Until it is ready. `hold`: the step at which it stops for good."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "held").unlink(missing_ok=True)
        file = self.folder / "platform.json"
        file.write_text(json.dumps(self.config), "utf-8")
        reading, ready = os.pipe()
        parent = self._pipe = os.pipe()
        command = [sys.executable, "-P", "-m", "simulator.platform", "--code", self.code, "--port", str(self.port)]
        command += ["--data", str(self.folder), "--config", str(file), *(["--hold", hold] if hold else [])]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TRADEBRIDGE_")}
        environment |= {"TRADEBRIDGE_READY_FD": str(ready), "TRADEBRIDGE_PARENT_PIPE": str(parent[0])}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=environment, pass_fds=(ready, parent[0]), stdout=log, stderr=log
            )
        os.close(ready)
        there = select.select([reading], [], [], PATIENCE)[0]
        with os.fdopen(reading) as lines:
            line = lines.readline() if there else ""
        if not line:
            raise AssertionError(f"{self.code} did not start: {self.log()[-2000:]}")
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

    def restart(self, hold: str = "") -> "Process":
        self.kill()
        return self.start(hold)

    def held(self) -> bool:
        return (self.folder / "held").exists()

    def wait_held(self, step: str) -> None:
        eventually(self.held, f"{self.code} stands at {step}")
        assert (self.folder / "held").read_text() == step

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    # --- as a peer: DCSA's paths --------------------------------------------------------------------------------------

    def call(
        self, method: str, path: str, body: Any = None, token: str = "", timeout: float = PATIENCE, **more: Any
    ) -> httpx.Response:
        """`path` with `/pint/v3` or `/ebl/v3`; `token` of who calls (`token_of(SEED, code, self.code)`)."""
        headers = dict(more.pop("headers", {})) | ({"Authorization": f"Bearer {token}"} if token else {})
        if body is not None and not isinstance(body, bytes):
            body, headers = text_of(body).encode(), {"Content-Type": "application/json"} | headers
        return httpx.request(
            method, f"{self.url}{path}", content=body, headers=headers, timeout=timeout, trust_env=False, **more
        )

    def as_peer(self, sender: str, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """A call by another platform, or by the carrier."""
        return self.call(method, path, body, token_of(SEED, sender, self.code), **more)

    # --- as a user ----------------------------------------------------------------------------------------------------

    def act(self, reference: str, action: str, actor: Party, recipient: Party | None = None, **more: Any) -> JSON:
        """An action that must be taken; what it answers."""
        answer = self.try_act(reference, action, actor, recipient, **more)
        assert answer.status_code == 200, answer.text
        told: JSON = answer.json()
        return told

    def try_act(
        self, reference: str, action: str, actor: Party, recipient: Party | None = None, **more: Any
    ) -> httpx.Response:
        body = {"action": action, "actor": pint.to_json(actor), **more}
        if recipient is not None:
            body["recipient"] = pint.to_json(recipient)
        return self.call("POST", f"/v1/titles/{reference}/actions", body)

    def title(self, reference: str) -> JSON:
        """Empty: it has none."""
        answer = self.call("GET", f"/v1/titles/{reference}")
        found: JSON = answer.json() if answer.status_code == 200 else {}
        return found

    def chain(self, reference: str) -> JSON:
        answer = self.call("GET", f"/v1/titles/{reference}/chain")
        assert answer.status_code == 200, answer.text
        found: JSON = answer.json()
        return found

    def transfer(self, transfer: str) -> JSON:
        answer = self.call("GET", f"/v1/transfers/{transfer}")
        assert answer.status_code == 200, answer.text
        found: JSON = answer.json()
        return found

    def settled(self, transfer: str) -> JSON:
        """The transfer, once it has its outcome."""
        return eventually(
            lambda: found if (found := self.transfer(transfer))["state"] not in ("sending", "in-doubt") else {},
            f"an outcome of {transfer}",
        )

    def stands(self, reference: str, at: str) -> JSON:
        """The title, once it is there."""
        return eventually(
            lambda: found if (found := self.title(reference)).get("at") == at else {},
            f"{reference} is {at} on {self.code}: {self.title(reference)}",
        )

    # --- its store, read from outside ---------------------------------------------------------------------------------

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        path = self.folder / "platform.sqlite"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query, values).fetchall()


# --- A carrier that writes down --------------------------------------------------------------------------------------


@dataclass
class Carrier:
    """What it was told, and the status that it answers next (used up in order; then 204)."""

    url: str = ""
    issued: list[JSON] = field(default_factory=list)
    surrenders: list[JSON] = field(default_factory=list)
    says: list[int] = field(default_factory=list)

    def response_to(self, reference: str) -> JSON:
        """The issuance response for this document, once it came."""
        return eventually(
            lambda: next((each for each in self.issued if each["transportDocumentReference"] == reference), {}),
            f"an issuance response for {reference}",
        )

    def surrender_of(self, reference: str, place: int = 0) -> JSON:
        def look() -> JSON:
            found = [each for each in self.surrenders if each["transportDocumentReference"] == reference]
            known = list({each["surrenderRequestReference"]: each for each in found}.values())
            return known[place] if len(known) > place else {}

        return eventually(look, f"a surrender request for {reference}")


@contextmanager
def carrier() -> Iterator[Carrier]:
    """Its endpoints for issuance responses and surrender requests, served in a thread."""
    one, app = Carrier(), FastAPI()

    def status() -> Response:
        return Response(status_code=one.says.pop(0) if one.says else 204)

    @app.post("/ebl/v3/ebl-issuance-responses")
    async def response(request: Request) -> Response:
        answer = status()
        if answer.status_code == 204:
            one.issued.append(await request.json())
        return answer

    @app.post("/ebl/v3/ebl-surrender-requests")
    async def surrender(request: Request) -> Response:
        answer = status()
        if answer.status_code == 204:
            one.surrenders.append(await request.json())
        return answer

    with served(app) as one.url:
        yield one


# --- Several, connected ----------------------------------------------------------------------------------------------


@dataclass
class Platforms:
    """Platforms that know each other."""

    processes: dict[str, Process]
    carrier: Carrier
    documents: int = 0

    def __getitem__(self, code: str) -> Process:
        return self.processes[code]

    def issue(
        self,
        kind: str = "blank",
        *,
        on: str = "STRA",
        to: Party = cast.EXPORTER,
        rendering: bytes | None = None,
        **changes: Any,
    ) -> str:
        """A title, issued on this platform to this party: its reference, once the carrier knows of it."""
        self.documents += 1
        reference = changes.pop("transportDocumentReference", f"SIML27{self.documents:05}")
        request = issuance_request(cast.document(kind, transportDocumentReference=reference, **changes), to, rendering)
        answer = self[on].as_peer(cast.CARRIER_CODE, "PUT", "/ebl/v3/ebl-issuance-requests", request)
        assert answer.status_code == 204, answer.text
        response = self.carrier.response_to(reference)
        assert response["issuanceResponseCode"] == "ISSU", response
        return str(reference)

    def holders(self, reference: str) -> list[str]:
        """Who holds the title, by the stores: platforms where it is here, and senders whose envelope its receiver has
        not accepted. Exactly one until it is ended."""
        found = []
        for process in self.processes.values():
            for row in process.rows("select * from ebl_titles where reference = ?", reference):
                if row["at"] == "here":
                    found.append(process.code)
                elif row["at"] in ("sending", "in-doubt") and not self._accepted(process, row["transfer"]):
                    found.append(f"{process.code} {row['at']}")
        return found

    def _accepted(self, sender: Process, transfer: str) -> bool:
        (row,) = sender.rows("select receiver, content from ebl_transfers where id = ?", transfer)
        receiver = self.processes.get(row["receiver"])
        query = "select 1 from ebl_incoming where content = ? and state = 'accepted'"
        return receiver is not None and bool(receiver.rows(query, row["content"]))


def issuance_request(
    document: JSON, to: Party, rendering: bytes | None = None, carrier: str = cast.CARRIER_CODE
) -> JSON:
    """The body of `PUT /ebl/v3/ebl-issuance-requests`, signed by the carrier."""
    issue_to = cast.issue_to(to)
    request: JSON = {
        "document": document,
        "issueTo": issue_to,
        "issuanceManifestSignedContent": seal(manifest_of(document, issue_to, rendering), key_of(carrier)),
    }
    if rendering is not None:
        content = base64.b64encode(rendering).decode("ascii")
        request["eBLVisualisationByCarrier"] = {"name": "Bill.pdf", "content": content}
    return request


def configuration(code: str, ports: Mapping[str, int], carrier_url: str, **changes: Any) -> JSON:
    """A platform that knows all of `ports`, and the carrier. Keys and tokens come from the seed."""
    here = [each for each in cast.EVERYBODY if each.ebl_platform == code and each is not cast.CARRIER]
    return {
        "seed": SEED,
        "patience": RETRIES,
        "peers": [
            {"code": other, "base": f"http://127.0.0.1:{port}"} for other, port in ports.items() if other != code
        ],
        "carriers": [
            {
                "code": cast.CARRIER_CODE,
                "name": cast.CARRIER.party_name,
                "base": carrier_url,
                "party": pint.to_json(cast.CARRIER.model_copy(update={"ebl_platform": code})),
            }
        ],
        "accounts": [
            {
                "id": each.identifying_codes[0].party_code,
                "partyName": each.party_name,
                "identifyingCodes": [pint.to_json(code) for code in each.identifying_codes],
            }
            for each in here
        ],
    } | changes


@contextmanager
def platforms(folder: Path, codes: Sequence[str] = CODES, *, start: bool = True, **changes: Any) -> Iterator[Platforms]:
    """So many platforms, connected. `changes`: members of every configuration."""
    with carrier() as one:
        ports = {code: free_port() for code in codes}
        processes = {
            code: Process(code, folder / code, configuration(code, ports, one.url, **changes), ports[code])
            for code in codes
        }
        try:
            for process in processes.values() if start else ():
                process.start()
            yield Platforms(processes, one)
        finally:
            for process in processes.values():
                process.kill()


def trio(folder: Path, **changes: Any) -> Any:
    """STRA, MEKO and FUJI."""
    return platforms(folder, **changes)
