"""The hub takes its checkpoints to witnesses and to a timestamp authority: real HTTP; others do one thing wrong."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy import create_engine, text

from simulator import tsa
from simulator.clock import FrozenClock
from simulator.witness import Witness, app_of, witness_key
from tests.exchange.cast import NOW, SEED, Cast, acknowledged, certificate, description, refused_by
from tests.exchange.running import hub_in_thread
from tests.serving import served
from tests.waiting import until
from tradebridge.evidence import notes
from tradebridge.evidence.bundle import MEDIA_TYPE, Bundle, open_bundle, verify_bundle
from tradebridge.evidence.cosignatures import Witness as Known
from tradebridge.evidence.cosignatures import cosigned_by
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.report import Verdict
from tradebridge.evidence.simulation import test_authority, test_log_key
from tradebridge.evidence.timestamps import Timestamp, TimestampRoot, read_timestamp
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.verify import verify_evidence
from tradebridge.evidence.witnessing import Request as Asked

ORIGIN = "tradebridge.simulation/default"
LOGS = {ORIGIN: notes.verifier_key_of(ORIGIN, test_log_key(SEED).public_key())}
ROOT = TimestampRoot("TSA", (test_authority(SEED).certificate,))
PEM = test_authority(SEED).certificate.public_bytes(Encoding.PEM).decode()
NAMES = [f"witness.simulation/{country}" for country in ("jp", "sg", "th")]


def witness(name: str, folder: Path) -> Witness:
    return Witness(
        name, witness_key(SEED, name.rpartition("/")[2]), LOGS, folder / name.rpartition("/")[2], FrozenClock(NOW)
    )


@pytest.fixture
def witnesses(tmp_path: Path) -> list[Witness]:
    return [witness(name, tmp_path / "witnesses") for name in NAMES]


@contextmanager
def watched(
    tmp_path: Path, apps: list[tuple[Known, FastAPI]], *, timestamps: FastAPI | None = None, **settings: Any
) -> Iterator[Cast]:
    """A hub whose witnesses are these."""
    with ExitStack() as stack:
        described: list[dict[str, Any]] = [
            {"kind": "witness", "key": known.verifier_key, "url": stack.enter_context(served(app))}
            for known, app in apps
        ]
        if timestamps is not None:
            url = f"{stack.enter_context(served(timestamps))}/timestamp"
            described.append({"kind": "timestamp", "name": "TSA", "url": url, "roots": PEM})
        every: dict[str, Any] = {"witness_seconds": 0.05, "push_timeout_seconds": 0.5, **settings}
        cast = stack.enter_context(hub_in_thread(tmp_path / "hub", **every))
        if not cast.operator.members().items:
            cast.join()
        for known in cast.operator.observers():
            cast.operator.remove_observer(known["name"])
        for each in described:
            cast.operator.add_observer(each)
        yield cast


def kept(where: Path | str, count: int = 1) -> list[Any]:
    """The kept checkpoints that cover so many messages, in the database named or in the file of the hub that `watched`
    put into this folder; the log has leaves of what the operator did beside them."""
    placed = "select position from leaves join messages on messages.id = record_id where position is not null"
    covering = text(f"{placed} order by position limit 1 offset {count - 1}")  # a number of ours
    engine = create_engine(where if isinstance(where, str) else f"sqlite:///{where / 'hub' / 'hub.sqlite'}")
    with engine.connect() as connection:
        position = connection.execute(covering).scalar()
        rows = connection.execute(text("select size, note, token, enough from witnessed order by size")).all()
    return [row for row in rows if position is not None and row.size > position]


def whole(where: Path | str, count: int) -> Any:
    """The first kept checkpoint over so many messages that has enough cosignatures; None: not yet."""
    return next((row for row in kept(where, count) if row.enough), None)


def dated(where: Path | str, count: int) -> Any:
    """As `whole`, with its timestamp."""
    row = whole(where, count)
    return row if row is not None and row.token else None


def names_on(note: str, witnesses: list[Witness]) -> set[str]:
    found = cosigned_by(note, [each.known for each in witnesses], NOW)
    assert not isinstance(found, Finding)
    return set(found)


def test_every_witness_cosigns_and_the_note_is_dated(tmp_path: Path, witnesses: list[Witness]) -> None:
    apps = [(each.known, app_of(each)) for each in witnesses]
    authority = tsa.app_of(tsa.Authority(SEED), FrozenClock(NOW))
    with watched(tmp_path, apps, timestamps=authority) as cast:
        for number in range(3):
            cast["SG-NSW"].submit(certificate(f"SG-2026-3{number:04d}"), ["TH-NSW"])
            row = until(partial(dated, tmp_path, number + 1))
            assert names_on(row.note, witnesses) == set(NAMES)
            checkpoint = notes.verify_checkpoint(row.note, LOGS[ORIGIN], ORIGIN)
            assert isinstance(checkpoint, notes.Checkpoint) and checkpoint.size == row.size
            stamped = read_timestamp(row.token, row.note.encode(), [ROOT])
            assert isinstance(stamped, Timestamp) and stamped.at == NOW.replace(microsecond=0)
    assert [each.conflicts() for each in witnesses] == [[], [], []]


def test_a_witness_that_was_away_catches_up(tmp_path: Path, witnesses: list[Witness]) -> None:
    """It remembers an old size, says so, and gets the proof from there."""
    apps = [(each.known, app_of(each)) for each in witnesses]
    with watched(tmp_path, apps[:2], witnesses_needed=1) as cast:
        cast["SG-NSW"].submit(certificate("SG-2026-31000"), ["TH-NSW"])
        until(lambda: whole(tmp_path, 1))
    with watched(tmp_path, apps) as cast:
        for number in range(4):
            cast["SG-NSW"].submit(certificate(f"SG-2026-3{number + 1:04d}"), ["TH-NSW"])
        row = until(lambda: whole(tmp_path, 5))
        assert names_on(row.note, witnesses) == set(NAMES)


def test_what_had_enough_stays_as_it_was(tmp_path: Path, witnesses: list[Witness]) -> None:
    with watched(tmp_path, [(each.known, app_of(each)) for each in witnesses]) as cast:
        cast["SG-NSW"].submit(certificate("SG-2026-32000"), ["TH-NSW"])
        first = until(lambda: whole(tmp_path, 1))
        time.sleep(0.3)
        assert kept(tmp_path)[-1] == first


# --- others that do one thing wrong ----------------------------------------------------------------------------------


def answering(make: Callable[[bytes], Response]) -> FastAPI:
    app = FastAPI()

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        return make(await request.body())

    @app.post("/timestamp")
    async def timestamp(request: Request) -> Response:
        return make(await request.body())

    return app


def slow() -> FastAPI:
    app = FastAPI()

    @app.post("/add-checkpoint")
    async def add_checkpoint() -> Response:
        await asyncio.sleep(3)
        return PlainTextResponse("late")

    return app


def wrong(folder: Path) -> dict[str, FastAPI]:
    """Witnesses in the name of the third; `other` has another key, `old` cosigned another checkpoint."""
    other = Witness(NAMES[2], witness_key("evil", "th"), LOGS, folder / "evil", FrozenClock(NOW))
    true = witness(NAMES[2], folder / "true")
    return {
        "another key": answering(lambda body: PlainTextResponse(other.add_checkpoint(body).text)),
        "two lines": answering(lambda body: PlainTextResponse(true.add_checkpoint(body).text * 2)),
        "rubbish": answering(lambda body: PlainTextResponse("— witness.simulation/th AAAAAAAA\n")),
        "no UTF-8": answering(lambda body: Response(b"\xff\xfe")),
        "nothing": answering(lambda body: PlainTextResponse("")),
        "an error": answering(lambda body: PlainTextResponse("down", 500)),
        "another size each time": answering(lambda body: Response("1000000\n", 409, media_type="text/x.tlog.size")),
        "a size that is none": answering(lambda body: Response("-1\n", 409, media_type="text/x.tlog.size")),
        "somewhere else": answering(lambda body: Response("", 307, {"Location": "http://127.0.0.1:9/"})),
        "a megabyte": answering(lambda body: PlainTextResponse("x" * 1_000_000)),
        "silence": slow(),
    }


WRONG = [
    "another key",
    "two lines",
    "rubbish",
    "no UTF-8",
    "nothing",
    "an error",
    "another size each time",
    "a size that is none",
    "somewhere else",
    "a megabyte",
    "silence",
]


@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_witness_adds_nothing_and_holds_nobody_up(
    tmp_path: Path, witnesses: list[Witness], name: str
) -> None:
    apps = [(each.known, app_of(each)) for each in witnesses[:2]] + [(witnesses[2].known, wrong(tmp_path)[name])]
    with watched(tmp_path, apps, witnesses_needed=2) as cast:
        cast["SG-NSW"].submit(certificate("SG-2026-33000"), ["TH-NSW"])
        row = until(lambda: whole(tmp_path, 1))
        assert names_on(row.note, witnesses) == set(NAMES[:2])


def test_too_few_cosignatures_are_not_enough(tmp_path: Path, witnesses: list[Witness]) -> None:
    apps = [(witnesses[0].known, app_of(witnesses[0])), (witnesses[1].known, wrong(tmp_path)["an error"])]
    with watched(tmp_path, apps) as cast:
        cast["SG-NSW"].submit(certificate("SG-2026-34000"), ["TH-NSW"])
        until(lambda: kept(tmp_path))
        time.sleep(0.3)
        assert [row.enough for row in kept(tmp_path)] == [0]


def test_a_witness_that_has_seen_another_history_is_an_alarm(tmp_path: Path, witnesses: list[Witness]) -> None:
    """Somebody with the log's key has shown it another tree of one leaf."""
    forged = notes.sign_checkpoint(ORIGIN, 1, b"\7" * 32, test_log_key(SEED))
    assert witnesses[0].add_checkpoint(Asked(0, (), forged).to_bytes()).status == 200
    with watched(tmp_path, [(witnesses[0].known, app_of(witnesses[0]))]) as cast:
        cast["SG-NSW"].submit(certificate("SG-2026-35000"), ["TH-NSW"])
        counted = 'tradebridge_other_histories_total{space="default"}'
        before = _metric(cast, counted)
        until(lambda: _metric(cast, counted) > before)
        assert not any(row.enough for row in kept(tmp_path))
    assert witnesses[0].conflicts()[0]["origin"] == ORIGIN


