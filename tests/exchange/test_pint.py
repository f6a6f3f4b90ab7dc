"""The hub as an eBL platform: PINT over HTTP with another hub, which is a platform as well."""

import time
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import create_engine, text

from schemas.bill_of_lading.pint import bytes_checksum
from schemas.content import sha256_hex
from tests.exchange.cast import SEED, refused_by
from tests.exchange.lading import HERE, THERE, Hubs, code, eventually, party, two_hubs
from tests.exchange.running import hub_in_thread
from tradebridge.client import Refused
from tradebridge.ebl.seal import Trust
from tradebridge.ebl.verify import read_trust, verify_title
from tradebridge.evidence.simulation import test_api_key


@pytest.fixture
def hubs(tmp_path: Path, database_url: str) -> Iterator[Hubs]:
    with two_hubs(tmp_path, database_url) as running:
        yield running


@pytest.fixture
def with_registry(tmp_path: Path, database_url: str) -> Iterator[Hubs]:
    """The same, and titles issued here are in this hub's control tracking registry."""
    with two_hubs(tmp_path, database_url, control_registry="own") as running:
        yield running


def holders(hubs: Hubs, number: str) -> list[str]:
    """Where the title is, by the two hubs themselves."""
    stands = {platform: hubs.title(number, platform).get("at") for platform in (HERE, THERE)}
    return [platform for platform, at in stands.items() if at == "here"]


def believed(hubs: Hubs, **changes: Any) -> Trust:
    """Whose signatures the first hub believes, as it tells everybody."""
    trust = read_trust(httpx.get(f"{hubs.here.url}/v1/platforms").json() | changes)
    assert isinstance(trust, Trust)
    return trust


def reach(hubs: Hubs, url: str) -> None:
    """Where the first hub looks for the second one."""
    operator = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}
    changed = {"ebl": {"platform": THERE, "url": url, "registry": f"{hubs.there.url}/ctr/v1"}}
    assert httpx.patch(f"{hubs.here.url}/v1/members/OTHER-HUB", headers=operator, json=changed).status_code == 200


def is_away(hubs: Hubs, number: str) -> bool:
    return bool(hubs.title(number).get("at") == "away")


def hand_over(hubs: Hubs, number: str, **more: Any) -> None:
    hubs.act(number, "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Buyer", THERE), **more)
    assert eventually(lambda: hubs.title(number).get("at") == "away", 20)


def test_a_transfer_to_another_hub_and_back_leaves_one_holder_and_a_document_on_both(hubs: Hubs) -> None:
    hubs.issue("SIML2603001")
    hand_over(hubs, "SIML2603001")
    assert holders(hubs, "SIML2603001") == [THERE]
    theirs = hubs.title("SIML2603001", THERE, "BUYER-SYS")
    assert (theirs["possessor"]["partyName"], theirs["possessor"]["eblPlatform"]) == ("Buyer", THERE)
    delivered = eventually(lambda: list(hubs.there["BUYER-SYS"].inbox()))
    assert [sha256_hex(each.original) for each in delivered] == [theirs["transportDocumentChecksum"]]
    assert hubs.there["BUYER-SYS"].summary(theirs["document"])["sender"] == "OTHER-HUB"
    hubs.act("SIML2603001", "BUYER-SYS", "TRANSFER", "Buyer", platform=THERE, recipient=party("Bank"))
    assert eventually(lambda: hubs.title("SIML2603001", THERE).get("at") == "away", 20)
    assert holders(hubs, "SIML2603001") == [HERE]
    assert hubs.title("SIML2603001", member="BANK-SYS")["possessor"]["partyName"] == "Bank"


def test_the_chain_and_the_receivers_answer_are_in_the_evidence_and_hold_offline(hubs: Hubs) -> None:
    hubs.issue("SIML2603002")
    hand_over(hubs, "SIML2603002")
    document = hubs.title("SIML2603002")["document"]
    trust = believed(hubs)
    evidence = hubs.here["EXPORTER-SYS"].evidence(document)
    report = verify_title(evidence, trust)
    assert report.findings == ()
    assert (report.holds, report.entries, report.answers) == (True, 1, (f"RECE by {THERE}",))
    assert report.title is not None
    assert report.title.possessor.ebl_platform == THERE
    changed = {**evidence["title"]["transportDocument"], "termsAndConditions": "Other terms."}
    false = verify_title({**evidence["title"], "transportDocument": changed}, trust)
    assert (false.holds, false.exit_code) == (False, 5)
    assert not verify_title(evidence, believed(hubs, platforms=[])).holds
    assert not verify_title(evidence, believed(hubs, carriers=[])).holds


