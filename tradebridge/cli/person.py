"""`tb person`: who signs in at the hub. Needs the operator's key."""

from typing import Any

import click

from tradebridge.cli.exits import Exit
from tradebridge.cli.names import member_id
from tradebridge.cli.root import Suggesting
from tradebridge.cli.terminal import bold, columns, mark, out, out_json, say
from tradebridge.cli.where import OPERATOR, find, hub_options, json_option

ROLES = ("officer", "supervisor", "auditor", "operator")


@click.group("person", cls=Suggesting)
def command() -> None:
    """Add and change those who sign in."""


@command.command("add")
@click.argument("person", metavar="NAME")
@click.option("--name", "full", metavar="TEXT", help="The name in full; decisions and records name it.")
@click.option("--member", metavar="ID", help="At whose desk the person works; none for people of the hub itself.")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="Several times for several."
)
@hub_options
@json_option
def add(
    person: str,
    full: str | None,
    member: str | None,
    roles: tuple[str, ...],
    url: str | None,
    api_key: str | None,
    space: str | None,
    as_json: bool,
) -> Exit:
    """Add a person who signs in as NAME. The initial password is shown this once.

    \b
    tb person add somchai.k --name "Somchai Kaewmanee" --member TH-NSW --role officer
    tb person add root.k --role operator
    """
    said: dict[str, Any] = {"id": person, "roles": list(roles)}
    said |= {"name": full} if full else {}
    said |= {"member": member_id(member, "recipient")} if member else {}
    with find(url, api_key, space).hub(OPERATOR) as hub:
        return _with_password(hub.add_person(said), "may sign in", as_json)


@command.command("list")
@hub_options
@json_option
def listed(url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """List who may sign in."""
    with find(url, api_key, space).hub(OPERATOR) as hub:
        people = hub.people()
    if as_json:
        out_json({"items": list(people)})
        return Exit.OK
    rows = [tuple(bold(each) for each in ("NAME", "MEMBER", "ROLES", "STATUS", "IN FULL"))]
    rows += [
        (each["id"], each.get("member", "the hub"), ", ".join(each["roles"]), each["status"], each["name"])
        for each in people
    ]
    for line in columns(rows):
        out(line)
    return Exit.OK


@command.command("reset")
@click.argument("person", metavar="NAME")
@hub_options
@json_option
def reset(person: str, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Give NAME a new initial password, shown this once. A code of a phone is asked for no more."""
    with find(url, api_key, space).hub(OPERATOR) as hub:
        return _with_password(hub.reset_person(person), "has a new password", as_json)


@command.command("role")
@click.argument("person", metavar="NAME")
@click.argument("roles", metavar="ROLE...", nargs=-1, required=True, type=click.Choice(ROLES))
@hub_options
@json_option
def role(
    person: str, roles: tuple[str, ...], url: str | None, api_key: str | None, space: str | None, as_json: bool
) -> Exit:
    """Give NAME these roles instead of the ones before. Who is signed in has to sign in again."""
    return _change(person, {"roles": list(roles)}, url, api_key, space, as_json)


@command.command("suspend")
@click.argument("person", metavar="NAME")
@hub_options
@json_option
def suspend(person: str, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Let NAME sign in no more, and end its sessions. What it did stays on the record under its name."""
    return _change(person, {"status": "suspended"}, url, api_key, space, as_json)


@command.command("resume")
@click.argument("person", metavar="NAME")
@hub_options
@json_option
def resume(person: str, url: str | None, api_key: str | None, space: str | None, as_json: bool) -> Exit:
    """Let a suspended NAME sign in again."""
    return _change(person, {"status": "active"}, url, api_key, space, as_json)


def _change(
    person: str, changes: dict[str, Any], url: str | None, api_key: str | None, space: str | None, as_json: bool
) -> Exit:
    with find(url, api_key, space).hub(OPERATOR) as hub:
        changed = hub.change_person(person, changes)
    if as_json:
        out_json(changed)
    else:
        out(f"{mark('ok')} {changed['id']} is {changed['status']}: {', '.join(changed['roles'])}")
    return Exit.OK


def _with_password(answer: dict[str, Any], done: str, as_json: bool) -> Exit:
    if as_json:
        out_json(answer)
        return Exit.OK
    say(f"{mark('ok')} {answer['person']['id']} {done}. The initial password, shown this once and good for one use:")
    out(answer["password"])
    return Exit.OK
