"""Webhooks: who is told, of what, how often, by which signature; and that nothing is lost, whatever dies."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from exchange import webhooks
from exchange.clock import MovableClock
from exchange.config import Settings
from exchange.hub import Hub, open_hub
from exchange.reach import Called
from exchange.store import tables as t
from exchange.store.rows import add
from tests.exchange.cast import NOW, SEED, Cast, acknowledged, certificate, refused_by
from tests.exchange.receiver import Receiver, answering, receiving
from tests.exchange.running import HubProcess, hub_in_thread
from tests.waiting import until
from tradebridge.client import Refused
from tradebridge.evidence.simulation import test_api_key
from tradebridge.webhooks import EVENTS, FAMILIES, body_of, headers_of, id_of, wants

QUICK: dict[str, Any] = {"webhook_waits": (0.05, 0.05, 0.1), "clock": None, "webhook_seconds": 1.0}
"""Waits of tests; the clock runs, so that they pass."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub"), **QUICK) as cast:
        yield cast.join()


def added(cast: Cast, url: str, events: list[str] | None = None, member: str = "SG-NSW") -> tuple[str, str]:
    """A webhook's id and secret."""
    told = cast[member].add_webhook(url, events or [])
    return told["webhook"]["id"], told["secret"]


def send(cast: Cast, number: str, to: str = "TH-NSW") -> Any:
    return cast["SG-NSW"].submit(certificate(number, at=datetime.now(UTC)), [to])


def deliveries(cast: Cast, webhook: str, member: str = "SG-NSW", state: str | None = None) -> list[dict[str, Any]]:
    return list(cast[member].webhook_deliveries(webhook, state=state).items)


@pytest.fixture
def at(request: pytest.FixtureRequest, running: Cast) -> Iterator[str]:
    """A path of the test's own; its webhooks are removed in the end, so that members have room for more."""
    yield f"/{request.node.name}"
    for each in running.operator.webhooks():
        running.operator.remove_webhook(each["id"])


# --- the signature ---------------------------------------------------------------------------------------------------


