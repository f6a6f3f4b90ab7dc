"""A world of one's own, as a test holds it: a space of the shared server, with everything that moves it.

1. Members are named by id (`TH-NSW`) or by country (`th`): its window; of Japan JCCI as sender, NACCS as recipient.
2. Waiting for a message is asking: the simulation answers when there is one. A state of a document is looked at again
   and again. Nothing sleeps a fixed time and hopes.
3. What the test has sent, waited for, read or scripted, it knows. `strictly` says what else has happened.
4. All calls block; `aio` has those that a test in an event loop needs, done in a thread.
"""

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

from simulator.members import Keys, Member, description, keys_of
from simulator.testing.drafts import Draft, Shown, draft
from simulator.testing.server import Server
from tradebridge.calls import Accepted, Refused
from tradebridge.cli.names import member_id
from tradebridge.client import AsyncHub, Hub

T = TypeVar("T")

TIMEOUT_SECONDS = 10.0
MOST_WAIT = 10.0
"""Of one question; the next one goes on from there."""
DECISIONS = ("accepted", "queried", "rejected")


class NotInTime(AssertionError):
    """What was waited for has not come."""


class NotSo(AssertionError):
    """The simulation refuses what was asked of it; the message is its answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """An entry of a member's journal: `docs/reference/simulation.md` lists its members."""

    entry: Mapping[str, Any]
    world: "World" = field(repr=False, compare=False)

    @property
    def kind(self) -> str:
        return str(self.entry["kind"])

    @property
    def member(self) -> str:
        return str(self.entry["member"])

    @property
    def number(self) -> str:
        return str(self.entry.get("number", ""))

    @property
    def document_id(self) -> str:
        return str(self.entry.get("document_id", ""))

    @property
    def event(self) -> str:
        """Type of the event; empty for a document."""
        return str(self.entry.get("event", {}).get("type", ""))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Codes of the reasons that an event gives."""
        return tuple(str(each["code"]) for each in self.said.get("reasons", ()))

    @property
    def said(self) -> Mapping[str, Any]:
        """The event as it was signed; empty for a document, and for an event that no simulated partner has signed."""
        wanted = self.entry.get("event", {}).get("id")
        for each in self.world.entries(kind="event signed", document=self.document_id) if wanted else ():
            if each["event"].get("id") == wanted:
                payload: dict[str, Any] = json.loads(urlsafe_b64decode(each["token"].split(".")[1] + "=="))
                return payload
        return {}

    @property
    def faults(self) -> tuple[str, ...]:
        """Labels of the faults that struck it."""
        return tuple(self.entry.get("faults", ()))

    @property
    def document(self) -> Shown:
        """The document as the hub has it, for this member."""
        return Shown.of(self.world.client(self.member).get(self.document_id).data)


@dataclass(frozen=True, slots=True)
class Sent:
    """A document that the hub has taken."""

    accepted: Accepted
    draft: Draft | None

    @property
    def id(self) -> str:
        return self.accepted.id

    @property
    def number(self) -> str:
        return self.accepted.number or ""


@dataclass
class Fault:
    """One that was turned on. As a context manager it is turned off at the end."""

    world: "World" = field(repr=False)
    told: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.told["id"])

    @property
    def struck(self) -> int:
        """So often, until now."""
        return int(next(each["struck"] for each in self.world.faults() if each["id"] == self.id))

    @property
    def see(self) -> str:
        """What one should see."""
        return str(self.told["see"])

    def off(self) -> None:
        self.world.call("DELETE", f"/faults/{self.id}")

    def __enter__(self) -> "Fault":
        return self

    def __exit__(self, *what: object) -> None:
        self.off()


@dataclass(frozen=True, slots=True)
class Clock:
    """The business clock of the world."""

    world: "World" = field(repr=False)

    @property
    def now(self) -> datetime:
        return datetime.fromisoformat(self.world.call("GET", "/clock")["now"])

    def advance(self, by: str | float) -> datetime:
        """Later by `P30D`, `PT2H` or so many seconds; all that came due has been said when it returns."""
        return datetime.fromisoformat(self.world.call("POST", "/clock:advance", by=by)["now"])

    def freeze(self, at: str | None = None) -> None:
        """Stand still: at a moment of RFC 3339, or now."""
        self.world.call("POST", "/clock", mode="frozen", **({"at": at} if at else {}))

    def run(self) -> None:
        """Go with the machine's time."""
        self.world.call("POST", "/clock", mode="real")


