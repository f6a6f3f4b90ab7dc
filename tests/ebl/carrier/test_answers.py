"""What the API answers in every state, from a table: `tests/vectors/carriage/answers.toml`.

Each state is reached as its `way` says. All requests that the table refuses are made on one carriage, which must then
stand as before, to the letter; each of those that are accepted is made on one of its own.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from schemas.bill_of_lading.carriage import STEPS, By, Step
from schemas.bill_of_lading.dcsa import encode, read_part
from schemas.bill_of_lading.examples import transport_document
from schemas.bill_of_lading.refusal import ErrorResponse
from tests.ebl.carrier.running import MANUAL, Carrier, Platform, carrier, instructions, platform

TABLE: Mapping[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[2] / "vectors" / "carriage" / "answers.toml").read_text()
)
SURRENDER_STEPS = {step for step in Step if step.value.startswith(("accept-surrender", "reject-surrender"))}


@dataclass
class Desk:
    """One carrier for all states: officers do nothing by themselves, and nothing is processed unasked."""

    carrier: Carrier
    platform: Platform


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with platform() as straits:
        settings = straits.settings()
        folder = tmp_path_factory.mktemp("carrier")
        with carrier(folder, platforms=[settings], officers=MANUAL, processing="manual", verifyChain=False) as running:
            yield Desk(running, straits)


@dataclass
class Walk:
    """One carriage on its way."""

    desk: Desk
    reference: str = "SI-NOBODY"
    document: str = "TD-NOBODY"
    surrenders: int = 0

    def go(self, way: list[str]) -> "Walk":
        for step in way:
            answer = self.take(step)
            assert answer.is_success, f"{step} of {way}: {answer.status_code} {answer.text}"
            self._look()
        return self

    def take(self, step: str) -> httpx.Response:
        running = self.desk.carrier
        match step:
            case "submit" | "submit-paper":
                answer = running.call("POST", "/shipping-instructions", _instructions(paper=step == "submit-paper"))
                self.reference = answer.json()["shippingInstructionsReference"]
                return answer
            case "process":
                return running.officer("POST", "/process")
            case "refuse":
                return self.desk.platform.respond(running, self.document, "BREQ")
            case "accept" | "reject":
                action = {"action": "SURR" if step == "accept" else "SREJ", "comments": "as the test says"}
                answer = running.officer("POST", f"/surrenders/SRR-{self.document}-{self.surrenders}", action)
                self.surrenders += step == "reject"  # the next one has a reference of its own
                return answer
        return self.ask(step) if step in REQUESTS else running.step(self.reference, step, **BODIES.get(step, {}))

    def ask(self, request: str) -> httpx.Response:
        """One request of the API."""
        running, straits = self.desk.carrier, self.desk.platform
        if request == "issu":
            return straits.respond(running, self.document)
        if request in ("for-amend", "for-deliv"):
            code = "AREQ" if request == "for-amend" else "SREQ"
            reference = f"SRR-{self.document}-{self.surrenders}"
            return straits.surrender(running, self.document, code, surrenderRequestReference=reference)
        method, path, body = REQUESTS[request]
        if request == "put":
            body = _instructions() | {"shippingInstructionsReference": self.reference}
        if request == "put-am":
            body = running.case(self.reference).get("document") or _any_document(self.document)
        return running.call(method, path.format(si=self.reference, td=self.document), body)

    def _look(self) -> None:
        self.document = self.desk.carrier.case(self.reference).get("transportDocumentReference") or self.document


BODIES = {"reissue": {"issueTo": instructions()["documentParties"]["issueTo"]}}
REQUESTS: Mapping[str, tuple[str, str, Any]] = {
    "put": ("PUT", "/shipping-instructions/{si}", None),
    "get": ("GET", "/shipping-instructions/{si}", None),
    "get-updated": ("GET", "/shipping-instructions/{si}?updatedContent=true", None),
    "cancel-up": ("PATCH", "/shipping-instructions/{si}", {"updatedShippingInstructionsStatus": "UPDATE_CANCELLED"}),
    "cancel-si": ("PATCH", "/shipping-instructions/{si}", {"shippingInstructionsStatus": "CANCELLED"}),
    "get-td": ("GET", "/transport-documents/{td}", None),
    "approve": ("PATCH", "/transport-documents/{td}", {"transportDocumentStatus": "APPROVED"}),
    "get-am": ("GET", "/transport-documents/{td}/amendment", None),
    "put-am": ("PUT", "/transport-documents/{td}/amendment", None),
    "delete-am": ("DELETE", "/transport-documents/{td}/amendment", None),
    "issu": ("POST", "", None),
    "for-amend": ("POST", "", None),
    "for-deliv": ("POST", "", None),
}


def _instructions(*, paper: bool = False) -> dict[str, Any]:
    made = instructions(isElectronic=not paper)
    if paper:
        del made["documentParties"]["issueTo"]["sendToPlatform"]
    return made


def _any_document(reference: str) -> dict[str, Any]:
    made: dict[str, Any] = orjson.loads(encode(transport_document(number=reference)))
    return made


@pytest.mark.parametrize("state", TABLE)
def test_the_answers_of_a_state(desk: Desk, state: str) -> None:
    table = TABLE[state]
    standing = Walk(desk).go(table["way"])
    before = desk.carrier.case(standing.reference)
    got = {request: standing.ask(request) for request, status in table["answers"].items() if _quiet(request, status)}
    for request, answer in got.items():
        assert answer.status_code == table["answers"][request], f"{request}: {answer.text}"
        _well_formed(request, answer)
    assert desk.carrier.case(standing.reference) == before
    for request, status in table["answers"].items():
        if not _quiet(request, status):
            answer = Walk(desk).go(table["way"]).ask(request)
            assert answer.status_code == status, f"{request}: {answer.text}"
            _well_formed(request, answer)


def _quiet(request: str, status: int) -> bool:
    """Whether it changes nothing."""
    return status >= 400 or request.startswith("get")


def _well_formed(request: str, answer: httpx.Response) -> None:
    assert answer.headers["API-Version"] == "3.0.4"
    if answer.status_code >= 400:
        said = read_part(ErrorResponse, answer.json())
        assert not isinstance(said, tuple), said
        assert said.status_code == answer.status_code
        assert said.request_uri == answer.request.url.raw_path.decode()
    elif answer.status_code in (202, 204) and request != "submit":
        assert answer.content == b""


@pytest.mark.parametrize("state", [name for name, table in TABLE.items() if "steps" in table])
def test_the_steps_of_the_carrier_in_a_state(desk: Desk, state: str) -> None:
    table = TABLE[state]
    standing = Walk(desk).go(table["way"])
    before = desk.carrier.case(standing.reference)
    allowed = {Step(step) for step in table["steps"]}
    if not before["waiting"]:
        assert set(before["possible"]) - {"issue"} == {step.value for step in allowed}
    for step in Step:
        if (
            not any(row.by is By.CARRIER for row in STEPS[step])
            or step in allowed | SURRENDER_STEPS
            or before["waiting"]
        ):
            continue
        refused = desk.carrier.step(standing.reference, step.value)
        assert refused.status_code == 409, f"{step}: {refused.text}"
    assert desk.carrier.case(standing.reference) == before
    for step in allowed - SURRENDER_STEPS:
        fresh = Walk(desk).go(table["way"])
        taken = desk.carrier.step(fresh.reference, step.value, **BODIES.get(step, {}))
        assert taken.status_code == 200, f"{step}: {taken.text}"
