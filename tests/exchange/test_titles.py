"""Titles in the hub: issued by a carrier, acted on by signed events, logged, shown to whom they concern."""

from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from schemas.content import from_base64url, sha256_hex
from tests.ebl.cast import document
from tests.exchange.cast import NOW, SEED, refused_by, signer
from tests.exchange.lading import HERE, THERE, Hubs, code, eventually, party, two_hubs
from tradebridge.client import Refused
from tradebridge.ebl.seal import Trust
from tradebridge.ebl.verify import read_trust, verify_title
from tradebridge.evidence import jws
from tradebridge.evidence.bundle import MEDIA_TYPE, verify_bundle
from tradebridge.evidence.report import Verdict
from tradebridge.evidence.simulation import test_api_key
from tradebridge.evidence.trust import TrustList
from tradebridge.evidence.verify import verify_evidence


@pytest.fixture
def hubs(tmp_path: Path, database_url: str) -> Iterator[Hubs]:
    with two_hubs(tmp_path, database_url) as running:
        yield running


def as_carrier() -> dict[str, str]:
    return {"Authorization": f"Bearer {test_api_key(SEED, 'CARRIER-SIM')}"}


def answer_surrender(hubs: Hubs, number: str, action: str, comments: str | None = None) -> httpx.Response:
    """The carrier's word on the surrender of a title."""
    url = f"{hubs.here.url}/ebl/v3/ebl-surrender-responses"
    body = {"surrenderRequestReference": hubs.surrender_asked(number), "action": action}
    body |= {"comments": comments} if comments else {}
    return httpx.post(url, json=body, headers=as_carrier(), timeout=20)


def test_an_issued_bill_becomes_a_document_of_its_possessor_who_gets_it_delivered(hubs: Hubs) -> None:
    assert hubs.issue("SIML2601001").status_code == 204
    title = hubs.title("SIML2601001", member="EXPORTER-SYS")
    assert (title["at"], title["possessor"]["partyName"], title["sequence"]) == ("here", "Exporter", 1)
    document = hubs.here["EXPORTER-SYS"].summary(title["document"])
    assert (document["number"], document["sender"]) == ("SIML2601001", "CARRIER-SIM")
    assert document["contentDigest"] == title["transportDocumentChecksum"]
    delivered = eventually(lambda: list(hubs.here["EXPORTER-SYS"].inbox()))
    assert [sha256_hex(each.original) for each in delivered] == [title["transportDocumentChecksum"]]
    assert hubs.get("/v1/titles/SIML2601001", "BUYER-SYS").status_code == 404


def test_a_transfer_on_the_hub_is_an_event_of_the_member_that_acts_for_the_possessor(hubs: Hubs) -> None:
    hubs.issue("SIML2601002")
    answer = hubs.act("SIML2601002", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Bank"))
    assert answer["title"]["possessor"]["partyName"] == "Bank"
    title = hubs.title("SIML2601002", member="BANK-SYS")
    assert (title["sequence"], title["inTrust"]) == (2, False)
    inbox = eventually(lambda: list(hubs.here["BANK-SYS"].inbox()))
    assert title["transportDocumentChecksum"] in {sha256_hex(each.original) for each in inbox}
    entries = hubs.here["BANK-SYS"].timeline(title["document"])["entries"]
    assert "title: issued" in {each["text"] for each in entries}
    assert [each["type"] for each in entries if each["kind"] == "event"] == ["title"]


WRONG: list[tuple[str, str, str, dict[str, Any], int, str]] = [
    ("another member's party", "EXPORTER-SYS", "Buyer", {}, 403, "title.not-your-party"),
    ("who has no part in it", "BANK-SYS", "Bank", {}, 404, "document.unknown"),
    ("nobody's party", "EXPORTER-SYS", "Stranger", {}, 403, "title.not-your-party"),
    ("not the possessor", "EXPORTER-SYS", "Second Exporter", {}, 422, "title.not-the-possessor"),
    ("an old sequence", "EXPORTER-SYS", "Exporter", {"sequence": 0}, 409, "title.old-sequence"),
    ("a sequence ahead", "EXPORTER-SYS", "Exporter", {"sequence": 2}, 409, "title.old-sequence"),
    ("an unknown recipient", "EXPORTER-SYS", "Exporter", {"recipient": party("Nobody")}, 422, "title.unknown-party"),
    (
        "an unknown platform",
        "EXPORTER-SYS",
        "Exporter",
        {"recipient": party("X", "XXXX")},
        422,
        "title.unknown-platform",
    ),
    ("no recipient", "EXPORTER-SYS", "Exporter", {"recipient": None}, 422, "title.recipient-missing"),
]


def test_who_may_not_does_not_and_the_title_stays_as_it_was(hubs: Hubs) -> None:
    hubs.issue("SIML2601003")
    before = hubs.title("SIML2601003")
    for name, member, actor, changes, status, wanted in WRONG:
        recipient = {"recipient": party("Bank")}
        refused = refused_by(hubs.act, "SIML2601003", member, "TRANSFER", actor, **(recipient | changes))
        assert (name, refused.status, refused.code) == (name, status, wanted)
    assert hubs.title("SIML2601003") == before


def test_of_two_that_saw_the_same_sequence_one_wins_and_of_the_other_there_is_no_trace(hubs: Hubs) -> None:
    hubs.issue("SIML2601004")
    recipients = [party("Bank"), party("Buyer"), party("Second Exporter")]
    said = [
        hubs.event("SIML2601004", "EXPORTER-SYS", {"action": "TRANSFER", "actor": party("Exporter"), "recipient": each})
        for each in recipients
    ]

    def send(event: str, document: str) -> int:
        try:
            hubs.here["EXPORTER-SYS"].send_event(document, event)
        except Refused as refused:
            assert refused.code in ("title.old-sequence", "title.not-the-possessor")
            return refused.status
        return 202

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(lambda each: send(*each), said))
    assert sorted(outcomes) == [202, 409, 409]
    title = hubs.title("SIML2601004")
    assert title["sequence"] == 2
    assert title["possessor"]["partyName"] == recipients[outcomes.index(202)]["partyName"]
    entries = hubs.here.operator.timeline(title["document"])["entries"]
    assert [each["text"] for each in entries if each["kind"] == "title"] == ["title: issued", "title: acted"]
    assert len([each for each in entries if each["kind"] == "event"]) == 1


