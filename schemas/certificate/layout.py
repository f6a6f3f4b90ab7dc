"""Where each member of a certificate stands in the XML: one table, read in both directions.

The names are those of the WCO Data Model where it has one (Consignment, GovernmentAgencyGoodsItem, Commodity,
Classification, Packaging, MarksNumbersID, GoodsMeasure, ...); a tick box or a statement that it lacks has a name of
ours. `certificate.xsd` says the same as a schema, and a test compares the two. Order is the order of the elements.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from schemas.certificate.values import decimal_text

NAMESPACE = "urn:tradebridge:certificate:1"
ROOT = f"{{{NAMESPACE}}}CertificateOfOrigin"


def _as_is(text: str) -> str:
    return text


def text_of(value: object) -> str:
    """A value as the text of its element or attribute."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return decimal_text(value) if isinstance(value, Decimal) else str(value)


def _int_of(text: str) -> object:
    """The text itself where it is no number: the model then says so."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _flag_of(text: str) -> object:
    return {"true": True, "false": False}.get(text, text)


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element that holds one value; with `many`, as often as the tuple has values."""

    tag: str
    member: str
    read: Callable[[str], object] = _as_is
    many: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """An element with a number in it and its unit in an attribute: a part with two members."""

    tag: str
    member: str
    value: str
    attribute: str
    unit: str


@dataclass(frozen=True, slots=True)
class Group:
    """An element with elements: a part of the document; without `member`, a wrapper around some of its parent's."""

    tag: str
    children: tuple["Leaf | Measure | Group", ...]
    member: str | None = None
    many: bool = False
    by_tag: Mapping[object, "Leaf | Measure | Group"] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_tag = {f"{{{NAMESPACE}}}{child.tag}": child for child in self.children}
        object.__setattr__(self, "by_tag", by_tag)


Node = Leaf | Measure | Group


def _flag(tag: str, member: str) -> Leaf:
    return Leaf(tag, member, _flag_of)


def _party(tag: str, member: str) -> Group:
    address = Group("Address", (Leaf("Line", "address"), Leaf("CountryCode", "country")))
    children = (
        Leaf("Name", "name"),
        Leaf("ID", "identifier"),
        address,
        Leaf("Telephone", "telephone"),
        Leaf("Email", "email"),
    )
    return Group(tag, children, member)


def _place(tag: str, member: str) -> Group:
    return Group(tag, (Leaf("ID", "un_location_code"), Leaf("Name", "name")), member)


_CONSIGNMENT = Group(
    "Consignment",
    (
        Group(
            "BorderTransportMeans",
            (
                Leaf("DepartureDate", "departure_date"),
                Leaf("ModeCode", "mode"),
                Leaf("Name", "vessel_or_flight"),
                Leaf("JourneyID", "voyage"),
            ),
        ),
        _place("LoadingLocation", "port_of_loading"),
        _place("UnloadingLocation", "port_of_discharge"),
        Leaf("Itinerary", "route"),
        Leaf("TransportDocumentID", "transport_document"),
    ),
    "transport",
)

_GOODS_ITEM = Group(
    "GovernmentAgencyGoodsItem",
    (
        Leaf("SequenceNumeric", "number", _int_of),
        Group(
            "Packaging",
            (
                Leaf("MarksNumbersID", "marks_and_numbers"),
                Group(
                    "Packages", (Leaf("QuantityQuantity", "quantity", _int_of), Leaf("TypeCode", "kind")), "packages"
                ),
            ),
        ),
        Group(
            "Commodity",
            (
                Leaf("Description", "description"),
                Group("Classification", (Leaf("ID", "hs_code"), Leaf("EditionYear", "hs_edition"))),
            ),
        ),
        Group(
            "Origin",
            (
                Group(
                    "Criterion",
                    (Leaf("Code", "codes", many=True), Leaf("ValuePercent", "percentage")),
                    "origin_criterion",
                ),
                Leaf("CountryCode", "origin_country"),
            ),
        ),
        Group(
            "GoodsMeasure",
            (
                Measure("GrossMassMeasure", "gross_weight", "value", "unitCode", "unit"),
                Measure("TariffQuantity", "quantity", "value", "unitCode", "unit"),
            ),
        ),
        Measure("FOBValueAmount", "fob_value", "amount", "currencyID", "currency"),
        Leaf("InvoiceID", "invoice_number"),
    ),
    "items",
    many=True,
)

CERTIFICATE = Group(
    "CertificateOfOrigin",
    (
        Leaf("TypeCode", "profile"),
        Leaf("ID", "number"),
        Leaf("IssuingCountryCode", "issuing_country"),
        _party("Exporter", "exporter"),
        _party("Consignee", "consignee"),
        _party("Producer", "producer"),
        Leaf("ProducerWithheldCode", "producer_withheld"),
        _CONSIGNMENT,
        _GOODS_ITEM,
        Group("Invoice", (Leaf("ID", "number"), Leaf("IssueDate", "date")), "invoices", many=True),
        Leaf("Remarks", "remarks"),
        Group(
            "Declaration",
            (
                Leaf("OriginCountryCode", "origin_country"),
                Leaf("ImportationCountryCode", "importing_country"),
                Leaf("Place", "place"),
                Leaf("IssueDate", "date"),
                Leaf("SignatoryName", "signatory"),
            ),
            "declaration",
        ),
        Group(
            "Certification",
            (
                Leaf("AuthorityName", "authority"),
                Leaf("Place", "place"),
                Leaf("IssueDate", "date"),
                Leaf("OfficialName", "official"),
            ),
            "certification",
        ),
        Group(
            "TickBoxes",
            (
                _flag("ThirdCountryInvoicingIndicator", "third_country_invoicing"),
                _flag("AccumulationIndicator", "accumulation"),
                _flag("BackToBackIndicator", "back_to_back"),
                _flag("PartialCumulationIndicator", "partial_cumulation"),
                _flag("ExhibitionIndicator", "exhibition"),
                _flag("DeMinimisIndicator", "de_minimis"),
                _flag("IssuedRetroactivelyIndicator", "issued_retroactively"),
            ),
            "tick_boxes",
        ),
        Group(
            "ThirdCountryInvoice",
            (Leaf("CompanyName", "company"), Leaf("CountryCode", "country")),
            "third_country_invoice",
        ),
        Group(
            "PreviousDocument",
            (
                Leaf("ID", "number"),
                Leaf("IssueDate", "date"),
                Leaf("IssuingCountryCode", "country"),
                Leaf("ExpirationDate", "valid_until"),
            ),
            "original_proof",
        ),
        Group("Exhibition", (Leaf("Name", "name"), Leaf("Address", "address")), "exhibition"),
        Group(
            "ReplacedDocument",
            (Leaf("ID", "number"), Leaf("IssueDate", "date"), Leaf("ReasonCode", "reason")),
            "replaces",
        ),
        Group(
            "OfficialUse",
            (
                Leaf("TreatmentCode", "treatment"),
                Leaf("Reasons", "reasons"),
                Leaf("Place", "place"),
                Leaf("Date", "date"),
                Leaf("OfficialName", "official"),
            ),
            "official_use",
        ),
    ),
)
"""The whole document, from its root."""
