"""The chain of control as a drawing: one possessor in every row, the endorsee beside, signatures, the same in words."""

from collections.abc import Sequence
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bill_of_lading.pint import ChainEntry, Transaction
from schemas.bill_of_lading.title import Status
from tests.ebl.cast import BANK, BUYER, CARRIER, EXPORTER, FORWARDER, ISSUE, act, document, party, transferred
from tradebridge.ebl.titles import read_entry
from tradebridge.render.chain import Picture, draw, picture_of, words

SVG = "{http://www.w3.org/2000/svg}"
PLEDGED = (
    ISSUE,
    act("ENDORSE_TO_ORDER", EXPORTER, BUYER, 1),
    act("TRANSFER", EXPORTER, BANK, 2),
    act("TRANSFER", BANK, BUYER, 3),
    act("SURRENDER_FOR_DELIVERY", BUYER, CARRIER, 4),
    act("SACC", CARRIER, BUYER, 5),
)
"""Endorsed to the buyer, possessed by a bank in trust, then by the buyer, surrendered and accomplished."""


def entry(platform: str, *transactions: Transaction) -> ChainEntry:
    return ChainEntry(ebl_platform=platform, transport_document_checksum="0" * 64, transactions=transactions)


def picture(transactions: Sequence[Transaction] = PLEDGED, kind: str = "to-order", note: str = "") -> Picture:
    made = picture_of(document(kind), [entry("STRA", *transactions)], note=note)
    assert isinstance(made, Picture), made
    return made


def possessions(drawing: str) -> list[int]:
    """The lanes of the bars, from top to bottom."""
    bars = [each for each in ElementTree.fromstring(drawing).iter(f"{SVG}rect") if each.get("data-possession")]  # noqa: S314
    bars.sort(key=lambda each: float(each.get("y", "")))
    for above, below in pairwise(bars):  # neither a gap nor two at once
        assert float(above.get("y", "")) + float(above.get("height", "")) == float(below.get("y", ""))
    return [int(each.get("data-possession", "")) for each in bars]


def test_possession_is_in_exactly_one_lane_at_every_row() -> None:
    drawn = possessions(draw(picture()))
    assert drawn == [1, 1, 3, 2, 0, 0]  # lanes: carrier, exporter, buyer (named first), bank


def test_possession_in_trust_is_hollow_and_the_endorsee_has_a_dotted_bar() -> None:
    root = ElementTree.fromstring(draw(picture(PLEDGED[:3])))  # noqa: S314
    bars = [each for each in root.iter(f"{SVG}rect") if each.get("data-possession")]
    assert [each.get("class") for each in bars] == ["held", "trust", "trust"]
    assert (
        len([each for each in root.iter(f"{SVG}path") if each.get("class") == "right" and "v" in each.get("d", "")])
        == 2
    )


def test_every_row_says_what_was_done_by_whom_when_and_who_signed_it() -> None:
    said = words(picture())
    assert said[0] == (
        "1. 2026-01-20 09:00 UTC: issued by Simulated carrier SIML on STRA to Example Singapore Exports on STRA "
        "(entry 1, signed by STRA); possession: Example Singapore Exports on STRA."
    )
    assert "possession in trust: Example Bank of Singapore on STRA" in said[2]
    assert said[-1].startswith("Now: accomplished, sequence 6")
    assert len(said) == len(PLEDGED) + 1


def test_the_words_are_the_text_of_the_drawing_for_who_cannot_see_it() -> None:
    root = ElementTree.fromstring(draw(picture()))  # noqa: S314
    described = root.find(f"{SVG}desc")
    assert described is not None and described.text is not None
    for sentence in words(picture()):
        assert sentence in described.text
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title desc"


def test_entries_of_several_platforms_are_told_apart() -> None:
    entries = [read_entry(each) for each in transferred(document())]
    made = picture_of(document(), entries, note="here")
    assert isinstance(made, Picture)
    assert [(step.entry, step.platform) for step in made.steps] == [(1, "STRA"), (1, "STRA"), (2, "MEKO")]
    drawing = draw(made)
    assert "signed by MEKO" in drawing
    assert "On the platform asked: here." in drawing


def test_what_no_entry_has_yet_says_so() -> None:
    made = picture_of(document(), [entry("STRA", ISSUE)], [act("TRANSFER", EXPORTER, BANK, 1)], "sending to MEKO")
    assert isinstance(made, Picture)
    assert "in no entry yet" in words(made)[1]
    assert "sending to MEKO" in words(made)[-1]


def test_a_chain_that_does_not_hold_is_not_drawn() -> None:
    refused = picture_of(document(), [entry("STRA", ISSUE, act("TRANSFER", BUYER, BANK, 1))])
    assert isinstance(refused, tuple)
    assert [each.code for each in refused] == ["title.not-the-possessor"]
    assert picture_of(document(), []) == ()


@pytest.mark.parametrize("name", ["<b>&\"'", "X" * 70, "界" * 30, "A b " * 17])
def test_no_name_breaks_the_drawing(name: str) -> None:
    odd = party(name.strip(), "ODD", "STRA")
    drawing = draw(picture((ISSUE, act("TRANSFER", EXPORTER, odd, 1)), "blank"))
    ElementTree.fromstring(drawing)  # noqa: S314
    assert "<b>" not in drawing


@given(st.lists(st.sampled_from([BANK, EXPORTER, FORWARDER, BUYER]), max_size=12))
def test_however_long_the_chain_there_is_one_possessor_in_each_row(way: list) -> None:  # type: ignore[type-arg]
    transactions, holder = [ISSUE], EXPORTER
    for at, to in enumerate(way):
        transactions.append(act("TRANSFER", holder, to, at + 1))
        holder = to
    made = picture(transactions, "blank")
    assert len(possessions(draw(made))) == len(transactions)
    assert made.title.status is Status.HELD
    assert draw(made) == draw(made)