def test_a_witness_that_was_set_back_is_an_alarm_and_is_reminded(
    tmp_path: Path, database_url: str, witnesses: list[Witness]
) -> None:
    """Its store is yesterday's: the hub knows what it had cosigned since, and shows it its own line."""
    store, now = tmp_path / "witnesses" / "jp", witnesses[:1]

    def answer(body: bytes) -> Response:
        said = now[0].add_checkpoint(body)
        return Response(said.text, said.status, media_type=said.media_type)

    def start_again(data: bytes) -> None:
        now[0].close()
        store.write_bytes(data)
        now[0] = witness(NAMES[0], tmp_path / "witnesses")

    with watched(tmp_path, [(now[0].known, answering(answer))], database_url=database_url) as cast:
        cast["SG-NSW"].submit(certificate("SG-2026-35100"), ["TH-NSW"])
        until(lambda: whole(database_url, 1))
        now[0].close()
        yesterday = store.read_bytes()
        start_again(yesterday)
        cast["SG-NSW"].submit(certificate("SG-2026-35101"), ["TH-NSW"])
        second = until(lambda: whole(database_url, 2))
        counted = 'tradebridge_forgetful_witnesses_total{space="default"}'
        before = _metric(cast, counted)
        start_again(yesterday)
        cast["SG-NSW"].submit(certificate("SG-2026-35102"), ["TH-NSW"])
        until(lambda: whole(database_url, 3))
        assert _metric(cast, counted) == before + 1
    (rollback,) = now[0].rollbacks()
    shown = str(rollback["shown"])
    proof = notes.verify_checkpoint(shown, LOGS[ORIGIN], ORIGIN)
    assert isinstance(proof, notes.Checkpoint) and names_on(shown, now) == {NAMES[0]}
    assert int(str(rollback["remembered"])) < second.size <= proof.size


