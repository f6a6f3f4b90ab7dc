"""PINT: what one eBL platform hands to another, and what it answers. Models and checksums.

Source: DCSA eBL Platform Interoperability API 3.0.0 (OpenAPI). The rules of this part:

1. Every part is as in `values.py`: DCSA's names to the letter, frozen, open to unknown members, strict about types.
2. `ActorParty` and `RecipientParty` have the same members: they are one class here, `Party`.
3. A checksum is lower-case hexadecimal SHA-256: of the RFC 8785 form of a JSON object, of the compact string itself for
   what is signed, of the decoded bytes for a file.
4. The transport document is not read here: it is checksummed as it came, and has its own model (`model.py`).
5. `BETR` is of the betas. It is read, and never written.
6. A platform code and a list of party codes are open: simulated platforms have codes that DCSA's list does not.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import orjson
import rfc8785
from pydantic import AfterValidator, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from schemas.bill_of_lading.dcsa import read_part
from schemas.bill_of_lading.parties import IdentifyingCode, TaxLegalReference
from schemas.bill_of_lading.values import Bounds, Many, Moment, Part, Platform, at_most, trimmed
from schemas.findings import Fidelity, Finding, Kind, Severity, register

SOURCE = "DCSA PINT 3.0.0"


def _exact(code: str, sentence: str, fix: str, clause: str, severity: Severity = Severity.ERROR) -> Kind:
    return Kind(code, sentence, fix, severity, clause=clause, source=SOURCE, fidelity=Fidelity.EXACT)


_BSIG = "EnvelopeTransferFinishedResponse.responseCode (BSIG)"
_BENV = "EnvelopeTransferFinishedResponse.responseCode (BENV)"
_INCD = "EnvelopeTransferFinishedResponse.responseCode (INCD)"
_DISE = "EnvelopeTransferFinishedResponse.responseCode (DISE)"
_CHAIN = "EblEnvelope.envelopeTransferChain"
_ENTRY = "EnvelopeTransferChainEntry"

SIGNATURE_KINDS = register(
    [
        Kind(
            "pint.not-jws",
            "What should be signed is no compact JWS.",
            "Send header, payload and signature as unpadded base64url, joined by dots.",
            clause="7.1",
            source="RFC 7515",
            fidelity=Fidelity.EXACT,
        ),
        Kind(
            "pint.header",
            "The header of the signed content is not one that is accepted.",
            "Send a header with alg, and neither crit nor b64.",
            clause="4",
            source="RFC 7515",
            fidelity=Fidelity.EXACT,
        ),
        _exact(
            "pint.unknown-signer",
            "No certificate is configured for whoever should have signed.",
            "Exchange certificates beforehand: tb member add, with the code of the platform or carrier.",
            _BSIG,
        ),
        Kind(
            "pint.algorithm",
            "The signature is by an algorithm that is not agreed with this signer.",
            "Sign with ES256 or PS256, as agreed.",
            clause="Digital signatures",
            source=SOURCE,
            fidelity=Fidelity.MODELLED,
        ),
        _exact(
            "pint.bad-signature",
            "No certificate of the signer verifies the signature.",
            "Sign with a key whose certificate was exchanged, over exactly what is sent.",
            _BSIG,
        ),
        _exact(
            "pint.revoked-certificate",
            "The certificate of the signature was revoked.",
            "Sign with the new key; send its certificate beforehand.",
            _BSIG,
        ),
        _exact(
            "pint.expired-certificate",
            "The certificate of the signature was not valid when it was signed.",
            "Sign with a certificate that is valid now; send it beforehand.",
            _BSIG,
        ),
        _exact(
            "pint.manifest-of-another",
            "The manifest names another last entry than the chain has.",
            "Sign a manifest for the chain that is sent.",
            _BSIG,
        ),
        _exact(
            "pint.document-of-another",
            "The transport document is not the one whose checksum the sender signed.",
            "Send the document unchanged; its checksum is over the RFC 8785 form.",
            "TransportDocument",
        ),
        Kind(
            "pint.wrong-sender",
            "The envelope is signed by another platform than the one that sends it.",
            "Let the platform send it whose key signed the last entry.",
            clause=_BSIG,
            source=SOURCE,
            fidelity=Fidelity.MODELLED,
        ),
    ]
)
"""Of these a receiver says BSIG: nothing is asserted of the envelope itself, and it may come again."""

DISPUTE_KINDS = register(
    [
        _exact(
            "pint.disputed-document",
            "There is a title of this bill of lading here, and it has other content.",
            "Find out, apart from PINT, which of the two the carrier issued.",
            _DISE,
        ),
        _exact(
            "pint.disputed-chain",
            "The chain lacks an entry that is known here: the title would be spent twice.",
            "Find out, apart from PINT, what became of the title; nothing is accepted meanwhile.",
            _DISE,
        ),
        Kind(
            "pint.registry-left-out",
            "A registry that this platform asks has the bill, and the chain names none, or another one.",
            "Send the chain that the registry knows: the first entry names the registry for all transfers.",
            clause="Control tracking registry support",
            source=SOURCE,
            fidelity=Fidelity.MODELLED,
        ),
    ]
)
"""Of these a receiver says DISE."""

ENVELOPE_KINDS = register(
    [
        _exact(
            "pint.chain-gap",
            "The chain has a gap: an entry does not name the checksum of the one before it.",
            "Send all entries, unchanged, in their order.",
            f"{_CHAIN}, 2",
        ),
        _exact(
            "pint.first-has-previous",
            "The first entry names one before it.",
            "Send the chain from the entry with ISSUE on.",
            f"{_ENTRY}.previousEnvelopeTransferChainEntrySignedContentChecksum",
        ),
        _exact(
            "pint.other-document",
            "An entry of the chain is of another transport document.",
            "Send the chain of this document: the document never changes.",
            f"{_ENTRY}.transportDocumentChecksum",
        ),
        _exact(
            "pint.issuance-manifest-missing",
            "The first entry lacks the carrier's issuance manifest.",
            "Send the manifest that came with the issuance request.",
            f"{_ENTRY}.issuanceManifestSignedContent",
        ),
        _exact(
            "pint.issuance-of-another",
            "The carrier signed the issuance of another document.",
            "Send the issuance manifest of this document.",
            "IssuanceManifest.documentChecksum",
        ),
        _exact(
            "pint.issued-to-another",
            "The issuance manifest may be for another party than the one that ISSUE names.",
            "Name in ISSUE the party exactly as the carrier's `issueTo` does.",
            "IssuanceManifest.issueToChecksum",
            Severity.WARNING,
        ),
        _exact(
            "pint.registry-late",
            "A later entry names a control tracking registry.",
            "Name the registry in the first entry, or nowhere.",
            f"{_ENTRY}.controlTrackingRegistry",
        ),
        _exact(
            "pint.visualisation-differs",
            "The carrier's rendering of the bill is not the same all along.",
            "Send with every entry and manifest the same eBLVisualisationByCarrier as at first.",
            "EnvelopeManifest.eBLVisualisationByCarrier",
        ),
        _exact(
            "pint.actor-elsewhere",
            "An entry has an action by a party of another platform.",
            "Each platform records what its own parties do.",
            f"{_ENTRY}.eblPlatform",
        ),
        Kind(
            "pint.chain-too-long",
            "The chain has more entries than any bill of lading.",
            "Ask the platform that sent it.",
        ),
        _exact(
            "pint.wrong-platform",
            "The envelope is not addressed to this platform.",
            "Send it to the platform of the recipient of the last transaction.",
            _BENV,
        ),
        _exact(
            "pint.unknown-recipient",
            "The recipient is nobody with an active account here.",
            "Check the identifying codes: POST /v3/receiver-validation tells who a code is.",
            _BENV,
        ),
        Kind(
            "pint.unknown-registry",
            "The chain names a control tracking registry that this platform cannot ask.",
            "Name a registry that both platforms are configured for, or none.",
            clause=f"{_ENTRY}.controlTrackingRegistry",
            source=SOURCE,
            fidelity=Fidelity.MODELLED,
        ),
        _exact(
            "pint.dead-entry",
            "This entry was refused before: it is never accepted.",
            "Begin a new transfer, with an entry of its own.",
            _BENV,
        ),
    ]
)
"""Of these, and of all others that refuse, a receiver says BENV."""

register(
    [
        _exact(
            "pint.undeclared-document",
            "The document was not declared at the start of the transfer.",
            "Send only what the manifest lists, each under its own checksum.",
            _INCD,
        ),
        _exact(
            "pint.file-checksum",
            "The document has another checksum than the one it is sent under.",
            "Send the file again; its checksum is over the decoded bytes.",
            _INCD,
        ),
        _exact(
            "pint.file-size",
            "The document has another size than the manifest says.",
            "Send the file again, or start anew with a manifest that is right.",
            _INCD,
        ),
        _exact(
            "pint.documents-missing",
            "Documents of the manifest have not come.",
            "Send the documents that the answer lists, then finish again.",
            "EnvelopeTransferFinishedResponse.responseCode (MDOC)",
        ),
        _exact(
            "pint.duplicate",
            "This transfer was accepted before.",
            "Nothing: the title has been received.",
            "EnvelopeTransferFinishedResponse.responseCode (DUPE)",
            Severity.WARNING,
        ),
        _exact(
            "pint.answer-unsigned",
            "The answer is not signed: it decides nothing.",
            "Ask again with the same envelope until a signed answer comes.",
            "Non-repudiation",
        ),
        _exact(
            "pint.answer-of-another",
            "The answer is about another envelope than the one that was sent.",
            "Ask again with the same envelope.",
            "EnvelopeTransferFinishedResponse.lastEnvelopeTransferChainEntrySignedContentChecksum",
        ),
        _exact(
            "pint.answer-unknown-code",
            "The signed answer has a code that PINT does not know.",
            "Ask the platform what it means; until then the transfer is in doubt.",
            "EnvelopeTransferFinishedResponse.responseCode",
        ),
        Kind(
            "pint.answer-of-a-beta",
            "The answer has the code BETR of the betas: it is taken as a refusal.",
            "Let the platform send BENV.",
            Severity.WARNING,
            clause="responseCode",
            source="DCSA PINT 3.0.0 Beta",
            fidelity=Fidelity.MODELLED,
        ),
        _exact(
            "pint.answer-disputed",
            "The receiver disputes the envelope: it knows another course of this title.",
            "Settle it with the receiver, apart from PINT; the title stays in doubt.",
            _DISE,
        ),
        _exact(
            "pint.answer-bad-signature",
            "The receiver refuses a signature, and may accept the same entry later: that gives no title back.",
            "Let the receiver have the certificates that it lacks; the same entry is sent again until it is decided.",
            _BSIG,
        ),
        _exact(
            "pint.receipt-incomplete",
            "The signed receipt does not list all the documents that were sent.",
            "Ask the receiver for the documents that it has.",
            "EnvelopeTransferFinishedResponse.receivedAdditionalDocumentChecksums",
            Severity.WARNING,
        ),
    ]
)

Checksum = Annotated[str, Field(pattern=r"^[0-9a-f]+$", min_length=64, max_length=64)]
"""Lower-case hexadecimal SHA-256."""
Signed = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$")]
"""A compact JWS (RFC 7515, section 7.1)."""


def written(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as PINT asks for (`Transaction.actionDateTime`)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


ActionMoment = Annotated[Moment, PlainSerializer(written, return_type=str, when_used="json")]


def _registry_uri(value: str) -> str:
    try:
        parts = urlsplit(value)
        whole = bool(parts.scheme and parts.hostname)
    except ValueError:
        whole = False
    if not whole:
        raise PydanticCustomError("string_pattern_mismatch", "a URI", {"pattern": "of an absolute URI"})
    return value


class ActionCode(StrEnum):
    """What was done with an eBL (`Transaction.actionCode`)."""

    ISSUE = "ISSUE"
    TRANSFER = "TRANSFER"
    ENDORSE = "ENDORSE"
    ENDORSE_TO_ORDER = "ENDORSE_TO_ORDER"
    BLANK_ENDORSE = "BLANK_ENDORSE"
    SIGN = "SIGN"
    SURRENDER_FOR_DELIVERY = "SURRENDER_FOR_DELIVERY"
    SURRENDER_FOR_AMENDMENT = "SURRENDER_FOR_AMENDMENT"
    SACC = "SACC"
    """The carrier accepts the surrender."""
    SREJ = "SREJ"
    """The carrier rejects the surrender."""


class ReasonCode(StrEnum):
    """Why an eBL is surrendered for amendment (`Transaction.reasonCode`)."""

    SWITCH_TO_PAPER = "SWTP"
    CHANGE_OF_DESTINATION = "COD"
    SWITCH_BL = "SWI"


class Outcome(StrEnum):
    """What the receiving platform says of a transfer (`EnvelopeTransferFinishedResponse.responseCode`)."""

    RECE = "RECE"
    """Received: accepted."""
    DUPE = "DUPE"
    """Accepted before."""
    BSIG = "BSIG"
    """Bad signature: this request is rejected, and nothing said of the transfer itself."""
    BENV = "BENV"
    """Bad envelope: rejected."""
    INCD = "INCD"
    """Inconclusive document: send it again."""
    MDOC = "MDOC"
    """Missing documents: send them."""
    DISE = "DISE"
    """Disputed: it contradicts what the receiver knows of this eBL."""


LEGACY_BETR = "BETR"
"""Bad transfer chain, of the betas: read as a refusal, never sent."""

HTTP_STATUS: Mapping[Outcome, int] = {
    Outcome.RECE: 200,
    Outcome.DUPE: 200,
    Outcome.BSIG: 422,
    Outcome.BENV: 422,
    Outcome.INCD: 409,
    Outcome.MDOC: 409,
    Outcome.DISE: 409,
}


class RepresentedParty(Part):
    """On whose behalf an actor acts, or a recipient is meant."""

    party_name: Annotated[str, trimmed(70)]
    identifying_codes: Many[IdentifyingCode] | None = None


class Party(Part):
    """A company with its eBL platform: the actor or the recipient of a transaction."""

    party_name: Annotated[str, trimmed(70)]
    ebl_platform: Platform
    identifying_codes: Annotated[Many[IdentifyingCode], Field(min_length=1)]
    tax_legal_references: Many[TaxLegalReference] | None = None
    represented_party: RepresentedParty | None = None


class Transaction(Part):
    """One action on an eBL."""

    action_code: ActionCode
    actor: Party
    recipient: Party | None = None
    action_date_time: ActionMoment
    reason_code: Annotated[str, at_most(4)] | None = None
    comments: Annotated[str, trimmed(255)] | None = None
    audit_reference: Annotated[str, at_most(100)] | None = None


class DocumentMetadata(Part):
    """An additional document of an envelope, before it is sent."""

    name: Annotated[str, Field(pattern=r"^\S(?:.*\S)?$")]
    size: Annotated[int | float, Bounds(minimum=1)]
    """Bytes, decoded."""
    media_type: Annotated[str, at_most(100)]
    document_checksum: Checksum


class EnvelopeManifest(Part):
    """What an envelope holds, signed by its sender."""

    transport_document_checksum: Checksum
    last_envelope_transfer_chain_entry_signed_content_checksum: Checksum
    ebl_visualisation_by_carrier: DocumentMetadata | None = None
    supporting_documents: Many[DocumentMetadata] | None = None

    @property
    def declared(self) -> tuple[DocumentMetadata, ...]:
        """Every additional document that belongs to the envelope: the carrier's visualisation first."""
        visualisation = (self.ebl_visualisation_by_carrier,) if self.ebl_visualisation_by_carrier else ()
        return (*visualisation, *(self.supporting_documents or ()))


