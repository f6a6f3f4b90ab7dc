"""PINT's JWS: what is signed is read by its signer's certificate, and everything else is refused by a finding."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from schemas.findings import Finding
from tests.ebl.cast import NOW, SEED, certificate_of, key, rsa_key, trusted
from tradebridge.ebl import seal as sealing
from tradebridge.ebl.seal import ES256, PS256, RsaKey, Trusted, open_sealed, peek, seal, thumbprint
from tradebridge.evidence.simulation import test_private_key, test_signer

PAYLOAD = {"responseCode": "RECE", "lastEnvelopeTransferChainEntrySignedContentChecksum": "0" * 64}
STRA = trusted("STRA")
DER = Encoding.DER
ES256_HEADER, PS256_HEADER, TWICE = b'{"alg":"ES256"}', b'{"alg":"PS256"}', b'{"alg":"ES256","alg":"none"}'
PSS = padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size)


def code_of(result: dict[str, Any] | Finding) -> str:
    assert isinstance(result, Finding), result
    return result.code


def with_header(header: dict[str, Any], payload: bytes = b'{"a":1}') -> str:
    """Signed by STRA, with this header."""
    signing_input = f"{encoded(json.dumps(header).encode())}.{encoded(payload)}"
    return f"{signing_input}.{encoded(key('STRA').sign(signing_input.encode()))}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize("by", [key("STRA"), rsa_key()], ids=["ES256", "PS256"])
def test_what_is_signed_is_read_again(by: Any) -> None:
    compact = seal(PAYLOAD, by)
    assert open_sealed(compact, trusted("STRA", by), NOW) == PAYLOAD
    assert json.loads(base64.urlsafe_b64decode(compact.split(".")[0] + "==")) == {"alg": by.algorithm}


def test_the_payload_is_written_in_its_canonical_form() -> None:
    payload = base64.urlsafe_b64decode(seal({"b": 1.0, "a": "é"}, key("STRA")).split(".")[1] + "==")
    assert payload == '{"a":"é","b":1}'.encode()


def test_the_same_key_and_content_give_the_same_bytes() -> None:
    assert seal(PAYLOAD, key("STRA")) == seal(PAYLOAD, key("STRA"))


def test_another_library_reads_and_writes_the_same() -> None:
    private = ECKey.import_key(test_private_key(SEED, "STRA"))
    assert json.loads(jws.deserialize_compact(seal(PAYLOAD, key("STRA")), private).payload) == PAYLOAD
    theirs = jws.serialize_compact({"alg": "ES256", "kid": "x", "typ": "JWT"}, json.dumps(PAYLOAD), private)
    assert open_sealed(theirs, STRA, NOW) == PAYLOAD
    ours = RSAKey.import_key(rsa_key().private_key)
    registry = jws.JWSRegistry(algorithms=["PS256"])
    assert json.loads(jws.deserialize_compact(seal(PAYLOAD, rsa_key()), ours, registry=registry).payload) == PAYLOAD
    theirs = jws.serialize_compact({"alg": "PS256"}, json.dumps(PAYLOAD), ours, registry=registry)
    assert open_sealed(theirs, trusted("STRA", rsa_key()), NOW) == PAYLOAD


@pytest.mark.parametrize("member", ["kid", "typ", "cty", "x5c", "jku", "x5t#S256", "anything"])
def test_other_header_members_are_tolerated_and_decide_nothing(member: str) -> None:
    assert open_sealed(with_header({"alg": "ES256", member: "x"}), STRA, NOW) == {"a": 1}


def test_a_key_that_the_message_brings_is_not_used() -> None:
    foreign = key("MEKO")
    brought = [base64.b64encode(foreign.certificate.public_bytes(DER)).decode()]
    signing_input = f"{encoded(json.dumps({'alg': 'ES256', 'x5c': brought}).encode())}.{encoded(b'{}')}"
    compact = f"{signing_input}.{encoded(foreign.sign(signing_input.encode()))}"
    assert code_of(open_sealed(compact, STRA, NOW)) == "pint.bad-signature"


@pytest.mark.parametrize(
    ("header", "code", "attack"),
    [
        ({"alg": "ES256", "crit": ["exp"], "exp": 1}, "pint.header", "JWS-7"),
        ({"alg": "ES256", "b64": False, "crit": ["b64"]}, "pint.header", "JWS-7"),
        ({"alg": "ES256", "b64": True}, "pint.header", "JWS-8"),
        ({"alg": "none"}, "pint.algorithm", "JWS-1"),
        ({"alg": "None"}, "pint.algorithm", "JWS-1"),
        ({"alg": "HS256"}, "pint.algorithm", "JWS-2"),
        ({"alg": "RS256"}, "pint.algorithm", "JWS-2"),
        ({"alg": "PS256"}, "pint.bad-signature", ""),
        ({"alg": 5}, "pint.header", ""),
        ({"alg": ["ES256"]}, "pint.header", ""),
        ({}, "pint.header", ""),
    ],
)
def test_a_header_that_changes_what_is_checked_is_refused(header: dict[str, Any], code: str, attack: str) -> None:
    found = open_sealed(with_header(header), STRA, NOW)
    assert code_of(found) == code
    assert isinstance(found, Finding) and found.attack == attack


def test_the_policy_decides_and_not_the_header() -> None:
    only_ps256 = replace(trusted("STRA", key("STRA"), rsa_key()), algorithms=frozenset({PS256}))
    assert code_of(open_sealed(seal(PAYLOAD, key("STRA")), only_ps256, NOW)) == "pint.algorithm"
    assert open_sealed(seal(PAYLOAD, rsa_key()), only_ps256, NOW) == PAYLOAD
    only_es256 = replace(only_ps256, algorithms=frozenset({ES256}))
    assert code_of(open_sealed(seal(PAYLOAD, rsa_key()), only_es256, NOW)) == "pint.algorithm"


def test_during_a_rotation_both_certificates_hold() -> None:
    old, new = key("STRA"), key("STRA", "next")
    both = trusted("STRA", old, new)
    assert [open_sealed(seal(PAYLOAD, each), both, NOW) for each in (old, new)] == [PAYLOAD, PAYLOAD]
    assert code_of(open_sealed(seal(PAYLOAD, old), trusted("STRA", new), NOW)) == "pint.bad-signature"


def test_a_renewed_certificate_of_the_same_key_holds_where_the_old_has_ended() -> None:
    begin, turn, end = NOW - timedelta(days=9), NOW - timedelta(days=1), NOW + timedelta(days=9)
    old = test_signer(SEED, "STRA", "document", begin, turn)
    new = test_signer(SEED, "STRA", "document", turn, end)
    assert open_sealed(seal(PAYLOAD, new), trusted("STRA", old, new), NOW) == PAYLOAD
    assert code_of(open_sealed(seal(PAYLOAD, old), trusted("STRA", old), NOW)) == "pint.expired-certificate"
    assert open_sealed(seal(PAYLOAD, old), trusted("STRA", old), begin) == PAYLOAD
    assert code_of(open_sealed(seal(PAYLOAD, new), trusted("STRA", new), begin)) == "pint.expired-certificate"


def test_a_revoked_certificate_holds_for_what_was_signed_before() -> None:
    since = NOW - timedelta(hours=1)
    revoked = replace(STRA, revoked={thumbprint(key("STRA").certificate): since})
    compact = seal(PAYLOAD, key("STRA"))
    assert code_of(open_sealed(compact, revoked, NOW)) == "pint.revoked-certificate"
    assert code_of(open_sealed(compact, revoked, since)) == "pint.revoked-certificate"
    assert code_of(open_sealed(compact, revoked, None)) == "pint.revoked-certificate"
    assert open_sealed(compact, revoked, since - timedelta(seconds=1)) == PAYLOAD


def test_where_no_time_is_known_the_certificate_is_enough() -> None:
    assert open_sealed(seal(PAYLOAD, key("STRA")), STRA, None) == PAYLOAD


def test_a_short_rsa_key_is_neither_used_nor_believed() -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505
    with pytest.raises(ValueError, match="too short"):
        RsaKey(short, certificate_of(short))
    signing_input = f"{encoded(PS256_HEADER)}.{encoded(b'{}')}"
    compact = f"{signing_input}.{encoded(short.sign(signing_input.encode(), PSS, SHA256()))}"
    assert code_of(open_sealed(compact, Trusted("STRA", (certificate_of(short),)), NOW)) == "pint.bad-signature"


def test_a_key_of_another_kind_does_not_sign() -> None:
    class Ed:
        algorithm = "EdDSA"
        certificate = key("STRA").certificate

        def sign(self, data: bytes) -> bytes:
            return data

    with pytest.raises(ValueError, match="ES256 or PS256"):
        seal(PAYLOAD, Ed())


def test_nobody_configured_is_an_unknown_signer() -> None:
    assert code_of(open_sealed(seal(PAYLOAD, key("STRA")), None, NOW)) == "pint.unknown-signer"


@pytest.mark.parametrize(
    "compact",
    [
        "",
        "a.b",
        "a.b.c.d",
        "..",
        "eyJhbGciOiJFUzI1NiJ9..x",
        "eyJhbGciOiJFUzI1NiJ9=.e30.x",
        "é.e30.x",
        "eyJhbGciOiJFUzI1NiJ9.e31.x",
        "x" * 4_000_001,
        f"{'e' * 20_000}.e30.x",
    ],
)
def test_what_is_no_compact_jws_is_refused(compact: str) -> None:
    assert code_of(open_sealed(compact, STRA, NOW)) == "pint.not-jws"
    assert code_of(peek(compact)) == "pint.not-jws"


@pytest.mark.parametrize("payload", [b"[]", b'"RECE"', b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b"\xff"])
def test_the_payload_is_one_strict_object(payload: bytes) -> None:
    assert code_of(open_sealed(with_header({"alg": "ES256"}, payload), STRA, NOW)) == "pint.not-jws"


def test_a_header_with_a_member_twice_is_refused() -> None:
    compact = f"{encoded(TWICE)}.{encoded(b'{}')}.{encoded(bytes(64))}"
    found = open_sealed(compact, STRA, NOW)
    assert code_of(found) == "pint.header" and isinstance(found, Finding) and found.attack == "JWS-6"


def test_the_zero_signature_is_refused() -> None:
    compact = f"{encoded(ES256_HEADER)}.{encoded(b'{}')}.{encoded(bytes(64))}"
    assert code_of(open_sealed(compact, STRA, NOW)) == "pint.bad-signature"


COMPACT = seal(PAYLOAD, key("STRA"))


@pytest.mark.fuzz
@given(st.integers(0, len(COMPACT) - 1), st.sampled_from("AZaz09-_.=é \n"))
def test_any_changed_character_is_refused(at: int, character: str) -> None:
    changed = COMPACT[:at] + character + COMPACT[at + 1 :]
    opened = open_sealed(changed, STRA, NOW)
    assert (opened == PAYLOAD) is (changed == COMPACT)
    assert isinstance(opened, Finding) or changed == COMPACT


def test_a_signature_is_checked_once_and_its_time_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered is the sum, of this certificate and these bytes; a revocation that comes later counts."""
    checked: list[bytes] = []

    def counted(*given: Any) -> bool:
        checked.append(given[2])
        return sealing._holds(*given)

    memory = lru_cache(maxsize=sealing.REMEMBERED)(counted)
    monkeypatch.setattr(sealing, "_remembered", memory)
    compact = seal(PAYLOAD | {"reason": "checked once"}, key("STRA"))
    for _ in range(3):
        assert isinstance(open_sealed(compact, STRA, NOW), dict)
    assert len(checked) == 1
    revoked = replace(STRA, revoked={thumbprint(key("STRA").certificate): NOW})
    assert code_of(open_sealed(compact, revoked, NOW)) == "pint.revoked-certificate"
    assert code_of(open_sealed(compact, trusted("MEKO"), NOW)) == "pint.bad-signature"
    changed = compact[:-8] + "AAAAAAAA"
    assert [code_of(open_sealed(changed, STRA, NOW)) for _ in range(2)] == ["pint.bad-signature"] * 2
    assert len(checked) == 3


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sealing._remembered.cache_parameters()["maxsize"] == sealing.REMEMBERED
    monkeypatch.setattr(sealing, "_remembered", None)
    large = seal({"reason": "x" * sealing.MOST_REMEMBERED}, key("STRA"))
    assert isinstance(open_sealed(large, STRA, NOW), dict)