def _metric(cast: Cast, name: str) -> float:
    lines = httpx.get(f"{cast.url}/metrics", trust_env=False).text.splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)), 0.0)


@pytest.mark.parametrize("name", ["rubbish", "an error", "another root"])
def test_a_wrong_timestamp_is_none(tmp_path: Path, witnesses: list[Witness], name: str) -> None:
    answers = {
        "rubbish": lambda body: Response(b"rubbish"),
        "an error": lambda body: Response(b"", 500),
        "another root": lambda body: Response(tsa.Authority("evil").answer(body, NOW)),
    }
    apps = [(witnesses[0].known, app_of(witnesses[0]))]
    with watched(tmp_path, apps, timestamps=answering(answers[name])) as cast:
        cast["SG-NSW"].submit(certificate("SG-2026-36000"), ["TH-NSW"])
        assert until(lambda: whole(tmp_path, 1)).token is None


def test_they_stand_on_the_trust_list(tmp_path: Path, witnesses: list[Witness]) -> None:
    apps = [(each.known, app_of(each)) for each in witnesses[:2]]
    authority = tsa.app_of(tsa.Authority(SEED), FrozenClock(NOW))
    with watched(tmp_path, apps, timestamps=authority, witnesses_needed=1) as cast:
        trust = TrustList.from_json(cast["SG-NSW"].trust())
        assert ([each.name for each in trust.log.witnesses], trust.log.needed) == (NAMES[:2], 1)
        assert [each.name for each in trust.authorities] == ["TSA"]
        assert TrustList.from_json(trust.to_json()) == trust
        cast.operator.remove_observer(NAMES[0])
        assert [each["name"] for each in cast.operator.observers()] == [NAMES[1], "TSA"]


