"""A certificate of origin: every box of Form D (ATIGA, 2022), Form AJ (AJCEP, 2014), the certificate of RCEP, and those
of Japan's agreements with one partner.

One model for all, since the forms ask for the same things in other boxes (`form.py` has the numbers of the
boxes); which parts a form has, and which it requires, is a rule of its agreement. Sources: Viet Nam Circular
10/2022/TT-BCT, annex with Form D; Form AJ specimen and notes (Singapore Customs Act, Order 4, Twelfth Schedule); Form
RCEP specimen.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.certificate.values import (
    Count,
    CountryCode,
    CriterionCode,
    CurrencyCode,
    Day,
    DecimalText,
    Flag,
    HsCode,
    HsEdition,
    Line,
    Number,
    PackageCode,
    Part,
    PortCode,
    Text,
    UnitCode,
    decimal_text,
)

ATIGA_FORM_D = "atiga-form-d/2022"
AJCEP_FORM_AJ = "ajcep-form-aj/2014"
RCEP_CO = "rcep-co/2022"

CONTENT_CODES = frozenset({"RVC", "QVC", "LVC", "PC"})
"""Criteria of value content, by any agreement's name for it: the percentage stands beside them."""

MOST_ITEMS = 5_000
"""Items of one certificate: a bound of ours; partners have lower ones."""


class Party(Part):
    """A business: exporter, consignee or producer."""

    name: Line
    address: Text
    """Street, town and postal code, as on the form; lines are separated by a line feed."""
    country: CountryCode
    identifier: Line | None = None
    """Registration or tax number, where the issuing country prints one."""
    telephone: Line | None = None
    email: Line | None = None


class ProducerWithheld(StrEnum):
    """Why no producer is named (RCEP, box 3 and its note)."""

    CONFIDENTIAL = "confidential"
    NOT_AVAILABLE = "not-available"


class TransportMode(StrEnum):
    """UN/ECE Recommendation 19, the modes in use; the words stand in the document."""

    SEA = "sea"
    RAIL = "rail"
    ROAD = "road"
    AIR = "air"
    MAIL = "mail"
    MULTIMODAL = "multimodal"
    INLAND_WATER = "inland-water"


class Place(Part):
    """A port or place, by UN/LOCODE, by name, or both."""

    un_location_code: PortCode | None = None
    """`UNLocationCode` in JSON."""
    name: Line | None = None


class Transport(Part):
    """Means of transport and route, as far as known."""

    departure_date: Day | None = None
    """Date of shipment."""
    mode: TransportMode | None = None
    vessel_or_flight: Line | None = None
    """Name of the vessel, or flight number."""
    voyage: Line | None = None
    port_of_loading: Place | None = None
    port_of_discharge: Place | None = None
    route: Text | None = None
    transport_document: Number | None = None
    """Number of the bill of lading or waybill, where the issuer states it: no form asks for it."""


class Packages(Part):
    """Number and kind of packages."""

    quantity: Annotated[Count, Field(ge=1, le=9_999_999)]
    kind: PackageCode


class Quantity(Part):
    """A weight or another quantity with its unit."""

    value: DecimalText
    unit: UnitCode


class Money(Part):
    """An amount with its currency."""

    amount: DecimalText
    currency: CurrencyCode


class OriginCriterion(Part):
    """The origin criterion: one code or several, and the percentage where regional value content counts."""

    codes: Annotated[tuple[CriterionCode, ...], Field(min_length=1, max_length=4)]
    """As `("WO",)`, `("RVC",)`, `("CTH", "ACU")`."""
    percentage: DecimalText | None = None
    """Of RVC or PC, as 45.2 for 45.2 %."""

    @property
    def text(self) -> str:
        """As in the box of the form: `WO`, `RVC 45.2%`, `CTH, ACU`."""
        shown = "" if self.percentage is None else f" {decimal_text(self.percentage)}%"
        return ", ".join(code + (shown if code in CONTENT_CODES else "") for code in self.codes)


