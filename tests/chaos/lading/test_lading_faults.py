"""Faults that need whole processes: a year that goes by, a key that is revoked, calls in a wrong order.

The others of the list are in tests/ebl: corrupted checksum, unknown recipient, wrong platform, missing and unrelated
documents, gap, forged entry, other content, duplicate finish (test_receiving); two entries for one position, foreign
and revoked keys (vectors); 100 MB (test_files); DISE, BETR, silence (test_doubt).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from tests.ebl.cast import BANK, BUYER, EXPORTER, FORWARDER, PACKING_LIST, PACKING_LIST_METADATA
from tests.ebl.running import Platforms, Process, certificate_of, eventually, key_of, platforms
from tests.ebl.test_receiving import Sender, signed, unsigned
from tradebridge.ebl.seal import thumbprint

ENVELOPES = "/pint/v3/envelopes"


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Platforms]:
    with platforms(tmp_path) as running:
        yield running


def envelope_of(process: Process, transfer: str) -> object:
    (row,) = process.rows("select envelope from ebl_transfers where id = ?", transfer)
    return orjson.loads(row["envelope"])


def a_year_later(process: Process) -> None:
    process.config["clock"] = (datetime.now(UTC) + timedelta(days=366)).isoformat()
    process.restart()


def test_an_envelope_replayed_a_year_later_changes_nothing(three: Platforms) -> None:
    """Accepted then, and gone on since; refused then; and both again after the title has come back."""
    reference = three.issue()
    stranger = BUYER.model_copy(update={"ebl_platform": "MEKO"})
    refused = three["STRA"].act(reference, "TRANSFER", EXPORTER, stranger)["transfer"]
    assert three["STRA"].settled(refused)["state"] == "refused"
    taken = three["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)["transfer"]
    assert three["STRA"].settled(taken)["state"] == "accepted"
    old = {outcome: envelope_of(three["STRA"], each) for outcome, each in (("BENV", refused), ("DUPE", taken))}
    on = three["MEKO"].act(reference, "TRANSFER", FORWARDER, BUYER)
    assert three["MEKO"].settled(on["transfer"])["state"] == "accepted"
    a_year_later(three["MEKO"])
    for outcome, status in (("BENV", 422), ("DUPE", 200)):
        signed(three["MEKO"].as_peer("STRA", "POST", ENVELOPES, old[outcome]), status, outcome)
    assert three.holders(reference) == ["FUJI"]
    back = three["FUJI"].act(reference, "TRANSFER", BUYER, BANK)
    assert three["FUJI"].settled(back["transfer"])["state"] == "accepted"
    for outcome, status in (("BENV", 422), ("DUPE", 200)):
        signed(three["MEKO"].as_peer("STRA", "POST", ENVELOPES, old[outcome]), status, outcome)
    assert three.holders(reference) == ["STRA"]


def test_a_key_that_was_revoked_moves_nothing_any_more(three: Platforms) -> None:
    """The receiver says BSIG: the title stays where it is, in doubt, and goes over when the key is good again."""
    reference = three.issue()
    (peer,) = (each for each in three["MEKO"].config["peers"] if each["code"] == "STRA")
    peer["certificates"] = [certificate_of("STRA")]
    peer["revoked"] = {thumbprint(key_of("STRA").certificate): "2026-01-01T00:00:00+00:00"}
    three["MEKO"].restart()
    sent = three["STRA"].act(reference, "TRANSFER", EXPORTER, FORWARDER)["transfer"]
    eventually(lambda: "BSIG" in (three["STRA"].transfer(sent)["lastError"] or ""), "the receiver's word")
    assert three.holders(reference) in (["STRA sending"], ["STRA in-doubt"])
    peer["revoked"] = {}
    three["MEKO"].restart()
    assert three["STRA"].settled(sent)["state"] == "accepted"
    assert three.holders(reference) == ["MEKO"]


def test_calls_in_a_wrong_order_move_nothing(three: Platforms) -> None:
    """A document and an end before the start; an end before its documents; a document and a start after the end."""
    sender = Sender(three)
    name = PACKING_LIST_METADATA.document_checksum
    unsigned(sender.put("env_0", name, PACKING_LIST), 404, "pint.unknown-envelope")
    unsigned(sender.finish("env_0"), 404, "pint.unknown-envelope")
    envelope = sender.envelope(supporting=[PACKING_LIST_METADATA])
    reference = sender.start(envelope).json()["envelopeReference"]
    for _ in range(2):
        signed(sender.finish(reference), 409, "MDOC")
    assert not sender.holds
    assert sender.put(reference, name, PACKING_LIST).status_code == 204
    signed(sender.finish(reference), 200, "RECE")
    for _ in range(2):
        assert sender.put(reference, name, PACKING_LIST).status_code == 204
        signed(sender.finish(reference), 200, "DUPE")
        signed(sender.start(envelope), 200, "DUPE")
    assert sender.holds
    assert three.holders(sender.document["transportDocumentReference"]) == ["MEKO"]
