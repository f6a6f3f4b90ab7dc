"""*Webhooks*, and how much goes through."""

import pytest

from exchange.console.rates import MINUTES, Minute, Rates, draw
from tests.console.conftest import Console
from tests.exchange.cast import SEED
from tradebridge.evidence.simulation import test_api_key


@pytest.fixture(scope="module")
def webhook(console: Console) -> str:
    """Of TH-NSW, to where nobody answers."""
    key = {"Authorization": f"Bearer {test_api_key(SEED, 'TH-NSW')}"}
    added = console.pages.post(
        "/v1/webhooks", json={"url": "http://127.0.0.1:9/", "events": ["event.accepted"]}, headers=key
    )
    assert added.status_code == 201, added.text
    return str(added.json()["webhook"]["id"])


def test_a_webhook_is_listed_called_and_told_again(console: Console, webhook: str) -> None:
    listed = console.pages.get("/console/webhooks").text
    assert f'href="/console/webhooks/{webhook}"' in listed and "http://127.0.0.1:9/" in listed
    page = console.pages.get(f"/console/webhooks/{webhook}").text
    assert "event.accepted" in page and f"tb webhook test {webhook}" in page
    called = console.pages.post(f"/console/webhooks/{webhook}/test")
    assert called.status_code == 200 and "Called now: " in called.text and "answered" not in called.text
    nothing = console.pages.post(f"/console/webhooks/{webhook}/resend")
    assert (nothing.status_code, "webhook.no-delivery" in nothing.text) == (404, True)
    assert console.pages.post(f"/console/webhooks/{webhook}/enable").status_code == 200


def test_what_is_wrong_with_the_address_is_said(console: Console, webhook: str) -> None:
    for path, status in (("whk_none", 404), (f"{webhook}?state=lost", 400), (f"{webhook}?cursor=x", 400)):
        assert console.pages.get(f"/console/webhooks/{path}").status_code == status, path
    for what in ("test", "enable", "resend"):
        assert console.pages.post(f"/console/webhooks/whk_none/{what}").status_code == 404
        other = console.pages.post(f"/console/webhooks/{webhook}/{what}", headers={"Origin": "http://evil.example"})
        assert other.status_code == 403


def test_the_last_minutes_are_a_drawing_with_the_same_in_words(console: Console) -> None:
    page = console.pages.get("/console").text
    assert '<svg class="rates"' in page and f"in {MINUTES} minutes, at most " in page
    assert '<rect class="failed"' in page  # a refusal is in this world
    quiet = Rates(tuple(Minute(f"09:{at:02}", 0, 0) for at in range(MINUTES)), True)
    assert quiet.words == f"0 in {MINUTES} minutes, at most 0 in one; failed or refused: 0 (none)"
    assert '<rect class="all"' not in draw(quiet)
    many = Rates((*quiet.minutes[1:], Minute("09:30", 2000, 500)), False)
    assert many.words.startswith("at least 2,000 in ") and "500 (25.0 %)" in many.words
    assert draw(many).count('<rect class="failed"') == 1
