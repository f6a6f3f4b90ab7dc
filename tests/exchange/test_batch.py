"""A batch: a line of the answer for each document, in order, each settled by itself, all of it within bounds."""

import io
import json
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from exchange import batch
from tests.exchange.cast import SEED, Cast, certificate, refused_by
from tests.exchange.running import HubProcess
from tradebridge.client import Entry, Unreachable
from tradebridge.evidence.simulation import test_api_key

LINES = {"Content-Type": "application/x-ndjson", "Tradebridge-To": "TH-NSW"}
ARCHIVE = {"Content-Type": "application/zip", "Tradebridge-To": "TH-NSW"}


def entries(prefix: str, count: int) -> list[Entry]:
    return [
        Entry(certificate(f"SG-{prefix}-{at:05d}"), ["TH-NSW"], idempotency_key=f"{prefix}-{at}", name=f"{at}.xml")
        for at in range(count)
    ]


def line(data: bytes, **members: Any) -> bytes:
    return json.dumps({"content": b64encode(data).decode(), **members}).encode() + b"\n"


def archive(files: dict[str, bytes], **options: Any) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data, **options)
    return made.getvalue()


class Sender:
    """Posts batches as SG-NSW and reads the lines of the answer."""

    def __init__(self, cast: Cast) -> None:
        key = test_api_key(SEED, "SG-NSW")
        self._http = httpx.Client(base_url=cast.url, headers={"Authorization": f"Bearer {key}"}, timeout=60)

    def post(self, body: bytes | Iterator[bytes], headers: dict[str, str]) -> httpx.Response:
        return self._http.post("/v1/documents:batch", content=body, headers=headers)

    def lines(self, body: bytes, headers: dict[str, str]) -> list[dict[str, Any]]:
        answer = self.post(body, headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson"), answer.text
        return [json.loads(each) for each in answer.text.splitlines()]

    def refused(self, body: bytes | Iterator[bytes], headers: dict[str, str]) -> tuple[int, str]:
        answer = self.post(body, headers)
        return answer.status_code, answer.json()["code"]


@pytest.fixture
def sender(sqlite_cast: Cast) -> Iterator[Sender]:
    made = Sender(sqlite_cast)
    yield made
    made._http.close()


def codes(lines: list[dict[str, Any]]) -> list[str]:
    return [each["problem"]["code"] if "problem" in each else "accepted" for each in lines if "summary" not in each]


def test_each_document_has_its_result_in_order_and_is_settled_by_itself(cast: Cast) -> None:
    given = entries("B1", 70)
    given[3] = Entry(b"no document", ["TH-NSW"], name="3.xml")
    given[60] = Entry(given[60].data, ["NOBODY"], name="60.xml")
    results = cast["SG-NSW"].batch(given)
    assert [(each.index, each.name) for each in results] == [(at, f"{at}.xml") for at in range(70)]
    refused = {each.index: each.refused.code for each in results if each.refused}
    assert refused == {3: "syntax.not-recognised", 60: "route.unknown-recipient"}
    for at, each in enumerate(results):
        if each.accepted:
            assert each.accepted.number == f"SG-B1-{at:05d}" and each.accepted.receipt
            assert cast["SG-NSW"].get(each.accepted.id).data == given[at].data
    assert len(cast["SG-NSW"].documents(limit=500).items) == 68
    assert cast["SG-NSW"].refusal(results[3].refused.refusal)["errors"] if results[3].refused else False


def test_the_same_batch_again_gives_the_same_answers_and_takes_nothing_twice(cast: Cast) -> None:
    given = entries("B2", 5)
    first, again = cast["SG-NSW"].batch(given), cast["SG-NSW"].batch(given)
    assert [each.accepted and each.accepted.receipt for each in first] == [
        each.accepted and each.accepted.receipt for each in again
    ]
    assert all(each.accepted and each.accepted.replayed for each in again)
    assert len(cast["SG-NSW"].documents(limit=500).items) == 5


def test_what_stands_twice_in_one_batch_is_taken_once(sender: Sender) -> None:
    one = line(certificate("SG-B3-00001"))
    lines = sender.lines(one * 3, LINES)
    assert codes(lines) == ["accepted", "document.duplicate", "document.duplicate"]
    assert lines[1]["problem"]["document"] == lines[0]["accepted"]["id"]
    assert lines[-1] == {"summary": {"documents": 3, "accepted": 1, "replayed": 0, "refused": 2}}


def test_a_line_that_is_no_entry_is_a_finding_of_that_line(sender: Sender) -> None:
    good = certificate("SG-B4-00001")
    content = b64encode(good).decode()
    wrong = [
        b"not json\n",
        b"[]\n",
        b'{"to": ["TH-NSW"]}\n',
        json.dumps({"content": "?" + content}).encode() + b"\n",
        line(good, to="TH-NSW"),
        line(good, to=[1]),
        line(good, idempotencyKey="a b"),
        line(good, profile=7),
        line(good, recipients=["TH-NSW"]),
        line(good, to=[]),
        b"\n",
        line(good, name="the good one"),
    ]
    lines = sender.lines(b"".join(wrong), LINES)
    syntax = ["syntax.not-json", "syntax.not-an-object"]
    assert codes(lines) == [*syntax, *["batch.line"] * 7, "route.no-recipient", "accepted"]
    assert [each["index"] for each in lines[:-1]] == list(range(11))
    assert lines[4]["problem"]["errors"][0]["pointer"] == "/to"
    assert lines[10]["name"] == "the good one"


def test_a_line_that_is_too_long_ends_with_its_line(sender: Sender) -> None:
    long = b'{"content": "' + b"A" * (batch.MAX_LINE_BYTES + 5) + b'"}\n'
    lines = sender.lines(long + line(certificate("SG-B5-00001")), LINES)
    assert codes(lines) == ["batch.line-too-large", "accepted"]


def test_the_files_of_an_archive_are_entries_with_a_key_each(sender: Sender) -> None:
    files = {
        "a/1.xml": certificate("SG-B6-00001"),
        "a/": b"",
        "__MACOSX/a/._1.xml": b"x",
        "2.xml": certificate("SG-B6-00002"),
    }
    headers = ARCHIVE | {"Idempotency-Key": "of-the-batch"}
    lines = sender.lines(archive(files), headers)
    assert [each.get("name") for each in lines] == ["a/1.xml", "2.xml", None]
    assert codes(lines) == ["accepted", "accepted"]
    again = sender.lines(archive(files), headers)
    assert again[-1]["summary"] == {"documents": 2, "accepted": 0, "replayed": 2, "refused": 0}
    other = sender.lines(archive(files | {"2.xml": certificate("SG-B6-00003")}), headers)
    assert codes(other) == ["accepted", "request.idempotency-mismatch"]


def test_what_is_no_archive_refuses_the_whole(sender: Sender) -> None:
    good = archive({"1.xml": certificate("SG-B7-00001")})
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as packed, pytest.warns(UserWarning, match="Duplicate name"):
        packed.writestr("1.xml", b"1")
        packed.writestr("1.xml", b"2")
    end = good[-22:]
    for data in (b"", b"PK", good[:-1], good + b"x", b"before" + good, good[:-22], twice.getvalue(), end):
        assert sender.refused(data, ARCHIVE) == (400, "batch.not-an-archive"), data[:20]
    many = good[:-22] + end[:8] + b"\xff\xff\xff\xff" + end[12:]
    assert sender.refused(many, ARCHIVE) == (413, "batch.too-many")
    assert sender.refused(good, ARCHIVE | {"Content-Type": "text/plain"}) == (400, "batch.media-type")


def test_a_file_that_cannot_be_unpacked_is_a_finding_of_that_file(sender: Sender) -> None:
    first, second = certificate("SG-B8-00001"), certificate("SG-B8-00002")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("lzma", first, compress_type=zipfile.ZIP_LZMA)
        packed.writestr("changed", first)
        packed.writestr("good", second)
    data = made.getvalue().replace(first[-40:], b"x" * 40, 1)
    assert codes(sender.lines(data, ARCHIVE)) == ["batch.entry-unreadable"] * 2 + ["accepted"]


def test_an_archive_that_expands_beyond_its_bounds_is_cut_off(sender: Sender) -> None:
    bomb = {f"{at}": b"\0" * (batch.MAX_ENTRY_BYTES + 1) for at in range(2)}
    data = archive(bomb | {"good": certificate("SG-B9-00001")})
    assert len(data) < 100_000
    assert codes(sender.lines(data, ARCHIVE)) == ["batch.expands", "batch.expands", "accepted"]


def test_all_entries_together_have_a_bound(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MAX_EXPANDED_BYTES", 3_000)
    data = archive({f"{at}": b"\0" * 1_600 for at in range(9)})
    assert codes(sender.lines(data, ARCHIVE))[1:] == ["batch.expands", "batch.expands"]


def test_a_batch_has_a_bound_in_bytes_and_in_documents(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.api.batch.MAX_BATCH_BYTES", 20)
    for body in (b"{}\n" * 7, iter([b"{}\n"] * 7)):  # its length stated, and not
        assert sender.refused(body, LINES) == (413, "batch.too-large")
    monkeypatch.setattr(batch, "MAX_ENTRIES", 2)
    assert codes(sender.lines(b"{}\n" * 5, LINES)) == ["batch.line", "batch.line", "batch.too-many"]


def test_a_batch_needs_a_key_that_may_send(sqlite_cast: Cast) -> None:
    answer = httpx.post(f"{sqlite_cast.url}/v1/documents:batch", content=b"{}\n", headers=LINES)
    assert (answer.status_code, answer.json()["code"]) == (401, "access.key-missing")


def test_the_sdk_refuses_an_answer_that_was_cut_off(sqlite_cast: Cast) -> None:
    assert refused_by(sqlite_cast["SG-NSW"].submit, b"x", ["TH-NSW"]).code  # the hub answers
    assert sqlite_cast["SG-NSW"].batch([]) == ()


def test_a_hub_that_is_killed_in_the_middle_has_each_document_once_after_the_batch_comes_again(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path).start()
    cast = Cast(hub.url).join()
    given = entries("KILL", 300)
    body = b"".join(
        line(each.data, to=list(each.to), idempotencyKey=each.idempotency_key, name=each.name) for each in given
    )
    heard: dict[str, str] = {}
    key = {"Authorization": f"Bearer {test_api_key(SEED, 'SG-NSW')}"}
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream("POST", f"{hub.url}/v1/documents:batch", content=body, headers=LINES | key) as answer,
    ):
        for text in answer.iter_lines():
            told = json.loads(text)
            heard[told["name"]] = told["accepted"]["receipt"]
            if len(heard) == 40:
                hub.kill()
    assert 40 <= len(heard) < 300
    with pytest.raises(Unreachable):
        cast["SG-NSW"].batch(given[:1])
    hub.start()
    cast.close()
    cast = Cast(hub.url)
    results = cast["SG-NSW"].batch(given)
    receipts = {each.name: each.accepted.receipt for each in results if each.accepted}
    assert len(receipts) == 300 and heard.items() <= receipts.items()
    listed = [each["number"] for each in cast["SG-NSW"].each(_all())]
    assert sorted(listed) == [f"SG-KILL-{at:05d}" for at in range(300)]
    cast.close()
    hub.stop()


def _all() -> Any:
    from tradebridge import calls

    return calls.documents(limit=200)
