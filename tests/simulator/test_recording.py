"""Recording a session and replaying it: the same seed gives the same cassette, and a new version is compared by it."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from schemas.event import Actor, Event, EventType, Subject, encode_event
from simulator.cassette import Cassette, Step, read_cassette
from simulator.comparing import compare
from simulator.members import Member, description, keys_of
from simulator.replaying import CannotReplay, Replayed, replay
from tests.simulator.conftest import AT, Space, form_d, until
from tradebridge.client import Hub
from tradebridge.evidence import jws
from tradebridge.evidence.simulation import test_api_key as api_key_of

_SPACES = itertools.count(1)
JOINING = Member("MY-APP", "Mine", "SG", "platform", None, "pull", ("recipient",), (), ("atiga-form-d/2022",))


def recorded(space: Space, session: Callable[[Hub, Space], None]) -> Cassette:
    """The cassette of a session, spoken as SG-NSW through the recorder."""
    url = space.post("/recording", 201)["url"]
    with Hub(url, space.launched.api_keys["SG-NSW"]) as hub:
        session(hub, space)
    answer = space.http.get(f"{space.launched.world_url}{space.prefix}/_sim/v1/recording/cassette")
    assert answer.status_code == 200, answer.text
    return read_cassette(answer.content)


def session(hub: Hub, space: Space) -> None:
    """A document that is accepted, one that a script has rejected, one that is refused; and looks at them."""
    accepted = hub.submit(form_d("SG-2026-R-1"), ["TH-NSW"])
    until(lambda: space.state_of(accepted.id) == "accepted")
    hub.summary(accepted.id)
    space.post("/scripts", 201, to="TH", decision="rejected", reason="hs-mismatch", after="PT2S")
    rejected = hub.submit(form_d("SG-2026-R-2", variant=1), ["TH-NSW"])
    until(lambda: space.journal(member="TH", kind="acknowledged", document=rejected.id))
    space.post("/clock:advance", by="PT2S")
    until(lambda: len(space.journal()) == 13)
    hub.validate(form_d("SG-2026-R-3").replace(b".", b"..", 1))


def test_what_is_not_recorded_is_refused(space: Space) -> None:
    answer = space.http.get(f"{space.launched.world_url}{space.prefix}/recorded/v1/profiles")
    assert (answer.status_code, answer.json()["code"]) == (409, "simulation.not-recording")
    assert space.call("GET", "/recording", 409)["code"] == "simulation.not-recording"
    space.post("/recording", 201)
    space.post("/reset", what=["documents"])
    assert space.call("GET", "/recording", 409), "it ends with the past of its space"


def test_what_a_new_version_does_otherwise_is_found(cassette: Cassette, default: Space) -> None:
    """The new version is one whose officers in Thailand query what was accepted: a script plays it."""
    script = Step(cassette.clock, 0, "POST", "/scripts", 201, control=True, body='{"to": "TH", "decision": "queried"}')
    changed = dataclasses.replace(cassette, steps=(script, *cassette.steps))
    after = replay(changed, default.launched.world_url, f"replay{next(_SPACES)}", patience=3.0).cassette
    differences, _ = compare(changed, after)
    told = {each.where: (each.before, each.after) for each in differences}
    assert told["document SG-2026-R-1 atiga-form-d/2022 SG-NSW: /recipients/TH-NSW/state"] == ("accepted", "queried")
    assert ("once", "not there") in [
        told[where] for where in told if where.startswith("journal: TH-NSW event sent accepted SG-2026-R-1")
    ]


def test_a_member_that_joins_and_an_event_of_ones_own_are_replayed(space: Space) -> None:
    """What names a document by its id is sent with the id that it has now, signed anew; a member gets a new key."""

    def own(hub: Hub, space: Space) -> None:
        accepted = hub.submit(form_d("SG-2026-R-OWN"), ["TH-NSW"])
        until(lambda: space.state_of(accepted.id) == "accepted")
        with Hub(hub.url, space.launched.operator_key) as operator:
            described = description(JOINING, keys_of("42", JOINING.id), "")
            operator.add_member(described)
        said = Event(
            id="evt_01ke6p4ym0000000000000own1",
            type=EventType.CANCELLED,
            document=Subject(id=accepted.id, content_digest=accepted.content_digest),
            expected_sequence=1,
            actor=Actor(member="SG-NSW"),
            at=AT,
        )
        hub.send_event(accepted.id, jws.sign(encode_event(said), jws.EVENT, keys_of("42", "SG-NSW").event, AT))
        until(lambda: len(space.journal()) == 8)
        with Hub(hub.url, keys_of("42", JOINING.id).api_key) as joined:
            joined.documents()

    cassette = recorded(space, own)
    assert [each.caller for each in cassette.steps] == ["SG-NSW", "OPERATOR", "SG-NSW", JOINING.id]
    assert [each.status for each in cassette.steps] == [202, 201, 202, 200]
    again = replayed(cassette, space)
    assert [each.to_json() for each in compare(cassette, again.cassette)[0]] == []
    assert again.notes == ("step 3: the event was signed anew, as it names a document that has another id now",)


def test_a_cassette_of_another_seed_is_refused(cassette: Cassette, default: Space) -> None:
    with pytest.raises(CannotReplay, match="tb up --seed 7"):
        replayed(dataclasses.replace(cassette, seed="7"), default)


def replayed(cassette: Cassette, space: Space) -> Replayed:
    return replay(cassette, space.launched.world_url, f"replay{next(_SPACES)}")


@pytest.fixture(scope="module")
def cassette(launched: Any, http: Any) -> Cassette:
    """Of the session above, in a space of its own."""
    default = Space("", launched, http)
    default.post("/spaces", 201, name="recorded")
    made = Space("recorded", launched, http)
    try:
        return recorded(made, session)
    finally:
        made.close()
        default.call("DELETE", "/spaces/recorded", 204)


def test_a_replay_of_the_same_version_differs_in_nothing(cassette: Cassette, default: Space) -> None:
    again = replayed(cassette, default)
    differences, pairs = compare(cassette, again.cassette)
    assert [each.to_json() for each in differences] == []
    assert pairs.moved == 4, "ids are of their space: two documents and their messages"
    assert (pairs.times, again.notes) == (0, ())
    assert len(again.cassette.steps) == len(cassette.steps) >= 6
    states = [each["recipients"]["TH-NSW"]["state"] for each in again.cassette.documents]
    assert states == ["accepted", "rejected"]
    assert {step.caller for step in cassette.steps if not step.control} == {"SG-NSW"}


def bytes_of(cassette: Cassette) -> bytes:
    """Without how far the others had come at each step: the machine's pace decides that."""
    return dataclasses.replace(
        cassette, steps=tuple(dataclasses.replace(each, entries=0) for each in cassette.steps)
    ).data()


def test_the_same_seed_space_and_calls_give_the_same_bytes(cassette: Cassette, default: Space) -> None:
    again = replay(cassette, default.launched.world_url, "recorded").cassette
    assert bytes_of(again) == bytes_of(cassette)


def test_no_key_is_in_a_cassette(cassette: Cassette) -> None:
    data = cassette.data()
    assert b"tb_test_" not in data
    assert api_key_of("42", "SG-NSW").encode() not in data
    assert b"uthorization" not in data
    assert read_cassette(data) == cassette
