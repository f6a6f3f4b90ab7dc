"""Issuance: the carrier asks a platform to issue an eBL, and the platform answers. Models and their conditions.

Source: DCSA eBL Issuance API 3.0.4. The rules of this part:

1. The document of a request is kept as it came: its checksum is what the carrier signed.
2. The issuance manifest binds the document, the party that gets possession, and the carrier's own rendering of it.
3. `transportDocumentReplacements` is not signed. Two old documents for one are a consolidation, two new ones for one
   a division: both are refused, since one title would become several or several one, and no text says who is in control
   meanwhile (MLETR leaves division and consolidation to the law of the place).
4. A request is answered once: `ISSU`, `BREQ` (mend the request) or `REFU` (the platform cannot resolve it).
"""

import base64
import binascii
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from schemas.bill_of_lading.parties import IdentifyingCode, TaxLegalReference
from schemas.bill_of_lading.pint import IssuanceManifest, Party, Signed, bytes_checksum, checksum
from schemas.bill_of_lading.values import Many, Part, Platform, at_most, trimmed
from schemas.findings import Fidelity, Finding, Kind, Severity, finding, register

SOURCE = "DCSA EBL Issuance 3.0.4"


def _exact(code: str, sentence: str, fix: str, clause: str, severity: Severity = Severity.ERROR) -> Kind:
    return Kind(code, sentence, fix, severity, clause=clause, source=SOURCE, fidelity=Fidelity.EXACT)


register(
    [
        _exact(
            "issuance.document-checksum",
            "The issuance manifest is of another transport document.",
            "Sign the manifest again, over the RFC 8785 form of the document that is sent.",
            "IssuanceManifest.documentChecksum",
        ),
        _exact(
            "issuance.issue-to-checksum",
            "The issuance manifest is for another party than the one that is to get possession.",
            "Sign the manifest again, over the RFC 8785 form of the `issueTo` that is sent.",
            "IssuanceManifest.issueToChecksum",
        ),
        _exact(
            "issuance.visualisation-checksum",
            "The carrier's rendering of the bill is not the one that the issuance manifest names.",
            "Sign the manifest again, over the decoded content; leave its checksum out where no rendering is sent.",
            "IssuanceManifest.eBLVisualisationByCarrierChecksum",
        ),
        _exact(
            "issuance.visualisation-content",
            "The content of the carrier's rendering is not Base64.",
            "Encode the file as Base64 (RFC 4648, section 4).",
            "SupportingDocument.content",
        ),
        Kind(
            "issuance.consolidation",
            "Several bills of lading would become one: consolidation is not supported.",
            "Surrender each for amendment, and issue one that names a single old document.",
            clause="TransportDocumentReplacements.oldTransportDocumentReferences",
            source=SOURCE,
        ),
        Kind(
            "issuance.division",
            "One bill of lading would become several: division is not supported.",
            "Surrender it for amendment, and issue one bill in its place.",
            clause="TransportDocumentReplacements.newTransportDocumentReferences",
            source=SOURCE,
        ),
        _exact(
            "issuance.wrong-platform",
            "The party that is to get possession is on another platform.",
            "Send the request to the platform that `sendToPlatform` names.",
            "IssueToParty.sendToPlatform",
        ),
        _exact(
            "issuance.unknown-party",
            "The platform has no active account of the party that is to get possession.",
            "Check the identifying codes: POST /pint/v3/receiver-validation says who a code is.",
            "IssuanceResponse.issuanceResponseCode (REFU)",
        ),
        Kind(
            "issuance.called-back",
            "The issuance was called back before the title was there.",
            "Issue it again; where a registry has signed that it is called back, in another version of the document.",
            clause="IssuanceResponse.issuanceResponseCode (REFU)",
            source=SOURCE,
            fidelity=Fidelity.MODELLED,
        ),
        _exact(
            "issuance.reason-without-need",
            "A successful issuance gives a reason.",
            "Leave the reason out where the code is ISSU.",
            "IssuanceResponse.reason",
            Severity.WARNING,
        ),
    ]
)


class IssuanceCode(StrEnum):
    """The platform's verdict (`IssuanceResponse.issuanceResponseCode`)."""

    ISSU = "ISSU"
    """Issued, and delivered to its first possessor."""
    BREQ = "BREQ"
    """The request has an error."""
    REFU = "REFU"
    """Refused for what the platform cannot resolve: an unknown recipient, say."""


class IssueTo(Part):
    """Who gets possession on issuance (`IssueToParty`): here the platform is required."""

    party_name: Annotated[str, trimmed(70)]
    send_to_platform: Platform
    identifying_codes: Annotated[Many[IdentifyingCode], Field(min_length=1)]
    tax_legal_references: Many[TaxLegalReference] | None = None

    @property
    def party(self) -> Party:
        """As the recipient of ISSUE."""
        return Party(
            party_name=self.party_name,
            ebl_platform=self.send_to_platform,
            identifying_codes=self.identifying_codes,
            tax_legal_references=self.tax_legal_references,
        )


