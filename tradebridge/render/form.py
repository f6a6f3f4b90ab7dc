"""What stands on the paper form of a certificate, box by box: the one source of HTML and PDF.

1. Which box holds what is the agreement's table of boxes, for the form of the issuing country; a new agreement needs
   nothing here. Parts that share a box stand in it one below the other.
2. The form has a head (parties and transport to the left, title and official use to the right), the items in columns,
   and a foot (ticks, remarks, declaration, certification), each in the order of the boxes' numbers.
3. Everything is a text: nothing here knows of HTML or PDF.
4. A form with many items has pages of `PAGE_ITEMS`; each repeats head and foot, as continuation sheets do.
5. Of a document that could be read in part only (`schemas.rules`), a box that touches the rest says so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Protocol

from schemas.certificate.agreement import Agreement
from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.model import Certificate, Item, Party, Quantity, Transport
from schemas.certificate.values import decimal_text
from schemas.codes.units import UNITS
from schemas.findings import Finding, finding
from schemas.registry import Document
from schemas.rules import Unreadable
from tradebridge.render import (
    findings,  # noqa: F401  # registers the kinds
    wording,
)

PAGE_ITEMS = 100
"""Items on one page of the view on a screen."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line in a box, perhaps with a small word before it."""

    text: str
    label: str = ""
    ticked: bool | None = None
    """A box to tick, before the text; None: none."""


@dataclass(frozen=True, slots=True)
class Box:
    """One numbered box."""

    number: str
    title: str
    lines: tuple[Line, ...]
    side: str = ""
    """In the foot: `left`, `right`, or `across` for one that takes the whole width."""

    @property
    def ticks(self) -> bool:
        """Whether it holds boxes to tick."""
        return bool(self.lines) and self.lines[0].ticked is not None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the items."""

    number: str
    title: str
    width: int
    """Of the table's width, as a share beside the others."""


@dataclass(frozen=True, slots=True)
class Verify:
    """How a reader of the paper checks it: an address with the code in its fragment, and the code alone."""

    url: str
    code: str


@dataclass(frozen=True, slots=True)
class Link:
    """Another document of the same consignment."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the document besides its content."""

    marks: tuple[str, ...] = ()
    """Words across the page: SPECIMEN, CANCELLED."""
    signature: str = "Not signed: a copy of the data"
    """What takes the place of signature and stamp in the box of the certification."""
    verify: Verify | None = None
    control: tuple[Line, ...] = ()
    """Of an electronic bill of lading: who controls it, where, since when."""
    beside: tuple[Link, ...] = ()
    """Other documents of the same consignment."""


@dataclass(frozen=True, slots=True)
class Form:
    """A certificate as its paper form shows it."""

    agreement: str
    name: str
    number: str
    issued_in: str
    issued: date
    left: tuple[Box, ...]
    right: tuple[Box, ...]
    columns: tuple[Column, ...]
    rows: "Rows"
    """For each item the lines in each column."""
    closing: tuple[Line, ...]
    """What stands below the last item, in the column of the description."""
    closing_column: int
    foot: tuple[Box, ...]
    standing: Standing

    def texts(self) -> Iterator[str]:
        """Every text on it, for the choice of fonts."""
        yield from (self.agreement, self.name, self.number, self.issued_in, self.standing.signature)
        for box in (*self.left, *self.right, *self.foot):
            yield box.title
            yield from (f"{line.label}{line.text}" for line in box.lines)
        for row in self.rows:
            yield from (line.text for cell in row for line in cell)
        yield from (line.text for line in self.closing)
        yield from (link.text for link in self.standing.beside)


Rows = tuple[tuple[tuple[Line, ...], ...], ...]
"""Rows of cells of lines."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the items."""

    number: int
    of: int
    first: int
    """Position of its first item, from 1."""
    rows: Rows


class Paged(Protocol):
    """What has items that may take several pages."""

    @property
    def rows(self) -> Rows: ...


