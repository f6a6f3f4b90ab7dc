"""The simulated trade platform's links, at work: their REST interface, and a file of positions for each.

1. `POST /links` founds a link between parties by role; `POST /links/{id}/changes` appends a signed change; `GET
   /links/{id}` shows the caller all positions, and data and salt of the sections that its role sees.
2. Who calls is told by the bearer token of a party; to anybody else a link does not exist.
3. A position is a line of the link's file, written with one write() before it is told: it survives the process. A last
   line that a kill cut short is taken away, as in a journal.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from adapters.platforms.tradewaltz.links import (
    JSON,
    Change,
    Opening,
    Position,
    Role,
    Seen,
    append,
    founded,
    read_change,
    seen_by,
)
from schemas.content import json_or_finding
from schemas.findings import Finding, finding
from tradebridge.ebl.seal import ALGORITHMS, Trusted, open_sealed, peek

PREFIX = "/tradewaltz/v1"
MOST_DATA = 1_000_000
"""Bytes of one change with its data."""

CallerOf = Callable[[str], str | None]
"""The id of the party whose bearer token this is."""


def opening_of(parties: Mapping[Role, Mapping[str, str]]) -> Opening:
    """Opens signed changes with the certificates that stand in the link."""
    trusted = {
        role: Trusted(party["id"], (x509.load_pem_x509_certificate(party["certificate"].encode()),), ALGORITHMS)
        for role, party in parties.items()
    }

    def opening(role: Role, event: str) -> JSON | Finding:
        opened = open_sealed(event, trusted.get(role), None)
        return finding("link.signature", expected=f"the {role}") if isinstance(opened, Finding) else opened

    return opening


@dataclass(frozen=True, slots=True)
class _Kept:
    seen: Seen
    change: Change


class Link:
    """One link, in a file of its own."""

    def __init__(self, path: Path, id_: str, parties: Mapping[Role, Mapping[str, str]], *, new: bool) -> None:
        self.id = id_
        self.parties = parties
        self._opening = opening_of(parties)
        self._kept: list[_Kept] = []
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        if new:
            self._write({"link": id_, "parties": {role.value: dict(party) for role, party in parties.items()}})

    @classmethod
    def read(cls, path: Path) -> "Link | None":
        """The link that a file holds; None for one whose first line a kill cut short."""
        data = path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole != len(data):
            os.truncate(path, whole)
        lines = [json.loads(line) for line in data[:whole].splitlines()]
        if not lines:
            return None
        head = lines[0]
        link = cls(path, head["link"], {Role(role): party for role, party in head["parties"].items()}, new=False)
        for line in lines[1:]:
            position = Position.from_json(line["position"])
            link._kept.append(_Kept(Seen(position, line["data"], line["salt"]), _change_in(position)))
        return link

    @property
    def start(self) -> str:
        return founded(self.id, self.parties)

    @property
    def version(self) -> int:
        return len(self._kept)

    def role_of(self, party: str) -> Role | None:
        return next((role for role, each in self.parties.items() if each["id"] == party), None)

    def append(self, role: Role, event: str, data: Mapping[str, Any], salt: str) -> Position | Finding:
        """Keep a signed change; then it may be told."""
        head = self._kept[-1].seen.position.transaction if self._kept else self.start
        made = append(head, self.version, event, data, salt, self._opening, role)
        if isinstance(made, Finding):
            return made
        position, change = made
        if change.link != self.id:
            return finding("link.malformed", "/link", found=change.link, expected=self.id)
        self._write({"position": position.to_json(), "data": dict(data), "salt": salt})
        self._kept.append(_Kept(Seen(position, data, salt), change))
        return position

    def shown_to(self, role: Role) -> JSON:
        """All positions; of those whose section the role sees, data and salt."""
        return {
            "id": self.id,
            "role": role.value,
            "parties": {each.value: dict(party) for each, party in self.parties.items()},
            "version": self.version,
            "positions": [
                each.seen.position.to_json()
                | ({"data": each.seen.data, "salt": each.seen.salt} if seen_by(role, each.change.section) else {})
                for each in self._kept
            ],
        }

    def close(self) -> None:
        os.close(self._file)

    def _write(self, value: Mapping[str, Any]) -> None:
        line = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        if os.write(self._file, line) != len(line):
            raise OSError("the link's file did not take the line: make room on the disk, then start again")


def _change_in(position: Position) -> Change:
    claims = peek(position.event)
    change = claims if isinstance(claims, Finding) else read_change(claims)
    if isinstance(change, Finding):
        raise ValueError(f"a link's file holds what is no change: {change.message} {change.found}")
    return change


class Links:
    """All links of the platform. Files are read when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._links: dict[str, Link] = {}

    def found(self, id_: str, parties: Mapping[Role, Mapping[str, str]]) -> Link:
        """A link between parties, new; the same again where it is there already with the same parties."""
        link = self.get(id_)
        if link is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            link = self._links[id_] = Link(self._path(id_), id_, parties, new=True)
        return link

    def get(self, id_: str) -> Link | None:
        if id_ not in self._links and _is_id(id_) and self._path(id_).exists():
            link = Link.read(self._path(id_))
            if link is not None:
                self._links[id_] = link
        return self._links.get(id_)

    def close(self) -> None:
        for link in self._links.values():
            link.close()

    def _path(self, id_: str) -> Path:
        return self._folder / f"{id_}.jsonl"


