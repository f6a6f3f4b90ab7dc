"""Certificates of thousands of items: taken, told and delivered like any other; a partner's limit is told of before."""

from collections.abc import Iterator

import pytest

from schemas.content import Syntax
from tests.exchange.cast import Cast, description, of_items, refused_by, signed
from tests.exchange.running import hub_in_thread


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with hub_in_thread(tmp_path_factory.mktemp("hub")) as running:
        yield running.join(SG_NSW={"style": "asw"}, TH_NSW={"style": "asw"})


def large(number: str, count: int, by: str = "SG-NSW", syntax: Syntax = Syntax.XML, **changes: object) -> bytes:
    return signed(of_items(count).model_copy(update={"number": number, **changes}), by, syntax)


@pytest.mark.parametrize("syntax", Syntax)
def test_five_thousand_items_go_all_the_way(cast: Cast, syntax: Syntax) -> None:
    data = large(f"SG-L1-{syntax}", 5_000, syntax=syntax)
    accepted = cast["SG-NSW"].submit(data, ["TH-NSW"])
    delivery = next(each for each in cast["TH-NSW"].inbox(wait=5) if each.message_id == accepted.message_id)
    assert delivery.original == data and delivery.rendition is not None
    as_json = cast["TH-NSW"].get(accepted.id, accept="application/json").data
    assert as_json.count(b'"hsCode"') == 5_000
    assert cast["SG-NSW"].timeline(accepted.id)["entries"]


def test_five_thousand_findings_are_told_in_part_with_their_count(cast: Cast) -> None:
    whole = of_items(5_000)
    items = [item.model_copy(update={"hs_code": "0901"}) for item in whole.items]
    data = large("SG-L2-1", 5_000, items=tuple(items))
    refused = refused_by(cast["SG-NSW"].submit, data, ["TH-NSW"])
    short = [each for each in refused.findings if each.code == "atiga.hs-too-short"]
    assert len(refused.findings) == 500 and len(short) > 100
    assert refused.problem["errorCount"] >= 5_000
    assert short[100].line is not None and "GoodsItem[101]" in short[100].pointer.replace("GovernmentAgency", "")
    kept = cast["SG-NSW"].refusal(refused.refusal)
    assert (len(kept["errors"]), kept["errorCount"]) == (200, refused.problem["errorCount"])


def test_a_partner_that_takes_fewer_items_is_told_of_before_sending_with_the_way_out(cast: Cast) -> None:
    data = large("TH-L3-1", 120, "TH-NSW", issuing_country="TH")
    refused = refused_by(cast["TH-NSW"].submit, data, ["SG-NSW"])
    found = next(each for each in refused.findings if each.code == "partner.too-many-items")
    assert (found.found, found.expected) == ("120", "at most 50 items")
    assert found.fix == "Split it into 3 certificates or more: tb split FILE."


@pytest.mark.parametrize(("count", "parts"), [(2_400, 5), (5_000, 9)])
def test_a_partner_that_takes_fewer_bytes_is_told_of_before_sending(cast: Cast, count: int, parts: int) -> None:
    member = f"JP-BYTES{count}"
    cast.operator.add_member(description(member, style="naccs", country="JP"))
    refused = refused_by(cast["SG-NSW"].submit, large(f"SG-L4-{count}", count), [member])
    found = next(each for each in refused.findings if each.code == "partner.too-large")
    assert found.expected == "at most 700000 bytes" and found.fix.startswith(f"Split it into {parts} certificates")
