"""Valid sample documents, for `tb send --example`, scenarios and tests: real ports, invented parties and numbers.

Nothing here is drawn at random: the same arguments give the same document. `variant` changes goods, quantities,
parties, containers and the kind of document (straight, to order, sea waybill).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from zlib import crc32

from schemas.bill_of_lading.cargo import (
    CargoItem,
    CargoItemShipper,
    ConsignmentItem,
    ConsignmentItemShipper,
    DangerousGoods,
    EmergencyContactDetails,
    OuterPackaging,
    OuterPackagingShipper,
    Volume,
    Weight,
)
from schemas.bill_of_lading.equipment import (
    ActiveReeferSettings,
    Equipment,
    Seal,
    UtilizedTransportEquipment,
    UtilizedTransportEquipmentShipper,
)
from schemas.bill_of_lading.model import Charge, ShippingInstructions, TransportDocument
from schemas.bill_of_lading.parties import (
    Consignee,
    ConsigneeShipper,
    ContactDetail,
    DocumentParties,
    DocumentPartiesShippingInstructions,
    Endorsee,
    EndorseeShipper,
    IdentifyingCode,
    IssueToParty,
    IssuingParty,
    NotifyParty,
    PartyAddress,
    Shipper,
)
from schemas.bill_of_lading.places import (
    InvoicePayableAt,
    InvoicePayableAtShippingInstructions,
    Place,
    PlaceOfIssue,
    Port,
    Transports,
    VesselVoyage,
)
from schemas.bill_of_lading.values import (
    CarrierCodeListProvider,
    PaymentTerm,
    SealSource,
    ServiceType,
    TemperatureUnit,
    TransportDocumentType,
    VolumeUnit,
    WeightUnit,
)
from schemas.codes.containers import check_digit

AT = datetime.fromisoformat("2026-01-05T09:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Country:
    """Where a country's goods go on board, and where its traders sit."""

    name: str
    city: str
    ports: tuple[tuple[str, str], ...]
    """UN/LOCODE and name; Laos has none and ships through Thailand."""
    inland: tuple[str, str] | None = None
    """Place of receipt or delivery before the port, where there is no port in the country."""


COUNTRIES = {
    "BN": Country("Brunei", "Bandar Seri Begawan", (("BNMUA", "Muara"),)),
    "ID": Country("Indonesia", "Jakarta", (("IDJKT", "Jakarta"), ("IDSUB", "Surabaya"))),
    "JP": Country(
        "Japan", "Tokyo", (("JPTYO", "Tokyo"), ("JPYOK", "Yokohama"), ("JPUKB", "Kobe"), ("JPNGO", "Nagoya"))
    ),
    "KH": Country("Cambodia", "Phnom Penh", (("KHKOS", "Sihanoukville"),)),
    "LA": Country("Laos", "Vientiane", (("THLCH", "Laem Chabang"),), ("LAVTE", "Vientiane")),
    "MM": Country("Myanmar", "Yangon", (("MMRGN", "Yangon"),)),
    "MY": Country("Malaysia", "Shah Alam", (("MYPKG", "Port Klang"), ("MYTPP", "Tanjung Pelepas"))),
    "PH": Country("Philippines", "Manila", (("PHMNL", "Manila"), ("PHCEB", "Cebu"))),
    "SG": Country("Singapore", "Singapore", (("SGSIN", "Singapore"),)),
    "TH": Country("Thailand", "Bangkok", (("THLCH", "Laem Chabang"), ("THBKK", "Bangkok"))),
    "TL": Country("Timor-Leste", "Dili", (("TLDIL", "Dili"),)),
    "VN": Country("Viet Nam", "Ho Chi Minh City", (("VNSGN", "Ho Chi Minh City"), ("VNHPH", "Haiphong"))),
}


@dataclass(frozen=True, slots=True)
class Goods:
    """One kind of cargo, as a container carries it."""

    lines: tuple[str, ...]
    hs_code: str
    trade: str
    """The word in the traders' invented names."""
    package_code: str
    package: str
    packages: int
    """In one container."""
    kilograms: float
    """Gross, of one package."""
    cubic_metres: float
    """Of one container's cargo."""
    equipment: str
    """ISO 6346 size and type."""
    celsius: float | None = None
    """Set for reefers."""
    dangerous: DangerousGoods | None = None


