"""The hub as control tracking registry, over HTTP: who it says is in control, is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from schemas.bill_of_lading.pint import checksum, written
from schemas.content import sha256_hex
from tests.exchange.cast import NOW, SEED, Cast, description, signer
from tests.exchange.test_platforms import pem
from tradebridge.ebl.chain import content_checksum
from tradebridge.ebl.seal import Trusted, open_sealed, seal
from tradebridge.evidence.receipts import Receipt, read_receipt
from tradebridge.evidence.simulation import test_api_key, test_signer
from tradebridge.evidence.trust import TrustList

CARRIERS = {"CARRIER-ONE": "SIM1", "CARRIER-TWO": "SIM2"}
PLATFORMS = {"STRAITS": "STRA", "MEKONG": "MEKO", "FUJI": "FUJI"}
DOCUMENT = "d" * 64


@pytest.fixture
def platforms(cast: Cast) -> Cast:
    for name, code in PLATFORMS.items():
        key = {"certificate": pem(signer(name, "pint").certificate), "purposes": ["pint"]}
        ebl = {"platform": code, "url": "http://127.0.0.1:9"}
        described = description(name, country="SG", kind="platform", sends=[], accepts=[], ebl=ebl)
        cast.operator.add_member(described | {"keys": [*described["keys"], key]})
    for name, code in CARRIERS.items():
        key = {"certificate": pem(signer(name, "pint").certificate), "purposes": ["pint"]}
        described = description(name, country="SG", kind="platform", sends=[], accepts=[], carriers=[code])
        cast.operator.add_member(described | {"ebl": {"url": "http://127.0.0.1:9"}, "keys": [*described["keys"], key]})
    return cast


def entry(number: int) -> str:
    return f"{number:064x}"


def issue_to(number: int, platform: str = "STRA") -> dict[str, Any]:
    code = {"codeListProvider": "ZZZ", "partyCode": f"P{number}"}
    return {"partyName": f"Party {number}", "sendToPlatform": platform, "identifyingCodes": [code]}


def issued(number: int, by: str = "CARRIER-ONE", document: str = DOCUMENT, to: str = "STRA") -> str:
    """A carrier's manifest for the party of this number, on this platform."""
    return seal({"documentChecksum": document, "issueToChecksum": checksum(issue_to(number, to))}, signer(by, "pint"))


def word(number: int, to: str = "STRA") -> dict[str, Any]:
    """What a statement brings of the carrier."""
    brought = {"issuanceManifestSignedContent": issued(number, to=to), "issueTo": issue_to(number, to)}
    return {**brought, "carrierCode": "SIM1", "issuedAt": written(NOW)}


def statement(cast: Cast, kind: str, by: str, number: int, to: str | None = None, **changes: Any) -> str:
    if kind == "register":
        of_carrier = word(number, PLATFORMS[by])
        manifest = of_carrier["issuanceManifestSignedContent"]
        changes = {"entry": content_checksum(manifest)} | of_carrier | changes
    said = {
        "registry": f"{cast.url}/ctr/v1",
        "type": kind,
        "transportDocumentChecksum": DOCUMENT,
        "entry": entry(number),
        "platform": PLATFORMS.get(by, by),
        "at": written(NOW),
        **({"to": PLATFORMS[to]} if to else {}),
    } | changes
    return seal(said, signer(by, "pint"))


