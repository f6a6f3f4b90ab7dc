"""People: who signs in at the hub, at which member, in which roles.

1. A person is named by what it signs in with, for ever: nobody is deleted, only suspended, so that a record of years
   ago still means the same person.
2. `officer` and `supervisor` work at the desk of a member; `operator` runs the hub; `auditor` looks: at its member's
   documents, or, with no member, at the hub's. A person is of one member, and sees that member's documents alone.
3. The store has the Argon2 hash of a password and nothing of the secret of a code generator, which is derived from the
   hub's own (`exchange.desk.generators`).
4. In a simulation there are practice people at each simulated desk, made from the seed (`exchange.desk.practising`);
   their row is written when they first sign in. Elsewhere there are none.
"""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Connection, Row

from exchange import records
from exchange.desk import practising
from exchange.store import tables as t
from exchange.store.rows import add_once
from schemas.findings import Finding, finding
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from exchange.hub import Hub

ROLES = ("officer", "supervisor", "auditor", "operator")
PERSON_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
MOST_OF_A_NAME = 100


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in."""

    id: str
    """What it signs in with."""
    name: str
    member: str
    """Whose documents it sees; empty: it is of the hub itself."""
    roles: frozenset[str]


class Scoped(Protocol):
    """A request: all that is asked of it here."""

    @property
    def scope(self) -> MutableMapping[str, Any]: ...


def person_of(request: Scoped) -> Person | None:
    """Who is signed in; None: nobody. The console's routes have found out before they run, and have refused who may not
    come (`exchange.console.may`)."""
    found: Person | None = request.scope.get("tradebridge.person")
    return found


def officers_of(hub: "Hub", member: str) -> list[Person]:
    """Who works at a member's desk, by name: its active officers and supervisors."""
    with hub.database.reading.connect() as connection:
        everybody = listed(connection, hub)
    at_work = [each for each, status in everybody if each.member == member and status == "active"]
    return [each for each in at_work if each.roles & {"officer", "supervisor"}]


def listed(connection: Connection, hub: "Hub") -> list[tuple[Person, str]]:
    """Everybody with the status, by id; practice people among them, whether they have signed in yet or not."""
    rows = {row.id: (read(row), str(row.status)) for row in connection.execute(select(t.people))}
    for each in practising.people(hub):
        rows.setdefault(each["id"], (read_values(each), "active"))
    return [rows[name] for name in sorted(rows)]


def read(row: Row[Any]) -> Person:
    return read_values(dict(row._mapping))


def read_values(values: Mapping[str, Any]) -> Person:
    return Person(values["id"], values["name"], values["member"], frozenset(values["roles"].split()))


def row_of(connection: Connection, hub: "Hub", person: str) -> Row[Any] | None:
    """Its row, to be changed in this transaction; written now for practice people that have none yet. None: nobody."""
    query = select(t.people).where(t.people.c.id == person)
    row = connection.execute(query).first()
    if row is None and (made := practising.person(hub, person)) is not None:
        add_once(connection, t.people, made)
        row = connection.execute(query).first()
    return row


# --- adding and changing: jobs of the writer, by the operator ---------------------------------------------------------


def add(connection: Connection, hub: "Hub", said: Mapping[str, Any], password: str, by: records.Actor) -> list[Finding]:
    """Add a person from its JSON: id, name, member, roles. `password`: hash of the initial one, which has to be changed
    at the first sign-in. Nothing was done where something is wrong."""
    found = list(wrong_with(said, hub.registry.members))
    if not found and row_of(connection, hub, said["id"]) is not None:
        found = [finding("person.exists", "/id", found=said["id"])]
    if found:
        return found
    values = {
        "id": said["id"],
        "name": said.get("name", said["id"]),
        "member": said.get("member", ""),
        "roles": " ".join(sorted(set(said["roles"]))),
        "status": "active",
        "password": password,
        "must_change": True,
        "totp": None,
        "totp_made": 0,
        "totp_used": 0,
        "at": rfc3339(hub.clock.now()),
    }
    connection.execute(t.people.insert(), [values])
    told = {name: values[name] for name in ("name", "member", "roles")}
    records.put(connection, hub, records.Kind.PERSON, by, "added", said["id"], told)
    return []