def test_additional_documents_go_with_the_title_and_those_of_what_is_refused_do_not_stay(
    hubs: Hubs, tmp_path: Path
) -> None:
    packing = b"480 cartons of wooden dining chairs" * 1000
    rendering = b"%PDF-1.7 rendering by the carrier"
    hubs.issue("SIML2603003", rendering=rendering)
    file = {"name": "Packing list.txt", "mediaType": "text/plain", "content": b64encode(packing).decode()}
    other = file | {"content": b64encode(b"of an event that is refused").decode()}
    for refused in ({"sequence": 7}, {"comments": 300 * "long "}, {"documents": [other, other | {"content": "?"}]}):
        with pytest.raises(Refused):
            hand_over(hubs, "SIML2603003", **({"documents": [other]} | refused))
    assert hubs.issue("SIML2603003", rendering=b"of a bill that is refused").status_code == 409
    hand_over(hubs, "SIML2603003", documents=[file])
    own = [each.name for each in (tmp_path / "here" / "ebl").rglob("*") if each.is_file()]
    assert sorted(own) == sorted([bytes_checksum(packing), bytes_checksum(rendering)])
    documents = {each["documentChecksum"] for each in hubs.title("SIML2603003", THERE)["documents"]}
    assert documents == {bytes_checksum(packing), bytes_checksum(rendering)}
    kept = list((tmp_path / "there" / "ebl" / "default").glob(f"*/{bytes_checksum(packing)}"))
    assert [each.read_bytes() for each in kept] == [packing]


def test_a_large_file_is_uploaded_first_and_goes_along_by_its_checksum(hubs: Hubs) -> None:
    hubs.issue("SIML2603011")
    data = b"0123456789abcdef" * 200_000
    url, query = f"{hubs.here.url}/v1/titles/SIML2603011/files", {"name": "Photos.zip", "mediaType": "application/zip"}
    own = {"Authorization": f"Bearer {test_api_key(SEED, 'EXPORTER-SYS')}"}
    stranger = {"Authorization": f"Bearer {test_api_key(SEED, 'BANK-SYS')}"}
    operator = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}
    assert httpx.put(url, content=data, headers=stranger).status_code == 404
    assert httpx.put(url, content=data, headers=operator).status_code == 403
    assert httpx.put(url, content=b"", headers=own).json()["code"] == "syntax.empty"
    kept = httpx.put(url, content=data, headers=own, params=query, timeout=30)
    assert (kept.status_code, kept.json()["size"]) == (201, len(data))
    hand_over(hubs, "SIML2603011", documents=[kept.json()["documentChecksum"]])
    there = hubs.title("SIML2603011", THERE)["documents"]
    assert [(each["name"], each["documentChecksum"]) for each in there] == [("Photos.zip", bytes_checksum(data))]


def test_a_space_is_a_platform_of_its_own(hubs: Hubs) -> None:
    """Other members, other titles, a registry of its own."""
    operator = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}
    url = hubs.here.url
    assert httpx.post(f"{url}/v1/spaces", headers=operator, json={"name": "one"}).status_code == 201
    platforms = httpx.get(f"{url}/s/one/v1/platforms").json()
    assert platforms["registry"] == f"{url}/s/one/ctr/v1"
    assert [each["code"] for each in platforms["platforms"]] == [HERE]
    peer = {"Authorization": f"Bearer {test_api_key(SEED, 'OTHER-HUB')}"}
    asked = httpx.post(f"{url}/s/one/pint/v3/receiver-validation", headers=peer, json=code("Exporter"))
    assert asked.status_code == 401


