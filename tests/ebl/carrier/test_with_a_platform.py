"""The carrier and a simulated eBL platform, two processes: issuance, endorsement chain, surrender, reissue."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from schemas.bill_of_lading import pint
from simulator.platforms import token_of
from tests.ebl import cast
from tests.ebl.carrier.running import Carrier, configuration, digest, eventually, instructions
from tests.ebl.cast import BANK, CARRIER_CODE, EXPORTER
from tests.ebl.running import SEED, Process, free_port
from tests.ebl.running import configuration as platform_configuration

JSON = dict[str, Any]
SAMPLE = {("carrier.sent:1", "carrier"), ("carrier.sent:2", "platform")}


@dataclass
class Both:
    carrier: Carrier
    straits: Process

    def issued(self, body: JSON) -> tuple[str, str]:
        """Both references of a bill that the platform has issued."""
        reference = self.carrier.submit(body)
        document = self.carrier.stands(reference, document="DRAFT")["transportDocumentReference"]
        approval = {"transportDocumentStatus": "APPROVED"}
        assert self.carrier.call("PATCH", f"/transport-documents/{document}", approval).status_code == 202
        self.carrier.stands(reference, document="ISSUED", issuance="ISSUED")
        return reference, document


@contextmanager
def both(folder: Path, **changes: Any) -> Iterator[Both]:
    ports = {"STRA": free_port(), CARRIER_CODE: free_port()}
    url = f"http://127.0.0.1:{ports[CARRIER_CODE]}"
    config = platform_configuration("STRA", {"STRA": ports["STRA"]}, url)
    straits = Process("STRA", folder / "STRA", config, ports["STRA"])
    known = {
        "code": "STRA",
        "base": straits.url,
        "tokenOut": token_of(SEED, CARRIER_CODE, "STRA"),
        "tokenIn": digest(token_of(SEED, "STRA", CARRIER_CODE)),
    }
    settings = configuration(seed=SEED, platforms=[known], clock=None, **changes)
    running = Carrier(folder / "carrier", settings, ports[CARRIER_CODE])
    try:
        yield Both(running.start(), straits.start())
    finally:
        running.kill()
        straits.kill()


def straight(**changes: Any) -> JSON:
    """A straight bill, from the exporter of the cast to its bank."""
    body = instructions()
    body["documentParties"]["issueTo"] = cast.issue_to(EXPORTER)
    codes = [pint.to_json(each) for each in EXPORTER.identifying_codes]
    body["documentParties"]["shipper"] |= {"partyName": EXPORTER.party_name, "identifyingCodes": codes}
    codes = [pint.to_json(each) for each in BANK.identifying_codes]
    body["documentParties"]["consignee"] |= {"partyName": BANK.party_name, "identifyingCodes": codes}
    return body | changes


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """One pair for the tests that kill nobody."""
    with both(tmp_path_factory.mktemp("both"), officers={"surrenderForAmendment": "manual"}) as one:
        yield one


def test_a_bill_is_issued_transferred_surrendered_and_accomplished(world: Both) -> None:
    reference, document = world.issued(straight())
    title = world.straits.title(document)
    assert (title["at"], title["possessor"]["partyName"]) == ("here", EXPORTER.party_name)
    world.straits.act(document, "TRANSFER", EXPORTER, BANK)
    world.straits.act(document, "SURRENDER_FOR_DELIVERY", BANK)
    world.carrier.stands(reference, instructions="COMPLETED", document="SURRENDERED_FOR_DELIVERY")
    eventually(lambda: world.straits.title(document).get("at") == "ended")
    chain = world.straits.as_peer(CARRIER_CODE, "GET", f"/ebl/v3/endorsement-chains/{document}").json()
    actions = [each["actionCode"] for each in chain[0]["endorsementChain"]]
    assert actions == ["ISSUE", "TRANSFER", "SURRENDER_FOR_DELIVERY", "SURRENDERED"]


def test_a_rejected_surrender_goes_back_and_an_amended_bill_to_who_surrendered(world: Both) -> None:
    reference, document = world.issued(straight())
    for verdict, status in (("SREJ", "ISSUED"), ("SURR", "ISSUED")):
        world.straits.act(document, "SURRENDER_FOR_AMENDMENT", EXPORTER, reasonCode="COD")
        world.carrier.stands(reference, document="PENDING_SURRENDER_FOR_AMENDMENT")
        asked = [each for each in world.carrier.officer("GET", "/surrenders").json()["items"] if not each["action"]]
        answer = {"action": verdict, "comments": "Say which destination"}
        decided = world.carrier.officer("POST", f"/surrenders/{asked[0]['reference']}", answer)
        assert decided.status_code == 200
        world.carrier.stands(reference, document=status)
        if verdict == "SREJ":
            eventually(lambda: world.straits.title(document)["possessor"]["partyName"] == EXPORTER.party_name)
    eventually(lambda: world.straits.title(document).get("at") == "ended")
    again = world.straits.title(f"{document}-2")
    assert (again["at"], again["possessor"]["partyName"]) == ("here", EXPORTER.party_name)


def test_an_unknown_party_is_refused_by_the_platform(world: Both) -> None:
    body = straight()
    body["documentParties"]["issueTo"] = cast.issue_to(cast.party("Nobody", "SIM-XX", "STRA"))
    reference = world.carrier.submit(body)
    document = world.carrier.stands(reference, document="DRAFT")["transportDocumentReference"]
    approval = {"transportDocumentStatus": "APPROVED"}
    world.carrier.call("PATCH", f"/transport-documents/{document}", approval)
    case = world.carrier.stands(reference, document="APPROVED", issuance="REFUSED")
    assert "REFU" in case["document"]["feedbacks"][0]["message"]


DEATHS = [
    pytest.param(hold, killed, marks=pytest.mark.long("carrier", sample=(hold, killed) in SAMPLE))
    for hold in ("carrier.sending:1", "carrier.sent:1", "carrier.surrender-stored:1", "carrier.sent:2")
    for killed in ("carrier", "platform")
]


@pytest.mark.parametrize(("hold", "killed"), DEATHS)
def test_either_is_killed_in_the_middle(tmp_path: Path, hold: str, killed: str) -> None:
    """The carrier stands at a place; it, or the platform it speaks to, dies there and comes back."""
    with both(tmp_path) as world:
        world.carrier.kill()
        world.carrier.start(hold)
        reference = world.carrier.submit(straight())
        document = world.carrier.stands(reference, document="DRAFT")["transportDocumentReference"]
        approval = {"transportDocumentStatus": "APPROVED"}
        world.carrier.call("PATCH", f"/transport-documents/{document}", approval)
        if "1" in hold and "surrender" not in hold:
            world.carrier.wait_held(hold)
            _die(world, killed)
        world.carrier.stands(reference, document="ISSUED")
        world.straits.act(document, "SURRENDER_FOR_DELIVERY", EXPORTER)
        if "surrender" in hold or "2" in hold:
            world.carrier.wait_held(hold)
            _die(world, killed)
        world.carrier.stands(reference, instructions="COMPLETED")
        eventually(lambda: world.straits.title(document).get("at") == "ended")


def _die(world: Both, killed: str) -> None:
    if killed == "platform":
        world.straits.restart()
    world.carrier.kill()
    world.carrier.start()
