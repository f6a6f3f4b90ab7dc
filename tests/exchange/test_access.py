"""Who may do what, and what is never shown to whom."""

import hashlib
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import create_engine, text

from schemas.event import EventType
from tests.exchange.cast import (
    NOW,
    SEED,
    Cast,
    acknowledged,
    certificate,
    description,
    document,
    encoded,
    event,
    refused_by,
    signer,
)
from tests.exchange.running import hub_in_thread
from tradebridge.client import Hub
from tradebridge.evidence import xades
from tradebridge.evidence.simulation import test_api_key
from tradebridge.evidence.times import rfc3339


def test_without_a_key_or_with_a_wrong_one_nothing_is_told(sqlite_cast: Cast) -> None:
    for headers, code in (
        ({}, "access.key-missing"),
        ({"Authorization": "Basic abc"}, "access.key-missing"),
        ({"Authorization": "Bearer tb_live_wrong"}, "access.key-unknown"),
    ):
        for method, path in (
            ("GET", "/v1/documents"),
            ("POST", "/v1/documents"),
            ("GET", "/v1/inbox"),
            ("GET", "/v1/feed"),
        ):
            answer = httpx.request(method, sqlite_cast.url + path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, code)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"


def test_a_wrong_key_is_counted_and_nowhere_written(sqlite_cast: Cast) -> None:
    def counted() -> float:
        lines = httpx.get(f"{sqlite_cast.url}/metrics").text.splitlines()
        name = 'tradebridge_unknown_keys_total{space="default"} '
        return float(next(line for line in lines if line.startswith(name)).removeprefix(name))

    before = counted()
    for _ in range(3):
        httpx.get(f"{sqlite_cast.url}/v1/inbox", headers={"Authorization": "Bearer tb_live_guessed"})
    httpx.get(f"{sqlite_cast.url}/v1/inbox")  # none at all is no guess
    assert counted() - before == 3
    assert "guessed" not in httpx.get(f"{sqlite_cast.url}/metrics").text


def test_judging_keeps_nothing_however_large(sqlite_cast: Cast) -> None:
    kept = sqlite_cast["VN-NSW"].refusals().items
    refused = refused_by(sqlite_cast["VN-NSW"].validate, b"<" + b"x" * 14_000_000)
    assert (refused.status, refused.code, refused.refusal) == (413, "syntax.too-large", "")
    assert sqlite_cast["VN-NSW"].refusals().items == kept