@dataclass(frozen=True, slots=True)
class Partner:
    """A member of the world: what its officers do, and what it has seen."""

    world: "World" = field(repr=False)
    id: str

    @property
    def api_key(self) -> str:
        return self.world.key(self.id)

    @property
    def client(self) -> Hub:
        """The SDK, as this member."""
        return self.world.client(self.id)

    def next(
        self, decision: str, *, reason: str = "", after: str | float = 0, times: int = 1, number: str = ""
    ) -> Mapping[str, Any]:
        """A script: what becomes of the next documents to it. `reason`: a slug of `tb magic`."""
        asked = {"to": self.id, "decision": decision, "after": after, "times": times, "number": number}
        told: dict[str, Any] = self.world.call("POST", "/scripts", **asked, **({"reason": reason} if reason else {}))
        return told

    def officers(self, mode: str, pace: str | float = 0) -> None:
        """`auto`, `manual` (they wait for `decide`), `office` (its window's hours and pace), or `pace` with a duration
        for each document."""
        self.world.call("PUT", f"/officers/{self.id}", mode=mode, **({"pace": pace} if pace else {}))

    def decide(self, document: "Sent | str", decision: str, *, reason: str = "") -> None:
        """A person decides. `document`: an id or a number, at the member by now: wait for it first."""
        named = document.id if isinstance(document, Sent) else document
        said = {"document": named, "decision": decision, **({"reason": reason} if reason else {})}
        self.world.call("POST", f"/officers/{self.id}:decide", **said)

    def journal(self, **query: Any) -> list[Message]:
        return self.world.journal(member=self.id, **query)


