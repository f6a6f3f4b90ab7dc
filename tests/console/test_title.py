"""A bill of lading with a title: its exchange, its paper, and its chain of control drawn."""

from pathlib import Path
from xml.sax.saxutils import unescape

import httpx
import pytest

from tests.exchange.lading import party, two_hubs


@pytest.mark.long("console", sample=False)
def test_the_chain_of_control_is_drawn_and_said(tmp_path: Path) -> None:
    with two_hubs(tmp_path) as hubs:
        hubs.issue("SIML2601001")
        hubs.act("SIML2601001", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Bank"))
        document = hubs.title("SIML2601001", member="BANK-SYS")["document"]
        with httpx.Client(base_url=hubs.here.url, timeout=20) as pages:
            paper = pages.get(f"/console/d/{document}/paper")
            assert paper.status_code == 200
            assert "transferred by Exporter on" in paper.text and f'src="/console/d/{document}/chain"' in paper.text
            drawn = pages.get(f"/console/d/{document}/chain")
            assert drawn.headers["content-type"] == "image/svg+xml" and "2. transferred" in unescape(drawn.text)
            for tab in ("findings", "bytes", "signatures", "timeline"):
                page = pages.get(f"/console/d/{document}?tab={tab}")
                assert page.status_code == 200 and "SIML2601001" in page.text
            assert "title issued" in page.text