def test_two_processes_over_one_store_send_it_once(tmp_path: Path, postgresql_url: str) -> None:
    """Whichever takes the transfer up, by its lease: the title is at one place, and the carrier's hub has one of it."""
    with (
        two_hubs(tmp_path, postgresql_url) as hubs,
        hub_in_thread(tmp_path / "here", postgresql_url, base_url=hubs.here.url) as second,
    ):
        both = Hubs(second, hubs.there, hubs.carrier)
        for number in range(6):
            asked = hubs if number % 2 else both
            assert asked.issue(f"SIML26031{number}0").status_code == 204
            asked.act(f"SIML26031{number}0", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Buyer", THERE))
        for number in range(6):
            reference = f"SIML26031{number}0"
            assert eventually(partial(is_away, hubs, reference), 20)
            assert holders(both, reference) == [THERE]
            assert [each["state"] for each in both.title(reference)["transfers"]] == ["accepted"]


def test_what_the_receiver_refuses_comes_back_to_who_had_it(hubs: Hubs) -> None:
    hubs.issue("SIML2603004")
    hubs.act("SIML2603004", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Nobody Known", THERE))
    assert eventually(lambda: hubs.title("SIML2603004")["transfers"][-1]["state"] == "refused", 20)
    title = hubs.title("SIML2603004", member="EXPORTER-SYS")
    transfer = title["transfers"][-1]["id"]
    assert hubs.get(f"/v1/transfers/{transfer}", "EXPORTER-SYS").json()["state"] == "refused"
    assert hubs.get(f"/v1/transfers/{transfer}", "BANK-SYS").json()["code"] == "pint.unknown-transfer"
    assert (title["at"], title["possessor"]["partyName"]) == ("here", "Exporter")
    hand_over(hubs, "SIML2603004")
    assert holders(hubs, "SIML2603004") == [THERE]


def test_while_it_is_under_way_nothing_else_can_be_done_with_it(hubs: Hubs, tmp_path: Path) -> None:
    hubs.issue("SIML2603005")
    reach(hubs, "http://127.0.0.1:9")
    hubs.act("SIML2603005", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Buyer", THERE))
    refused = refused_by(hubs.act, "SIML2603005", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Bank"))
    assert (refused.status, refused.code) == (409, "title.under-way")
    time.sleep(0.3)
    assert hubs.title("SIML2603005")["at"] in ("sending", "in-doubt")
    reach(hubs, hubs.there.url)
    assert eventually(lambda: hubs.title("SIML2603005")["at"] == "away", 30)
    assert holders(hubs, "SIML2603005") == [THERE]


def test_a_title_in_the_hubs_registry_goes_over_by_its_word(with_registry: Hubs) -> None:
    hubs = with_registry
    hubs.issue("SIML2603006")
    eventually(lambda: hubs.title("SIML2603006")["at"] == "here")
    title = hubs.title("SIML2603006")
    registry = f"{hubs.here.url}/ctr/v1"
    assert title["controlTrackingRegistry"] == registry
    document = title["transportDocumentChecksum"]
    hand_over(hubs, "SIML2603006")
    assert holders(hubs, "SIML2603006") == [THERE]
    state = hubs.get(f"/ctr/v1/titles/{document}").json()["state"]
    assert (state["control"], state["offer"]["state"]) == (THERE, "accepted")
    hubs.act("SIML2603006", "BUYER-SYS", "TRANSFER", "Buyer", platform=THERE, recipient=party("Bank"))
    assert eventually(lambda: hubs.title("SIML2603006", THERE).get("at") == "away", 20)
    state = hubs.get(f"/ctr/v1/titles/{document}").json()["state"]
    assert (state["control"], state["sequence"]) == (HERE, 4)


def test_a_transfer_in_doubt_is_called_back_by_the_registry_and_then_it_is_too_late_to_accept(
    with_registry: Hubs,
) -> None:
    hubs = with_registry
    hubs.issue("SIML2603010")
    eventually(lambda: hubs.title("SIML2603010")["at"] == "here")
    reach(hubs, "http://127.0.0.1:9")
    hubs.act("SIML2603010", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Buyer", THERE))
    transfer = hubs.title("SIML2603010")["transfers"][-1]
    assert eventually(lambda: hubs.title("SIML2603010")["transfers"][-1]["attempts"] > 0, 15)
    headers = {"Authorization": f"Bearer {test_api_key(SEED, 'EXPORTER-SYS')}"}
    called = httpx.post(f"{hubs.here.url}/v1/transfers/{transfer['id']}:cancel", headers=headers)
    assert (called.status_code, called.json()["state"]) == (200, "cancelled")
    assert hubs.title("SIML2603010", member="EXPORTER-SYS")["at"] == "here"
    reach(hubs, hubs.there.url)
    hand_over(hubs, "SIML2603010")
    assert holders(hubs, "SIML2603010") == [THERE]


def test_receiver_validation_is_for_peers_and_the_endorsement_chain_for_whom_it_concerns(hubs: Hubs) -> None:
    hubs.issue("SIML2603007")
    peer = {"Authorization": f"Bearer {test_api_key(SEED, 'OTHER-HUB')}"}
    url = hubs.here.url
    known = httpx.post(f"{url}/pint/v3/receiver-validation", headers=peer, json=code("Exporter"))
    assert (known.status_code, known.json()) == (200, {"partyName": "Exporter"})
    assert httpx.post(f"{url}/pint/v3/receiver-validation", headers=peer, json=code("Nobody")).status_code == 404
    assert httpx.post(f"{url}/pint/v3/receiver-validation", json=code("Exporter")).status_code == 401
    window = {"Authorization": f"Bearer {test_api_key(SEED, 'SG-NSW')}"}
    assert httpx.post(f"{url}/pint/v3/receiver-validation", headers=window, json=code("Exporter")).status_code == 401
    asked = f"{url}/ebl/v3/endorsement-chains/SIML2603007"
    assert httpx.get(asked, headers=peer).status_code == 404, "it has no part in it"
    carrier = {"Authorization": f"Bearer {test_api_key(SEED, 'CARRIER-SIM')}"}
    chain = httpx.get(asked, headers=carrier)
    assert (chain.status_code, chain.headers["api-version"]) == (200, "3.0.4")


def test_every_change_of_a_title_is_a_leaf_of_the_log(tmp_path: Path) -> None:
    with two_hubs(tmp_path) as hubs:
        hubs.issue("SIML2603009")
        hand_over(hubs, "SIML2603009")
        engine = create_engine(f"sqlite:///{tmp_path / 'here' / 'hub.sqlite'}")
        with engine.connect() as connection:
            kinds = connection.execute(
                text("select kind, profile, bytes from messages m join leaves l on l.record_id = m.id order by l.id")
            ).all()
            sequence = connection.execute(text("select sequence from ebl_titles")).scalar_one()
        engine.dispose()
    public = [row.bytes for row in kinds if row.profile == "tradebridge-title-public/1"]
    assert [orjson.loads(each)["at"] for each in public] == ["away"]
    changes = [row.bytes for row in kinds if row.kind == "title" and row.bytes not in public]
    assert len(changes) == sequence
    assert [b"title.handed-over" in each for each in changes] == [False, False, True]


def test_an_issuance_on_its_way_is_called_back_by_its_carrier_alone(with_registry: Hubs) -> None:
    """To a hub that does not answer any more. The carrier hears of it, and has the bill issued to a party here."""
    hubs, number = with_registry, "SIML2699001"
    reach(hubs, "http://127.0.0.1:9")
    away = {"sendToPlatform": THERE, "partyName": "Buyer", "identifyingCodes": [code("Buyer")]}
    assert hubs.issue(number, to="Buyer", issueTo=away).status_code == 204
    transfer = eventually(lambda: hubs.title(number).get("transfers"))[0]["id"]

    def called_back(member: str) -> int:
        headers = {"Authorization": f"Bearer {test_api_key(SEED, member)}"}
        return httpx.post(f"{hubs.here.url}/v1/transfers/{transfer}:cancel", headers=headers, timeout=20).status_code

    assert [called_back(member) for member in ("OPERATOR", "EXPORTER-SYS", "CARRIER-SIM")] == [403, 404, 200]
    answers = eventually(lambda: [body for path, body in hubs.carrier.asked if path.endswith("issuance-responses")])
    assert (answers[0]["issuanceResponseCode"], answers[0]["errors"][0]["errorCode"]) == (
        "REFU",
        "issuance.called-back",
    )
    assert hubs.issue(number).status_code == 204
    eventually(lambda: hubs.title(number)["at"] == "here")
    eventually(lambda: [body["issuanceResponseCode"] for _, body in hubs.carrier.asked] == ["REFU", "ISSU"])


def test_a_registry_under_another_address_is_the_same_registry(tmp_path: Path) -> None:
    """The bill names the address that the registry had when it was issued."""
    was, number = "http://was.test", "SIML2699002"
    with two_hubs(tmp_path, control_registry=f"{was}/ctr/v1", former_base_urls=(was,)) as hubs:
        operator = {"Authorization": f"Bearer {test_api_key(SEED, 'OPERATOR')}"}
        ebl = {"platform": HERE, "url": hubs.here.url, "token": test_api_key(SEED, "OTHER-HUB")}
        ebl |= {"registry": f"{hubs.here.url}/ctr/v1"}
        for former, status in (["was"], 422), ([f"{was}/ctr/v1"], 200):
            changed = {"ebl": ebl | {"formerRegistries": former}}
            answer = httpx.patch(f"{hubs.there.url}/v1/members/OTHER-HUB", headers=operator, json=changed)
            assert answer.status_code == status, answer.text
        assert answer.json()["ebl"]["formerRegistries"] == [f"{was}/ctr/v1"]
        hubs.issue(number)
        eventually(lambda: hubs.title(number)["at"] == "here")
        hand_over(hubs, number)
        assert hubs.title(number, THERE)["controlTrackingRegistry"] == f"{was}/ctr/v1"
        document = hubs.title(number)["transportDocumentChecksum"]
        named = [
            hubs.get(f"/ctr/v1/titles/{document}{query}").json()["state"] for query in ("", f"?registry={was}/ctr/v1")
        ]
        assert [each["registry"] for each in named] == [f"{hubs.here.url}/ctr/v1", f"{was}/ctr/v1"]
        assert [each["control"] for each in named] == [THERE, THERE]
