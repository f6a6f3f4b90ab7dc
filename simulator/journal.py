"""A member's own journal: what it sent, took, acknowledged and said, one JSON line each, append only.

1. A line is written with one write() before the member says so to anybody: an acknowledgement in the hub's hand is in
   the journal. The file is not flushed to the disk: it survives the process (`kill -9`), not the machine.
2. At start the journal is read again. A last line that a kill cut short is taken away: nobody was told of it.
3. A message id is taken once. What comes again is acknowledged again, with the same acknowledgement, and has no effect.
4. The order of journals in a comparison is (business time, member, ordinal). The ordinal of an entry goes by the
   document's own story (document, kind, message), never by when the machine came to it, so two runs with one seed and
   a frozen clock give the same lines in the same order.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Kind(StrEnum):
    SENT = "sent"
    """A document, with the hub's receipt."""
    REFUSED = "refused"
    """A document of its own that the hub refused; or an event, which its story lets it say though it is refused."""
    RECEIVED = "received"
    """A document, with the digest of its original."""
    EVENT_SIGNED = "event signed"
    """Before it is sent: what is said once is said again in the same bytes."""
    EVENT_SENT = "event sent"
    """With the hub's receipt."""
    EVENT_RECEIVED = "event received"
    ACKNOWLEDGED = "acknowledged"
    """What was received under this message id."""
    TURNED_AWAY = "turned away"
    """What this member's own system does not take: the answer stands in `told`, in the member's own language."""
    INSTRUCTED = "instructed"
    """What a script, or a person, has this member say of a document."""
    FAULT = "fault"
    """A fault that was turned on has struck this message: its label is in `faults`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. What does not apply is empty."""

    at: str
    """Business time, RFC 3339."""
    member: str
    kind: Kind
    message_id: str = ""
    document_id: str = ""
    number: str = ""
    profile: str = ""
    bytes_digest: str = ""
    """SHA-256 of the bytes sent, or of the original received, in hexadecimal."""
    content_digest: str = ""
    peers: tuple[str, ...] = ()
    """The recipients of what was sent; the sender of what was received."""
    token: str = ""
    """The receipt, the delivery note or the acknowledgement: a compact JWS."""
    event: dict[str, Any] = field(default_factory=dict)
    """Of an event: id, type, recipient, sequence (the one that it makes); of one's own also the place in the story."""
    codes: tuple[str, ...] = ()
    """Finding codes, of what was refused; of what was turned away, those of the member's own list."""
    told: dict[str, Any] = field(default_factory=dict)
    """Of `instructed`: the steps (`says`), seconds of the business clock before them (`after`), and by whom (`by`).
    Of `turned away`: the answer in base64 (`native`) and its `nativeMediaType`."""
    faults: tuple[str, ...] = ()
    """Labels of faults (`flt_1:latency`)."""

    def line(self) -> bytes:
        members = {name: value for name, value in asdict(self).items() if value not in ("", (), {})}
        return json.dumps(members, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    @property
    def ordinal(self) -> tuple[str, str, int, str, str]:
        """Where it stands among the entries of one member at one business time (rule 4)."""
        return (self.number, self.document_id, _RANK[self.kind], self.message_id, self.bytes_digest)


_RANK = {kind: rank for rank, kind in enumerate(Kind)}


def read_entry(line: bytes) -> Entry:
    """Raises `ValueError` for what is not a line of a journal."""
    try:
        members = json.loads(line)
        return Entry(
            **{
                **members,
                "kind": Kind(members["kind"]),
                "peers": tuple(members.get("peers", ())),
                "codes": tuple(members.get("codes", ())),
                "faults": tuple(members.get("faults", ())),
            }
        )
    except (TypeError, KeyError, UnicodeDecodeError) as error:
        raise ValueError(f"not an entry of a journal: {line[:80]!r}") from error


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """The order in which journals are compared (rule 4)."""
    return sorted(entries, key=lambda entry: (entry.at, entry.member, entry.ordinal))


class Journal:
    """One member's journal, in a file of its own."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.entries: list[Entry] = []
        self._acknowledgements: dict[str, str] = {}
        self._received: set[str] = set()
        self._by_document: dict[str, list[Entry]] = {}
        for entry in self._read_again():
            self._remember(entry)

    def append(self, entry: Entry) -> None:
        """Keep it; only then may the member speak of it."""
        line = entry.line()
        written = os.write(self._file, line)
        if written != len(line):
            raise OSError(f"the journal took {written} of {len(line)} bytes: make room on the disk, then start again")
        self._remember(entry)

    def acknowledgement(self, message_id: str) -> str | None:
        """The acknowledgement given for this message, if one was."""
        return self._acknowledgements.get(message_id)

    def has_received(self, message_id: str) -> bool:
        return message_id in self._received

    def of_document(self, document_id: str) -> tuple[Entry, ...]:
        """All of one document, oldest first."""
        return tuple(self._by_document.get(document_id, ()))

    def documents(self) -> tuple[str, ...]:
        """Ids of all documents that were sent or received."""
        return tuple(self._by_document)

    def close(self) -> None:
        os.close(self._file)

    def _remember(self, entry: Entry) -> None:
        self.entries.append(entry)
        if entry.document_id:
            self._by_document.setdefault(entry.document_id, []).append(entry)
        if entry.kind is Kind.ACKNOWLEDGED:
            self._acknowledgements[entry.message_id] = entry.token
        elif entry.kind in (Kind.RECEIVED, Kind.EVENT_RECEIVED):
            self._received.add(entry.message_id)

    def _read_again(self) -> list[Entry]:
        size = os.fstat(self._file).st_size
        data = os.pread(self._file, size, 0)
        whole = data.rfind(b"\n") + 1
        if whole != size:
            os.ftruncate(self._file, whole)
        return [read_entry(line) for line in data[:whole].splitlines()]
