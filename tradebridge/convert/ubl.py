"""UBL 2.1 `CertificateOfOrigin` (OASIS, ISO/IEC 19845), by one table read in both directions.

1. The rows stand in the order of the UBL schema, so what is written in their order is valid against it.
2. Element names are UBL's. Which of them says what of a preferential certificate is our reading: modelled.
3. UBL has no place for tick boxes, producer, exhibition and the box of the importing customs: these are losses.
4. An element that the table does not know is passed over: real UBL has more in it than a certificate needs.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from lxml import etree

from schemas.content import Content, open_content
from schemas.findings import Finding, finding
from schemas.losses import differences
from schemas.registry import Document
from tradebridge.convert.fields import Kind, fields
from tradebridge.convert.format import Format, Opened, Written, certificate_of, certificate_profile, json_value
from tradebridge.convert.pointers import first_index, put, value_at, with_required_parts, without_indices

_BASE = "urn:oasis:names:specification:ubl:schema:xsd:"
NAMESPACE = f"{_BASE}CertificateOfOrigin-2"
_PREFIXES = {"cac": f"{_BASE}CommonAggregateComponents-2", "cbc": f"{_BASE}CommonBasicComponents-2"}
ROOT = f"{{{NAMESPACE}}}CertificateOfOrigin"
_VERSION = "2.1"

_MODES = {
    "sea": "1",
    "rail": "2",
    "road": "3",
    "air": "4",
    "mail": "5",
    "multimodal": "6",
    "inland-water": "8",
}
"""UN/ECE Recommendation 19."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element, or an attribute of it, that holds one value."""

    path: str
    """Steps from the part's element; `tag{child=text}` is the one whose child says so."""
    member: str = ""
    """Pointer from the part; empty for what UBL asks for and always says the same."""
    fixed: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    """Our word to UBL's code."""
    lines: bool = False
    """The last step but one is written once for each line of the text."""
    when: tuple[str, bool] | None = None
    """Written only when the value at this pointer of the part is `air`, or is not."""
    copy: bool = False
    """Written for readers of UBL, never read: the value stands elsewhere."""


@dataclass(frozen=True, slots=True)
class Part:
    """An element that stands for a part of the certificate, or for each entry of a list."""

    path: str
    member: str
    rows: tuple["Leaf | Part", ...]
    many: bool = False
    where: tuple[str, str] | None = None
    """The child and its text that tell this element from others of the same name."""


Row = Leaf | Part
_COUNTRY = "cac:Country/cbc:IdentificationCode"


def _below(element: str, rows: "tuple[Row, ...]") -> Iterator["Row"]:
    """The rows of a part that is no part of the certificate: their paths begin at its element."""
    for row in rows:
        yield replace(row, path=f"{element}/{row.path}")


def _party(tag: str, member: str) -> Part:
    rows = (
        Leaf("cac:PartyIdentification/cbc:ID", "/identifier"),
        Leaf("cac:PartyName/cbc:Name", "/name"),
        Leaf("cac:PostalAddress/cac:AddressLine/cbc:Line", "/address", lines=True),
        Leaf(f"cac:PostalAddress/{_COUNTRY}", "/country"),
        Leaf("cac:Contact/cbc:Telephone", "/telephone"),
        Leaf("cac:Contact/cbc:ElectronicMail", "/email"),
    )
    return Part(tag, member, rows)


def _reference(kind: str, member: str, rows: tuple[Row, ...], *, many: bool = False) -> Part:
    """A supporting document, told apart by its type in words."""
    named = Leaf("cbc:DocumentType", fixed=kind)
    before = tuple(row for row in rows if row.path in ("cbc:ID", "cbc:IssueDate", "cbc:DocumentTypeCode"))
    after = tuple(row for row in rows if row not in before)
    return Part("cac:SupportingDocumentReference", member, (*before, named, *after), many, ("cbc:DocumentType", kind))


