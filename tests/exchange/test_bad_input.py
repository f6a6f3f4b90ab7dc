"""What comes in wrong gets one precise answer, is kept for its sender to look at, and changes nothing else."""

import re
import time
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from schemas.content import MAX_BYTES, Syntax
from tests.exchange.cast import (
    NOW,
    SEED,
    TRANSPORT_DOCUMENT,
    Cast,
    certificate,
    document,
    encoded,
    refused_by,
    signed,
    signer,
)
from tradebridge.client import Refused
from tradebridge.evidence import jws, xades
from tradebridge.evidence.signer import LocalSigner
from tradebridge.evidence.simulation import test_api_key, test_signer

XML = certificate("SG-2026-05000")
JSON = encoded(document("SG-2026-05001"), Syntax.JSON)


def as_jws(payload: bytes) -> bytes:
    return jws.sign(payload, jws.DOCUMENT, signer("SG-NSW"), NOW).encode()


def deep_xml(levels: int) -> bytes:
    return b"<a>" * levels + b"</a>" * levels


def with_prologue(text: bytes) -> bytes:
    return text + XML.split(b"?>", 1)[-1]


def swapped_signature() -> bytes:
    """A valid signature, over another document."""
    other = certificate("SG-2026-05999", variant=5)
    signature = re.search(rb"<ds:Signature.*</ds:Signature>", other, re.S)
    own = re.search(rb"<ds:Signature.*</ds:Signature>", XML, re.S)
    assert signature is not None
    assert own is not None
    return XML.replace(own.group(), signature.group())


def expired() -> bytes:
    """Signed with a key of SG-NSW whose certificate has ended; see the fixture, which registers it."""
    return xades.sign(encoded(document("SG-2026-05002")), expired_signer(), NOW)


def expired_signer() -> LocalSigner:
    return test_signer(SEED, "SG-NSW", "ended", not_after=NOW - timedelta(days=1))


