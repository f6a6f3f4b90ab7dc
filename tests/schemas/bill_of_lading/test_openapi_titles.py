"""What platforms and carriers say to each other is as DCSA's OpenAPI files say: PINT, issuance, surrender, endorsement.

Reads the YAML in ../shared/data/dcsa/openapi in place; skips where it is absent.
"""

from typing import Any

import pytest

from schemas.bill_of_lading import endorsement, issuance, parties, pint, surrender
from schemas.bill_of_lading.values import Part
from tests.schemas.bill_of_lading import test_openapi
from tests.schemas.bill_of_lading.test_openapi import dcsa_shape, our_shape, reached, schemas_of

test_openapi.FILES.update({"surrender": "EBL_SUR_v3.0.4.yaml", "endorsement": "EBL_END_v3.0.4.yaml"})

PARTIES: dict[str, type[Part]] = {
    "ActorParty": pint.Party,
    "RecipientParty": pint.Party,
    "RepresentedActorParty": pint.RepresentedParty,
    "RepresentedRecipientParty": pint.RepresentedParty,
    "IdentifyingCode": parties.IdentifyingCode,
    "TaxLegalReference": parties.TaxLegalReference,
}
CLASSES: dict[str, dict[str, type[Part]]] = {
    "PINT": {
        **PARTIES,
        "EblEnvelope": pint.Envelope,
        "ReceiverValidationResponse": pint.ReceiverValidation,
        "EnvelopeManifest": pint.EnvelopeManifest,
        "IssuanceManifest": pint.IssuanceManifest,
        "EnvelopeTransferChainEntry": pint.ChainEntry,
        "EnvelopeTransferStartedResponse": pint.TransferStarted,
        "EnvelopeTransferFinishedResponse": pint.TransferFinished,
        "DocumentMetadata": pint.DocumentMetadata,
        "Transaction": pint.Transaction,
    },
    "issuance": {
        "IssuanceRequest": issuance.IssuanceRequest,
        "TransportDocumentReplacements": issuance.TransportDocumentReplacements,
        "TransportDocumentRelation": issuance.TransportDocumentRelation,
        "SupportingDocument": issuance.SupportingDocument,
        "IssuanceManifest": pint.IssuanceManifest,
        "IssueToParty": issuance.IssueTo,
        "IssuanceError": issuance.IssuanceError,
        "IssuanceResponse": issuance.IssuanceResponse,
        "IdentifyingCode": parties.IdentifyingCode,
        "TaxLegalReference": parties.TaxLegalReference,
    },
    "surrender": {
        **PARTIES,
        "EndorsementChainLink": surrender.SurrenderChainLink,
        "SurrenderRequestDetails": surrender.SurrenderRequestDetails,
        "SurrenderRequestAnswer": surrender.SurrenderRequestAnswer,
        "FeedbackElement": surrender.FeedbackElement,
    },
    "endorsement": {
        **PARTIES,
        "EndorsementChain": endorsement.EndorsementChain,
        "EndorsementChainLink": endorsement.EndorsementChainLink,
    },
}
ELSEWHERE = {"ErrorResponse", "DetailedError"}
"""Tested where the carrier's API is."""
CASES = [(file, name) for file, classes in CLASSES.items() for name in classes]


def plain(value: Any, schemas: dict[str, Any]) -> Any:
    """A schema with its references to simple types and its wrappers (`allOf` of one) resolved."""
    if isinstance(value, dict):
        if "allOf" in value:
            return plain(value["allOf"][0], schemas)
        if "$ref" in value:
            referred = schemas[value["$ref"].rsplit("/", 1)[1]]
            return value if referred.get("type") == "object" else plain(referred, schemas)
        return {name: plain(each, schemas) for name, each in value.items() if name != "example"}
    return [plain(each, schemas) for each in value] if isinstance(value, list) else value


def theirs_of(file: str, name: str) -> tuple[dict[str, Any], set[str]]:
    schemas, classes = schemas_of(file), CLASSES[file]
    schema = schemas[name]
    members = {}
    for member, value in schema["properties"].items():
        document = value.get("$ref", "").endswith("/TransportDocument")
        members[member] = {"type": "object"} if document else dcsa_shape(plain(value, schemas), classes)
        if members[member].get("format") not in (None, "date", "date-time"):
            del members[member]["format"]
    return members, set(schema.get("required", []))


@pytest.mark.parametrize(("file", "name"), CASES, ids=[f"{file}-{name}" for file, name in CASES])
def test_members_requirements_and_limits_are_those_of_dcsa(file: str, name: str) -> None:
    theirs, required = theirs_of(file, name)
    ours = CLASSES[file][name].model_json_schema(by_alias=True)
    definitions = ours.get("$defs", {})
    given = {member: our_shape(value, definitions) for member, value in ours["properties"].items()}
    if name == "EnvelopeTransferChainEntry":  # the description of EnvelopeManifest has it, the schema has not
        assert given.pop("eBLVisualisationByCarrier") == {"part": "DocumentMetadata"}
    if name == "EnvelopeTransferFinishedResponse":  # open, for what the betas sent
        assert theirs.pop("responseCode") == {"enum": sorted(pint.Outcome)}
        assert given.pop("responseCode") == {"type": "string"}
    if name == "Transaction":  # closed, though DCSA lists the actions in prose
        assert theirs.pop("actionCode") == {"type": "string", "maxLength": 50}
        assert given.pop("actionCode") == {"enum": sorted(pint.ActionCode)}
    assert given == theirs
    assert set(ours.get("required", [])) == required


@pytest.mark.parametrize("file", sorted(CLASSES))
def test_every_schema_beside_the_transport_document_has_its_class(file: str) -> None:
    schemas = schemas_of(file)
    document = reached(schemas, "TransportDocument") if "TransportDocument" in schemas else set()
    objects = {name for name, schema in schemas.items() if schema.get("type") == "object"}
    assert objects - document - ELSEWHERE == CLASSES[file].keys() - document


@pytest.mark.parametrize(
    ("file", "schema", "member", "ours"),
    [
        ("PINT", "Transaction", "actionCode", set(pint.ActionCode)),
        ("PINT", "Transaction", "reasonCode", set(pint.ReasonCode)),
        ("surrender", "SurrenderRequestDetails", "reasonCode", set(surrender.REASON_CODES.values)),
        ("surrender", "EndorsementChainLink", "actionCode", set(endorsement.ACTIONS.values)),
        ("endorsement", "EndorsementChainLink", "actionCode", set(endorsement.ACTIONS.values)),
        ("surrender", "FeedbackElement", "severity", {"ERROR", "WARN", "INFO"}),
    ],
)
def test_what_dcsa_lists_in_prose_is_what_we_know(file: str, schema: str, member: str, ours: set[str]) -> None:
    described = schemas_of(file)[schema]["properties"][member]["description"]
    lines = (line.strip() for line in described.splitlines())
    assert {line.split("`")[1] for line in lines if line.startswith("- `")} == ours