_ITEM = Part(
    "cac:GoodsItem",
    "/items",
    (
        Leaf("cbc:SequenceNumberID", "/number"),
        Leaf("cbc:Description", "/description", copy=True),
        Leaf("cbc:FreeOnBoardValueAmount/@currencyID", "/fobValue/currency"),
        Leaf("cbc:FreeOnBoardValueAmount", "/fobValue/amount"),
        Leaf("cbc:GrossWeightMeasure/@unitCode", "/grossWeight/unit"),
        Leaf("cbc:GrossWeightMeasure", "/grossWeight/value"),
        Leaf("cbc:Quantity/@unitCode", "/quantity/unit"),
        Leaf("cbc:Quantity", "/quantity/value"),
        Leaf("cbc:PreferenceCriterionCode", "/originCriterion/codes"),
        Leaf("cac:Item/cbc:Description", "/description"),
        Leaf(f"cac:Item/cac:OriginCountry/{_COUNTRY.partition('/')[2]}", "/originCountry"),
        Leaf("cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode/@listID", fixed="HS"),
        Leaf("cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode/@listVersionID", "/hsEdition"),
        Leaf("cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode", "/hsCode"),
        Leaf("cac:Item/cac:AdditionalItemProperty{cbc:Name=Marks and numbers}/cbc:Value", "/marksAndNumbers"),
        Leaf(
            "cac:Item/cac:AdditionalItemProperty{cbc:Name=Origin criterion, per cent}/cbc:Value",
            "/originCriterion/percentage",
        ),
        Leaf("cac:ContainingPackage/cbc:Quantity", "/packages/quantity"),
        Leaf("cac:ContainingPackage/cbc:PackagingTypeCode", "/packages/kind"),
        Leaf("cac:ShipmentDocumentReference/cbc:ID", "/invoiceNumber"),
    ),
    many=True,
)

_STAGE = (
    Leaf("cbc:TransportModeCode", "/transport/mode", codes=tuple(_MODES.items())),
    Leaf("cac:TransportMeans/cbc:JourneyID", "/transport/voyage"),
    Leaf(
        "cac:TransportMeans/cac:AirTransport/cbc:AircraftID",
        "/transport/vesselOrFlight",
        when=("/transport/mode", True),
    ),
    Leaf(
        "cac:TransportMeans/cac:MaritimeTransport/cbc:VesselName",
        "/transport/vesselOrFlight",
        when=("/transport/mode", False),
    ),
    Leaf("cac:LoadingPortLocation/cbc:ID", "/transport/portOfLoading/UNLocationCode"),
    Leaf("cac:LoadingPortLocation/cbc:Name", "/transport/portOfLoading/name"),
    Leaf("cac:UnloadingPortLocation/cbc:ID", "/transport/portOfDischarge/UNLocationCode"),
    Leaf("cac:UnloadingPortLocation/cbc:Name", "/transport/portOfDischarge/name"),
    Leaf("cac:PlannedDepartureTransportEvent/cbc:OccurrenceDate", "/transport/departureDate"),
)

_SHIPMENT = (
    Leaf("cbc:ID", "/number", copy=True),
    Leaf("cbc:Information", "/transport/route"),
    _ITEM,
    *_below("cac:ShipmentStage", _STAGE),
    Leaf(f"cac:Delivery/cac:DeliveryAddress/{_COUNTRY}", "/declaration/importingCountry"),
    Leaf(f"cac:OriginAddress/{_COUNTRY}", "/declaration/originCountry"),
)

_EXPORTER_SIGNS = (
    Leaf("cbc:RoleCode", fixed="exporter"),
    Leaf("cbc:SequenceNumeric", fixed="1"),
    Leaf("cac:Party/cac:PartyName/cbc:Name", "/exporter/name", copy=True),
    Leaf("cac:Party/cac:PostalAddress/cbc:CityName", "/declaration/place"),
    Leaf("cac:SignatoryContact/cbc:Name", "/declaration/signatory"),
)

