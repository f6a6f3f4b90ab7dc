"""A title goes from platform to platform, over HTTP, between real processes."""

import asyncio
from pathlib import Path

from simulator.platform import Platform, Settings
from tests.ebl.cast import BANK, BUYER, EXPORTER, FORWARDER, PACKING_LIST, RENDERING
from tests.ebl.running import Platforms, configuration


def test_a_title_is_issued_to_its_first_possessor(three: Platforms) -> None:
    reference = three.issue()
    title = three["STRA"].title(reference)
    assert (title["at"], title["status"], title["account"]) == ("here", "held", "SIM-SG-EXP")
    assert three.holders(reference) == ["STRA"]


def test_possession_goes_to_another_platform_and_on_to_a_third(three: Platforms) -> None:
    reference = three.issue()
    sent = three["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)
    assert three["STRA"].settled(sent["transfer"])["state"] == "accepted"
    assert three["STRA"].title(reference)["at"] == "away"
    assert three["MEKO"].title(reference)["at"] == "here"
    assert three.holders(reference) == ["MEKO"]
    on = three["MEKO"].act(reference, "TRANSFER", FORWARDER, BUYER)
    assert three["MEKO"].settled(on["transfer"])["state"] == "accepted"
    assert three.holders(reference) == ["FUJI"]
    actions = [each["actionCode"] for each in three["FUJI"].chain(reference)["transactions"]]
    assert actions == ["ISSUE", "TRANSFER", "TRANSFER"]


def test_additional_documents_go_with_it(three: Platforms, tmp_path: Path) -> None:
    reference = three.issue(rendering=RENDERING)
    uploaded = three["STRA"].call(
        "PUT", f"/v1/titles/{reference}/files?name=Packing%20list.txt&mediaType=text/plain", PACKING_LIST
    )
    assert uploaded.status_code == 201, uploaded.text
    sent = three["STRA"].act(
        reference, "TRANSFER", EXPORTER, FORWARDER, documents=[uploaded.json()["documentChecksum"]]
    )
    assert three["STRA"].settled(sent["transfer"])["state"] == "accepted"
    documents = {each["name"] for each in three["MEKO"].title(reference)["documents"]}
    assert documents == {"Bill.pdf", "Packing list.txt"}


def test_within_a_platform_nothing_is_sent(three: Platforms) -> None:
    reference = three.issue()
    acted = three["STRA"].act(reference, "TRANSFER", EXPORTER, BANK)
    assert acted["transfer"] is None
    assert three["STRA"].title(reference)["account"] == "SIM-SG-BANK"
    assert three["STRA"].try_act(reference, "TRANSFER", EXPORTER, FORWARDER).status_code == 422


def test_a_platform_that_is_woken_while_it_ends_does_end(tmp_path: Path) -> None:
    async def run() -> None:
        settings = Settings.from_json(configuration("STRA", {}, ""), "STRA")
        platform = Platform(settings, tmp_path)
        await platform.open()
        await asyncio.sleep(0.2)
        platform.wake()
        async with asyncio.timeout(10):
            await platform.close()

    asyncio.run(run())