class IssuanceManifest(Part):
    """What the carrier issued, signed by the carrier."""

    document_checksum: Checksum
    ebl_visualisation_by_carrier_checksum: Checksum | None = None
    issue_to_checksum: Checksum


class ChainEntry(Part):
    """An entry of the envelope transfer chain: what one platform did with the eBL, signed by that platform."""

    ebl_platform: Platform
    transport_document_checksum: Checksum
    previous_envelope_transfer_chain_entry_signed_content_checksum: Checksum | None = None
    issuance_manifest_signed_content: Signed | None = None
    control_tracking_registry: Annotated[str, at_most(1024), AfterValidator(_registry_uri)] | None = None
    ebl_visualisation_by_carrier: DocumentMetadata | None = None
    transactions: Annotated[Many[Transaction], Field(min_length=1)]


class Envelope(Part):
    """The body of `POST /v3/envelopes`."""

    transport_document: dict[str, Any]
    envelope_manifest_signed_content: Signed
    envelope_transfer_chain: Annotated[Many[Signed], Field(min_length=1)]


class TransferStarted(Part):
    """The unsigned answer 201 of `POST /v3/envelopes`."""

    envelope_reference: Annotated[str, at_most(100)]
    transport_document_checksum: Checksum
    last_envelope_transfer_chain_entry_signed_content_checksum: Checksum
    missing_additional_document_checksums: Annotated[Many[Checksum], Field(min_length=1)]