_REFERENCES = (
    _reference(
        "Invoice",
        "/invoices",
        (
            Leaf("cbc:ID", "/number"),
            Leaf("cbc:IssueDate", "/date"),
            Leaf("cbc:DocumentTypeCode", fixed="380"),  # UN/EDIFACT 1001: commercial invoice
        ),
        many=True,
    ),
    _reference(
        "Third-country invoice",
        "/thirdCountryInvoice",
        (
            Leaf("cbc:ID", fixed="not stated"),
            Leaf("cac:IssuerParty/cac:PartyName/cbc:Name", "/company"),
            Leaf(f"cac:IssuerParty/cac:PostalAddress/{_COUNTRY}", "/country"),
        ),
    ),
    _reference(
        "Original certificate of origin",
        "/originalProof",
        (
            Leaf("cbc:ID", "/number"),
            Leaf("cbc:IssueDate", "/date"),
            Leaf("cbc:DocumentTypeCode", fixed="861"),  # UN/EDIFACT 1001: certificate of origin
            Leaf("cac:ValidityPeriod/cbc:EndDate", "/validUntil"),
            Leaf(f"cac:IssuerParty/cac:PostalAddress/{_COUNTRY}", "/country"),
        ),
    ),
    _reference(
        "Replaced certificate of origin",
        "/replaces",
        (
            Leaf("cbc:ID", "/number"),
            Leaf("cbc:IssueDate", "/date"),
            Leaf("cbc:DocumentTypeCode", fixed="861"),
            Leaf("cbc:DocumentDescription", "/reason"),
        ),
    ),
)

_APPLICATION = (
    Leaf("cbc:ReferenceID", "/number", copy=True),
    Leaf("cbc:CertificateType", "/profile", copy=True),
    Leaf("cbc:OriginalJobID", "/number", copy=True),
    Leaf("cbc:PreviousJobID", "/replaces/number", copy=True),
    Leaf("cbc:Remarks", "/remarks"),
    *_below("cac:Shipment", _SHIPMENT),
    *_below("cac:EndorserParty", _EXPORTER_SIGNS),
    Leaf("cac:PreparationParty/cac:PartyName/cbc:Name", "/exporter/name", copy=True),
    Leaf("cac:IssuerParty/cac:PartyName/cbc:Name", "/certification/authority", copy=True),
    Leaf("cac:IssuingCountry/cbc:IdentificationCode", "/issuingCountry"),
    *_REFERENCES,
    Leaf("cac:Signature/cbc:ID", fixed="declaration"),
    Leaf("cac:Signature/cbc:ValidationDate", "/declaration/date"),
)

_ISSUER_SIGNS = (
    Leaf("cbc:DocumentID", "/number", copy=True),
    Leaf("cbc:ApprovalStatus", fixed="issued"),
    Leaf("cac:EndorserParty/cbc:RoleCode", fixed="issuer"),
    Leaf("cac:EndorserParty/cbc:SequenceNumeric", fixed="1"),
    Leaf("cac:EndorserParty/cac:Party/cac:PartyName/cbc:Name", "/certification/authority"),
    Leaf("cac:EndorserParty/cac:Party/cac:PostalAddress/cbc:CityName", "/certification/place"),
    Leaf("cac:EndorserParty/cac:SignatoryContact/cbc:Name", "/certification/official"),
)

TABLE: tuple[Row, ...] = (
    Leaf("cbc:UBLVersionID", fixed=_VERSION),
    Leaf("cbc:ProfileID", "/profile"),
    Leaf("cbc:ID", "/number"),
    Leaf("cbc:IssueDate", "/certification/date"),
    _party("cac:ExporterParty", "/exporter"),
    _party("cac:ImporterParty", "/consignee"),
    *_below("cac:CertificateOfOriginApplication", _APPLICATION),
    *_below("cac:IssuerEndorsement", _ISSUER_SIGNS),
)
"""The whole document. A path from the root; a member from the certificate."""


# --- steps -----------------------------------------------------------------------------------------------------------

_STEP = re.compile(r"(?P<tag>@?[A-Za-z:]+)(?:\{(?P<child>[A-Za-z:]+)=(?P<text>[^}]*)\})?(?:/|$)")


