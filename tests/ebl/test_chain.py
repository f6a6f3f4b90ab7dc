"""The envelope transfer chain: it tells who has the title, and nothing can be taken out, put in or changed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bill_of_lading.pint import Outcome, Transaction, signed_checksum
from schemas.findings import Finding
from tests.ebl.cast import (
    BANK,
    BEGIN,
    BUYER,
    BUYERS_BANK,
    CARRIER,
    EXPORTER,
    FORWARDER,
    ISSUE,
    NOW,
    RENDERING_METADATA,
    accounts,
    act,
    begun,
    continued,
    document,
    envelope,
    issuance,
    key,
    rsa_key,
    transferred,
    trust,
    trusted,
)
from tradebridge.ebl.chain import MOST_ENTRIES, Chain, content_checksum, first_entry, follow, read_chain
from tradebridge.ebl.envelope import Known, judge
from tradebridge.ebl.seal import peek, seal, thumbprint
from tradebridge.evidence.simulation import test_signer

DOCUMENT = document("to-order")


def read(signed: Sequence[str]) -> Chain:
    chain = read_chain(DOCUMENT, signed, trust(), NOW)
    assert isinstance(chain, Chain), chain
    return chain


def codes(found: Chain | tuple[Finding, ...]) -> list[str]:
    assert not isinstance(found, Chain), found
    return [each.code for each in found]


def long_chain() -> list[str]:
    """STRA: issued, endorsed to the bank, to it; MEKO: on to the buyer; FUJI: surrendered."""
    signed = begun(
        DOCUMENT,
        act("ENDORSE_TO_ORDER", EXPORTER, BANK, 1),
        act("TRANSFER", EXPORTER, BANK, 2),
        act("ENDORSE_TO_ORDER", BANK, BUYER, 3),
        act("TRANSFER", BANK, FORWARDER, 4),
    )
    signed = continued(DOCUMENT, signed, "MEKO", act("SIGN", FORWARDER, None, 5))
    signed = continued(DOCUMENT, signed, "MEKO", act("TRANSFER", FORWARDER, BUYER, 6))
    return continued(DOCUMENT, signed, "FUJI", act("SURRENDER_FOR_DELIVERY", BUYER, CARRIER, 7))


def _next(chain: Chain, platform: str, transaction: Transaction) -> str:
    checksum, rendering = chain.document_checksum, chain.visualisation
    return follow(chain.signed, [transaction], key(platform), platform, checksum, rendering)


def test_a_chain_tells_who_has_the_title() -> None:
    chain = read(long_chain())
    assert (chain.title.possessor, chain.title.surrendered_by, chain.title.sequence) == (CARRIER, BUYER, 8)
    assert [each.ebl_platform for each in chain.entries] == ["STRA", "MEKO", "MEKO", "FUJI"]
    assert chain.last_checksum == signed_checksum(chain.signed[-1])
    assert [each.action_code.value for each in chain.transactions][:2] == ["ISSUE", "ENDORSE_TO_ORDER"]
    assert chain.notes == ()


def test_the_next_entry_follows_a_chain_that_was_read() -> None:
    chain = read(transferred(DOCUMENT))
    longer = [*chain.signed, _next(chain, "FUJI", act("TRANSFER", BUYER, BUYERS_BANK, 3))]
    assert read(longer).title.possessor == BUYERS_BANK
    previous = peek(longer[-1])
    assert isinstance(previous, dict)
    assert previous["previousEnvelopeTransferChainEntrySignedContentChecksum"] == chain.last_checksum


def test_rendering_and_registry_are_read_from_the_first_entry() -> None:
    registry = "https://registry.example/ctr/v1"
    chain = read(begun(DOCUMENT, registry=registry, visualisation=RENDERING_METADATA))
    assert (chain.registry, chain.visualisation) == (registry, RENDERING_METADATA)
    assert chain.visualisation_checksum == RENDERING_METADATA.document_checksum
    later = [*chain.signed, _next(chain, "STRA", act("TRANSFER", EXPORTER, BUYER, 1))]
    assert read(later).visualisation == RENDERING_METADATA and read(later).registry == registry


def test_both_algorithms_stand_in_one_chain() -> None:
    signed = transferred(DOCUMENT)[:1]
    signed = continued(DOCUMENT, signed, "MEKO", act("TRANSFER", FORWARDER, BUYER, 2), by=rsa_key())
    chain = read_chain(DOCUMENT, signed, trust(MEKO=trusted("MEKO", rsa_key())), NOW)
    assert isinstance(chain, Chain) and chain.title.possessor == BUYER


def test_an_old_entry_holds_though_its_certificate_has_ended_since() -> None:
    short = test_signer("pint-vectors", "STRA", "short", BEGIN - timedelta(days=1), BEGIN + timedelta(days=1))
    signed = begun(DOCUMENT, act("TRANSFER", EXPORTER, FORWARDER, 1), by=short)
    only_short = trust(STRA=trusted("STRA", short))
    assert codes(read_chain(DOCUMENT, signed, only_short, NOW)) == ["pint.expired-certificate"]
    assert isinstance(read_chain(DOCUMENT, signed, only_short, None), Chain)
    longer = continued(DOCUMENT, signed, "MEKO", act("TRANSFER", FORWARDER, BUYER, 2))
    assert isinstance(read_chain(DOCUMENT, longer, only_short, NOW), Chain)


def test_an_entry_by_a_key_that_was_revoked_before_it_is_refused_wherever_it_stands() -> None:
    longer = transferred(DOCUMENT)
    for since, holds in ((BEGIN, False), (NOW, True)):
        name = thumbprint(key("STRA").certificate)
        revoked = trust(STRA=replace(trusted("STRA"), revoked={name: since}))
        chain = read_chain(DOCUMENT, longer, revoked, NOW)
        assert isinstance(chain, Chain) is holds
        if not holds:
            assert codes(chain) == ["pint.revoked-certificate"]


def test_a_party_that_differs_from_the_carriers_is_a_warning() -> None:
    other = ISSUE.model_copy(update={"recipient": BANK})
    signed = [first_entry(DOCUMENT, [other], issuance(DOCUMENT), key("STRA"), "STRA")]
    assert [(each.code, each.refuses) for each in read(signed).notes] == [("pint.issued-to-another", False)]


def test_an_endless_chain_is_not_read() -> None:
    found = read_chain(DOCUMENT, ["x"] * (MOST_ENTRIES + 1), trust(), NOW)
    assert codes(found) == ["pint.chain-too-long"]
    assert codes(read_chain(DOCUMENT, [], trust(), NOW)) == ["title.issue-not-first"]


def test_an_issuance_manifest_that_is_no_jws_is_named() -> None:
    payload = peek(begun(DOCUMENT)[0])
    assert isinstance(payload, dict)
    signed = [seal(payload | {"issuanceManifestSignedContent": "eyJ9.e30.x"}, key("STRA"))]
    found = read_chain(DOCUMENT, signed, trust(), NOW)
    assert not isinstance(found, Chain)
    where = "/envelopeTransferChain/0/issuanceManifestSignedContent"
    assert [(each.code, each.pointer) for each in found] == [("pint.not-jws", where)]


def test_the_content_of_an_entry_is_the_same_when_it_is_signed_again() -> None:
    one = transferred(DOCUMENT)[-1]
    payload = peek(one)
    assert isinstance(payload, dict)
    again = seal(payload, key("MEKO", "next"))
    assert content_checksum(one) == content_checksum(again) and signed_checksum(one) != signed_checksum(again)
    for odd in ("", "a.b", "é.é.é", "a.b.c.d"):
        assert len(content_checksum(odd)) == 64


# --- Whatever is done to a chain -------------------------------------------------------------------------------------

WHOLE = long_chain()
ENVELOPE = envelope(DOCUMENT, WHOLE, "FUJI")


def outcome_of(chain: list[str]) -> Outcome | None:
    """Of the envelope with this chain in the place of its own, at the carrier's platform, which knows nothing of it."""
    judgement = judge(
        ENVELOPE | {"envelopeTransferChain": chain},
        me="STRA",
        sender_allowed={"FUJI", "MEKO", "STRA"},
        trust=trust(),
        known=Known(),
        accounts=accounts,
        at=NOW,
    )
    assert judgement.outcome is not None or judgement.unreadable
    return judgement.outcome