class World:
    """One space. It is dropped by whoever made it."""

    def __init__(self, server: Server, name: str, *, strict: bool = False) -> None:
        self.server = server
        self.name = name
        self.strict = strict
        self.seed = server.seed
        self.hub_url = f"{server.hub_url}/s/{name}"
        self.url = f"{server.world_url}/s/{name}"
        self.clock = Clock(self)
        self.aio = Aio(self)
        self._keys = dict(server.api_keys)
        self._clients: dict[str, Hub] = {}
        self._known: set[str] = set()
        self._known_refusals: set[str] = set()
        self._waited: set[int] = set()
        self._serial = 0
        self._replayed = 0
        self.kept = False
        """It stays when the test is over, to be looked into."""

    # --- who takes part ---

    @property
    def env(self) -> dict[str, str]:
        """For a process under test: how `tb` and the SDK's users find this world."""
        return {"TRADEBRIDGE_URL": self.hub_url, "TRADEBRIDGE_WORLD_URL": self.url}

    def window(self, name: str) -> Partner:
        """A single window by its country, or any member by its id."""
        return Partner(self, member_id(name, "recipient"))

    def client(self, member: str, **given: Any) -> Hub:
        """The SDK as a member, or as OPERATOR; closed with the world."""
        known = member_id(member, "sender")
        if given or known not in self._clients:
            made = Hub(self.hub_url, self.key(known), **given)
            if given:
                return made
            self._clients[known] = made
        return self._clients[known]

    def key(self, member: str) -> str:
        """The API key of a member by id."""
        if member not in self._keys:
            raise NotSo(f"no member {member} in this world: {', '.join(sorted(self._keys))}")
        return self._keys[member]

    def keys(self, member: str) -> Keys:
        """The three test keys of a member, as signers: `document`, `event`, `ack`."""
        return keys_of(self.seed, member_id(member, "sender"))

    def join(
        self,
        member: str,
        *,
        country: str,
        url: str | None = None,
        sends: tuple[str, ...] = (),
        accepts: tuple[str, ...] = (),
        kind: str = "platform",
    ) -> Partner:
        """Register a member that no simulated partner speaks for: the application under test. The hub pushes to `url`;
        without one it is asked for its inbox. Its keys come from the seed (`keys`)."""
        roles = tuple(role for role, held in (("issuer", sends), ("sender", sends), ("recipient", accepts)) if held)
        own = Member(
            member, f"{member} (under test)", country, kind, None, "push" if url else "pull", roles, sends, accepts
        )
        keys = keys_of(self.seed, member)
        self.client("OPERATOR").add_member(description(own, keys, url or ""))
        self._keys[member] = keys.api_key
        return Partner(self, member)

    # --- documents ---

    def example(self, name: str = "form-d", **given: Any) -> Draft:
        """A valid document, with a number of its own in this world: see `simulator.testing.drafts`."""
        self._serial += 1
        made = draft(name, seed=self.seed, at=self.clock.now, **given)
        return made if given.get("number") or not made.own_number else made.number(_numbered(made, self._serial))

    build = example

    def send(self, document: Draft | bytes, *, sender: str = "", to: str | tuple[str, ...] = (), **given: Any) -> Sent:
        """Hand a document in, as its sender. Raises `tradebridge.Refused`."""
        names = (to,) if isinstance(to, str) else to
        if isinstance(document, Draft):
            sender, recipients = sender or document.sender, names or document.recipients
            data = document.data
        else:
            data, recipients = document, names
        ids = [member_id(each, "recipient") for each in recipients]
        try:
            accepted = self.client(sender).submit(data, ids, **given)
        except Refused as refused:
            self._known_refusals.add(refused.refusal)  # whoever sent it here sees it raised
            raise
        self._known.add(accepted.id)
        return Sent(accepted, document if isinstance(document, Draft) else None)

    # --- what has happened ---

    def entries(self, **query: Any) -> list[dict[str, Any]]:
        """The journal's entries as they are."""
        found: list[dict[str, Any]] = []
        since = 0
        while True:
            page = self.call("GET", "/journal", **{"limit": 1000, "since": since, **query})
            found += page["items"]
            if len(page["items"]) < 1000:
                return found
            since = page["next"]

    def journal(self, **query: Any) -> list[Message]:
        """What all members have written, oldest first; `member`, `kind`, `document`, `number` choose."""
        found = [Message(each, self) for each in self.entries(**_named(query))]
        self._known |= {each.document_id for each in found}
        return found

    def count(self, **query: Any) -> int:
        """So many messages, as `wait_for` chooses them."""
        matches, asked = _wanted(query)
        found = [each for each in self.entries(**asked) if matches(each)]
        self._known |= {str(each.get("document_id", "")) for each in found}
        return len(found)

    def wait_for(self, kind: str = "", *, timeout: float = TIMEOUT_SECONDS, **query: Any) -> Message:
        """The first message that fits and that no earlier call has given, as soon as it is there.

        `kind`: of the journal, or `decision`, which is the event of a recipient. `member`, `number`, `document`
        choose, and `event` by type. Raises `NotInTime`.
        """
        __tracebackhide__ = True
        matches, asked = _wanted({"kind": kind, **query})
        until, since = time.monotonic() + timeout, 0
        while True:
            left = until - time.monotonic()
            page = self.call("GET", "/journal", **asked, since=since, limit=1000, wait=max(0.0, min(left, MOST_WAIT)))
            for each in page["items"]:
                if matches(each) and each["n"] not in self._waited:
                    self._waited.add(each["n"])
                    self._known.add(str(each.get("document_id", "")))
                    return Message(each, self)
            since = page["next"]
            if left <= 0:
                raise NotInTime(f"nothing of {_words(kind, query)} in {timeout:g} s")

    def timeline(self, document: Sent | str) -> list[dict[str, Any]]:
        """What happened to a document, as the hub tells the operator."""
        return list(self.client("OPERATOR").timeline(self._id(document))["entries"])

    def assert_exchange(self, document: Sent | str) -> "Exchange":
        """What became of a document: `.reached("accepted").once().in_order()`."""
        return Exchange(self, self._id(document))

    def refusals(self) -> list[dict[str, Any]]:
        """What the hub has refused, and what kept each from being accepted. A strict test has then seen it."""
        found = self._refusals()
        self._known_refusals |= {each["refusal"] for each in found}
        return found

    def near_misses(self, document: Draft | bytes) -> list[dict[str, Any]]:
        """The profiles that a document comes closest to, with what differs."""
        data = document.data if isinstance(document, Draft) else document
        return list(self._answer(self.server.http.post(f"{self.url}/_sim/v1/near-misses", content=data))["items"])

    def audit(self) -> dict[str, Any]:
        """What is lost, counted from the journals against the log's proofs: `lost` and `problems`."""
        found: dict[str, Any] = self.call("GET", "/audit")
        return found

    # --- what moves it ---

    def fault(
        self, name: str, *, on: str = "*", times: int = 1, seconds: float = 600.0, p: float = 1.0, **options: float
    ) -> Fault:
        """Turn a fault on (`tb fault recipes`): until it has struck so often, or so long."""
        asked = {"fault": name, "on": on, "times": times, "seconds": seconds, "probability": p, "options": options}
        return Fault(self, self.call("POST", "/faults", **asked))

    def faults(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "/faults")["items"])

    def scripts(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "/scripts")["items"])

    def fill(self, count: int = 20) -> dict[str, Any]:
        """Certificates out of the seed, sent, delivered and decided; the summary. A strict test knows them."""
        summary: dict[str, Any] = self.call("POST", "/seed", count=count)
        self.journal()
        return summary

    def play(self, scenario: str) -> dict[str, Any]:
        """Play a scenario of documents to its end; the summary."""
        url = f"{self.url}/_sim/v1/scenario:run"
        answer = self.server.http.post(url, json={"name": scenario}, timeout=300.0)
        if answer.status_code != 200:
            raise NotSo(answer.text)
        self.journal()
        summary: dict[str, Any] = json.loads(answer.text.splitlines()[-1])["summary"]
        return summary

    def reset(self, *what: str) -> None:
        """Back to the start: `documents`, `faults`, `scripts`, `officers`, `clock`, or all of them."""
        self.call("POST", "/reset", **({"what": what} if what else {}))
        if not what or "documents" in what:
            self._known, self._known_refusals, self._waited = set(), set(), set()

    # --- recording ---

    @contextmanager
    def record(self, path: str | Path) -> Iterator[None]:
        """What is sent to the hub within the block, by `send`, by `client` and by whoever takes `hub_url` or `env`,
        goes into a cassette: `docs/developer.md`. Wait within it for what you expect to happen."""
        direct, told = self.hub_url, self.call("POST", "/recording")
        self._speak_to(told["url"])
        try:
            yield
            answer = self.server.http.get(f"{self.url}/_sim/v1/recording/cassette")
            if answer.is_error:
                raise NotSo(answer.text)
            Path(path).write_bytes(answer.content)
        finally:
            self._speak_to(direct)
            self.call("DELETE", "/recording")

    def replay(self, path: str | Path, *, patience: float = TIMEOUT_SECONDS) -> list[str]:
        """Send a cassette again, to a world of its own: what is not as it was, a sentence each; none if nothing."""
        from simulator.cassette import read_cassette
        from simulator.comparing import compare
        from simulator.replaying import replay

        cassette = read_cassette(Path(path).read_bytes())
        self._replayed += 1
        again = replay(cassette, self.server.world_url, f"{self.name}-r{self._replayed}", patience=patience)
        found, _ = compare(cassette, again.cassette)
        return [f"{each.where}: {each.before}, now {each.after}" for each in found]

    def _speak_to(self, hub_url: str) -> None:
        self.close()
        self.hub_url = hub_url

    # --- for the plugin ---

    def strictly(self) -> list[str]:
        """What a strict test must not leave: sentences; empty if there is nothing."""
        scripts, faults = self.scripts(), self.faults()
        scripted = {number for each in scripts for number in each["used"]}
        entries = self.entries(kind="received")
        unknown: dict[str, dict[str, Any]] = {}
        for each in entries:
            if each["document_id"] not in self._known and each.get("number") not in scripted:
                unknown.setdefault(each["document_id"], each)
        return [
            *(
                f"unexpected message: {each['member']} received {each.get('number') or each['document_id']}"
                f" ({each.get('profile', '')}) from {', '.join(each.get('peers', ()))}"
                for each in unknown.values()
            ),
            *(
                f"near miss: the hub refused {each['number'] or 'a document'}: {each['sentence']}"
                for each in self._refusals()
                if each["refusal"] not in self._known_refusals
            ),
            *(
                f"unused script: {each['id']}, {each['to']} {', '.join(each['says'])}, {each['left']} left"
                for each in scripts
                if each["left"]
            ),
            *(f"unused fault: {each['id']} {each['fault']} on {each['on']}" for each in faults if not each["struck"]),
        ]

    def report(self) -> str:
        """What has happened, for a person: the sequence of messages, and what was refused with what differs."""
        from simulator.testing.report import written

        return written(self.entries(), self._refusals(), self.faults())

    def close(self) -> None:
        for each in self._clients.values():
            each.close()
        self._clients.clear()

    def call(self, method: str, path: str, **given: Any) -> Any:
        """Any call of the control plane: `docs/reference/simulation.md`. Raises `NotSo`."""
        __tracebackhide__ = True
        query, body = (given, None) if method == "GET" else (None, given)
        return self._answer(self.server.http.request(method, f"{self.url}/_sim/v1{path}", params=query, json=body))

    def _answer(self, answer: httpx.Response) -> Any:
        __tracebackhide__ = True
        if answer.is_success:
            return answer.json() if answer.content else None
        try:
            problem = answer.json()
            errors = [f"{each['pointer']} {each['message']} {each['fix']}".strip() for each in problem["errors"]]
        except (ValueError, KeyError, TypeError):
            raise NotSo(f"{answer.request.method} {answer.request.url}: {answer.text}") from None
        found = [f"found {each['found']!r}" for each in problem["errors"] if each.get("found")]
        raise NotSo(f"{problem['code']}: {'; '.join([*errors, *found])}")

    def _refusals(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "/near-misses")["items"])

    def _id(self, document: Sent | str) -> str:
        named = document.id if isinstance(document, Sent) else document
        self._known.add(named)
        return named


