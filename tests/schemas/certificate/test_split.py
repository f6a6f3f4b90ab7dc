"""One certificate as several: nothing of it is lost, nothing stands twice, every part is a good certificate."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.certificate.model import Certificate, Invoice, OfficialUse, Replaced, ReplacementReason, Treatment
from schemas.certificate.split import Most, lots, split
from schemas.findings import Finding, errors
from schemas.registry import Context, profile_of
from tests.exchange.cast import CERTIFICATES, NOW, of_items


def parts_of(certificate: Certificate, most: Most) -> tuple[Certificate, ...]:
    places = lots(certificate, most)
    assert not isinstance(places, Finding), places
    made = split(certificate, places, [f"SG-D-2026-1{at:04d}" for at in range(len(places))])
    assert not isinstance(made, Finding)
    return made


def size(part: Certificate) -> int:
    return len(part.model_dump_json())


@given(st.integers(2, 60), st.integers(1, 59))
def test_every_item_stands_in_one_part_and_the_sums_stay(count: int, most: int) -> None:
    whole = of_items(count)
    if count <= most:
        assert getattr(lots(whole, Most(items=most)), "code", "") == "split.not-needed"
        return
    parts = parts_of(whole, Most(items=most))
    assert [len(part.items) for part in parts[:-1]] == [most] * (len(parts) - 1)
    assert all([item.number for item in part.items] == list(range(1, len(part.items) + 1)) for part in parts)
    again = [item for part in parts for item in part.items]
    assert [item.model_copy(update={"number": 0}) for item in again] == [
        item.model_copy(update={"number": 0}) for item in whole.items
    ]
    sums: dict[str, Decimal] = {}
    for part in parts:
        for currency, amount in part.fob_totals().items():
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    assert sums == whole.fob_totals()
    kept = {"items": (), "number": ""}
    assert all(part.model_copy(update=kept) == whole.model_copy(update=kept) for part in parts)


@pytest.mark.parametrize("profile", CERTIFICATES)
def test_a_part_of_a_good_certificate_is_a_good_certificate(profile: str) -> None:
    found = profile_of(profile)
    assert found is not None
    for part in parts_of(of_items(120, profile), Most(items=50)):
        assert not list(errors(found.check(part, Context(NOW))))


@given(st.integers(3_000, 20_000))
def test_no_part_is_larger_than_the_limit_and_one_item_more_would_be(limit: int) -> None:
    whole = of_items(40)
    if size(whole) <= limit:
        return
    parts = parts_of(whole, Most(bytes=limit, size=size))
    assert all(size(part) <= limit for part in parts)
    for part, following in pairwise(parts):
        one_more = following.items[0].model_copy(update={"number": len(part.items) + 1})
        fuller = part.model_copy(update={"items": (*part.items, one_more)})
        assert size(fuller) > limit


def test_a_part_has_the_invoices_that_its_items_name() -> None:
    whole = of_items(4)
    names = ["A", "A", "B", "B"]
    items = tuple(
        item.model_copy(update={"invoice_number": name}) for item, name in zip(whole.items, names, strict=True)
    )
    invoices = tuple(Invoice(number=name, date=whole.certification.date) for name in "ABC")
    named = whole.model_copy(update={"items": items, "invoices": invoices})
    assert [[each.number for each in part.invoices] for part in parts_of(named, Most(items=2))] == [["A"], ["B"]]
    unnamed = named.model_copy(
        update={"items": (*items[:3], whole.items[3].model_copy(update={"invoice_number": None}))}
    )
    assert [len(part.invoices) for part in parts_of(unnamed, Most(items=2))] == [1, 3]


def test_what_is_not_split() -> None:
    whole = of_items(4)
    replaced = Replaced(number="X1", date=whole.certification.date, reason=ReplacementReason.CORRECTED)
    marked = OfficialUse(treatment=Treatment.GIVEN)
    for change, code in (
        ({"replaces": replaced}, "split.replaces-another"),
        ({"official_use": marked}, "split.marked"),
        ({}, "split.item-too-large"),
    ):
        found = lots(whole.model_copy(update=change), Most(bytes=100, size=size))
        assert isinstance(found, Finding) and found.code == code


def test_numbers_are_as_many_as_parts_and_each_a_number() -> None:
    whole = of_items(4)
    places = lots(whole, Most(items=2))
    assert not isinstance(places, Finding)
    for numbers in ([], ["A"], ["A", "A"], ["A", "B", "C"]):
        found = split(whole, places, numbers)
        assert isinstance(found, Finding) and found.code == "split.numbers"
    with pytest.raises(ValidationError):
        split(whole, places, ["A", "\N{LATIN SMALL LETTER E WITH ACUTE}"])


def test_a_certificate_of_five_thousand_items_is_split_for_a_system_of_fifty() -> None:
    parts = parts_of(of_items(5_000), Most(items=50))
    assert len(parts) == 100 and parts[-1].items[-1].description.endswith("lot 5000")
