"""Members that trade while hubs die under them, each with a journal of its own.

- A `Sender` hands in signed certificates (XML or JSON) with an idempotency key, and tries again with the same key until
  it has an answer. Now and then it asks for an old receipt again.
- A `Recipient` deduplicates by message id, acknowledges signed, and answers every document with a signed event; that is
  handed in the same way, until there is an answer. `Pushed` is pushed to over HTTP and loses some of its answers;
  `Pulling` looks into its inbox.
- The `Auditor` fetches evidence and verifies it, while documents are still on their way.
- The `Watcher` is a witness: it fetches checkpoints while hubs come and go.

Each of them may speak to any of the hubs' addresses: with two hubs over one store it makes no difference which. One
that was silent is left alone for a moment, as any client does that has a choice.
"""

import json
import queue
import random
import threading
import time
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from schemas.content import Content, Syntax, open_content, sha256_hex
from schemas.event import PROFILE as EVENT_PROFILE
from schemas.event import EventType
from schemas.registry import profile_of
from tests.chaos.journals import Journal
from tests.exchange.cast import FORM_D, NOW, acknowledged, event, signed
from tradebridge.calls import read_deliveries
from tradebridge.client import Accepted, Delivery, EventAccepted, Hub, Refused, TimedOut, Unreachable
from tradebridge.evidence.notes import Checkpoint, verify_checkpoint
from tradebridge.evidence.receipts import DeliveryNote, read_note
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.verify import verify_evidence

AGAIN_SECONDS = 0.05
"""Between two tries while no hub answers."""
LONG_SECONDS, SHORT_SECONDS = 20.0, 2.0
"""How long a party waits for an answer; shorter where it can ask another hub."""
SHUN_SECONDS = 1.0
"""How long a party asks other hubs after one was silent."""
LOST_ANSWERS = 0.05
"""Of a hundred answers to pushes, five get lost on the way."""


