"""Whatever is broken in a certificate, and however: reading it gives findings, never an exception, never a guess."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from schemas.certificate.model import Certificate
from schemas.certificate.xml import encode_xml
from schemas.content import Syntax
from schemas.registry import Context, Reading, profiles, read
from tests.schemas.certificate.strategies import PROFILES

NOW = Context(now=datetime(2026, 1, 6, 12, tzinfo=UTC))
JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", " ", "x", "-1", "0", "1E3", "2026-13-01", "XX", "WO", "\u202e", "a\x00b", "x" * 5_000]),
    st.just([]),
    st.just({}),
    st.just([{}, 1, None]),
    st.just({"number": {}, "x/y~z": 1}),
)


def example(profile: str, variant: int) -> Certificate:
    document = profiles()[profile].example(variant=variant)
    assert isinstance(document, Certificate)
    return document


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, from the root down."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, each in inner for place in places(each, (*path, name)))]


def broken_json(value: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """One to three places of it taken out, replaced, doubled or added to."""
    value = copy.deepcopy(value)
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(places(value)[1:]))
        here: Any = value
        for step in path:
            here = here[step]
        match data.draw(st.sampled_from(["replace", "remove", "add", "double"])):
            case "replace":
                here[last] = copy.deepcopy(data.draw(JUNK))
            case "remove":
                del here[last]
            case "add" if isinstance(here, dict):
                here[data.draw(st.sampled_from(["x", "hs_code", "~/", "number", "items", ""]))] = copy.deepcopy(
                    data.draw(JUNK)
                )
            case _ if isinstance(here, list):
                here.append(copy.deepcopy(here[last]))
        if not value:
            break
    return value


def assert_sound(reading: Reading) -> None:
    """A document, or errors that say why there is none; and every finding can be shown."""
    assert (reading.document is not None) or reading.refused
    for finding in reading.findings:
        json.dumps(finding.to_json())
        assert "UNREADABLE" not in finding.found + finding.expected


@pytest.mark.fuzz
@given(st.sampled_from(PROFILES), st.integers(0, 6), st.data())
def test_broken_json_gets_findings(profile: str, variant: int, data: st.DataObject) -> None:
    value = json.loads(profiles()[profile].encode[Syntax.JSON](example(profile, variant)))
    reading = read(json.dumps(broken_json(value, data)).encode(), NOW, profile)
    assert_sound(reading)


@pytest.mark.fuzz
@given(st.sampled_from(PROFILES), st.integers(0, 6), st.data())
def test_broken_xml_gets_findings_that_point_into_it(profile: str, variant: int, data: st.DataObject) -> None:
    root = etree.fromstring(encode_xml(example(profile, variant)))
    for _ in range(data.draw(st.integers(1, 3))):
        element = data.draw(st.sampled_from(list(root.iter())))
        parent = element.getparent()
        match data.draw(st.sampled_from(["remove", "double", "rename", "text", "attribute", "move", "unwrap"])):
            case "remove" if parent is not None:
                parent.remove(element)
            case "double" if parent is not None:
                element.addnext(copy.deepcopy(element))
            case "rename":
                element.tag = data.draw(st.sampled_from(["x", "{urn:tradebridge:certificate:1}Name", "{urn:y}z"]))
            case "text":
                element.text = data.draw(st.sampled_from(["", " ", "x", "-1", "0", "WO", "2026-02-30", "x" * 5_000]))
            case "attribute":
                element.set(data.draw(st.sampled_from(["unitCode", "x", "{urn:y}z"])), "KGM")
            case "move":
                root.insert(data.draw(st.integers(0, 8)), copy.deepcopy(element))
            case "unwrap" if parent is not None:
                parent.extend(list(element))
    text = etree.tostring(root)
    reading = read(text, NOW, profile)
    assert_sound(reading)
    lines = text.decode().split("\n")
    for finding in reading.findings:
        if not finding.code.startswith("profile."):
            assert finding.line and finding.column
            assert lines[finding.line - 1][finding.column - 1] == "<"
