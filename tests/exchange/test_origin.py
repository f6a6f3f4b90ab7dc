"""Cost statements through the hub: to the issuing side only, seen by the issuing side only; calculated and not kept."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from schemas.certificate.model import Certificate
from schemas.certificate.samples import changed, criterion, dollars
from schemas.certificate.statement import encode_statement, example_statement
from schemas.content import Syntax
from schemas.registry import Document
from tests.exchange.cast import CERTIFICATES, NOW, Cast, certificate, description, document, refused_by, signed
from tests.exchange.running import hub_in_thread
from tradebridge.client import Accepted, Refused
from tradebridge.evidence.simulation import test_api_key

STATEMENT = "cost-statement/1"


@pytest.fixture
def trade(tmp_path: Path, database_url: str) -> Iterator[Cast]:
    """With an exporter's platform, and authorities that take statements: Singapore's, and Thailand's for its own."""
    with hub_in_thread(tmp_path, database_url) as running:
        takes = {"accepts": [*CERTIFICATES, STATEMENT], "sends": [*CERTIFICATES, STATEMENT]}
        cast = running.join(SG_NSW=takes, TH_NSW=takes)
        platform = {"country": "SG", "kind": "platform", "roles": ["sender"], "sends": [STATEMENT], "accepts": []}
        cast.operator.add_member(description("EXPORTER-SIM", **platform))
        yield cast


def statement(number: str = "CS-1", **facts: Any) -> Document:
    return example_statement(number=number, at=NOW, **facts)


def sent(trade: Cast, value: Document, to: str = "SG-NSW") -> Accepted:
    return trade["EXPORTER-SIM"].submit(signed(value, "EXPORTER-SIM", Syntax.JSON), [to])


def codes(refused: Refused) -> set[str]:
    return {found.code for found in refused.findings if found.severity == "error"}


def test_a_statement_reaches_the_authority_of_the_exporting_country(trade: Cast) -> None:
    accepted = sent(trade, statement())
    assert accepted.profile == STATEMENT
    (delivery,) = trade["SG-NSW"].inbox()
    assert delivery.original == trade["EXPORTER-SIM"].get(accepted.id).data


def test_only_the_issuing_side_may_have_it(trade: Cast) -> None:
    data = signed(statement(), "EXPORTER-SIM", Syntax.JSON)
    refused = refused_by(trade["EXPORTER-SIM"].submit, data, ["TH-NSW"])
    assert codes(refused) == {"route.issuing-side-only"}
    refused = refused_by(trade["EXPORTER-SIM"].submit, data, ["SG-NSW", "TH-NSW"])
    assert codes(refused) == {"route.issuing-side-only"}


def test_nobody_passes_it_on(trade: Cast) -> None:
    accepted = sent(trade, statement())
    for member in ("EXPORTER-SIM", "SG-NSW"):
        refused = refused_by(trade[member].forward, accepted.id, ["TH-NSW"])
        assert "route.issuing-side-only" in codes(refused)


def test_the_importing_side_sees_nothing_of_it(trade: Cast) -> None:
    value = statement(certificate="SG-2026-77001")
    accepted = sent(trade, value)
    trade["SG-NSW"].submit(certificate("SG-2026-77001"), ["TH-NSW"])
    importing, issuing = trade["TH-NSW"], trade["SG-NSW"]
    assert issuing.get(accepted.id).data
    for look in (importing.get, importing.summary, importing.checks, importing.timeline, importing.evidence):
        assert codes(refused_by(look, accepted.id)) == {"access.not-yours"}
    assert [each["profile"] for each in importing.documents().items] == ["atiga-form-d/2022"]
    for found in importing.documents().items:
        shown = json.dumps([importing.checks(found["id"]), importing.timeline(found["id"]), found])
        assert "statement" not in shown and "CS-1" not in shown


# --- A certificate beside its statement ------------------------------------------------------------------------------


def bearings(number: str, *codes: str, percentage: str | None = None) -> Certificate:
    """The products of the example statement on a certificate, the bearings with this claim."""
    example = document(number)
    assert isinstance(example, Certificate)
    return changed(
        {
            "items.1.hs_code": "848210",
            "items.1.description": "Ball bearings, deep groove, 20 mm bore",
            "items.1.origin_criterion": criterion(*codes, percentage=percentage),
            "items.1.fob_value": dollars("9000.00") if percentage else None,
        }
    )(example)


def test_a_claim_that_its_own_statement_contradicts_is_told_and_refuses_nothing(trade: Cast) -> None:
    """Whoever may hand in a statement can name any certificate in it: it must not have another's refused."""
    for number in ("SG-2026-77002", "SG-2026-77012"):
        sent(trade, statement(f"CS-{number}", certificate=number))
    contradicted = trade["SG-NSW"].submit(signed(bearings("SG-2026-77002", "WO")), ["TH-NSW"])
    (found,) = (each for each in contradicted.findings if each.code == "certificate.claim-contradicted")
    assert (found.severity, found.box) == ("warning", "8")
    assert "RVC build-down 55 %" in found.expected
    assert trade["SG-NSW"].submit(signed(bearings("SG-2026-77012", "CTH")), ["TH-NSW"]).findings == ()


