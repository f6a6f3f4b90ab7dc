"""The reference of the API says what a running hub does: the same calls, and answers of the members that it lists."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from schemas.bill_of_lading.control import Statement
from schemas.event import EventType
from tests.docs.blocks import ROOT
from tests.exchange.cast import Cast, certificate, event
from tests.exchange.lading import party, two_hubs
from tests.exchange.running import hub_in_thread
from tradebridge.webhooks import EVENTS

API = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
NOT_IN_OPENAPI = {"GET /docs", "GET /openapi.json"}


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub")) as running:
        yield running.join()


def shape_after(phrase: str) -> set[str]:
    """The members of the first JSON object that the reference shows after `phrase`: the outermost names."""
    depth, names = 0, set()
    text = API[API.index("{", API.index(phrase) + len(phrase)) :]
    for found in re.finditer(r'[{}\[\]]|(?<![:|] )"(\w+)"', text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(found[0], 0)
        if found[1] and depth == 1:
            names.add(found[1])
        if depth == 0:
            break
    return names


def test_the_reference_lists_the_calls_that_there_are(cast: Cast) -> None:
    listed = {re.sub(r"\{\w+\}|\?.*", "", call) for call in re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) [^`]+)`", API)}
    paths = httpx.get(f"{cast.url}/openapi.json").json()["paths"]
    there = {f"{method.upper()} {re.sub(r'{[^}]*}', '', path)}" for path, calls in paths.items() for method in calls}
    assert listed - NOT_IN_OPENAPI == there


def test_answers_have_the_members_that_the_reference_lists(cast: Cast) -> None:
    sender, recipient = cast["SG-NSW"], cast["TH-NSW"]
    data = certificate("SG-2026-07001")
    assert sender.validate(data).raw.keys() == shape_after("`POST /v1/documents:validate`")
    accepted = sender.submit(data, ["TH-NSW"])
    assert accepted.raw.keys() == shape_after("A 202 is ")
    assert sender.summary(accepted.id).keys() == shape_after("A summary is ")
    assert sender.checks(accepted.id).keys() == shape_after("`GET /v1/documents/{id}/checks`")
    assert sender.timeline(accepted.id).keys() == shape_after("`GET /v1/documents/{id}/timeline`")
    assert sender.forward(accepted.id, ["VN-NSW"]).keys() == shape_after("`POST /v1/documents/{id}:forward`")
    said = event(EventType.ACCEPTED, accepted.id, accepted.content_digest, "TH-NSW")
    told = recipient.send_event(accepted.id, said).raw.keys()
    assert told == shape_after("A 202 for an event is ") - {"verification"}  # only once one was asked for
    listed = {"first", "revocations"}  # only with a later checkpoint; only of members with an authority
    assert sender.evidence(accepted.id).keys() == shape_after("public keys only (`tradebridge-evidence/1`):") - listed
    observed = {"timestampAuthorities", "lostKeys"}  # only where the operator has named one, or one was stolen
    assert cast.operator.trust().keys() == shape_after("## Trust list") - observed
    assert cast.operator.deliveries().items[0].keys() == shape_after("`GET /v1/deliveries?state=dead`")


def test_a_title_and_its_chain_have_the_members_that_the_reference_lists(tmp_path: Path) -> None:
    with two_hubs(tmp_path) as hubs:
        hubs.issue("SIML2609001")
        assert hubs.title("SIML2609001").keys() - {"documents", "transfers"} == shape_after("A title is ")
        chain = hubs.get("/v1/titles/SIML2609001/chain").json()
        assert chain.keys() == shape_after("`GET /v1/titles/{reference}/chain`")
        hubs.act("SIML2609001", "EXPORTER-SYS", "TRANSFER", "Exporter", recipient=party("Bank"))
    said = {field.alias for field in Statement.model_fields.values()}
    assert said == shape_after("with the platform's PINT key over ")


def test_a_member_is_described_as_the_reference_lists_it(cast: Cast) -> None:
    shown = cast.operator.member("SG-NSW")
    assert "desk" not in shown, "of a member that has one"
    assert shown.keys() - {"status", "reason"} == shape_after("A member: ") - {"desk"}


def test_the_feed_tells_of_the_kinds_that_the_reference_lists() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(ROOT / "exchange").glob("*.py"))
    told = set(re.findall(r'"((?:document|delivery|event|title|control|member|webhook)\.\w+)"', sources))
    row = next(line for line in API.splitlines() if line.startswith("| `GET /v1/feed`"))
    listed = set(re.findall(r"`(\w+\.\w+)`", row))
    assert listed <= told
    assert {kind for kind in told if kind.rsplit(".")[-1] in _HAPPENED} == listed == set(EVENTS)


_HAPPENED = {"accepted", "drawn", "forwarded", "refused", "delivered", "retrying", "dead", "changed", "disabled"}