@dataclass(frozen=True, slots=True)
class Exchange:
    """Assertions on what became of one document. Each gives itself again."""

    world: World = field(repr=False)
    document: str

    def reached(self, state: str, *, timeout: float = TIMEOUT_SECONDS) -> "Exchange":
        """It, or one of its recipients, comes to this state in time."""
        __tracebackhide__ = True
        until, hub = time.monotonic() + timeout, self.world.client("OPERATOR")
        while True:
            summary = hub.summary(self.document)
            states = {summary["state"], *(each["state"] for each in summary["recipients"].values())}
            if state in states:
                return self
            if time.monotonic() > until:
                told = ", ".join(sorted(states))
                raise NotInTime(f"{self.document} is {told}, not {state}, after {timeout:g} s")
            time.sleep(0.03)

    def once(self) -> "Exchange":
        """Each recipient has taken it once."""
        __tracebackhide__ = True
        taken = [each["member"] for each in self.world.entries(kind="received", document=self.document)]
        twice = sorted({each for each in taken if taken.count(each) > 1})
        if not taken or twice:
            said = f"more than once by {', '.join(twice)}" if twice else "by nobody"
            raise NotSo(f"{self.document} was taken {said}")
        return self

    def in_order(self) -> "Exchange":
        """Each member has heard the events of each recipient in the order of their sequence."""
        __tracebackhide__ = True
        heard: dict[tuple[str, str], list[int]] = {}
        for each in self.world.entries(kind="event received", document=self.document):
            event = each["event"]
            heard.setdefault((each["member"], event.get("recipient", "")), []).append(int(event.get("sequence", 0)))
        wrong = [who for who, sequences in heard.items() if sequences != sorted(sequences)]
        if wrong:
            raise NotSo(f"events of {self.document} out of order at {wrong}: {heard}")
        return self


