"""The sentences of PINT 3.0.0 that the suite verifies: what each check is named by.

In quotation marks stands the specification's own text; the rest says it shorter. Where the text leaves two answers open
the check takes both, and says so. `required=False`: the text recommends, or the field expects it.
"""

from simulator.conformance.runner import Sentence
from simulator.conformance.suites.pint.mending import MENDING

_PINT = "DCSA EBL_PINT 3.0.0"
_FINISHED = f"{_PINT}, EnvelopeTransferFinishedResponse"
_CODE = f"{_FINISHED}.responseCode"
_ENVELOPE = f"{_PINT}, EblEnvelope"
_MANIFEST = f"{_PINT}, EnvelopeManifest"
_ENTRY = f"{_PINT}, EnvelopeTransferChainEntry"
_TRANSACTION = f"{_PINT}, Transaction"
_START = f"{_PINT}, POST /v3/envelopes"
_DOCUMENT = f"{_PINT}, PUT /v3/envelopes/{{ref}}/additional-documents/{{checksum}}"
_FINISH = f"{_PINT}, PUT /v3/envelopes/{{ref}}/finish-transfer"
_VALIDATION = f"{_PINT}, POST /v3/receiver-validation"
_FIELD = "bill_of_lading.md, PINT in the field"


def _says(key: str, text: str, source: str, *, required: bool = True) -> Sentence:
    return Sentence(key, text, source, required, *MENDING[key])


# --- Any answer ------------------------------------------------------------------------------------------------------

ANSWERS = _says("answer.comes", "A sender expects an answer within seconds.", _FIELD)
API_VERSION = _says(
    "answer.api-version", "The header API-Version names the version of the contract.", _PINT, required=False
)
SIGNED = _says(
    "outcome.signed",
    "The final response is 'wrapped in JWS-signed response', by the receiving platform's key, for non-repudiation.",
    f"{_PINT}, Non-repudiation",
)
READABLE = _says(
    "outcome.readable",
    "The JWS payload is an EnvelopeTransferFinishedResponse: last entry's checksum and responseCode at least.",
    _FINISHED,
)
NAMES_ENTRY = _says(
    "outcome.names-entry",
    "It 'should contain the checksum of the last entry' of the chain received.",
    f"{_FINISHED}.lastEnvelopeTransferChainEntrySignedContentChecksum",
)
HTTP = _says(
    "outcome.http",
    "RECE and DUPE go with 200, BSIG and BENV with 422, INCD, MDOC and DISE with 409.",
    _CODE,
)
LISTS = _says(
    "outcome.lists-only-where-due",
    "Lists of documents come with MDOC, and with RECE or DUPE; 'for other response codes, this attribute should be "
    "omitted'.",
    _FINISHED,
    required=False,
)

# --- The start -------------------------------------------------------------------------------------------------------

ACCEPTED = _says(
    "rece.at-start",
    "With no additional documents to be transferred the platform 'accepts the envelope transfer immediately': RECE.",
    _START,
)
STARTED = _says("started.201", "With documents still to come the transfer 'is now active': 201, unsigned.", _START)
STARTED_READABLE = _says(
    "started.readable", "The body is an EnvelopeTransferStartedResponse.", f"{_PINT}, EnvelopeTransferStartedResponse"
)
STARTED_CHECKSUMS = _says(
    "started.checksums",
    "It carries the checksums of the transport document and of the last entry received.",
    f"{_PINT}, EnvelopeTransferStartedResponse",
)
STARTED_MISSING = _says(
    "started.missing",
    "It lists the additional documents that the platform 'expect[s] to receive' before it can accept: exactly those "
    "declared and not yet there.",
    f"{_PINT}, EnvelopeTransferStartedResponse.missingAdditionalDocumentChecksums",
)
RETRIED = _says(
    "started.retry",
    "A start for an eBL that 'already has the active envelope transfer' is a retry of the same transfer.",
    _START,
)

