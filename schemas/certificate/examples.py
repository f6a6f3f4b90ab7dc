"""Valid certificates for tests, demonstrations and the simulated world. Every party, number and officer is invented.

`example` is pure: the same arguments give the same certificate. `variant` changes goods, parties, quantities and, in
some variants, the boxes ticked, so that a scenario gets varied documents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from schemas.certificate.agreement import Agreement
from schemas.certificate.agreements import agreement_of
from schemas.certificate.model import (
    Certificate,
    Certification,
    Declaration,
    Exhibition,
    Invoice,
    Item,
    Money,
    OfficialUse,
    OriginalProof,
    OriginCriterion,
    Packages,
    Party,
    Place,
    Quantity,
    Replaced,
    ReplacementReason,
    ThirdCountryInvoice,
    TickBoxes,
    Transport,
    TransportMode,
    Treatment,
)

FIRST_DAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Goods:
    hs_code: str
    description: str
    package: str
    kilograms: int
    """Of one package, gross."""
    value: int
    """Of one package, FOB, in US dollars."""
    grown: bool = False
    """Wholly obtained; else manufactured."""


_GOODS = (
    _Goods("090111", "Green coffee beans, robusta, not roasted", "BG", 60, 210, grown=True),
    _Goods("853400", "Printed circuit boards, multilayer, for air conditioners", "CT", 18, 940),
    _Goods("030617", "Vannamei shrimps, frozen, headless", "CT", 12, 96, grown=True),
    _Goods("870829", "Door trim panels for passenger cars", "PX", 240, 3150),
    _Goods("400122", "Technically specified natural rubber, block", "PX", 1260, 2050, grown=True),
    _Goods("848210", "Ball bearings, deep groove, 20 mm bore", "BX", 25, 480),
    _Goods("080450", "Mangoes, fresh", "CT", 11, 34, grown=True),
    _Goods("392321", "Bags of polymers of ethylene, printed", "CT", 16, 58),
    _Goods("100630", "Fragrant rice, milled, 5 % broken", "BG", 50, 47, grown=True),
    _Goods("610910", "T-shirts of cotton, knitted", "CT", 14, 176),
    _Goods("840999", "Piston rings for diesel engines", "BX", 22, 615),
    _Goods("441233", "Plywood, outer ply of eucalyptus, 12 mm", "PX", 1150, 890),
    _Goods("210390", "Fish sauce and chilli sauce, bottled", "CT", 15, 39),
    _Goods("854442", "Wiring harnesses with connectors", "CT", 20, 530),
    _Goods("330499", "Skin care creams, retail packed", "CT", 9, 310),
    _Goods("720839", "Hot rolled steel in coils, 2.5 mm", "CL", 9800, 6350),
)

_NAMES: Mapping[str, tuple[str, str, str, str]] = {
    "BN": ("Sdn. Bhd.", "Bandar Seri Begawan", "BNMUA", "Muara"),
    "KH": ("Co., Ltd.", "Phnom Penh", "KHKOS", "Sihanoukville"),
    "ID": ("PT", "Jakarta", "IDJKT", "Jakarta"),
    "LA": ("Sole Co., Ltd.", "Vientiane", "LAVTE", "Vientiane"),
    "MY": ("Sdn. Bhd.", "Kuala Lumpur", "MYPKG", "Port Klang"),
    "MM": ("Co., Ltd.", "Yangon", "MMRGN", "Yangon"),
    "PH": ("Inc.", "Manila", "PHMNL", "Manila"),
    "SG": ("Pte. Ltd.", "Singapore", "SGSIN", "Singapore"),
    "TH": ("Co., Ltd.", "Bangkok", "THLCH", "Laem Chabang"),
    "VN": ("JSC", "Ho Chi Minh City", "VNSGN", "Ho Chi Minh City"),
    "TL": ("Lda", "Dili", "TLDIL", "Dili"),
    "JP": ("K.K.", "Tokyo", "JPTYO", "Tokyo"),
    "CN": ("Co., Ltd.", "Shanghai", "CNSGH", "Shanghai"),
    "KR": ("Co., Ltd.", "Busan", "KRPUS", "Busan"),
    "AU": ("Pty Ltd", "Sydney", "AUSYD", "Sydney"),
    "NZ": ("Limited", "Auckland", "NZAKL", "Auckland"),
}
"""Form of company, town, port by UN/LOCODE and name."""

_TRADES = (
    "Orchid Foods",
    "Banyan Industries",
    "Kestrel Components",
    "Lotus Trading",
    "Monsoon Textiles",
    "Coral Parts",
)
_VESSELS = ("EXAMPLE ORCHID", "EXAMPLE BANYAN", "EXAMPLE LOTUS", "EXAMPLE CORAL", "EXAMPLE MONSOON")


def example(
    profile: str,
    *,
    exporter: str = "SG",
    importer: str = "TH",
    number: str | None = None,
    at: datetime = FIRST_DAY,
    variant: int = 0,
) -> Certificate:
    """A valid certificate of this profile. `exporter` and `importer` are countries, `at` is the time of issue."""
    agreement, day = agreement_of(profile), at.astimezone(UTC).date()
    items = tuple(_item(agreement, exporter, variant, index) for index in range(1 + (variant * 3 + 1) % 5))
    certificate = Certificate(
        profile=profile,
        number=number or _number(agreement, exporter, importer, day, 41 + variant),
        issuing_country=exporter,
        exporter=_party(exporter, variant, 12),
        consignee=_party(importer, variant + 3, 48),
        producer=None if "/producer" in agreement.absent else _party(exporter, variant + 1, 7),
        transport=_transport(exporter, importer, day + timedelta(days=1), variant),
        items=items,
        invoices=(Invoice(number=f"INV-{day.year}-{1200 + variant}", date=day - timedelta(days=4)),),
        declaration=Declaration(
            origin_country=exporter,
            importing_country=importer,
            place=_NAMES[exporter][1],
            date=day,
            signatory="A. Specimen, export manager",
        ),
        certification=Certification(
            authority=f"Issuing authority of {exporter} (simulated)",
            place=_NAMES[exporter][1],
            date=day,
            official="B. Specimen",
        ),
    )
    return _ticked(agreement, certificate, day, variant)


def _number(agreement: Agreement, exporter: str, importer: str, day: date, serial: int) -> str:
    """In the issuer's format where it is known."""
    if exporter in agreement.numbers:
        return f"{exporter}-{importer} {day:%y}/01/{serial:05d}"
    return f"{exporter}-{agreement.example_serial}-{day.year}-{serial:05d}"


