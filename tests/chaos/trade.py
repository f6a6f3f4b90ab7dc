"""A trade over hubs that are killed: who takes part, how it starts, how it ends.

The hubs have real keys and draw real random ids: so a message that was lost and taken in again would have another
receipt, and a test that compares receipts can see it. Only the business clock is frozen.
"""

import itertools
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.journals import Journal
from tests.chaos.parties import (
    Auditor,
    Party,
    Pulling,
    Pushed,
    PushServer,
    Recipient,
    Rivals,
    Sender,
    Traffic,
    Watcher,
)
from tests.exchange.cast import NOW, SEED, description
from tests.exchange.running import HubProcess
from tradebridge.client import Hub
from tradebridge.evidence.simulation import test_api_key
from tradebridge.evidence.trust import TrustList

OPERATOR_KEY = test_api_key(SEED, "OPERATOR")
ENVIRONMENT = {
    "TRADEBRIDGE_SEED": "",
    "TRADEBRIDGE_OPERATOR_KEY": OPERATOR_KEY,
    "TRADEBRIDGE_LEASE_SECONDS": "1",
    "TRADEBRIDGE_RETRY_MAX_SECONDS": "0.5",
    "TRADEBRIDGE_RETRY_ATTEMPTS": "100000",
    "TRADEBRIDGE_LOG_LEVEL": "critical",
}
SENDERS = ("SG-NSW", "VN-NSW")
RECIPIENTS = ("TH-NSW", "MY-NSW")
DRAIN_SECONDS = 120.0


def free_port() -> int:
    """A port below those that the system gives to outgoing connections: while its hub is down, a client that knocks
    there could otherwise be connected to itself."""
    for port in random.sample(range(18_000, 30_000), 200):
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port is free")


def hub_process(folder: Path, database_url: str, **environment: str) -> HubProcess:
    return HubProcess(folder, database_url, clock=NOW, port=free_port(), environment=ENVIRONMENT | environment)


@dataclass
class Trade:
    """All parties of one test, and what they share."""

    trust: TrustList
    operator: Hub
    traffic: Traffic
    watcher: Watcher
    senders: list[Sender]
    recipients: list[Recipient]
    auditor: Auditor

    @property
    def parties(self) -> list[Party]:
        return [*self.senders, *self.recipients, self.auditor]

    def receipts(self) -> int:
        return sum(len(sender.answered) for sender in self.senders)

    def wait_for_traffic(self, more: int, seconds: float = 30) -> None:
        """Until so many more receipts were handed out: the hub is under load."""
        goal = self.receipts() + more
        wait_until(lambda: self.receipts() >= goal, seconds, "no traffic: nobody got a receipt")

    def end(self) -> None:
        """No new documents; whatever is on its way arrives, is decided, and the decision arrives. Raises if not."""
        for sender in self.senders:
            sender.ending.set()
        for sender in self.senders:
            sender.join(DRAIN_SECONDS)
            assert not sender.is_alive(), f"{sender.name} got no answer to its last document"
        wait_until(lambda: not self._under_way(), DRAIN_SECONDS, self._under_way)
        self.dismiss()

    def dismiss(self) -> None:
        """Everybody stops what they do."""
        for ending in (*(party.ending for party in self.parties), self.watcher.ending):
            ending.set()
        for thread in (*self.parties, self.watcher):
            thread.join(30)

    def _under_way(self) -> str:
        """What of all that the receipts promise has not come, told from the journals of those it was promised to."""
        if any(party.problems for party in self.parties):
            return ""  # no need to wait: it has failed
        sent = list(itertools.chain.from_iterable(sender.journal.lines("receipt") for sender in self.senders))
        said = list(itertools.chain.from_iterable(each.journal.lines("said") for each in self.recipients))
        promised = sum(len(line["to"]) for line in sent)
        effects = sum(len(each.seen) for each in self.recipients)
        messages = len({line["message"] for line in (*sent, *said)})
        found = {
            "documents in hand": (sum(each.undecided for each in self.recipients), 0),
            "decisions": (len(said), promised),
            "deliveries": (effects, promised + len(said)),
            "leaves of the log": (min(self.watcher.newest, messages), messages),
        }
        return "; ".join(f"{what}: {have}, not {want}" for what, (have, want) in found.items() if have != want)


def wait_until(question: Callable[[], bool], seconds: float, otherwise: str | Callable[[], str]) -> None:
    end = time.monotonic() + seconds
    pause = 0.02
    while not question():
        if time.monotonic() > end:
            raise AssertionError(otherwise if isinstance(otherwise, str) else otherwise())
        time.sleep(pause)
        pause = min(1.0, pause * 1.3)


@contextmanager
def trade(folder: Path, urls: Sequence[str], *, lanes: int = 2, pause: float = 0.02) -> Iterator[Trade]:
    """Everybody joins and begins. `lanes`: documents that each sender has on the way at once."""
    folder.mkdir(parents=True, exist_ok=True)
    operator = Hub(urls[0], OPERATOR_KEY, timeout=20)
    traffic = Traffic()
    journals = {name: Journal(folder / f"{name}.jsonl") for name in (*SENDERS, *RECIPIENTS, "auditor")}
    journals |= {
        f"{name} {lane}": Journal(folder / f"{name}-{lane}.jsonl") for name in SENDERS for lane in (*range(lanes), 9)
    }

    def join(name: str, **changes: Any) -> str:
        described = description(name, **changes)
        del described["apiKey"]  # a hub with real keys makes the API keys itself
        return operator.add_member(described).api_key

    server = PushServer()
    keys = {name: join(name) for name in (*SENDERS, "MY-NSW")}
    keys["TH-NSW"] = join("TH-NSW", style="asw", delivery={"mode": "push", "url": server.url})
    trust = TrustList.from_json(operator.trust())
    recipients: list[Recipient] = [Pushed(server, "TH-NSW", trust, urls, keys["TH-NSW"], traffic, journals["TH-NSW"])]
    recipients += [Pulling(name, trust, urls, keys[name], traffic, journals[name]) for name in ("MY-NSW", *SENDERS)]
    senders = [
        Sender(lane, name, RECIPIENTS, pause, urls, keys[name], traffic, journals[f"{name} {lane}"])
        for name in SENDERS
        for lane in range(lanes)
    ]
    if len(urls) > 1:
        senders += [
            Rivals(9, name, RECIPIENTS, pause, urls, keys[name], traffic, journals[f"{name} 9"]) for name in SENDERS
        ]
        _wait_until_all_know(urls, keys)
    auditor = Auditor(senders, trust, urls, OPERATOR_KEY, traffic, journals["auditor"])
    everybody = Trade(trust, operator, traffic, Watcher(urls, trust), senders, recipients, auditor)
    for party in (*everybody.parties, everybody.watcher):
        party.start()
    try:
        yield everybody
    finally:
        everybody.dismiss()
        for each in everybody.parties:
            each.close()
        for journal in journals.values():
            journal.close()
        operator.close()


def _wait_until_all_know(urls: Sequence[str], keys: Mapping[str, str]) -> None:
    """The members joined at one hub; the others read of it a moment later."""
    for url in urls:
        with Hub(url, OPERATOR_KEY) as operator:
            wait_until(lambda: len(operator.members().items) == len(keys), 10, f"{url} does not know the members")