@cache
def _steps(path: str) -> tuple[tuple[str, str, str], ...]:
    """Tag, and the child and its text that the element must have, of each step."""
    return tuple((_name(step["tag"]), _name(step["child"] or ""), step["text"] or "") for step in _STEP.finditer(path))


def _name(tag: str) -> str:
    prefix, _, local = tag.partition(":")
    return f"{{{_PREFIXES[prefix]}}}{local}" if local else tag


def _all(element: etree._Element, steps: tuple[tuple[str, str, str], ...]) -> Iterator[etree._Element]:
    if not steps:
        yield element
        return
    (tag, child, text), *rest = steps
    for found in element.iterfind(tag):
        if not child or found.findtext(child) == text:
            yield from _all(found, tuple(rest))


def _made(element: etree._Element, steps: tuple[tuple[str, str, str], ...], *, anew: bool = False) -> etree._Element:
    """The element at these steps, made where it is not there; the last of them always, with `anew`."""
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        found = None if anew and last else next(_all(element, (step,)), None)
        if found is None:
            tag, child, text = step
            found = etree.SubElement(element, tag)
            if child:
                etree.SubElement(found, child).text = text
        element = found
    return element


# --- writing ---------------------------------------------------------------------------------------------------------


def _write(rows: tuple[Row, ...], value: Mapping[str, Any], element: etree._Element) -> None:
    for row in rows:
        if isinstance(row, Leaf):
            _write_leaf(row, value, element)
            continue
        given = value_at(value, row.member.split("/")[1:])
        for entry in given or () if row.many else () if given is None else (given,):
            _write(row.rows, entry, _made(element, _steps(row.path), anew=True))


def _write_leaf(leaf: Leaf, value: Mapping[str, Any], element: etree._Element) -> None:
    given = leaf.fixed if not leaf.member else value_at(value, leaf.member.split("/")[1:])
    if given is None or (leaf.when is not None and _by_air(leaf, value) is not leaf.when[1]):
        return
    codes: dict[str, str] = dict(leaf.codes)
    text = " ".join(given) if isinstance(given, list) else codes.get(str(given), str(given))
    *way, last = _steps(leaf.path)
    if leaf.lines:
        *around, line = way
        for each in text.split("\n"):
            _made(_made(_made(element, tuple(around)), (line,), anew=True), (last,)).text = each
    elif last[0].startswith("@"):
        _made(element, tuple(way)).set(last[0][1:], text)
    else:
        _made(element, (*way, last)).text = text


def _by_air(leaf: Leaf, value: Mapping[str, Any]) -> bool:
    return leaf.when is not None and value_at(value, leaf.when[0].split("/")[1:]) == "air"


def _to_bytes(value: Mapping[str, Any]) -> bytes:
    prefixes: dict[str | None, str] = {None: NAMESPACE}
    prefixes.update(_PREFIXES)
    root = etree.Element(ROOT, nsmap=prefixes)
    _write(TABLE, value, root)
    etree.indent(root, "  ")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


# --- reading ---------------------------------------------------------------------------------------------------------

_KINDS = {field.pointer: field.kind for field in fields()}


def _read(rows: tuple[Row, ...], element: etree._Element, within: str) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for row in rows:
        steps = row.member.split("/")[1:]
        if isinstance(row, Leaf):
            read = None if row.copy or not row.member else _read_leaf(row, element, _KINDS[within + row.member])
            if read is not None:
                put(value, steps, read)
            continue
        found = [each for each in _all(element, _steps(row.path)) if _is(each, row.where)]
        parts = [_read(row.rows, each, within + row.member) for each in found]
        if parts:
            put(value, steps, parts if row.many else parts[0])
    return value


def _is(element: etree._Element, where: tuple[str, str] | None) -> bool:
    return where is None or element.findtext(_name(where[0])) == where[1]