@dataclass
class Traffic:
    """How much is on the way at this moment, and what became of it. Shared by all parties of a test."""

    in_flight: int = 0
    answered: int = 0
    interrupted: int = 0
    """Requests whose connection broke, or that met no hub."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def request(self) -> Iterator[None]:
        with self.lock:
            self.in_flight += 1
        try:
            yield
        except Unreachable:
            with self.lock:
                self.interrupted += 1
            raise
        else:
            with self.lock:
                self.answered += 1
        finally:
            with self.lock:
                self.in_flight -= 1


class Party(threading.Thread):
    """A member in a thread of its own, with one client for each hub. `problems` must stay empty."""

    def __init__(self, name: str, hubs: Sequence[str], api_key: str, traffic: Traffic, journal: Journal) -> None:
        super().__init__(name=name, daemon=True)
        timeout = LONG_SECONDS if len(hubs) == 1 else SHORT_SECONDS
        self.clients = [Hub(url, api_key, timeout=timeout) for url in hubs]
        self.silent_until = dict.fromkeys(hubs, 0.0)
        self.traffic = traffic
        self.journal = journal
        self.dice = random.Random(name)
        self.ending = threading.Event()
        self.problems: list[str] = []

    def run(self) -> None:
        while not self.ending.is_set():
            try:
                self.act()
            except Unreachable:
                time.sleep(AGAIN_SECONDS)
            except Exception as error:  # the test reads it in `problems`, and fails
                self.problems.append(f"{self.name}: {type(error).__name__}: {error}"[:500])
                return

    @abstractmethod
    def act(self) -> None:
        """One thing that the party does; it is asked again and again."""

    @contextmanager
    def any_hub(self) -> Iterator[Hub]:
        """One of the hubs; of several not one that was silent just now."""
        now = time.monotonic()
        hub = self.dice.choice([each for each in self.clients if self.silent_until[each.url] < now] or self.clients)
        try:
            yield hub
        except TimedOut:
            self.silent_until[hub.url] = time.monotonic() + SHUN_SECONDS
            raise

    def close(self) -> None:
        for client in self.clients:
            client.close()


# --- sending ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Consignment:
    """What makes one signed certificate: the same facts give the same bytes again."""

    number: str
    member: str
    syntax: Syntax
    variant: int
    second: int = 0
    """When in the first minute it was signed: another second is another signature over the same content."""

    def data(self) -> bytes:
        profile = profile_of(FORM_D)
        assert profile is not None
        country = self.member[:2]
        example = profile.example(exporter=country, importer="TH", number=self.number, at=NOW, variant=self.variant)
        return signed(example, self.member, self.syntax, NOW + timedelta(seconds=self.second))


class Sender(Party):
    """Sends certificate after certificate to some of `to`. It ends only when the last one has its answer."""

    def __init__(self, lane: int, member: str, to: Sequence[str], pause: float, *rest: Any) -> None:
        super().__init__(f"{member} {lane}", *rest)
        self.member, self.lane, self.to, self.pause = member, lane, tuple(to), pause
        self.count = 0
        self.answered: list[tuple[str, Consignment, tuple[str, ...]]] = []
        self.documents: list[str] = []

    def act(self) -> None:
        self.count += 1
        number = f"{self.member[:2]}-2026-{self.lane}{self.count:06}"
        syntax = Syntax.XML if self.count % 2 else Syntax.JSON
        consignment = Consignment(number, self.member, syntax, self.count % 7)
        to = tuple(sorted(self.dice.sample(self.to, self.dice.randint(1, len(self.to)))))
        key = f"{self.name.replace(' ', '-')}-{self.count}"
        self.hand_in(key, consignment, to)
        if self.answered and self.dice.random() < 0.1:
            self.ask_again(*self.dice.choice(self.answered))
        time.sleep(self.dice.uniform(0, 2 * self.pause))

    def hand_in(self, key: str, consignment: Consignment, to: tuple[str, ...]) -> None:
        """With the same key until there is an answer: through any number of outages."""
        data = consignment.data()
        self.journal.add("handed in", key=key, number=consignment.number, digest=sha256_hex(data), to=to)
        outcome = self.answer_to(data, to, key)
        if isinstance(outcome, Refused):
            self.journal.add("refused", key=key, code=outcome.code, document=outcome.problem.get("document"))
            return
        self.keep(outcome, key, consignment, to)

    def keep(self, outcome: Accepted, key: str, consignment: Consignment, to: tuple[str, ...]) -> None:
        """A receipt was handed out."""
        self.journal.add(
            "receipt",
            key=key,
            to=to,
            document=outcome.id,
            message=outcome.message_id,
            receipt=outcome.receipt,
            replayed=outcome.replayed,
            digest=sha256_hex(consignment.data()),
            consignment=asdict(consignment),
        )
        self.answered.append((key, consignment, to))
        self.documents.append(outcome.id)

    def ask_again(self, key: str, consignment: Consignment, to: tuple[str, ...]) -> None:
        outcome = self.answer_to(consignment.data(), to, key)
        self.tell_again(key, outcome)

    def tell_again(self, key: str, outcome: Accepted | Refused) -> None:
        self.journal.add("again", key=key, receipt=outcome.receipt if isinstance(outcome, Accepted) else outcome.code)

    def answer_to(self, data: bytes, to: tuple[str, ...], key: str) -> Accepted | Refused:
        while True:
            try:
                with self.traffic.request(), self.any_hub() as hub:
                    return hub.submit(data, to, idempotency_key=key)
            except Unreachable:
                time.sleep(AGAIN_SECONDS)
            except Refused as refused:
                if refused.status != 503:
                    return refused
                time.sleep(AGAIN_SECONDS)


class Rivals(Sender):
    """Two hands at one desk, each at another hub in the same moment: the same content under two signatures, two
    contents under one number, or one document with one key. Always exactly one of the two is taken in."""

    def act(self) -> None:
        self.count += 1
        number = f"{self.member[:2]}-2026-R{self.lane}{self.count:05}"
        first = Consignment(number, self.member, Syntax.XML if self.count % 2 else Syntax.JSON, 1)
        second = self.dice.choice((first, replace(first, second=1), replace(first, variant=2)))
        keys = [f"{self.member}-rival-{self.count}-{hand}" for hand in (0, 0 if second == first else 1)]
        for key, consignment in {keys[0]: first, keys[1]: second}.items():
            self.journal.add("handed in", key=key, number=number, digest=sha256_hex(consignment.data()), to=self.to)
        with ThreadPoolExecutor(2) as hands:
            outcomes = list(
                hands.map(self.answer_from, self.clients, (first.data(), second.data()), (self.to, self.to), keys)
            )
        self.settle(keys, (first, second), outcomes)
        time.sleep(self.dice.uniform(0, 2 * self.pause))

    def settle(
        self, keys: list[str], consignments: tuple[Consignment, Consignment], outcomes: list[Accepted | Refused]
    ) -> None:
        winners = [at for at, each in enumerate(outcomes) if isinstance(each, Accepted)]
        if keys[0] == keys[1]:
            self.tell_again(keys[1], outcomes[1])
            winners = winners[:1]
        if len(winners) != 1:
            self.problems.append(f"{keys}: {len(winners)} of two were taken in: {outcomes}"[:500])
            return
        (at,) = winners
        taken, beaten = outcomes[at], outcomes[1 - at]
        assert isinstance(taken, Accepted)
        self.keep(taken, keys[at], consignments[at], self.to)
        if keys[0] == keys[1]:
            return
        same_content = consignments[0].variant == consignments[1].variant
        expected = ("document.duplicate" if same_content else "document.number-taken", taken.id, taken.receipt)
        assert isinstance(beaten, Refused)
        told = (beaten.code, beaten.problem.get("document"), beaten.problem.get("receipt"))
        if told != expected:
            self.problems.append(f"{keys[1 - at]} was told {told} and not {expected}"[:500])
        self.journal.add("beaten", key=keys[1 - at], code=beaten.code)

    def answer_from(self, first: Hub, data: bytes, to: tuple[str, ...], key: str) -> Accepted | Refused:
        """From this hub if it can, else from any."""
        try:
            with self.traffic.request():
                return first.submit(data, to, idempotency_key=key)
        except Unreachable:
            return self.answer_to(data, to, key)
        except Refused as refused:
            return self.answer_to(data, to, key) if refused.status == 503 else refused


# --- receiving -------------------------------------------------------------------------------------------------------


class Recipient(Party):
    """Takes deliveries, whichever way they come: the effect of a message is once. Then says what it decided."""

    def __init__(self, member: str, trust: TrustList, *rest: Any) -> None:
        super().__init__(member, *rest)
        self.member, self.trust = member, trust
        self.seen = {line["message"] for line in self.journal.lines("effect")}
        self.lock = threading.Lock()
        self.decisions: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self.undecided = 0
        self.speaker = threading.Thread(target=self.speak, name=f"{member} speaks", daemon=True)

    def start(self) -> None:
        super().start()
        self.speaker.start()

    def take(self, delivery: Delivery) -> str:
        """One delivery: journal it, let it have its effect if it is new, and sign for it."""
        note = read_note(delivery.note, self.trust, NOW)
        digest = sha256_hex(delivery.original)
        if not isinstance(note, DeliveryNote) or note.original.digest != digest or note.recipient != self.member:
            self.problems.append(f"{self.member}: the note of {delivery.id} does not fit: {note}"[:500])
            return ""
        if (note.delivery, note.message_id) != (delivery.id, delivery.message_id):
            self.problems.append(f"{self.member}: the note of {delivery.id} is of another delivery")
        rendition = sha256_hex(delivery.rendition) if delivery.rendition is not None else None
        if rendition != (note.rendition.digest if note.rendition else None):
            self.problems.append(f"{self.member}: the rendition of {delivery.id} is not the one of its note")
        with self.lock:
            new = delivery.message_id not in self.seen
            self.seen.add(delivery.message_id)
            self.journal.add("delivery", id=delivery.id, message=delivery.message_id, note=sha256_hex(note.payload()))
            if new:
                self.journal.add("effect", id=delivery.id, message=delivery.message_id, digest=digest)
                if note.profile != EVENT_PROFILE:
                    content = open_content(delivery.original)
                    assert isinstance(content, Content)
                    self.undecided += 1
                    self.decisions.put((note.document_id, content.content_digest))
        return acknowledged(delivery, self.member, digest, NOW)

    def speak(self) -> None:
        while True:
            document, digest = self.decisions.get()
            if not document:
                return
            token = event(EventType.ACCEPTED, document, digest, self.member, recipient=self.member, at=NOW)
            outcome = self.answer_to(document, token)
            if isinstance(outcome, Refused):
                self.problems.append(f"{self.member}: the decision on {document} was refused: {outcome}"[:500])
            else:
                receipt, message = outcome.receipt, outcome.message_id
                self.journal.add("said", document=document, message=message, receipt=receipt, token=token)
            self.undecided -= 1

    def answer_to(self, document: str, token: str) -> EventAccepted | Refused:
        while True:
            try:
                with self.traffic.request(), self.any_hub() as hub:
                    return hub.send_event(document, token)
            except Unreachable:
                time.sleep(AGAIN_SECONDS)
            except Refused as refused:
                if refused.status != 503:
                    return refused
                time.sleep(AGAIN_SECONDS)

    def close(self) -> None:
        self.decisions.put(("", ""))
        super().close()


class Pulling(Recipient):
    """Looks into its inbox."""

    def act(self) -> None:
        with self.any_hub() as hub:
            deliveries = hub.inbox(limit=40, wait=0.5)
        tokens = [token for token in map(self.take, deliveries) if token]
        if tokens:
            with self.any_hub() as hub:
                settled = hub.acknowledge(tokens)
            self.problems += [f"{self.member}: {each}" for each in settled if each.status != "delivered"]


class PushServer(ThreadingHTTPServer):
    """Where a member is pushed to. It has its address at once, and serves when its member is there."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Pushes)
        self.member: Pushed | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/push"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: that a hub died in the middle of a push is what the test wants."""


