"""The invariants of DESIGN.md, each with a test that tries to break it. (5 is about titles; its tests come with them.)

Many more tests lean on them; these are the ones that the committed mutations (tests/mutations/) name where no other
test looks exactly there.
"""

import logging
import random
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from sqlalchemy import Engine, create_engine, event, func, select
from sqlalchemy.engine import Connection

from exchange.store import tables as t
from schemas.content import Content, Syntax, open_content, sha256_hex
from schemas.event import EventType, decode_event
from schemas.life import Course, Parties, Standing, State, apply, life_of
from tests.exchange.cast import (
    NOW,
    Cast,
    acknowledged,
    certificate,
    description,
    document,
    encoded,
    refused_by,
    signer,
)
from tests.exchange.cast import event as event_of
from tests.exchange.running import hub_in_thread
from tests.exchange.test_log_and_evidence import settled
from tests.waiting import until
from tradebridge.client import Accepted, Delivery
from tradebridge.evidence import jws
from tradebridge.evidence.receipts import DeliveryNote, read_note
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.verify import verify_evidence

# --- 1. The bytes received are stored and forwarded unchanged ---------------------------------------------------------


def odd_xml(number: str) -> bytes:
    """Valid and validly signed, and as no serialiser would write it."""
    data = certificate(number)
    start = data.index(b"?>") + 2
    return b"<?xml   version='1.0'  encoding='UTF-8' ?>\n\n" + data[start:].strip() + b"\n\n \n"


@pytest.mark.parametrize("syntax", list(Syntax))
def test_the_bytes_are_kept_and_handed_on_unchanged_however_odd(cast: Cast, syntax: Syntax) -> None:
    data = odd_xml("SG-2026-07001") if syntax is Syntax.XML else certificate("SG-2026-07002", syntax=syntax)
    accepted = cast["SG-NSW"].submit(data, ["TH-NSW"])
    cast["TH-NSW"].forward(accepted.id, ["VN-NSW"])
    assert accepted.bytes_digest == sha256_hex(data)
    assert cast["SG-NSW"].get(accepted.id).data == data
    evidence = cast["SG-NSW"].evidence(accepted.id)
    assert b64decode(evidence["document"]["bytes"]) == data
    trust = TrustList.from_json(cast["TH-NSW"].trust())
    for member in ("TH-NSW", "VN-NSW"):
        (delivery,) = cast[member].inbox()
        assert delivery.original == data
        note = read_note(delivery.note, trust, NOW)
        assert isinstance(note, DeliveryNote)
        assert note.original.digest == sha256_hex(data)


# --- 2. Nothing is acknowledged before it is durable ------------------------------------------------------------------


@contextmanager
def commits_held() -> Iterator[threading.Event]:
    """Every commit of this process waits until the event is set."""
    release = threading.Event()

    def hold(connection: Connection) -> None:
        assert release.wait(20)

    event.listen(Engine, "commit", hold)
    try:
        yield release
    finally:
        release.set()
        event.remove(Engine, "commit", hold)


def calls_that_are_acknowledged(cast: Cast) -> dict[str, Callable[[], object]]:
    first = cast["SG-NSW"].submit(certificate("SG-2026-07010"), ["TH-NSW"])
    (delivery,) = cast["TH-NSW"].inbox()
    ack = acknowledged(delivery, "TH-NSW", sha256_hex(delivery.original))
    said = event_of(EventType.ACCEPTED, first.id, first.content_digest, "TH-NSW")
    other = certificate("SG-2026-07011")
    return {
        "submit": lambda: cast["SG-NSW"].submit(other, ["TH-NSW"]),
        "event": lambda: cast["TH-NSW"].send_event(first.id, said),
        "forward": lambda: cast["SG-NSW"].forward(first.id, ["VN-NSW"]),
        "acknowledge": lambda: cast["TH-NSW"].acknowledge([ack]),
        "rotate the key": lambda: cast.operator.rotate_key("VN-NSW"),
    }


