"""*Codes*: everything that can be found in a document, and every refusal, out of the one catalogue.

| address | page |
| --- | --- |
| /console/rules?family= | the codes of a family |
| /console/rules/CODE | one code: what it says, its clause, what to do, and for a rule a sample that breaks it |
"""

from typing import Any

import orjson
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.problems import Problem
from exchange.console.frame import ConsoleRoute, page
from schemas.content import Syntax
from schemas.findings import catalogue, finding
from schemas.registry import profiles
from schemas.samples import AT, rule_json, rules_by_code, samples_of

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

FIRST = "atiga"


@router.get("/console/rules")
async def codes(request: Request) -> Response:
    kinds = catalogue()
    families = sorted({kind.family for kind in kinds.values()})
    chosen = request.query_params.get("family", FIRST)
    if chosen not in families:
        raise Problem(finding("request.malformed", found=f"family={chosen[:40]}", expected=", ".join(families)))
    counted = {each: sum(kind.family == each for kind in kinds.values()) for each in families}
    return await page(
        request,
        "codes.html",
        title="Codes",
        here="codes",
        families=counted,
        chosen=chosen,
        kinds=[kind for kind in kinds.values() if kind.family == chosen],
    )


@router.get("/console/rules/{code}")
async def code(request: Request, code: str) -> Response:
    kind = catalogue().get(code)
    if kind is None:
        raise Problem(finding("request.not-found", found=code[:100], expected="a code of the catalogue"))
    rule: dict[str, Any] = await run_in_threadpool(rule_json, code)
    changed = rule.get("samples", {}).get("failing", [])
    return await page(
        request,
        "code.html",
        title=code,
        here="codes",
        kind=kind,
        rule=rule,
        changed=[(each["op"], each["path"], _text(each.get("value"))) for each in changed],
        sample_at=f"{AT:%Y-%m-%dT%H:%M:%SZ}",
    )


def _text(value: Any) -> str:
    return "" if value is None else orjson.dumps(value).decode()


def failing_sample(code: str) -> bytes | None:
    """A document in JSON that breaks the rule of this code; None for a code that no rule has."""
    rules = rules_by_code().get(code, ())
    if not rules:
        return None
    name = min(rules[0].profiles)
    return profiles()[name].encode[Syntax.JSON](samples_of(rules[0], name).failing)
