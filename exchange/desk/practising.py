"""Practice people of a simulation: at each simulated desk four, and two of the hub, with one password for all.

The password comes from the seed, as the test keys do: it is public by rule, and every page says SIMULATION. Where keys
are real there is nobody of this kind.
"""

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tradebridge.evidence.simulation import test_password

if TYPE_CHECKING:
    from exchange.hub import Hub

AT_A_DESK = (
    ("officer", "Practice officer", "officer"),
    ("colleague", "Practice colleague", "officer"),
    ("supervisor", "Practice supervisor", "officer supervisor"),
    ("auditor", "Practice auditor", "auditor"),
)
"""The beginning of the id, the name, the roles."""
OF_THE_HUB = (("operator", "Practice operator", "operator"), ("auditor", "Practice auditor of the hub", "auditor"))
LONGEST = 40
"""Characters of an id; a member whose own id is so long that theirs would not fit has none of them."""


def people(hub: "Hub") -> list[Mapping[str, Any]]:
    """Their rows, the desks' first."""
    if not hub.simulated or hub.settings.mode != "dev":
        return []
    desks = [each for _, each in sorted(hub.registry.members.items()) if each.desk is not None and each.simulated]
    made = [
        _row(f"{what}.{each.id.lower()}", f"{name}, {each.id}", each.id, roles)
        for each in desks
        for what, name, roles in AT_A_DESK
    ]
    of_the_hub = [_row(what, name, "", roles) for what, name, roles in OF_THE_HUB]
    return [each for each in made if len(each["id"]) <= LONGEST] + of_the_hub


def person(hub: "Hub", name: str) -> Mapping[str, Any] | None:
    return next((each for each in people(hub) if each["id"] == name), None)


def password_of(hub: "Hub") -> str:
    """Of all of them. Only asked for in a simulation."""
    return test_password(hub.settings.seed)


def is_password(hub: "Hub", given: str) -> bool:
    return hub.simulated and hmac.compare_digest(password_of(hub).encode(), given.encode())


def _row(name: str, full: str, member: str, roles: str) -> Mapping[str, Any]:
    return {
        "id": name,
        "name": full,
        "member": member,
        "roles": roles,
        "status": "active",
        "password": None,
        "must_change": False,
        "totp": None,
        "totp_made": 0,
        "totp_used": 0,
        "at": "",
    }
