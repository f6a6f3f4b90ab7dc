"""What stands on the paper view of a transport document: the one source of its HTML and its PDF.

1. Everything that the document says is on it. Named parts take what they show out of the document; what nobody has
   taken stands at the end under its DCSA name, members that DCSA does not know among it.
2. The front has the parties, the voyage, the goods with their containers, charges, and what makes the document what it
   is: kind, dates, originals, clauses. The carrier's terms follow on pages of their own.
3. Paper says what it is: a print of an electronic record is never an original, and carries no right; nor does the
   print of a record whose original is a paper elsewhere.
4. Where DCSA has replaced a member by a longer one, the longer one is shown in its place, and the old one at the end.
5. Displayed names and addresses are shown instead of the structured ones, as DCSA asks for; those stand at the end.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from schemas.bill_of_lading.dcsa import encode
from schemas.bill_of_lading.model import TransportDocument
from schemas.bill_of_lading.reach import cargo_items, kilograms
from schemas.bill_of_lading.values import TransportDocumentType
from schemas.codes.units import UNITS
from schemas.findings import Finding, finding
from schemas.registry import Document
from tradebridge.render import (
    findings,  # noqa: F401  # registers the kinds
    wording,
)
from tradebridge.render.form import Box, Column, Line, Rows, Standing

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """One table below the front's boxes."""

    title: str
    columns: tuple[Column, ...]
    rows: Rows
    closing: tuple[tuple[Line, ...], ...] = ()
    """The cells of the line that sums up."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A transport document as its paper view shows it."""

    name: str
    """Bill of lading, or sea waybill."""
    kind: str
    """To whose order, or to whom: in one sentence."""
    carrier: str
    number: str
    issued: date | None
    nature: str
    """What this paper is, and is not."""
    left: tuple[Box, ...]
    right: tuple[Box, ...]
    voyage: tuple[Box, ...]
    goods: Table
    tables: tuple[Table, ...]
    """Containers, charges."""
    foot: tuple[Box, ...]
    terms: tuple[str, ...]
    """Paragraphs of the carrier's terms and conditions."""
    standing: Standing

    @property
    def rows(self) -> Rows:
        """The goods: what may take several pages."""
        return self.goods.rows

    def texts(self) -> Iterator[str]:
        """Every text on it, for the choice of fonts."""
        yield from (self.name, self.kind, self.carrier, self.number, self.nature, self.standing.signature)
        boxes = (*self.left, *self.right, *self.voyage, *self.foot)
        yield from (f"{line.label}{line.text}" for box in boxes for line in (Line(box.title), *box.lines))
        for table in (self.goods, *self.tables):
            yield from (column.title for column in table.columns)
            yield from (f"{line.label}{line.text}" for row in table.rows for cell in row for line in cell)
            yield from (f"{line.label}{line.text}" for cell in table.closing for line in cell)
        yield from self.terms
        yield from (line.text for line in self.standing.control)
        yield from (link.text for link in self.standing.beside)


def sheet_of(document: Document, standing: Standing) -> Sheet | Finding:
    """The paper view of a transport document; a finding for another document."""
    if not isinstance(document, TransportDocument):
        return finding("render.no-form", found=document.profile, expected="a transport document")
    left = _Left(orjson.loads(encode(document)))
    parties = left.take("documentParties") or {}
    terms = tuple(part for part in str(left.take("termsAndConditions") or "").split("\n") if part.strip())
    return Sheet(
        name="Sea waybill" if _is_waybill(document) else "Bill of lading",
        kind=_kind(document),
        carrier=document.document_parties.issuing_party.party_name,
        number=str(left.take("transportDocumentReference")),
        issued=document.issue_date,
        nature=_nature(document),
        left=tuple(_party_boxes(parties, _SENDING)),
        right=(*_heading(left), *_party_boxes(parties, _RELEASING)),
        voyage=tuple(_voyage(left)),
        goods=_goods(document, left),
        tables=tuple(table for table in (_containers(left), _charges(left)) if table.rows),
        foot=tuple(_foot(left, parties, document, standing)),
        terms=terms,
        standing=standing,
    )


