"""Line and column of a place in JSON, for people with an editor."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.findings import finding
from schemas.json_places import LONGEST, offsets_of, with_places

TEXT = """{
  "a": [1, {"b/c": null}, "}]"],
  "é": {"x~y": {}}
}"""
NAMES = st.text(st.sampled_from('ab/~"\\é\n{[,: '), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=15,
)


def place(pointer: str) -> tuple[int | None, int | None]:
    (found,) = with_places(TEXT.encode(), [finding("syntax.empty", pointer)])
    return found.line, found.column


def test_a_member_stands_where_its_name_begins() -> None:
    assert place("/a") == (2, 3)
    assert place("/a/0") == (2, 9)
    assert place("/a/1/b~1c") == (2, 13)
    assert place("/é/x~0y") == (3, 9)


def test_a_missing_place_stands_where_the_nearest_one_does() -> None:
    assert place("/a/1/missing/deeper") == place("/a/1")
    assert place("/missing") == place("") == (1, 1)


def test_a_finding_that_has_its_line_keeps_it() -> None:
    (found,) = with_places(TEXT.encode(), [finding("syntax.empty", "/a", line=7)])
    assert (found.line, found.column) == (7, None)


def test_in_a_very_long_text_findings_keep_their_pointers_only() -> None:
    (found,) = with_places(b'{"a": "' + b"x" * LONGEST + b'"}', [finding("syntax.empty", "/a")])
    assert (found.pointer, found.line) == ("/a", None)


def walk(value: Any, pointer: str = "") -> dict[str, Any]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    places = {pointer: value}
    for name, each in inner:
        places |= walk(each, f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}")
    return places


@given(VALUES, st.sampled_from([None, 2]))
def test_every_place_is_found_and_no_other(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    offsets = offsets_of(text)
    assert offsets.keys() == walk(value).keys()
    decoder = json.JSONDecoder()
    for pointer, inner in walk(value).items():
        first, _ = decoder.raw_decode(text, offsets[pointer])
        name = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        assert first in (inner, name)