# --- Documents and the finish ----------------------------------------------------------------------------------------

TAKEN = _says("document.204", "A declared document whose checksum and size are right is acknowledged: 204.", _DOCUMENT)
TAKEN_TWICE = _says(
    "document.again", "A document that came already may come again: 204, and nothing changes.", _DOCUMENT
)
CORRUPTED = _says(
    "incd.corrupted",
    "INCD when 'the transferred additional document's checksum or size does not match'; the transfer goes on.",
    _CODE,
)
UNRELATED = _says(
    "incd.undeclared",
    "The platform 'should check that the transferred document has been declared at the start'; INCD otherwise.",
    _DOCUMENT,
)
FINISHED = _says("rece.at-finish", "With all documents there, finish is answered with a signed RECE: 200.", _FINISH)
RECEIVED = _says(
    "rece.documents",
    "RECE and DUPE list 'all the additional documents included in the envelope transfer request'.",
    f"{_FINISHED}.receivedAdditionalDocumentChecksums",
)
MISSING = _says(
    "mdoc.at-finish",
    "MDOC when a document is missing at finish; it 'does not reject the envelope transfer'.",
    _CODE,
)
MISSING_LIST = _says(
    "mdoc.list",
    "MDOC names the documents that 'have not been transferred', and no others.",
    f"{_FINISHED}.missingAdditionalDocumentChecksums",
)
FINISHED_TWICE = _says(
    "finish.again",
    "A finish that is repeated gets the acceptance again: DUPE, or the same RECE.",
    _CODE,
)

# --- Duplicates and disputes -----------------------------------------------------------------------------------------

DUPLICATE = _says(
    "dupe.same-entry",
    "DUPE 'when the receiving platform has already previously acknowledged and accepted the transfer of this "
    "envelope'.",
    _CODE,
)
DUPLICATE_ENTRY = _says(
    "dupe.accepted-entry",
    "DUPE includes the 'accepted version of last EnvelopeTransferChainEntrySignedContent entry'.",
    f"{_FINISHED}.duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent",
)
RESIGNED_ENTRY = _says(
    "dupe.entry-signed-again",
    "An entry that was signed again with the same content is no new transfer: DUPE (or DISE, since a platform 'is only "
    "required to detect DUPE' by the entry's checksum).",
    _CODE,
)
DISPUTED = _says(
    "dise.contradicts",
    "DISE when the signatures are good and the envelope 'contradicts its current knowledge of the envelope transfer "
    "chain' with 'a risk of double spending'.",
    _CODE,
)
ONE_OF_TWO = _says(
    "dise.one-of-two",
    "Of two envelopes for one title one is accepted and no more, in whatever order they are finished.",
    "MLETR, article 10",
)
NOTIFIES = _says(
    "notice.moves-nothing",
    "An endorsement to a party on another platform is told by an envelope, which 'does NOT result in the transfer of "
    "possession'.",
    f"{_TRANSACTION}.actionCode",
)
REPLAYED = _says(
    "replay.no-second-acceptance",
    "An envelope that was accepted before takes nothing a second time, whenever it comes: DUPE or DISE, never RECE.",
    _CODE,
)
NOT_TAKEN_BACK = _says(
    "replay.control-stays", "A replayed envelope changes nothing in who has the title.", "MLETR, article 11"
)
STILL_ACCEPTED = _says(
    "dispute.first-stays",
    "What was accepted stays accepted, whatever came after it: the first envelope again is DUPE.",
    _CODE,
)
NOT_REFUSED_LATER = _says(
    "benv.never-after-rece",
    "What was accepted is never refused: after BENV 'the sending platform should retain the eBL', and there would be "
    "two holders. A spoilt copy of it is DUPE, BSIG, DISE or an unsigned error.",
    _CODE,
)

# --- Refusals --------------------------------------------------------------------------------------------------------

