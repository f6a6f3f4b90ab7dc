"""A hub with desks over HTTP, and how a test signs in."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from schemas.content import Syntax
from tests.exchange.cast import CERTIFICATES, TRANSPORT_DOCUMENT, Cast, certificate, document, signed
from tests.exchange.running import hub_in_thread

APPLYING = ["co-application/1", "cost-statement/1"]
LADING = "SIML2601188"


@dataclass
class Desks:
    """The hub, and the browsers of who signed in."""

    cast: Cast
    signed_in: dict[str, httpx.Client] = field(default_factory=dict)

    def of(self, person: str) -> httpx.Client:
        """A client in which this person is signed in."""
        if person not in self.signed_in:
            client = httpx.Client(base_url=self.cast.url, timeout=20)
            sign_in(client, person)
            self.signed_in[person] = client
        return self.signed_in[person]

    def submit(self, number: str, to: str = "TH-NSW", **changes: Any) -> str:
        return self.cast["SG-NSW"].submit(certificate(number, **changes), [to]).id

    def close(self) -> None:
        for client in self.signed_in.values():
            client.close()


def csrf_of(text: str) -> dict[str, str]:
    """The hidden field of the page's forms, where it has one."""
    found = re.search(r'<input type="hidden" name="csrf" value="([^"]+)">', text)
    return {"csrf": found[1]} if found else {}


def linked(number: str, **transport: Any) -> bytes:
    """A certificate that names the bill of lading."""
    value: Any = document(number)
    changed = value.transport.model_copy(update={"transport_document": LADING, **transport})
    return signed(value.model_copy(update={"transport": changed}))


@contextmanager
def desks(data: Path) -> Iterator[Desks]:
    """Desks in Thailand, Viet Nam (four eyes) and at Japan's authority."""
    with hub_in_thread(data) as cast:
        cast.join(
            SG_NSW={"policy": {"unsigned": True}},
            TH_NSW={"desk": {}, "accepts": [*CERTIFICATES, TRANSPORT_DOCUMENT]},
            VN_NSW={"desk": {"fourEyes": ["accepted", "rejected"]}},
            JP_JCCI={"desk": {}, "roles": ["issuer", "sender", "recipient"], "accepts": APPLYING},
            OLD_EXPORT={"sends": [*CERTIFICATES, *APPLYING]},
        )
        lading = signed(document(LADING, TRANSPORT_DOCUMENT), "CARRIER-SIM", Syntax.JSON)
        cast["CARRIER-SIM"].submit(lading, ["TH-NSW"])
        made = Desks(cast)
        try:
            yield made
        finally:
            made.close()


def sign_in(client: httpx.Client, person: str) -> None:
    """As a practice person of the simulation, by the form."""
    asked = client.get("/console/sign-in").text
    password = re.search(r"<code>(practice-[0-9a-f-]+)</code>", asked)
    assert password is not None
    given = {"name": person, "password": password[1], "next": "", **csrf_of(asked)}
    answer = client.post("/console/sign-in", data=given)
    assert answer.status_code == 303, answer.text


def post(client: httpx.Client, page: str, path: str, **fields: Any) -> httpx.Response:
    """Send a form of the page: with the token that the page has."""
    token = csrf_of(client.get(page).text)
    return client.post(path, data={**token, **fields})
