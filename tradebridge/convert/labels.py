"""What a part of a certificate is called, for people: one short text for each field. Ours, not the forms' wording."""

from collections.abc import Mapping

LABELS: Mapping[str, str] = {
    "/profile": "Profile",
    "/number": "Reference number",
    "/issuingCountry": "Issued in",
    "/exporter": "Exporter",
    "/consignee": "Consignee",
    "/producer": "Producer",
    "/producerWithheld": "Producer not named, because",
    "/transport": "Transport",
    "/transport/departureDate": "Departure date",
    "/transport/mode": "Mode of transport",
    "/transport/vesselOrFlight": "Vessel or flight",
    "/transport/voyage": "Voyage",
    "/transport/portOfLoading": "Port of loading",
    "/transport/portOfDischarge": "Port of discharge",
    "/transport/route": "Route",
    "/transport/transportDocument": "Transport document",
    "/items": "Items",
    "/items/number": "Item number",
    "/items/marksAndNumbers": "Marks and numbers",
    "/items/packages": "Packages",
    "/items/packages/quantity": "Number of packages",
    "/items/packages/kind": "Kind of packages (Rec 21)",
    "/items/description": "Description",
    "/items/hsCode": "HS code",
    "/items/hsEdition": "HS edition",
    "/items/originCriterion": "Origin criterion",
    "/items/originCriterion/codes": "Origin criterion",
    "/items/originCriterion/percentage": "Origin criterion, per cent",
    "/items/originCountry": "Country of origin",
    "/items/grossWeight": "Gross weight",
    "/items/quantity": "Quantity",
    "/items/fobValue": "FOB value",
    "/items/invoiceNumber": "Invoice of the item",
    "/invoices": "Invoices",
    "/invoices/number": "Invoice number",
    "/invoices/date": "Invoice date",
    "/remarks": "Remarks",
    "/declaration": "Declaration by the exporter",
    "/declaration/originCountry": "Produced in",
    "/declaration/importingCountry": "Exported to",
    "/certification": "Certification",
    "/tickBoxes": "Boxes ticked",
    "/tickBoxes/thirdCountryInvoicing": "Third country invoicing",
    "/tickBoxes/accumulation": "Accumulation",
    "/tickBoxes/backToBack": "Back-to-back CO",
    "/tickBoxes/partialCumulation": "Partial cumulation",
    "/tickBoxes/exhibition": "Exhibition",
    "/tickBoxes/deMinimis": "De minimis",
    "/tickBoxes/issuedRetroactively": "Issued retroactively",
    "/thirdCountryInvoice": "Third country invoice",
    "/originalProof": "Original certificate",
    "/originalProof/validUntil": "Original certificate, valid until",
    "/exhibition": "Exhibition",
    "/replaces": "Replaces",
    "/officialUse": "For official use",
}
_LAST = {
    "UNLocationCode": "UN/LOCODE",
    "identifier": "registration number",
    "official": "officer",
}


def label_of(pointer: str) -> str:
    """`/exporter/name` is Exporter, name; `/items/hsCode` is HS code."""
    known = LABELS.get(pointer)
    if known is not None:
        return known
    around, _, last = pointer.rpartition("/")
    word = _LAST.get(last) or "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in last).strip()
    return f"{label_of(around)}, {word}" if around else word.capitalize()
