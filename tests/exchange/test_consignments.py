"""A certificate and the bill of lading of its consignment: linked, compared, handed to the window that may have it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.event import TitleEvent
from tests.exchange.cast import FORM_AJ, SEED, document, refused_by, signed
from tests.exchange.lading import Hubs, eventually, two_hubs
from tradebridge.evidence.receipts import DeliveryNote, read_note
from tradebridge.evidence.simulation import test_api_key
from tradebridge.evidence.trust import TrustList


@pytest.fixture
def hubs(tmp_path: Path, database_url: str) -> Iterator[Hubs]:
    with two_hubs(tmp_path, database_url) as running:
        yield running


def certificate(number: str, under: str) -> bytes:
    value: Any = document(number, FORM_AJ, importer="JP")
    transport = value.transport.model_copy(update={"transport_document": under, "vessel_or_flight": "ANOTHER VESSEL"})
    return signed(value.model_copy(update={"transport": transport}), "SG-NSW")


def subscribe(hubs: Hubs, member: str = "JP-NACCS") -> httpx.Response:
    headers = {"Authorization": f"Bearer {test_api_key(SEED, member)}"}
    return httpx.put(f"{hubs.here.url}/v1/subscription", headers=headers, timeout=20)


def consent(hubs: Hubs, number: str, member: str, *windows: str) -> None:
    said, document_id = hubs.event(number, member, {"to": list(windows)}, kind=TitleEvent.CONSENTED)
    hubs.here[member].send_event(document_id, said)


def bills(hubs: Hubs, member: str = "JP-NACCS") -> list[Any]:
    return [each for each in hubs.here[member].inbox(limit=500) if b"termsAndConditions" in each.original]


def test_both_show_the_other_and_what_differs_to_who_sees_both(hubs: Hubs) -> None:
    hubs.issue("SIML2602001")
    accepted = hubs.here["SG-NSW"].submit(certificate("SG-AJ-2026-00001", "SIML2602001"), ["JP-NACCS"])
    bill = hubs.title("SIML2602001")["document"]
    shown = hubs.here.operator.summary(accepted.id)["consignment"]
    assert [(each["document"], each["number"]) for each in shown] == [(bill, "SIML2602001")]
    assert "/transport/vesselOrFlight" in {each["pointer"] for each in shown[0]["findings"]}
    back = hubs.here.operator.summary(bill)["consignment"]
    assert [each["document"] for each in back] == [accepted.id]
    assert back[0]["findings"] == shown[0]["findings"]
    assert "consignment" not in hubs.here["JP-NACCS"].summary(accepted.id)
    assert "consignment" not in hubs.here["EXPORTER-SYS"].summary(bill)


@pytest.mark.parametrize("last", ["consent", "subscription", "certificate"])
def test_a_window_gets_the_bill_once_it_wants_it_may_have_it_and_has_the_certificate(hubs: Hubs, last: str) -> None:
    hubs.issue("SIML2602002")
    steps: dict[str, Callable[[], object]] = {
        "consent": lambda: consent(hubs, "SIML2602002", "EXPORTER-SYS", "JP-NACCS"),
        "subscription": lambda: subscribe(hubs),
        "certificate": lambda: hubs.here["SG-NSW"].submit(certificate("SG-AJ-2026-00002", "SIML2602002"), ["JP-NACCS"]),
    }
    for name in [each for each in steps if each != last]:
        steps[name]()
    assert not eventually(lambda: bills(hubs), seconds=0.7)
    steps[last]()
    got = eventually(lambda: bills(hubs))
    assert len(got) == 1
    trust = TrustList.from_json(httpx.get(f"{hubs.here.url}/v1/trust").json())
    note = read_note(got[0].note, trust, None)
    assert isinstance(note, DeliveryNote)
    assert "/transport/vesselOrFlight" in {each["pointer"] for each in note.findings}
    bill = hubs.title("SIML2602002")["document"]
    assert hubs.here["JP-NACCS"].summary(bill)["consignment"]
    kinds = [each["kind"] for each in hubs.here["JP-NACCS"].evidence(bill)["messages"]]
    assert kinds == ["document", "forward"]


def test_without_consent_of_a_party_to_it_nothing_is_handed_on(hubs: Hubs) -> None:
    hubs.issue("SIML2602003")
    subscribe(hubs)
    hubs.here["SG-NSW"].submit(certificate("SG-AJ-2026-00003", "SIML2602003"), ["JP-NACCS"])
    refused = refused_by(consent, hubs, "SIML2602003", "BUYER-SYS", "JP-NACCS")
    assert refused.status == 404
    assert not eventually(lambda: bills(hubs), seconds=0.7)
    wrong = refused_by(consent, hubs, "SIML2602003", "EXPORTER-SYS", "BANK-SYS")
    assert wrong.code == "route.unknown-recipient"


def test_only_a_single_window_that_takes_bills_of_lading_subscribes(hubs: Hubs) -> None:
    assert subscribe(hubs, "SG-NSW").json()["code"] == "route.profile-not-accepted"
    assert subscribe(hubs, "EXPORTER-SYS").status_code == 403
    assert subscribe(hubs).json()["subscribed"] is True
    headers = {"Authorization": f"Bearer {test_api_key(SEED, 'JP-NACCS')}"}
    assert httpx.delete(f"{hubs.here.url}/v1/subscription", headers=headers).json()["since"] is None