PAINT = DangerousGoods(
    un_number="1263",
    proper_shipping_name="PAINT",
    imo_class="3",
    packing_group=2,
    ems_number="F-E S-E",
    emergency_contact_details=EmergencyContactDetails(contact="Duty officer", phone="+65 6000 0000"),
)
GOODS = (
    Goods(("Wooden dining chairs",), "94016900", "Furniture", "CT", "Cartons", 480, 12.5, 58.2, "45G1"),
    Goods(("Frozen shrimps, peeled",), "03061700", "Seafood", "CT", "Cartons", 1200, 16.8, 52.0, "45R1", -18.0),
    Goods(("Electronic integrated circuits",), "85423100", "Electronics", "PX", "Pallets", 20, 310.25, 31.4, "22G1"),
    Goods(("Polyethylene in primary form",), "39012000", "Polymers", "BG", "Bags", 900, 25.2, 27.9, "22G1"),
    Goods(("Cotton T-shirts, knitted",), "61091000", "Garments", "CT", "Cartons", 640, 9.75, 60.1, "45G1"),
    Goods(("Semi-milled rice",), "10063000", "Grain", "BG", "Bags", 500, 50.1, 30.5, "22G1"),
    Goods(("Gear boxes for motor vehicles",), "87084000", "Motor Parts", "CS", "Cases", 96, 182.5, 44.8, "42G1"),
    Goods(("Paints based on polymers",), "32089000", "Coatings", "DR", "Drums", 80, 232.0, 24.6, "22G1", None, PAINT),
)
VESSELS = ("SIM MERIDIAN", "SIM ORCHID", "SIM MONSOON", "SIM HERON", "SIM CASSIOPEIA")


def transport_document(
    *,
    exporter: str = "SG",
    importer: str = "TH",
    number: str = "SIML2600041",
    at: datetime = AT,
    variant: int = 0,
    carrier: str = "SIML",
) -> TransportDocument:
    """A valid transport document, issued on the day of `at`. Variant 0, 3, ... is a straight bill of lading, 1, 4, ...
    one to order, 2, 5, ... a sea waybill. `number` is its transport document reference, at most 20 characters."""
    goods = GOODS[variant % len(GOODS)]
    day = at.date()
    containers = _containers(number, variant)
    return TransportDocument(
        transport_document_reference=number,
        shipping_instructions_reference=f"SI-{number}",
        transport_document_status="ISSUED",
        transport_document_type_code=TransportDocumentType.SEA_WAYBILL
        if _kind(variant) is TransportDocumentType.SEA_WAYBILL
        else TransportDocumentType.BILL_OF_LADING,
        is_shipped_on_board_type=True,
        freight_payment_term_code=PaymentTerm.PREPAID,
        is_electronic=True,
        is_to_order=variant % 3 == 1,
        shipped_on_board_date=day,
        issue_date=day,
        terms_and_conditions="Terms of the simulated carrier. No contract of carriage comes from this document.",
        receipt_type_at_origin=ServiceType.CONTAINER_YARD,
        delivery_type_at_destination=ServiceType.CONTAINER_YARD,
        cargo_movement_type_at_origin="FCL",
        cargo_movement_type_at_destination="FCL",
        carrier_code=carrier,
        carrier_code_list_provider=CarrierCodeListProvider.NMFTA,
        transports=_transports(exporter, importer, at, variant),
        charges=(_ocean_freight(len(containers), variant),),
        place_of_issue=PlaceOfIssue(un_location_code=_port(exporter, variant)[0]),
        invoice_payable_at=InvoicePayableAt(un_location_code=_port(exporter, variant)[0]),
        party_contact_details=(_contact("Documentation desk", "documents", carrier),),
        document_parties=_parties(exporter, importer, variant, carrier),
        consignment_items=(_consignment(goods, containers, number),),
        utilized_transport_equipments=tuple(_equipment(goods, each, variant) for each in containers),
    )


def shipping_instructions(
    *,
    exporter: str = "SG",
    importer: str = "TH",
    number: str = "SI-2600041",
    at: datetime = AT,
    variant: int = 0,
    carrier: str = "SIML",
) -> ShippingInstructions:
    """Valid shipping instructions, as a carrier has received them under the reference `number`."""
    goods = GOODS[variant % len(GOODS)]
    containers = _containers(number, variant)
    return ShippingInstructions(
        shipping_instructions_reference=number,
        shipping_instructions_revision_number=1,
        shipping_instructions_status="RECEIVED",
        transport_document_type_code=TransportDocumentType.SEA_WAYBILL
        if _kind(variant) is TransportDocumentType.SEA_WAYBILL
        else TransportDocumentType.BILL_OF_LADING,
        is_shipped_on_board_type=True,
        freight_payment_term_code=PaymentTerm.PREPAID,
        is_electronic=True,
        is_to_order=variant % 3 == 1,
        carrier_code=carrier,
        carrier_code_list_provider=CarrierCodeListProvider.NMFTA,
        invoice_payable_at=InvoicePayableAtShippingInstructions(un_location_code=_port(exporter, variant)[0]),
        party_contact_details=(_contact("Shipping desk", "shipping", exporter),),
        document_parties=_shippers_parties(exporter, importer, variant),
        is_cargo_delivered_in_ics2_zone=False,
        consignment_items=(_shippers_consignment(goods, containers, number),),
        utilized_transport_equipments=tuple(
            UtilizedTransportEquipmentShipper(is_shipper_owned=False, equipment_reference=each, seals=_seals(each))
            for each in containers
        ),
    )


