"""A member's journal: append only, read again at start, one order for comparison."""

import os
from pathlib import Path

import pytest

from simulator.journal import Entry, Journal, Kind, in_order, read_entry


def entry(kind: Kind = Kind.RECEIVED, message: str = "msg_1", **more: object) -> Entry:
    members = {"at": "2026-01-05T09:00:00Z", "member": "TH-NSW", "document_id": "doc_1", **more}
    return Entry(kind=kind, message_id=message, **members)  # type: ignore[arg-type]  # members by name


def test_what_was_appended_is_there_after_a_restart(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "TH-NSW.jsonl")
    kept = [
        entry(number="SG-2026-00041", peers=("SG-NSW",), event={"id": "evt_1", "sequence": 1}),
        entry(Kind.ACKNOWLEDGED, token="eyJ"),
        entry(Kind.EVENT_SIGNED, message="", token="eyJ"),
    ]
    for each in kept:
        journal.append(each)
    journal.close()
    again = Journal(tmp_path / "TH-NSW.jsonl")
    assert again.entries == kept
    assert again.has_received("msg_1")
    assert again.acknowledgement("msg_1") == "eyJ"
    assert again.of_document("doc_1") == tuple(kept)


def test_a_refusal_belongs_to_no_document(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    refusal = entry(Kind.REFUSED, message="", document_id="", codes=("a.b", "c.d"))
    journal.append(refusal)
    assert Journal(tmp_path / "j.jsonl").entries == [refusal]
    assert journal.documents() == ()


def test_an_entry_is_one_write_of_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    write = os.write

    def counted(descriptor: int, data: bytes) -> int:
        written.append(data)
        return write(descriptor, data)

    journal = Journal(tmp_path / "j.jsonl")
    monkeypatch.setattr(os, "write", counted)
    journal.append(entry(number="line\nfeed"))
    assert len(written) == 1
    assert written[0].count(b"\n") == 1


def test_a_line_cut_short_by_a_kill_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    first, second = entry(message="msg_1"), entry(message="msg_2")
    path.write_bytes(first.line() + second.line()[:-9])
    journal = Journal(path)
    assert journal.entries == [first]
    journal.append(second)
    journal.close()
    assert path.read_bytes() == first.line() + second.line()


def test_a_disk_that_takes_half_a_line_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    monkeypatch.setattr(os, "write", lambda descriptor, data: len(data) // 2)
    with pytest.raises(OSError, match="make room"):
        journal.append(entry())
    assert not journal.has_received("msg_1")


def test_the_order_of_comparison_does_not_depend_on_the_order_of_arrival() -> None:
    entries = [
        entry(Kind.RECEIVED, "msg_1", document_id="doc_1"),
        entry(Kind.ACKNOWLEDGED, "msg_1", document_id="doc_1"),
        entry(Kind.RECEIVED, "msg_2", document_id="doc_2"),
        entry(Kind.EVENT_SENT, "msg_3", document_id="doc_2"),
        entry(Kind.RECEIVED, "msg_2", document_id="doc_2", member="SG-NSW"),
        entry(Kind.RECEIVED, "msg_9", document_id="doc_9", at="2026-01-04T09:00:00Z"),
    ]
    assert in_order(entries) == in_order(reversed(entries))
    assert in_order(entries)[0].at == "2026-01-04T09:00:00Z"


def test_what_is_no_entry_is_refused() -> None:
    for line in (b"{}", b"[]", b'{"kind":"sung"}', b'{"kind":"sent","unknown":1}', b"\xff"):
        with pytest.raises(ValueError):
            read_entry(line)
