"""Timestamps of RFC 3161: made by the simulation's authority, judged by openssl too; attacks by their row."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from simulator.tsa import NAME, POLICY, Authority
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import certify, test_authority, test_private_key
from tradebridge.evidence.timestamps import Timestamp, TimestampRoot, query, read_timestamp

AT = datetime(2026, 11, 25, 9, 30, 12, tzinfo=UTC)
DATA = b"a checkpoint\n"
ROOT = TimestampRoot(NAME, (test_authority("42").certificate,), POLICY)
AUTHORITY = Authority("42")
QUERY = query(DATA)
TOKEN = AUTHORITY.answer(QUERY.der, AT)


def test_a_timestamp_is_made_and_read() -> None:
    read = read_timestamp(TOKEN, DATA, [ROOT], QUERY.nonce)
    assert isinstance(read, Timestamp)
    assert (read.at, read.authority, read.signer) == (AT, NAME, AUTHORITY.certificate)


def test_the_same_query_at_the_same_time_gives_the_same_bytes() -> None:
    assert Authority("42").answer(QUERY.der, AT) == TOKEN


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_takes_it_too(tmp_path: Path) -> None:
    for name, data in (("q", QUERY.der), ("r", TOKEN), ("data", DATA)):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "root").write_bytes(ROOT.roots[0].public_bytes(Encoding.PEM))
    for given_ in (["-queryfile", "q"], ["-data", "data"]):
        run = ["openssl", "ts", "-verify", *given_, "-in", "r", "-CAfile", "root"]
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, check=False)
        assert (done.returncode, b"Verification: OK" in done.stdout + done.stderr) == (0, True)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_query_of_openssl_is_answered(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(DATA)
    made = ["openssl", "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q"]
    subprocess.run(made, cwd=tmp_path, capture_output=True, check=True)
    token = AUTHORITY.answer((tmp_path / "q").read_bytes(), AT)
    assert isinstance(read_timestamp(token, DATA, [ROOT]), Timestamp)


@given(st.binary(max_size=200))
def test_what_is_no_query_is_rejected(data: bytes) -> None:
    refused = read_timestamp(AUTHORITY.answer(data, AT), DATA, [ROOT])
    assert isinstance(refused, Finding) and refused.attack == "TSP-4"


@given(st.integers(0, len(TOKEN) - 1), st.integers(1, 255))
def test_one_changed_byte_says_nothing_else(at: int, change: int) -> None:
    changed = bytearray(TOKEN)
    changed[at] ^= change
    read = read_timestamp(bytes(changed), DATA, [ROOT], QUERY.nonce)
    assert isinstance(read, Finding) or (read.at, read.serial) == (AT, _serial())


def _serial() -> int:
    read = read_timestamp(TOKEN, DATA, [ROOT])
    assert isinstance(read, Timestamp)
    return read.serial


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(read_timestamp(data, DATA, [ROOT]), Finding)


# --- attacks ---------------------------------------------------------------------------------------------------------


def _by(*usages: x509.ObjectIdentifier, seed: str = "42", until: datetime | None = None) -> bytes:
    """A token by a key whose certificate is for these usages."""
    key = test_private_key(seed, "OTHER-TSA", "timestamp")
    extended = x509.ExtendedKeyUsage(list(usages)) if usages else None
    span = {} if until is None else {"not_after": until}
    certificate = certify(seed, "OTHER-TSA", key.public_key(), extended, **span)
    return Authority(seed, LocalSigner("OTHER-TSA", key, certificate, deterministic=True)).answer(QUERY.der, AT)


def _by_the_root() -> bytes:
    root = test_authority("42")
    return Authority("42", root).answer(QUERY.der, AT)


def _unreadable_name() -> bytes:
    """The last name in the token is that of the signer's issuer; its text is of a kind that ASN.1 does not have."""
    at = TOKEN.rindex(b"\6\3\x55\4\3") + 5
    return TOKEN[:at] + bytes([TOKEN[at] | 0x40]) + TOKEN[at + 1 :]


STAMPING, SERVER = ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH
OTHER_POLICY = TimestampRoot(NAME, ROOT.roots, x509.ObjectIdentifier("1.2.3"))

ATTACKS = {
    "TSP-1 over other data": ("TSP-1", TOKEN, b"another checkpoint\n", [ROOT]),
    "TSP-2 one more usage": ("TSP-2", _by(STAMPING, SERVER), DATA, [ROOT]),
    "TSP-2 another usage": ("TSP-2", _by(SERVER), DATA, [ROOT]),
    "TSP-2 no usage": ("TSP-2", _by(), DATA, [ROOT]),
    "TSP-2 signed by the root": ("TSP-2", _by_the_root(), DATA, [ROOT]),
    "TSP-3 expired before": ("TSP-3", _by(STAMPING, until=datetime(2026, 1, 1, tzinfo=UTC)), DATA, [ROOT]),
    "TSP-4 another root": ("TSP-4", _by(STAMPING, seed="evil"), DATA, [ROOT]),
    "TSP-4 another policy": ("TSP-4", TOKEN, DATA, [OTHER_POLICY]),
    "TSP-4 nobody is believed": ("TSP-4", TOKEN, DATA, []),
    "TSP-4 rejected": ("TSP-4", AUTHORITY.answer(b"", AT), DATA, [ROOT]),
    "TSP-4 a certificate of version 11": ("TSP-4", TOKEN.replace(b"\xa0\3\2\1\2", b"\xa0\3\2\1\x0a"), DATA, [ROOT]),
    "TSP-4 a certificate with an extension twice": (
        "TSP-4",
        TOKEN.replace(b"\6\3\x55\x1d\x0e", b"\6\3\x55\x1d\x23"),
        DATA,
        [ROOT],
    ),
    "TSP-4 a signer whose name nobody can read": ("TSP-4", _unreadable_name(), DATA, [ROOT]),
    "TSP-4 cut off": ("TSP-4", TOKEN[:-1], DATA, [ROOT]),
    "TSP-4 huge": ("TSP-4", TOKEN + bytes(70_000), DATA, [ROOT]),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_by_its_row(name: str) -> None:
    attack, token, data, believed = ATTACKS[name]
    read = read_timestamp(token, data, believed)
    assert isinstance(read, Finding) and (read.attack, read.code) == (attack, "timestamp.invalid")


def test_tsp_4_an_answer_to_another_query() -> None:
    read = read_timestamp(TOKEN, DATA, [ROOT], QUERY.nonce ^ 1)
    assert isinstance(read, Finding) and read.attack == "TSP-4"


def test_a_certificate_that_is_left_out_is_no_signer() -> None:
    from rfc3161_client import TimestampRequestBuilder

    bare = TimestampRequestBuilder().data(DATA).cert_request(cert_request=False).build()
    read = read_timestamp(AUTHORITY.answer(bare.as_bytes(), AT), DATA, [ROOT])
    assert isinstance(read, Finding) and read.attack == "TSP-4"
