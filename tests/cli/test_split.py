"""`tb split`: how many parts there would be, and the parts."""

import json
from pathlib import Path

from schemas.content import Syntax
from tests.cli.conftest import Tb
from tests.exchange.cast import NOW, encoded, of_items
from tradebridge.cli.exits import Exit


def write(folder: Path, count: int, syntax: Syntax = Syntax.XML) -> str:
    (folder / "large").write_bytes(encoded(of_items(count), syntax))
    return "large"


def test_without_numbers_it_tells_how_many_parts_there_would_be(tb: Tb, tmp_path: Path) -> None:
    ran = tb("split", write(tmp_path, 120), "--for", "sg")
    assert (ran.code, ran.out) == (Exit.OK, "[ok]   3 parts, of 50, 50, 20 items\n")
    assert tb("split", "large", "--most-items", "100", "--json").json["parts"] == [{"items": 100}, {"items": 20}]


def test_the_parts_are_valid_files_of_the_same_syntax(tb: Tb, tmp_path: Path) -> None:
    numbers = ("--number", "SG-D-2026-00011", "--number", "SG-D-2026-00012")
    for syntax in Syntax:
        ran = tb("split", write(tmp_path, 60, syntax), "--for", "sg", *numbers, "-o", "parts", "--json")
        assert [(each["from"], each["to"]) for each in ran.json["parts"]] == [(1, 50), (51, 60)]
        for each in ran.json["parts"]:
            judged = tb("validate", each["file"], "--json", "--at", NOW.isoformat()).json
            assert (judged["valid"], judged["number"], each["file"][-4:]) == (
                True,
                each["number"],
                f"{syntax}"[-4:].rjust(4, "."),
            )


def test_bytes_are_those_of_the_form_that_the_recipient_speaks(tb: Tb, tmp_path: Path) -> None:
    ran = tb("split", write(tmp_path, 3_000), "--for", "jp", "--json")
    counts = [each["items"] for each in ran.json["parts"]]
    assert len(counts) > 1 and sum(counts) == 3_000


def test_what_cannot_be_done_is_told(tb: Tb, tmp_path: Path) -> None:
    file = write(tmp_path, 60)
    assert tb("split", file, "--for", "sg", "--number", "A", "--json").json["error"]["code"] == "split.numbers"
    assert tb("split", file, "--most-items", "60", "--json").json["error"]["code"] == "split.not-needed"
    assert tb("split", file, "--for", "sg", "--number", "A", "--number", "\N{EURO SIGN}").code == Exit.INVALID
    assert tb("split", file).code == tb("split", file, "--for", "th").code == Exit.USAGE
    (tmp_path / "bill").write_bytes(json.dumps({"a": 1}).encode())
    assert tb("split", "bill", "--for", "sg").code == Exit.INVALID


def test_limits_that_are_given_twice_are_told(tb: Tb, tmp_path: Path) -> None:
    ran = tb("split", write(tmp_path, 60), "--for", "sg", "--most-items", "10")
    assert ran.code == Exit.USAGE
    assert "say the limits once" in ran.err
