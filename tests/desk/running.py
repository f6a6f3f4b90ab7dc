"""A hub in this process, whose members TH-NSW and SG-NSW have desks, for tests of what lies below the pages."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

from exchange import intake
from exchange.config import Settings
from exchange.desk import deciding
from exchange.desk.case import Case, case_of
from exchange.desk.policy import Desk
from exchange.events import accept_event
from exchange.hub import Hub, open_hub
from exchange.members import Caller, Member, add_member
from exchange.messages import Accepted, Submission
from exchange.records import Actor
from exchange.store import queries
from tests.exchange.cast import CAST, CERTIFICATES, NOW, SEED, TRANSPORT_DOCUMENT, description

T = TypeVar("T")
APPLYING = ["co-application/1", "cost-statement/1"]
DESKS: dict[str, dict[str, Any]] = {
    "TH-NSW": {},
    "JP-JCCI": {},
    "VN-NSW": {"fourEyes": ["accepted", "rejected", "issued"]},
}
"""Who has a desk; the window of Viet Nam wants four eyes."""


@dataclass(frozen=True)
class Person:
    """An officer, without a sign-in."""

    id: str
    name: str
    member: str = "TH-NSW"
    roles: frozenset[str] = frozenset({"officer"})


SOMCHAI, MALEE = Person("per_1", "Somchai"), Person("per_2", "Malee")
CHIEF = Person("per_3", "Chief", roles=frozenset({"officer", "supervisor"}))
SATO = Person("per_6", "Sato", "JP-JCCI")
LAN, MINH = Person("per_4", "Lan", "VN-NSW"), Person("per_5", "Minh", "VN-NSW")


@dataclass
class Office:
    """The hub, and how a test waits for it."""

    hub: Hub
    runner: asyncio.Runner

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def member(self, name: str) -> Member:
        return self.hub.registry.members[name]

    def submit(self, data: bytes, to: str, by: str = "SG-NSW") -> str:
        """Hand a document in, and wait until it is delivered. Its id."""

        async def handed_in() -> str:
            outcome = await intake.accept(self.hub, Submission(Caller(by, frozenset({"send"})), data, (to,)))
            assert isinstance(outcome, Accepted), outcome
            document = str(orjson.loads(outcome.body)["id"])
            deadline = time.monotonic() + 10
            while self._delivery(document, to) != "delivered":
                assert time.monotonic() < deadline, "it was not delivered"
                await asyncio.sleep(0.005)
            return document

        return self.run(handed_in())

    def _delivery(self, document: str, to: str) -> str | None:
        with self.hub.database.reading.connect() as connection:
            stored = queries.document(connection, None, document)
        state = None if stored is None else stored.summary["recipients"][to]["delivery"]
        return str(state) if state else None

    def say(self, token: str, document: str, by: str = "SG-NSW") -> None:
        """What a member's own system says."""
        said = self.run(accept_event(self.hub, Submission(Caller(by, frozenset({"send"})), token.encode()), document))
        assert isinstance(said, Accepted), said

    def case(self, document: str, member: str = "TH-NSW") -> Case:
        with self.hub.database.reading.connect() as connection:
            found = case_of(connection, member, self.member(member).desk or Desk(), document, self.hub.clock.now())
        assert found is not None
        return found

    def decide(self, by: Person, document: str, word: deciding.Word) -> Any:
        digest = str(self.case(document, by.member).stored.summary["contentDigest"])
        return self.run(deciding.decide(self.hub, by, self.member(by.member), document, digest, word))


@contextmanager
def office(data: Path) -> Iterator[Office]:
    settings = Settings.model_validate({"data": data, "seed": SEED, "clock": NOW, "sequence_seconds": 0.02})
    hub = open_hub(settings)
    hub.begin("tb_test_operator")
    with asyncio.Runner() as runner:
        runner.run(hub.start())
        for name, own in CAST.items():
            desk: dict[str, Any] = {"desk": DESKS[name]} if name in DESKS else {}
            if name == "TH-NSW":
                desk |= {"accepts": [*CERTIFICATES, TRANSPORT_DOCUMENT]}
            if name == "SG-NSW":
                desk |= {"policy": {"unsigned": True}}
            if name == "JP-JCCI":
                desk |= {"roles": ["issuer", "sender", "recipient"], "accepts": APPLYING}
            if name == "OLD-EXPORT":
                desk |= {"sends": [*CERTIFICATES, *APPLYING]}
            said = description(name, **(own | desk))

            async def join(said: Any = said) -> None:
                def job(connection: Any) -> None:
                    added = add_member(connection, said, said["apiKey"])
                    assert isinstance(added, Member), added

                await hub.change_member(said["id"], "added", job, Actor("OPERATOR"))

            runner.run(join())
        try:
            yield Office(hub, runner)
        finally:
            runner.run(hub.stop())