BAD_SIGNATURE = _says(
    "bsig.signature",
    "BSIG for 'issues with the signature' of the manifest or of an entry: wrong, 'by an unknown key', expired.",
    _CODE,
)
SPOILT = _says(
    "spoilt.not-accepted",
    "A copy that was spoilt on the way is not accepted: BSIG, which makes 'no assertions about the validity of the "
    "envelope contents', or an unsigned error.",
    _CODE,
)
BAD_ALGORITHM = _says(
    "bsig.algorithm",
    "What verifies a signature is by policy, 'never by what the header asks for': none and HMAC are refused.",
    _FIELD,
)
GOOD_AFTER_BAD = _says(
    "bsig.retry",
    "After BSIG the sender 'may attempt to resolve the signature issue and retry with the same' entry.",
    _CODE,
)
BAD_ISSUANCE = _says(
    "refused.issuance-manifest",
    "issuanceManifestSignedContent 'must be signed by the carrier'; BSIG or BENV otherwise.",
    f"{_ENTRY}.issuanceManifestSignedContent",
)
WRONG_PLATFORM = _says(
    "benv.recipient-platform",
    "BENV when 'the envelope does not list the receiving platform as the intended recipient'.",
    _CODE,
)
UNKNOWN_RECIPIENT = _says("benv.recipient", "BENV when 'the transferee ID is unknown'.", _CODE)
REFUSED_STAYS = _says(
    "benv.for-ever",
    "After BENV 'the transfer cannot succeed in the future and the sending platform should retain the eBL': the same "
    "entry is never accepted later.",
    _CODE,
)
BAD_ACTION = _says("benv.action", "BENV when 'an invalid actionCode was used in the transactions'.", _CODE)
LAST_CHECKSUM = _says(
    "refused.last-entry",
    "The last entry's checksum is 'equal to' the manifest's lastEnvelopeTransferChainEntrySignedContentChecksum; BENV "
    "or BSIG otherwise.",
    f"{_ENVELOPE}.envelopeTransferChain, 1",
)
LINKED = _says(
    "benv.chain-order",
    "'All the list entries are present, valid, and they are correctly ordered'; BENV otherwise.",
    f"{_ENVELOPE}.envelopeTransferChain, 2",
)
DOCUMENT_CHECKSUM = _says(
    "refused.document-checksum",
    "The transport document's checksum is 'equal to' the manifest's; BENV or BSIG otherwise.",
    f"{_PINT}, TransportDocument",
)
REPLAYED_ENTRY = _says(
    "benv.entry-of-another-document",
    "Manifest and last entry 'have the same value' of transportDocumentChecksum, against an entry taken from another "
    "transfer; BENV otherwise.",
    f"{_MANIFEST}.transportDocumentChecksum",
)
ISSUE_FIRST = _says(
    "benv.issue-once",
    "'ISSUE must appear exactly once in the first transaction of the first' entry; BENV otherwise.",
    f"{_TRANSACTION}.actionCode",
)
NO_PREVIOUS = _says(
    "benv.first-has-no-previous",
    "The previous checksum 'should not be defined for the first entry'; BENV otherwise.",
    f"{_ENTRY}.previousEnvelopeTransferChainEntrySignedContentChecksum",
)
ISSUANCE_REQUIRED = _says(
    "refused.no-issuance-manifest",
    "The issuance manifest 'must be provided in the first' entry; BENV or BSIG otherwise.",
    f"{_ENTRY}.issuanceManifestSignedContent",
)
NOT_POSSESSOR = _says(
    "benv.not-the-possessor",
    "TRANSFER is 'from the current possessor of the eBL'; BENV when it is by a platform that does not have it. (Within "
    "one platform 'internal possession transfers are not required' to be recorded.)",
    f"{_TRANSACTION}.actionCode",
)
NOTHING_AFTER_SACC = _says(
    "benv.after-sacc",
    "'Any changes to the envelope transfer chain involving new transactions after a SACC transaction are invalid and "
    "must be rejected' with BENV.",
    f"{_TRANSACTION}.actionCode",
)
SURRENDER_TO_CARRIER = _says(
    "benv.surrender-not-to-carrier",
    "A surrender 'not addressed to the carrier that issued the eBL' is answered with BENV.",
    f"{_TRANSACTION}.actionCode",
)
SAME_VISUALISATION = _says(
    "benv.visualisation",
    "eBLVisualisationByCarrier of each entry 'should be identical to' the manifest's; BENV otherwise.",
    f"{_MANIFEST}.eBLVisualisationByCarrier",
)
REGISTRY_FIRST_ONLY = _says(
    "benv.registry-in-later-entry",
    "controlTrackingRegistry 'must be omitted in all other' entries than the first; BENV otherwise.",
    f"{_ENTRY}.controlTrackingRegistry",
)
REGISTRY_DECIDES = _says(
    "registry.not-recorded",
    "'Transfers not recorded in the CTR are invalid': no RECE for one that the named registry does not know.",
    f"{_ENTRY}.controlTrackingRegistry",
)
SENDER_SPEAKS = _says(
    "refused.other-sender",
    "The manifest is signed by the platform that sends, and the last entry is its own; refused otherwise.",
    f"{_PINT}, Non-repudiation",
)

