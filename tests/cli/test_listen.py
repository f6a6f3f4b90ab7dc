"""`tb listen` and `tb webhook` against a hub, without a world: what is forwarded is what a webhook would be told."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ran, in_process
from tests.exchange.cast import Cast, certificate
from tests.exchange.receiver import Receiver, answering, receiving
from tests.exchange.running import hub_in_thread
from tests.waiting import until
from tradebridge.cli.exits import Exit

SECRET = "whsec_" + "A" * 43 + "="


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub")) as running:
        yield running.join()


@pytest.fixture
def tb(cast: Cast, tmp_path: Path) -> Any:
    run = in_process(tmp_path)

    def with_hub(*arguments: str) -> Ran:
        return run(*arguments, env={"TRADEBRIDGE_URL": cast.url})

    return with_hub


def told(ran: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.out.splitlines()]


def test_what_was_missed_is_forwarded_signed_and_under_the_name_that_a_webhook_gives_it(
    cast: Cast, receiver: Receiver, tb: Any
) -> None:
    added = tb("webhook", "add", f"{receiver.url}/hub", "--member", "sg", "--event", "document.accepted", "--json").json
    for number in ("SG-2026-31001", "SG-2026-31002"):
        cast["SG-NSW"].submit(certificate(number), ["TH-NSW"])
    by_hub = receiver.wait("/hub", 2)
    options = ("--member", "sg", "--event", "document.*", "--since", "-1", "--count", "2", "--secret", SECRET, "--json")
    ran = tb("listen", "--forward-to", f"{receiver.url}/here", *options)
    assert ran.code == Exit.OK
    here = receiver.at("/here")
    assert [each.id for each in here] == [each.id for each in by_hub]
    assert [each.verified(SECRET) for each in here] == [each.verified(added["secret"]) for each in by_hub]
    assert [each["about"] for each in told(ran)] == ["SG-2026-31001", "SG-2026-31002"]
    last = told(ran)[0]["id"]
    ran = tb("listen", "--forward-to", f"{receiver.url}/on", *options[:4], "--since", last, "--count", "1", "--json")
    assert [each["about"] for each in told(ran)] == ["SG-2026-31002"]
    assert "whsec_" in ran.err and f"--since {told(ran)[0]['id']}" in ran.err


def test_what_the_address_does_not_take_is_told_and_makes_the_exit_code(receiver: Receiver, tb: Any) -> None:
    receiver.answers["/broken"] = answering(500)
    ran = tb("listen", "--forward-to", f"{receiver.url}/broken", "--since", "-1", "--count", "1")
    assert ran.code == Exit.CHECKS_FAILED and "HTTP 500" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--forward-to", "ftp://127.0.0.1/"),
        ("--forward-to", "http://127.0.0.1/", "--event", "document.eaten"),
        ("--forward-to", "http://127.0.0.1/", "--secret", "whsec_short"),
        ("--forward-to", "http://127.0.0.1/", "--secret", SECRET.removeprefix("whsec_")),
        ("--forward-to", "http://127.0.0.1/", "--timeout", "0"),
    ],
)
def test_what_cannot_be_listened_to_is_a_usage_error(tb: Any, arguments: tuple[str, ...]) -> None:
    assert tb("listen", *arguments).code == Exit.USAGE


def test_the_life_of_a_webhook_from_the_command_line(receiver: Receiver, tb: Any) -> None:
    receiver.answers["/life"] = answering(500)
    added = tb("webhook", "add", f"{receiver.url}/life", "--member", "vn", "--event", "member.changed,delivery.*")
    assert added.code == Exit.OK and added.out.startswith("whsec_")
    of = ("--member", "vn")
    webhook = tb("webhook", "list", *of, "--json").json["items"][0]["id"]
    assert webhook in tb("webhook", "list").out
    failed = tb("webhook", "test", webhook, *of)
    assert failed.code == Exit.CHECKS_FAILED and "HTTP 500" in failed.out
    receiver.wait("/life", 2)  # the test, and that it was added
    listed = until(lambda: "retrying" in (ran := tb("webhook", "deliveries", webhook, *of)).out and ran)
    assert "member.changed" in listed.out and "1 tried" in listed.out and "HTTP 500" in listed.out
    receiver.answers["/life"] = answering(204)
    position = tb("webhook", "deliveries", webhook, *of, "--json").json["items"][0]["position"]
    assert tb("webhook", "resend", webhook, str(position), *of).code == Exit.OK
    receiver.wait("/life", 3)
    assert tb("webhook", "rotate", webhook, "--overlap", "0", *of).out.startswith("whsec_")
    assert tb("webhook", "enable", webhook, *of, "--json").json["status"] == "active"
    assert tb("webhook", "resend", webhook, *of).code == Exit.USAGE
    assert tb("webhook", "remove", webhook, *of).code == Exit.OK
    gone = tb("webhook", "test", webhook, *of)
    assert gone.code == Exit.REFUSED and "webhook.unknown" in gone.err
    assert tb("webhook", "list", *of).out == "there is no webhook\n"


def test_what_cannot_be_triggered_says_how_it_comes_or_what_can(tb: Any) -> None:
    assert "tb bl issue" in tb("trigger", "title.changed").err
    unknown = tb("trigger", "document.eaten")
    assert unknown.code == Exit.USAGE and "document.accepted" in unknown.err


def test_every_event_can_be_triggered_or_says_how_it_comes() -> None:
    from tradebridge.cli.trigger import OTHERWISE, TRIGGERS
    from tradebridge.webhooks import EVENTS

    assert {*TRIGGERS, *OTHERWISE} == set(EVENTS) and not TRIGGERS.keys() & OTHERWISE.keys()