def post(cast: Cast, by: str, body: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {test_api_key(SEED, by)}", "Content-Type": "application/jose"}
    return httpx.post(f"{cast.url}/ctr/v1/statements", headers=headers, content=body, timeout=20)


def say(cast: Cast, kind: str, by: str, number: int, to: str | None = None, **changes: Any) -> httpx.Response:
    return post(cast, by, statement(cast, kind, by, number, to, **changes))


def state(answer: httpx.Response) -> dict[str, Any]:
    """The state that an answer tells, as the registry signed it."""
    body = answer.json()
    trusted = Trusted("TBHB", (test_signer(SEED, "HUB", "pint").certificate,))
    opened = open_sealed(body["statement"], trusted, NOW)
    assert isinstance(opened, dict)
    assert opened == body["state"]
    return opened


def look_up(cast: Cast, by: str = "FUJI", **parameters: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {test_api_key(SEED, by)}"}
    return httpx.get(f"{cast.url}/ctr/v1/titles/{DOCUMENT}", headers=headers, params=parameters)


def test_register_offer_accept_and_the_next_transfer_by_who_has_it_then(platforms: Cast) -> None:
    assert look_up(platforms).status_code == 404
    assert state(say(platforms, "register", "STRAITS", 0))["control"] == "STRA"
    offered = state(say(platforms, "offer", "STRAITS", 1, "MEKONG"))
    assert (offered["control"], offered["offer"]["state"]) == ("STRA", "open")
    accepted = state(say(platforms, "accept", "MEKONG", 1))
    assert (accepted["control"], accepted["entry"], accepted["sequence"]) == ("MEKO", entry(1), 2)
    assert say(platforms, "offer", "STRAITS", 2, "FUJI").json()["code"] == "control.not-in-control"
    assert state(say(platforms, "offer", "MEKONG", 3, "FUJI"))["offer"]["to"] == "FUJI"
    assert state(look_up(platforms))["offer"]["entry"] == entry(3)
    assert state(look_up(platforms, entry=entry(1)))["offer"]["state"] == "accepted"


def test_every_statement_is_receipted_and_in_the_log_and_said_again_it_has_its_first_receipt(platforms: Cast) -> None:
    registered = say(platforms, "register", "STRAITS", 0)
    offer = statement(platforms, "offer", "STRAITS", 1, "MEKONG")
    first, again = post(platforms, "STRAITS", offer), post(platforms, "STRAITS", offer)
    trust = TrustList.from_json(httpx.get(f"{platforms.url}/v1/trust").json())
    receipt = read_receipt(first.json()["receipt"], trust, NOW)
    assert isinstance(receipt, Receipt)
    assert (receipt.member, receipt.profile) == ("STRAITS", "tradebridge-control/1")
    later = say(platforms, "offer", "STRAITS", 1, "MEKONG", at=written(NOW + timedelta(seconds=1)))
    assert first.json()["receipt"] == again.json()["receipt"] == later.json()["receipt"]
    assert registered.json()["receipt"] != first.json()["receipt"]
    told = next(each for each in platforms["MEKONG"].feed(last_event_id="-1") if each.type == "control.changed")
    assert told.data["control"] == "STRA"


def test_of_accept_and_cancel_at_one_moment_exactly_one_wins(platforms: Cast) -> None:
    say(platforms, "register", "STRAITS", 0)
    for number in range(1, 9):
        holder = {"STRA": "STRAITS", "MEKO": "MEKONG"}[state(look_up(platforms))["control"]]
        other = "MEKONG" if holder == "STRAITS" else "STRAITS"
        assert say(platforms, "offer", holder, number, other).status_code == 200
        bodies = {"accept": (other, statement(platforms, "accept", other, number))}
        bodies["cancel"] = (holder, statement(platforms, "cancel", holder, number))
        with ThreadPoolExecutor(2) as pool:
            asked = {kind: pool.submit(post, platforms, by, body) for kind, (by, body) in bodies.items()}
        answers = {kind: each.result() for kind, each in asked.items()}
        codes = {kind: answer.status_code for kind, answer in answers.items()}
        assert sorted(codes.values()) == [200, 409]
        won = "accepted" if codes["accept"] == 200 else "cancelled"
        assert {state(answer)["offer"]["state"] for answer in answers.values()} == {won}
        assert state(look_up(platforms))["control"] == PLATFORMS[other if won == "accepted" else holder]


ANOTHER = "control.issuance-of-another"
WRONG: list[tuple[str, dict[str, Any], int, str]] = [
    ("another registry", {"registry": "http://elsewhere/ctr/v1"}, 422, "control.other-registry"),
    ("another platform", {"platform": "MEKO"}, 403, "control.wrong-platform"),
    ("ahead", {"at": "2027-01-01T00:00:00.000Z"}, 422, "event.time-ahead"),
    ("no checksum", {"entry": "x"}, 422, ""),
    ("unknown word", {"type": "give"}, 422, ""),
    ("no manifest", {"issuanceManifestSignedContent": None}, 422, "control.issuance-missing"),
    ("no carrier", {"carrierCode": None}, 422, "control.issuance-missing"),
    ("no issueTo", {"issueTo": None}, 422, "control.issuance-missing"),
    (
        "by another platform than issueTo names",
        word(0, "MEKO") | {"entry": content_checksum(issued(0, to="MEKO"))},
        403,
        "control.wrong-platform",
    ),
    ("another carrier's code", {"carrierCode": "SIM2"}, 422, "pint.bad-signature"),
    ("nobody's code", {"carrierCode": "NONE"}, 422, "pint.unknown-signer"),
    ("a manifest by the platform", {"issuanceManifestSignedContent": issued(0, "STRAITS")}, 422, "pint.bad-signature"),
    ("of another document", {"issuanceManifestSignedContent": issued(0, document="e" * 64)}, 422, ANOTHER),
    ("under another name", {"entry": entry(7)}, 422, ANOTHER),
    ("another issueTo", {"issueTo": issue_to(1)}, 422, ANOTHER),
]


def test_what_is_not_said_to_this_registry_by_this_platform_is_refused(platforms: Cast) -> None:
    for name, changes, status, code in WRONG:
        refused = say(platforms, "register", "STRAITS", 0, **changes)
        assert (name, refused.status_code) == (name, status)
        assert code in ("", refused.json()["code"]), name
        assert look_up(platforms).status_code == 404, name


def test_a_foreign_signature_and_a_member_that_is_no_platform_are_refused(platforms: Cast) -> None:
    said = {"registry": f"{platforms.url}/ctr/v1", "type": "register", "transportDocumentChecksum": DOCUMENT}
    said |= word(0)
    said |= {"entry": content_checksum(issued(0)), "platform": "STRA", "at": written(NOW)}
    forged = post(platforms, "STRAITS", seal(said, signer("MEKONG", "pint")))
    assert forged.status_code == 422
    assert post(platforms, "TH-NSW", seal(said, signer("STRAITS", "pint"))).status_code == 403
    assert post(platforms, "STRAITS", "no statement").status_code == 422
    assert httpx.post(f"{platforms.url}/ctr/v1/statements", content=b"x").status_code == 401
    assert look_up(platforms).status_code == 404


def test_two_first_entries_for_one_document_are_refused_whoever_comes_second(platforms: Cast) -> None:
    assert say(platforms, "register", "STRAITS", 0).status_code == 200
    second = say(platforms, "register", "MEKONG", 5)
    assert (second.status_code, second.json()["code"]) == (409, "control.registered")
    assert state(second)["control"] == "STRA"


def test_who_has_no_word_of_the_carrier_registers_nothing_before_its_first_platform(platforms: Cast) -> None:
    squat = say(platforms, "register", "MEKONG", 0, issuanceManifestSignedContent=None)
    assert (squat.status_code, squat.json()["code"]) == (422, "control.issuance-missing")
    assert state(squat)["control"] is None, "a refusal is signed, as every answer to a platform's word"
    assert state(say(platforms, "register", "STRAITS", 0))["control"] == "STRA"


def test_a_bill_is_offered_to_the_platform_that_the_carrier_names_and_nobody_has_it_before_that_accepts(
    platforms: Cast,
) -> None:
    """STRA relays an issuance to MEKO, which refuses; then the carrier issues the bill on FUJI, and no other has it."""
    stranger = say(platforms, "offer", "STRAITS", 1, "MEKONG", **word(0, "FUJI"))
    assert (stranger.status_code, stranger.json()["code"]) == (403, "control.wrong-platform")
    offered = state(say(platforms, "offer", "STRAITS", 1, "MEKONG", **word(0, "MEKO")))
    assert (offered["control"], offered["offer"]["state"], look_up(platforms).status_code) == (None, "open", 200)
    assert say(platforms, "register", "FUJI", 5).json()["code"] == "control.offer-open"
    assert state(say(platforms, "cancel", "STRAITS", 1))["offer"]["state"] == "cancelled"
    assert say(platforms, "accept", "MEKONG", 1).json()["code"] == "control.cancelled"
    assert state(say(platforms, "register", "FUJI", 5))["control"] == "FUJI"
    late = say(platforms, "offer", "STRAITS", 2, "MEKONG", **word(0, "MEKO"))
    assert (late.status_code, late.json()["code"]) == (409, "control.not-in-control")


def test_what_is_cancelled_before_it_is_offered_is_dead(platforms: Cast) -> None:
    assert say(platforms, "cancel", "STRAITS", 1, **word(0, "MEKO")).status_code == 200
    dead = say(platforms, "offer", "STRAITS", 1, "MEKONG", **word(0, "MEKO"))
    assert (dead.status_code, dead.json()["code"]) == (409, "control.dead-entry")
    accepted = [
        say(platforms, "offer", "STRAITS", 2, "MEKONG", **word(0, "MEKO")),
        say(platforms, "accept", "MEKONG", 2),
    ]
    assert [each.status_code for each in accepted] == [200, 200]
    assert state(say(platforms, "cancel", "MEKONG", 3, "FUJI"))["offer"]["state"] == "cancelled"
    assert say(platforms, "offer", "MEKONG", 3, "FUJI").json()["code"] == "control.dead-entry"
    assert say(platforms, "cancel", "STRAITS", 4, "FUJI").json()["code"] == "control.no-offer"
    assert state(look_up(platforms))["control"] == "MEKO"


def test_that_nothing_is_known_is_signed_and_of_the_question_that_was_asked(platforms: Cast) -> None:
    unknown = look_up(platforms, asked="a" * 64)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "control.unknown-title")
    assert (state(unknown)["control"], state(unknown)["asked"]) == (None, "a" * 64)
    offer = statement(platforms, "offer", "STRAITS", 1, "MEKONG")
    refused = post(platforms, "STRAITS", offer)
    assert (refused.status_code, state(refused)["asked"]) == (404, sha256_hex(offer.encode()))
    say(platforms, "register", "STRAITS", 0)
    assert state(look_up(platforms, asked="b" * 64))["asked"] == "b" * 64


def test_a_bill_that_was_refused_elsewhere_is_registered_with_its_new_issuance(platforms: Cast) -> None:
    say(platforms, "register", "STRAITS", 0)
    say(platforms, "offer", "STRAITS", 1, "MEKONG")
    assert say(platforms, "register", "STRAITS", 5).json()["code"] == "control.registered"
    say(platforms, "cancel", "STRAITS", 1)
    anew = say(platforms, "register", "STRAITS", 5)
    assert state(anew)["entry"] == content_checksum(issued(5))
    assert say(platforms, "register", "STRAITS", 5).json()["receipt"] == anew.json()["receipt"]
    assert state(say(platforms, "offer", "STRAITS", 2, "FUJI"))["offer"]["state"] == "open"
