"""Windows that really differ: each takes, checks and answers in its own form, and the hub reads it back."""

import json
from base64 import b64decode, b64encode, urlsafe_b64decode
from typing import Any

import httpx
import pytest

from adapters.port import Statement, find_adapter
from adapters.single_windows.countries import countries
from schemas.event import Actor, Event, EventType, Subject, encode_event
from simulator.members import keys_of
from tests.simulator.conftest import AT, Space, until
from tradebridge.calls import Refused
from tradebridge.evidence import jws
from tradebridge.evidence.simulation import test_partner_key as partner_key_of
from tradebridge.evidence.trust import TrustList


def native(space: Space, to: str, number: str) -> tuple[bytes, str]:
    """What the window has written in its own form of a document sent to it, and the word that it says."""
    document = space.send(number, to)
    until(lambda: space.state_of(document, f"{to}-NSW") in ("accepted", "rejected"))
    signed = [each for each in space.journal(member=f"{to}-NSW", document=document) if each["kind"] == "event signed"]
    event = json.loads(urlsafe_b64decode(signed[0]["token"].split(".")[1] + "=="))
    return b64decode(event["body"]["native"]), event["type"]


@pytest.mark.parametrize(
    ("to", "style", "mark"),
    [
        pytest.param("TH", "ebxml", b"msg-header-2_0.xsd", id="TH"),
        pytest.param("ID", "insw", b'"format":"insw-simulation/1"', id="ID"),
    ],
)
def test_a_window_decides_in_its_own_form(space: Space, to: str, style: str, mark: bytes) -> None:
    data, said = native(space, to, "SG-2026-W01-R02")
    assert mark in data
    statement = find_adapter(style, to).codec.decode_event(data)
    assert isinstance(statement, Statement)
    assert (statement.type, said) == ("rejected", "rejected")
    assert statement.reasons[0][0] == "simulation.hs-mismatch"


def test_thailands_answer_is_signed_by_thailand(space: Space) -> None:
    data, _ = native(space, "TH", "SG-2026-W02")
    seal, trust = find_adapter("ebxml", "TH").seal, TrustList.from_json(space.hub("SG-NSW").trust())
    assert seal is not None
    assert seal.check(data, trust, "TH-NSW", AT) is None
    changed = seal.check(data.replace(b">Accepted<", b">Rejected<"), trust, "TH-NSW", AT)
    assert changed is not None
    assert changed.code == "signature.wrong-content"


def test_indonesia_answers_only_who_shows_the_key_that_it_gave(space: Space) -> None:
    url = f"{space.launched.world_url}{space.prefix}/partners/ID-NSW/push"
    body: dict[str, list[str]] = {"deliveries": []}
    with httpx.Client(trust_env=False) as client:
        stranger = client.post(url, json=body)
        wrong = client.post(url, json=body, headers={"Insw-key": "tb_test_wrong"})
        right = client.post(url, json=body, headers={"Insw-key": partner_key_of("42", "ID-NSW")})
        other = client.post(url.replace("ID-NSW", "MY-NSW"), json=body)
    assert [each.status_code for each in (stranger, wrong, right, other)] == [401, 401, 200, 200]
    assert stranger.json()["errors"][0]["code"] == "E401"


def said_of(document: str, digest: str, data: bytes) -> str:
    event = Event(
        id="evt_01kx0000000123456789abcdef",
        type=EventType.ACCEPTED,
        document=Subject(id=document, content_digest=digest),
        recipient="TH-NSW",
        expected_sequence=0,
        actor=Actor(member="TH-NSW"),
        at=AT,
        body={"native": b64encode(data).decode(), "nativeMediaType": "text/xml"},
    )
    return jws.sign(encode_event(event), jws.EVENT, keys_of("42", "TH-NSW").event, AT)


def test_an_event_that_says_other_than_the_answer_inside_is_refused(space: Space) -> None:
    rejected, _ = native(space, "TH", "SG-2026-W03-R01")
    document = space.send("SG-2026-W04-N01", "TH")
    digest = space.hub("SG-NSW").summary(document)["contentDigest"]
    seal = find_adapter("ebxml", "TH").seal
    assert seal is not None
    for data, found in (
        (rejected, "rejected on doc_"),
        (rejected.replace(b"Rejected", b"Accepted"), "signature."),
        (b"?", "syntax.not-recognised"),
    ):
        with pytest.raises(Refused) as refused:
            space.hub("TH-NSW").send_event(document, said_of(document, digest, data))
        (finding,) = refused.value.findings
        assert (finding.code, finding.pointer) == ("partner.native-differs", "/body/native")
        assert finding.found.startswith(found)
    assert space.state_of(document) == "issued"


@pytest.mark.parametrize("to", ["TH", "ID", "KH"])
def test_a_refusal_by_the_system_and_one_by_an_officer_are_two_things_in_the_feed(space: Space, to: str) -> None:
    by_system, by_officer = space.send("SG-2026-W05-S01", to), space.send("SG-2026-W06-R02", to)
    until(lambda: space.state_of(by_officer, f"{to}-NSW") == "rejected")
    told: dict[str, list[dict[str, Any]]] = {by_system: [], by_officer: []}
    for event in space.hub("SG-NSW").feed("-1"):
        told[event.data["document"]].append({"kind": event.type, **event.data})
        if {"delivery.refused"} <= {each["kind"] for each in told[by_system]} and any(
            each["kind"] == "event.accepted" for each in told[by_officer]
        ):
            break
    (refusal,) = (each for each in told[by_system] if each["kind"] == "delivery.refused")
    codes = find_adapter(countries()[to].style.value, to).refusals
    assert codes is not None
    assert refusal["by"] == "system"
    assert refusal["reasons"] == [
        {"code": codes.codes["other"], "pointer": "", "text": "The message could not be processed."}
    ]
    assert refusal["error"].startswith("partner.refused: ")
    (said,) = (each for each in told[by_officer] if each["kind"] == "event.accepted")
    assert said["type"] == "rejected"
    assert not any(each["kind"] == "delivery.refused" for each in told[by_officer])
    assert space.state_of(by_system, f"{to}-NSW") == "issued", "nobody has decided"
    journal = space.journal(member=f"{to}-NSW", document=by_system)
    assert [each["kind"] for each in journal] == ["turned away"]
    (dead,) = (each for each in space.hub("OPERATOR").deliveries(state="dead").items if each["documentId"] == by_system)
    assert dead["lastError"] == refusal["error"]