class Item(Part):
    """One line of goods. Each qualifies on its own."""

    number: Annotated[Count, Field(ge=1, le=99_999)]
    marks_and_numbers: Text | None = None
    packages: Packages | None = None
    description: Text
    hs_code: HsCode
    """Of the importing country, where the form asks for it."""
    hs_edition: HsEdition
    """Year of the Harmonized System's edition, as 2022."""
    origin_criterion: OriginCriterion
    origin_country: CountryCode | None = None
    """RCEP country of origin."""
    gross_weight: Quantity | None = None
    quantity: Quantity | None = None
    """Another quantity than gross weight: net weight, pieces, volume."""
    fob_value: Money | None = None
    invoice_number: Line | None = None
    """Of the invoice among `invoices` that the item is on, where there are several."""


class Invoice(Part):
    """Number and date of an invoice."""

    number: Line
    date: Day


class TickBoxes(Part):
    """The boxes to tick. Form AJ and the certificate of RCEP have some of them only."""

    third_country_invoicing: Flag = False
    """RCEP: third-party invoicing."""
    accumulation: Flag = False
    back_to_back: Flag = False
    partial_cumulation: Flag = False
    exhibition: Flag = False
    de_minimis: Flag = False
    issued_retroactively: Flag = False


class ThirdCountryInvoice(Part):
    """Who issued the invoice, when it is neither exporter nor producer."""

    company: Line
    country: CountryCode


class OriginalProof(Part):
    """The certificate that a back-to-back certificate rests on."""

    number: Number
    date: Day
    country: CountryCode
    """The first exporting party, which issued it."""
    valid_until: Day | None = None
    """End of its validity, where stated; else a year from its date."""


class Exhibition(Part):
    """Where the goods were shown and sold."""

    name: Line
    address: Text


class ReplacementReason(StrEnum):
    """Why one certificate takes another's place."""

    LOST = "lost"
    """Theft, loss or destruction: a certified true copy, which bears the original's date."""
    CORRECTED = "corrected"


class Replaced(Part):
    """The earlier certificate that this one replaces."""

    number: Number
    date: Day
    reason: ReplacementReason


class Declaration(Part):
    """Declaration by the exporter."""

    origin_country: CountryCode
    """The goods were produced in."""
    importing_country: CountryCode
    """They are exported to."""
    place: Line
    date: Day
    signatory: Line
    """Name of the authorised signatory, and the company where it signs for another."""


class Certification(Part):
    """Certification by the issuing authority."""

    authority: Line
    place: Line
    date: Day
    """Date of issue."""
    official: Line
    """The officer whose signature the paper form bears."""


class Treatment(StrEnum):
    """What the importing customs did."""

    GIVEN = "given"
    NOT_GIVEN = "not-given"


class OfficialUse(Part):
    """The box that the importing customs fills."""

    treatment: Treatment
    reasons: Text | None = None
    place: Line | None = None
    date: Day | None = None
    official: Line | None = None


class Certificate(Part):
    """One certificate of origin."""

    profile: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}/[0-9]{4}$")]
    """Id of its profile: which agreement, form and revision."""
    number: Number
    """Reference number: opaque, unique for its issuing country."""
    issuing_country: CountryCode
    """Issued in."""
    exporter: Party
    consignee: Party
    producer: Party | None = None
    producer_withheld: ProducerWithheld | None = None
    transport: Transport
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=MOST_ITEMS)]
    invoices: Annotated[tuple[Invoice, ...], Field(max_length=MOST_ITEMS)] = ()
    remarks: Text | None = None
    declaration: Declaration
    certification: Certification
    tick_boxes: TickBoxes = TickBoxes()
    third_country_invoice: ThirdCountryInvoice | None = None
    original_proof: OriginalProof | None = None
    exhibition: Exhibition | None = None
    replaces: Replaced | None = None
    official_use: OfficialUse | None = None

    @property
    def issued_by(self) -> str:
        """Who must have signed it: an issuer of the issuing country."""
        return f"country:{self.issuing_country}"

    def fob_totals(self) -> dict[str, Decimal]:
        """The sum of the items' FOB values by currency."""
        totals: dict[str, Decimal] = {}
        for item in self.items:
            if item.fob_value is not None:
                currency = item.fob_value.currency
                totals[currency] = totals.get(currency, Decimal(0)) + item.fob_value.amount
        return totals