def _is_waybill(document: TransportDocument) -> bool:
    return document.transport_document_type_code == TransportDocumentType.SEA_WAYBILL


def _kind(document: TransportDocument) -> str:
    parties = document.document_parties
    if _is_waybill(document):
        return "Not negotiable, no document of title"
    if not document.is_to_order:
        return "Straight: not negotiable, to the consignee named"
    return "Negotiable: to the order of the party named" if parties.endorsee else "Negotiable: to order, blank endorsed"


def _nature(document: TransportDocument) -> str:
    if _is_waybill(document):
        return "Print of a sea waybill. A sea waybill is no title: there is no original to hold."
    if document.is_electronic:
        return (
            "Print of an electronic record. The record is the original, and who controls it on its platform controls "
            "the goods; this paper is a copy and gives no right."
        )
    return "Print of a record. The original is a paper that the carrier has issued; this is not it, and gives no right."


# --- what is left of the document ------------------------------------------------------------------------------------


class _Left:
    """The document's JSON; what is shown somewhere is taken out of it."""

    def __init__(self, value: JSON) -> None:
        self.value = deepcopy(value)

    def take(self, *path: str | int) -> Any:
        """What stands there, taken out; None where nothing does."""
        here: Any = self.value
        for step in path[:-1]:
            here = _inside(here, step)
        return None if isinstance(here, list) else here.pop(path[-1], None)

    def under(self, *path: str | int) -> "_Left":
        """A part, in which taking takes out of the whole."""
        part = _Left({})
        here: Any = self.value
        for step in path:
            here = _inside(here, step)
        part.value = here if isinstance(here, dict) else {}
        return part

    def each(self, name: str) -> Iterator["_Left"]:
        """The objects of a list, one by one."""
        for at in range(len(self.value.get(name) or ())):
            yield self.under(name, at)

    def lines(self, *names: str, label: str = "") -> Iterator[Line]:
        """Members taken out and said, each on a line with its name."""
        for name in names:
            value = self.take(name)
            if value not in (None, [], {}):
                yield Line(_said(value), label or _words(name))

    def rest(self) -> Iterator[Line]:
        """All that is left, taken out."""
        yield from self.lines(*list(self.value))


def _inside(value: Any, step: str | int) -> Any:
    return value[int(step)] if isinstance(value, list) else value.get(step, {})


