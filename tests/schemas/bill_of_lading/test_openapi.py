"""No member of DCSA's is missing, and each is as required, as long and as closed as DCSA's OpenAPI says.

Reads the YAML in ../shared/data/dcsa/openapi in place; skips where it is absent.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from schemas.bill_of_lading import cargo, equipment, model, parties, places
from schemas.bill_of_lading.values import Part

OPENAPI = Path(__file__).parents[4] / "shared" / "data" / "dcsa" / "openapi"
FILES = {"EBL": "EBL_v3.0.4.yaml", "PINT": "EBL_PINT_v3.0.0.yaml", "issuance": "EBL_ISS_v3.0.4.yaml"}

CLASSES: dict[type[Part], tuple[str, ...]] = {
    parties.Address: ("Address", "AddressHBL"),
    parties.PartyAddress: ("PartyAddress",),
    parties.IdentifyingCode: ("IdentifyingCode",),
    parties.TaxLegalReference: ("TaxLegalReference",),
    parties.ContactDetail: ("PartyContactDetail",),
    parties.ContactDetailWithPattern: ("PartyContactDetailWithPattern", "PartyContactDetailHBL"),
    parties.Shipper: ("Shipper", "ShipperShipper"),
    parties.OnBehalfOfShipper: ("OnBehalfOfShipper", "OnBehalfOfShipperShipper"),
    parties.Consignee: ("Consignee",),
    parties.ConsigneeShipper: ("ConsigneeShipper",),
    parties.OnBehalfOfConsignee: ("OnBehalfOfConsignee", "OnBehalfOfConsigneeShipper"),
    parties.Endorsee: ("Endorsee",),
    parties.EndorseeShipper: ("EndorseeShipper",),
    parties.NotifyParty: ("NotifyParty", "NotifyPartyShipper"),
    parties.Party: ("Party", "PartyShipper"),
    parties.OtherDocumentParty: ("OtherDocumentParty", "OtherDocumentPartyShippingInstructions"),
    parties.IssuingParty: ("IssuingParty",),
    parties.CarriersAgentAtDestination: ("CarriersAgentAtDestination",),
    parties.IssueToParty: ("IssueToParty",),
    parties.SellerOrBuyer: ("Seller", "Buyer"),
    parties.ShippingInstructionsRequestor: ("ShippingInstructionsRequestor",),
    parties.DocumentParties: ("DocumentParties",),
    parties.DocumentPartiesShippingInstructions: ("DocumentPartiesShippingInstructions",),
    parties.PartyHBL: ("ShipperHBL", "ConsigneeHBL", "SellerHBL", "BuyerHBL"),
    parties.NotifyPartyHBL: ("NotifyPartyHBL",),
    parties.OtherPartyHBL: ("PartyHBL",),
    parties.OtherDocumentPartyHBL: ("OtherDocumentPartyHBL",),
    parties.DocumentPartiesHouseBL: ("DocumentPartiesHouseBL",),
    places.City: ("City",),
    places.Facility: ("Facility",),
    places.GeoCoordinate: ("GeoCoordinate",),
    places.Port: ("PortOfLoading", "PortOfDischarge"),
    places.Place: ("PlaceOfReceipt", "PlaceOfDelivery"),
    places.OnwardInlandRouting: ("OnwardInlandRouting",),
    places.PlaceOfIssue: ("PlaceOfIssue",),
    places.InvoicePayableAt: ("InvoicePayableAt",),
    places.InvoicePayableAtShippingInstructions: ("InvoicePayableAtShippingInstructions",),
    places.PlaceHBL: ("PlaceOfAcceptance", "PlaceOfFinalDelivery"),
    places.VesselVoyage: ("VesselVoyage",),
    places.Transports: ("Transports",),
    cargo.Weight: ("CargoGrossWeight", "CargoNetWeight", "TareWeight", "GrossWeight", "NetWeight"),
    cargo.Volume: ("CargoGrossVolume", "CargoNetVolume"),
    cargo.NetVolume: ("NetVolume",),
    cargo.NetExplosiveContent: ("NetExplosiveContent",),
    cargo.License: ("ExportLicense", "ImportLicense", "ExportLicenseShipper", "ImportLicenseShipper"),
    cargo.Reference: ("Reference",),
    cargo.ReferenceConsignmentItem: ("ReferenceConsignmentItem",),
    cargo.CustomsReference: ("CustomsReference",),
    cargo.NationalCommodityCode: ("NationalCommodityCode",),
    cargo.ExtendedNationalCommodityCode: ("ExtendedNationalCommodityCode",),
    cargo.InnerPackaging: ("InnerPackaging",),
    cargo.EmergencyContactDetails: ("EmergencyContactDetails",),
    cargo.Limits: ("Limits",),
    cargo.DangerousGoods: ("DangerousGoods",),
    cargo.OuterPackaging: ("OuterPackaging",),
    cargo.CargoItem: ("CargoItem",),
    cargo.ConsignmentItem: ("ConsignmentItem",),
    cargo.OuterPackagingShipper: ("OuterPackagingShipper",),
    cargo.CargoItemShipper: ("CargoItemShipper",),
    cargo.ConsignmentItemShipper: ("ConsignmentItemShipper",),
    cargo.OuterPackagingHBL: ("OuterPackagingHBL",),
    cargo.CargoItemHBL: ("CargoItemHBL",),
    cargo.ConsignmentItemHBL: ("ConsignmentItemHBL",),
    equipment.Seal: ("Seal",),
    equipment.ActiveReeferSettings: ("ActiveReeferSettings",),
    equipment.Equipment: ("Equipment",),
    equipment.RequiredEquipment: ("RequiredEquipment",),
    equipment.UtilizedTransportEquipment: ("UtilizedTransportEquipment",),
    equipment.UtilizedTransportEquipmentShipper: ("UtilizedTransportEquipmentShipper",),
    equipment.UtilizedTransportEquipmentHBL: ("UtilizedTransportEquipmentHBL",),
    model.Charge: ("Charge",),
    model.ChargesPaymentTerm: ("OriginChargesPaymentTerm", "DestinationChargesPaymentTerm"),
    model.AdvanceManifestFiling: ("AdvanceManifestFiling",),
    model.HouseBillOfLading: ("HouseBillOfLading",),
    model.Feedback: ("Feedback",),
    model.TransportDocument: ("TransportDocument",),
    model.ShippingInstructions: ("ShippingInstructions",),
}
CLASS_OF = {schema: part for part, schemas in CLASSES.items() for schema in schemas}
INSIDE_ANOTHER = {"UTEquipment", "UTEquipmentReference"}
"""Alternatives of UtilizedTransportEquipmentShipper."""
INSTRUCTIONS = ("ShippingInstructions", "CreateShippingInstructions", "UpdateShippingInstructions")


@cache
def schemas_of(file: str) -> dict[str, Any]:
    path = OPENAPI / FILES[file]
    if not path.exists():
        pytest.skip(f"{path.name} is in ../shared/data/dcsa/openapi, which is not beside this checkout")
    loaded: dict[str, Any] = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    schemas: dict[str, Any] = loaded["components"]["schemas"]
    return schemas


def referred(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rsplit("/", 1)[1]
        for name, each in value.items():
            if name != "example":
                yield from referred(each)
    elif isinstance(value, list):
        for each in value:
            yield from referred(each)


def reached(schemas: dict[str, Any], *roots: str) -> set[str]:
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += referred(schemas[name])
    return found


def whole(schemas: dict[str, Any], name: str) -> tuple[dict[str, Any], set[str]]:
    """Properties and required members, those of the alternatives among them."""
    schema = schemas[name]
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", []))
    alternatives = [
        schemas[each["$ref"].rsplit("/", 1)[1]] if "$ref" in each else each
        for each in schema.get("oneOf", []) + schema.get("anyOf", [])
    ]
    for each in alternatives:
        properties |= {name: value for name, value in each["properties"].items() if name not in properties}
    if alternatives:
        required |= set.intersection(*(set(each["required"]) for each in alternatives))
    return properties, required


LIMITS = ("maxLength", "minLength", "minimum", "maximum", "minItems", "maxItems", "format")


def dcsa_shape(value: dict[str, Any], class_of: Mapping[str, type[Part]] = CLASS_OF) -> dict[str, Any]:
    """What DCSA says of a value, in the terms that are compared."""
    if "$ref" in value:
        return {"part": class_of[value["$ref"].rsplit("/", 1)[1]].__name__}
    shape = {"type": value["type"]} | {name: value[name] for name in LIMITS if name in value}
    if value.get("exclusiveMinimum") is True:  # OpenAPI 3.0: a flag beside the minimum
        shape["exclusiveMinimum"] = shape.pop("minimum")
    if "pattern" in value:
        shape["pattern"] = value["pattern"].replace(r"\d", "[0-9]")  # ECMA 262: ASCII digits; in Rust any digit
    if "enum" in value:
        shape = {"enum": sorted(value["enum"])}
    if "items" in value:
        shape["items"] = dcsa_shape(value["items"], class_of)
    if shape.pop("format", None) in ("date", "date-time"):
        shape["format"] = value["format"]
    return shape


def our_shape(value: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """What our model says of a value, in the same terms."""
    if "anyOf" in value:
        value = next(each for each in value["anyOf"] if each.get("type") != "null")
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        definition = definitions[name]
        return {"enum": sorted(definition["enum"])} if "enum" in definition else {"part": name}
    shape = {"type": value["type"]} | {
        name: value[name] for name in (*LIMITS, "exclusiveMinimum", "pattern") if name in value
    }
    if "items" in value:
        shape["items"] = our_shape(value["items"], definitions)
    if shape.get("maximum") == 2**31 - 1:
        del shape["maximum"]  # format int32, which DCSA writes as such
    return shape


def test_every_schema_that_the_two_documents_reach_has_its_class() -> None:
    schemas = schemas_of("EBL")
    wanted = reached(schemas, "TransportDocument", *INSTRUCTIONS)
    assert wanted - INSIDE_ANOTHER - set(INSTRUCTIONS[1:]) == set(CLASS_OF)


CASES = [(part, schema) for part, schemas in CLASSES.items() for schema in schemas]


def compare(file: str, part: type[Part], schema: str) -> None:
    schemas = schemas_of(file)
    theirs, required = whole(schemas, schema)
    if schema == "ShippingInstructions":
        theirs = {name: value for root in INSTRUCTIONS for name, value in whole(schemas, root)[0].items()}
        required = set.intersection(*(whole(schemas, root)[1] for root in INSTRUCTIONS))
    ours = part.model_json_schema(by_alias=True)
    definitions = ours.get("$defs", {})
    if "$ref" in ours:
        ours = definitions[ours["$ref"].rsplit("/", 1)[1]]
    given = {name: our_shape(value, definitions) for name, value in ours["properties"].items()}
    if file != "EBL" and schema == "TransportDocument":
        del given["feedbacks"]  # part of the talk with the carrier, not of what is handed on
    assert given == {name: dcsa_shape(value) for name, value in theirs.items()}, schema
    assert set(ours.get("required", [])) == required, schema


@pytest.mark.parametrize(("part", "schema"), CASES, ids=[schema for _, schema in CASES])
def test_members_requirements_and_limits_are_those_of_dcsa(part: type[Part], schema: str) -> None:
    compare("EBL", part, schema)


@pytest.mark.parametrize("file", ["PINT", "issuance"])
def test_the_transport_document_is_the_same_when_it_is_issued_and_handed_on(file: str) -> None:
    for schema in reached(schemas_of(file), "TransportDocument"):
        compare(file, CLASS_OF[schema], schema)


CHOICES = [
    (parties.ContactDetail, {"name": "A"}, {"phone": "+65 6000"}, {"email": "a@b"}, True),
    (parties.ContactDetailWithPattern, {"name": "A"}, {"phone": "+65 6000 0000"}, {"email": "a@b"}, True),
    (places.PlaceOfIssue, {}, {"UNLocationCode": "SGSIN"}, {"countryCode": "SG"}, False),
    (places.InvoicePayableAt, {}, {"UNLocationCode": "SGSIN"}, {"freeText": "Singapore"}, False),
    (
        cargo.DangerousGoods,
        {"properShippingName": "PAINT", "imoClass": "3"},
        {"UNNumber": "1263"},
        {"NANumber": "1263"},
        False,
    ),
]


@pytest.mark.parametrize(("part", "rest", "one", "other", "both"), CHOICES, ids=[each[0].__name__ for each in CHOICES])
def test_where_dcsa_gives_a_choice_one_must_be_there(
    part: type[Part], rest: dict[str, str], one: dict[str, str], other: dict[str, str], both: bool
) -> None:
    for chosen in (one, other):
        part.model_validate(rest | chosen)
    with pytest.raises(ValidationError):
        part.model_validate(rest)
    if both:
        part.model_validate(rest | one | other)
    else:
        with pytest.raises(ValidationError):
            part.model_validate(rest | one | other)


def test_every_choice_of_dcsa_is_tested_above() -> None:
    schemas = schemas_of("EBL")
    chosen = {
        CLASS_OF[name]
        for name in reached(schemas, "TransportDocument", *INSTRUCTIONS)
        if {"oneOf", "anyOf"} & schemas[name].keys()
    }
    assert chosen == {each[0] for each in CHOICES} | {equipment.UtilizedTransportEquipmentShipper}
