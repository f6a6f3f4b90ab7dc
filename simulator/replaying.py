"""A cassette, sent again: to a space of its own in a running world, which is then recorded in the same way.

1. The world must be of the same seed: documents are signed with keys that come out of it.
2. Calls go in their order, each when the journals have come as far as they had when it was recorded, so that a decision
   is answered after it was made. What does not come in time is not waited for again: it is a difference in the end.
3. The clock stands. Where it ran, it is put to the moment of each call before that.
4. Ids that are others than before are put in where the old ones stood; an event that names a document by another id is
   signed anew, with the key that the seed gives its speaker.
"""

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import rfc8785

from simulator.cassette import LEFT_OUT, Cassette, Step, read_cassette, sent_body
from simulator.comparing import Pairs, differences
from simulator.members import keys_of
from tradebridge.evidence import jws
from tradebridge.evidence.simulation import test_api_key
from tradebridge.outbound import context_for

POLL_SECONDS = 0.05


class CannotReplay(RuntimeError):
    """The world does not take the cassette; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay gave."""

    cassette: Cassette
    notes: tuple[str, ...]
    """What was done differently than before, and why."""


def replay(
    cassette: Cassette,
    world_url: str,
    space: str,
    *,
    keep: bool = False,
    patience: float = 10.0,
    told: Callable[[int], None] = lambda step: None,
) -> Replayed:
    """Send all of a cassette to a new space of this world, and record it there. `keep`: the space stays. `patience`:
    seconds to wait for what the simulated members wrote. `told` is called after each step. Raises `CannotReplay`."""
    verify = context_for(world_url)
    with httpx.Client(trust_env=False, timeout=180.0, verify=verify) as http:
        before = _Player(http, world_url.rstrip("/"), cassette, patience)
        seed = before.control("GET", "/state")["seed"]
        if seed != cassette.seed:
            raise CannotReplay(
                f"the cassette is of seed {cassette.seed!r}, this world of {seed!r}: tb up --seed {cassette.seed}"
            )
        before.control("POST", "/spaces", {"name": space})
        player = _Player(http, f"{before.url}/s/{space}", cassette, patience)
        try:
            return _replayed(player, told)
        finally:
            if not keep:
                with suppress(CannotReplay):  # what went wrong before says more
                    before.control("DELETE", f"/spaces/{space}")


def _replayed(player: "_Player", told: Callable[[int], None]) -> Replayed:
    player.control("POST", "/clock", {"mode": "frozen", "at": player.cassette.clock})
    player.control("POST", "/recording", {})
    for number, step in enumerate(player.cassette.steps, 1):
        player.play(step, number)
        told(number)
    player.wait(player.cassette.entries)
    answer = player.send("GET", "/_sim/v1/recording/cassette", b"", {})
    _told(answer)
    return Replayed(read_cassette(answer.content), tuple(player.notes))


def _told(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise CannotReplay(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}"
        )
    said: dict[str, Any] = answer.json() if answer.content else {}
    return said


@dataclass
class _Player:
    """One replay at work."""

    http: httpx.Client
    url: str
    """Of the space's world."""
    cassette: Cassette
    patience: float
    keys: dict[str, str] = field(default_factory=dict)
    """API keys that the hub has given since, by member; the others are those of the seed."""
    pairs: Pairs = field(init=False)
    late: bool = False
    """Something has not come in time."""
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pairs = Pairs(self.cassette, self.cassette)

    def play(self, step: Step, number: int) -> None:
        self.wait(step.entries)
        if not self.cassette.stands:
            self.control("POST", "/clock", {"mode": "frozen", "at": step.at}, {"Tradebridge-Unrecorded": "1"})
        if step.control:  # what it answers is compared in the end
            self.send(step.method, f"/_sim/v1{step.path}", sent_body(step.body), {})
            return
        headers = dict(step.headers)
        if step.caller:
            headers["Authorization"] = f"Bearer {self._key(step.caller, number)}"
        path = self._with_new_ids(step.path)
        body = self._body(step, number)
        answer = self.send(step.method, f"/recorded{path}", body, headers)
        self._learn(step, answer)

    def wait(self, entries: int) -> None:
        """Rule 2."""
        until = time.monotonic() + (0.5 if self.late else self.patience)
        while int(self.control("GET", "/recording")["entries"]) < entries:
            if time.monotonic() > until:
                self.late = True
                return
            time.sleep(POLL_SECONDS)

    def _key(self, caller: str, number: int) -> str:
        if caller == "?":
            self.notes.append(f"step {number} was sent with a key that is nobody's, and is again")
        return self.keys.get(caller) or test_api_key(self.cassette.seed, caller)

    def _learn(self, step: Step, answer: httpx.Response) -> None:
        """The ids of the answer beside those of before, and a key that it gives."""
        try:
            said = answer.json()
        except ValueError:
            return
        if isinstance(said, dict) and isinstance(said.get("apiKey"), str):
            member = said.get("id") or (said.get("member") or {}).get("id")
            self.keys[str(member)] = said["apiKey"]
        for _ in differences(step.answer, said, self.pairs):
            pass

    def _with_new_ids(self, text: str) -> str:
        for one, other in self.pairs.ids.items():
            if one != other:
                text = text.replace(one, other)
        return text

    def _body(self, step: Step, number: int) -> bytes:
        """What is sent: as it was, with what was left out put in, and with the ids of now."""
        body = step.body
        if isinstance(body, dict) and body.get("apiKey") == LEFT_OUT:
            body = body | {"apiKey": test_api_key(self.cassette.seed, str(body.get("id", "")))}
        data = sent_body(body)
        if step.path.endswith("/events") and self.pairs.moved:
            return self._event(data, step, number)
        return data

    def _event(self, data: bytes, step: Step, number: int) -> bytes:
        """Rule 4."""
        try:
            header, payload = (
                json.loads(urlsafe_b64decode(part + b"=" * (-len(part) % 4))) for part in data.split(b".")[:2]
            )
        except ValueError:  # no JWS: it was refused for that, and is again
            return data
        said = json.dumps(payload, ensure_ascii=False)
        if self._with_new_ids(said) == said:
            return data
        self.notes.append(f"step {number}: the event was signed anew, as it names a document that has another id now")
        signer = keys_of(self.cassette.seed, step.caller).event
        payload = rfc8785.dumps(json.loads(self._with_new_ids(said)))
        at = datetime.fromtimestamp(int(header.get("iat", 0)), UTC)
        return jws.sign(payload, str(header.get("typ", "")), signer, at).encode()

    def send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        try:
            return self.http.request(method, self.url + path, content=body or None, headers=headers)
        except httpx.HTTPError as error:
            raise CannotReplay(f"the world does not answer any more: {type(error).__name__}: {error}") from error

    def control(
        self, method: str, path: str, body: Mapping[str, Any] | bytes = b"", headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return _told(self.send(method, f"/_sim/v1{path}", data, headers or {}))
