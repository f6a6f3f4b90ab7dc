"""*Faults*: what is switched on in the simulated world, what it struck, and switching it: faults, scripts, the clock.

The world does it all (`/_sim/v1`); here are its forms. Without a world the page says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exchange.api.access import hub_of
from exchange.api.problems import Problem
from exchange.console import world
from exchange.console.frame import ConsoleRoute, page
from schemas.findings import Finding, finding

router = APIRouter(include_in_schema=False, route_class=ConsoleRoute)

STEPS = {"PT1H": "an hour", "P1D": "a day", "P30D": "30 days", "P400D": "400 days"}
"""By which the clock is moved, as the world reads it (ISO 8601)."""
DECISIONS = ("accepted", "queried", "rejected")
MOVE_SECONDS = 30.0
MOST_OF_A_FORM = 4000


@router.get("/console/faults")
async def faults(request: Request) -> Response:
    told: dict[str, Any] = {"items": [], "recipes": [], "scripts": [], "away": ""}
    try:
        told["items"] = (await world.ask(request, "faults"))["items"]
        told["recipes"] = (await world.ask(request, "faults:recipes"))["items"]
        told["scripts"] = (await world.ask(request, "scripts"))["items"]
    except (world.WorldAway, world.WorldRefused) as error:
        told["away"] = str(error)
    members = sorted(name for name, each in hub_of(request).registry.members.items() if each.simulated)
    told |= {
        "members": members,
        "steps": STEPS,
        "decisions": DECISIONS,
        "chosen": request.query_params.get("fault", "lost-acknowledgement"),
    }
    told["on"] = [each for each in told["items"] if each["active"]]
    told["over"] = [each for each in reversed(told["items"]) if not each["active"]][:20]
    return await page(request, "faults.html", title="Faults", here="faults", **told)


@router.post("/console/faults/{what}")
async def switch(request: Request, what: str) -> Response:
    """`on` (fields `fault`, `on`, `times`), `clear`, `script` (`to`, `decision`), `scripts-clear`, `clock` (`by`)."""
    async with request.form(max_fields=6, max_files=0, max_part_size=MOST_OF_A_FORM) as form:
        given = {name: value for name, value in form.items() if isinstance(value, str)}
    with as_problems():
        if what == "on":
            times = int(given.get("times", "1")) if given.get("times", "1").isdecimal() else 0
            body = {"fault": given.get("fault", ""), "on": given.get("on", "*"), "times": times}
            await world.ask(request, "faults", method="POST", body=body)
        elif what == "clear":
            await world.ask(request, "faults", method="DELETE")
        elif what == "script":
            body = {"to": given.get("to", ""), "decision": given.get("decision", "")}
            await world.ask(request, "scripts", method="POST", body=body)
        elif what == "scripts-clear":
            await world.ask(request, "scripts", method="DELETE")
        elif what == "clock" and given.get("by") in STEPS:
            body = {"by": given["by"]}
            await world.ask(request, "clock:advance", method="POST", body=body, seconds=MOVE_SECONDS)
        else:
            raise Problem(finding("request.not-found", found=what[:100]))
    world.forget()
    return RedirectResponse(f"{hub_of(request).prefix}/console/faults", 303)


@contextmanager
def as_problems() -> Iterator[None]:
    """What the world refuses, or that it is away, as a page."""
    try:
        yield
    except world.WorldAway as error:
        raise Problem(finding("console.world-away", found=str(error))) from error
    except world.WorldRefused as error:
        raise Problem(*_refused_by_world(error)) from error


def _refused_by_world(refused: world.WorldRefused) -> tuple[Finding, ...]:
    """What the world says, under a code of ours: its own are in the same catalogue, and it names them."""
    return tuple(
        finding(
            "console.world-refused",
            str(each.get("pointer", "")),
            found=each.get("found", ""),
            expected=each.get("expected", ""),
            message=str(each.get("message", "")),
            fix=str(each.get("fix", "")),
        )
        for each in refused.findings
    ) or (finding("console.world-refused", found=f"HTTP {refused.status}"),)