# --- Errors and validation -------------------------------------------------------------------------------------------

UNSIGNED_ERROR = _says(
    "error.unsigned",
    "Any other failure is an unsigned ErrorResponse: method, URI, status, its text, time, and at least one error.",
    f"{_PINT}, ErrorResponse",
)
NO_ENVELOPE = _says(
    "error.no-envelope",
    "What is no EblEnvelope is refused: BENV, or an unsigned error of 4xx; never accepted.",
    _ENVELOPE,
)
UNKNOWN_REFERENCE = _says(
    "error.unknown-reference", "A reference that the platform did not give is an error of 4xx.", f"{_PINT}, default"
)
NO_TOKEN = _says("error.no-token", "Who does not say who they are starts nothing: an error of 4xx.", "API security")
KNOWN_PARTY = _says("validation.200", "A known party code is answered with its name: 200.", _VALIDATION)
UNKNOWN_PARTY = _says(
    "validation.404", "'If the server cannot identify an account or user via the given party code': 404.", _VALIDATION
)
SAME_FOR_ALL = _says(
    "validation.vague", "A code of a list that the server does not support is answered alike: 404.", _VALIDATION
)

# --- The sender: what it sends ---------------------------------------------------------------------------------------

SENDS = _says("sends.start", "A transfer to another platform begins with POST /v3/envelopes.", _START)
SENDS_TOKEN = _says("sends.token", "It says who it is, as agreed beforehand.", "API security")
SENDS_ENVELOPE = _says("sends.envelope", "The body is an EblEnvelope.", _ENVELOPE)
SENDS_MANIFEST = _says(
    "sends.manifest-signed", "The envelope manifest is signed by the sending platform.", f"{_PINT}, Non-repudiation"
)
SENDS_DOCUMENT = _says(
    "sends.document-unchanged",
    "'The eBL document must be unchanged between different envelope transfers for the lifetime of the eBL document.'",
    f"{_PINT}, The eBL document",
)
SENDS_CHECKSUMS = _says(
    "sends.checksums",
    "Manifest and last entry carry the checksum of the transport document (RFC 8785, SHA-256), the manifest that "
    "of the last entry.",
    _MANIFEST,
)
SENDS_CHAIN = _says(
    "sends.chain", "Earlier entries go on as they were received, in their order, byte for byte.", _ENVELOPE
)
SENDS_ENTRY = _says("sends.entry-signed", "The new entry is signed by the sending platform, and names it.", _ENTRY)
SENDS_LINK = _says(
    "sends.entry-linked",
    "The new entry carries 'the checksum of the previous' signed entry.",
    f"{_ENTRY}.previousEnvelopeTransferChainEntrySignedContentChecksum",
)
SENDS_TRANSACTION = _says(
    "sends.transaction",
    "TRANSFER 'from the current possessor of the eBL to a new possessor': who had it, to whom it was asked for.",
    f"{_TRANSACTION}.actionCode",
)
SENDS_TIME = _says(
    "sends.time",
    "actionDateTime is RFC 3339 in UTC, in milliseconds.",
    f"{_TRANSACTION}.actionDateTime",
    required=False,
)
SENDS_VISUALISATION = _says(
    "sends.visualisation",
    "The eBL visualisation, once transferred, 'must be transferred with every subsequent envelope transfer', "
    "unchanged, and stands in manifest and entry.",
    f"{_PINT}, The Additional Documents",
)
SENDS_SUPPORTING = _says(
    "sends.supporting",
    "Supporting documents are declared in the manifest with name, size, media type and checksum.",
    _MANIFEST,
)
SENDS_FILES = _says(
    "sends.documents",
    "Each missing document is sent in base64 as JSON to the path of its checksum, before the finish.",
    _DOCUMENT,
)
SENDS_FINISH = _says(
    "sends.finish", "The sender 'is required to finish the envelope transfer' to get a signed response.", _START
)