KEY = Known(NAMES[0], witness_key(SEED, "jp").public_key()).verifier_key
SAME = Known("another.name", witness_key(SEED, "jp").public_key()).verifier_key
OWN = Known("another.name", test_log_key(SEED).public_key()).verifier_key


@pytest.mark.parametrize(
    ("description", "code", "pointer"),
    [
        ({}, "observer.malformed", "/kind"),
        ({"kind": "witness", "key": KEY}, "observer.malformed", "/url"),
        ({"kind": "witness", "key": KEY, "url": "ftp://127.0.0.1"}, "observer.malformed", "/url"),
        ({"kind": "witness", "key": KEY + "A", "url": "http://127.0.0.1:1"}, "observer.malformed", "/key"),
        ({"kind": "witness", "key": LOGS[ORIGIN], "url": "http://127.0.0.1:1"}, "observer.malformed", "/key"),
        ({"kind": "witness", "key": KEY, "url": "http://127.0.0.1:1", "more": 1}, "observer.malformed", "/more"),
        ({"kind": "timestamp", "name": "", "url": "http://127.0.0.1:1", "roots": PEM}, "observer.malformed", "/name"),
        ({"kind": "timestamp", "name": "T", "url": "http://127.0.0.1:1", "roots": "x"}, "observer.malformed", "/roots"),
        (
            {"kind": "timestamp", "name": "T", "url": "http://127.0.0.1:1", "roots": PEM, "policy": "x"},
            "observer.malformed",
            "/policy",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(
    sqlite_cast: Cast, description: dict[str, Any], code: str, pointer: str
) -> None:
    refused = refused_by(sqlite_cast.operator.add_observer, description)
    assert (refused.code, refused.findings[0].pointer) == (code, pointer)


def test_names_are_taken_once_and_only_the_operator_names(sqlite_cast: Cast) -> None:
    described = {"kind": "witness", "key": KEY, "url": "http://127.0.0.1:1"}
    sqlite_cast.operator.add_observer(described)
    assert refused_by(sqlite_cast.operator.add_observer, described).code == "observer.exists"
    for key, whose in ((SAME, NAMES[0]), (OWN, "the log")):
        refused = refused_by(sqlite_cast.operator.add_observer, described | {"key": key})
        assert (refused.code, refused.findings[0].found) == ("observer.same-key", f"the key of {whose}")
    assert refused_by(sqlite_cast["SG-NSW"].add_observer, described).code == "access.scope"
    assert refused_by(sqlite_cast["SG-NSW"].observers).code == "access.scope"
    sqlite_cast.operator.remove_observer(NAMES[0])
    assert refused_by(sqlite_cast.operator.remove_observer, NAMES[0]).code == "observer.unknown"


def test_evidence_is_made_for_the_first_checkpoint_that_enough_have_seen(
    tmp_path: Path, witnesses: list[Witness]
) -> None:
    """The same bytes each time, however far the log has grown; and whoever verifies asks for the witnesses."""
    apps = [(each.known, app_of(each)) for each in witnesses]
    authority = tsa.app_of(tsa.Authority(SEED), FrozenClock(NOW))
    with watched(tmp_path, apps, timestamps=authority) as cast:
        accepted = cast["SG-NSW"].submit(certificate("SG-2026-37000"), ["TH-NSW"])
        until(lambda: whole(tmp_path, 1))
        first = cast["SG-NSW"].evidence(accepted.id)
        cast["SG-NSW"].submit(certificate("SG-2026-37001"), ["TH-NSW"])
        until(lambda: whole(tmp_path, 2))
        again = cast["SG-NSW"].evidence(accepted.id)
        assert (first["checkpoint"], first["timestamp"], first["messages"]) == (
            again["checkpoint"],
            again["timestamp"],
            again["messages"],
        )
        trust = TrustList.from_json(cast["SG-NSW"].trust())
        bundle = cast["SG-NSW"].bundle(accepted.id)
        assert cast["SG-NSW"].bundle(accepted.id) == bundle
    opened = open_bundle(bundle.data, trust, None)
    assert isinstance(opened, Bundle) and isinstance(opened.stamp, Timestamp) and opened.stamp.authority == "TSA"
    report = verify_evidence(again, trust, NOW)
    assert report.exit_code == 0, report.to_json()
    assert "cosigned by" in report.recorded.reason and "by TSA" in report.recorded.reason
    bare = again | {"checkpoint": "\n".join(again["checkpoint"].split("\n")[:5]) + "\n"}
    unsure = verify_evidence(bare, trust, NOW)
    assert (unsure.recorded.verdict, unsure.recorded.findings[0].code) == (
        Verdict.COULD_NOT_CHECK,
        "log.too-few-witnesses",
    )


def test_the_bundle_is_the_same_each_time_and_signed_once(tmp_path: Path, witnesses: list[Witness]) -> None:
    with watched(tmp_path, [(each.known, app_of(each)) for each in witnesses]) as cast:
        accepted = cast["SG-NSW"].submit(certificate("SG-2026-38000"), ["TH-NSW"])
        first = cast["SG-NSW"].bundle(accepted.id, wait=20)
        cast["SG-NSW"].submit(certificate("SG-2026-38001"), ["TH-NSW"])
        until(lambda: whole(tmp_path, 2))
        assert cast["SG-NSW"].bundle(accepted.id) == first
        (delivery, *_) = [each for each in cast["TH-NSW"].inbox() if each.message_id == accepted.message_id]
        digest = sha256(delivery.original).hexdigest()
        cast["TH-NSW"].acknowledge([acknowledged(delivery, "TH-NSW", digest)])
        cast.operator.add_member(description("MM-NSW"))
        assert cast["SG-NSW"].bundle(accepted.id) == first  # whatever came since that is not on the log
        newest = partial(cast["SG-NSW"].bundle, accepted.id, newest=True)
        until(lambda: b"acknowledgement.jws" in newest().data)  # of a checkpoint that came after it
        assert b"acknowledgement.jws" not in first.data
        trust = TrustList.from_json(cast["SG-NSW"].trust())
        assert refused_by(cast["VN-NSW"].bundle, accepted.id).code == "access.not-yours"
    assert first.media_type == MEDIA_TYPE
    assert verify_bundle(first.data, trust, NOW).exit_code == 0
    engine = create_engine(f"sqlite:///{tmp_path / 'hub' / 'hub.sqlite'}")
    with engine.connect() as connection:
        kept = connection.execute(text("select manifest from bundles")).scalars().all()
        sizes = connection.execute(text("select size from bundled where document_id = :id"), {"id": accepted.id}).all()
    assert len(kept) == len(sizes) >= 2, "one signature for each checkpoint that was asked for"