def complete(profile: str) -> Certificate:
    """A certificate in which every part is present: what unreadable places are filled from. Not valid by the rules."""
    sample = example(profile, exporter="SG", importer="TH")
    day = sample.certification.date
    places = sample.transport.model_copy(update={"route": "direct", "transport_document": "BL-1"})
    item = sample.items[0].model_copy(
        update={
            "origin_country": "SG",
            "quantity": Quantity(value=Decimal(1), unit="NIU"),
            "fob_value": Money(amount=Decimal(1), currency="USD"),
            "invoice_number": sample.invoices[0].number,
            "origin_criterion": OriginCriterion(codes=("RVC",), percentage=Decimal(40)),
        }
    )
    return sample.model_copy(
        update={
            "transport": places,
            "items": (item,),
            "producer": sample.exporter,
            "remarks": "none",
            "third_country_invoice": ThirdCountryInvoice(company="Example", country="SG"),
            "original_proof": OriginalProof(number="1", date=day, country="SG", valid_until=day),
            "exhibition": Exhibition(name="Example", address="Example"),
            "replaces": Replaced(number="1", date=day, reason=ReplacementReason.CORRECTED),
            "official_use": OfficialUse(
                treatment=Treatment.GIVEN, reasons="none", place="Example", date=day, official="Example"
            ),
        }
    )


def _party(country: str, variant: int, house: int) -> Party:
    form, town, _, _ = _NAMES[country]
    trade = _TRADES[variant % len(_TRADES)]
    return Party(
        name=f"{form} Example {trade}" if country == "ID" else f"Example {trade} {form}",
        address=f"{house + variant % 50} Example Road\n{town}",
        country=country,
        email="trade@example.com",
        telephone="+00 0000 0000",
    )


def _transport(exporter: str, importer: str, departure: date, variant: int) -> Transport:
    return Transport(
        departure_date=departure,
        mode=TransportMode.SEA,
        vessel_or_flight=_VESSELS[variant % len(_VESSELS)],
        voyage=f"{100 + variant % 800}E",
        port_of_loading=Place(un_location_code=_NAMES[exporter][2], name=_NAMES[exporter][3]),
        port_of_discharge=Place(un_location_code=_NAMES[importer][2], name=_NAMES[importer][3]),
    )


def _item(agreement: Agreement, exporter: str, variant: int, index: int) -> Item:
    goods = _GOODS[(variant * 5 + index * 3) % len(_GOODS)]
    packages = 10 + (variant * 7 + index * 13) % 90
    claims = agreement.example_claims
    code, percentage = ("WO", "") if goods.grown else claims[(variant + index) % len(claims)]
    fob = code in agreement.content or agreement.value_always
    return Item(
        number=index + 1,
        marks_and_numbers=f"EXAMPLE {variant}\nC/NO. 1-{packages}",
        packages=Packages(quantity=packages, kind=goods.package),
        description=goods.description,
        hs_code=goods.hs_code,
        hs_edition="2022",
        origin_criterion=OriginCriterion(codes=(code,), percentage=Decimal(percentage) if percentage else None),
        origin_country=None if "/items/originCountry" in agreement.absent else exporter,
        gross_weight=Quantity(value=Decimal(packages * goods.kilograms), unit="KGM"),
        fob_value=Money(amount=Decimal(packages * goods.value).quantize(Decimal("0.01")), currency="USD")
        if fob
        else None,
    )


def _ticked(agreement: Agreement, certificate: Certificate, day: date, variant: int) -> Certificate:
    """In some variants: an invoice from a third country, or an issue after shipment."""
    if variant % 7 == 3 and "third_country_invoicing" in agreement.tick_boxes:
        return certificate.model_copy(
            update={
                "tick_boxes": TickBoxes(third_country_invoicing=True),
                "third_country_invoice": ThirdCountryInvoice(company="Example Invoicing Ltd", country="HK"),
            }
        )
    if variant % 7 == 5 and "issued_retroactively" in agreement.tick_boxes:
        shipped = certificate.transport.model_copy(update={"departure_date": day - timedelta(days=20)})
        return certificate.model_copy(update={"tick_boxes": TickBoxes(issued_retroactively=True), "transport": shipped})
    return certificate
