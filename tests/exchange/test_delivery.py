"""The way out: pull and push, acknowledgements, retries, and recipients that misbehave at real sockets."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection

from exchange import outbox
from schemas.content import sha256_hex
from schemas.event import EventType
from tests.exchange.cast import (
    CERTIFICATES,
    FORM_D,
    NOW,
    Cast,
    acknowledged,
    certificate,
    description,
    event,
    refused_by,
)
from tests.exchange.running import hub_in_thread
from tests.waiting import until
from tradebridge.calls import read_deliveries
from tradebridge.evidence.receipts import DeliveryNote, read_note
from tradebridge.evidence.trust import TrustList


def test_a_pulled_delivery_is_leased_until_it_is_acknowledged(cast: Cast) -> None:
    data = certificate("SG-2026-01001")
    cast["SG-NSW"].submit(data, ["TH-NSW"])
    (delivery,) = cast["TH-NSW"].inbox()
    assert delivery.original == data
    assert cast["TH-NSW"].inbox() == ()  # leased
    note = read_note(delivery.note, TrustList.from_json(cast["TH-NSW"].trust()), NOW)
    assert isinstance(note, DeliveryNote)
    assert (note.sender, note.recipient, note.original.digest) == ("SG-NSW", "TH-NSW", sha256_hex(data))
    token = acknowledged(delivery, "TH-NSW", note.original.digest)
    assert [each.status for each in cast["TH-NSW"].acknowledge([token])] == ["delivered"]
    assert [each.status for each in cast["TH-NSW"].acknowledge([token])] == ["delivered"]  # said again, it holds again
    (summary,) = cast["SG-NSW"].documents().items
    assert summary["recipients"]["TH-NSW"] == {"state": "issued", "sequence": 0, "delivery": "delivered"}


def test_acknowledgements_are_settled_each_on_its_own(cast: Cast) -> None:
    for number in range(4):
        cast["SG-NSW"].submit(certificate(f"SG-2026-0110{number}"), ["TH-NSW"])
    first, second, third, fourth = cast["TH-NSW"].inbox()
    tokens = [
        acknowledged(first, "TH-NSW", sha256_hex(first.original)),
        acknowledged(second, "TH-NSW", "0" * 64),
        acknowledged(third, "VN-NSW", sha256_hex(third.original)),
        "rubbish",
        acknowledged(fourth, "TH-NSW", sha256_hex(fourth.original)),
    ]
    settled = cast["TH-NSW"].acknowledge(tokens)
    assert [each.delivery for each in settled if each.status == "delivered"] == [first.id, fourth.id]
    refused = {each.finding.code for each in settled if each.finding}
    assert {"ack.wrong-digest", "ack.wrong-member"} <= refused
    assert len(refused) == 3


def test_an_acknowledgement_names_the_message_that_it_is_of(cast: Cast) -> None:
    """Else the hub would keep what a verifier of the evidence calls false."""
    cast["SG-NSW"].submit(certificate("SG-2026-01005"), ["TH-NSW"])
    (delivery,) = cast["TH-NSW"].inbox()
    other = replace(delivery, message_id="msg_01ke6p4ym00000000000000000")
    (settled,) = cast["TH-NSW"].acknowledge([acknowledged(other, "TH-NSW", sha256_hex(delivery.original))])
    assert settled.finding is not None
    assert settled.finding.code == "ack.wrong-message"


def test_one_acknowledgement_of_rubbish_leaves_the_others_alone(cast: Cast) -> None:
    cast["SG-NSW"].submit(certificate("SG-2026-01006"), ["TH-NSW"])
    (delivery,) = cast["TH-NSW"].inbox()
    good = acknowledged(delivery, "TH-NSW", sha256_hex(delivery.original))
    rubbish = [acknowledged(replace(delivery, id=name), "TH-NSW", "0" * 64) for name in ("a\0b", "x" * 400, "é")]
    settled = cast["TH-NSW"].acknowledge([*rubbish, good])
    assert [each.status for each in settled if each.delivery == delivery.id] == ["delivered"]
    assert [each.status for each in settled].count("refused") == 3


def test_what_does_not_fit_one_page_is_not_even_read(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [len(certificate(f"SG-2026-0110{number}")) for number in range(5)]
    monkeypatch.setattr("exchange.outbox.MAX_BODY", 3 * sum(sizes[:2]) + 100)
    loaded: list[int] = []
    load = outbox.load

    def counted(connection: Connection, claimed: Sequence[outbox.Claimed]) -> Any:
        loaded.append(len(claimed))
        return load(connection, claimed)

    monkeypatch.setattr(outbox, "load", counted)
    for number in range(5):
        cast["SG-NSW"].submit(certificate(f"SG-2026-0110{number}"), ["TH-NSW"])
    cast["SG-NSW"].forward(cast["SG-NSW"].documents().items[0]["id"], ["VN-NSW"])
    pages = [cast["TH-NSW"].inbox() for _ in range(3)]
    assert [len(page) for page in pages] == loaded == [2, 2, 1]
    assert len({delivery.id for page in pages for delivery in page}) == 5
    assert len(cast["VN-NSW"].inbox()) == 1  # a forward, whose bytes are its document's


def test_nobody_acknowledges_for_another(cast: Cast) -> None:
    cast["SG-NSW"].submit(certificate("SG-2026-01002"), ["TH-NSW"])
    (delivery,) = cast["TH-NSW"].inbox()
    token = acknowledged(delivery, "TH-NSW", sha256_hex(delivery.original))
    (settled,) = cast["VN-NSW"].acknowledge([token])
    assert settled.status == "refused"
    (item,) = cast.operator.deliveries().items
    assert item["state"] == "sending"


def test_an_inbox_can_wait(cast: Cast) -> None:
    def later() -> None:
        time.sleep(0.2)
        cast["SG-NSW"].submit(certificate("SG-2026-01003"), ["TH-NSW"])

    thread = threading.Thread(target=later)
    thread.start()
    began = time.monotonic()
    assert len(cast["TH-NSW"].inbox(wait=10)) == 1
    assert time.monotonic() - began < 8
    thread.join()


def test_what_is_due_further_ahead_than_any_wait_is_due_now(tmp_path: Path) -> None:
    """Written before the clock was set back by an hour; one within the bound waits on."""
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        for number, ahead in (("SG-2026-04020", 3600.0), ("SG-2026-04021", 20.0)):
            accepted = cast["SG-NSW"].submit(certificate(number), ["TH-NSW"])
            with create_engine(f"sqlite:///{tmp_path / 'hub.sqlite'}").begin() as connection:
                due = text("update deliveries set state = 'retrying', due_at = due_at + :ahead where document_id = :id")
                connection.execute(due, {"ahead": ahead, "id": accepted.id})
        assert len(cast["TH-NSW"].inbox()) == 1
        assert cast["TH-NSW"].inbox() == ()  # leased, not given twice


def test_a_lease_that_ends_is_given_again_with_the_same_message(tmp_path: Path, database_url: str) -> None:
    with hub_in_thread(tmp_path, database_url, lease_seconds=0.2) as running:
        cast = running.join()
        cast["SG-NSW"].submit(certificate("SG-2026-01004"), ["TH-NSW"])
        (first,) = cast["TH-NSW"].inbox()
        (second,) = until(cast["TH-NSW"].inbox)
        assert (first.id, first.message_id, first.note) == (second.id, second.message_id, second.note)


# --- pushing, and partners that misbehave ----------------------------------------------------------------------------


class Window:
    """A window that is pushed to: a real HTTP server, whose answer a test decides."""

    def __init__(self, member: str) -> None:
        self.member = member
        self.bodies: list[dict[str, Any]] = []
        self.answer: Callable[[Window, BaseHTTPRequestHandler, list[str]], None] = Window.acknowledge
        window = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                window.bodies.append(body)
                tokens = [
                    acknowledged(each, window.member, sha256_hex(each.original)) for each in read_deliveries(body)
                ]
                window.answer(window, self, tokens)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/push"

    @property
    def messages(self) -> list[str]:
        return [delivery["messageId"] for body in self.bodies for delivery in body["deliveries"]]

    def acknowledge(self, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
        self.send(handler, 200, json.dumps({"acknowledgements": tokens}).encode())

    @staticmethod
    def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def pushed(tmp_path: Path, **settings: Any) -> Iterator[tuple[Cast, Window]]:
    """A hub, and TH-NSW as a window that is pushed to."""
    window = Window("TH-NSW")
    with hub_in_thread(tmp_path, push_timeout_seconds=0.5, retry_max_seconds=0.3, **settings) as running:
        cast = running.join(TH_NSW={"delivery": {"mode": "push", "url": window.url}})
        try:
            yield cast, window
        finally:
            window.close()


def state(cast: Cast, recipient: str = "TH-NSW") -> str:
    return next(str(item["state"]) for item in cast.operator.deliveries().items if item["recipient"] == recipient)


def test_a_push_ends_with_a_signed_acknowledgement(tmp_path: Path) -> None:
    with pushed(tmp_path) as (cast, window):
        cast["SG-NSW"].submit(certificate("SG-2026-01010"), ["TH-NSW"])
        until(lambda: state(cast) == "delivered")
        assert len(window.messages) == 1


def test_many_are_pushed_in_one_body(tmp_path: Path) -> None:
    with pushed(tmp_path) as (cast, window):
        gate = threading.Event()

        def slow_once(self: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
            gate.wait(0.3)
            self.acknowledge(handler, tokens)

        window.answer = slow_once
        for number in range(20):
            cast["SG-NSW"].submit(certificate(f"SG-2026-0120{number:02}"), ["TH-NSW"])
        gate.set()
        until(lambda: all(item["state"] == "delivered" for item in cast.operator.deliveries(limit=50).items))
        assert len(window.bodies) < 20
        assert len(set(window.messages)) == 20


Answer = Callable[[Window, BaseHTTPRequestHandler, list[str]], None]


def _error(window: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
    window.send(handler, 500, b"down")


def _hang(window: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
    time.sleep(1.2)
    window.acknowledge(handler, tokens)


def _close(window: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def _rubbish(window: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
    window.send(handler, 200, b"\xff<html>it works!</html>")


def _other_json(window: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
    window.send(handler, 200, b'{"acknowledgements": "yes"}')


def _redirect(window: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
    window.send(handler, 307, b"", location=window.url)


def _unsigned(window: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
    forged = [token[: token.rindex(".") + 1] + "A" * 86 for token in tokens]
    window.send(handler, 200, json.dumps({"acknowledgements": forged}).encode())


def _endless(window: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
    handler.send_response(200)
    handler.send_header("content-length", str(10**10))
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" " * 65_536)
    handler.close_connection = True


def _drip(window: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
    """Never silent for as long as the hub waits, and never at an end."""
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(1000):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)
    handler.close_connection = True


def _half(window: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"acknowledgements": [')
    handler.close_connection = True


FAULTS: dict[str, Answer] = {
    "answers 500": _error,
    "hangs": _hang,
    "closes the connection": _close,
    "answers rubbish": _rubbish,
    "answers other JSON": _other_json,
    "redirects to itself": _redirect,
    "forges the signature": _unsigned,
    "answers without end": _endless,
    "breaks off in the answer": _half,
    "drips its answer": _drip,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_recipient_that_misbehaves_is_tried_again_and_its_effect_is_once(tmp_path: Path, fault: str) -> None:
    with pushed(tmp_path) as (cast, window):
        window.answer = FAULTS[fault]
        cast["SG-NSW"].submit(certificate("SG-2026-01020"), ["TH-NSW"])
        until(lambda: len(window.bodies) >= 2)
        assert state(cast) in ("retrying", "sending", "due")
        window.answer = Window.acknowledge
        until(lambda: state(cast) == "delivered")
        assert len(set(window.messages)) == 1  # always the same message: the recipient can tell
        feed = [
            item for item in cast["TH-NSW"].timeline(window_document(cast))["entries"] if item["kind"] == "delivery"
        ]
        assert [entry["state"] for entry in feed] == ["delivered"]


def window_document(cast: Cast) -> str:
    return str(cast.operator.documents().items[0]["id"])


def test_a_recipient_that_answers_twice_is_delivered_once(tmp_path: Path) -> None:
    with pushed(tmp_path) as (cast, window):

        def twice(self: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
            self.send(handler, 200, json.dumps({"acknowledgements": tokens + tokens}).encode())

        window.answer = twice
        cast["SG-NSW"].submit(certificate("SG-2026-01021"), ["TH-NSW"])
        until(lambda: state(cast) == "delivered")
        assert len(window.messages) == 1


def test_an_acknowledgement_that_gets_lost_is_asked_for_again(tmp_path: Path) -> None:
    with pushed(tmp_path) as (cast, window):
        lost: list[str] = []

        def lose_first(self: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
            if not lost:
                lost.extend(tokens)
                _close(self, handler, tokens)
            else:
                self.acknowledge(handler, tokens)

        window.answer = lose_first
        cast["SG-NSW"].submit(certificate("SG-2026-01022"), ["TH-NSW"])
        until(lambda: state(cast) == "delivered")
        assert len(window.messages) == 2
        assert len(set(window.messages)) == 1


def test_a_partial_answer_settles_what_it_names_and_no_more(tmp_path: Path) -> None:
    with pushed(tmp_path) as (cast, window):
        window.answer = _error
        for number in range(6):
            cast["SG-NSW"].submit(certificate(f"SG-2026-0103{number}"), ["TH-NSW"])
        kept: set[str] = set()

        def half(self: Window, handler: BaseHTTPRequestHandler, tokens: list[str]) -> None:
            chosen = tokens[: max(1, len(tokens) // 2)]
            kept.update(chosen)
            self.acknowledge(handler, chosen)

        window.answer = half
        until(lambda: all(item["state"] == "delivered" for item in cast.operator.deliveries(limit=50).items))
        assert len(kept) == 6


def test_a_recipient_that_is_down_delays_nobody_else(tmp_path: Path) -> None:
    with pushed(tmp_path) as (cast, window):
        other = Window("VN-NSW")
        cast.operator.add_member(description("VN-TWO", country="VN", delivery={"mode": "push", "url": other.url}))
        other.member = "VN-TWO"
        window.answer = _hang
        began = time.monotonic()
        for number in range(10):
            cast["SG-NSW"].submit(certificate(f"SG-2026-0104{number}"), ["TH-NSW", "VN-TWO"])
        until(
            lambda: all(
                item["state"] == "delivered"
                for item in cast.operator.deliveries(limit=50).items
                if item["recipient"] == "VN-TWO"
            )
        )
        assert time.monotonic() - began < 5
        assert state(cast) != "delivered"
        other.close()


def test_after_the_last_attempt_it_is_dead_and_an_operator_sends_it_again(tmp_path: Path) -> None:
    with pushed(tmp_path, retry_attempts=3) as (cast, window):
        window.answer = _error
        cast["SG-NSW"].submit(certificate("SG-2026-01050"), ["TH-NSW"])
        until(lambda: state(cast) == "dead")
        (dead,) = cast.operator.deliveries(state="dead").items
        assert dead["attempts"] == 3
        assert dead["lastError"] == "HTTP 500"
        member = refused_by(cast["TH-NSW"].resend, dead["id"])
        assert (member.status, member.code) == (403, "access.scope")
        window.answer = Window.acknowledge
        cast.operator.resend(dead["id"])
        until(lambda: state(cast) == "delivered")
        again = refused_by(cast.operator.resend, dead["id"])
        assert again.code == "delivery.not-dead"


def test_an_event_reaches_the_sender_and_the_rendition_is_bound_to_the_original(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        cast = running.join(TH_NSW={"style": "asw"}, SG_NSW={"style": "asw"})
        accepted = cast["SG-NSW"].submit(certificate("SG-2026-01060"), ["TH-NSW"])
        (delivery,) = cast["TH-NSW"].inbox()
        trust = TrustList.from_json(cast["TH-NSW"].trust())
        note = read_note(delivery.note, trust, NOW)
        assert isinstance(note, DeliveryNote)
        assert delivery.rendition is not None
        assert note.rendition is not None
        assert note.rendition.digest == sha256_hex(delivery.rendition)
        assert note.original.digest == sha256_hex(delivery.original)
        assert note.profile == FORM_D in CERTIFICATES
        said = event(EventType.ACCEPTED, accepted.id, accepted.content_digest, "TH-NSW")
        cast["TH-NSW"].send_event(accepted.id, said)
        (told,) = cast["SG-NSW"].inbox()
        assert told.original == said.encode()
        assert told.rendition is not None


def test_a_document_that_an_adapter_chokes_on_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from exchange.delivery import Deliverer

    make = Deliverer._render

    def choke(self: Deliverer, member: Any, claimed: Any, row: Any) -> Any:
        if row.number == "SG-2026-01081":
            raise RuntimeError("a fault in the adapter")
        return make(self, member, claimed, row)

    monkeypatch.setattr(Deliverer, "_render", choke)
    with hub_in_thread(tmp_path, retry_attempts=2, retry_max_seconds=0.2) as running:
        cast = running.join()
        for number in range(3):
            cast["SG-NSW"].submit(certificate(f"SG-2026-0108{number}"), ["TH-NSW"])
        assert len(cast["TH-NSW"].inbox()) == 2
        until(lambda: cast["TH-NSW"].inbox() == () and cast.operator.deliveries(state="dead").items)
        (dead,) = cast.operator.deliveries(state="dead").items
        assert dead["lastError"] == "the rendition could not be made"


def test_a_delivery_survives_a_restart(tmp_path: Path, database_url: str) -> None:
    with hub_in_thread(tmp_path, database_url) as running:
        running.join()["SG-NSW"].submit(certificate("SG-2026-01070"), ["TH-NSW"])
    with hub_in_thread(tmp_path, database_url) as again:
        assert len(again["TH-NSW"].inbox()) == 1
