"""Receipts, notes, acknowledgements, attestations: they come back as they were made, and pass for nothing else."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from schemas.findings import Finding, finding
from tests.evidence.world import AT, HUB, SG, TH, TRUST
from tradebridge.evidence import canonical, jws, receipts
from tradebridge.evidence.receipts import Acknowledgement, Attestation, DeliveryNote, Original, Receipt, Rendered
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.trust import TrustList

Statement = Receipt | DeliveryNote | Acknowledgement | Attestation
Reader = Callable[[str, TrustList, Any], Statement | Finding]

RECEIPT = Receipt(
    message_id="msg_1",
    document_id="doc_1",
    member="SG-NSW",
    recipients=("TH-NSW", "JP-NACCS"),
    bytes_digest="ab" * 32,
    content_digest="cd" * 32,
    profile="atiga-form-d/2022",
    time=AT,
    simulated=True,
)
NOTE = DeliveryNote(
    delivery="dlv_1",
    message_id="msg_1",
    document_id="doc_1",
    sender="SG-NSW",
    recipient="TH-NSW",
    profile="atiga-form-d/2022",
    number="SG-2026-00041",
    original=Original("ab" * 32, "application/xml"),
    rendition=Rendered("ef" * 32, "text/plain", "naccs", ({"pointer": "/marks", "reason": "no field"},)),
    findings=(finding("signature.missing", line=3).to_json(),),
    time=AT + timedelta(milliseconds=250),
)
ACK = Acknowledgement("dlv_1", "msg_1", "ab" * 32, "TH-NSW", AT)
ATTESTATION = Attestation("msg_1", "doc_1", "SG-NSW", "ab" * 32, "cd" * 32, "atiga-form-d/2022", AT)

KINDS: dict[str, tuple[Statement, LocalSigner, Reader]] = {
    "receipt": (RECEIPT, HUB, receipts.read_receipt),
    "note": (NOTE, HUB, receipts.read_note),
    "note without rendition": (replace(NOTE, rendition=None, number=None), HUB, receipts.read_note),
    "acknowledgement": (ACK, TH, receipts.read_acknowledgement),
    "attestation": (ATTESTATION, HUB, receipts.read_attestation),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_statement_comes_back_as_it_was_made(kind: str) -> None:
    statement, signer, read = KINDS[kind]
    assert read(statement.sign(signer, AT), TRUST, AT) == statement


@pytest.mark.parametrize("kind", KINDS)
def test_its_payload_is_canonical_json_by_the_reference_library(kind: str) -> None:
    payload = KINDS[kind][0].payload()
    assert rfc8785.dumps(json.loads(payload)) == payload


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_no_statement_passes_for_one_of_another_type(kind: str, other: str) -> None:
    """JWS-21."""
    statement, signer, _ = KINDS[kind]
    reader = KINDS[other][2]
    if reader is KINDS[kind][2]:
        return
    found = reader(statement.sign(signer, AT), TRUST, AT)
    assert isinstance(found, Finding)
    assert (found.code, found.attack) == ("signature.wrong-type", "JWS-21")


@pytest.mark.parametrize("kind", ["receipt", "note", "attestation"])
def test_a_member_cannot_speak_for_the_hub(kind: str) -> None:
    statement, _, read = KINDS[kind]
    found = read(statement.sign(SG, AT), TRUST, AT)
    assert isinstance(found, Finding)
    assert found.code == "signature.wrong-purpose"


def test_even_a_member_with_the_purpose_is_not_the_hub() -> None:
    """A trust list that gives a member the purpose by mistake does not make it the hub."""
    key = replace(TRUST.members[0].keys[0], purposes=frozenset({"receipt"}))
    trust = replace(TRUST, members=(replace(TRUST.members[0], keys=(key,)),))
    found = receipts.read_receipt(RECEIPT.sign(SG, AT), trust, AT)
    assert isinstance(found, Finding)
    assert (found.code, found.attack) == ("receipt.wrong-speaker", "JWS-21")


def test_nobody_acknowledges_for_another_member() -> None:
    found = receipts.read_acknowledgement(ACK.sign(SG, AT), TRUST, AT)
    assert isinstance(found, Finding)
    assert (found.code, found.status) == ("receipt.wrong-speaker", 403)


@pytest.mark.parametrize("kind", ["receipt", "attestation"])
def test_a_statement_of_another_space_is_refused(kind: str) -> None:
    statement, signer, read = KINDS[kind]
    found = read(statement.sign(signer, AT), replace(TRUST, space="other"), AT)
    assert isinstance(found, Finding)
    assert found.code == "receipt.wrong-space"


def test_the_time_told_is_the_time_of_signing() -> None:
    found = receipts.read_receipt(replace(RECEIPT, time=AT - timedelta(hours=1)).sign(HUB, AT), TRUST, AT)
    assert isinstance(found, Finding)
    assert found.code == "receipt.wrong-time"


def _signed(members: dict[str, Any]) -> str:
    return jws.sign(rfc8785.dumps(members), jws.RECEIPT, HUB, AT)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"extra": "x"}, "/extra"),
        ({"Member": "SG-NSW"}, "/Member"),
        ({"bytesDigest": "AB" * 32}, "/bytesDigest"),
        ({"bytesDigest": "ab" * 31}, "/bytesDigest"),
        ({"recipients": "TH-NSW"}, "/recipients"),
        ({"recipients": [5]}, "/recipients"),
        ({"time": "2026-01-05 09:00"}, "/time"),
        ({"time": "2026-01-05T17:00:00+08:00"}, "/time"),
        ({"simulated": "no"}, "/simulated"),
        ({"space": None}, "/space"),
        ({"messageId": ""}, "/messageId"),
    ],
)
def test_a_member_that_is_wrong_is_named(change: dict[str, Any], pointer: str) -> None:
    found = receipts.read_receipt(_signed(json.loads(RECEIPT.payload()) | change), TRUST, AT)
    assert isinstance(found, Finding)
    assert (found.code, found.pointer) == ("receipt.malformed", pointer)


@pytest.mark.parametrize("name", json.loads(RECEIPT.payload()))
def test_a_member_that_is_missing_is_named(name: str) -> None:
    members = json.loads(RECEIPT.payload())
    del members[name]
    found = receipts.read_receipt(_signed(members), TRUST, AT)
    assert isinstance(found, Finding)
    assert (found.code, found.pointer) == ("receipt.malformed", f"/{name}")


SPOILT = {
    "spaces": json.dumps(json.loads(RECEIPT.payload()), sort_keys=True).encode(),
    "order": json.dumps(dict(reversed(json.loads(RECEIPT.payload()).items())), separators=(",", ":")).encode(),
    "escape": RECEIPT.payload().replace(b"SG-NSW", b"\\u0053G-NSW"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_payload_that_is_not_canonical_is_refused(name: str) -> None:
    """JSN-5."""
    found = receipts.read_receipt(jws.sign(SPOILT[name], jws.RECEIPT, HUB, AT), TRUST, AT)
    assert isinstance(found, Finding)
    assert (found.code, found.attack) == ("receipt.not-canonical", "JSN-5")


@pytest.mark.parametrize(
    ("payload", "attack"),
    [
        (b'{"a":1,"a":2}', "JSN-1"),
        (b'{"a":NaN}', "JSN-2"),
        (b'{"a":9007199254740993}', "JSN-5"),
        (b'{"a":99999999999999999999}', "JSN-5"),
        (b'{"a":1.0}', "JSN-5"),
        (b'{"a":-0}', "JSN-5"),
        (b'{"a":"\\ud800"}', "JSN-6"),
        (b"[" * 5000 + b"]" * 5000, "JSN-8"),
        (b"\xef\xbb\xbf{}", ""),
        (b"", ""),
    ],
)
def test_a_payload_that_json_readers_take_differently_is_refused(payload: bytes, attack: str) -> None:
    found = receipts.read_receipt(jws.sign(payload or b" ", jws.RECEIPT, HUB, AT), TRUST, AT)
    assert isinstance(found, Finding)
    assert found.attack == attack


Json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner, max_size=4)
    ),
)


@pytest.mark.fuzz
@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), Json, max_size=5))
def test_our_canonical_json_is_that_of_the_reference_library(value: dict[str, Any]) -> None:
    assert canonical.dumps(value) == rfc8785.dumps(value)
    assert canonical.loads(canonical.dumps(value)) == value


@pytest.mark.fuzz
@given(st.binary(max_size=60))
def test_no_bytes_make_the_reader_raise(payload: bytes) -> None:
    read = canonical.loads(payload)
    assert isinstance(read, Finding) or canonical.dumps(read) == payload


@given(
    st.builds(
        Receipt,
        message_id=st.text(min_size=1, max_size=30),
        document_id=st.text(min_size=1, max_size=30),
        member=st.text(min_size=1, max_size=30),
        recipients=st.lists(st.text(min_size=1, max_size=30), max_size=4).map(tuple),
        bytes_digest=st.binary(min_size=32, max_size=32).map(bytes.hex),
        content_digest=st.binary(min_size=32, max_size=32).map(bytes.hex),
        profile=st.text(min_size=1, max_size=30),
        time=st.integers(-200_000, 200_000).map(lambda ms: AT + timedelta(milliseconds=ms)),
        space=st.just(""),
        simulated=st.booleans(),
    )
)
def test_any_receipt_comes_back(receipt: Receipt) -> None:
    assert receipts.read_receipt(receipt.sign(HUB, AT), TRUST, AT) == receipt