class TransferFinished(Part):
    """The payload of a signed answer. `response_code` is open, for what the betas sent; ours is an `Outcome`."""

    last_envelope_transfer_chain_entry_signed_content_checksum: Checksum
    response_code: str
    duplicate_of_accepted_envelope_transfer_chain_entry_signed_content: Signed | None = None
    reason: Annotated[str, at_most(255)] | None = None
    missing_additional_document_checksums: Many[Checksum] | None = None
    received_additional_document_checksums: Many[Checksum] | None = None


class ReceiverValidation(Part):
    """The answer 200 of `POST /v3/receiver-validation`; its body is an `IdentifyingCode`."""

    party_name: Annotated[str, trimmed(70)]


# --- Checksums -------------------------------------------------------------------------------------------------------


_UNUSUAL = re.compile(rb"[:,\[]-?(?:\d+\.0[,\]}]|\d+(?:\.\d+)?e|\d{16})|[\xf0-\xf4]")
"""What orjson writes otherwise than RFC 8785: whole doubles, exponents, numbers of 16 digits and more, names beyond the
Basic Multilingual Plane (another order). A string that only looks so costs time, and nothing else."""


def canonical(value: Mapping[str, Any]) -> bytes:
    """The RFC 8785 form of a JSON object. Numbers are doubles, as RFC 8785 says. Raises ValueError for no JSON."""
    data = _shortly(value)
    if data is None:
        doubles = _as_doubles(dict(value))
        data = _shortly(doubles) or rfc8785.dumps(doubles)
    return data


