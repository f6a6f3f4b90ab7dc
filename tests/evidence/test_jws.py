"""Statements signed as JWS: the one form that is taken, and what each attack of the catalogue's section 4 gets."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey

from schemas.content import Content, from_base64url, open_content
from schemas.findings import Finding
from tests.evidence.world import AT, EVENTS_ONLY, EXPIRED, FUTURE, HUB, JP, SG, STRANGER, TH, TRUST
from tradebridge.evidence import jws, seal
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.trust import Verified

PAYLOAD = b'{"number":"SG-2026-00041"}'
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _header(signer: LocalSigner = SG, **changes: Any) -> dict[str, Any]:
    header: dict[str, Any] = {"alg": signer.algorithm, "typ": jws.DOCUMENT, "kid": signer.kid}
    header["iat"] = int(AT.timestamp())
    return header | changes


def _token(header: dict[str, Any] | bytes, payload: bytes = PAYLOAD, signer: LocalSigner = SG) -> str:
    """A token with whatever header, correctly signed over it: only our rules can refuse it."""
    raw = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    signing_input = f"{_b64(raw)}.{_b64(payload)}"
    return f"{signing_input}.{_b64(signer.sign(signing_input.encode()))}"


def _verify(token: str | bytes) -> Verified | Finding:
    return jws.verify(token, jws.DOCUMENT, "document", TRUST, AT)


@pytest.mark.parametrize("signer", [SG, JP], ids=["ES256", "EdDSA"])
def test_what_is_signed_is_verified(signer: LocalSigner) -> None:
    verified = _verify(jws.sign(PAYLOAD, jws.DOCUMENT, signer, AT))
    assert isinstance(verified, Verified)
    assert (verified.member, verified.kid, verified.signed_at) == (signer.member, signer.kid, AT)
    assert verified.payload == PAYLOAD
    assert verified.key is TRUST.key(signer.kid)


def test_the_header_has_exactly_four_members() -> None:
    header = jws.sign(PAYLOAD, jws.DOCUMENT, SG, AT).split(".")[0]
    assert json.loads(from_base64url(header.encode()) or b"") == _header()


def test_joserfc_verifies_what_we_sign() -> None:
    key = ECKey.import_key(SG.certificate.public_key())  # type: ignore[arg-type]  # it is an EC key
    registry = joserfc_jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
    token = joserfc_jws.deserialize_compact(jws.sign(PAYLOAD, jws.DOCUMENT, SG, AT), key, registry=registry)
    assert token.payload == PAYLOAD


def test_the_members_of_the_header_may_stand_in_any_order() -> None:
    assert isinstance(_verify(_token(dict(reversed(_header().items())))), Verified)


def test_a_document_is_verified_from_what_was_opened() -> None:
    token = jws.sign(PAYLOAD, jws.DOCUMENT, SG, AT).encode()
    content = open_content(token)
    assert isinstance(content, Content)
    assert jws.verify_content(content, TRUST, AT) == _verify(token)
    assert seal.verify_seal(content, TRUST, AT) == _verify(token)


def test_a_document_without_seal_has_none() -> None:
    content = open_content(PAYLOAD)
    assert isinstance(content, Content)
    assert seal.verify_seal(content, TRUST, AT) is None
    with pytest.raises(TypeError):
        jws.verify_content(content, TRUST, AT)


@given(st.binary(max_size=300))
def test_any_payload_comes_back(payload: bytes) -> None:
    verified = _verify(jws.sign(payload or b"0", jws.DOCUMENT, SG, AT))
    assert isinstance(verified, Verified)
    assert verified.payload == (payload or b"0")


@pytest.mark.fuzz
@given(st.data())
def test_no_token_with_a_changed_character_verifies(data: st.DataObject) -> None:
    token = bytearray(jws.sign(PAYLOAD, jws.DOCUMENT, SG, AT).encode())
    at = data.draw(st.integers(0, len(token) - 1))
    token[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != token[at]))
    found = _verify(bytes(token))
    assert isinstance(found, Finding)
    assert found.code.startswith("signature.")


@pytest.mark.fuzz
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_nothing_makes_the_verifier_raise(token: bytes | str) -> None:
    assert isinstance(_verify(token), Finding)


# --- What is refused -------------------------------------------------------------------------------------------------

Vector = Callable[[], str]
VECTORS: dict[str, tuple[str, str, Vector]] = {}
"""Name of the vector -> attack, code of the finding, token."""


def vector(attack: str, code: str) -> Callable[[Vector], Vector]:
    def add(make: Vector) -> Vector:
        VECTORS[make.__name__] = (attack, code, make)
        return make

    return add


@vector("JWS-1", "signature.algorithm")
def alg_none() -> str:
    return ".".join(_token(_header(alg="none")).split(".")[:2]) + "." + _b64(bytes(64))


@vector("JWS-1", "signature.algorithm")
def alg_none_in_odd_letters() -> str:
    return _token(_header(alg="nOnE"))


@vector("JWS-1", "signature.algorithm")
def alg_none_with_an_empty_signature() -> str:
    return ".".join(_token(_header(alg="none")).split(".")[:2]) + "."


@vector("JWS-2", "signature.algorithm")
def hmac_with_the_public_key_as_secret() -> str:
    secret = SG.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signing_input = _token(_header(alg="HS256")).rpartition(".")[0]
    return f"{signing_input}.{_b64(hmac.digest(secret, signing_input.encode(), 'sha256'))}"


@vector("JWS-2", "signature.algorithm")
def the_algorithm_of_another_kind_of_key() -> str:
    return _token(_header(alg="EdDSA"))


@vector("JWS-2", "signature.algorithm")
def an_algorithm_that_a_fallback_list_would_take() -> str:
    """JWS-3: an empty list of algorithms means HS256, RS256 and ES256 to joserfc. Ours is literal and by key."""
    return _token(_header(alg="RS256"))


@vector("JWS-4", "signature.shape")
def algorithm_in_an_unprotected_header() -> str:
    return json.dumps({"payload": _b64(PAYLOAD), "header": {"alg": "ES256"}, "signature": "AA"})


@vector("JWS-5", "signature.shape")
def protected_and_unprotected_header() -> str:
    return json.dumps({"payload": "", "protected": "e30", "header": {"alg": "ES256"}, "signature": "AA"})


@vector("JWS-6", "signature.header")
def a_header_member_twice() -> str:
    return _token(json.dumps(_header())[:-1].encode() + b',"kid":"' + TH.kid.encode() + b'"}')


@vector("JWS-7", "signature.header")
def crit_unknown() -> str:
    return _token(_header(crit=["exp"], exp=1))


@vector("JWS-7", "signature.header")
def crit_empty() -> str:
    return _token(_header(crit=[]))


@vector("JWS-7", "signature.header")
def crit_with_a_known_name() -> str:
    return _token(_header(crit=["alg"]))


@vector("JWS-8", "signature.header")
def unencoded_payload() -> str:
    return _token(_header(b64=False, crit=["b64"]))


@vector("JWS-9", "signature.header")
def embedded_key() -> str:
    return _token(_header(STRANGER, jwk={"kty": "EC"}), signer=STRANGER)


@vector("JWS-10", "signature.header")
def address_of_a_key_set() -> str:
    return _token(_header(jku="http://127.0.0.1/keys"))


@vector("JWS-10", "signature.header")
def address_of_a_certificate() -> str:
    return _token(_header(x5u="http://127.0.0.1/certificate"))


@vector("JWS-11", "signature.unknown-key")
def unknown_kid() -> str:
    return _token(_header(STRANGER), signer=STRANGER)


@vector("JWS-11", "signature.unknown-key")
def kid_like_a_path() -> str:
    return _token(_header(kid="../../keys/" + SG.kid))


@vector("", "signature.header")
def kid_missing() -> str:
    header = _header()
    del header["kid"]
    return _token(header)


@vector("JWS-12", "signature.header")
def certificate_of_another_key() -> str:
    return _token(_header(x5c=["AA"]))


@vector("JWS-13", "signature.shape")
def signature_and_signatures() -> str:
    return json.dumps({"payload": "", "protected": "e30", "signature": "AA", "signatures": []})


@vector("JWS-14", "signature.shape")
def no_signatures() -> str:
    return json.dumps({"payload": "", "signatures": []})


@vector("JWS-15", "signature.shape")
def detached_payload() -> str:
    header, _, signature = _token(_header()).split(".")
    return f"{header}..{signature}"


@vector("JWS-16", "signature.shape")
def five_parts_as_of_jwe() -> str:
    return _token(_header()) + ".AA.AA"


@vector("JWS-16", "signature.header")
def compressed() -> str:
    return _token(_header(zip="DEF"))


@vector("JWS-16", "signature.header")
def nested_token() -> str:
    return _token(_header(cty="JWT"), payload=_token(_header()).encode())


@vector("JWS-17", "signature.too-large")
def huge_header() -> str:
    return _token(_header(typ="x" * 600))


@vector("JWS-17", "signature.too-large")
def huge_token() -> str:
    return "A" * (jws.MAX_TOKEN + 1)


@vector("JWS-18", "signature.invalid")
def r_and_s_zero() -> str:
    return _token(_header()).rpartition(".")[0] + "." + _b64(bytes(64))


@vector("JWS-18", "signature.invalid")
def empty_signature() -> str:
    return _token(_header()).rpartition(".")[0] + "."


@vector("JWS-18", "signature.invalid")
def signature_in_der() -> str:
    signing_input = _token(_header()).rpartition(".")[0]
    der = SG.private_key.sign(signing_input.encode(), SG._ecdsa)  # type: ignore[call-arg]  # it is an EC key
    return f"{signing_input}.{_b64(der)}"


@vector("JWS-20", "signature.encoding")
def padded_base64url() -> str:
    return _token(_header()) + "=="


@vector("JWS-20", "signature.encoding")
def loose_bits_in_the_last_character() -> str:
    token = _token(_header())
    return token[:-1] + chr(ord(token[-1]) + 1)  # 86 characters hold 512 bits and 4 loose ones, which are zero


@vector("JWS-20", "signature.encoding")
def line_break_inside() -> str:
    token = _token(_header())
    return token[:-40] + "\n" + token[-40:]


@vector("JWS-20", "signature.encoding")
def the_other_alphabet() -> str:
    return _token(_header(), payload=b"\xff\xfe\xfd").replace("__79", "//79")


@vector("JWS-21", "signature.wrong-type")
def a_statement_of_another_type() -> str:
    return jws.sign(PAYLOAD, jws.EVENT, SG, AT)


@vector("JWS-21", "signature.wrong-type")
def a_type_that_only_begins_the_same() -> str:
    return _token(_header(typ=jws.DOCUMENT + "+x"))


@vector("JWS-21", "signature.wrong-purpose")
def a_key_for_other_purposes() -> str:
    return _token(_header(EVENTS_ONLY), signer=EVENTS_ONLY)


@vector("JWS-21", "signature.wrong-purpose")
def the_hub_in_place_of_an_issuer() -> str:
    return _token(_header(HUB), signer=HUB)


@vector("", "signature.invalid")
def another_payload_under_the_signature() -> str:
    header, _, signature = _token(_header()).split(".")
    return f"{header}.{_b64(b'{}')}.{signature}"


@vector("", "signature.invalid")
def the_name_of_another_member() -> str:
    return _token(_header(TH), signer=SG)


@vector("JSN-2", "signature.header")
def a_time_that_is_no_number() -> str:
    return _token(json.dumps(_header()).replace(str(int(AT.timestamp())), "NaN").encode())


@vector("", "signature.header")
def a_time_that_is_a_boolean() -> str:
    return _token(_header(iat=True))


@vector("", "signature.header")
def a_time_beyond_the_calendar() -> str:
    return _token(_header(iat=10**15))


@vector("", "signature.header")
def a_header_that_is_no_object() -> str:
    return _token(b"[]")


@vector("KEY-10", "signature.time-ahead")
def signed_six_minutes_ahead() -> str:
    return jws.sign(PAYLOAD, jws.DOCUMENT, SG, AT + timedelta(minutes=6))


@vector("X5-7", "signature.expired-certificate")
def signed_by_an_expired_key() -> str:
    return jws.sign(PAYLOAD, jws.DOCUMENT, EXPIRED, AT)


@vector("X5-7", "signature.expired-certificate")
def backdated_by_an_expired_key() -> str:
    return jws.sign(PAYLOAD, jws.DOCUMENT, EXPIRED, AT - timedelta(days=365))


@vector("X5-7", "signature.not-yet-valid")
def signed_by_a_key_of_next_month() -> str:
    return jws.sign(PAYLOAD, jws.DOCUMENT, FUTURE, AT)


@pytest.mark.parametrize("name", VECTORS)
def test_each_attack_is_refused_with_its_id(name: str) -> None:
    attack, code, make = VECTORS[name]
    found = _verify(make())
    assert isinstance(found, Finding)
    assert (found.code, found.attack) == (code, attack)
    assert found.fix


@pytest.mark.parametrize("name", [name for name, (attack, *_) in VECTORS.items() if attack not in ("JWS-17",)])
def test_a_document_is_refused_alike_once_it_is_opened(name: str) -> None:
    """What the reader of documents lets through, the verifier of documents refuses."""
    content = open_content(VECTORS[name][2]().encode())
    if isinstance(content, Content):
        assert not isinstance(seal.verify_seal(content, TRUST, AT), Verified)


def test_a_malleable_signature_changes_no_identity() -> None:
    """JWS-19: n - s verifies as s does, so nothing may go by the token or its hash; payload and digest are the same."""
    token = jws.sign(PAYLOAD, jws.DOCUMENT, SG, AT)
    signing_input, _, signature = token.rpartition(".")
    raw = from_base64url(signature.encode()) or b""
    twin = raw[:32] + (P256_ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    other = f"{signing_input}.{_b64(twin)}"
    assert _verify(other) == _verify(token)
    one, two = open_content(token.encode()), open_content(other.encode())
    assert isinstance(one, Content)
    assert isinstance(two, Content)
    assert one.bytes_digest != two.bytes_digest
    assert one.content_digest == two.content_digest == hashlib.sha256(PAYLOAD).hexdigest()


def test_judged_by_its_own_time_where_nothing_else_is_known() -> None:
    token = jws.sign(PAYLOAD, jws.DOCUMENT, EXPIRED, AT - timedelta(days=365))
    assert isinstance(jws.verify(token, jws.DOCUMENT, "document", TRUST, None), Verified)
