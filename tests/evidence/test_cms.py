"""CMS signatures: made, read strictly, believed by openssl; and what is refused."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from tests.evidence.world import AT, HUB, SEED, SG, TRUST, ed25519_signer_of, signer_of
from tradebridge.evidence import cms
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.simulation import test_authority
from tradebridge.evidence.trust import Verified

CONTENT = b"<ASiCManifest/>\n"
SIGNATURE = cms.sign_detached(CONTENT, HUB, AT)


def verify(signature: bytes, content: bytes = CONTENT) -> Verified | Finding:
    return cms.verify_detached(signature, content, "bundle", TRUST, AT)


def test_a_signature_is_made_and_read() -> None:
    read = verify(SIGNATURE)
    assert isinstance(read, Verified)
    assert (read.member, read.signed_at, read.payload) == ("HUB", AT, CONTENT)
    assert cms.sign_detached(CONTENT, HUB, AT) == SIGNATURE


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("content", [CONTENT, CONTENT + b"x"])
def test_openssl_says_the_same(tmp_path: Path, content: bytes) -> None:
    for name, data in (("signature", SIGNATURE), ("content", content)):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "root").write_bytes(test_authority(SEED).certificate.public_bytes(Encoding.PEM))
    run = "openssl cms -verify -cades -binary -inform DER -in signature -content content -CAfile root -purpose any"
    done = subprocess.run(
        [*run.split(), "-attime", str(int(AT.timestamp())), "-out", "/dev/null"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (done.returncode == 0) == (content == CONTENT), done.stderr
    assert isinstance(verify(SIGNATURE, content), Verified) == (content == CONTENT)


@given(st.integers(0, len(SIGNATURE) - 1), st.integers(1, 255))
def test_no_changed_byte_is_believed(at: int, change: int) -> None:
    changed = bytearray(SIGNATURE)
    changed[at] ^= change
    read = verify(bytes(changed))
    assert isinstance(read, Finding)


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(verify(data), Finding)


def _rebuilt(change: Callable[[Any], Any]) -> bytes:
    return asn1.encode_der(change(asn1.decode_der(cms.SignedMessage, SIGNATURE)))


def _in_data(**changes: Any) -> bytes:
    return _rebuilt(lambda message: _copy(message, content=_copy(message.content, **changes)))


def _copy(value: Any, **changes: Any) -> Any:
    fields = {name: getattr(value, name) for name in type(value).__annotations__}
    return type(value)(**(fields | changes))


MESSAGE = asn1.decode_der(cms.SignedMessage, SIGNATURE)
OTHER = asn1.decode_der(asn1.TLV, signer_of("SG-NSW").certificate.public_bytes(Encoding.DER))
INFO = MESSAGE.content.signers.as_list()[0]
CERTIFICATES = [] if MESSAGE.content.certificates is None else MESSAGE.content.certificates.as_list()
SHA1 = cms.AlgorithmIdentifier(oid=x509.ObjectIdentifier("1.3.14.3.2.26"))


ATTACKS = {
    "over other content": ("signature.wrong-content", SIGNATURE, b"other"),
    "a key that is not on the list": (
        "signature.unknown-key",
        cms.sign_detached(CONTENT, signer_of("HUB", "evil"), AT),
        CONTENT,
    ),
    "a key for something else": ("signature.wrong-purpose", cms.sign_detached(CONTENT, SG, AT), CONTENT),
    "another certificate in its place (KEY-7)": (
        "signature.wrong-purpose",
        _in_data(certificates=asn1.SetOf([OTHER])),
        CONTENT,
    ),
    "two certificates": (
        "signature.shape",
        _in_data(certificates=asn1.SetOf([*CERTIFICATES, OTHER])),
        CONTENT,
    ),
    "no certificate": ("signature.shape", _in_data(certificates=None), CONTENT),
    "two signers": ("signature.shape", _in_data(signers=asn1.SetOf([INFO, INFO])), CONTENT),
    "no signer": ("signature.shape", _in_data(signers=asn1.SetOf([])), CONTENT),
    "SHA-1 (KEY-4)": ("signature.algorithm", _in_data(digest_algorithms=asn1.SetOf([SHA1])), CONTENT),
    "no attributes": (
        "signature.shape",
        _in_data(signers=asn1.SetOf([_copy(INFO, signed=asn1.SetOf([]))])),
        CONTENT,
    ),
    "an attribute less": (
        "signature.shape",
        _in_data(signers=asn1.SetOf([_copy(INFO, signed=asn1.SetOf(INFO.signed.as_list()[1:]))])),
        CONTENT,
    ),
    "an attribute twice": (
        "signature.shape",
        _in_data(signers=asn1.SetOf([_copy(INFO, signed=asn1.SetOf(INFO.signed.as_list() * 2))])),
        CONTENT,
    ),
    "no signature": ("signature.invalid", _in_data(signers=asn1.SetOf([_copy(INFO, signature=b"")])), CONTENT),
    "zero (JWS-18)": (
        "signature.invalid",
        _in_data(signers=asn1.SetOf([_copy(INFO, signature=bytes.fromhex("3006020100020100"))])),
        CONTENT,
    ),
    "content inside": (
        "signature.shape",
        _in_data(content=_copy(MESSAGE.content.content, content=CONTENT)),
        CONTENT,
    ),
    "something after": ("signature.shape", SIGNATURE + b"\0", CONTENT),
    "huge": ("signature.too-large", SIGNATURE + bytes(40_000), CONTENT),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_for_its_reason(name: str) -> None:
    code, signature, content = ATTACKS[name]
    read = verify(signature, content)
    assert isinstance(read, Finding) and read.code == code


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (AT + timedelta(minutes=6), "signature.time-ahead"),
        (AT.replace(year=2019), "signature.not-yet-valid"),
    ],
)
def test_the_time_is_judged_by_the_key(at: Any, code: str) -> None:
    read = cms.verify_detached(cms.sign_detached(CONTENT, HUB, at), CONTENT, "bundle", TRUST, AT)
    assert isinstance(read, Finding) and read.code == code


def test_a_withdrawn_key_is_not_believed() -> None:
    hub = replace(TRUST.hub, keys=tuple(replace(key, withdrawn=AT) for key in TRUST.hub.keys))
    read = cms.verify_detached(SIGNATURE, CONTENT, "bundle", replace(TRUST, hub=hub), AT)
    assert isinstance(read, Finding) and read.code == "signature.withdrawn-key"


def test_only_p_256_signs() -> None:
    with pytest.raises(ValueError, match="P-256"):
        cms.sign_detached(CONTENT, ed25519_signer_of("HUB"), AT)