BAD: dict[str, tuple[Callable[[], bytes], str, str]] = {
    # what is wrong: the bytes, the code, the attack's id
    "nothing at all": (lambda: b"", "syntax.empty", ""),
    "neither XML nor JSON": (lambda: b"PK\x03\x04 a zip", "syntax.not-recognised", ""),
    "XML that ends early": (lambda: XML[:-20], "syntax.not-xml", ""),
    "JSON that ends early": (lambda: as_jws(JSON[:-1]), "syntax.not-json", ""),
    "a wrong root": (lambda: b"<Invoice/>", "profile.not-recognised", ""),
    "an unknown version": (
        lambda: as_jws(JSON.replace(b"atiga-form-d/2022", b"atiga-form-d/2099")),
        "profile.unknown",
        "",
    ),
    "11 MB": (lambda: b"<a>" + b"x" * 11_000_000 + b"</a>", "syntax.too-large", ""),
    "200 levels of XML": (lambda: deep_xml(200), "syntax.too-deep", "XML-3"),
    "50,000 attributes on one element": (
        lambda: b"<a " + b" ".join(b'a%d=""' % n for n in range(50_000)) + b"/>",
        "syntax.too-many-attributes",
        "XML-3",
    ),
    "50,000 attributes, each of a namespace": (
        lambda: (
            b"<a %s %s/>"
            % (
                b" ".join(b'xmlns:n%d="u:%d"' % (n, n) for n in range(50_000)),
                b" ".join(b'n%d:a=""' % n for n in range(50_000)),
            )
        ),
        "syntax.too-many-attributes",
        "XML-3",
    ),
    "200 levels of JSON": (lambda: as_jws(b'{"a":' * 200 + b"1" + b"}" * 200), "syntax.too-deep", "JSN-8"),
    "an internal entity": (
        lambda: with_prologue(b'<!DOCTYPE a [<!ENTITY x "y">]>'),
        "syntax.doctype",
        "XML-1",
    ),
    "an external entity": (
        lambda: with_prologue(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'),
        "syntax.doctype",
        "XML-1",
    ),
    "a bomb of entities": (
        lambda: with_prologue(b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'),
        "syntax.doctype",
        "XML-1",
    ),
    "UTF-16": (lambda: "<a/>".encode("utf-16"), "syntax.encoding", "XML-11"),
    "another declared encoding": (lambda: b'<?xml version="1.0" encoding="latin-1"?><a/>', "syntax.encoding", "XML-11"),
    "bytes that are not UTF-8": (lambda: XML.replace(b"SG-2026", b"SG-20\xff6"), "syntax.encoding", ""),
    "a comment in a value": (lambda: XML.replace(b"SG-2026", b"SG-<!-- -->2026", 1), "syntax.xml-extras", "XML-4"),
    "duplicate members": (lambda: as_jws(JSON[:-1] + b',"number":"SG-2"}'), "syntax.duplicate-member", "JSN-1"),
    "no signature": (lambda: encoded(document("SG-2026-05003")), "signature.missing", ""),
    "a signature over another document": (swapped_signature, "signature.wrong-content", ""),
    "a changed word": (lambda: XML.replace(b"SG-2026-05000", b"SG-2026-05009"), "signature.wrong-content", ""),
    "a key that nobody knows": (
        lambda: xades.sign(encoded(document("SG-2026-05004")), test_signer("other", "SG-NSW"), NOW),
        "signature.unknown-key",
        "",
    ),
    "a key trusted for another issuer": (
        lambda: signed(document("SG-2026-05005"), "TH-NSW"),
        "signature.unknown-issuer",
        "KEY-1",
    ),
    "a key for another purpose": (
        lambda: xades.sign(encoded(document("SG-2026-05006")), signer("SG-NSW", "ack"), NOW),
        "signature.wrong-purpose",
        "",
    ),
    "an expired certificate": (expired, "signature.expired-certificate", "X5-7"),
    "a signing time six minutes ahead": (
        lambda: signed(document("SG-2026-05007"), at=NOW + timedelta(minutes=6)),
        "signature.time-ahead",
        "KEY-10",
    ),
    "a token of another type": (
        lambda: jws.sign(JSON, jws.EVENT, signer("SG-NSW"), NOW).encode(),
        "signature.wrong-type",
        "JWS-21",
    ),
}


@pytest.fixture(scope="module")
def ready(sqlite_cast: Cast) -> Cast:
    from cryptography.hazmat.primitives.serialization import Encoding

    ended = expired_signer().certificate.public_bytes(Encoding.PEM).decode()
    sqlite_cast.operator.add_key("SG-NSW", ended, ["document"])
    _until_logged(sqlite_cast)
    return sqlite_cast


def _until_logged(cast: Cast) -> None:
    """What the joining of members and keys left to log is in the log: it grows no more by itself."""
    end = time.monotonic() + 10
    seen, since = cast.operator.checkpoint(), time.monotonic()
    while time.monotonic() < since + 0.5:
        assert time.monotonic() < end, "the log goes on growing"
        time.sleep(0.05)
        if (now := cast.operator.checkpoint()) != seen:
            seen, since = now, time.monotonic()


@pytest.mark.parametrize("wrong", BAD)
def test_bad_input_gets_one_precise_answer_and_changes_nothing(ready: Cast, wrong: str) -> None:
    make, code, attack = BAD[wrong]
    before = (len(ready["TH-NSW"].documents(limit=500).items), ready.operator.checkpoint())
    with pytest.raises(Refused) as refused:
        ready["SG-NSW"].submit(make(), ["TH-NSW"])
    found = {each.code: each for each in refused.value.findings}
    assert code in found, [each.to_json() for each in refused.value.findings]
    if attack:
        assert found[code].attack == attack
    assert found[code].message
    assert found[code].fix
    assert refused.value.problem["type"] == f"/v1/rules/{refused.value.code}"
    assert "Traceback" not in str(refused.value.problem)
    kept = ready["SG-NSW"].refusal(refused.value.refusal or "")
    assert code in {each["code"] for each in kept["errors"]}
    assert (len(ready["TH-NSW"].documents(limit=500).items), ready.operator.checkpoint()) == before
    assert ready["SG-NSW"].livez().ok


def test_an_unknown_member_of_a_closed_profile_is_named(ready: Cast) -> None:
    data = as_jws(JSON[:-1] + b',"surprise":1}')
    refused = refused_by(ready["SG-NSW"].submit, data, ["TH-NSW"])
    assert "/surprise" in {found.pointer for found in refused.findings}


def test_a_wrong_profile_or_recipient_is_named(ready: Cast) -> None:
    data = certificate("SG-2026-05010")
    for options, code in (
        ({"profile": "atiga-form-d/1999"}, "profile.unknown"),
        ({"profile": TRANSPORT_DOCUMENT}, "profile.mismatch"),
    ):
        refused = refused_by(ready["SG-NSW"].submit, data, ["TH-NSW"], **options)
        assert refused.code == code
    for to, code in (
        (["NOBODY"], "route.unknown-recipient"),
        (["CARRIER-SIM"], "route.profile-not-accepted"),
        (["SG-NSW"], "route.to-itself"),
        (["TH-NSW", "TH-NSW"], "route.twice"),
        ([], "route.no-recipient"),
        (["../../etc"], "route.unknown-recipient"),
    ):
        refused = refused_by(ready["SG-NSW"].submit, data, to)
        assert refused.code == code


def test_a_body_too_large_is_refused_before_it_is_read(ready: Cast) -> None:
    headers = {"Authorization": f"Bearer {test_api_key(SEED, 'SG-NSW')}", "Tradebridge-To": "TH-NSW"}

    def endless() -> object:
        for _ in range(400):
            yield b"x" * 65_536

    stated = httpx.post(f"{ready.url}/v1/documents", headers=headers, content=b"x" * (MAX_BYTES * 4 // 3 + 20_000))
    assert (stated.status_code, stated.json()["code"]) == (413, "syntax.too-large")
    try:
        streamed = httpx.post(f"{ready.url}/v1/documents", headers=headers, content=endless())  # type: ignore[arg-type]
    except httpx.WriteError:
        return  # the hub answered and closed while we were still writing
    assert (streamed.status_code, streamed.json()["code"]) == (413, "syntax.too-large")


@pytest.mark.parametrize("key", ["", "x" * 256, "a b"])
def test_a_useless_idempotency_key_is_refused(ready: Cast, key: str) -> None:
    headers = {"Authorization": f"Bearer {test_api_key(SEED, 'SG-NSW')}", "Idempotency-Key": key}
    answer = httpx.post(f"{ready.url}/v1/documents", headers=headers, content=XML)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.idempotency-malformed")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", "/v1/documents", 405),
        ("GET", "/v1/documents?limit=0", 400),
        ("GET", "/v1/documents?limit=x", 400),
        ("GET", "/v1/documents?cursor=%00", 400),
        ("GET", "/v1/documents/doc_%00", 404),
        ("GET", "/v1/documents/..%2f..%2fetc", 404),
        ("GET", "/v1/inbox?wait=soon", 400),
        ("POST", "/v1/inbox:ack", 422),
        ("GET", "/v1/feed?after=x", 400),
        ("GET", "/v1/log/consistency?from=-1&to=2", 400),
        ("GET", "/s/%2e%2e/v1/documents", 404),
        ("GET", "/s/NoSuchSpace/v1/documents", 404),
    ],
)
def test_every_error_is_a_problem_with_a_code_of_the_catalogue(
    ready: Cast, method: str, path: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {test_api_key(SEED, 'SG-NSW')}"}
    answer = httpx.request(method, ready.url + path, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    code = answer.json()["code"]
    assert httpx.get(f"{ready.url}/v1/rules/{code}").status_code == 200


def test_refusals_are_bounded_for_each_member(ready: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.refused.KEPT", 5)
    for number in range(9):
        with pytest.raises(Refused):
            ready["VN-NSW"].submit(b"<rubbish n='%d'/>" % number, ["TH-NSW"])
    assert len(ready["VN-NSW"].refusals().items) == 5
