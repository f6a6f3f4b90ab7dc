"""The drawing and the table of a life say all that its transitions say."""

import os
import subprocess
import sys

import pytest
from lxml import etree

from schemas.life import lives
from tradebridge.render.life import draw, table

SVG = {"svg": "http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("family", lives())
def test_every_state_and_every_event_is_drawn_and_told(family: str) -> None:
    life = lives()[family]
    tree = etree.fromstring(draw(life).encode())
    texts = [str(text) for text in tree.xpath("//svg:text/text()", namespaces=SVG)]
    states = (
        {life.first}
        | {row.after for row in life.transitions if row.after}
        | {row.check for row in life.transitions if row.check}
    )
    assert states <= set(texts)
    described = tree.findtext("svg:desc", namespaces=SVG) or ""
    for row in life.transitions:
        assert f"{row.event} by" in described
        drawn = row.after or row.check
        told = any(row.event.removeprefix("verification-") in text or row.variant in text for text in texts)
        assert told or not drawn or row.whole, row


@pytest.mark.parametrize("family", lives())
def test_every_row_has_its_clause_source_and_fidelity_in_the_table(family: str) -> None:
    life = lives()[family]
    lines = table(life).splitlines()[2:]
    assert len(lines) == len(life.transitions)
    for row, line in zip(life.transitions, lines, strict=True):
        for part in (row.event, row.sentence, row.clause or "-", row.source, row.fidelity):
            assert part in line


def test_a_drawing_is_the_same_in_every_run() -> None:
    """States stand in sets: nothing of the drawing may follow their order in memory."""
    code = "from schemas.life import lives; from tradebridge.render.life import *; " + (
        "print([draw(life) + table(life) for life in lives().values()])"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(runs) == 1 and b"<svg" in runs.pop()
