"""The documents of one consignment: natural rubber from Thailand to Japan. Pure; the carrier makes the bill of lading.

1. The shipping instructions are for a bill of lading to the order of the shipper, issued to it on its platform.
2. The certificate of origin (Form AJ) is for what the bill of lading says was loaded: its vessel, dates, ports,
   packages and weights are read from it, so the two agree, but for what a variant says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from schemas.bill_of_lading.model import TransportDocument
from schemas.certificate.examples import example
from schemas.certificate.model import (
    AJCEP_FORM_AJ,
    Certificate,
    Item,
    OriginCriterion,
    Packages,
    Party,
    Place,
    Quantity,
)
from schemas.certificate.model import Transport as CertificateTransport
from schemas.codes.containers import check_digit
from schemas.registry import profile_of
from simulator.documents import patched
from simulator.lading.cast import EXPORTER, IMPORTER, Trader, address_of

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Goods:
    """What is shipped, as the scenario's file states it."""

    description: str
    hs_code: str
    package_code: str
    package: str
    packages: int
    """In each container."""
    kilograms: Decimal
    """Gross, of one package."""
    containers: int
    vessel: str
    voyage: str
    loading: str
    """UN/LOCODE."""
    discharge: str


def booking_of(goods: Goods) -> JSON:
    """The carrier's confirmed booking."""
    return {
        "transports": {
            "portOfLoading": {"UNLocationCode": goods.loading},
            "portOfDischarge": {"UNLocationCode": goods.discharge},
            "vesselVoyages": [{"vesselName": goods.vessel, "carrierExportVoyageNumber": goods.voyage}],
        },
        "equipmentCode": "22G1",
    }


def instructions_of(goods: Goods, booking: str) -> JSON:
    """Shipping instructions, as the shipper sends them (DCSA CreateShippingInstructions). `booking`: its reference."""
    containers = [_container(booking, number) for number in range(goods.containers)]
    return {
        "transportDocumentTypeCode": "BOL",
        "isShippedOnBoardType": True,
        "isElectronic": True,
        "isToOrder": True,
        "freightPaymentTermCode": "PRE",
        "invoicePayableAt": {"UNLocationCode": goods.loading},
        "isCargoDeliveredInICS2Zone": False,
        "partyContactDetails": [{"name": "Shipping desk", "email": "shipping@lanna.example"}],
        "documentParties": {
            "shipper": _named(EXPORTER),
            "endorsee": _named(EXPORTER) | {"eblPlatform": EXPORTER.platform},
            "issueTo": {
                "partyName": EXPORTER.name,
                "sendToPlatform": EXPORTER.platform,
                "identifyingCodes": EXPORTER.codes,
            },
            "notifyParties": [
                _named(IMPORTER) | {"partyContactDetails": [{"name": "Import desk", "email": "import@fuji.example"}]}
            ],
        },
        "consignmentItems": [
            {
                "carrierBookingReference": booking,
                "descriptionOfGoods": [goods.description[:35]],
                "HSCodes": [goods.hs_code],
                "shippingMarks": [f"LANNA {booking}"],
                "cargoItems": [_cargo(goods, each) for each in containers],
            }
        ],
        "utilizedTransportEquipments": [
            {
                "isShipperOwned": False,
                "equipmentReference": each,
                "seals": [{"number": f"SL{each[4:10]}", "source": "SHI"}],
            }
            for each in containers
        ],
    }


def _named(trader: Trader) -> JSON:
    return {"partyName": trader.name, "address": address_of(trader), "identifyingCodes": trader.codes}


def _cargo(goods: Goods, container: str) -> JSON:
    return {
        "equipmentReference": container,
        "cargoGrossWeight": {"value": float(goods.kilograms * goods.packages), "unit": "KGM"},
        "outerPackaging": {
            "packageCode": goods.package_code,
            "numberOfPackages": goods.packages,
            "description": goods.package,
        },
    }


def _container(booking: str, number: int) -> str:
    """A container number with its check digit, that follows from the booking."""
    serial = f"SIMU{(int(booking[-5:]) * 7 + number) % 1_000_000:06}"
    return f"{serial}{check_digit(serial)}"


# --- The certificate -------------------------------------------------------------------------------------------------


def certificate_of(lading: TransportDocument, number: str, at: datetime, otherwise: Mapping[str, Any]) -> Certificate:
    """Form AJ for all that the bill of lading carries; `otherwise` is a JSON merge patch over it.
    Raises `BadScenario` where that makes no certificate."""
    day = at.astimezone(UTC).date()
    base = example(AJCEP_FORM_AJ, exporter=EXPORTER.country, importer=IMPORTER.country, number=number, at=at, variant=7)
    certificate = base.model_copy(
        update={
            "exporter": _party(EXPORTER),
            "consignee": _party(IMPORTER),
            "producer": None,
            "transport": _transport(lading),
            "items": (_item(lading, base.items[0]),),
            "invoices": tuple(each.model_copy(update={"date": day - timedelta(days=4)}) for each in base.invoices),
        }
    )
    if not otherwise:
        return certificate
    profile = profile_of(AJCEP_FORM_AJ)
    changed = None if profile is None else patched(profile, certificate, otherwise)
    if not isinstance(changed, Certificate):
        raise LookupError(f"no profile {AJCEP_FORM_AJ}")
    return changed


def _party(trader: Trader) -> Party:
    address = address_of(trader)
    return Party(
        name=trader.name, address=f"{address['streetNumber']} {trader.street}\n{trader.city}", country=trader.country
    )


def _transport(lading: TransportDocument) -> CertificateTransport:
    transports = lading.transports
    voyage = transports.vessel_voyages[0]
    return CertificateTransport.model_validate(
        {
            "departure_date": lading.shipped_on_board_date or transports.planned_departure_date,
            "mode": "sea",
            "vessel_or_flight": voyage.vessel_name,
            "voyage": voyage.carrier_export_voyage_number,
            "port_of_loading": Place(un_location_code=transports.port_of_loading.un_location_code),
            "port_of_discharge": Place(un_location_code=transports.port_of_discharge.un_location_code),
            "transport_document": lading.transport_document_reference,
        }
    )


def _item(lading: TransportDocument, pattern: Item) -> Item:
    """One line for the only consignment item, over all its containers."""
    consignment = lading.consignment_items[0]
    packages = [each.outer_packaging for each in consignment.cargo_items]
    quantity = sum(each.number_of_packages for each in packages)
    weight = sum((Decimal(str(each.cargo_gross_weight.value)) for each in consignment.cargo_items), Decimal(0))
    return pattern.model_copy(
        update={
            "number": 1,
            "marks_and_numbers": "\n".join(consignment.shipping_marks or ("N/M",)),
            "packages": Packages(quantity=quantity, kind=packages[0].package_code or "PX"),
            "description": " ".join(consignment.description_of_goods),
            "hs_code": consignment.hs_codes[0][:6],
            "origin_criterion": OriginCriterion(codes=("WO",)),
            "gross_weight": Quantity(value=weight, unit="KGM"),
            "quantity": None,
            "fob_value": None,
        }
    )