@dataclass(frozen=True, slots=True)
class Aio:
    """The same for a test that runs in an event loop: what blocks goes in a thread, so the loop goes on."""

    world: World = field(repr=False)

    async def call(self, function: Callable[..., T], *given: Any, **named: Any) -> T:
        """Any other method: `await tb.aio.call(tb.clock.advance, "P1D")`."""
        return await asyncio.to_thread(function, *given, **named)

    async def send(self, document: Draft | bytes, **given: Any) -> Sent:
        return await self.call(self.world.send, document, **given)

    async def wait_for(self, kind: str = "", **given: Any) -> Message:
        return await self.call(self.world.wait_for, kind, **given)

    async def journal(self, **query: Any) -> list[Message]:
        return await self.call(self.world.journal, **query)

    async def reached(self, document: Sent | str, state: str, *, timeout: float = TIMEOUT_SECONDS) -> Exchange:
        return await self.call(self.world.assert_exchange(document).reached, state, timeout=timeout)

    def client(self, member: str) -> AsyncHub:
        """The SDK as a member, for asyncio: `async with`."""
        known = member_id(member, "sender")
        return AsyncHub(self.world.hub_url, self.world.key(known))


@contextmanager
def world_on(server: Server, *, clock: str = "", strict: bool = False, and_next: bool = True) -> Iterator[World]:
    """A world, dropped at the end. `clock`: where it stands (RFC 3339), or `real`; else where the server's does."""
    name = server.space(and_next=and_next)
    world = World(server, name, strict=strict)
    try:
        if clock == "real":
            world.clock.run()
        elif clock:
            world.clock.freeze(clock)
        yield world
    finally:
        world.close()
        if not world.kept:
            server.drop(name)


