"""How a timeline is shown: also what has no time of its own yet."""

import pytest

from tradebridge.cli.get import _timeline


def test_a_delivery_that_has_not_ended_and_one_that_was_refused_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    delivery = {"kind": "delivery", "text": "document to SG-NSW: retrying"}
    _timeline({"entries": [{**delivery, "at": None}, {**delivery, "at": "2026-01-05", "error": "partner.refused: E1"}]})
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["delivery", "document", "to", "SG-NSW:", "retrying"]
    assert second.endswith("document to SG-NSW: retrying (partner.refused: E1)")