def _kind(variant: int) -> TransportDocumentType:
    return TransportDocumentType.SEA_WAYBILL if variant % 3 == 2 else TransportDocumentType.BILL_OF_LADING


# --- Places and vessels ----------------------------------------------------------------------------------------------


def _port(country: str, variant: int) -> tuple[str, str]:
    ports = COUNTRIES[country].ports
    return ports[variant % len(ports)]


def _transports(exporter: str, importer: str, at: datetime, variant: int) -> Transports:
    origin, destination = COUNTRIES[exporter].inland, COUNTRIES[importer].inland
    loading, discharge = _port(exporter, variant), _port(importer, variant)
    if loading == discharge:
        discharge = COUNTRIES["TH"].ports[1]  # between Laos and Thailand: on to Bangkok by sea
    inland: dict[str, Place | str] = {}
    if origin:
        inland |= {"pre_carriage_by": "TRUCK", "place_of_receipt": _place(origin)}
    if destination:
        inland |= {"on_carriage_by": "TRUCK", "place_of_delivery": _place(destination)}
    voyage = VesselVoyage(
        vessel_name=VESSELS[variant % len(VESSELS)],
        carrier_export_voyage_number=f"{at:%y}{variant % 90 + 10}N",
        universal_export_voyage_reference=f"{at:%y}{variant % 90 + 10}N",
    )
    return Transports.model_validate(
        {
            "planned_departure_date": at.date(),
            "planned_arrival_date": (at + timedelta(days=4 + variant % 9)).date(),
            "port_of_loading": Port(un_location_code=loading[0], location_name=loading[1]),
            "port_of_discharge": Port(un_location_code=discharge[0], location_name=discharge[1]),
            "vessel_voyages": (voyage,),
            **inland,
        }
    )


def _place(place: tuple[str, str]) -> Place:
    return Place(un_location_code=place[0], location_name=place[1])


C = TypeVar("C", bound=ConsigneeShipper)
E = TypeVar("E", bound=EndorseeShipper)

# --- Parties ---------------------------------------------------------------------------------------------------------


def _name(country: str, variant: int, role: str) -> str:
    return f"Example {COUNTRIES[country].name} {GOODS[variant % len(GOODS)].trade} {role}"


def _address(country: str, number: int) -> PartyAddress:
    return PartyAddress(
        street="Example Road", street_number=str(number), city=COUNTRIES[country].city, country_code=country
    )


def _contact(name: str, box: str, at: str) -> ContactDetail:
    return ContactDetail(name=name, email=f"{box}@{at.lower()}.example")


def _code(country: str, variant: int, role: str) -> tuple[IdentifyingCode, ...]:
    return (IdentifyingCode(code_list_provider="ZZZ", party_code=f"SIM-{country}-{role}-{variant}"),)


def _shipper(country: str, variant: int) -> Shipper:
    return Shipper(
        party_name=_name(country, variant, "Exports"),
        address=_address(country, variant % 200 + 1),
        identifying_codes=_code(country, variant, "EXP"),
        party_contact_details=(_contact("Export desk", "export", country),),
    )


def _consignee(named: type[C], country: str, variant: int) -> C:
    return named(
        party_name=_name(country, variant, "Imports"),
        address=_address(country, variant % 200 + 2),
        identifying_codes=_code(country, variant, "IMP"),
        party_contact_details=(_contact("Import desk", "import", country),),
    )


def _endorsee(named: type[E], country: str, variant: int) -> E:
    return named(
        party_name=f"Example Bank of {COUNTRIES[country].name}",
        address=_address(country, 1),
        identifying_codes=_code(country, variant, "BANK"),
    )


def _notify(country: str, variant: int) -> NotifyParty:
    return NotifyParty(
        party_name=_name(country, variant, "Imports"),
        address=_address(country, variant % 200 + 2),
        party_contact_details=(_contact("Import desk", "import", country),),
    )


def _parties(exporter: str, importer: str, variant: int, carrier: str) -> DocumentParties:
    shipper = _shipper(exporter, variant)
    issuing = IssuingParty(
        party_name=f"Simulated carrier {carrier}",
        address=_address("SG", 8),
        identifying_codes=(IdentifyingCode(code_list_provider="ZZZ", party_code=carrier),),
    )
    notify = (_notify(importer, variant),)
    parties = partial(DocumentParties, shipper=shipper, issuing_party=issuing, notify_parties=notify)
    if variant % 3 == 1:
        return parties(endorsee=_endorsee(Endorsee, importer, variant))
    return parties(consignee=_consignee(Consignee, importer, variant))