def test_a_member_sees_only_what_it_sent_or_received(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-03001"), ["TH-NSW"])
    for path in ("", "/summary", "/checks", "/timeline", "/evidence"):
        address = f"{cast.url}/v1/documents/{accepted.id}{path}"
        for member, status in (("SG-NSW", 200), ("TH-NSW", 200), ("OPERATOR", 200), ("VN-NSW", 404), ("JP-JCCI", 404)):
            headers = {"Authorization": f"Bearer {test_api_key(SEED, member)}"}
            assert httpx.get(address, headers=headers).status_code == status, (path, member)
    assert accepted.id not in {item["id"] for item in cast["VN-NSW"].documents().items}
    assert accepted.id in {item["id"] for item in cast["TH-NSW"].documents().items}
    said = event(EventType.ACCEPTED, accepted.id, accepted.content_digest, "VN-NSW", recipient="VN-NSW")
    assert refused_by(cast["VN-NSW"].send_event, accepted.id, said).status == 404


def test_a_refusal_is_shown_to_its_sender_only(sqlite_cast: Cast) -> None:
    refused = refused_by(sqlite_cast["SG-NSW"].submit, b"<rubbish/>", ["TH-NSW"])
    assert refused.refusal is not None
    assert sqlite_cast["SG-NSW"].refusal(refused.refusal)["errors"]
    assert refused_by(sqlite_cast["TH-NSW"].refusal, refused.refusal).status == 404


def test_what_the_operator_may_a_member_may_not(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    for call in (
        lambda: cast["SG-NSW"].add_member(description("MM-NSW")),
        lambda: cast["SG-NSW"].suspend("TH-NSW"),
        lambda: cast["SG-NSW"].resume("TH-NSW"),
        lambda: cast["SG-NSW"].rotate_key("TH-NSW"),
        lambda: cast["SG-NSW"].add_key("SG-NSW", "", ["document"]),
        lambda: cast["SG-NSW"].resend("dlv_0"),
    ):
        refused = refused_by(call)
        assert (refused.status, refused.code) == (403, "access.scope")
    operator = refused_by(cast.operator.submit, certificate("SG-2026-03002"), ["TH-NSW"])
    assert operator.code == "route.may-not-send"
    assert refused_by(cast.operator.inbox).code == "access.scope"


def test_a_rotated_key_overlaps_and_then_ends(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        fresh = cast["SG-NSW"].rotate_key("SG-NSW", overlap=60)
        assert Hub(cast.url, fresh).documents().items == ()
        assert cast["SG-NSW"].documents().items == ()  # the old one still holds
        newest = Hub(cast.url, fresh).rotate_key("SG-NSW", overlap=0)
        assert Hub(cast.url, newest).documents().items == ()
        for old in (cast["SG-NSW"], Hub(cast.url, fresh)):
            assert refused_by(old.documents).code == "access.key-unknown"


def test_only_the_digest_of_a_key_is_kept(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        fresh = cast["SG-NSW"].rotate_key("SG-NSW")
    engine = create_engine(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    with engine.connect() as connection:
        hashes = set(connection.execute(text("select hash from api_keys")).scalars())
    assert hashlib.sha256(fresh.encode()).hexdigest() in hashes
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert fresh.encode() not in file.read_bytes()


def test_a_suspended_member_neither_sends_nor_receives_and_is_told_why(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        cast["SG-NSW"].submit(certificate("SG-2026-03003"), ["TH-NSW"])
        cast.operator.suspend("TH-NSW", reason="key compromised")
        refused = refused_by(cast["TH-NSW"].inbox)
        assert (refused.status, refused.code, refused.findings[0].found) == (403, "access.suspended", "key compromised")
        unable = refused_by(cast["SG-NSW"].submit, certificate("SG-2026-03004"), ["TH-NSW"])
        assert unable.code == "route.suspended-recipient"
        cast.operator.resume("TH-NSW")
        assert len(cast["TH-NSW"].inbox()) == 1


def test_a_member_is_added_with_all_that_is_wrong_said_at_once(sqlite_cast: Cast) -> None:
    bad = description("XX-NSW", id="no spaces", country="Thailand", kind="shop", roles=[], sends=["atiga-form-d/1999"])
    bad |= {"delivery": {"mode": "push", "url": "ftp://x"}, "style": "carrier-pigeon", "surprise": 1}
    refused = refused_by(sqlite_cast.operator.add_member, bad)
    pointers = {found.pointer for found in refused.findings}
    assert {"/id", "/country", "/kind", "/roles", "/sends/0", "/delivery/url", "/style", "/surprise"} == pointers
    twice = refused_by(sqlite_cast.operator.add_member, description("SG-NSW"))
    assert (twice.status, twice.code) == (409, "member.exists")
    stolen = description("MM-NSW", keys=description("SG-NSW")["keys"])
    assert refused_by(sqlite_cast.operator.add_member, stolen).code == "member.key-taken"
    assert "MM-NSW" not in {item["id"] for item in sqlite_cast["SG-NSW"].members().items}


def test_a_new_signing_key_is_trusted_at_once(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        fresh = signer("SG-NSW", "spare")
        assert fresh.kid not in str(cast["SG-NSW"].trust())
        cast.operator.add_key("SG-NSW", fresh.certificate.public_bytes(Encoding.PEM).decode(), ["document"])
        assert fresh.kid in str(cast["SG-NSW"].trust())


def _pem(purpose: str) -> str:
    return str(signer("SG-NSW", purpose).certificate.public_bytes(Encoding.PEM).decode())


def test_a_signing_key_is_withdrawn_and_what_it_signed_before_still_holds(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        before = cast["SG-NSW"].submit(certificate("SG-2026-03020"), ["TH-NSW"])
        kid = signer("SG-NSW").kid
        assert refused_by(cast["SG-NSW"].withdraw_key, "SG-NSW", kid).code == "access.scope"
        assert refused_by(cast.operator.withdraw_key, "TH-NSW", kid).code == "member.unknown-key"
        later = rfc3339(NOW + timedelta(days=1))
        cast.operator.withdraw_key("SG-NSW", kid, since=later)
        assert cast["SG-NSW"].submit(certificate("SG-2026-03021"), ["TH-NSW"]).id  # not ended yet
        ended = cast.operator.withdraw_key("SG-NSW", kid, reason="lost")
        assert [key["withdrawn"] for key in ended["keys"] if key["kid"] == kid] == [rfc3339(NOW)]
        again = refused_by(cast.operator.withdraw_key, "SG-NSW", kid, since=later)
        assert (again.status, again.code) == (409, "member.key-withdrawn")
        refused = refused_by(cast["SG-NSW"].submit, certificate("SG-2026-03022"), ["TH-NSW"])
        assert [(found.code, found.expected) for found in refused.findings] == [
            ("signature.withdrawn-key", f"before {rfc3339(NOW)}")
        ]
        listed = {key["kid"]: key for each in cast["TH-NSW"].trust()["members"] for key in each["keys"]}
        assert listed[kid]["withdrawn"] == rfc3339(NOW)
        assert cast["TH-NSW"].summary(before.id)["state"] == "live"


def test_a_signing_key_has_a_time_of_its_own_beside_its_certificates(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        past, soon = rfc3339(NOW - timedelta(days=1)), rfc3339(NOW + timedelta(days=1))
        cast.operator.add_key("SG-NSW", _pem("old"), ["document"], valid_until=past)
        cast.operator.add_key("SG-NSW", _pem("next"), ["document"], valid_from=soon)
        for purpose, code in (("old", "signature.expired-certificate"), ("next", "signature.not-yet-valid")):
            data = xades.sign(encoded(document("SG-2026-03023")), signer("SG-NSW", purpose), NOW)
            assert refused_by(cast["SG-NSW"].submit, data, ["TH-NSW"]).code == code
        for times in ({"valid_from": "yesterday"}, {"valid_from": soon, "valid_until": past}):
            wrong = refused_by(cast.operator.add_key, "SG-NSW", _pem("third"), ["document"], **times)
            assert (wrong.status, wrong.code) == (422, "member.malformed")


def test_what_a_suspended_issuer_signed_is_refused_from_others_too(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        kept = certificate("SG-2026-03024")
        first = cast["OLD-EXPORT"].submit(kept, ["TH-NSW"], idempotency_key="k-1")
        cast.operator.suspend("SG-NSW", reason="an inquiry")
        refused = refused_by(cast["OLD-EXPORT"].submit, certificate("SG-2026-03025"), ["TH-NSW"])
        assert [(found.code, found.found) for found in refused.findings] == [("signature.suspended-issuer", "SG-NSW")]
        assert "inquiry" not in str(refused.problem)
        assert cast["OLD-EXPORT"].submit(kept, ["TH-NSW"], idempotency_key="k-1").id == first.id
        cast.operator.resume("SG-NSW")
        assert cast["OLD-EXPORT"].submit(certificate("SG-2026-03025"), ["TH-NSW"]).id


def test_a_foreign_acknowledgement_shows_nothing(sqlite_cast: Cast) -> None:
    sqlite_cast["SG-NSW"].submit(certificate("SG-2026-03005"), ["TH-NSW"])
    delivery = sqlite_cast["TH-NSW"].inbox()[-1]
    (settled,) = sqlite_cast["VN-NSW"].acknowledge([acknowledged(delivery, "VN-NSW", "0" * 64, NOW)])
    assert settled.finding is not None
    assert settled.finding.code == "ack.unknown-delivery"


def test_a_key_can_do_less_and_end_sooner(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        address = f"{cast.url}/v1/members/TH-NSW/api-keys"
        own = {"Authorization": f"Bearer {test_api_key(SEED, 'TH-NSW')}"}
        made = httpx.post(address, headers=own, json={"scopes": ["read"]}).json()
        reader = Hub(cast.url, made["apiKey"])
        assert reader.documents().items == ()
        assert refused_by(reader.inbox).code == "access.scope"
        assert refused_by(reader.submit, b"<a/>", ["SG-NSW"]).code == "access.scope"
        assert refused_by(reader.rotate_key, "TH-NSW").code == "access.scope"
        brief = httpx.post(address, headers=own, json={"expiresIn": 0}).json()
        assert refused_by(Hub(cast.url, brief["apiKey"]).documents).code == "access.key-unknown"
        bad: list[dict[str, object]] = [{"scopes": ["operator"]}, {"scopes": []}, {"expiresIn": -1}, {"expiresIn": "x"}]
        for wrong in bad:
            assert httpx.post(address, headers=own, json=wrong).json()["code"] == "request.malformed"


def test_a_member_can_be_changed_by_the_operator_but_not_its_id(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        address = f"{cast.url}/v1/members/TH-NSW"
        operator = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}
        url = "http://127.0.0.1:9/elsewhere"
        changed = httpx.patch(address, headers=operator, json={"delivery": {"mode": "push", "url": url}}).json()
        assert changed["delivery"] == {"mode": "push", "url": url}
        assert changed["name"] == "TH-NSW of the tests"
        wrong = httpx.patch(address, headers=operator, json={"id": "XX", "kind": "shop", "style": "pigeon"}).json()
        assert {found["pointer"] for found in wrong["errors"]} >= {"/id", "/kind", "/style"}
        told = next(cast["TH-NSW"].feed(last_event_id="-1"))
        assert (told.type, told.data["change"]) == ("member.changed", "added")


def test_a_recipient_sees_nothing_of_what_another_recipient_decided(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-03010"), ["TH-NSW", "VN-NSW"])
    cast["TH-NSW"].inbox(limit=500)
    cast["VN-NSW"].inbox(limit=500)
    said = event(EventType.QUERIED, accepted.id, accepted.content_digest, "TH-NSW")
    cast["TH-NSW"].send_event(accepted.id, said)
    for member, other in (("TH-NSW", "VN-NSW"), ("VN-NSW", "TH-NSW")):
        assert set(cast[member].summary(accepted.id)["recipients"]) == {member}
        entries = cast[member].timeline(accepted.id)["entries"]
        assert other not in {entry["recipient"] for entry in entries}
        evidence = cast[member].evidence(accepted.id)
        assert other not in {delivery["recipient"] for delivery in evidence["deliveries"]}
    assert [m["kind"] for m in cast["VN-NSW"].evidence(accepted.id)["messages"]] == ["document"]
    assert [m["kind"] for m in cast["TH-NSW"].evidence(accepted.id)["messages"]] == ["document", "event"]
    assert set(cast["SG-NSW"].summary(accepted.id)["recipients"]) == {"TH-NSW", "VN-NSW"}


SOMEBODY = {"codeListProvider": "ZZZ", "partyCode": "SOMEBODY"}
WRONG_DESCRIPTIONS: list[tuple[str, dict[str, object]]] = [
    ("/keys", {"keys": 5}),
    ("/keys", {"keys": ["a certificate"]}),
    ("/delivery/url", {"delivery": {"mode": "push", "url": 5}}),
    ("/delivery/url", {"delivery": {"mode": "push", "url": "http://["}}),
    ("/delivery/url", {"delivery": {"mode": "push", "url": "http://window:99999/"}}),
    ("/delivery/url", {"delivery": {"mode": "push", "url": "http://window/\n"}}),
    ("/name", {"name": 5}),
    ("/name", {"name": "a\0b"}),
    ("/name", {"name": "x" * 201}),
    ("/policy", {"policy": {"unsigned": "false"}}),
    ("/simulated", {"simulated": "no"}),
    ("/style", {"style": "asw.codec"}),
    ("/style", {"style": "countries"}),
    ("/style", {"style": "../asw"}),
    ("/style", {"style": ""}),
    ("/sends/0", {"sends": ["tradebridge-event/1"]}),
    ("/ebl", {"ebl": "STRA"}),
    ("/ebl/platform", {"ebl": {"platform": "Straits", "url": "http://127.0.0.1:9"}}),
    ("/ebl/url", {"ebl": {"platform": "STRA", "url": "ftp://127.0.0.1:9"}}),
    ("/ebl/algorithms", {"ebl": {"platform": "STRA", "url": "http://127.0.0.1:9", "algorithms": ["none"]}}),
    ("/ebl/token", {"ebl": {"platform": "STRA", "url": "http://127.0.0.1:9", "token": "two words"}}),
    ("/ebl/registry", {"ebl": {"platform": "STRA", "url": "http://127.0.0.1:9", "registry": "ctr"}}),
    ("/ebl/key", {"ebl": {"platform": "STRA", "url": "http://127.0.0.1:9", "key": "x"}}),
    ("/accounts", {"accounts": {"partyName": "Somebody"}}),
    ("/accounts/0/partyName", {"accounts": [{"partyName": " ", "identifyingCodes": [SOMEBODY]}]}),
    ("/accounts/0/identifyingCodes", {"accounts": [{"partyName": "Somebody", "identifyingCodes": []}]}),
]


@pytest.mark.parametrize(("pointer", "wrong"), WRONG_DESCRIPTIONS)
def test_each_member_of_a_description_is_looked_at(sqlite_cast: Cast, pointer: str, wrong: dict[str, Any]) -> None:
    refused = refused_by(sqlite_cast.operator.add_member, description("ZZ-TEST") | wrong)
    assert (refused.status, [found.pointer for found in refused.findings]) == (422, [pointer])
    if pointer != "/keys":
        address = f"{sqlite_cast.url}/v1/members/TH-NSW"
        headers = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}
        assert httpx.patch(address, headers=headers, json=wrong).status_code == 422


def test_a_certificate_with_a_key_of_an_unknown_kind_is_refused(sqlite_cast: Cast) -> None:
    known, unknown = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d0263")  # id-ecPublicKey, and no kind
    odd = signer("SG-NSW").certificate.public_bytes(Encoding.DER).replace(known, unknown)
    pem = f"-----BEGIN CERTIFICATE-----\n{b64encode(odd).decode()}\n-----END CERTIFICATE-----\n"
    refused = refused_by(sqlite_cast.operator.add_key, "SG-NSW", pem, ["document"])
    assert (refused.status, refused.code) == (422, "member.malformed")


def test_where_a_member_is_pushed_to_and_why_it_is_suspended_is_not_the_others_affair(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        push = {"mode": "push", "url": "http://user:secret@127.0.0.1:9/push"}
        cast = running.join(TH_NSW={"delivery": push})
        assert cast.operator.member("TH-NSW")["delivery"] == cast["TH-NSW"].member("TH-NSW")["delivery"] == push
        assert cast["SG-NSW"].member("TH-NSW")["delivery"] == {"mode": "push"}
        cast.operator.suspend("TH-NSW", reason="an inquiry")
        shown = next(item for item in cast["SG-NSW"].members().items if item["id"] == "TH-NSW")
        assert shown["status"] == "suspended"
        assert "secret" not in str(shown)
        assert "inquiry" not in str(shown)


def test_a_key_with_an_end_neither_gives_nor_renews_a_key(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        address = f"{cast.url}/v1/members/TH-NSW/api-keys"
        own = {"Authorization": f"Bearer {test_api_key(SEED, 'TH-NSW')}"}
        brief = httpx.post(address, headers=own, json={"expiresIn": 60}).json()["apiKey"]
        cast["SG-NSW"].rotate_key("SG-NSW", overlap=60)
        for key, member in ((brief, "TH-NSW"), (test_api_key(SEED, "SG-NSW"), "SG-NSW")):
            assert refused_by(Hub(cast.url, key).rotate_key, member).code == "access.scope"
            more = httpx.post(
                f"{cast.url}/v1/members/{member}/api-keys", headers={"Authorization": f"Bearer {key}"}, json={}
            )
            assert (more.status_code, more.json()["code"]) == (403, "access.scope")
