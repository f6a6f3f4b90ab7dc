"""A title checked offline: what holds, what nobody has signed, what was changed, and whose signatures count."""

from typing import Any

import pytest

from schemas.bill_of_lading.issuance import manifest_of
from schemas.bill_of_lading.pint import checksum, to_json
from schemas.findings import Finding
from tests.ebl.cast import BANK, BUYER, CARRIER_CODE, EXPORTER, ISSUE, PLATFORMS, act, document, key
from tradebridge.ebl.chain import content_checksum, first_entry, issue_to
from tradebridge.ebl.seal import Trust, Trusted, seal
from tradebridge.ebl.verify import read_trust, trust_json, verify_title

TRUST = Trust(
    {code: Trusted(code, (key(code).certificate,)) for code in PLATFORMS},
    {CARRIER_CODE: Trusted(CARRIER_CODE, (key(CARRIER_CODE).certificate,))},
    {(CTR := "https://registry.example/ctr/v1"): Trusted(CTR, (key("CTR").certificate,))},
)


def manifest() -> str:
    """The carrier's, over the example and the party that ISSUE names."""
    to = issue_to({"transactions": [to_json(ISSUE)]})
    assert to is not None
    return seal(manifest_of(document(), to), key(CARRIER_CODE))


def shown(**changes: Any) -> dict[str, Any]:
    """A chain of one entry: issued to the exporter, who handed it to the buyer on another platform."""
    entry = first_entry(document(), [ISSUE, act("TRANSFER", EXPORTER, BUYER, 1)], manifest(), key("STRA"), "STRA")
    chain = {"transportDocument": document(), "envelopeTransferChain": [entry], "unsigned": []}
    return chain | {"issuanceManifestSignedContent": manifest()} | changes


def unsigned(*transactions: Any) -> list[dict[str, Any]]:
    return [to_json(each) for each in transactions]


def test_a_chain_that_is_signed_holds() -> None:
    report = verify_title(shown(), TRUST)
    assert report.findings == ()
    assert (report.holds, report.exit_code, report.unsigned) == (True, 0, 0)
    assert report.title is not None
    assert report.title == report.signed
    assert report.title.possessor == BUYER


def test_what_nobody_has_signed_is_told_apart_and_is_not_zero() -> None:
    report = verify_title(shown(unsigned=unsigned(act("TRANSFER", BUYER, BANK, 2))), TRUST)
    assert (report.holds, report.exit_code, report.unsigned) == (True, 3, 1)
    assert report.title is not None
    assert report.signed is not None
    assert (report.title.possessor, report.signed.possessor) == (BANK, BUYER)
    assert report.to_json()["signed"]["possessor"]["partyName"] == BUYER.party_name


def test_of_a_title_without_an_entry_the_carrier_signed_who_got_it() -> None:
    report = verify_title(shown(envelopeTransferChain=[], unsigned=unsigned(ISSUE)), TRUST)
    assert (report.holds, report.exit_code, report.unsigned) == (True, 0, 0)
    assert report.signed is not None
    assert report.signed.possessor == EXPORTER
    to_another = act("ISSUE", ISSUE.actor, BANK)
    forged = verify_title(shown(envelopeTransferChain=[], unsigned=unsigned(to_another)), TRUST)
    assert [each.code for each in forged.findings] == ["pint.issued-to-another"]
    assert (forged.title, forged.signed, forged.exit_code) == (None, None, 5)


CHANGED: list[tuple[dict[str, Any], Trust]] = [
    ({"transportDocument": document(termsAndConditions="Others.")}, TRUST),
    ({"transportDocument": document(termsAndConditions="Others."), "envelopeTransferChain": []}, TRUST),
    ({"unsigned": unsigned(act("TRANSFER", EXPORTER, BANK, 2))}, TRUST),
    ({"unsigned": [{"actionCode": "TRANSFER"}]}, TRUST),
    ({"answers": ["no.such.answer"]}, TRUST),
    ({"envelopeTransferChain": [5]}, TRUST),
    ({"transportDocument": "text"}, TRUST),
    ({"transportDocument": {"a": float("nan")}}, TRUST),
    ({}, Trust({}, TRUST.carriers, TRUST.registries)),
    ({}, Trust(TRUST.platforms, {})),
    ({}, Trust({**TRUST.platforms, "STRA": TRUST.platforms["MEKO"]}, TRUST.carriers)),
]


@pytest.mark.parametrize(("changes", "trust"), CHANGED)
def test_what_was_changed_or_is_signed_by_strangers_does_not_hold(changes: dict[str, Any], trust: Trust) -> None:
    report = verify_title(shown(**changes), trust)
    assert (report.holds, report.exit_code) == (False, 5)
    assert report.findings


def registered() -> dict[str, Any]:
    """The same chain under a registry, which has the acceptance; the receiver's own answer got lost."""
    transactions = [ISSUE, act("TRANSFER", EXPORTER, BUYER, 1)]
    return shown(
        envelopeTransferChain=[first_entry(document(), transactions, manifest(), key("STRA"), "STRA", registry=CTR)]
    )


def word(chain: dict[str, Any], by: str = "CTR", **changes: Any) -> str:
    """What the registry signs of the last entry of a chain."""
    (entry,) = chain["envelopeTransferChain"]
    offer = {"entry": content_checksum(entry), "from": "STRA", "to": "FUJI", "state": "accepted"}
    state = {"registry": CTR, "transportDocumentChecksum": checksum(document()), "offer": offer}
    return seal(state | changes | {"offer": offer | changes.pop("offer", {})}, key(by))


def test_a_title_that_went_over_by_the_word_of_its_registry_holds() -> None:
    chain = registered()
    report = verify_title(chain | {"answers": [word(chain)]}, TRUST)
    assert (report.findings, report.exit_code) == ((), 0)
    assert report.answers == (f"accepted by FUJI, by the word of {CTR}",)
    cancelled = word(chain, offer={"state": "cancelled"})
    others = word(chain, offer={"to": "MEKO"}), word(chain, offer={"entry": "0" * 64})
    for wrong in (cancelled, *others, word(chain, by="STRA"), word(chain, registry="https://another.example")):
        found = verify_title(chain | {"answers": [wrong]}, TRUST).findings
        assert [each.code for each in found] == ["title.answer-of-another"]
    unnamed = shown()
    assert verify_title(unnamed | {"answers": [word(unnamed)]}, TRUST).exit_code == 5, "its chain names no registry"


@pytest.mark.parametrize("value", [None, 5, [], {}, {"title": 5}, {"envelopeTransferChain": []}])
def test_no_input_raises(value: object) -> None:
    assert [each.code for each in verify_title(value, TRUST).findings] == ["title.no-chain"]


def test_the_list_of_platforms_is_read_as_it_was_written() -> None:
    written = {"format": "tradebridge-platforms/1", **trust_json(TRUST, {"STRA": "Straits"})}
    assert written["platforms"][-1]["name"] == "Straits"
    read = read_trust(written)
    assert read == TRUST


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"format": "another"},
        {"format": "tradebridge-platforms/1", "platforms": ["STRA"]},
        {"format": "tradebridge-platforms/1", "carriers": [{"code": "SIML", "certificates": [{"certificate": "no"}]}]},
        {"format": "tradebridge-platforms/1", "platforms": [{"code": "STRA", "certificates": [5]}]},
    ],
)
def test_a_list_that_cannot_be_used_is_a_finding(value: object) -> None:
    assert isinstance(read_trust(value), Finding)
