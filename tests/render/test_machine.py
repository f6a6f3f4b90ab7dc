"""The machines of title and carrier, drawn: every status has a place, every way an arrow, each row a line."""

from itertools import combinations
from xml.etree import ElementTree

import pytest

from schemas.bill_of_lading import carriage, title
from tradebridge.render.machine import HIGH, WIDE, Machine, carriage_table, draw, machines, title_table

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("machine", machines(), ids=lambda each: each.name)
def test_every_status_has_a_box_and_every_way_an_arrow(machine: Machine) -> None:
    root = ElementTree.fromstring(draw(machine))  # noqa: S314
    statuses = {status for way in machine.ways for status in (way.before, way.after)} - {""}
    assert statuses == machine.places.keys() - {""}
    boxes = [each for each in root.iter(f"{SVG}rect") if each.get("class") == "surface"]
    assert len(boxes) == len(statuses)
    arrows = [each for each in root.iter(f"{SVG}path") if each.get("class") == "go"]
    assert len(arrows) == len([way for way in machine.ways if way.after and way.after != way.before])
    described = root.find(f"{SVG}desc")
    assert described is not None and described.text is not None
    for way in machine.ways:
        assert all(label in described.text for label in way.labels)


@pytest.mark.parametrize("machine", machines(), ids=lambda each: each.name)
def test_no_box_lies_on_another(machine: Machine) -> None:
    for (x1, y1), (x2, y2) in combinations(machine.places.values(), 2):
        assert abs(x1 - x2) >= WIDE / 2 + 20 or abs(y1 - y2) >= HIGH


def test_all_statuses_of_the_standard_are_drawn() -> None:
    drawn = {machine.name: machine.places.keys() - {""} for machine in machines()}
    assert drawn["title"] == {str(each) for each in title.Status}
    assert drawn["carrier-instructions"] == {str(each) for each in carriage.InstructionsStatus}
    assert drawn["carrier-update"] == {str(each) for each in carriage.UpdateStatus}
    assert drawn["carrier-document"] == {str(each) for each in carriage.DocumentStatus}
    assert drawn["carrier-amendment"] == {str(each) for each in carriage.AmendmentStatus}
    assert drawn["carrier-issuance"] == {str(each) for each in carriage.IssuanceStatus}


def test_every_row_of_both_machines_stands_in_its_table() -> None:
    assert title_table().count("\n") == len(title.TRANSITIONS) + 2
    assert carriage_table().count("\n") == len(carriage.TRANSITIONS) + 2
    for row in title.TRANSITIONS:
        assert row.sentence in title_table()
    for step in carriage.TRANSITIONS:
        assert step.sentence in carriage_table()