class _Pushes(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: PushServer

    def do_POST(self) -> None:
        member = self.server.member
        assert member is not None
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        tokens = [token for token in map(member.take, read_deliveries(body)) if token]
        if member.dice.random() < LOST_ANSWERS:
            self.close_connection = True
            return
        answer = json.dumps({"acknowledgements": tokens}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silent."""


class Pushed(Recipient):
    """Is pushed to, over real HTTP. It loses some of its answers, after the effect."""

    def __init__(self, server: PushServer, member: str, trust: TrustList, *rest: Any) -> None:
        super().__init__(member, trust, *rest)
        self.server = server
        server.member = self
        threading.Thread(target=server.serve_forever, name=f"{member} server", daemon=True).start()

    def act(self) -> None:
        self.ending.wait(0.5)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        super().close()


# --- auditing ---


class Auditor(Party):
    """In the middle of it all asks for the evidence of whatever has a receipt. It may not be complete yet; what is
    there always holds."""

    def __init__(self, senders: Sequence[Sender], trust: TrustList, *rest: Any) -> None:
        super().__init__("auditor", *rest)
        self.senders, self.trust = tuple(senders), trust
        self.audits = 0

    def act(self) -> None:
        time.sleep(AGAIN_SECONDS)
        documents = [sender.documents[-1] for sender in self.senders if sender.documents]
        if not documents:
            return
        with self.any_hub() as hub:
            evidence = hub.evidence(self.dice.choice(documents))
        report = verify_evidence(evidence, self.trust, NOW)
        complete = all(message["inclusion"] for message in evidence["messages"])
        if report.exit_code not in ((0,) if complete else (0, 3)):
            self.problems.append(f"the evidence does not hold: {report.to_json()}"[:2000])
        self.audits += 1


# --- watching the log ------------------------------------------------------------------------------------------------


class Watcher(threading.Thread):
    """Fetches the newest checkpoint of each hub, again and again, and keeps every one that it saw."""

    def __init__(self, hubs: Sequence[str], trust: TrustList) -> None:
        super().__init__(name="watcher", daemon=True)
        self.hubs, self.trust = tuple(hubs), trust
        self.seen: dict[int, Checkpoint] = {}
        self.problems: list[str] = []
        self.ending = threading.Event()

    def run(self) -> None:
        with httpx.Client(timeout=5, trust_env=False) as client:
            while not self.ending.wait(0.05):
                for url in self.hubs:
                    try:
                        self.look(client.get(f"{url}/v1/log/checkpoint").text)
                    except httpx.TransportError:
                        continue

    def look(self, text: str) -> None:
        if not text or text.startswith("{"):
            return  # before the first checkpoint, or the store is away
        found = verify_checkpoint(text, self.trust.log.verifier_key, self.trust.log.origin)
        if not isinstance(found, Checkpoint):
            self.problems.append(f"a checkpoint does not hold: {found}"[:300])
        elif self.seen.setdefault(found.size, found).root != found.root:
            self.problems.append(f"two roots of size {found.size}: the log shows two faces")

    @property
    def newest(self) -> int:
        return max(self.seen, default=0)
