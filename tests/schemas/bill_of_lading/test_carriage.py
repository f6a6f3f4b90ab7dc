"""The carriage: what leads where, and that DCSA's own text says so."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.bill_of_lading.carriage import (
    NEW,
    STEPS,
    TRACKS,
    TRANSITIONS,
    AmendmentStatus,
    By,
    Carriage,
    DocumentStatus,
    InstructionsStatus,
    IssuanceStatus,
    Step,
    UpdateStatus,
    arrows,
    mermaid,
    possible,
    take,
)
from schemas.findings import Finding

EBL = Path(__file__).parents[4] / "shared" / "data" / "dcsa" / "openapi" / "EBL_v3.0.4.yaml"
STATUSES = {
    "instructions": InstructionsStatus,
    "update": UpdateStatus,
    "document": DocumentStatus,
    "amendment": AmendmentStatus,
    "issuance": IssuanceStatus,
}


def everywhere() -> Iterator[Carriage]:
    """Every combination of statuses, those that cannot be reached among them."""
    for chosen in product(*((None, *STATUSES[track]) for track in TRACKS)):
        yield Carriage(**dict(zip(TRACKS, chosen, strict=True)))


@cache
def reached() -> frozenset[Carriage]:
    """Every carriage that steps lead to."""
    found, waiting = {NEW}, [NEW]
    while waiting:
        here = waiting.pop()
        for step in Step:
            after = take(here, step)
            if isinstance(after, Carriage) and after not in found:
                found.add(after)
                waiting.append(after)
    return frozenset(found)


def test_a_step_is_taken_exactly_where_a_row_allows_it() -> None:
    """Every carriage that can be reached, with all steps; the rows are read here once more, in the plainest way."""
    for carriage in reached():
        for step in Step:
            rows = [row for row in TRANSITIONS if row.step is step]
            wanted = [row for row in rows if all(getattr(carriage, track) in row.before[track] for track in row.before)]
            after = take(carriage, step)
            if not wanted:
                assert isinstance(after, Finding)
                assert after.code in ("carrier.not-now", "carrier.nothing-to-cancel")
                assert after.found.startswith(step)
                continue
            assert isinstance(after, Carriage)
            for track in TRACKS:
                assert getattr(after, track) == wanted[0].after.get(track, getattr(carriage, track))


def test_no_two_rows_of_a_step_allow_the_same() -> None:
    for carriage in everywhere():
        for step, rows in STEPS.items():
            assert sum(row.allows(carriage) for row in rows) <= 1, (step, carriage)


def test_every_status_is_reached_and_every_use_case_has_a_row() -> None:
    everything = reached()
    for track, statuses in STATUSES.items():
        assert {getattr(each, track) for each in everything} == {None, *statuses}
    assert {row.use_case for row in TRANSITIONS} == set(range(1, 20))
    assert all(STEPS.values())


def test_what_is_over_is_over() -> None:
    for carriage in reached():
        if carriage.instructions in (InstructionsStatus.COMPLETED, InstructionsStatus.CANCELLED):
            assert not set(possible(carriage)) & {Step.SUBMIT_UPDATE, Step.REQUEST_UPDATE, Step.APPROVE_DRAFT}
        if carriage.instructions is InstructionsStatus.COMPLETED:
            assert carriage.document is DocumentStatus.SURRENDERED_FOR_DELIVERY
        if carriage.document is DocumentStatus.SURRENDERED_FOR_DELIVERY:
            assert not [step for step in possible(carriage, By.PLATFORM) if step != Step.REFUSE_ISSUANCE]


@given(st.lists(st.sampled_from(Step), max_size=40))
def test_an_issued_bill_is_never_lost(steps: list[Step]) -> None:
    """Whatever is tried, in whatever order: once issued, a document ends surrendered, or as voided and reissued."""
    carriage, issued = NEW, False
    for step in steps:
        after = take(carriage, step)
        if isinstance(after, Finding):
            continue
        carriage = after
        issued |= carriage.document is DocumentStatus.ISSUED
        if issued:
            assert carriage.document not in (None, DocumentStatus.DRAFT)
            assert carriage.instructions not in (InstructionsStatus.CANCELLED, InstructionsStatus.DECLINED)


# --- DCSA's text -----------------------------------------------------------------------------------------------------


def preconditions(method: str, path: str) -> list[str]:
    """The statuses in the precondition of an endpoint."""
    if not EBL.exists():
        pytest.skip(f"{EBL.name} is in ../shared/data/dcsa/openapi, which is not beside this checkout")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(EBL.read_text(), Loader=loader)  # noqa: S506
    text = loaded["paths"][path][method]["description"]
    section = text.split("## Precondition")[1].split("## Postcondition")[0]
    return [status for status in re.findall(r"`([A-Z_]+)`", section) if status != "CONFIRMED"]


SI, TD = "/v3/shipping-instructions/{documentReference}", "/v3/transport-documents/{transportDocumentReference}"
AMENDMENT = f"{TD}/amendment"


@pytest.mark.parametrize(
    ("method", "path", "step", "track"),
    [
        ("put", SI, Step.SUBMIT_UPDATE, "instructions"),
        ("patch", TD, Step.APPROVE_DRAFT, "document"),
        ("put", AMENDMENT, Step.REQUEST_AMENDMENT, "document"),
        ("delete", AMENDMENT, Step.CANCEL_AMENDMENT, "amendment"),
    ],
)
def test_where_a_step_begins_is_dcsas_precondition(method: str, path: str, step: Step, track: str) -> None:
    ours = {str(status) for row in STEPS[step] for status in row.before[track]}
    assert ours == set(preconditions(method, path))


def test_what_can_be_cancelled_is_dcsas_precondition() -> None:
    stated = preconditions("patch", SI)
    update, during, whole = stated[:1], stated[1:3], stated[3:]
    rows = STEPS[Step.CANCEL_UPDATE]
    assert {str(status) for row in rows for status in row.before["update"]} == set(update)
    assert {str(status) for row in rows for status in row.before["instructions"]} == set(during)
    rows = STEPS[Step.CANCEL_INSTRUCTIONS]
    assert {str(status) for row in rows for status in row.before["instructions"]} == set(whole)


@pytest.mark.parametrize(
    ("statuses", "schema", "member"),
    [
        (InstructionsStatus, "ShippingInstructions", "shippingInstructionsStatus"),
        (UpdateStatus, "ShippingInstructions", "updatedShippingInstructionsStatus"),
        (DocumentStatus, "TransportDocument", "transportDocumentStatus"),
        (AmendmentStatus, "TransportDocumentAmend", "amendedTransportDocumentStatus"),
    ],
)
def test_the_statuses_are_dcsas(statuses: Any, schema: str, member: str) -> None:
    preconditions("put", SI)  # skips where the text is absent
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(EBL.read_text(), Loader=loader)  # noqa: S506
    text = loaded["components"]["schemas"][schema]["properties"][member]["description"]
    assert set(re.findall(r"^\s*- `([A-Z_]+)`", text, re.MULTILINE)) == {str(each) for each in statuses}


# --- The diagram -----------------------------------------------------------------------------------------------------


def test_the_diagram_has_every_way_and_no_other() -> None:
    ways = {(arrow.before, arrow.after) for arrow in arrows("document")}
    assert ("", "DRAFT") in ways
    assert ("DRAFT", "ISSUED") in ways
    assert ("VOIDED", "APPROVED") in ways
    assert not [way for way in ways if way[0] == "SURRENDERED_FOR_DELIVERY"]
    found: set[tuple[str, str]] = set()
    for carriage in reached():
        for step in Step:
            after = take(carriage, step)
            if isinstance(after, Carriage) and any("document" in row.after for row in STEPS[step]):
                found.add((carriage.document or "", after.document or ""))
    assert found == ways
    assert "DRAFT --> APPROVED: UC7 approve-draft" in mermaid("document")
