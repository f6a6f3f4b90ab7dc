"""A control tracking registry at the border of the platforms' processes: a server in a thread over the pure state
machine (schemas/bill_of_lading/control.py). It can fall silent, and lose what it has answered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from schemas.bill_of_lading.control import Control, Statement, apply, unregistered
from schemas.bill_of_lading.pint import read
from schemas.content import sha256_hex
from schemas.findings import Finding
from tests.ebl.cast import CARRIER_CODE, NOW
from tests.ebl.running import JSON, certificate_of, key_of
from tests.serving import served
from tradebridge.ebl.registering import judge_registration
from tradebridge.ebl.seal import Trust, Trusted, open_sealed, peek, seal

CODE = "CTR"
CARRIERS = Trust({}, {code: Trusted(code, (key_of(code).certificate,)) for code in (CARRIER_CODE, "SIM2", "SIMK")})


@dataclass
class Registry:
    url: str = ""
    controls: dict[str, Control] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    silent: bool = False
    loses: int = 0
    """So many answers are lost after what they answer was done."""
    carriers: Trust = CARRIERS
    now: Callable[[], datetime] = lambda: NOW

    @property
    def base(self) -> str:
        return f"{self.url}/ctr/v1"

    def configuration(self) -> JSON:
        return {
            "registry": self.base,
            "registries": [{"base": self.base, "certificates": [certificate_of(CODE)], "token_out": "any"}],
        }

    def control(self, title: str) -> str:
        return self.controls[title].platform

    def take(self, compact: str) -> tuple[int, JSON]:
        claimed = peek(compact)
        platform = claimed["platform"] if isinstance(claimed, dict) else ""
        claims = open_sealed(compact, Trusted(platform, (key_of(platform).certificate,)), NOW)
        statement = read(Statement, claims)
        if not isinstance(statement, Statement):
            return 422, {"code": "unreadable"}
        refused = judge_registration(statement, self.carriers, NOW)
        title = statement.transport_document_checksum
        self.said.append(f"{platform} {statement.type}")
        after = refused[0] if refused else apply(self.controls.get(title), statement)
        if not isinstance(after, Finding):
            self.controls[title] = after
        control = self.controls.get(title) or unregistered(title)
        asked = sha256_hex(compact.encode())
        state = control.to_json(self.base, self.now(), statement.entry, asked=asked, by=platform)
        body: JSON = {"state": state, "statement": seal(state, key_of(CODE))}
        return (after.status, body | {"code": after.code}) if isinstance(after, Finding) else (200, body)

    def look_up(self, title: str, asked: str) -> tuple[int, JSON]:
        control = self.controls.get(title)
        state = (control or unregistered(title)).to_json(self.base, self.now(), asked=asked)
        return (404 if control is None else 200), {"state": state, "statement": seal(state, key_of(CODE))}


@contextmanager
def registry() -> Iterator[Registry]:
    one, app = Registry(), FastAPI()

    @app.post("/ctr/v1/statements")
    async def statements(request: Request) -> Response:
        if one.silent:
            return Response(status_code=503)
        status, body = one.take((await request.body()).decode("ascii"))
        if one.loses:
            one.loses -= 1
            return Response(status_code=502)
        return JSONResponse(body, status)

    @app.get("/ctr/v1/titles/{title}")
    async def titles(title: str, asked: str = "") -> Response:
        if one.silent:
            return Response(status_code=503)
        status, body = one.look_up(title, asked)
        return JSONResponse(body, status)

    with served(app) as one.url:
        yield one


def title_of(platform_title: dict[str, Any]) -> str:
    """How the registry names a title."""
    return str(platform_title["transportDocumentChecksum"])
