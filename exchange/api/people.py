"""People who sign in, for the operator to add, change, reset and suspend. An initial password is shown once."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.requests import Request
from starlette.responses import Response

from exchange.api.access import actor_of, hub_of, operator_of
from exchange.api.bodies import json_of, json_response
from exchange.api.problems import Problem
from exchange.desk import people
from exchange.desk.passwords import Passwords, initial_password
from exchange.desk.people import Person
from exchange.hub import Hub
from exchange.records import Actor
from schemas.findings import Finding, finding

router = APIRouter(prefix="/v1/people", tags=["people"])

MOST_OF_A_PERSON = 10_000

Change = Callable[[Connection, Hub, Actor], list[Finding]]


@router.get("", summary="Who may sign in (operator)")
async def list_people(request: Request) -> Response:
    operator_of(request)
    hub = hub_of(request)
    found = await hub.ask(lambda connection: people.listed(connection, hub))
    return json_response({"items": [_shown(person, status) for person, status in found], "next": None})


@router.post("", status_code=201, summary="Add a person, with an initial password (operator)")
async def add(request: Request) -> Response:
    operator_of(request)
    said = await json_of(request, MOST_OF_A_PERSON)
    password, hashed = await _initial(hub_of(request))
    await _change(request, lambda connection, hub, by: people.add(connection, hub, said, hashed, by))
    return json_response({"person": await _one(request, said["id"]), "password": password}, 201)


@router.patch("/{person_id}", summary="Change a person: name, roles, status (operator)")
async def change(request: Request, person_id: str) -> Response:
    operator_of(request)
    changes = await json_of(request, MOST_OF_A_PERSON)
    await _change(request, lambda connection, hub, by: people.change(connection, hub, person_id, changes, by))
    return json_response(await _one(request, person_id))


@router.post("/{person_id}:reset", summary="A new initial password; no code of a phone any more (operator)")
async def reset(request: Request, person_id: str) -> Response:
    operator_of(request)
    password, hashed = await _initial(hub_of(request))

    def job(connection: Connection, hub: Hub, by: Actor) -> list[Finding]:
        found = people.reset(connection, hub, person_id, hashed, by)
        return [found] if found else []

    await _change(request, job)
    return json_response({"person": await _one(request, person_id), "password": password})


async def _initial(hub: Hub) -> tuple[str, str]:
    password = initial_password()
    return password, await Passwords(hub.settings.password_memory).hash(password)


async def _change(request: Request, change: Change) -> None:
    hub, by = hub_of(request), actor_of(request, operator_of(request))
    found = await hub.writer.do(lambda connection: change(connection, hub, by))
    hub.changed()
    if found:
        raise Problem(*found)


async def _one(request: Request, person_id: str) -> dict[str, Any]:
    hub = hub_of(request)
    found = await hub.ask(lambda connection: people.listed(connection, hub))
    for person, status in found:
        if person.id == person_id:
            return _shown(person, status)
    raise Problem(finding("person.unknown", found=person_id[:60]))


def _shown(person: Person, status: str) -> dict[str, Any]:
    member = {"member": person.member} if person.member else {}
    return {"id": person.id, "name": person.name, **member, "roles": sorted(person.roles), "status": status}