def _shortly(value: Any) -> bytes | None:
    """The same where orjson writes it so, at a hundredth of the cost; else None."""
    try:
        data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # orjson's error: whole numbers of more than 64 bits, or no JSON
        return None
    return None if _UNUSUAL.search(data) else data


def _as_doubles(value: Any) -> Any:
    """Numbers as RFC 8785 takes them (section 3.2.2.3): whole ones of 2^53 and more are doubles, whole doubles below
    that are whole numbers."""
    if isinstance(value, dict):
        return {name: _as_doubles(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_doubles(each) for each in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if abs(value) >= 2**53:
        return float(value)
    return int(value) if value == int(value) else value


def checksum(value: Mapping[str, Any]) -> str:
    """Of a JSON object (rule 3)."""
    return hashlib.sha256(canonical(value)).hexdigest()


def signed_checksum(compact: str) -> str:
    """Of signed content: over the compact string itself. Raises UnicodeEncodeError if it is not ASCII."""
    return hashlib.sha256(compact.encode("ascii")).hexdigest()


def bytes_checksum(data: bytes) -> str:
    """Of a file: over its decoded bytes."""
    return hashlib.sha256(data).hexdigest()


# --- Reading and writing ---------------------------------------------------------------------------------------------

P = TypeVar("P", bound=Part)


def read(model: type[P], value: object) -> P | tuple[Finding, ...]:
    """The part that a JSON value is, or what is wrong with it: findings with JSON Pointers, never an exception."""
    return read_part(model, value)


def to_json(part: Part) -> dict[str, Any]:
    """The JSON object of a part; absent members are left out, and so are those that are null."""
    value: dict[str, Any] = part.model_dump(mode="json", by_alias=True, exclude_none=True)
    return value
