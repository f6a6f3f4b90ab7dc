"""Windows that really differ: each takes, checks and answers in its own form, and the hub reads it back."""

import asyncio
import json
from base64 import b64decode, b64encode, urlsafe_b64decode
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.port import Refusal, Statement, find_adapter
from adapters.single_windows.countries import countries
from schemas.certificate.model import Certificate
from schemas.content import Syntax
from schemas.event import Actor, Event, EventType, Subject, encode_event
from schemas.registry import profiles
from simulator.documents import sign
from simulator.intake import wrong_with
from simulator.journal import Entry, Kind
from simulator.members import keys_of
from tests.simulator.conftest import AT, Space, until
from tests.simulator.hubs import TRUST, HubAtTheOtherEnd, delivery_of, partner_of
from tradebridge.calls import Accepted, Refused
from tradebridge.evidence import jws
from tradebridge.evidence.simulation import test_partner_key as partner_key_of
from tradebridge.evidence.trust import TrustList

THAILAND = find_adapter("ebxml", "TH")


def sender_to(to: str) -> str:
    return "MY-NSW" if to == "SG" else "SG-NSW"


def certificate(number: str, to: str) -> Certificate:
    profile = profiles()["atiga-form-d/2022"]
    made = profile.example(exporter=sender_to(to)[:2], importer=to, number=number, at=AT)
    assert isinstance(made, Certificate)
    return made


def send(space: Space, document: Certificate, to: str) -> Accepted:
    data = profiles()[document.profile].encode[Syntax.JSON](document)
    sender = sender_to(to)
    signed = sign(data, Syntax.JSON, keys_of("42", sender).document, AT)
    return space.hub(sender).submit(signed, [f"{to}-NSW"])


def state_of(space: Space, document: str, to: str) -> str:
    return str(space.hub(sender_to(to)).summary(document)["recipients"][f"{to}-NSW"]["state"])


def native(space: Space, to: str, number: str) -> tuple[bytes, str]:
    """What the window has written in its own form of a document sent to it, and the word that it says."""
    document = send(space, certificate(number, to), to).id
    until(lambda: state_of(space, document, to) in ("accepted", "rejected"))
    signed = [each for each in space.journal(member=f"{to}-NSW", document=document) if each["kind"] == "event signed"]
    event = json.loads(urlsafe_b64decode(signed[0]["token"].split(".")[1] + "=="))
    return b64decode(event["body"]["native"]), event["type"]


