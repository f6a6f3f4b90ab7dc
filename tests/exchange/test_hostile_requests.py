"""Requests that are bent in their parameters: numbers, cursors, headers that stand twice; keys that end meanwhile."""

from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from schemas.content import from_base64url
from schemas.event import EventType
from tests.exchange.cast import NOW, SEED, Cast, certificate, event, refused_by, signer
from tests.exchange.running import hub_in_thread
from tests.waiting import until
from tradebridge.evidence import canonical, jws
from tradebridge.evidence.simulation import test_api_key


def get(cast: Cast, path: str, member: str = "SG-NSW") -> httpx.Response:
    headers = {"Authorization": f"Bearer {test_api_key(SEED, member)}"}
    return httpx.get(cast.url + path, headers=headers, timeout=5)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/documents?limit=%C2%B2",  # a digit to Unicode, no number to Python
        "/v1/documents?limit=" + "9" * 5000,
        "/v1/documents?limit=-1",
        "/v1/feed?after=--5",
        "/v1/feed?after=" + "9" * 30,
        "/v1/feed?after=%C2%B2",
        "/v1/inbox?wait=nan",
        "/v1/inbox?wait=inf",
        "/v1/inbox?wait=-1",
        "/v1/log/inclusion?leaf=00&size=%C2%B2",
        "/v1/log/consistency?from=1&to=" + "9" * 5000,
    ],
)
def test_what_is_no_number_is_refused(sqlite_cast: Cast, path: str) -> None:
    answer = get(sqlite_cast, path)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")


CURSORS = [b"[1,2]", b"[null,{}]", b'["1","2"]', b"[1e3,1]", b"[true,true]", b"{}", b"[-1]", b"[%s]" % (b"9" * 30)]


def test_a_cursor_that_no_page_gave_is_refused(cast: Cast) -> None:
    for path in ("/v1/documents", "/v1/deliveries", "/v1/refusals"):
        for content in CURSORS:
            answer = get(cast, f"{path}?cursor={urlsafe_b64encode(content).decode()}")
            assert (answer.status_code, answer.json()["code"]) == (400, "request.cursor"), (path, content)


def test_a_character_that_the_store_cannot_hold_is_the_callers_mistake(cast: Cast) -> None:
    for path in ("/v1/documents?number=%00", "/v1/documents?sender=%00&state=%00", "/v1/deliveries?state=a%00"):
        assert get(cast, path).status_code in (200, 400), path
    for path in ("/v1/documents/doc_%00", "/v1/documents/%00/evidence", "/v1/refusals/%00"):
        assert get(cast, path).status_code in (400, 404), path


def test_a_filter_shows_nothing_of_what_another_recipient_decided(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    accepted = cast["SG-NSW"].submit(certificate("SG-2026-09001"), ["TH-NSW", "VN-NSW"])
    said = event(EventType.REJECTED, accepted.id, accepted.content_digest, "VN-NSW", recipient="VN-NSW")
    cast["VN-NSW"].send_event(accepted.id, said)
    found = {
        member: accepted.id in {item["id"] for item in cast[member].documents(state="rejected").items}
        for member in ("SG-NSW", "VN-NSW", "TH-NSW", "OPERATOR")
    }
    assert found == {"SG-NSW": True, "VN-NSW": True, "TH-NSW": False, "OPERATOR": True}


def test_a_feed_ends_with_the_right_to_read_it(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as running:
        cast = running.join()
        headers = {"Authorization": f"Bearer {test_api_key(SEED, 'TH-NSW')}"}
        with httpx.stream("GET", f"{cast.url}/v1/feed", headers=headers, timeout=5) as feed:
            lines = feed.iter_lines()
            next(lines)
            cast.operator.suspend("TH-NSW", reason="key compromised")
            cast["SG-NSW"].submit(certificate("SG-2026-09002"), ["VN-NSW"])
            assert not [line for line in lines if line.startswith("data")]
        until(lambda: get(cast, "/v1/feed", "TH-NSW").status_code == 403)


def test_recipients_may_stand_in_several_lines_and_none_is_lost(sqlite_cast: Cast) -> None:
    headers = [
        ("Authorization", f"Bearer {test_api_key(SEED, 'SG-NSW')}"),
        ("Tradebridge-To", "TH-NSW"),
        ("Tradebridge-To", "VN-NSW"),
    ]
    answer = httpx.post(f"{sqlite_cast.url}/v1/documents", headers=headers, content=certificate("SG-2026-09003"))
    assert answer.json()["recipients"] == ["TH-NSW", "VN-NSW"]


@pytest.mark.parametrize("name", ["Authorization", "Tradebridge-Space", "Tradebridge-Profile", "Idempotency-Key"])
def test_a_header_that_decides_stands_once(sqlite_cast: Cast, name: str) -> None:
    own = ("Authorization", f"Bearer {test_api_key(SEED, 'SG-NSW')}")
    headers = [own, (name, "Bearer tb_other"), (name, "Bearer tb_third")]
    answer = httpx.get(f"{sqlite_cast.url}/v1/documents", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")


def test_the_next_page_is_of_the_same_space(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path) as default:
        own = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}
        assert httpx.post(f"{default.url}/v1/spaces", json={"name": "one"}, headers=own).status_code == 201
        cast = Cast(f"{default.url}/s/one").join()
        cast["SG-NSW"].submit(certificate("SG-2026-09010"), ["TH-NSW", "VN-NSW"])
        page = httpx.get(f"{default.url}/s/one/v1/deliveries?limit=1", headers=own)
        assert page.links["next"]["url"].startswith("/s/one/v1/deliveries?")
        assert len(httpx.get(default.url + page.links["next"]["url"], headers=own).json()["items"]) == 1
        cast.close()


@pytest.mark.parametrize(
    "at",
    ["2026-01-05T09:00:00", "2026-01-05", "1767603600", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00", 0],
)
def test_an_event_states_a_time_that_is_one(sqlite_cast: Cast, at: str | int) -> None:
    accepted = sqlite_cast["SG-NSW"].submit(certificate(f"SG-2026-09{sum(str(at).encode()):04}"), ["TH-NSW"])
    said = event(EventType.ACCEPTED, accepted.id, accepted.content_digest, "TH-NSW")
    members = orjson.loads(from_base64url(said.split(".")[1].encode()) or b"") | {"at": at}
    token = jws.sign(canonical.dumps(members), jws.EVENT, signer("TH-NSW", "event"), NOW)
    refused = refused_by(sqlite_cast["TH-NSW"].send_event, accepted.id, token)
    assert (refused.status, [(found.code, found.pointer) for found in refused.findings]) == (
        422,
        [("event.malformed", "/at")],
    )


def test_a_large_event_is_read_as_any_other(sqlite_cast: Cast) -> None:
    accepted = sqlite_cast["SG-NSW"].submit(certificate("SG-2026-09020"), ["TH-NSW"])
    said: dict[str, Any] = {"body": {"native": "x" * 300_000}}
    token = event(EventType.ACCEPTED, accepted.id, accepted.content_digest, "TH-NSW", **said)
    assert sqlite_cast["TH-NSW"].send_event(accepted.id, token).sequence == 1
    forged = event(EventType.UTILISED, accepted.id, accepted.content_digest, "VN-NSW", sequence=1, **said)
    assert refused_by(sqlite_cast["TH-NSW"].send_event, accepted.id, forged).code == "event.wrong-party"