def _numbered(made: Draft, serial: int) -> str:
    """Another number in the same form, one for each document of a world."""
    number = made.own_number
    digits = number[len(number.rstrip("0123456789")) :]
    return f"{number[: len(number) - len(digits)]}{int(digits or 0) + serial:0{len(digits)}d}"


def _named(query: Mapping[str, Any]) -> dict[str, Any]:
    """Members by id, documents by theirs."""
    asked = {name: value for name, value in query.items() if value not in ("", None)}
    if isinstance(asked.get("document"), Sent):
        asked["document"] = asked["document"].id
    if "member" in asked:
        asked["member"] = member_id(str(asked["member"]), "recipient")
    return asked


def _wanted(query: Mapping[str, Any]) -> tuple[Callable[[Mapping[str, Any]], bool], dict[str, Any]]:
    """What of a query is asked of the simulation, and what is looked at here."""
    asked = _named(query)
    event = asked.pop("event", "")
    decision = asked.get("kind") == "decision"
    if decision:
        asked["kind"] = "event sent"

    def matches(entry: Mapping[str, Any]) -> bool:
        type_ = entry.get("event", {}).get("type", "")
        return (not event or type_ == event) and (not decision or type_ in DECISIONS)

    return matches, asked


def _words(kind: str, query: Mapping[str, Any]) -> str:
    chosen = ", ".join(f"{name} {getattr(value, 'number', value)}" for name, value in query.items())
    return f"{kind or 'any kind'}{f' with {chosen}' if chosen else ''}"