@pytest.mark.parametrize(
    ("to", "style", "mark"),
    [
        pytest.param("TH", "ebxml", b"msg-header-2_0.xsd", id="TH"),
        pytest.param("ID", "insw", b'"format":"insw-simulation/1"', id="ID"),
        pytest.param("SG", "tradenet", b"<tn:Status>REJECTED</tn:Status>", id="SG"),
        pytest.param("VN", "vnaccs", b"   TBC01*CTBC01", id="VN"),
        pytest.param("PH", "mail", b": DISAPPROVED\r\n", id="PH"),
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
    seal, trust = THAILAND.seal, TrustList.from_json(space.hub("SG-NSW").trust())
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
    seal = THAILAND.seal
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


def told_of(space: Space, to: str, documents: tuple[str, ...], wanted: int) -> list[dict[str, Any]]:
    """What the sender's feed tells of refusals by a system and of events on these documents, so many of them."""
    told: list[dict[str, Any]] = []
    for event in space.hub(sender_to(to)).feed("-1"):
        if event.data.get("document") in documents and event.type in ("delivery.refused", "event.accepted"):
            told.append({"kind": event.type, **event.data})
        if len(told) == wanted:
            break
    return told


@pytest.mark.parametrize("to", ["TH", "ID", "SG", "VN", "PH", "KH"])
def test_a_refusal_by_the_system_and_one_by_an_officer_are_two_things_in_the_feed(space: Space, to: str) -> None:
    by_system = send(space, certificate("SG-2026-W05-S01", to), to).id
    by_officer = send(space, certificate("SG-2026-W06-R02", to), to).id
    told = told_of(space, to, (by_system, by_officer), 2)
    (refusal,) = (each for each in told if each["kind"] == "delivery.refused")
    (said,) = (each for each in told if each["kind"] == "event.accepted")
    assert (refusal["document"], refusal["by"], refusal["recipient"]) == (by_system, "system", f"{to}-NSW")
    refusals = find_adapter(countries()[to].style.value, to).refusals
    assert refusals is not None
    assert refusal["reasons"] == [
        {"code": refusals.codes["other"], "pointer": "", "text": "The message could not be processed."}
    ]
    assert refusal["error"].startswith("partner.refused: ")
    assert (said["document"], said["type"]) == (by_officer, "rejected")
    assert state_of(space, by_system, to) == "issued", "nobody has decided"
    assert [each["kind"] for each in space.journal(member=f"{to}-NSW", document=by_system)] == ["turned away"]
    (dead,) = space.hub("OPERATOR").deliveries(state="dead").items
    assert (dead["documentId"], dead["lastError"]) == (by_system, refusal["error"])


def test_what_a_window_asks_for_is_warned_of_and_then_refused_by_its_system(space: Space) -> None:
    whole = certificate("MY-2026-W07", "SG")
    without = whole.model_copy(update={"transport": whole.transport.model_copy(update={"vessel_or_flight": None})})
    accepted = send(space, without, "SG")
    (warned,) = (each for each in accepted.findings if each.code == "partner.asks-for")
    assert (warned.pointer, warned.found, warned.refuses) == ("/transport/vesselOrFlight", "SG-NSW", False)
    (refusal,) = told_of(space, "SG", (accepted.id,), 1)
    assert [(each["code"], each["pointer"]) for each in refusal["reasons"]] == [("DCS010", "/transport/vesselOrFlight")]
    space.hub("OPERATOR").resend(refusal["delivery"])
    again = told_of(space, "SG", (accepted.id,), 2)[1]
    assert again["reasons"] == refusal["reasons"], "sent again it is refused again, in the same words"


def test_the_limit_of_fifty_items_is_singapores_own_too() -> None:
    """The hub finds it before sending; a hub that did not would hear a DCS error."""
    whole = certificate("MY-2026-W08", "SG")
    many = whole.model_copy(
        update={"items": tuple(whole.items[0].model_copy(update={"number": n}) for n in range(1, 52))}
    )
    assert list(wrong_with(many, 10_000, "SG")) == [("too-many", "/items", "51 items, at most 50 fit.")]
    assert list(wrong_with(whole, 10_000, "SG")) == list(wrong_with(many, 10_000, "TH")) == []
    assert [each[0] for each in wrong_with(whole, 700_001, "JP")] == ["too-many"]


def test_an_e_mail_is_taken_out_of_the_folder_once_its_word_is_in_the_journal(tmp_path: Path) -> None:
    hub = HubAtTheOtherEnd()

    async def work() -> None:
        philippines = partner_of("PH-NSW", tmp_path, hub)
        drop = tmp_path / "drop" / "PH-NSW"
        seen: list[bytes] = []
        keep = philippines.journal.append

        def noting(entry: Entry) -> None:
            seen.extend(file.read_bytes() for file in drop.glob("evt_*"))
            keep(entry)

        philippines.journal.append = noting  # type: ignore[method-assign]  # to look into the folder at that moment
        philippines.taken([delivery_of("PH-NSW")])
        while philippines._tasks:
            await asyncio.sleep(0)
        (mail,) = seen
        assert b"Result: APPROVED" in mail
        assert list(drop.iterdir()) == []

    asyncio.run(asyncio.wait_for(work(), 10))
    assert [event["type"] for event in hub.heard] == ["accepted"]


def test_a_message_that_was_changed_on_its_way_is_refused_by_thailands_system(tmp_path: Path) -> None:
    async def work() -> None:
        thailand = partner_of("TH-NSW", tmp_path, HubAtTheOtherEnd())
        delivery = delivery_of("TH-NSW", sealed=False)
        assert thailand.taken([delivery]) == []
        (refusal,) = thailand.refusals([delivery])
        seal, refusals = THAILAND.seal, THAILAND.refusals
        assert seal is not None and refusals is not None
        data = b64decode(refusal["native"])
        assert seal.check(data, TRUST, "TH-NSW", AT) is None
        read = refusals.decode_refusal(data)
        assert isinstance(read, Refusal)
        assert (read.message_id, read.reasons[0][0]) == (delivery.message_id, "SecurityFailure")
        assert [each.kind for each in thailand.journal.entries] == [Kind.TURNED_AWAY]
        again = partner_of("TH-NSW", tmp_path, HubAtTheOtherEnd())
        assert (again.taken([delivery]), again.refusals([delivery])) == ([], [refusal]), "after a restart too"
        assert len(again.journal.entries) == 1

    asyncio.run(asyncio.wait_for(work(), 10))


# --- opening hours ---------------------------------------------------------------------------------------------------


def test_a_window_out_of_hours_takes_and_does_not_decide(space: Space) -> None:
    """The clock stands on a Monday at 09:00 UTC, which is 16:00 in Thailand, where an officer takes an hour."""
    way = space.call("PUT", "/officers/TH", json={"mode": "office"})
    assert way == {"member": "TH-NSW", "mode": "office", "paceSeconds": 3600, "hours": "Mon-Fri 08:30-16:30 +07:00"}
    document = send(space, certificate("SG-2026-W09", "TH"), "TH").id
    until(lambda: space.journal(member="TH-NSW", kind="acknowledged", document=document))
    space.post("/clock", mode="frozen", at="2026-01-06T01:59:59Z")
    second = send(space, certificate("SG-2026-W10", "TH"), "TH").id
    until(lambda: space.journal(member="TH-NSW", kind="acknowledged", document=second))
    assert [state_of(space, each, "TH") for each in (document, second)] == ["issued", "issued"]
    space.post("/clock:advance", by="PT1S")  # 09:00 on Tuesday: half an hour of Monday, half of Tuesday
    until(lambda: state_of(space, document, "TH") == "accepted")
    assert state_of(space, second, "TH") == "issued", "one after the other"
    space.post("/clock:advance", by="PT1H")
    until(lambda: state_of(space, second, "TH") == "accepted")


def test_who_is_no_window_has_no_office(space: Space) -> None:
    told = space.call("PUT", "/officers/TRADEWALTZ-SIM", 409, json={"mode": "office"})
    assert told["code"] == "simulation.no-office"
    assert all(each["mode"] == "auto" for each in space.get("/officers")["items"]), "nobody, unless told"
