"""What is pushed to a member goes to the address that was looked at, and in a pilot to none of a private network."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from exchange.config import Settings
from exchange.hub import Hub, open_hub
from exchange.members import Member
from exchange.reach import Reach
from tests.exchange.cast import NOW, SEED, description
from tests.exchange.receiver import Receiver, answering, receiving
from tests.exchange.running import hub_in_thread
from tests.exchange.test_reach import Names


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that does not run."""
    hub = open_hub(Settings(data=tmp_path_factory.mktemp("hub"), seed=SEED, clock=NOW))
    yield hub
    hub.writer.stop()
    hub.database.close()


def member_at(url: str) -> Member:
    return Member("TH-NSW", "", "TH", "single window", ("recipient",), (), (), None, url, False, (), True)


def pushed(hub: Hub, url: str, names: Names, *, private: bool = True) -> str:
    """Why there are no acknowledgements."""

    async def push() -> str:
        hub.deliverer.reach = Reach(private=private, resolve=names, connections=2, kept=1)
        _, failure, _ = await hub.deliverer._post(member_at(url), ())
        await hub.deliverer.reach.close()
        return failure

    return asyncio.run(push())


def test_a_name_is_asked_for_once_and_the_push_goes_where_it_was_looked_at(hub: Hub, receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2]
    names = Names(["127.0.0.1"], ["169.254.169.254"])  # the second answer would be the rebound one
    assert pushed(hub, f"http://window.example:{port}/push", names) == "HTTP 204"
    (call,) = receiver.at("/push")
    assert (names.asked, call.headers["host"], call.headers["connection"]) == (1, f"window.example:{port}", "close")


@pytest.mark.parametrize(("address", "private"), [("10.0.0.1", False), ("127.0.0.1", False), ("169.254.169.254", True)])
def test_an_address_that_is_not_allowed_is_not_called(
    hub: Hub, receiver: Receiver, address: str, private: bool
) -> None:
    port = receiver.url.rpartition(":")[2]
    failure = pushed(hub, f"http://window.example:{port}/never", Names([address]), private=private)
    assert failure == f"window.example is at {address}, which is not on the public internet"
    assert receiver.at("/never") == []


def test_no_redirect_of_a_push_is_followed(hub: Hub, receiver: Receiver) -> None:
    receiver.answers["/moved"] = answering(307, Location=f"{receiver.url}/private")
    assert pushed(hub, f"{receiver.url}/moved", Names(["127.0.0.1"])) == "HTTP 307"
    assert receiver.at("/private") == []


def test_a_name_that_is_none_fails_the_push_and_nothing_else(hub: Hub) -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    async def push() -> str:
        hub.deliverer.reach = Reach(private=True, resolve=nowhere)
        return (await hub.deliverer._post(member_at("http://window.example/"), ()))[1]

    assert asyncio.run(push()) == "OSError: no such name"


def test_a_pilot_pushes_to_the_public_internet_over_tls_alone(tmp_path: Path) -> None:
    with hub_in_thread(tmp_path, seed="", clock=None, mode="pilot") as pilot:
        key = {"Authorization": f"Bearer {(tmp_path / 'operator.key').read_text().strip()}"}
        for url in (
            "http://8.8.8.8/push",
            "https://127.0.0.1/push",
            "https://localhost/push",
            "https://10.1.2.3:8443/push",
            "https://169.254.169.254/push",
            "https://[::ffff:10.0.0.1]/push",
            "https://2130706433/push",
        ):
            described = {**description("TH-NSW"), "delivery": {"mode": "push", "url": url}}
            described.pop("apiKey", None)
            answer = httpx.post(f"{pilot.url}/v1/members", json=described, headers=key)
            told = answer.json()
            assert (answer.status_code, told["code"]) == (422, "member.out-of-reach"), told
            assert told["errors"][0]["pointer"] == "/delivery/url"
