"""The same seed gives the same world, and nobody can take it for the real one."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from tests.evidence.world import AT, SEED, ed25519_signer_of
from tradebridge.evidence import simulation
from tradebridge.evidence.signer import LocalSigner


def _der(signer: LocalSigner) -> bytes:
    return signer.certificate.public_bytes(Encoding.DER)


def test_the_same_arguments_give_the_same_certificate_byte_for_byte() -> None:
    first = simulation.test_signer(SEED, "SG-NSW")
    for function in (simulation.test_signer, simulation.test_authority, simulation._private_key):
        function.cache_clear()
    again = simulation.test_signer(SEED, "SG-NSW")
    assert again is not first
    assert _der(again) == _der(first)
    assert again.sign(b"data") == first.sign(b"data")


def test_certificates_are_the_same_on_every_machine() -> None:
    """A fixed value: whoever changes how keys are drawn changes every simulated world, and learns it here."""
    assert simulation.test_signer("seed", "SG-NSW").kid == "SG-NSW#5T6cQBgMZ_z3G8dhG5_WF_eroU8xbjq6YC5xv1MtN4s"
    assert simulation.test_api_key("seed", "SG-NSW") == "tb_test_BGEHkyuKsEa9uxoc_2SKR_Dka0CXmaDZpM9-MaVbg1g"


@pytest.mark.parametrize(
    ("seed", "member", "purpose"),
    [("other", "SG-NSW", "document"), (SEED, "TH-NSW", "document"), (SEED, "SG-NSW", "event")],
    ids=["seed", "member", "purpose"],
)
def test_another_argument_gives_another_key(seed: str, member: str, purpose: str) -> None:
    one, other = simulation.test_signer(SEED, "SG-NSW"), simulation.test_signer(seed, member, purpose)
    assert one.certificate.public_key() != other.certificate.public_key()
    assert one.certificate.serial_number != other.certificate.serial_number


def test_a_certificate_is_issued_by_the_root_of_its_seed() -> None:
    signer = simulation.test_signer(SEED, "SG-NSW")
    signer.certificate.verify_directly_issued_by(simulation.test_authority(SEED).certificate)
    with pytest.raises(InvalidSignature):
        signer.certificate.verify_directly_issued_by(simulation.test_authority("other").certificate)


def test_certificates_carry_the_marker_and_others_do_not() -> None:
    assert simulation.is_test_certificate(simulation.test_signer(SEED, "SG-NSW").certificate)
    assert simulation.is_test_certificate(simulation.test_authority(SEED).certificate)
    assert not simulation.is_test_certificate(ed25519_signer_of("JP-JCCI").certificate)


def test_validity_is_as_asked() -> None:
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    certificate = simulation.test_signer(SEED, "SG-NSW", not_before=begin, not_after=end).certificate
    assert (certificate.not_valid_before_utc, certificate.not_valid_after_utc) == (begin, end)
    usual = simulation.test_signer(SEED, "SG-NSW").certificate
    assert (usual.not_valid_before_utc.year, usual.not_valid_after_utc.year) == (2020, 2050)


def test_api_keys_are_marked_and_hold_256_bits() -> None:
    key = simulation.test_api_key(SEED, "SG-NSW")
    assert re.fullmatch(r"tb_test_[A-Za-z0-9_-]{43}", key)
    assert key != simulation.test_api_key(SEED, "TH-NSW")


@given(
    st.lists(st.tuples(st.text(), st.text(), st.binary(), st.integers(0, 2**32)), min_size=2, max_size=5, unique=True)
)
def test_values_differ_wherever_an_argument_differs(arguments: list[tuple[str, str, bytes, int]]) -> None:
    values = {simulation.hmac_value(*each) for each in arguments}
    assert len(values) == len(arguments)
    assert {len(value) for value in values} == {32}


def test_purpose_and_content_are_not_run_together() -> None:
    assert simulation.hmac_value("s", "ab", b"c") != simulation.hmac_value("s", "a", b"bc")


@given(st.datetimes(datetime(1970, 1, 2), datetime(2900, 1, 1), timezones=st.just(UTC)), st.binary(min_size=10))
def test_identifiers_have_one_form(at: datetime, value: bytes) -> None:
    assert re.fullmatch(r"doc_[0-9a-hjkmnp-tv-z]{26}", simulation.derived_id("doc", at, value))


@given(st.integers(1, 10**12), st.binary(min_size=10), st.binary(min_size=10))
def test_identifiers_sort_by_time(milliseconds: int, one: bytes, two: bytes) -> None:
    later = AT + timedelta(milliseconds=milliseconds)
    assert simulation.derived_id("msg", AT, one) < simulation.derived_id("msg", later, two)


def test_an_identifier_needs_80_bits() -> None:
    assert simulation.derived_id("doc_", AT, b"0123456789") == simulation.derived_id("doc", AT, b"0123456789abc")
    with pytest.raises(ValueError, match="10 bytes"):
        simulation.derived_id("doc", AT, b"012345678")
