"""Which hub, and who asks: what every route begins with."""

from contextlib import AbstractContextManager

from starlette.requests import Request

from exchange.api.problems import Problem
from exchange.hub import Hub
from exchange.members import Caller
from exchange.places import Places
from exchange.records import Actor
from exchange.spaces import Spaces
from schemas.findings import Finding, finding

MOST_OF_A_NAME = 200
"""Characters of a person's name in Tradebridge-Actor."""


def hub_of(request: Request) -> Hub:
    hub: Hub = request.scope["tradebridge.hub"]
    return hub


def base_url_of(request: Request) -> str:
    """Where others reach the hub."""
    return hub_of(request).settings.base_url or str(request.base_url).rstrip("/")


def caller_of(request: Request, scope: str = "read") -> Caller:
    """The member or operator whose key came with the request, and may do this. Raises `Problem` (401, 403)."""
    hub = hub_of(request)
    caller = hub.registry.caller(request.headers.get("authorization"))
    if isinstance(caller, Finding):
        if caller.code == "access.key-unknown":
            hub.metrics.unknown_keys.inc()
        raise Problem(caller)
    if scope not in caller.scopes and not caller.operator:
        raise Problem(finding("access.scope", found=" ".join(sorted(caller.scopes)), expected=scope))
    request.scope["tradebridge.caller"] = caller
    return caller


def spaces_of(request: Request) -> Spaces:
    spaces: Spaces = request.scope["tradebridge.spaces"]
    return spaces


def place_of(request: Request, places: Places) -> AbstractContextManager[None]:
    """A place for who asks (`caller_of` said so before); all who have no key share those of one member. Taken when it
    is entered: raises `NoPlace`."""
    caller: Caller | None = request.scope.get("tradebridge.caller")
    return places.take(f"{hub_of(request).space}/{caller.member if caller else ''}")


def may_go_on(request: Request) -> bool:
    """Does the key of a long answer still hold? It may have ended, or its member been suspended, since it began."""
    return not isinstance(hub_of(request).registry.caller(request.headers.get("authorization")), Finding)


def operator_of(request: Request) -> Caller:
    caller = caller_of(request)
    if not caller.operator:
        raise Problem(finding("access.scope", found=" ".join(sorted(caller.scopes)), expected="operator"))
    return caller


def actor_of(request: Request, caller: Caller) -> Actor:
    """Who asks, for the record: the member, its key, and the person that its system names in Tradebridge-Actor, UTF-8
    of up to 200 printable characters. Raises `Problem` for another one."""
    given = request.headers.get("tradebridge-actor", "")
    try:
        person = given.encode("latin-1").decode()
    except UnicodeError:
        person = "\0"
    if len(person) > MOST_OF_A_NAME or not (person.isprintable() and person == person.strip()):
        expected = f"up to {MOST_OF_A_NAME} printable characters of UTF-8"
        raise Problem(finding("request.malformed", "Tradebridge-Actor", found=given[:80], expected=expected))
    return Actor(caller.member, caller.api_key, person)


def on_record(request: Request, document_id: str, what: str, scope: str = "read") -> None:
    """Who asks, and may, is about to see this of a document: on the record first (`exchange.readings`). In a thread."""
    hub_of(request).readings.record(actor_of(request, caller_of(request, scope)), document_id, what)


def sees(caller: Caller) -> str | None:
    """For the queries: whose documents; None for the operator, who sees all."""
    return None if caller.operator else caller.member
