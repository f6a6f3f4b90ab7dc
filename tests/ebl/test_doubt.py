"""What a sender does with answers that decide nothing: it locks the title, asks again, and never guesses."""

import base64
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from schemas.bill_of_lading.pint import Outcome, Party, signed_checksum, to_json
from simulator.platforms import token_of
from tests.ebl import cast
from tests.ebl.cast import BANK, EXPORTER, FORWARDER
from tests.ebl.running import JSON, RETRIES, SEED, Platforms, key_of, platforms
from tests.serving import served
from tradebridge.ebl.envelope import answer
from tradebridge.ebl.seal import seal

HASTY = RETRIES | {"attempts": 3, "slow": 0.2}
RECIPIENT = cast.party("Example Fake Trading", "SIM-FAKE", "FAKE")


class Fake:
    """A platform that answers each envelope as the test says: one reply after the other, the last one for ever."""

    def __init__(self) -> None:
        self.url = ""
        self.replies: list[Callable[[str], Response]] = []
        self.seen: list[JSON] = []

    def reply(self, envelope: JSON) -> Response:
        self.seen.append(envelope)
        chosen = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return chosen(signed_checksum(envelope["envelopeTransferChain"][-1]))


@pytest.fixture(scope="module")
def fake() -> Iterator[Fake]:
    one, app = Fake(), FastAPI()

    @app.post("/pint/v3/envelopes")
    async def envelopes(request: Request) -> Response:
        return one.reply(await request.json())

    with served(app) as one.url:
        yield one


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, fake: Fake) -> Iterator[Platforms]:
    with platforms(tmp_path_factory.mktemp("doubt"), ("STRA", "MEKO"), start=False, patience=HASTY) as running:
        running["STRA"].config["peers"].append({"code": "FAKE", "base": fake.url})
        for process in running.processes.values():
            process.start()
        yield running


def by_key(outcome: Outcome, key: str = "FAKE", **more: Any) -> Callable[[str], Response]:
    return lambda last: JSONResponse(answer(outcome, last, key_of(key), **more), 200)


def plain(status: int, body: Any = None) -> Callable[[str], Response]:
    return lambda last: JSONResponse(body, status)


def claims(**members: Any) -> Callable[[str], Response]:
    """A signed answer with these members."""
    name = "lastEnvelopeTransferChainEntrySignedContentChecksum"
    return lambda last: JSONResponse(seal({name: last} | members, key_of("FAKE")), 422)


RECE = by_key(Outcome.RECE)
DECIDES_NOTHING: dict[str, Callable[[str], Response]] = {
    "an unsigned 500": plain(500, {"statusCode": 500}),
    "an unsigned 422": plain(422, {"statusCode": 422}),
    "200 with nothing": plain(200),
    "200 with an unsigned RECE": plain(200, {"responseCode": "RECE"}),
    "no JSON": lambda last: Response(b"<html>", 200),
    "a redirect": lambda last: Response(status_code=307, headers={"Location": "http://127.0.0.1:9/"}),
    "DISE": by_key(Outcome.DISE),
    "BSIG": by_key(Outcome.BSIG),
    "RECE by another key": by_key(Outcome.RECE, "MEKO"),
    "RECE of another entry": lambda last: JSONResponse(answer(Outcome.RECE, "0" * 64, key_of("FAKE")), 200),
    "BENV of another entry": lambda last: JSONResponse(answer(Outcome.BENV, "0" * 64, key_of("FAKE")), 422),
    "BENV by another key": by_key(Outcome.BENV, "MEKO"),
    "a code that is none": claims(responseCode="WHAT"),
    "MDOC where nothing was declared": by_key(Outcome.MDOC),
    "too much": lambda last: Response(b'"' + b"A" * 1_100_000 + b'"', 200),
}


@pytest.mark.parametrize("reply", DECIDES_NOTHING.values(), ids=DECIDES_NOTHING.keys())
def test_what_decides_nothing_leaves_the_title_in_doubt_until_something_does(
    two: Platforms, fake: Fake, reply: Callable[[str], Response]
) -> None:
    reference = two.issue()
    fake.seen.clear()
    fake.replies[:] = [reply]
    sent = two["STRA"].act(reference, "TRANSFER", EXPORTER, RECIPIENT)
    two["STRA"].stands(reference, "in-doubt")
    assert two["STRA"].try_act(reference, "TRANSFER", EXPORTER, BANK).json()["code"] == "title.under-way"
    assert two.holders(reference) == ["STRA in-doubt"]
    fake.replies[:] = [RECE]
    assert two["STRA"].settled(sent["transfer"])["state"] == "accepted"
    assert two["STRA"].title(reference)["at"] == "away"
    assert all(each == fake.seen[0] for each in fake.seen), "the same envelope, again and again"