def test_the_same_event_again_gets_the_same_answer_and_changes_nothing(hubs: Hubs) -> None:
    hubs.issue("SIML2601005")
    body = {"action": "TRANSFER", "actor": party("Exporter"), "recipient": party("Bank")}
    said, document = hubs.event("SIML2601005", "EXPORTER-SYS", body)
    first = hubs.here["EXPORTER-SYS"].send_event(document, said).raw
    assert hubs.here["EXPORTER-SYS"].send_event(document, said).raw == first
    assert hubs.title("SIML2601005")["sequence"] == 2


def test_an_event_that_cannot_be_kept_leaves_the_title_as_it_was(hubs: Hubs) -> None:
    """Its id was used: that is seen after the title was changed, and undoes the change."""
    hubs.issue("SIML2601011")
    to_bank = {"action": "TRANSFER", "actor": party("Exporter"), "recipient": party("Bank")}
    said, document = hubs.event("SIML2601011", "EXPORTER-SYS", to_bank)
    hubs.here["EXPORTER-SYS"].send_event(document, said)
    before = hubs.title("SIML2601011")
    on = {"action": "TRANSFER", "actor": party("Bank"), "recipient": party("Buyer")}
    again, _ = hubs.event("SIML2601011", "BANK-SYS", on, event_id=event_id(said))
    refused = refused_by(hubs.here["BANK-SYS"].send_event, document, again)
    assert (refused.status, refused.code) == (409, "event.duplicate")
    assert hubs.title("SIML2601011") == before
    entries = hubs.here.operator.timeline(document)["entries"]
    assert [each["text"] for each in entries if each["kind"] == "title"] == ["title: issued", "title: acted"]


def event_id(said: str) -> str:
    return str(orjson.loads(from_base64url(said.split(".")[1].encode()) or b"{}")["id"])