def _said(value: Any) -> str:
    """A value in one line: members of objects by their names, entries of lists one after the other."""
    if isinstance(value, dict):
        if value.keys() >= {"value", "unit"} and isinstance(value["value"], int | float):
            return _measure(value)
        return ", ".join(f"{_words(name)}: {_said(each)}" for name, each in value.items() if each not in (None, [], {}))
    if isinstance(value, list):
        return ("; " if any(isinstance(each, dict) for each in value) else ", ").join(_said(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _words(name: str) -> str:
    """A DCSA name in words: `numberOfRiderPages` as `Number of rider pages`, `isBulbMode` as `Bulb mode`."""
    parts = re.findall(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]+|[^A-Za-z]+", name) or [name]
    parts = parts[1:] if parts[0] == "is" and len(parts) > 1 else parts
    text = " ".join(part if part.isupper() and len(part) > 1 else part.lower() for part in parts)
    return text[:1].upper() + text[1:]


_UNITS = {"KGM": "kg", "LBR": "lb", "MTQ": "m³", "FTQ": "ft³", "CEL": "°C", "FAH": "°F", "MQH": "m³/h", "FQH": "ft³/h"}


def _measure(value: Mapping[str, Any]) -> str:
    """A number with its unit, and whatever the sender has put beside them."""
    unit = str(value["unit"])
    known = UNITS.get(unit)
    text = f"{_number(value['value'])} {_UNITS.get(unit) or (known.name if known else unit)}"
    other = {name: each for name, each in value.items() if name not in ("value", "unit")}
    return f"{text}; {_said(other)}" if other else text


def _number(value: float | int) -> str:
    text = f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f"-{wording.grouped(text[1:])}" if text.startswith("-") else wording.grouped(text)


def _day(text: Any) -> str:
    return wording.day(date.fromisoformat(text)) if text else ""


# --- parties ---------------------------------------------------------------------------------------------------------

_SENDING = (
    ("shipper", "Shipper"),
    ("onBehalfOfShipper", "On behalf of the shipper"),
    ("consignee", "Consignee"),
    ("onBehalfOfConsignee", "On behalf of the consignee"),
    ("endorsee", "To the order of"),
    ("notifyParties", "Notify party"),
)
_RELEASING = (
    ("issuingParty", "Issued by"),
    ("carriersAgentAtDestination", "For delivery apply to"),
    ("other", "Other parties"),
)


def _party_boxes(parties: JSON, wanted: tuple[tuple[str, str], ...]) -> Iterator[Box]:
    """A box for each role that somebody has; the parties named are taken out."""
    for role, title in wanted:
        given = parties.pop(role, None)
        lines = [line for each in _listed(given) for line in _party(each)]
        if role in ("consignee", "endorsee") and given and given.get("isNotifyParty"):
            lines.append(Line("also the first to be notified"))
        if lines:
            yield Box("", title, tuple(lines))


def _listed(given: Any) -> list[JSON]:
    return given if isinstance(given, list) else [given] if given else []


def _party(given: JSON) -> Iterator[Line]:
    """One party: name, displayed address or the structured one, then all that else is said of it."""
    if "party" in given:
        function = _Left({name: value for name, value in given.items() if name != "party"})
        yield from function.rest()
        yield from _party(given["party"])
        return
    left = _Left(given)
    yield Line(str(left.take("partyName")))
    displayed = left.take("displayedAddress")
    if displayed:
        yield from (Line(line) for line in displayed)
        yield from left.lines("address", "addressLines")
    else:
        yield from _address(left.take("address"))
        yield from (Line(line) for line in left.take("addressLines") or ())
    if left.value.get("isNotifyParty"):
        left.take("isNotifyParty")  # said in words below
    for code in left.take("identifyingCodes") or ():
        named = " ".join(str(code.pop(name)) for name in ("codeListProvider", "codeListName") if name in code)
        yield Line(str(code.pop("partyCode")), named)
        yield from _Left(code).rest()
    for tax in left.take("taxLegalReferences") or ():
        yield Line(str(tax.pop("value")), f"{tax.pop('type')} {tax.pop('countryCode')}")
        yield from _Left(tax).rest()
    for contact in left.take("partyContactDetails") or ():
        yield Line(", ".join(str(contact.pop(name)) for name in ("name", "phone", "email") if name in contact))
        yield from _Left(contact).rest()
    yield from left.rest()


def _address(given: JSON | None) -> Iterator[Line]:
    """As it is written on a letter."""
    if given is None:
        return
    left = _Left(given)
    street = (left.take("street"), left.take("streetNumber"), left.take("floor"))
    place = (left.take("postCode"), left.take("city"), left.take("stateRegion"))
    country = left.take("countryCode")
    box = left.take("POBox")
    texts = [", ".join(filter(None, street)), f"PO box {box}" if box else "", " ".join(filter(None, place))]
    yield from (Line(text) for text in (*texts, wording.country(country) if country else "") if text)
    yield from left.rest()


# --- head and voyage -------------------------------------------------------------------------------------------------


def _heading(left: _Left) -> Iterator[Box]:
    """Numbers of the document, and contracts."""
    bookings = dict.fromkeys(
        str(item.value.get("carrierBookingReference"))
        for item in left.each("consignmentItems")
        if item.value.get("carrierBookingReference")
    )
    lines = [Line(", ".join(bookings), "Booking No.")] if bookings else []
    lines += left.lines("transportDocumentSubReference", label="Version")
    lines += left.lines("shippingInstructionsReference", label="Shipping instructions")
    lines += left.lines("serviceContractReference", label="Service contract")
    extended = left.take("extendedContractQuotationReference")
    lines += [Line(str(extended), "Quotation")] if extended else []
    lines += [] if extended else left.lines("contractQuotationReference", label="Quotation")
    provider = left.take("carrierCodeListProvider")
    lines += [Line(f"{left.take('carrierCode')} ({provider})", "Carrier code")]
    for reference in left.take("references") or ():
        lines.append(Line(str(reference.pop("value")), f"Reference {reference.pop('type')}"))
        lines += _Left(reference).rest()
    yield Box("", "References", tuple(lines))


_TRANSPORTS = (
    ("preCarriageBy", "Pre-carriage by", None),
    ("placeOfReceipt", "Place of receipt", "displayedNameForPlaceOfReceipt"),
    ("portOfLoading", "Port of loading", "displayedNameForPortOfLoad"),
    ("portOfDischarge", "Port of discharge", "displayedNameForPortOfDischarge"),
    ("placeOfDelivery", "Place of delivery", "displayedNameForPlaceOfDelivery"),
    ("onCarriageBy", "On-carriage by", None),
    ("onwardInlandRouting", "Onward inland routing (for the merchant's account and risk)", None),
)


def _voyage(left: _Left) -> Iterator[Box]:
    """Vessels first, then the way from receipt to delivery."""
    transports = left.under("transports")
    vessels = [line for each in transports.each("vesselVoyages") for line in _vessel(each)]
    transports.take("vesselVoyages")
    yield Box("", "Vessel and voyage", tuple(vessels))
    for name, title, displayed in _TRANSPORTS:
        given, shown = transports.take(name), left.take(displayed) if displayed else None
        lines = [Line(text) for text in shown or ()]
        lines += [Line(_said(given))] if isinstance(given, str) else list(_place(given))
        if lines:
            yield Box("", title, tuple(lines))
    days = [Line(_day(transports.take("plannedDepartureDate")), "Departure")]
    days.append(Line(_day(transports.take("plannedArrivalDate")), "Arrival"))
    yield Box("", "Planned", tuple(days))
    service = (left.take("receiptTypeAtOrigin"), left.take("deliveryTypeAtDestination"))
    loads = (left.take("cargoMovementTypeAtOrigin"), left.take("cargoMovementTypeAtDestination"))
    yield Box("", "Type of movement", (Line(" to ".join(map(str, service))), Line(" to ".join(map(str, loads)))))
    other = tuple(transports.rest())
    if other:
        yield Box("", "Other of the voyage", other)


def _vessel(left: _Left) -> Iterator[Line]:
    yield Line(f"{left.take('vesselName')}, voyage {left.take('carrierExportVoyageNumber')}")
    yield from left.lines("universalExportVoyageReference", label="Universal voyage")
    yield from left.rest()


def _place(given: JSON | None) -> Iterator[Line]:
    """Name and UN/LOCODE on one line, then the rest."""
    if given is None:
        return
    left = _Left(given)
    code = left.take("UNLocationCode")
    named = str(left.take("locationName") or "")
    city = left.take("city")
    if isinstance(city, dict):
        where = [str(city.pop(each)) for each in ("city", "stateRegion") if each in city]
        country = wording.country(str(city.pop("countryCode"))) if "countryCode" in city else ""
        named = ", ".join(filter(None, (named, *where, country)))
    elif city is not None:
        left.value["city"] = city
    text = f"{named} ({code})" if named and code else named or code
    yield from [Line(str(text))] if text else []
    facility = left.take("facility")
    if facility:
        codes = f"{facility.pop('facilityCode', '')} ({facility.pop('facilityCodeListProvider', '')})"
        yield Line(codes, "Facility")
        yield from _Left(facility).rest()
    yield from left.lines("facilityName", label="Facility")
    yield from _address(left.take("address"))
    yield from (Line(line) for line in left.take("addressLines") or ())
    if isinstance(city, dict):
        yield from _Left(city).rest()
    yield from left.rest()


# --- goods -----------------------------------------------------------------------------------------------------------

_GOODS = (
    Column("", "Container, seals, marks and numbers", 28),
    Column("", "Number and kind of packages; description of goods", 42),
    Column("", "Gross weight", 15),
    Column("", "Measurement", 15),
)


def _goods(document: TransportDocument, left: _Left) -> Table:
    seals = {
        str(box.value["equipment"]["equipmentReference"]): [
            str(seal["number"]) for seal in box.value.get("seals") or ()
        ]
        for box in left.each("utilizedTransportEquipments")
    }
    rows = [row for item in left.each("consignmentItems") for row in _consignment(item, seals)]
    left.take("consignmentItems")
    return Table("Particulars furnished by the shipper", _GOODS, tuple(rows), _totals(document))


def _consignment(item: _Left, seals: Mapping[str, list[str]]) -> Iterator[tuple[tuple[Line, ...], ...]]:
    """A row for each cargo item; what is said of the consignment item stands in the first, in its place."""
    about, marks = tuple(_about(item)), tuple(Line(mark) for mark in item.take("shippingMarks") or ())
    item.take("carrierBookingReference")
    cargo = list(item.each("cargoItems"))
    cells = [_cargo(each, seals) for each in cargo]
    item.take("cargoItems")
    rest = tuple(item.rest())
    for at, (box, goods, weight, volume) in enumerate(cells):
        first, last = at == 0, at == len(cells) - 1
        described = (goods[0], *(about if first else ()), *goods[1:], *(rest if last else ()))
        yield ((*box, *(marks if first else ())), described, weight, volume)


def _about(item: _Left) -> Iterator[Line]:
    yield from (Line(line) for line in item.take("descriptionOfGoods") or ())
    extended = item.take("extendedHSCodes")
    codes = extended or item.take("HSCodes") or ()
    if codes:
        yield Line(", ".join(wording.hs(code) for code in codes), "HS")
    national = item.take("extendedNationalCommodityCodes") or item.take("nationalCommodityCodes") or ()
    yield from _national(national)
    for reference in item.take("references") or ():
        yield Line(", ".join(map(str, reference.pop("values"))), f"Reference {reference.pop('type')}")
        yield from _Left(reference).rest()


def _national(codes: Sequence[JSON]) -> Iterator[Line]:
    for code in codes:
        values, country = ", ".join(map(str, code.pop("values"))), code.pop("countryCode", "")
        yield Line(values, f"{code.pop('type')} {country}".strip())
        yield from _Left(code).rest()


def _cargo(item: _Left, seals: Mapping[str, list[str]]) -> tuple[tuple[Line, ...], ...]:
    number = str(item.take("equipmentReference"))
    box = [Line(number)] + ([Line(", ".join(seals[number]), "Seal")] if seals.get(number) else [])
    packaging = item.under("outerPackaging")
    kind = packaging.take("packageCode")
    count = packaging.take("numberOfPackages")
    described = packaging.take("description")
    shown = [f"{_number(count)}" if count is not None else "", str(described or "") or wording.package(str(kind or ""))]
    goods = [Line(" ".join(filter(None, shown)))]
    goods += [Line(wording.package(kind), "Package")] if kind and described else []
    dangerous = [line for each in packaging.each("dangerousGoods") for line in _dangerous(each)]
    packaging.take("dangerousGoods")
    goods += [*packaging.rest(), *dangerous]
    item.take("outerPackaging")
    goods += _national(item.take("extendedNationalCommodityCodes") or item.take("nationalCommodityCodes") or [])
    weight = [Line(_measure(item.take("cargoGrossWeight")))]
    weight += [Line(_measure(net), "Net") for net in [item.take("cargoNetWeight")] if net]
    volume = [Line(_measure(gross)) for gross in [item.take("cargoGrossVolume")] if gross]
    volume += [Line(_measure(net), "Net") for net in [item.take("cargoNetVolume")] if net]
    return tuple(box), (*goods, *item.rest()), tuple(weight), tuple(volume)


def _dangerous(left: _Left) -> Iterator[Line]:
    """As on a dangerous goods declaration: number, name, class, packing group; then the rest."""
    number = f"UN {left.take('UNNumber')}" if left.value.get("UNNumber") else f"NA {left.take('NANumber')}"
    name, imo = left.take("properShippingName"), left.take("imoClass")
    risks = [str(risk) for risk in (left.take("subsidiaryRisk1"), left.take("subsidiaryRisk2")) if risk]
    group = left.take("packingGroup")
    classes = f"class {imo}" + (f" ({', '.join(risks)})" if risks else "")
    text = ", ".join(filter(None, (number, name, classes, f"PG {'I' * group}" if group else "")))
    yield Line(text, "Dangerous goods")
    yield from left.rest()


def _totals(document: TransportDocument) -> tuple[tuple[Line, ...], ...]:
    items = [item for _, item in cargo_items(document)]
    packages = sum(item.outer_packaging.number_of_packages for item in items if item.outer_packaging is not None)
    boxes = len(document.utilized_transport_equipments)
    weight = sum(kilograms(item.cargo_gross_weight) for item in items)
    volumes = [item.cargo_gross_volume for item in items if item.cargo_gross_volume is not None]
    units = {volume.unit for volume in volumes}
    volume = f"{_number(round(sum(each.value for each in volumes), 4))} {_UNITS[min(units)]}" if units else ""
    return (
        (Line(f"{boxes} container{'s' * (boxes != 1)}", "Total"),),
        (Line(f"{packages:,} package{'s' * (packages != 1)}"),),
        (Line(f"{_number(round(weight, 3))} kg"),),
        (Line(volume),) if len(units) == 1 and len(volumes) == len(items) else (),
    )


# --- containers, charges ---------------------------------------------------------------------------------------------

_CONTAINERS = (
    Column("", "Container", 16),
    Column("", "Type", 9),
    Column("", "Tare", 11),
    Column("", "Seals", 22),
    Column("", "Settings and other", 42),
)
_CHARGES = (
    Column("", "Charge", 34),
    Column("", "Basis", 18),
    Column("", "Quantity", 12),
    Column("", "Unit price", 12),
    Column("", "Amount", 14),
    Column("", "Payable", 10),
)
_SEALED_BY = {"CAR": "carrier", "SHI": "shipper", "VET": "veterinary", "CUS": "customs"}
_PAYABLE = {"PRE": "prepaid", "COL": "collect"}


def _containers(left: _Left) -> Table:
    rows = [tuple(_container(each)) for each in left.each("utilizedTransportEquipments")]
    left.take("utilizedTransportEquipments")
    return Table("Containers", _CONTAINERS, tuple(rows))


def _container(left: _Left) -> Iterator[tuple[Line, ...]]:
    equipment = left.under("equipment")
    yield (Line(str(equipment.take("equipmentReference"))),)
    yield tuple(Line(str(code)) for code in [equipment.take("ISOEquipmentCode")] if code)
    yield tuple(Line(_measure(tare)) for tare in [equipment.take("tareWeight")] if tare)
    seals = []
    for seal in left.each("seals"):
        number, source = str(seal.take("number")), seal.take("source")
        seals += [Line(f"{number} ({_SEALED_BY.get(source, source)})" if source else number), *seal.rest()]
    left.take("seals")
    yield tuple(seals)
    other = list(equipment.rest())
    left.take("equipment")
    if left.take("isShipperOwned"):
        other.insert(0, Line("Shipper's own container"))
    if left.value.get("activeReeferSettings"):
        other += _reefer(left.under("activeReeferSettings"))
        left.take("activeReeferSettings")
    yield (*other, *left.rest())


def _reefer(left: _Left) -> Iterator[Line]:
    temperature, unit = left.take("temperatureSetpoint"), str(left.take("temperatureUnit") or "")
    if temperature is not None or unit:
        number = "" if temperature is None else _number(temperature)
        yield Line(f"{number} {_UNITS.get(unit, unit)}".strip(), "Set to")
    air, per = left.take("airExchangeSetpoint"), str(left.take("airExchangeUnit") or "")
    if air is not None or per:
        number = "" if air is None else _number(air)
        yield Line(f"{number} {_UNITS.get(per, per)}".strip(), "Air exchange")
    for name, label in (("o2Setpoint", "O₂"), ("co2Setpoint", "CO₂"), ("humiditySetpoint", "Humidity")):
        share = left.take(name)
        if share is not None:
            yield Line(f"{_number(share)} %", label)
    yield from left.rest()


def _charges(left: _Left) -> Table:
    rows = [tuple(_charge(each)) for each in left.each("charges")]
    left.take("charges")
    return Table("Freight and charges", _CHARGES, tuple(rows))


def _charge(left: _Left) -> Iterator[tuple[Line, ...]]:
    extended, name = left.take("extendedChargeName"), left.take("chargeName")
    basis, quantity, price = left.take("calculationBasis"), left.take("quantity"), left.take("unitPrice")
    amount, currency = left.take("currencyAmount"), left.take("currencyCode")
    payable = str(left.take("paymentTermCode"))
    short = [Line(str(name), "Charge name")] if extended and not str(extended).startswith(str(name)) else []
    yield (Line(str(extended or name)), *short, *left.rest())
    yield (Line(str(basis)),)
    yield (Line(_number(quantity)),)
    yield (Line(_number(price)),)
    yield (Line(f"{currency} {_number(amount)}"),)
    yield (Line(_PAYABLE.get(payable, payable)),)


# --- foot ------------------------------------------------------------------------------------------------------------


def _foot(left: _Left, parties: JSON, document: TransportDocument, standing: Standing) -> Iterator[Box]:
    yield Box("", "Freight", tuple(_freight(left)), "left")
    yield Box("", "Originals and copies", tuple(_originals(left, document)), "right")
    clauses = tuple(Line(clause) for clause in left.take("carrierClauses") or ())
    if clauses:
        yield Box("", "Carrier's clauses", clauses, "across")
    if standing.control:
        yield Box("", "Control of the electronic record", standing.control, "across")
    yield Box("", "Shipped and issued", tuple(_issued(left, standing)), "left")
    contacts = _party({"partyName": "", "partyContactDetails": left.take("partyContactDetails") or []})
    yield Box("", "The carrier's contacts", tuple(line for line in contacts if line.text), "right")
    other = (*_Left(parties).rest(), *left.rest())
    if other:
        yield Box("", "Other particulars, by their DCSA names", other, "across")


def _freight(left: _Left) -> Iterator[Line]:
    term = left.take("freightPaymentTermCode")
    if term:
        yield Line(_PAYABLE.get(term, term), "Freight")
    payable = left.take("invoicePayableAt")
    yield from (Line(line.text, "Payable at") for line in _place(payable))
    value, currency = left.take("declaredValue"), left.take("declaredValueCurrency")
    if value is not None:
        yield Line(f"{currency or ''} {_number(value)}".strip(), "Declared value")
    elif currency is not None:
        yield Line(str(currency), "Declared value currency")


def _originals(left: _Left, document: TransportDocument) -> Iterator[Line]:
    left.take("transportDocumentTypeCode")  # both are in the title
    left.take("isToOrder")
    electronic = left.take("isElectronic")
    names = [f"numberOf{what}{with_}Charges" for what in ("Originals", "Copies") for with_ in ("With", "Without")]
    if not _is_waybill(document):
        yield Line("one electronic record" if electronic else "paper", "Original")
    else:
        yield Line("electronic" if electronic else "paper", "Sea waybill")
    yield from left.lines(*names)
    yield from left.lines("numberOfRiderPages")


def _issued(left: _Left, standing: Standing) -> Iterator[Line]:
    displayed = left.take("displayedShippedOnBoardReceivedForShipment")
    if displayed:
        yield Line(str(displayed))
    shipped, received = left.take("shippedOnBoardDate"), left.take("receivedForShipmentDate")
    kind = left.take("isShippedOnBoardType")
    yield from [Line(_day(shipped), "Shipped on board")] if shipped else []
    yield from [Line(_day(received), "Received for shipment")] if received else []
    if bool(kind) != bool(shipped):
        yield Line("shipped on board" if kind else "received for shipment", "Kind")
    place, issued = list(_place(left.take("placeOfIssue"))), _day(left.take("issueDate"))
    for at, line in enumerate(place):
        yield Line(line.text, line.label or ("" if at else "Place of issue"))
    yield from [Line(issued, "Date of issue")] if issued else []
    yield from left.lines("transportDocumentStatus", label="Status")
    yield Line(standing.signature, "Signature")