def page_of(form: Paged, number: int | None) -> Page | Finding:
    """One page of the items; all of them where no number is given."""
    if number is None:
        return Page(1, 1, 1, form.rows)
    pages = max(1, -(-len(form.rows) // PAGE_ITEMS))
    if not 1 <= number <= pages:
        return finding("render.no-such-page", found=number, expected=f"1 to {pages}")
    start = (number - 1) * PAGE_ITEMS
    return Page(number, pages, start + 1, form.rows[start : start + PAGE_ITEMS])


def form_of(document: Document, standing: Standing) -> Form | Finding:
    """The form of a certificate; a finding for a document that has none."""
    agreement = next((each for each in AGREEMENTS if each.profile == document.profile), None)
    if agreement is None or not isinstance(document, Certificate):
        return finding("render.no-form", found=document.profile, expected="a certificate of origin")
    return _form(document, agreement, standing)


def _form(certificate: Certificate, agreement: Agreement, standing: Standing) -> Form:
    country = _text_of(certificate.issuing_country)
    boxes = agreement.boxes_on(country)
    heading = wording.HEADINGS.get(agreement.id, wording.Heading(agreement.title, agreement.source))
    parts = {name: _read(partial(make, certificate)) for name, make in _PARTS.items() if name in boxes}
    in_words = boxes.get("/tickBoxes") == boxes.get("/remarks")
    parts["/tickBoxes"] = _read(lambda: _ticks(certificate, agreement, in_words=in_words))
    if "/certification" in parts:
        parts["/certification"] += (Line(standing.signature, "Signature"),)
    columns = _columns(boxes)
    numbers = {column.number for column in columns}
    closing = tuple(line for name in _CLOSING if boxes.get(name) in numbers for line in parts.pop(name, ()))
    found = _boxes(boxes, parts, numbers)
    items = _item_cells(certificate, boxes, columns)
    return Form(
        agreement=heading.agreement,
        name=heading.form,
        number=_text_of(certificate.number),
        issued_in=wording.country(country),
        issued=certificate.certification.date,
        left=tuple(box for names, box in found if names & {"/exporter", "/consignee", "/producer", "/transport"}),
        right=tuple(box for names, box in found if "/officialUse" in names),
        columns=columns,
        rows=tuple(items),
        closing=closing,
        closing_column=next(
            at for at, each in enumerate(columns) if each.number == boxes.get("/items/description", each.number)
        ),
        foot=tuple(_foot([box for names, box in found if names & set(_FOOT)])),
        standing=standing,
    )


# --- what could not be read -----------------------------------------------------------------------------------------

_UNREAD = "(cannot be read)"


def _read(make: Callable[[], Iterable[Line]]) -> tuple[Line, ...]:
    """The lines; or that they cannot be read (rule 5)."""
    try:
        return tuple(line if _is_read(line) else Line(_UNREAD) for line in make())
    except Unreadable:
        return (Line(_UNREAD),)


def _is_read(line: Line) -> bool:
    return type(line.text) is str and isinstance(line.ticked, bool | None)


def _text_of(value: str) -> str:
    return value if type(value) is str else _UNREAD


# --- head and foot ---------------------------------------------------------------------------------------------------

_CLOSING = ("/thirdCountryInvoice", "/originalProof")
_FOOT = ("/remarks", "/tickBoxes", "/declaration", "/certification", "/thirdCountryInvoice", "/originalProof")


def _boxes(
    boxes: Mapping[str, str], parts: Mapping[str, tuple[Line, ...]], taken: set[str]
) -> list[tuple[set[str], Box]]:
    """The boxes besides the columns, in the order of their numbers, with the parts in each."""
    found: dict[str, list[str]] = {}
    for name in parts:
        number = boxes.get(name, "")
        if number and number not in taken:
            found.setdefault(number, []).append(name)
    ordered = sorted(found.items(), key=lambda each: (len(each[0]), each[0]))
    return [
        (set(names), Box(number, _title(names), tuple(line for name in names for line in parts[name])))
        for number, names in ordered
    ]


def _foot(boxes: list[Box]) -> Iterator[Box]:
    """Boxes to tick go across; of the others two stand side by side, and the first of an odd number goes across."""
    beside = [box for box in boxes if not box.ticks]
    left = len(beside) % 2
    for box in boxes:
        if box.ticks or (box is beside[0] and len(beside) % 2):
            yield replace(box, side="across")
        else:
            yield replace(box, side="left" if (beside.index(box) - left) % 2 == 0 else "right")


def _title(names: list[str]) -> str:
    return next((wording.TITLES[name] for name in wording.TITLES if name in names), "")


def _lines(text: str | None, label: str = "") -> Iterator[Line]:
    for at, line in enumerate((text or "").split("\n")):
        if line.strip():
            yield Line(line, label if at == 0 else "")


def _party(party: Party | None) -> Iterator[Line]:
    if party is None:
        return
    yield Line(party.name)
    yield from _lines(party.address)
    yield Line(wording.country(party.country))
    yield from _lines(party.identifier, "No.")


def _producer(certificate: Certificate) -> Iterator[Line]:
    yield from _party(certificate.producer)
    if certificate.producer is None and certificate.producer_withheld is not None:
        yield Line(wording.WITHHELD.get(certificate.producer_withheld, certificate.producer_withheld))


def _consignee(certificate: Certificate) -> Iterator[Line]:
    yield from _party(certificate.consignee)
    if certificate.exhibition is not None:
        yield Line(certificate.exhibition.name, "Exhibition")
        yield from _lines(certificate.exhibition.address)


def _transport(transport: Transport) -> Iterator[Line]:
    yield from _lines(wording.day(transport.departure_date), "Departure")
    vessel = " ".join(each for each in (transport.vessel_or_flight, transport.voyage) if each)
    yield from _lines(vessel, "Vessel, flight")
    for label, place in (("From", transport.port_of_loading), ("To", transport.port_of_discharge)):
        if place is not None:
            shown = place.name if place.name else place.un_location_code
            code = f" ({place.un_location_code})" if place.name and place.un_location_code else ""
            yield from _lines(f"{shown or ''}{code}", label)
    yield from _lines(transport.route, "Route")
    yield from _lines(transport.transport_document, "Document")


def _official_use(certificate: Certificate) -> Iterator[Line]:
    use = certificate.official_use
    for treatment, text in wording.TREATMENT:
        yield Line(text, ticked=use is not None and use.treatment == treatment)
    if use is not None:
        yield from _lines(use.reasons)
        signed = ", ".join(each for each in (use.official, use.place, wording.day(use.date)) if each)
        yield from _lines(signed, "Signature")


def _declaration(certificate: Certificate) -> Iterator[Line]:
    said = certificate.declaration
    text = wording.DECLARATION.format(
        origin=wording.country(said.origin_country), importing=wording.country(said.importing_country)
    )
    yield Line(text)
    yield Line(f"{said.place}, {wording.day(said.date)}", "Place and date")
    yield Line(said.signatory, "Signatory")


def _certification(certificate: Certificate) -> Iterator[Line]:
    said = certificate.certification
    yield Line(wording.CERTIFICATION)
    yield Line(f"{said.place}, {wording.day(said.date)}", "Place and date")
    yield Line(said.authority, "Authority")
    yield Line(said.official, "Officer")


def _replaces(certificate: Certificate) -> Iterator[Line]:
    earlier = certificate.replaces
    if earlier is None:
        return
    what = "Certified true copy of" if earlier.reason == "lost" else "Replaces"
    yield Line(f"{what} No. {earlier.number} of {wording.day(earlier.date)}")


def _third_country_invoice(certificate: Certificate) -> Iterator[Line]:
    invoice = certificate.third_country_invoice
    if invoice is not None:
        yield Line(f"{invoice.company}, {wording.country(invoice.country)}", "Invoice issued by")


def _original_proof(certificate: Certificate) -> Iterator[Line]:
    proof = certificate.original_proof
    if proof is not None:
        until = f", valid until {wording.day(proof.valid_until)}" if proof.valid_until else ""
        yield Line(
            f"No. {proof.number} of {wording.day(proof.date)}, {wording.country(proof.country)}{until}",
            "Original certificate",
        )


def _ticks(certificate: Certificate, agreement: Agreement, *, in_words: bool) -> Iterator[Line]:
    """The ticks of the form; where it has no boxes to tick, what is ticked stands in words among the remarks."""
    for name, text in wording.TICKS.items():
        ticked = getattr(certificate.tick_boxes, name)
        if in_words:
            if ticked:
                yield Line(text.upper())
        elif name in agreement.tick_boxes or ticked:
            yield Line(text, ticked=ticked)


_Make = Callable[[Certificate], tuple[Line, ...]]
_PARTS: Mapping[str, _Make] = {
    "/exporter": lambda certificate: tuple(_party(certificate.exporter)),
    "/consignee": lambda certificate: tuple(_consignee(certificate)),
    "/producer": lambda certificate: tuple(_producer(certificate)),
    "/transport": lambda certificate: tuple(_transport(certificate.transport)),
    "/officialUse": lambda certificate: tuple(_official_use(certificate)),
    "/remarks": lambda certificate: tuple(_lines(certificate.remarks)),
    "/thirdCountryInvoice": lambda certificate: tuple(_third_country_invoice(certificate)),
    "/originalProof": lambda certificate: tuple(_original_proof(certificate)),
    "/tickBoxes": lambda certificate: (),
    "/declaration": lambda certificate: tuple(_declaration(certificate)),
    "/certification": lambda certificate: tuple(_certification(certificate)),
    "/replaces": lambda certificate: tuple(_replaces(certificate)),
}
"""Parts besides the items, in the order in which they stand in a box that they share."""


# --- items -----------------------------------------------------------------------------------------------------------

_WIDTHS = {
    "/items/number": 5,
    "/items/marksAndNumbers": 13,
    "/items/description": 34,
    "/items/hsCode": 9,
    "/items/originCriterion": 11,
    "/items/originCountry": 10,
    "/items/grossWeight": 14,
    "/items/invoiceNumber": 14,
}


def _column_of(name: str, boxes: Mapping[str, str]) -> str:
    return boxes.get(name) or boxes["/items"]


def _columns(boxes: Mapping[str, str]) -> tuple[Column, ...]:
    """A column for each box that holds something of an item."""
    held: dict[str, list[str]] = {}
    for name in _WIDTHS:
        if name == "/items/originCountry" and name not in boxes:
            continue
        held.setdefault(_column_of(name, boxes), []).append(name)
    ordered = sorted(held.items(), key=lambda each: (len(each[0]), each[0]))
    return tuple(
        Column(number, _column_title(names), sum(map(_WIDTHS.__getitem__, names))) for number, names in ordered
    )


def _column_title(names: list[str]) -> str:
    if "/items/description" in names and "/items/number" in names:
        return "Item number; marks and numbers; number and kind of packages; description of goods; HS code"
    if "/items/description" in names and "/items/hsCode" not in names:
        return "Number and kind of packages; description of goods"
    titles = {**wording.TITLES, "/items/invoiceNumber": wording.TITLES["/invoices"]}
    return next(titles[name] for name in ("/items/description", *names) if name in names)


def _item_cells(
    certificate: Certificate, boxes: Mapping[str, str], columns: tuple[Column, ...]
) -> Iterator[tuple[tuple[Line, ...], ...]]:
    """For each item its lines, column by column."""
    items, dates, by_item = _items_of(certificate)
    at = {name: _column_of(name, boxes) for name in _WIDTHS}
    for turn, item in enumerate(items):
        held: dict[str, list[Line]] = {column.number: [] for column in columns}
        for name, make in _item_parts(item, at):
            held.setdefault(at[name], []).extend(_read(make))
        held[at["/items/invoiceNumber"]] += _read(partial(_invoices, item, dates, by_item or turn > 0))
        yield tuple(tuple(held[column.number]) for column in columns)


def _items_of(certificate: Certificate) -> tuple[tuple[Item, ...], Mapping[str, date], bool]:
    """The items, the dates of the invoices by number, and whether the items name their invoices."""
    try:
        items = tuple(certificate.items)
    except Unreadable:
        return (), {}, False
    try:
        dates = {invoice.number: invoice.date for invoice in certificate.invoices}
        return items, dates, any(item.invoice_number for item in items)
    except Unreadable:
        return items, {}, True


def _invoices(item: Item, dates: Mapping[str, date], named: bool) -> Iterator[Line]:
    """Of an item that names its invoice that one; the first item of others has them all."""
    for number in (item.invoice_number,) if item.invoice_number else () if named else tuple(dates):
        yield Line(f"{number}, {wording.day(dates[number])}" if number in dates else number)


def _item_parts(item: Item, at: Mapping[str, str]) -> Iterator[tuple[str, Callable[[], Iterable[Line]]]]:
    """What stands in which column. Of the digits of the HS code only the edition is written beside them."""
    numbered = at["/items/number"] != at["/items/description"]
    yield "/items/number", lambda: [Line(str(item.number) if numbered else f"Item {item.number}")]
    yield "/items/marksAndNumbers", lambda: _lines(item.marks_and_numbers)
    yield "/items/description", lambda: _packages(item)
    yield "/items/description", lambda: _lines(item.description)
    label = "" if at["/items/hsCode"] != at["/items/description"] else "HS "
    edition = "" if label else "HS "
    yield "/items/hsCode", lambda: [Line(f"{label}{wording.hs(item.hs_code)} ({edition}{item.hs_edition})")]
    yield "/items/originCriterion", lambda: [Line(item.origin_criterion.text)]
    yield "/items/originCountry", lambda: _lines(item.origin_country and wording.country(item.origin_country))
    yield "/items/grossWeight", lambda: _amounts(item)


def _packages(item: Item) -> Iterator[Line]:
    if item.packages is not None:
        yield Line(f"{item.packages.quantity} {wording.package(item.packages.kind)}")


def _amounts(item: Item) -> Iterator[Line]:
    if item.gross_weight is not None:
        yield Line(_amount(item.gross_weight), "Gross")
    if item.quantity is not None:
        yield Line(_amount(item.quantity))
    if item.fob_value is not None:
        yield Line(f"FOB {item.fob_value.currency} {wording.grouped(decimal_text(item.fob_value.amount))}")


def _amount(quantity: Quantity) -> str:
    unit = UNITS.get(quantity.unit)
    return f"{wording.grouped(decimal_text(quantity.value))} {unit.name if unit else quantity.unit}"