def test_who_gave_it_up_sees_how_and_nothing_of_what_comes_after(hubs: Hubs) -> None:
    hubs.issue("SIML2601006")
    hubs.act("SIML2601006", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Bank"))
    assert hubs.title("SIML2601006", member="EXPORTER-SYS")["possessor"]["partyName"] == "Bank"
    hubs.act("SIML2601006", "BANK-SYS", "TRANSFER", "Bank", recipient=party("Buyer"))
    assert hubs.get("/v1/titles/SIML2601006", "EXPORTER-SYS").status_code == 404
    document = hubs.title("SIML2601006")["document"]
    evidence = hubs.here["EXPORTER-SYS"].evidence(document)
    assert "title" not in evidence
    assert len([each for each in evidence["messages"] if each["kind"] in ("event", "title")]) == 1
    assert len([each for each in hubs.here["BUYER-SYS"].evidence(document)["messages"] if each["kind"] == "title"]) == 3
    assert [each["possessor"]["partyName"] for each in hubs.get("/v1/titles", "BUYER-SYS").json()["items"]] == ["Buyer"]
    assert hubs.get("/v1/titles", "EXPORTER-SYS").json()["items"] == []


def test_a_surrender_that_the_carrier_takes_accomplishes_the_bill_and_its_evidence_says_so(hubs: Hubs) -> None:
    hubs.issue("SIML2601007")
    hubs.act("SIML2601007", "EXPORTER-SYS", "SURRENDER_FOR_DELIVERY", "Exporter")
    assert hubs.title("SIML2601007")["status"] == "surrendered-for-delivery"
    assert answer_surrender(hubs, "SIML2601007", "SURR").status_code == 204
    title = hubs.title("SIML2601007")
    assert (title["status"], title["at"]) == ("accomplished", "ended")
    evidence = hubs.here.operator.evidence(title["document"])
    while any(each["inclusion"] is None for each in evidence["messages"]):
        evidence = hubs.here.operator.evidence(title["document"])
    trust = TrustList.from_json(httpx.get(f"{hubs.here.url}/v1/trust").json())
    report = verify_evidence(evidence, trust, NOW)
    assert report.unchanged.verdict is Verdict.YES
    assert [each.code for each in report.valid.findings] == ["evidence.title-ended"]
    last = [index for index, each in enumerate(evidence["messages"]) if each["kind"] == "title"][-1]
    altered = [each | {"bytes": "e30="} if index == last else each for index, each in enumerate(evidence["messages"])]
    forged = verify_evidence(evidence | {"messages": altered}, trust, NOW)
    assert [each.code for each in forged.valid.findings] == ["evidence.changed"]
    platforms = read_trust(httpx.get(f"{hubs.here.url}/v1/platforms").json())
    assert isinstance(platforms, Trust)
    title_report = verify_title(evidence, platforms)
    assert title_report.to_json()["status"] == "accomplished"
    assert (title_report.exit_code, title_report.unsigned) == (3, 2)
    assert title_report.signed is not None
    assert title_report.signed.possessor.party_name == "Exporter"
    refused = refused_by(hubs.act, "SIML2601007", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Bank"))
    assert refused.status == 409 or refused.code.startswith("title.")


def test_whoever_ever_had_a_bill_is_told_that_it_has_ended_and_not_who_held_it(hubs: Hubs) -> None:
    number = "SIML2601017"
    given = document("blank", transportDocumentReference=number)
    handed_in = jws.sign(orjson.dumps(given), jws.DOCUMENT, signer("CARRIER-SIM"), NOW).encode()
    hubs.here["CARRIER-SIM"].submit(handed_in, ["BUYER-SYS"])
    hubs.issue(number)
    hubs.act(number, "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Bank"))
    hubs.act(number, "BANK-SYS", "SURRENDER_FOR_DELIVERY", "Bank")
    trust = TrustList.from_json(httpx.get(f"{hubs.here.url}/v1/trust").json())
    title = hubs.title(number)["document"]
    assert verify_evidence(on_record(hubs, title, "BUYER-SYS"), trust, NOW).exit_code == 0
    answer_surrender(hubs, number, "SURR")
    for member in ("EXPORTER-SYS", "BUYER-SYS"):  # who held it before, and who only received the document
        evidence = on_record(hubs, title, member)
        report = verify_evidence(evidence, trust, NOW)
        assert (report.exit_code, [each.code for each in report.valid.findings]) == (4, ["evidence.title-ended"])
        said = [b64decode(each["bytes"]).decode() for each in evidence["messages"] if each["kind"] == "title"]
        assert "Bank" not in said[-1] and '"status":"accomplished"' in said[-1]
        bundle = hubs.get(f"/v1/documents/{title}/evidence", member, Accept=MEDIA_TYPE).content
        assert verify_bundle(bundle, trust, NOW).exit_code == 4
        assert "title: ended" in {each["text"] for each in hubs.here[member].timeline(title)["entries"]}


def on_record(hubs: Hubs, document: str, member: str) -> dict[str, Any]:
    """The evidence for a member, once all of it is in the log."""

    def whole() -> dict[str, Any] | None:
        evidence: dict[str, Any] = hubs.here[member].evidence(document)
        return evidence if all(each["inclusion"] for each in evidence["messages"]) else None

    found: dict[str, Any] = eventually(whole)
    return found


def test_a_rejected_surrender_gives_it_back(hubs: Hubs) -> None:
    hubs.issue("SIML2601008")
    hubs.act("SIML2601008", "EXPORTER-SYS", "SURRENDER_FOR_DELIVERY", "Exporter")
    assert answer_surrender(hubs, "SIML2601008", "SREJ", "The freight is not paid.").status_code == 204
    title = hubs.title("SIML2601008", member="EXPORTER-SYS")
    assert (title["status"], title["possessor"]["partyName"]) == ("held", "Exporter")


def test_an_amended_bill_is_a_document_of_its_own_beside_the_one_it_replaces(hubs: Hubs) -> None:
    hubs.issue("SIML2601009")
    first = hubs.title("SIML2601009")
    assert hubs.issue("SIML2601009").status_code == 409
    hubs.act("SIML2601009", "EXPORTER-SYS", "SURRENDER_FOR_AMENDMENT", "Exporter", reasonCode="COD")
    assert answer_surrender(hubs, "SIML2601009", "SURR").status_code == 204
    assert hubs.issue("SIML2601009", version="2").status_code == 204
    second = hubs.title("SIML2601009")
    assert second["at"] == "here"
    assert [(each["document"], each["status"]) for each in second["before"]] == [(first["document"], "void")]
    assert second["document"] != first["document"]
    old = refused_by(hubs.here["EXPORTER-SYS"].send_event, first["document"], first_event(hubs, first))
    assert old.code in ("title.unknown", "event.other-document")


def first_event(hubs: Hubs, title: dict[str, Any]) -> str:
    body = {"action": "TRANSFER", "actor": party("Exporter"), "recipient": party("Bank")}
    return hubs.event(title["transportDocumentReference"], "EXPORTER-SYS", body)[0]


def test_a_bill_that_its_carrier_had_handed_in_is_the_document_of_its_title(hubs: Hubs) -> None:
    value = document("blank", transportDocumentReference="SIML2601010")
    signed = jws.sign(orjson.dumps(value), jws.DOCUMENT, signer("CARRIER-SIM"), NOW).encode()
    accepted = hubs.here["CARRIER-SIM"].submit(signed, ["BUYER-SYS"])
    assert hubs.issue("SIML2601010").status_code == 204
    assert hubs.title("SIML2601010")["document"] == accepted.id
    assert hubs.here["EXPORTER-SYS"].summary(accepted.id)["id"] == accepted.id


def test_one_code_in_common_makes_nobody_the_possessor(hubs: Hubs) -> None:
    """The possessor's party has a code that its account does not list; a former holder writes that beside its own."""
    lei = {"codeListProvider": "GLEIF", "partyCode": "529900T8BM49AURSDO55", "codeListName": "LEI"}
    exporter = {"partyName": "Exporter", "eblPlatform": HERE, "identifyingCodes": [code("Exporter"), lei]}
    hubs.issue("SIML2601090")
    hubs.act("SIML2601090", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Bank"))
    hubs.act("SIML2601090", "BANK-SYS", "TRANSFER", "Bank", recipient=exporter)
    thief = {"partyName": "Bank", "eblPlatform": HERE, "identifyingCodes": [code("Bank"), lei]}
    said, document = hubs.event(
        "SIML2601090", "BANK-SYS", {"action": "TRANSFER", "actor": thief, "recipient": party("Bank")}
    )
    refused = refused_by(hubs.cast(HERE)["BANK-SYS"].send_event, document, said)
    assert refused.code == "title.not-the-possessor"
    assert hubs.title("SIML2601090", member="EXPORTER-SYS")["possessor"]["partyName"] == "Exporter"


def test_a_bill_that_went_elsewhere_is_not_issued_again(hubs: Hubs) -> None:
    hubs.issue("SIML2601091")
    hubs.act("SIML2601091", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Buyer", THERE))
    eventually(lambda: hubs.title("SIML2601091")["at"] == "away")
    assert hubs.issue("SIML2601091", version="2").status_code == 409


def test_nothing_goes_to_a_platform_whose_member_is_suspended_until_it_takes_part_again(hubs: Hubs) -> None:
    hubs.issue("SIML2601092")
    hubs.here.operator.suspend("OTHER-HUB", reason="It is being looked at.")
    to_buyer = {"recipient": party("Buyer", THERE)}
    refused = refused_by(hubs.act, "SIML2601092", "EXPORTER-SYS", "TRANSFER", "Exporter", **to_buyer)
    assert refused.code == "title.unknown-platform"
    key = test_api_key(SEED, "OTHER-HUB")
    asked = httpx.post(f"{hubs.here.url}/pint/v3/envelopes", json={}, headers={"Authorization": f"Bearer {key}"})
    assert asked.status_code == 401
    platforms = read_trust(httpx.get(f"{hubs.here.url}/v1/platforms").json())
    assert isinstance(platforms, Trust)
    assert THERE in platforms.platforms, "what it signed before stays signed"
    hubs.here.operator.resume("OTHER-HUB")
    hubs.act("SIML2601092", "EXPORTER-SYS", "TRANSFER", "Exporter", **to_buyer)
    assert eventually(lambda: hubs.title("SIML2601092")["at"] == "away")
