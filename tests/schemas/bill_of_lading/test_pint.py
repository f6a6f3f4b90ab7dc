"""PINT's parts: checksums as RFC 8785 and the text say, and findings with pointers for whatever is not such a part."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from schemas.bill_of_lading.pint import (
    HTTP_STATUS,
    ActionCode,
    ChainEntry,
    DocumentMetadata,
    Envelope,
    EnvelopeManifest,
    IssuanceManifest,
    Outcome,
    Party,
    Transaction,
    TransferFinished,
    TransferStarted,
    bytes_checksum,
    canonical,
    checksum,
    read,
    signed_checksum,
    to_json,
    written,
)
from schemas.bill_of_lading.values import Part
from tests.ebl.cast import BUYER, EXPORTER, act
from tests.schemas.bill_of_lading.strategies import json_of

PARTS: list[type[Part]] = [
    *(ChainEntry, Transaction, Party, EnvelopeManifest, IssuanceManifest, Envelope, DocumentMetadata),
    *(TransferStarted, TransferFinished),
]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ({"b": 1, "a": 2}, b'{"a":2,"b":1}'),
        ({"a": [1.0, 1e21, 0.1, -0.0, 333333333.33333329]}, b'{"a":[1,1e+21,0.1,0,333333333.3333333]}'),
        (
            {"a": 10**17, "b": 2**53, "c": -(2**60)},
            b'{"a":100000000000000000,"b":9007199254740992,"c":-1152921504606847000}',
        ),
        ({"€": "é", "\r": "\u0001", "1": True, "ö": None}, '{"\\r":"\\u0001","1":true,"ö":null,"€":"é"}'.encode()),
        ({"\U0001f602": 1, "\ufb33": 2}, '{"\U0001f602":1,"\ufb33":2}'.encode()),
    ],
)
def test_the_canonical_form_is_that_of_rfc_8785(value: dict[str, Any], form: bytes) -> None:
    assert canonical(value) == form
    assert checksum(value) == hashlib.sha256(form).hexdigest()


@pytest.mark.fuzz
@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**20), 10**20)))
def test_a_checksum_does_not_depend_on_how_the_json_was_written(value: dict[str, Any]) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair: no JSON that strict reading lets in
        return
    turned = dict(reversed(list(value.items())))
    assert checksum(json.loads(json.dumps(turned, indent=2))) == checksum(value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**22), 10**22)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([1.0, -0.0, 1e16, 1e-5, 1e-7, 0.1, 123456789012345.6, 2.0**53, 1e21])
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab:1.0e,[é\ufb33\U0001f602", max_size=4), inner),
    max_leaves=12,
)


@pytest.mark.fuzz
@given(st.dictionaries(st.text("ab\ufb33\U0001f602", max_size=3), JSON))
def test_the_short_way_to_the_canonical_form_leads_to_the_same_place(value: dict[str, Any]) -> None:
    as_doubles = json.loads(json.dumps(value), parse_int=lambda text: int(text) if len(text) < 16 else float(text))
    assert canonical(value) == rfc8785.dumps(as_doubles)


def test_signed_content_is_checksummed_as_it_stands_and_a_file_by_its_bytes() -> None:
    assert signed_checksum("a.b.c") == hashlib.sha256(b"a.b.c").hexdigest()
    assert bytes_checksum(b"\x00\xff") == hashlib.sha256(b"\x00\xff").hexdigest()


WRITABLE = st.sampled_from([each for each in PARTS if each is not Envelope])


@pytest.mark.fuzz
@given(WRITABLE.flatmap(lambda part: st.tuples(st.just(part), json_of(part))))
def test_what_the_schema_allows_is_read_and_written_again(drawn: tuple[type[Part], dict[str, Any]]) -> None:
    part, value = drawn
    made = read(part, value)
    assert isinstance(made, part), made
    again = read(part, to_json(made))
    assert isinstance(again, part) and to_json(again) == to_json(made)


@pytest.mark.fuzz
@given(st.sampled_from(PARTS), st.recursive(st.none() | st.booleans() | st.text() | st.floats(), st.lists))
def test_what_is_no_such_part_gives_findings_and_never_an_exception(part: type[Part], value: Any) -> None:
    for given_value in (value, {"actor": value, "transactions": value, "eblPlatform": value}):
        found = read(part, given_value)
        assert isinstance(found, tuple) and found and all(each.refuses for each in found)


def test_a_finding_points_to_the_member() -> None:
    value = to_json(act("TRANSFER", EXPORTER, BUYER))
    value["recipient"]["identifyingCodes"][0]["partyCode"] = 5
    del value["actor"]["partyName"]
    value["actionDateTime"] = "yesterday"
    found = read(Transaction, value)
    assert isinstance(found, tuple)
    assert {(each.code, each.pointer) for each in found} == {
        ("lading.wrong-type", "/recipient/identifyingCodes/0/partyCode"),
        ("lading.member-missing", "/actor/partyName"),
        ("lading.no-date", "/actionDateTime"),
    }


def test_an_unknown_member_is_kept() -> None:
    value = to_json(act("TRANSFER", EXPORTER, BUYER)) | {"vendorExtension": {"a": 1}}
    made = read(Transaction, value)
    assert isinstance(made, Transaction) and to_json(made) == value


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    at = datetime(2026, 1, 31, 18, 5, 7, 123456, timezone(timedelta(hours=9)))
    assert written(at) == "2026-01-31T09:05:07.123Z"
    assert to_json(act("SIGN", EXPORTER).model_copy(update={"action_date_time": at}))["actionDateTime"] == written(at)
    assert written(datetime(2026, 1, 31, tzinfo=UTC)) == "2026-01-31T00:00:00.000Z"


@pytest.mark.parametrize("uri", ["registry", "/ctr/v1", "https://", "http://[", "x" * 2000])
def test_a_registry_is_named_by_a_whole_uri(uri: str) -> None:
    entry: dict[str, Any] = {
        "eblPlatform": "STRA",
        "transportDocumentChecksum": "0" * 64,
        "controlTrackingRegistry": uri,
    }
    entry |= {"transactions": [to_json(act("SIGN", EXPORTER))]}
    found = read(ChainEntry, entry)
    assert isinstance(found, tuple) and [each.pointer for each in found] == ["/controlTrackingRegistry"]
    assert isinstance(read(ChainEntry, entry | {"controlTrackingRegistry": "https://ctr.dcsa.org/v1"}), ChainEntry)


def test_each_outcome_has_its_status() -> None:
    assert set(HTTP_STATUS) == set(Outcome)
    assert [HTTP_STATUS[each] for each in (Outcome.RECE, Outcome.BSIG, Outcome.DISE)] == [200, 422, 409]


def test_the_code_of_the_betas_is_read_and_not_one_of_ours() -> None:
    answer = {"lastEnvelopeTransferChainEntrySignedContentChecksum": "0" * 64, "responseCode": "BETR"}
    assert isinstance(read(TransferFinished, answer), TransferFinished)
    assert "BETR" not in set(Outcome) and "SURRENDERED" not in set(ActionCode)