class SupportingDocument(Part):
    """A file: the carrier's own rendering of the bill."""

    name: Annotated[str, at_most(100)]
    content: str
    """Base64."""
    content_type: Annotated[str, at_most(100)] = "application/pdf"


class TransportDocumentRelation(Part):
    transport_document_reference: Annotated[str, trimmed(20)]
    transport_document_sub_reference: Annotated[str, trimmed(100)] | None = None


class TransportDocumentReplacements(Part):
    """Which documents this one stands in the place of."""

    old_transport_document_references: Many[TransportDocumentRelation] | None = None
    new_transport_document_references: Many[TransportDocumentRelation] | None = None


class IssuanceRequest(Part):
    """The body of `PUT /v3/ebl-issuance-requests`."""

    document: dict[str, Any]
    transport_document_replacements: TransportDocumentReplacements | None = None
    issue_to: IssueTo
    ebl_visualisation_by_carrier: SupportingDocument | None = None
    issuance_manifest_signed_content: Signed


class IssuanceError(Part):
    reason: Annotated[str, trimmed(255)] | None = None
    error_code: Annotated[str, Field(pattern=r"^\S+$", max_length=50)] | None = None
    """Agreed bilaterally: ours is the code of a finding."""


class IssuanceResponse(Part):
    """The body of `POST /v3/ebl-issuance-responses`."""

    transport_document_reference: Annotated[str, trimmed(20)]
    transport_document_sub_reference: Annotated[str, trimmed(100)] | None = None
    issuance_response_code: IssuanceCode
    reason: Annotated[str, trimmed(255)] | None = None
    errors: Annotated[Many[IssuanceError], Field(max_length=255)] | None = None


# --- What the carrier signed -----------------------------------------------------------------------------------------


def manifest_of(
    document: Mapping[str, Any], issue_to: Mapping[str, Any], visualisation: bytes | None = None
) -> dict[str, str]:
    """The issuance manifest that the carrier signs (rule 2). `visualisation` is decoded."""
    manifest = {"documentChecksum": checksum(document)}
    if visualisation is not None:
        manifest["eBLVisualisationByCarrierChecksum"] = bytes_checksum(visualisation)
    return manifest | {"issueToChecksum": checksum(issue_to)}


def judge_manifest(request: Mapping[str, Any], manifest: IssuanceManifest) -> tuple[Finding, ...]:
    """Whether the signed manifest is of this request. `request` is the JSON as it came, of the right shape."""
    found: list[Finding] = []
    for name, code, stated in (
        ("document", "issuance.document-checksum", manifest.document_checksum),
        ("issueTo", "issuance.issue-to-checksum", manifest.issue_to_checksum),
    ):
        computed = checksum(request[name])
        if computed != stated:
            found.append(finding(code, f"/{name}", found=computed, expected=stated))
    return (*found, *_judge_visualisation(request, manifest))


def _judge_visualisation(request: Mapping[str, Any], manifest: IssuanceManifest) -> tuple[Finding, ...]:
    pointer, stated = "/eBLVisualisationByCarrier/content", manifest.ebl_visualisation_by_carrier_checksum
    sent = request.get("eBLVisualisationByCarrier")
    data = None if sent is None else decoded(sent["content"])
    if sent is not None and data is None:
        return (finding("issuance.visualisation-content", pointer),)
    computed = None if data is None else bytes_checksum(data)
    if computed == stated:
        return ()
    found, expected = computed or "no rendering", stated or "no rendering"
    return (finding("issuance.visualisation-checksum", pointer, found=found, expected=expected),)


def decoded(content: str) -> bytes | None:
    """The bytes of Base64 text (RFC 4648, section 4), or None."""
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return None


def judge_replacements(replacements: TransportDocumentReplacements | None) -> tuple[Finding, ...]:
    """Division and consolidation are refused (rule 3)."""
    if replacements is None:
        return ()
    found = []
    place = "/transportDocumentReplacements"
    old = replacements.old_transport_document_references or ()
    new = replacements.new_transport_document_references or ()
    if len(old) > 1:
        pointer = f"{place}/oldTransportDocumentReferences"
        found.append(finding("issuance.consolidation", pointer, found=f"{len(old)} old documents", expected="one"))
    if len(new) > 1:
        pointer = f"{place}/newTransportDocumentReferences"
        found.append(finding("issuance.division", pointer, found=f"{len(new)} new documents", expected="one"))
    return tuple(found)


def judge_response(response: IssuanceResponse) -> tuple[Finding, ...]:
    """A warning where the text says what should be left out."""
    if response.issuance_response_code is IssuanceCode.ISSU and response.reason is not None:
        return (finding("issuance.reason-without-need", "/reason", found=response.reason, expected="no reason"),)
    return ()