def test_the_chain_as_it_is_is_accepted() -> None:
    assert outcome_of(WHOLE) is Outcome.RECE


@pytest.mark.fuzz
@given(st.integers(0, len(WHOLE) - 1), st.data())
def test_any_changed_byte_is_refused(at: int, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(WHOLE[at]) - 1))
    byte = data.draw(st.sampled_from("ABCDabcd0189-_.="))
    changed = WHOLE[at][:place] + byte + WHOLE[at][place + 1 :]
    chain = [*WHOLE[:at], changed, *WHOLE[at + 1 :]]
    assert (outcome_of(chain) is Outcome.RECE) is (chain == WHOLE)
    assert isinstance(read_chain(DOCUMENT, chain, trust(), NOW), Chain) is (chain == WHOLE)


@pytest.mark.fuzz
@given(st.lists(st.integers(0, len(WHOLE) - 1), min_size=1, max_size=7))
def test_any_dropped_swapped_or_doubled_entry_is_refused(order: list[int]) -> None:
    chain = [WHOLE[at] for at in order]
    assert (outcome_of(chain) is Outcome.RECE) is (chain == WHOLE)
    prefix = chain == WHOLE[: len(chain)]  # a shorter chain is one by itself; the manifest names another last entry
    assert isinstance(read_chain(DOCUMENT, chain, trust(), NOW), Chain) is prefix


ACTS: list[Transaction] = [
    act("TRANSFER", BUYER, BUYERS_BANK, 9),
    act("SIGN", BUYERS_BANK, None, 10),
    act("TRANSFER", BUYERS_BANK, BUYER, 11),
]


@pytest.mark.fuzz
@given(st.lists(st.sampled_from(ACTS), min_size=1, max_size=6), st.sampled_from(["FUJI", "MEKO"]))
def test_an_entry_holds_only_what_its_platform_and_its_possessor_did(acts: list[Transaction], by: str) -> None:
    """Another's platform cannot add an entry, and on the right one each step is by a party of that platform."""
    longer = continued(DOCUMENT, transferred(DOCUMENT), by, *acts)
    chain = read_chain(DOCUMENT, longer, trust(), NOW)
    assert isinstance(chain, Chain) is (by == "FUJI")
    if isinstance(chain, Chain):
        assert chain.title.possessor.ebl_platform == "FUJI"


@pytest.mark.parametrize("by", ["MEKO", "STRA"])
def test_a_forged_entry_of_a_platform_that_has_not_got_the_title_is_refused(by: str) -> None:
    thief = {"MEKO": FORWARDER, "STRA": EXPORTER}[by]
    forged = continued(DOCUMENT, transferred(DOCUMENT), by, act("TRANSFER", thief, BANK, 3))
    assert codes(read_chain(DOCUMENT, forged, trust(), NOW)) == ["title.not-the-possessor"]
