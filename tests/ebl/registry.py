"""A control tracking registry at the border of the platforms' processes: a server in a thread over the pure state
machine (schemas/bill_of_lading/control.py). It can fall silent, and lose what it has answered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from schemas.bill_of_lading.control import Control, Said, Statement, apply
from schemas.bill_of_lading.pint import read
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
        refused = judge_registration(statement, CARRIERS, NOW) if statement.type is Said.REGISTER else ()
        if refused:
            return 422, {"code": refused[0].code}
        title = statement.transport_document_checksum
        self.said.append(f"{platform} {statement.type}")
        after = apply(self.controls.get(title), statement)
        if not isinstance(after, Finding):
            self.controls[title] = after
        control = self.controls.get(title)
        if control is None:
            return 404, {"code": "control.unknown-title"}
        offer = control.offer(statement.entry)
        state = control.to_json(self.base, self.now()) | {"offer": None if offer is None else offer.to_json()}
        body: JSON = {"state": state, "statement": seal(state, key_of(CODE))}
        return (409, body | {"code": after.code}) if isinstance(after, Finding) else (200, body)


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
    async def titles(title: str) -> Response:
        if one.silent:
            return Response(status_code=503)
        return Response(status_code=200 if title in one.controls else 404)

    with served(app) as one.url:
        yield one


def title_of(platform_title: dict[str, Any]) -> str:
    """How the registry names a title."""
    return str(platform_title["transportDocumentChecksum"])