# --- The sender: what it makes of answers ----------------------------------------------------------------------------

HANDED_OVER = _says("sender.hands-over", "A signed RECE or DUPE that names the entry hands the title over.", _CODE)
NO_MORE_CALLS = _says(
    "sender.stops", "After a signed acceptance the sender sends this envelope no more.", _CODE, required=False
)
TRIES_AGAIN = _says(
    "sender.retries",
    "'The sending platform is required to retry the envelope transfer until they get a signed response.'",
    f"{_START}, default",
)
SAME_AGAIN = _says(
    "sender.same-envelope", "'The sending platform is expected to reuse the same envelope': the same last entry.", _CODE
)
SENDS_MISSING_AGAIN = _says(
    "sender.resends-missing",
    "After MDOC it 'should (re)send the missing documents' that the answer lists 'and then retry to finish'.",
    _FINISH,
)
SENDS_INCONCLUSIVE_AGAIN = _says(
    "sender.resends-inconclusive",
    "After INCD it 'should try to either resend the correct document' or start anew.",
    _CODE,
)
TAKES_BACK = _says(
    "sender.keeps-after-refusal",
    "After a signed BENV 'the sending platform should retain the eBL': the title is its user's again.",
    _CODE,
)
NEW_ENTRY = _says(
    "sender.new-entry-after-refusal",
    "A refused entry is not sent again: the next transfer of the title makes a new one.",
    _CODE,
)
CODE_DECIDES = _says(
    "sender.code-decides",
    "'When there is a mismatch between the HTTP response status code and the signed response ... responseCode decides "
    "the outcome.'",
    _CODE,
)
NOT_ON_UNSIGNED = _says(
    "sender.not-on-unsigned",
    "'The sending platform will be liable if they act on an unsigned response': it neither hands over nor takes back.",
    f"{_START}, default",
)
NOT_ON_FOREIGN = _says(
    "sender.not-on-foreign",
    "An outcome counts if the receiving platform signed it, for this entry: another's key or another entry's checksum "
    "decides nothing.",
    f"{_PINT}, Non-repudiation",
)
NOT_ON_DISPUTE = _says(
    "sender.not-on-dispute",
    "DISE neither accepts nor rejects: 'dispute resolution ... must be handled via out of band process'.",
    _CODE,
)
BSIG_RETRY = _says(
    "sender.after-bsig",
    "After BSIG it 'may attempt to resolve the signature issue and retry with the same' entry, or keep the title.",
    _CODE,
)
LEGACY_REFUSAL = _says(
    "sender.betr",
    "BETR, of the betas, is taken as a refusal: the title stays (or is in doubt), and is not handed over.",
    _FIELD,
)
LOCKED = _says(
    "sender.locked",
    "While a transfer is under way or in doubt nothing else can be done with the title: no second envelope to another.",
    "MLETR, article 11",
)