def reset(connection: Connection, hub: "Hub", person: str, password: str, by: records.Actor) -> Finding | None:
    """A new initial password; the code generator is forgotten, and its sessions end."""
    if row_of(connection, hub, person) is None:
        return finding("person.unknown", found=person[:60])
    set_password(connection, person, password, must_change=True)
    connection.execute(update(t.people).where(t.people.c.id == person).values(totp=None))
    records.put(connection, hub, records.Kind.PERSON, by, "password reset", person)
    return None


def set_password(connection: Connection, person: str, password: str, *, must_change: bool, keep: str = "") -> None:
    """`password`: its hash. Every session ends, but `keep`."""
    values = {"password": password, "must_change": must_change}
    connection.execute(update(t.people).where(t.people.c.id == person).values(values))
    end_sessions(connection, person, keep=keep)


def change(
    connection: Connection, hub: "Hub", person: str, changes: Mapping[str, Any], by: records.Actor
) -> list[Finding]:
    """Change name, roles or status (`active`, `suspended`). The sessions of who has other roles now, or is suspended,
    end."""
    row = row_of(connection, hub, person)
    if row is None:
        return [finding("person.unknown", found=person[:60])]
    before = {name: row._mapping[name] for name in ("name", "roles", "status")}
    found = [wrong(f"/{name}", name, "name, roles or status") for name in changes.keys() - before.keys()]
    said = {"id": person, "name": row.name, "member": row.member, "roles": row.roles.split(), "status": row.status}
    said |= changes
    if said["status"] not in ("active", "suspended"):
        found.append(wrong("/status", said["status"], "active or suspended"))
    found += wrong_with({name: said[name] for name in ("id", "name", "member", "roles")}, hub.registry.members)
    if found:
        return found
    after = {"name": said["name"], "roles": " ".join(sorted(set(said["roles"]))), "status": said["status"]}
    connection.execute(update(t.people).where(t.people.c.id == person).values(after))
    if (after["roles"], after["status"]) != (before["roles"], before["status"]):
        end_sessions(connection, person)
    told = records.difference(before, after)
    records.put(connection, hub, records.Kind.PERSON, by, "changed: " + ", ".join(sorted(told)), person, told)
    return []


def end_sessions(connection: Connection, person: str, *, keep: str = "") -> None:
    ended = (t.sessions.c.person == person) & (t.sessions.c.hash != keep)
    connection.execute(delete(t.sessions).where(ended))


def wrong_with(said: Mapping[str, Any], members: Mapping[str, Any]) -> Iterable[Finding]:
    """All that is wrong with a description: id, name, member, roles."""
    for name in sorted(said.keys() - {"id", "name", "member", "roles"}):
        yield wrong(f"/{name}", name, "no such member")
    if not isinstance(said.get("id"), str) or not PERSON_ID.fullmatch(said["id"]):
        yield wrong("/id", said.get("id"), "2 to 40 small letters, digits, dots, underscores and hyphens, as somchai.k")
    name = said.get("name", "x")
    if not isinstance(name, str) or not name.strip() or len(name) > MOST_OF_A_NAME or not name.isprintable():
        yield wrong("/name", name, f"1 to {MOST_OF_A_NAME} printable characters")
    roles = said.get("roles")
    if (
        not isinstance(roles, list)
        or not roles
        or any(each not in ROLES for each in roles)
        or len(set(roles)) < len(roles)
    ):
        yield wrong("/roles", roles, "one or more of " + ", ".join(ROLES))
        return
    member = said.get("member", "")
    if not isinstance(member, str) or (member and member not in members):
        yield finding("member.unknown", "/member", found=member)
    elif member and "operator" in roles:
        yield wrong("/member", member, "none: an operator is of the hub itself")
    elif not member and {"officer", "supervisor"} & set(roles):
        yield wrong("/member", "none", "the member at whose desk officers and supervisors work")


def wrong(pointer: str, found: object, expected: str) -> Finding:
    return finding("person.malformed", pointer, found=found, expected=expected)