def test_a_message_is_signed_as_the_specification_has_it() -> None:
    """The example of the specification's own libraries."""
    secret, now = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime.fromtimestamp(1614265330, UTC)
    headers = headers_of("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', [secret], now)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_kinds_are_chosen_by_name_or_family() -> None:
    assert wants([], "delivery.dead") and wants(["delivery.*"], "delivery.dead") and wants(["delivery.dead"], EVENTS[6])
    assert not wants(["delivery.*"], "document.accepted") and not wants(["document.accepted"], "document.refused")
    assert "webhook.*" in FAMILIES


def test_an_event_has_one_name_and_a_name_has_no_full_stop() -> None:
    assert id_of(7, "2026-01-05T09:00:00.123Z", "t17") == "feed_t17_7_20260105T090000123Z"
    assert "." not in id_of(7, "2026-01-05T09:00:00.123Z")


# --- who is told of what ---------------------------------------------------------------------------------------------


def test_a_member_is_told_what_happens_and_can_check_who_says_it(running: Cast, receiver: Receiver, at: str) -> None:
    _, secret = added(running, receiver.url + at, ["document.accepted"])
    accepted = send(running, "SG-2026-30001")
    call = receiver.wait(at)[0]
    message = call.verified(secret)
    assert message["type"] == "document.accepted" and message["data"]["document"] == accepted.id
    assert message["timestamp"] == message["data"]["at"]
    for forged in (
        {"webhook-id": "feed_1_other"},
        {"webhook-timestamp": str(int(call.headers["webhook-timestamp"]) + 1)},
        {"webhook-signature": "v1," + "A" * 43 + "="},
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(call.body, call.headers | forged)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(call.body.replace(b"accepted", b"refused "), call.headers)
    with pytest.raises(WebhookVerificationError):
        call.verified("whsec_" + "A" * 43 + "=")


def test_what_is_repeated_later_is_too_old_for_its_receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    body, secret = body_of("document.accepted", {"at": "x"}), "whsec_" + "A" * 43 + "="
    old = datetime.now(UTC) - timedelta(minutes=6)
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(secret).verify(body, headers_of("one", body, [secret], old))


def test_each_is_told_its_own_and_the_operator_everything(running: Cast, receiver: Receiver, at: str) -> None:
    for member in ("SG-NSW", "TH-NSW", "VN-NSW", "OPERATOR"):
        added(running, f"{receiver.url}{at}-{member}", ["document.accepted"], member)
    first, second = send(running, "SG-2026-30002"), send(running, "SG-2026-30003", "VN-NSW")
    documents = {first.id: "SG-2026-30002", second.id: "SG-2026-30003"}

    def told(member: str, count: int) -> list[str]:
        calls = receiver.wait(f"{at}-{member}", count)
        return [documents[each.message["data"]["document"]] for each in calls]

    assert told("OPERATOR", 2) == told("SG-NSW", 2) == ["SG-2026-30002", "SG-2026-30003"]
    assert told("TH-NSW", 1) == ["SG-2026-30002"]
    assert told("VN-NSW", 1) == ["SG-2026-30003"]
    assert len(receiver.at(f"{at}-TH-NSW")) == 1


def test_what_was_before_is_not_told_and_the_same_event_has_the_same_name_everywhere(
    running: Cast, receiver: Receiver, at: str
) -> None:
    send(running, "SG-2026-30004")
    until(lambda: running["SG-NSW"].documents(number="SG-2026-30004").items)
    time.sleep(0.1)  # its event has its place in the feed: what is added now comes after it
    added(running, f"{receiver.url}{at}-1", ["document.accepted"])
    added(running, f"{receiver.url}{at}-2", ["document.*"])
    accepted = send(running, "SG-2026-30005")
    one, other = receiver.wait(f"{at}-1")[0], receiver.wait(f"{at}-2")[0]
    assert one.message["data"]["document"] == other.message["data"]["document"] == accepted.id
    assert one.id == other.id and one.body == other.body


def test_a_delivery_is_told_to_both_sides(running: Cast, receiver: Receiver, at: str) -> None:
    added(running, f"{receiver.url}{at}", ["delivery.delivered"])
    accepted = send(running, "SG-2026-30006")
    given = until(lambda: [d for d in running["TH-NSW"].inbox() if d.original])
    for each in given:
        ack = acknowledged(each, "TH-NSW", accepted.bytes_digest, datetime.now(UTC))
        running["TH-NSW"].acknowledge([ack])
    call = until(lambda: [c for c in receiver.at(at) if c.message["data"]["document"] == accepted.id])[0]
    assert call.message["data"]["recipient"] == "TH-NSW"


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_after_a_rotation_both_secrets_hold_and_then_one(running: Cast, receiver: Receiver, at: str) -> None:
    webhook, first = added(running, receiver.url + at, ["document.accepted"])
    second = running["SG-NSW"].rotate_webhook(webhook)["secret"]
    assert first != second
    send(running, "SG-2026-30007")
    both = receiver.wait(at)[0]
    assert both.headers["webhook-signature"].count("v1,") == 2
    assert both.verified(first) == both.verified(second)
    third = running["SG-NSW"].rotate_webhook(webhook, overlap=0)["secret"]
    send(running, "SG-2026-30008")
    alone = receiver.wait(at, 2)[1]
    assert alone.verified(third)
    for former in (first, second):
        with pytest.raises(WebhookVerificationError):
            alone.verified(former)


def test_the_secret_is_shown_once_and_stands_nowhere(running: Cast, receiver: Receiver, at: str) -> None:
    webhook, secret = added(running, receiver.url + at)
    client = running["SG-NSW"]
    told = [client.webhooks(), client.webhook(webhook), client.webhook_deliveries(webhook).items]
    assert secret.removeprefix("whsec_") not in str(told) and "whsec_" not in str(told)


# --- what fails ------------------------------------------------------------------------------------------------------


def test_what_failed_is_tried_again_on_schedule_and_is_dead_in_the_end(
    running: Cast, receiver: Receiver, at: str
) -> None:
    receiver.answers[at] = answering(503)
    webhook, _ = added(running, receiver.url + at, ["document.accepted"])
    send(running, "SG-2026-30009")
    dead = until(lambda: deliveries(running, webhook, state="dead"))[0]
    calls = receiver.at(at)
    assert len(calls) == dead["attempts"] == 1 + len(QUICK["webhook_waits"])
    assert len({call.id for call in calls}) == 1 and dead["id"] == calls[0].id
    assert (dead["status"], dead["error"], dead["dueAt"]) == (503, "HTTP 503", None)
    assert running["SG-NSW"].webhook(webhook)["failingSince"]

    receiver.answers[at] = answering(200)
    assert running["SG-NSW"].resend_webhook(webhook, state="dead")["again"] == 1
    again = receiver.wait(at, len(calls) + 1)[-1]
    assert again.id == calls[0].id
    until(lambda: deliveries(running, webhook, state="delivered"))
    assert running["SG-NSW"].webhook(webhook)["failingSince"] is None
    running["SG-NSW"].resend_webhook(webhook, position=dead["position"])  # one that was told already
    receiver.wait(at, len(calls) + 2)


def test_a_slow_receiver_holds_up_no_other(running: Cast, receiver: Receiver, at: str) -> None:
    receiver.answers[f"{at}-slow"] = lambda request: time.sleep(3)
    added(running, f"{receiver.url}{at}-slow", ["document.accepted"])
    added(running, f"{receiver.url}{at}-fast", ["document.accepted"])
    begun = time.monotonic()
    for number in ("SG-2026-30010", "SG-2026-30011", "SG-2026-30012"):
        send(running, number)
    receiver.wait(f"{at}-fast", 3, seconds=1.0)
    assert time.monotonic() - begun < 1.5


def test_gone_disables_at_once_with_a_notice_and_enabling_goes_on_where_it_stopped(
    running: Cast, receiver: Receiver, at: str
) -> None:
    receiver.answers[at] = answering(410)
    webhook, _ = added(running, receiver.url + at, ["document.accepted"])
    added(running, f"{receiver.url}{at}-notices", ["webhook.disabled"])
    send(running, "SG-2026-30013")
    notice = receiver.wait(f"{at}-notices")[0].message
    assert notice["data"]["webhook"] == webhook and "410" in notice["data"]["error"]
    shown = running["SG-NSW"].webhook(webhook)
    assert shown["status"] == "disabled" and "410" in shown["reason"]

    send(running, "SG-2026-30014")
    receiver.answers[at] = answering(204)
    missed = len(receiver.at(at))
    assert running["SG-NSW"].enable_webhook(webhook)["status"] == "active"
    calls = receiver.wait(at, missed + 2)[missed:]
    assert len({call.id for call in calls}) == 2


def test_a_suspended_member_is_told_nothing_until_it_is_resumed(running: Cast, receiver: Receiver, at: str) -> None:
    added(running, f"{receiver.url}{at}-operator", ["member.changed"], "OPERATOR")
    added(running, f"{receiver.url}{at}-member", ["member.changed"], "VN-NSW")
    receiver.wait(f"{at}-member")  # that it was added
    running.operator.suspend("VN-NSW", reason="a test")
    until(lambda: "suspended" in str([call.message for call in receiver.at(f"{at}-operator")]))
    assert len(receiver.at(f"{at}-member")) == 1
    running.operator.resume("VN-NSW")
    changes = [call.message["data"]["change"] for call in receiver.wait(f"{at}-member", 3)]
    assert changes[1:] == ["suspended: a test", "resumed"]


def test_trying_it_out_tells_what_came(running: Cast, receiver: Receiver, at: str) -> None:
    webhook, secret = added(running, receiver.url + at, ["document.refused"])
    told = running["SG-NSW"].test_webhook(webhook)
    assert (told["delivered"], told["status"], told["error"]) == (True, 204, None)
    assert receiver.at(at)[0].verified(secret)["type"] == "webhook.test"
    receiver.answers[at] = answering(302, Location="http://169.254.169.254/")
    told = running["SG-NSW"].test_webhook(webhook)
    assert not told["delivered"] and told["status"] == 302 and "not followed" in told["error"]


# --- bad input and other hands ---------------------------------------------------------------------------------------


def code_of(call: Callable[..., Any], *given: Any, **named: Any) -> tuple[str, str]:
    """Code and pointer of the first finding of a refusal."""
    first = refused_by(call, *given, **named).findings[0]
    return first.code, first.pointer


def test_what_is_no_webhook_is_refused_and_says_where(running: Cast, receiver: Receiver, at: str) -> None:
    client = running["SG-NSW"]
    assert code_of(client.add_webhook, "ftp://127.0.0.1/") == ("webhook.malformed", "/url")
    assert code_of(client.add_webhook, receiver.url, ["document.eaten"]) == ("webhook.malformed", "/events/0")
    assert code_of(client.add_webhook, receiver.url, ["document.*", ""]) == ("webhook.malformed", "/events/1")
    assert code_of(client.add_webhook, "http://169.254.169.254/latest/") == ("webhook.out-of-reach", "/url")
    key = {"Authorization": f"Bearer {test_api_key(SEED, 'SG-NSW')}"}
    for body in (
        {"url": receiver.url, "secret": "mine"},
        {"url": [receiver.url]},
        {"url": receiver.url, "events": "document.*"},
        {"url": receiver.url, "events": [{}]},
        {},
    ):
        answer = httpx.post(f"{running.url}/v1/webhooks", json=body, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "webhook.malformed")
    webhook, _ = added(running, receiver.url + at)
    for again in ({}, {"position": 1, "state": "dead"}, {"position": -1}, {"position": True}, {"state": "eaten"}):
        answer = httpx.post(f"{running.url}/v1/webhooks/{webhook}:resend", json=again, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "webhook.malformed")
    assert code_of(client.resend_webhook, webhook, state="dead") == ("webhook.no-delivery", "")
    assert code_of(client.rotate_webhook, webhook, overlap=31 * 86_400)[0] == "request.malformed"


def test_a_webhook_of_another_is_not_there(running: Cast, receiver: Receiver, at: str) -> None:
    # It wants what nothing here brings: any call would be one that somebody else has made it do.
    webhook, _ = added(running, receiver.url + at, ["title.changed"])
    other = running["TH-NSW"]
    for call in (
        other.webhook,
        other.remove_webhook,
        other.rotate_webhook,
        other.enable_webhook,
        other.test_webhook,
        other.webhook_deliveries,
    ):
        assert code_of(call, webhook)[0] == "webhook.unknown"
    assert code_of(other.resend_webhook, webhook, state="dead")[0] == "webhook.unknown"
    assert other.webhooks() == () and receiver.at(at) == []


def test_a_key_for_a_time_makes_no_webhook_that_outlives_it(running: Cast, receiver: Receiver, at: str) -> None:
    for options in ({"scopes": ["read"]}, {"scopes": ["receive", "read"], "expiresIn": 60}):
        operator = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}
        given = httpx.post(f"{running.url}/v1/members/SG-NSW/api-keys", json=options, headers=operator).json()
        key = {"Authorization": f"Bearer {given['apiKey']}"}
        answer = httpx.post(f"{running.url}/v1/webhooks", json={"url": receiver.url + at}, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (403, "access.scope")


def test_a_member_has_so_many_webhooks_and_no_more(running: Cast, receiver: Receiver, at: str) -> None:
    for _ in range(10):
        webhook, _ = added(running, receiver.url + at)
    assert code_of(running["SG-NSW"].add_webhook, receiver.url + at)[0] == "webhook.too-many"
    running["SG-NSW"].remove_webhook(webhook)
    added(running, receiver.url + at)


def test_a_pilot_calls_the_public_internet_over_tls_alone(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path, seed="", clock=None, mode="pilot") as pilot:
        key = {"Authorization": f"Bearer {(tmp_path / 'operator.key').read_text().strip()}"}
        for url, code in (
            ("http://8.8.8.8/", "webhook.malformed"),
            ("https://127.0.0.1/", "webhook.out-of-reach"),
            ("https://localhost/", "webhook.out-of-reach"),
            ("https://10.1.2.3/", "webhook.out-of-reach"),
            ("https://[::1]/", "webhook.out-of-reach"),
            ("https://2130706433/", "webhook.out-of-reach"),
        ):
            answer = httpx.post(f"{pilot.url}/v1/webhooks", json={"url": url}, headers=key)
            assert (answer.json()["code"], answer.status_code) == (code, 422), url


# --- on both databases, and by the hub's clock -----------------------------------------------------------------------


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    """A hub that does not run: its clock stands still, and nothing happens but what the test does."""
    settings = Settings.model_validate({"data": tmp_path, "database_url": database_url, "seed": SEED, "clock": NOW})
    opened = open_hub(settings)
    opened.begin(test_api_key(SEED, "OPERATOR"))
    try:
        yield opened
    finally:
        opened.writer.stop()
        opened.database.close()


def test_rows_of_a_webhook_by_the_hubs_clock(hub: Hub) -> None:
    assert isinstance(hub.clock, MovableClock)
    do = hub.writer.do_now

    def claim() -> Any:
        return do(lambda c: webhooks.claim(c, hub, webhook))

    def settle(claimed: Any, called: Called) -> None:
        do(lambda c: webhooks.settle(c, hub, claimed, called))

    def told() -> list[tuple[str, str | None]]:
        page = do(lambda c: webhooks.deliveries(c, hub, webhook, None, 10, None))
        return [(each["state"], each["dueAt"]) for each in page.items]

    webhook = webhooks.new_id(hub)
    do(lambda c: webhooks.put(c, hub, webhook, "SG-NSW", "http://127.0.0.1/", ["document.*"]))

    def happened(kind: str, members: str) -> None:
        def job(connection: Any) -> None:
            add(connection, t.feed, {"kind": kind, "members": members, "data": '{"at":"2026-01-05T09:00:00.000Z"}'})

        do(job)
        do(hub._sequencer.run_once)

    happened("document.accepted", ",SG-NSW,TH-NSW,")
    happened("document.accepted", ",TH-NSW,")
    happened("delivery.dead", ",SG-NSW,")
    assert do(webhooks.behind) == [webhook]
    do(lambda c: webhooks.take_in(c, hub, webhook))
    assert do(lambda c: webhooks.take_in(c, hub, webhook)) == 0  # once
    assert do(webhooks.behind) == []
    assert do(lambda c: webhooks.due(c, hub)) == [webhook]

    claimed = claim()
    assert claimed.attempts == 1
    assert claim() is None  # leased; and the other two are not its own
    failed = Called(500, "HTTP 500", 0.1)
    settle(claimed, failed)
    settle(claimed, Called(200, "", 0.1))  # late news of the same attempt
    assert told() == [("retrying", "2026-01-05T09:00:05Z")]

    moment = NOW
    for number, wait in enumerate(hub.settings.webhook_waits, 2):
        hub.clock.set(moment + timedelta(seconds=wait - 1), timedelta())
        assert do(lambda c: webhooks.due(c, hub)) == []
        moment += timedelta(seconds=wait)
        hub.clock.set(moment, timedelta())
        claimed = claim()
        assert claimed.attempts == number
        settle(claimed, failed)
    assert told() == [("dead", None)]
    row = do(lambda c: webhooks.one(c, None, webhook))
    assert "nothing but failures since 2026-01-05T09:00:00Z" in row.disabled  # three days of failure are over
    do(hub._sequencer.run_once)
    notice = do(lambda c: c.execute(t.feed.select().where(t.feed.c.kind == "webhook.disabled")).one())
    assert notice.members == ",SG-NSW,"

    happened("document.refused", ",SG-NSW,")
    assert do(webhooks.behind) == [] and do(lambda c: webhooks.due(c, hub)) == []
    do(lambda c: webhooks.enable(c, webhook))
    assert do(webhooks.behind) == [webhook]
    do(lambda c: webhooks.take_in(c, hub, webhook))
    hub.clock.set(NOW - timedelta(days=30), timedelta())  # set back: what would wait a month is due now
    claimed = claim()
    assert claimed.message_id.startswith("feed_4_")
    settle(claimed, Called(204, "", 0.1))
    assert do(lambda c: webhooks.one(c, None, webhook)).failing_since is None
    do(lambda c: webhooks.remove(c, webhook))
    settle(claimed, failed)  # of one that is not there any more
    assert do(lambda c: webhooks.all_of(c, None)) == []


@pytest.mark.long("kill", sample=False)
def test_what_was_accepted_just_before_the_hub_was_killed_is_told_when_it_is_back(
    tmp_path: Path, receiver: Receiver
) -> None:
    path, environment = "/killed", {"TRADEBRIDGE_WEBHOOK_WAITS": str([0.5] * 40), "TRADEBRIDGE_WEBHOOK_SECONDS": "1"}
    receiver.answers[path] = answering(500)
    process = HubProcess(tmp_path, clock=None, environment=environment).start()
    cast = Cast(process.url).join()
    _, secret = added(cast, receiver.url + path, ["document.accepted"])
    first = send(cast, "SG-2026-30020")
    before = receiver.wait(path)[0]  # tried, and its wait stands in the store alone
    second = send(cast, "SG-2026-30021")
    process.kill()  # nothing was told of it, most likely not even its place in the feed
    receiver.answers[path] = answering(200)
    seen = len(receiver.at(path))
    cast.close()
    back = HubProcess(tmp_path, clock=None, environment=environment, port=process.port).start()
    try:
        wanted = {first.id, second.id}
        until(lambda: {c.message["data"]["document"] for c in receiver.at(path)[seen:]} == wanted, 20)
        calls = receiver.at(path)
        assert all(call.verified(secret) for call in calls)
        assert {call.id for call in calls if call.message["data"]["document"] == first.id} == {before.id}
    finally:
        back.stop()


def test_a_refusal_of_the_client_names_what_to_do(running: Cast) -> None:
    with pytest.raises(Refused, match="no webhook") as refused:
        running["SG-NSW"].webhook("whk_none")
    assert "tb webhook list" in refused.value.next_step