def _is_id(text: str) -> bool:
    return 0 < len(text) <= 64 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def router(links: Links, caller_of: CallerOf) -> APIRouter:
    api = APIRouter(prefix=PREFIX)

    @api.post("/links")
    async def found_link(request: Request) -> Response:
        """`{id, parties: {role: {id, name, certificate}}}`, by one of the parties."""
        body = await _body(request)
        if isinstance(body, Finding):
            return _refused(body)
        parties = _parties(body)
        if isinstance(parties, Finding):
            return _refused(parties)
        if _caller(request, caller_of) not in {party["id"] for party in parties.values()}:
            return _refused(finding("link.not-a-party", "/parties"))
        link = links.found(str(body["id"]), parties)
        if link.parties != parties:
            return _refused(finding("link.old-version", "/parties", found="other parties of a link with this id"))
        return JSONResponse({"id": link.id, "version": link.version, "start": link.start}, 201)

    @api.post("/links/{id_}/changes")
    async def change(id_: str, request: Request) -> Response:
        """`{event, data, salt}`: the signed change, and what it commits to."""
        body = await _body(request)
        link, role = _part(links, id_, _caller(request, caller_of))
        if isinstance(body, Finding) or link is None or role is None:
            return _refused(body if isinstance(body, Finding) else finding("link.unknown", found=id_))
        if not isinstance(body.get("event"), str) or not isinstance(body.get("data"), dict):
            return _refused(finding("link.malformed", found="no event, or no data"))
        position = link.append(role, body["event"], body["data"], str(body.get("salt", "")))
        return _refused(position) if isinstance(position, Finding) else JSONResponse(position.to_json(), 201)

    @api.get("/links/{id_}")
    async def show(id_: str, request: Request) -> Response:
        link, role = _part(links, id_, _caller(request, caller_of))
        if link is None or role is None:
            return _refused(finding("link.unknown", found=id_))
        return JSONResponse(link.shown_to(role))

    return api


def _part(links: Links, id_: str, caller: str | None) -> tuple[Link | None, Role | None]:
    link = links.get(id_)
    return link, None if link is None or caller is None else link.role_of(caller)


def _caller(request: Request, caller_of: CallerOf) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return caller_of(token) if scheme.lower() == "bearer" and token else None


async def _body(request: Request) -> JSON | Finding:
    """Strict JSON: no member twice, no NaN, not too deep."""
    data = await request.body()
    if len(data) > MOST_DATA:
        return finding("link.malformed", found=f"{len(data)} bytes", expected=f"at most {MOST_DATA}")
    value = json_or_finding(data)
    return finding("link.malformed", found=value.message) if isinstance(value, Finding) else value


def _parties(body: JSON) -> Mapping[Role, Mapping[str, str]] | Finding:
    try:
        parties = {
            Role(role): {name: str(party[name]) for name in ("id", "name", "certificate")}
            for role, party in body["parties"].items()
        }
        opening_of(parties)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        return finding("link.malformed", "/parties", found=f"{type(error).__name__}: {error}")
    return parties if _is_id(str(body.get("id", ""))) else finding("link.malformed", "/id", found=body.get("id", ""))


def _refused(found: Finding) -> Response:
    return JSONResponse({"title": found.message, "findings": [found.to_json()]}, found.status)
