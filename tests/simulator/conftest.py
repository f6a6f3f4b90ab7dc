"""One running simulation for all tests of this folder on one worker, and in it a space for each test that wants one."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import httpx
import pytest

from schemas.content import Syntax
from schemas.registry import profiles
from simulator.documents import sign
from simulator.launch import Launched, launch
from simulator.members import keys_of
from simulator.testing.keeper import IMPATIENT
from tests import waiting
from tradebridge.client import Hub

T = TypeVar("T")
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_NAMES = itertools.count(1)


@dataclass
class Space:
    """A world of one's own: its control plane, and its hub as its members see it."""

    name: str
    launched: Launched
    http: httpx.Client
    hubs: dict[str, Hub] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        return f"/s/{self.name}" if self.name else ""

    def call(self, method: str, path: str, status: int = 200, **given: Any) -> Any:
        answer = self.http.request(method, f"{self.launched.world_url}{self.prefix}/_sim/v1{path}", **given)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content and status != 204 else None

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, params=query)

    def post(self, path: str, status: int = 200, **body: Any) -> Any:
        return self.call("POST", path, status, json=body)

    def journal(self, **query: Any) -> list[dict[str, Any]]:
        return list(self.get("/journal", limit=1000, **query)["items"])

    def hub(self, member: str) -> Hub:
        if member not in self.hubs:
            keys = {**self.launched.api_keys, "OPERATOR": self.launched.operator_key}
            self.hubs[member] = Hub(self.launched.hub_url, keys[member], self.name or None)
        return self.hubs[member]

    def send(self, number: str, to: str = "TH", *, variant: int = 0) -> str:
        """A Form D that a user sends, signed as SG-NSW: its id."""
        return self.hub("SG-NSW").submit(form_d(number, to, variant=variant), [f"{to}-NSW"]).id

    def state_of(self, document: str, recipient: str = "TH-NSW") -> str:
        return str(self.hub("SG-NSW").summary(document)["recipients"][recipient]["state"])

    def close(self) -> None:
        for each in self.hubs.values():
            each.close()


def form_d(number: str, to: str = "TH", *, variant: int = 0, at: datetime = AT) -> bytes:
    profile = profiles()["atiga-form-d/2022"]
    document = profile.example(exporter="SG", importer=to, number=number, at=at, variant=variant)
    return sign(profile.encode[Syntax.JSON](document), Syntax.JSON, keys_of("42", "SG-NSW").document, at)


until = partial(waiting.until, seconds=15.0)


@pytest.fixture(scope="session")
def launched() -> Iterator[Launched]:
    with launch(clock=AT, port=0, hub_environment=IMPATIENT) as running:
        yield running


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def default(launched: Launched, http: httpx.Client) -> Iterator[Space]:
    """The default world; whoever uses it resets it."""
    space = Space("", launched, http)
    yield space
    space.close()


@pytest.fixture
def space(default: Space) -> Iterator[Space]:
    """A new one, dropped in the end."""
    name = f"t{next(_NAMES)}"
    default.post("/spaces", 201, name=name)
    made = Space(name, default.launched, default.http)
    yield made
    made.close()
    default.call("DELETE", f"/spaces/{name}", 204)