def test_no_answer_comes_before_the_commit(cast: Cast) -> None:
    calls = calls_that_are_acknowledged(cast)
    with ThreadPoolExecutor(len(calls)) as pool, commits_held() as release:
        answers: dict[str, Future[object]] = {what: pool.submit(call) for what, call in calls.items()}
        wait(answers.values(), 0.5, FIRST_COMPLETED)
        early = [what for what, answer in answers.items() if answer.done()]
        assert not early, f"answered before the commit: {early}"
        release.set()
        for answer in answers.values():
            answer.result(10)


def test_the_receipt_is_the_same_after_a_restart_on_another_day(tmp_path: Path, database_url: str) -> None:
    data = certificate("SG-2026-07012")
    with hub_in_thread(tmp_path, database_url) as running:
        first = running.join()["SG-NSW"].submit(data, ["TH-NSW"], idempotency_key="k")
    with hub_in_thread(tmp_path, database_url, clock=NOW + timedelta(days=3)) as later:
        again = later["SG-NSW"].submit(data, ["TH-NSW"], idempotency_key="k")
        assert (again.replayed, again.raw) == (True, first.raw)
        duplicate = refused_by(later["SG-NSW"].submit, data, ["TH-NSW"])
        assert (duplicate.code, duplicate.problem["receipt"]) == ("document.duplicate", first.receipt)


# --- 3. Acceptance, log leaf and outbox rows are one transaction ------------------------------------------------------


@contextmanager
def watching_commits(check: Callable[[Connection], None]) -> Iterator[list[str]]:
    """At each commit of this process `check` looks at what it makes visible. Gives what it objected to."""
    wrong: list[str] = []

    def committing(connection: Connection) -> None:
        try:
            check(connection)
        except AssertionError as error:
            wrong.append(str(error) or "a half message")

    event.listen(Engine, "commit", committing)
    try:
        yield wrong
    finally:
        event.remove(Engine, "commit", committing)


def messages_are_whole(connection: Connection) -> None:
    counts = {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (t.messages, t.leaves, t.records, t.documents, t.events, t.deliveries, t.standings)
    }
    kinds = connection.execute(select(t.messages.c.kind, t.messages.c.receipt)).all()
    of = [kind for kind, _ in kinds]
    payloads = [orjson.loads(b64decode(receipt.split(".")[1] + "==", b"-_")) for _, receipt in kinds]
    addressed = sum(len(payload["recipients"]) for payload in payloads)
    to_decide = sum(len(each["recipients"]) for each, kind in zip(payloads, of, strict=True) if kind != "event")
    expected = {
        "messages": len(of),
        "leaves": len(of) + counts["records"],
        "records": counts["records"],
        "documents": of.count("document"),
        "events": of.count("event"),
        "deliveries": addressed,
        "standings": to_decide,
    }
    assert counts == expected, f"{counts} where {expected} belong together"


def test_every_commit_shows_whole_messages_only(cast: Cast) -> None:
    with watching_commits(messages_are_whole) as wrong, ThreadPoolExecutor(6) as pool:
        numbers = [f"SG-2026-072{n:02}" for n in range(12)]
        taken = list(pool.map(lambda n: cast["SG-NSW"].submit(certificate(n), ["TH-NSW", "VN-NSW"]), numbers))
        list(pool.map(lambda each: cast["SG-NSW"].send_event(each.id, cancelled(each)), taken[:4]))
        list(pool.map(lambda each: cast["TH-NSW"].send_event(each.id, accepted_by_thailand(each)), taken[4:]))
    assert wrong == []


def cancelled(accepted: Accepted) -> str:
    return event_of(EventType.CANCELLED, accepted.id, accepted.content_digest, "SG-NSW", recipient=None)


