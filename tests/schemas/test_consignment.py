"""A certificate and a bill of lading of one consignment: they agree, and each way of disagreeing is named."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel

from schemas.bill_of_lading.examples import transport_document
from schemas.bill_of_lading.model import TransportDocument
from schemas.certificate.examples import example
from schemas.certificate.model import AJCEP_FORM_AJ, Certificate, Packages, Place, Quantity
from schemas.consignment import COMPARISONS, compare

D = TypeVar("D", bound=BaseModel)

LADING = transport_document(exporter="TH", importer="JP", variant=3)
"""Straight, one container: 900 bags of polyethylene at 25.2 kg."""


def _agreeing() -> Certificate:
    """A Form AJ for all that the bill of lading carries."""
    base, transports = example(AJCEP_FORM_AJ, exporter="TH", importer="JP", variant=3), LADING.transports
    voyage, goods = transports.vessel_voyages[0], LADING.consignment_items[0]
    cargo, parties = goods.cargo_items[0], LADING.document_parties
    assert parties.consignee is not None and cargo.outer_packaging.package_code is not None
    return _changed(
        base,
        exporter=base.exporter.model_copy(update={"name": parties.shipper.party_name}),
        consignee=base.consignee.model_copy(update={"name": parties.consignee.party_name}),
        transport=base.transport.model_copy(
            update={
                "transport_document": LADING.transport_document_reference,
                "vessel_or_flight": voyage.vessel_name,
                "voyage": voyage.carrier_export_voyage_number,
                "departure_date": LADING.shipped_on_board_date,
                "port_of_loading": Place(un_location_code=transports.port_of_loading.un_location_code),
                "port_of_discharge": Place(un_location_code=transports.port_of_discharge.un_location_code),
            }
        ),
        items=(
            base.items[0].model_copy(
                update={
                    "hs_code": goods.hs_codes[0][:6],
                    "packages": Packages(
                        quantity=cargo.outer_packaging.number_of_packages, kind=cargo.outer_packaging.package_code
                    ),
                    "gross_weight": Quantity(value=Decimal(str(cargo.cargo_gross_weight.value)), unit="KGM"),
                }
            ),
        ),
    )


def _changed(document: D, **members: Any) -> D:
    return document.model_copy(update=members)


def _transport(**members: Any) -> Callable[[Certificate], Certificate]:
    return lambda each: _changed(each, transport=_changed(each.transport, **members))


def _item(**members: Any) -> Callable[[Certificate], Certificate]:
    return lambda each: _changed(each, items=(_changed(each.items[0], **members),))


DISAGREEING: Mapping[str, tuple[Callable[[Certificate], Certificate], str]] = {
    "other-transport-document": (_transport(transport_document="SIML2699999"), "/transport/transportDocument"),
    "other-vessel": (_transport(vessel_or_flight="EXAMPLE LOTUS"), "/transport/vesselOrFlight"),
    "other-voyage": (_transport(voyage="999E"), "/transport/voyage"),
    "other-port-of-loading": (
        _transport(port_of_loading=Place(un_location_code="VNHPH")),
        "/transport/portOfLoading/UNLocationCode",
    ),
    "other-port-of-discharge": (
        _transport(port_of_discharge=Place(un_location_code="KRPUS")),
        "/transport/portOfDischarge/UNLocationCode",
    ),
    "other-date-of-shipment": (
        _transport(departure_date=(LADING.issue_date or date.min) + timedelta(days=1)),
        "/transport/departureDate",
    ),
    "goods-not-carried": (_item(hs_code="400122"), "/items/0/hsCode"),
    "more-packages": (_item(packages=Packages(quantity=901, kind="BG")), "/items/0"),
    "other-kind-of-packages": (_item(packages=Packages(quantity=900, kind="CT")), "/items/0/packages/kind"),
    "more-weight": (_item(gross_weight=Quantity(value=Decimal("22.681"), unit="TNE")), "/items/0"),
    "other-shipper": (
        lambda each: _changed(each, exporter=_changed(each.exporter, name="Example Other Exports")),
        "/exporter/name",
    ),
    "other-consignee": (
        lambda each: _changed(each, consignee=_changed(each.consignee, name="Example Other Imports")),
        "/consignee/name",
    ),
}


def test_every_comparison_has_a_case() -> None:
    assert {f"consignment.{slug}" for slug in DISAGREEING} == set(COMPARISONS)


def test_two_documents_of_one_consignment_agree() -> None:
    assert compare(_agreeing(), LADING) == ()


@pytest.mark.parametrize("slug", DISAGREEING)
def test_what_differs_is_named_at_its_place(slug: str) -> None:
    change, pointer = DISAGREEING[slug]
    found = compare(change(_agreeing()), LADING)
    assert [(each.code, each.pointer) for each in found] == [(f"consignment.{slug}", pointer)]
    assert not found[0].refuses and found[0].found and found[0].expected


def test_a_certificate_for_a_part_of_the_cargo_agrees() -> None:
    part = _item(packages=Packages(quantity=10, kind="BG"), gross_weight=Quantity(value=Decimal(252), unit="KGM"))
    assert compare(part(_agreeing()), LADING) == ()


def test_what_one_of_the_two_leaves_out_does_not_differ() -> None:
    silent = _transport(
        transport_document=None, vessel_or_flight=None, voyage=None, departure_date=None, port_of_loading=None
    )
    bare = _item(packages=None, gross_weight=None)
    assert compare(bare(silent(_agreeing())), LADING) == ()


def test_names_are_compared_without_case_and_punctuation() -> None:
    vessel = LADING.transports.vessel_voyages[0].vessel_name
    loud = _transport(vessel_or_flight=f"m.v. {vessel}".lower().removeprefix("m.v. ").replace(" ", "-"))(_agreeing())
    assert compare(loud, LADING) == ()


def test_to_order_the_importer_may_stand_as_notify_party() -> None:
    """The consignee is a bank or nobody; the importer is who is notified."""
    parties = LADING.document_parties
    notified = parties.notify_parties
    assert notified is not None
    to_order = _changed(LADING, is_to_order=True, document_parties=_changed(parties, consignee=None))
    importer = _changed(_agreeing(), consignee=_changed(_agreeing().consignee, name=notified[0].party_name))
    assert compare(importer, to_order) == ()
    nobody = _changed(LADING, document_parties=_changed(parties, consignee=None, notify_parties=None))
    assert compare(_changed(importer, consignee=_changed(importer.consignee, name="Anybody")), nobody) == ()


def _with_bearings(lading: TransportDocument) -> TransportDocument:
    """The same, and 100 cartons of ball bearings beside it."""
    first = lading.consignment_items[0]
    cargo = first.cargo_items[0]
    packaging = _changed(cargo.outer_packaging, number_of_packages=100, package_code="CT")
    weight = _changed(cargo.cargo_gross_weight, value=2500.0)
    bearings = _changed(cargo, outer_packaging=packaging, cargo_gross_weight=weight)
    second = _changed(first, hs_codes=("848210",), cargo_items=(bearings,))
    return _changed(lading, consignment_items=(first, second))


def test_packages_and_weight_are_counted_by_heading_where_the_headings_are_apart() -> None:
    more = _item(packages=Packages(quantity=950, kind="BG"))(_agreeing())
    assert [each.code for each in compare(more, _with_bearings(LADING))] == ["consignment.more-packages"]


def test_where_the_carrier_mixes_headings_the_whole_is_counted() -> None:
    goods = LADING.consignment_items[0]
    mixed = _changed(LADING, consignment_items=(_changed(goods, hs_codes=(*goods.hs_codes, "848210")),))
    assert compare(_agreeing(), mixed) == ()
    more = _item(packages=Packages(quantity=901, kind="BG"))(_agreeing())
    assert [each.code for each in compare(more, mixed)] == ["consignment.more-packages"]