def test_what_a_statement_shows_is_told_to_the_issuing_side_and_does_not_travel(trade: Cast) -> None:
    sent(trade, statement(certificate="SG-2026-77003"))
    accepted = trade["SG-NSW"].submit(signed(bearings("SG-2026-77003", "RVC", percentage="61.5")), ["TH-NSW"])
    assert [each.code for each in accepted.findings] == ["certificate.percentage-above-statement"]
    assert [each["code"] for each in trade["SG-NSW"].checks(accepted.id)["findings"]] == [
        "certificate.percentage-above-statement"
    ]
    (delivery,) = trade["TH-NSW"].inbox()
    payload = delivery.note.split(".")[1]
    assert b"percentage-above-statement" not in urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    assert trade["TH-NSW"].checks(accepted.id)["findings"] == []
    assert trade["TH-NSW"].checks(accepted.id)["findingCount"] == 0


def test_who_may_not_see_the_statement_learns_nothing_from_it(trade: Cast) -> None:
    """Another member's check of the same certificate is not compared with a statement that is not its own."""
    sent(trade, statement(certificate="SG-2026-77004"))
    data = signed(bearings("SG-2026-77004", "WO"))
    own = {each.code for each in trade["SG-NSW"].validate(data).findings}
    other = {each.code for each in trade["VN-NSW"].validate(data).findings}
    assert own - other == {"certificate.claim-contradicted"}


# --- POST /v1/origin:check -------------------------------------------------------------------------------------------


def check(cast: Cast, data: bytes, member: str | None = "SG-NSW", **query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {test_api_key('42', member)}"} if member else {}
    return httpx.post(f"{cast.url}/v1/origin:check", content=data, params=query, headers=headers, timeout=20)


def test_origin_is_calculated_and_nothing_is_kept(sqlite_cast: Cast) -> None:
    answer = check(sqlite_cast, encode_statement(statement()))
    assert answer.status_code == 200
    body = answer.json()
    assert (body["agreement"], body["answer"], body["claims"]) == ("atiga", "yes", "yes")
    bearings = body["products"][1]
    assert bearings["claim"] == {"criterion": "CTH", "answer": "yes"}
    down = next(trial for trial in bearings["trials"] if trial["criterion"] == "RVC build-down")
    assert down["percentage"] == "55.00"
    assert any(line.get("fidelity") == "exact" and "Article 29(1)(b)" in line["clause"] for line in down["lines"])
    assert sqlite_cast.operator.documents().items == ()
    assert sqlite_cast["SG-NSW"].refusals().items == ()


def test_another_agreement_can_be_asked_for(sqlite_cast: Cast) -> None:
    body = check(sqlite_cast, encode_statement(statement()), agreement="rcep").json()
    assert (body["agreement"], body["answer"]) == ("rcep", "not-enough-data")
    bearings = body["products"][1]
    assert "claim" not in bearings
    assert bearings["answer"] == "not-enough-data"
    assert any("Annex 3A" in gap["what"] for gap in bearings["missing"])


@pytest.mark.parametrize(
    ("data", "query", "status", "code", "pointer"),
    [
        (b"", {}, 422, "syntax.empty", ""),
        (b"<a/>", {}, 422, "profile.syntax", ""),
        (b'{"profile": "cost-statement/1"}', {}, 422, "certificate.missing", "/number"),
        (b'{"profile": "rcep-co/2022", "certification": {}}', {}, 422, "profile.mismatch", ""),
        (encode_statement(example_statement()), {"agreement": "nafta"}, 400, "origin.unknown-agreement", ""),
        (encode_statement(example_statement(importer="US")), {}, 422, "statement.not-a-party", "/importingCountry"),
        (encode_statement(example_statement(agreement="nafta")), {}, 422, "statement.unknown-agreement", "/agreement"),
    ],
    ids=["empty", "xml", "nothing_in_it", "a_certificate", "no_such_agreement", "no_party", "claims_no_such_agreement"],
)
def test_what_cannot_be_calculated_is_refused_with_all_that_is_wrong(
    sqlite_cast: Cast, data: bytes, query: dict[str, str], status: int, code: str, pointer: str
) -> None:
    answer = check(sqlite_cast, data, **query)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (code, pointer) in {(each["code"], each["pointer"]) for each in answer.json()["errors"]}


def test_a_key_is_asked_for(sqlite_cast: Cast) -> None:
    assert check(sqlite_cast, encode_statement(statement()), member=None).status_code == 401


def test_a_large_statement_is_calculated_too(sqlite_cast: Cast) -> None:
    value = json.loads(encode_statement(statement()))
    bearings = value["products"][1]
    steel = bearings["materials"][0] | {"value": {"amount": "0.45", "currency": "USD"}}
    bearings["materials"] = [steel | {"number": index + 1} for index in range(1000)]
    for name in ("labour", "overhead", "profit", "otherCost", "exWorks"):
        del bearings[name]
    body = check(sqlite_cast, orjson.dumps(value)).json()
    down = next(trial for trial in body["products"][1]["trials"] if trial["criterion"] == "RVC build-down")
    assert down["percentage"] == "55.00"  # 1,000 of 0.45 are 450 of 1,000