def accepted_by_thailand(accepted: Accepted, sequence: int = 0) -> str:
    return event_of(EventType.ACCEPTED, accepted.id, accepted.content_digest, "TH-NSW", sequence=sequence)


class Broken(RuntimeError):
    """What the test throws in the middle of a transaction."""


@pytest.fixture
def quiet() -> Iterator[None]:
    """The hub logs a bug with its whole trace, which takes seconds to draw."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@contextmanager
def breaking_at(table: str) -> Iterator[None]:
    """The first statement that inserts into this table fails."""
    broken: list[str] = []

    def execute(connection: Connection, cursor: Any, statement: str, *rest: Any) -> None:
        if not broken and statement.lower().startswith(f"insert into {table} "):
            broken.append(statement)
            raise Broken(table)

    event.listen(Engine, "before_cursor_execute", execute)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", execute)
    assert broken, f"nothing was inserted into {table}"


WRITTEN = (t.messages, t.leaves, t.deliveries, t.documents, t.standings, t.events, t.feed)
"""What a message writes."""


def rows(database_url: str) -> dict[str, int]:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in WRITTEN
        }
    engine.dispose()
    return counts


@pytest.mark.usefixtures("quiet")
def test_a_submission_that_breaks_anywhere_leaves_nothing_behind(cast: Cast, database_url: str) -> None:
    data = certificate("SG-2026-07030")
    before = rows(database_url)
    for table in ("messages", "leaves", "deliveries", "documents", "standings", "feed"):
        with breaking_at(table):
            assert refused_by(cast["SG-NSW"].submit, data, ["TH-NSW"]).status == 500
        assert rows(database_url) == before, f"broken at {table}"
    assert cast["SG-NSW"].submit(data, ["TH-NSW"]).number == "SG-2026-07030"


@pytest.mark.usefixtures("quiet")
def test_an_event_that_breaks_anywhere_leaves_nothing_behind(cast: Cast, database_url: str) -> None:
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-07031"), ["TH-NSW"])
    before = rows(database_url)
    for table in ("messages", "leaves", "deliveries", "events", "feed"):
        with breaking_at(table):
            assert refused_by(cast["TH-NSW"].send_event, accepted.id, accepted_by_thailand(accepted)).status == 500
        assert rows(database_url) == before, f"broken at {table}"
        assert standings(cast, accepted) == {"TH-NSW": ("issued", 0)}
    assert cast["SG-NSW"].inbox() == ()
    assert cast["TH-NSW"].send_event(accepted.id, accepted_by_thailand(accepted)).sequence == 1


# --- 6. No state changes off the record -------------------------------------------------------------------------------


def standings(cast: Cast, accepted: Accepted) -> dict[str, tuple[str, int]]:
    recipients = cast.operator.summary(accepted.id)["recipients"]
    return {name: (each["state"], each["sequence"]) for name, each in recipients.items()}


def replayed(evidence: dict[str, Any], sender: str, recipients: list[str]) -> dict[str, tuple[str, int]]:
    """The standings that the logged, signed messages of the evidence lead to, and nothing else."""
    life = life_of(evidence["document"]["profile"])
    at = Course(dict.fromkeys(recipients, Standing(State.ISSUED, 0)))
    for message in evidence["messages"]:
        assert message["inclusion"]
        if message["kind"] == "event":
            content = open_content(b64decode(message["bytes"]))
            assert isinstance(content, Content)
            said = decode_event(content).document
            after = apply(life, at, said, Parties(sender, sender, frozenset(recipients)))  # type: ignore[arg-type]  # an event
            assert isinstance(after, Course)
            at = after
    return {name: (each.state.value, each.sequence) for name, each in at.standings.items()}


def logged(cast: Cast, accepted: Accepted) -> dict[str, Any]:
    def complete() -> dict[str, Any] | None:
        evidence = cast["SG-NSW"].evidence(accepted.id)
        return evidence if all(message["inclusion"] for message in evidence["messages"]) else None

    return dict(until(complete))


def test_every_state_follows_from_signed_messages_in_the_log(cast: Cast) -> None:
    both = ["TH-NSW", "VN-NSW"]
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-07040"), both)
    steps = [
        (EventType.QUERIED, "TH-NSW", "TH-NSW", 0),
        (EventType.ACCEPTED, "VN-NSW", "VN-NSW", 0),
        (EventType.ANSWERED, "SG-NSW", "TH-NSW", 1),
        (EventType.REJECTED, "TH-NSW", "TH-NSW", 2),
        (EventType.UTILISED, "VN-NSW", "VN-NSW", 1),
    ]
    for kind, by, recipient, sequence in steps:
        token = event_of(kind, accepted.id, accepted.content_digest, by, recipient=recipient, sequence=sequence)
        cast[by].send_event(accepted.id, token)
        assert standings(cast, accepted) == replayed(logged(cast, accepted), "SG-NSW", both)
    assert standings(cast, accepted) == {"TH-NSW": ("rejected", 3), "VN-NSW": ("utilised", 2)}


def test_taking_delivery_decides_nothing(cast: Cast) -> None:
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-07041"), ["TH-NSW"])
    (delivery,) = cast["TH-NSW"].inbox()
    (settled,) = cast["TH-NSW"].acknowledge([acknowledged(delivery, "TH-NSW", sha256_hex(delivery.original))])
    assert settled.status == "delivered"
    assert standings(cast, accepted) == {"TH-NSW": ("issued", 0)}


def test_nothing_that_an_operator_can_do_changes_a_state(cast: Cast) -> None:
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-07042"), ["TH-NSW"])
    cast["TH-NSW"].send_event(accepted.id, accepted_by_thailand(accepted))
    before = standings(cast, accepted)
    cast.operator.suspend("TH-NSW", reason="a test")
    cast.operator.resume("TH-NSW")
    cast.operator.rotate_key("SG-NSW")
    cast.operator.add_member(description("MY-NSW"))
    foreign = refused_by(cast.operator.send_event, accepted.id, accepted_by_thailand(accepted, 1))
    assert foreign.status in (403, 404)
    assert refused_by(cast.operator.forward, accepted.id, ["MY-NSW"]).status in (403, 404)
    assert standings(cast, accepted) == before == replayed(logged(cast, accepted), "SG-NSW", ["TH-NSW"])


def test_evidence_tells_of_one_moment_whatever_is_committed_meanwhile(cast: Cast) -> None:
    """While the evidence is read, after its checkpoint, the log grows."""
    first = cast["SG-NSW"].submit(certificate("SG-2026-07060"), ["TH-NSW"])
    logged(cast, first)
    before = settled(cast).size
    grown: list[Accepted] = []

    def grow(connection: Connection, cursor: Any, statement: str, *rest: Any) -> None:
        if not grown and statement.startswith("SELECT head.checkpoint"):
            grown.append(first)
            grown.append(cast["VN-NSW"].submit(certificate("VN-2026-07061", "VN-NSW", exporter="VN"), ["TH-NSW"]))
            cast["TH-NSW"].send_event(first.id, accepted_by_thailand(first))
            until(lambda: log_size(cast) == before + 2)

    event.listen(Engine, "after_cursor_execute", grow)
    try:
        evidence = cast["SG-NSW"].evidence(first.id)
    finally:
        event.remove(Engine, "after_cursor_execute", grow)
    assert len(grown) == 2
    report = verify_evidence(evidence, TrustList.from_json(cast.operator.trust()), NOW)
    assert report.exit_code == 0, report.to_json()


def log_size(cast: Cast) -> int:
    return int(cast.operator.checkpoint().split("\n")[1])


# --- 7. Findings are complete -----------------------------------------------------------------------------------------


def test_one_answer_names_every_defect_with_all_that_helps_to_mend_it(cast: Cast) -> None:
    """Three defects in the content (one leaves it unreadable in part), a signer that may not issue it, a number that
    is taken, two wrong recipients."""
    cast["SG-NSW"].submit(certificate("SG-2026-07050"), ["TH-NSW"])
    members = orjson.loads(encoded(document("SG-2026-07050", variant=2), Syntax.JSON))
    members["noSuchMember"] = 1
    members["transport"]["departureDate"] = "tomorrow"
    members["items"][0]["hsCode"] = "84"
    data = jws.sign(orjson.dumps(members), jws.DOCUMENT, signer("JP-JCCI"), NOW).encode()
    refused = refused_by(cast["SG-NSW"].submit, data, ["XX-NSW", "JP-JCCI"])
    pointers = {found.pointer for found in refused.findings}
    assert {"/noSuchMember", "/transport/departureDate", "/items/0/hsCode"} <= pointers
    codes = {found.code for found in refused.findings}
    assert {"route.unknown-recipient", "route.not-a-recipient"} <= codes
    assert {"signature.unknown-issuer", "document.number-taken"} <= codes
    for found in refused.findings:
        assert found.message, found
        assert found.fix, found
        assert found.found or found.expected, found
        assert found.clause or found.source, found


# --- 9. The clock and the randomness are passed in --------------------------------------------------------------------


def run_of_a_day(folder: Path, workers: int, seed: int) -> dict[str, Any]:
    """The same business, in an order of its own and by so many hands at once; all that must not depend on these."""
    numbers = [f"SG-2026-07{n:03}" for n in range(16)]
    random.Random(seed).shuffle(numbers)
    with hub_in_thread(folder) as running, ThreadPoolExecutor(workers) as pool:
        cast = running.join(TH_NSW={"style": "asw"})

        def submit(number: str) -> Accepted:
            syntax = Syntax.XML if number[-1] in "02468" else Syntax.JSON
            return cast["SG-NSW"].submit(certificate(number, syntax=syntax), ["TH-NSW", "VN-NSW"])

        taken = sorted(pool.map(submit, numbers), key=lambda each: each.number or "")
        random.Random(seed).shuffle(taken)
        forwarded = list(pool.map(lambda each: cast["SG-NSW"].forward(each.id, ["MY-NSW"]), _joined(cast, taken)))
        said = list(pool.map(lambda each: cast["TH-NSW"].send_event(each.id, accepted_by_thailand(each)), taken))
        deliveries = [each for member in ("TH-NSW", "VN-NSW", "SG-NSW", "MY-NSW") for each in cast[member].inbox()]
        evidence = [logged(cast, each) for each in taken]
    return {
        "answers": {each.number: each.raw for each in taken},
        "forwards": sorted(orjson.dumps(each) for each in forwarded),
        "events": {each.id: each.raw for each in said},
        "deliveries": {each.id: _stable(each) for each in deliveries},
        "leaves": sorted((m["messageId"], m["record"], m["salt"]) for each in evidence for m in each["messages"]),
        "documents": {each["document"]["number"]: each["document"] for each in evidence},
    }


def _joined(cast: Cast, taken: list[Accepted]) -> list[Accepted]:
    """What is forwarded to a member that joins late."""
    cast.operator.add_member(description("MY-NSW"))
    return [each for each in taken if (each.number or "")[-1] in "159"]


def _stable(delivery: Delivery) -> tuple[str, str, str, str]:
    rendition = sha256(delivery.rendition or b"").hexdigest()
    return (delivery.message_id, delivery.note, sha256_hex(delivery.original), rendition)


def test_two_runs_with_one_seed_are_byte_identical_whatever_order_and_concurrency(tmp_path: Path) -> None:
    first = run_of_a_day(tmp_path / "one", workers=1, seed=1)
    second = run_of_a_day(tmp_path / "two", workers=8, seed=2)
    assert len(first["deliveries"]) >= 48
    for what in first:
        assert first[what] == second[what], what