def _shippers_parties(exporter: str, importer: str, variant: int) -> DocumentPartiesShippingInstructions:
    shipper = _shipper(exporter, variant)
    notify = (_notify(importer, variant),)
    codes = _code(exporter, variant, "EXP")
    issue_to = (
        IssueToParty(party_name=shipper.party_name, identifying_codes=codes)
        if _kind(variant) is TransportDocumentType.SEA_WAYBILL
        else IssueToParty(party_name=shipper.party_name, identifying_codes=codes, send_to_platform="BOLE")
    )
    parties = partial(DocumentPartiesShippingInstructions, shipper=shipper, issue_to=issue_to, notify_parties=notify)
    if variant % 3 == 1:
        return parties(endorsee=_endorsee(EndorseeShipper, importer, variant))
    return parties(consignee=_consignee(ConsigneeShipper, importer, variant))


# --- Cargo and containers --------------------------------------------------------------------------------------------


def _containers(number: str, variant: int) -> tuple[str, ...]:
    """One to three container numbers, with their check digits, that follow from the document's number."""
    first = crc32(number.encode()) % 1_000_000
    serials = [(first + 7 * at) % 1_000_000 for at in range(1 + variant % 3)]
    return tuple(f"SIMU{serial:06}{check_digit(f'SIMU{serial:06}')}" for serial in serials)


def _seals(container: str) -> tuple[Seal, ...]:
    return (Seal(number=f"SL{container[4:10]}", source=SealSource.CARRIER),)


def _packages(goods: Goods, at: int) -> int:
    return max(1, goods.packages - 5 * at)


def _weight(goods: Goods, at: int) -> Weight:
    return Weight(value=round(_packages(goods, at) * goods.kilograms, 3), unit=WeightUnit.KILOGRAM)


def _volume(goods: Goods) -> Volume:
    return Volume(value=goods.cubic_metres, unit=VolumeUnit.CUBIC_METRE)


def _consignment(goods: Goods, containers: tuple[str, ...], number: str) -> ConsignmentItem:
    return ConsignmentItem(
        carrier_booking_reference=f"BK{number}"[:35],
        description_of_goods=goods.lines,
        hs_codes=(goods.hs_code,),
        shipping_marks=(f"SIMULATION {number}"[:35],),
        cargo_items=tuple(
            CargoItem(
                equipment_reference=container,
                cargo_gross_weight=_weight(goods, at),
                cargo_gross_volume=_volume(goods),
                outer_packaging=_packaging(goods, at),
            )
            for at, container in enumerate(containers)
        ),
    )


def _packaging(goods: Goods, at: int) -> OuterPackaging:
    if goods.dangerous is None:
        return OuterPackaging(
            package_code=goods.package_code, number_of_packages=_packages(goods, at), description=goods.package
        )
    return OuterPackaging(
        imo_packaging_code="1A1",
        number_of_packages=_packages(goods, at),
        description=goods.package,
        dangerous_goods=(goods.dangerous,),
    )


def _shippers_consignment(goods: Goods, containers: tuple[str, ...], number: str) -> ConsignmentItemShipper:
    return ConsignmentItemShipper(
        carrier_booking_reference=f"BK{number}"[:35],
        description_of_goods=goods.lines,
        hs_codes=(goods.hs_code,),
        cargo_items=tuple(
            CargoItemShipper(
                equipment_reference=container,
                cargo_gross_weight=_weight(goods, at),
                cargo_gross_volume=_volume(goods),
                outer_packaging=OuterPackagingShipper(
                    package_code=goods.package_code, number_of_packages=_packages(goods, at), description=goods.package
                ),
            )
            for at, container in enumerate(containers)
        ),
    )


def _equipment(goods: Goods, container: str, variant: int) -> UtilizedTransportEquipment:
    equipment = Equipment(
        equipment_reference=container,
        iso_equipment_code=goods.equipment,
        tare_weight=Weight(value=2230 if goods.equipment.startswith("2") else 3900, unit=WeightUnit.KILOGRAM),
    )
    if goods.celsius is None:
        return UtilizedTransportEquipment(equipment=equipment, is_shipper_owned=False, seals=_seals(container))
    return UtilizedTransportEquipment(
        equipment=equipment,
        is_shipper_owned=False,
        is_non_operating_reefer=False,
        active_reefer_settings=ActiveReeferSettings(
            temperature_setpoint=goods.celsius, temperature_unit=TemperatureUnit.CELSIUS, is_drainholes_open=False
        ),
        seals=_seals(container),
    )


def _ocean_freight(containers: int, variant: int) -> Charge:
    price = 650 + 25 * (variant % 12)
    return Charge(
        charge_name="Ocean freight",
        currency_amount=price * containers,
        currency_code="USD",
        payment_term_code=PaymentTerm.PREPAID,
        calculation_basis="Per container",
        unit_price=price,
        quantity=containers,
    )