@pytest.mark.parametrize(
    ("replies", "state", "at"),
    [
        ([by_key(Outcome.BENV)], "refused", "here"),
        ([claims(responseCode="BETR")], "refused", "here"),
        ([by_key(Outcome.BSIG), by_key(Outcome.BENV)], "refused", "here"),
        ([by_key(Outcome.BSIG), RECE], "accepted", "away"),
        ([plain(500), by_key(Outcome.BENV)], "refused", "here"),
        ([plain(500), by_key(Outcome.DUPE)], "accepted", "away"),
        ([by_key(Outcome.DISE), RECE], "accepted", "away"),
    ],
    ids=[
        "BENV",
        "BETR",
        "BSIG, then BENV",
        "BSIG, then RECE",
        "silence, then BENV",
        "silence, then DUPE",
        "DISE, then RECE",
    ],
)
def test_what_decides(
    two: Platforms, fake: Fake, replies: list[Callable[[str], Response]], state: str, at: str
) -> None:
    reference = two.issue()
    fake.replies[:] = list(replies)
    sent = two["STRA"].act(reference, "TRANSFER", EXPORTER, RECIPIENT)
    assert two["STRA"].settled(sent["transfer"])["state"] == state
    assert two["STRA"].title(reference)["at"] == at


def test_after_a_kill_a_bad_signature_takes_no_title_back(two: Platforms, fake: Fake) -> None:
    """The envelope may have been accepted while the process was dying."""
    reference = two.issue()
    fake.replies[:] = [RECE]
    two["STRA"].restart("send.answered")
    body = {"action": "TRANSFER", "actor": to_json(EXPORTER), "recipient": to_json(RECIPIENT)}
    with contextlib.suppress(httpx.HTTPError):  # it may stand still before it can answer
        two["STRA"].call("POST", f"/v1/titles/{reference}/actions", body, timeout=1)
    two["STRA"].wait_held("send.answered")
    two["STRA"].kill()
    fake.replies[:] = [by_key(Outcome.BSIG)]
    two["STRA"].start()
    two["STRA"].stands(reference, "in-doubt")
    fake.replies[:] = [RECE]
    two["STRA"].stands(reference, "away")


def test_a_receiver_that_is_away_is_asked_until_it_is_back(two: Platforms) -> None:
    reference = two.issue()
    two["MEKO"].kill()
    sent = two["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)
    two["STRA"].stands(reference, "in-doubt")
    assert two["STRA"].transfer(sent["transfer"])["lastError"]
    two["MEKO"].start()
    assert two["STRA"].settled(sent["transfer"])["state"] == "accepted"
    assert two.holders(reference) == ["MEKO"]


def test_of_many_actions_at_once_exactly_one_moves_the_title(two: Platforms) -> None:
    reference = two.issue()
    sequence = two["STRA"].title(reference)["sequence"]

    def act(recipient: Party) -> int:
        body = {"expectedSequence": sequence}
        return two["STRA"].try_act(reference, "TRANSFER", EXPORTER, recipient, **body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(act, [BANK, FORWARDER] * 4))
    assert sorted(statuses) == [200] + [409] * 7
    assert len(two.holders(reference)) == 1


def test_envelopes_at_once_are_accepted_once(two: Platforms) -> None:
    reference = two.issue()
    two["MEKO"].kill()
    sent = two["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)
    (row,) = two["STRA"].rows("select envelope from ebl_transfers where id = ?", sent["transfer"])
    two["MEKO"].start()
    url = f"{two['MEKO'].url}/pint/v3/envelopes"
    headers = {"Authorization": f"Bearer {token_of(SEED, 'STRA', 'MEKO')}", "Content-Type": "application/json"}

    def post(_: int) -> str:
        told = httpx.post(url, content=row["envelope"], headers=headers, timeout=20, trust_env=False)
        payload = told.json().split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["responseCode"])

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(post, range(8)))
    assert codes.count("RECE") <= 1
    assert set(codes) <= {"RECE", "DUPE"}
    assert two["STRA"].settled(sent["transfer"])["state"] == "accepted"
    assert two.holders(reference) == ["MEKO"]


def test_the_command_serves_a_platform(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "tradebridge.cli", "partner", "serve", "STRA", "--data", str(tmp_path)]
    process = subprocess.Popen([*command, "--account", "SHIP=A shipper"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().rsplit(" ", 1)[1].strip()
        end = time.monotonic() + 10
        while True:
            try:
                accounts = httpx.get(f"{url}/v1/accounts", timeout=5, trust_env=False).json()["items"]
                break
            except httpx.ConnectError:
                assert time.monotonic() < end
                time.sleep(0.05)
        assert [each["id"] for each in accounts] == ["SHIP"]
    finally:
        process.kill()
        process.wait()