def _read_leaf(leaf: Leaf, element: etree._Element, kind: Kind) -> Any:
    *way, last = _steps(leaf.path)
    if leaf.lines:
        *around, line = way
        parent = next(_all(element, tuple(around)), element)
        lines = [each.findtext(last[0]) or "" for each in parent.iterfind(line[0])]
        return "\n".join(lines) if lines else None
    if last[0].startswith("@"):
        holder = next(_all(element, tuple(way)), None)
        return None if holder is None else holder.get(last[0][1:])
    holder = next(_all(element, (*way, last)), None)
    return None if holder is None else _meant(leaf, holder.text or "", kind)


def _meant(leaf: Leaf, text: str, kind: Kind) -> Any:
    if kind is Kind.COUNT:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    if kind is Kind.CODES:
        return text.split(" ")
    return next((word for word, code in leaf.codes if code == text), text)


def _recognises(data: bytes) -> bool:
    content = open_content(data)
    return isinstance(content, Content) and content.tree is not None and content.tree.tag == ROOT


def _value_of(data: bytes) -> dict[str, Any] | Finding:
    content = open_content(data)
    if isinstance(content, Finding):
        return content
    if content.tree is None or content.tree.tag != ROOT:
        return finding("convert.not-readable", found="another document", expected="a UBL CertificateOfOrigin")
    return with_required_parts(_read(TABLE, content.tree, ""))


def _open(data: bytes) -> Opened | tuple[Finding, ...]:
    value = _value_of(data)
    if isinstance(value, Finding):
        return (value,)
    profile = certificate_profile(value.get("profile"), places()["/profile"])
    if isinstance(profile, Finding):
        return (profile,)
    return Opened(
        json.dumps(value, ensure_ascii=False).encode(),
        lambda found: replace(found, pointer=_xpath(found.pointer), line=None, column=None),
    )


# --- where ------------------------------------------------------------------------------------------------------------


@cache
def places() -> Mapping[str, str]:
    """Pointer of a field to its XPath, indices left out; prefixes as UBL writes them."""
    found: dict[str, str] = {}

    def walk(rows: tuple[Row, ...], path: str, pointer: str) -> None:
        for row in rows:
            here = f"{path}/{row.path}"
            if isinstance(row, Part):
                walk(row.rows, here, pointer + row.member)
            elif row.member and not row.copy:
                known = found.get(pointer + row.member)
                found[pointer + row.member] = f"{known} or {here}" if known else here

    walk(TABLE, "/CertificateOfOrigin", "")
    return found


def _xpath(pointer: str) -> str:
    """Where the value of a pointer stands, or would stand."""
    bare, index = without_indices(pointer), first_index(pointer)
    while bare and not any(each == bare or each.startswith(f"{bare}/") for each in places()):
        bare = bare.rpartition("/")[0]
    if not bare:
        return "/CertificateOfOrigin"
    path = places().get(bare) or next(path for each, path in places().items() if each.startswith(f"{bare}/"))
    entry = {"items": "cac:GoodsItem", "invoices": "cac:SupportingDocumentReference"}.get(bare.split("/")[1])
    if entry is not None and index is not None:
        path = path.replace(entry, f"{entry}[{index + 1}]", 1)
    return path


def _written(document: Document) -> Written:
    value = json_value(certificate_of(document))
    data = _to_bytes(value)
    read = _value_of(data)
    if isinstance(read, Finding):
        raise ValueError(f"what was written as UBL cannot be read: {read.code} {read.found}")
    losses = differences(
        value, read, absent="UBL's CertificateOfOrigin has no place for it", changed="UBL cannot say it so"
    )
    return Written(data, tuple(losses))


UBL = Format(
    id="ubl",
    title="UBL 2.1 CertificateOfOrigin",
    media_type="application/xml",
    suffix=".xml",
    fidelity="modelled",
    source="OASIS UBL 2.1 (ISO/IEC 19845): element names exact, what they stand for our reading",
    recognises=_recognises,
    open=_open,
    write=_written,
    places=places,
    note="`cbc:ProfileID` holds the id of our profile: a UBL document from elsewhere needs it added.",
)
