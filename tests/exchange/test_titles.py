"""Titles in the hub: issued by a carrier, acted on by signed events, logged, shown to whom they concern."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.content import sha256_hex
from tests.exchange.lading import Hubs, eventually, party, two_hubs


@pytest.fixture
def hubs(tmp_path: Path, database_url: str) -> Iterator[Hubs]:
    with two_hubs(tmp_path, database_url) as running:
        yield running


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
    assert answer["receipt"]
    assert hubs.title("SIML2601002", member="BANK-SYS")["sequence"] == 2
