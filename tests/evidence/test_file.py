"""The evidence as a file: its form is checked before anything is believed, and a record has one form only."""

import copy
import json
from typing import Any

import pytest

from schemas.findings import Finding
from tests.evidence.case import Case
from tradebridge.evidence import canonical
from tradebridge.evidence.file import EvidenceFile, Record, read_evidence, read_record

GOOD = Case()
EVIDENCE = GOOD.build()
RECORD = json.loads(GOOD.acceptance().record())


def test_a_record_comes_back() -> None:
    record = read_record(canonical.dumps(RECORD))
    assert isinstance(record, Record)
    assert (record.kind, record.member, record.time) == ("document", "SG-NSW", GOOD.at)


@pytest.mark.parametrize("name", RECORD)
@pytest.mark.parametrize("value", [None, 5, ["x"], {}])
def test_a_record_holds_text_only(name: str, value: object) -> None:
    found = read_record(canonical.dumps(RECORD | {name: value}), "/record")
    assert isinstance(found, Finding)
    assert (found.code, found.pointer) == ("log.record", "/record")


@pytest.mark.parametrize("name", RECORD)
def test_a_record_has_all_its_members(name: str) -> None:
    short = {key: value for key, value in RECORD.items() if key != name}
    assert isinstance(read_record(canonical.dumps(short)), Finding)


def test_a_record_has_no_member_more() -> None:
    assert isinstance(read_record(canonical.dumps(RECORD | {"extra": "x"})), Finding)


def test_a_record_tells_a_moment() -> None:
    found = read_record(canonical.dumps(RECORD | {"time": "yesterday"}))
    assert isinstance(found, Finding)
    assert found.pointer == "/time"


def test_the_file_is_read_and_members_that_are_not_known_are_passed_over() -> None:
    assert isinstance(read_evidence(EVIDENCE | {"later": 1}), EvidenceFile)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("document", "bytes"), "AA="),
        (("document", "bytes"), "AB=="),  # loose bits
        (("document", "bytesDigest"), "AB" * 32),
        (("document", "number"), 5),
        (("messages", 0, "kind"), "replaced"),
        (("messages", 0, "salt"), "00" * 31),  # a salt of another length could take bytes from the record
        (("messages", 0, "salt"), "00" * 33),
        (("messages", 0, "leafIndex"), -1),
        (("messages", 0, "leafIndex"), True),
        (("messages", 0, "inclusion", "size"), 2**63),
        (("messages", 0, "inclusion", "hashes"), ["00"]),
        (("messages", 0, "inclusion", "hashes"), ["00" * 32] * 65),
        (("messages",), {}),
        (("deliveries", 0, "note"), None),
    ],
)
def test_the_member_that_is_wrong_is_named(path: tuple[str | int, ...], value: object) -> None:
    evidence = copy.deepcopy(EVIDENCE)
    place: Any = evidence
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    found = read_evidence(evidence)
    assert isinstance(found, Finding)
    assert found.code == "evidence.malformed"
    assert found.pointer.startswith("".join(f"/{step}" for step in path))
