"""What can be wrong with a signature, a receipt, the log or a trust list: this part's share of the catalogue.

Each module of this package imports what it needs, `finding` and `malformed`, from here, so that the kinds are
registered whichever of them is imported first. Nothing here is looked up by name at run time but the code.
"""

from typing import TYPE_CHECKING

from schemas.findings import Finding, Kind, finding, register

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["Finding", "finding"]

XMLDSIG = "W3C XML Signature 1.1"
XADES = "ETSI EN 319 132-1"
JWS = "RFC 7515"
NOTE = "C2SP signed-note"
MERKLE = "RFC 9162"
ASIC = "ETSI EN 319 162-1"

register(
    [
        Kind(
            "signature.missing",
            "The document carries no signature of its issuer.",
            "Sign it with the issuer's key: `tb sign FILE`.",
        ),
        Kind(
            "signature.shape",
            "The signature is not built the one way that is accepted.",
            "Sign with `tb sign`, or build the signature as that does: the place named differs.",
        ),
        Kind(
            "signature.too-large",
            "A part of the signature is larger than any honest one.",
            "Send a signature of the usual size: the header has four short members.",
            status=413,
        ),
        Kind(
            "signature.encoding",
            "A part of the signature is not in canonical base64.",
            "Encode it as RFC 4648 says: no character outside the alphabet, no loose bits, padding as in the format.",
            clause="4 and 5",
            source="RFC 4648",
        ),
        Kind(
            "signature.header",
            "The header of the signed statement is not exactly alg, typ, kid and iat.",
            "Send these four members, each once, and no other.",
            clause="4",
            source=JWS,
        ),
        Kind(
            "signature.wrong-type",
            "The signed statement is of another type than the one expected here.",
            "Send the statement that belongs here: its typ says what it is.",
            clause="4.1.9",
            source=JWS,
        ),
        Kind(
            "signature.algorithm",
            "The signature names an algorithm that is not the one of its key.",
            "Use ES256 (ECDSA on P-256 with SHA-256), or EdDSA in a JWS, as registered for the key.",
        ),
        Kind(
            "signature.unknown-key",
            "The key of the signature is not on the trust list.",
            "Sign with a key that is registered for the member, or have the operator add this key.",
        ),
        Kind(
            "signature.unknown-issuer",
            "The signer may not issue this document.",
            "Have it signed by the authority or carrier that the document names as its issuer.",
        ),
        Kind(
            "signature.wrong-purpose",
            "The key of the signature is registered for other purposes.",
            "Sign with a key that is registered for this purpose.",
        ),
        Kind(
            "signature.wrong-content",
            "The signature is over other content: the document was changed afterwards, or the signature is of another.",
            "Send the document as it was signed, or sign it again.",
            clause="3.2.1",
            source=XMLDSIG,
        ),
        Kind(
            "signature.invalid",
            "The signature does not match the key and the content.",
            "Send the document as it was signed, or sign it again with the key that it names.",
        ),
        Kind(
            "signature.certificate",
            "The signature does not bind the certificate that it carries.",
            "State the SHA-256 digest of the signer's certificate in SigningCertificateV2.",
            clause="5.2.2",
            source=XADES,
        ),
        Kind(
            "signature.expired-certificate",
            "The certificate of the signer has expired.",
            "Sign with a key whose certificate is valid today.",
            clause="4.1.2.5",
            source="RFC 5280",
        ),
        Kind(
            "signature.not-yet-valid",
            "The certificate of the signer is not valid yet.",
            "Sign with a key whose certificate is valid today.",
            clause="4.1.2.5",
            source="RFC 5280",
        ),
        Kind(
            "signature.withdrawn-key",
            "The key of the signature was withdrawn before this signature was made or seen.",
            "Sign with a key of the member that still holds, and ask the operator why this one was withdrawn.",
        ),
        Kind(
            "signature.distrusted-key",
            "The key of the signature was in other hands, and the signature is not proven to be older than that.",
            "Have the document issued again, with a key of the member that is trusted; ask the operator what happened.",
        ),
        Kind(
            "signature.weak-key",
            "The key is too weak to prove anything.",
            "Use a key on EC P-256, or RSA of 3072 to 8192 bits with the exponent 65537.",
            clause="part 1, table 2",
            source="NIST SP 800-57",
        ),
        Kind(
            "signature.subject",
            "The certificate of the signature is not issued to the subject that is registered for the member.",
            "Sign with a certificate of the registered subject, or have the operator register the subject anew.",
            clause="4.1.2.6",
            source="RFC 5280",
        ),
        Kind(
            "signature.usage",
            "The certificate of the signature is for another use than signing documents.",
            "Sign with a certificate for signatures (digitalSignature, documentSigning), not with that of a server.",
            clause="4.2.1.3, 4.2.1.9 and 4.2.1.12",
            source="RFC 5280",
        ),
        Kind(
            "signature.test-certificate",
            "The certificate of the signature is a test certificate, and this is no simulation.",
            "Sign with a real certificate: test keys are public, and prove nothing.",
        ),
        Kind(
            "signature.path",
            "No valid path leads from the certificate of the signature to the authority that is registered.",
            "Sign with a certificate of that authority, or have the operator register the one that issued this.",
            clause="6.1",
            source="RFC 5280",
        ),
        Kind(
            "signature.revoked-certificate",
            "The certificate of the signature was revoked by its authority before this signature was made or seen.",
            "Sign with a certificate that is not revoked, and ask the authority why this one is.",
            clause="5.3",
            source="RFC 5280",
        ),
        Kind(
            "signature.revocation-unknown",
            "Whether the certificate of the signature is revoked cannot be told: no revocation list covers this time.",
            "Load a newer list of the authority (`tb trust crl FILE`), or wait for it, and try again.",
            clause="6.3",
            source="RFC 5280",
            status=503,
        ),
        Kind(
            "signature.timestamp",
            "The timestamp in the signature is not one over it by an authority that is trusted.",
            "Sign with a timestamp of an authority of the trust list, or without one.",
            source="ETSI EN 319 132-1",
            clause="5.3",
        ),
        Kind(
            "signature.time-ahead",
            "The time of signing lies more than five minutes ahead.",
            "Set the clock of the signing system and sign again.",
        ),
        Kind(
            "receipt.malformed",
            "The signed statement does not have the members of its kind.",
            "Send the statement as it was signed.",
        ),
        Kind(
            "receipt.not-canonical",
            "The signed statement is not in canonical JSON.",
            "Write the payload as RFC 8785 says before it is signed.",
            clause="3.2",
            source="RFC 8785",
        ),
        Kind(
            "receipt.wrong-speaker",
            "The statement is signed by another member than the one it speaks for.",
            "Let the member that the statement names sign it.",
            status=403,
        ),
        Kind(
            "receipt.wrong-space",
            "The statement belongs to another space.",
            "Check it against the trust list of its own space.",
        ),
        Kind(
            "receipt.wrong-time",
            "The statement tells another time than its signature.",
            "Sign the statement at the time that it states.",
        ),
        Kind(
            "receipt.other-document",
            "The statement is about another document or message.",
            "Put the statement beside the document that it is about.",
        ),
        Kind(
            "log.note",
            "The checkpoint is not a signed note of the one form that is accepted.",
            "Fetch the checkpoint again: GET /v1/log/checkpoint.",
            source=NOTE,
        ),
        Kind(
            "log.checkpoint",
            "The text of the checkpoint is not origin, size and root.",
            "Fetch the checkpoint again: GET /v1/log/checkpoint.",
            source="C2SP tlog-checkpoint",
        ),
        Kind(
            "log.unknown-key",
            "The checkpoint carries no signature by the key of the log.",
            "Fetch the checkpoint of the log that the trust list names.",
            source=NOTE,
        ),
        Kind(
            "log.replaced-key",
            "The checkpoint is signed by a key of the log that was replaced, and is not proven to be older than that.",
            "Ask for the evidence again: the log signs its checkpoints with the key that it has now.",
            source=NOTE,
        ),
        Kind(
            "log.late",
            "The record tells a time long before anybody but the hub had seen it on the log.",
            "Ask the hub for the evidence again, with the first checkpoint over the acceptance; else ask its operator.",
            source=NOTE,
        ),
        Kind(
            "log.distrusted-key",
            "The checkpoint is by a key of the log that was in other hands, and is not proven to be older than that.",
            "Ask the hub's operator for evidence on a checkpoint by the key that the log has now.",
            source=NOTE,
        ),
        Kind(
            "log.invalid",
            "The signature of the log on its checkpoint is wrong.",
            "Keep this checkpoint as evidence and ask the operator: nobody but the log can sign for it.",
            source=NOTE,
        ),
        Kind(
            "log.wrong-origin",
            "The checkpoint is of another log.",
            "Fetch the checkpoint of the log that the trust list names.",
            source="C2SP tlog-checkpoint",
        ),
        Kind(
            "log.not-included",
            "The proof does not lead from this record to the root of the checkpoint.",
            "Ask for the evidence again; if it stays so, keep both as evidence against the log.",
            clause="2.1.3.2",
            source=MERKLE,
        ),
        Kind(
            "log.record",
            "The record of the log is not of the one form that is accepted, or tells of another message.",
            "Ask for the evidence again.",
        ),
        Kind(
            "log.waiting",
            "The record still waits for its place in the log.",
            "Ask for the evidence again: a record gets its place within a second.",
        ),
        Kind(
            "log.two-histories",
            "The log has shown two checkpoints that cannot both be true.",
            "Keep both notes, believe nothing that this log says from now on, and tell the operator and the witnesses.",
            clause="2.1.4",
            source=MERKLE,
        ),
        Kind(
            "log.too-few-witnesses",
            "Fewer witnesses than asked for have cosigned the checkpoint.",
            "Wait until they have (a few seconds), or ask the operator which witness does not answer and why.",
            source="C2SP tlog-cosignature",
        ),
        Kind(
            "log.future",
            "The record tells a time that has not come yet.",
            "Set the clock of this machine, or name the time to judge by.",
        ),
        Kind(
            "evidence.malformed",
            "The evidence does not follow tradebridge-evidence/1.",
            "Ask for the evidence again, or mend the member named by the pointer.",
        ),
        Kind(
            "evidence.changed",
            "The document is not the one that the hub accepted.",
            "Compare it with the bytes in the evidence, which are those that were accepted.",
        ),
        Kind(
            "evidence.no-receipt",
            "No genuine receipt of the hub tells what was accepted.",
            "Ask for the evidence again, or check it with the trust list of its hub.",
        ),
        Kind(
            "evidence.no-message",
            "A delivery note is about a message that the evidence does not hold.",
            "Ask for the evidence again.",
        ),
        Kind(
            "evidence.not-listed",
            "The hub does not say that these are all the messages about the document: what ended it may be missing.",
            "Ask the hub for the evidence again, or for a bundle, which it signs as a whole.",
        ),
        Kind(
            "evidence.incomplete",
            "The evidence is not what the hub listed with it: messages are missing or added, or another day's.",
            "Ask the hub for the evidence again, and keep this one: somebody has changed it.",
        ),
        Kind(
            "evidence.unreadable",
            "The document cannot be read by its profile, so it does not say who had to sign it.",
            "Use a version of Tradebridge that knows the profile.",
        ),
        Kind(
            "evidence.cancelled",
            "The document has been cancelled.",
            "Ask its issuer for the document that takes its place.",
        ),
        Kind(
            "evidence.replaced",
            "Another document stands in the place of this one.",
            "Ask its issuer, or the hub, for the document that takes its place.",
        ),
        Kind(
            "evidence.expired",
            "The validity of the document has ended.",
            "What was drawn on it in time stands; for anything later ask its issuer.",
        ),
        Kind(
            "evidence.title-ended",
            "The title of the bill of lading has ended.",
            "Nothing more can be done with it: the carrier has delivered, amended it, or issued paper in its place.",
        ),
        Kind(
            "evidence.title-elsewhere",
            "The title of the bill of lading is on another platform: whether it was ended there is not on this record.",
            "Ask the platform that it went to, or the registry that its chain names.",
        ),
        Kind(
            "evidence.undated",
            "The hub says that this is all, by a key that was withdrawn since, and nothing dates that word before.",
            "Ask the hub again: a key of today signs it. A hub with a timestamp authority dates its bundles.",
        ),
        Kind(
            "bundle.unvouched",
            "Nobody vouches for the page and the renditions in the bundle: whoever has its key can have written them.",
            "Go by the document and its proofs alone, or ask the hub for the bundle again.",
        ),
        Kind(
            "evidence.wrong-event",
            "An event in the evidence is not genuine, or does not follow from the ones before it.",
            "Ask for the evidence again: what became of the document cannot be told from this one.",
        ),
        Kind(
            "evidence.no-history",
            "Nothing here tells what became of the document since it was signed.",
            "Ask the hub that it went through (`tb verify FILE --url HUB`), or ask for its evidence bundle.",
        ),
        Kind(
            "evidence.no-proof",
            "Nothing here proves that the document is on the public record.",
            "Ask for its evidence bundle: `tb evidence get NUMBER`.",
        ),
        Kind(
            "evidence.not-known",
            "The hub has no such document on its record.",
            "Ask the hub that the document went through; ask who gave it to you which that is.",
        ),
        Kind(
            "evidence.hub-silent",
            "The hub could not be asked.",
            "Ask again when the hub can be reached, or check the evidence bundle, which needs no hub.",
        ),
        Kind(
            "evidence.unknown-file",
            "The file is none of those that can be checked.",
            "Give a bundle (.asice), evidence in JSON, a signed document in XML or as JWS, or a PDF that the hub drew.",
        ),
        Kind(
            "evidence.nothing-inside",
            "The PDF holds no signed document, only its picture.",
            "Draw it again: the hub's PDF of a document has the document inside. Prints and scans have lost it.",
        ),
        Kind(
            "evidence.report-unsigned",
            "The report of a conformance run has no statement of the kit that signs it.",
            "Put report.jws beside it as the kit wrote both, or give evidence.zip, which has all of it inside.",
        ),
        Kind(
            "evidence.report-changed",
            "The report of a conformance run is not as the kit signed it.",
            "Ask who gave it to you for evidence.zip as the kit wrote it; do not rely on this one.",
        ),
        Kind(
            "evidence.several-inside",
            "The PDF holds more than one document.",
            "Save the attachment that counts to a file, and check that.",
        ),
        Kind(
            "evidence.paper",
            "A print cannot be compared from here; what the hub has is as it was accepted.",
            "Compare the paper with what the hub's page shows of the document: its address stands on the paper.",
        ),
        Kind(
            "evidence.page-not-signed",
            "The document inside the PDF is as it was signed; the page around it is signed by nobody.",
            "Compare the page with the document inside, or check the document as a file of its own.",
        ),
        Kind(
            "bundle.archive",
            "The bundle is not a ZIP archive of the one shape that is read.",
            "Use the bundle as the hub gave it, or fetch it again: `tb evidence get`.",
            clause="Annex A",
            source=ASIC,
        ),
        Kind(
            "bundle.changed",
            "A file of the bundle is not the one that was put in.",
            "Use the bundle as the hub gave it, or fetch it again: `tb evidence get`.",
            source=ASIC,
        ),
        Kind(
            "bundle.backdated",
            "The bundle states that it was signed before what it holds was on the record.",
            "Fetch it again: `tb evidence get`. Keep this one: its key has vouched for what it cannot have seen.",
            source=ASIC,
        ),
        Kind(
            "bundle.incomplete",
            "The bundle lacks a file, or its manifest tells of others than are there.",
            "Use the bundle as the hub gave it, or fetch it again: `tb evidence get`.",
            clause="Annex A",
            source=ASIC,
        ),
        Kind(
            "bundle.unsigned-file",
            "The bundle has a file that its signature does not cover.",
            "Use the bundle as the hub gave it, or fetch it again: `tb evidence get`.",
            clause="Annex A",
            source=ASIC,
        ),
        Kind(
            "bundle.too-large",
            "The bundle, or an entry of it, is larger than any honest one.",
            "Use the bundle as the hub gave it, or fetch it again: `tb evidence get`.",
            status=413,
        ),
        Kind(
            "timestamp.invalid",
            "The timestamp is not one over these bytes by an authority that is believed.",
            "Ask for the evidence again, or give the root of the timestamp authority that made it.",
            clause="2.3 and 2.4",
            source="RFC 3161",
        ),
        Kind(
            "trust.malformed",
            "The trust list does not follow tradebridge-trust/1.",
            "Fetch the list again (GET /v1/trust), or mend the member named by the pointer.",
        ),
        Kind(
            "trust.stale-status",
            "The status of the keys is too old: what was withdrawn since cannot be told from it.",
            "Fetch the status anew (GET /v1/trust/status, `tb trust export --status`), or name the time to judge by.",
        ),
        Kind(
            "trust.wrong-status",
            "The status of the keys is not of the one form that is accepted, or of another hub or time.",
            "Fetch the status anew (GET /v1/trust/status) from the hub of this trust list.",
        ),
        Kind(
            "trust.broken-chain",
            "A version of the trust list does not follow from the one before it.",
            "Fetch the versions again (`tb trust export`); if it stays so, keep both as evidence and ask the operator.",
        ),
        Kind(
            "trust.not-recorded",
            "The record that comes with the trust list is not of one of its versions.",
            "Keep the file: one history was told to you and another put on the record. Ask others for theirs.",
        ),
        Kind(
            "trust.revocation-list",
            "The revocation list cannot be used.",
            "Give a complete, direct list of an authority that is registered, newer than the one known, in DER or PEM.",
            clause="5",
            source="RFC 5280",
        ),
        Kind(
            "trust.key-twice",
            "The trust list has the same key or member twice.",
            "Remove one of the two entries: a key belongs to one member and has one certificate.",
        ),
        Kind(
            "audit.malformed",
            "The export of the record is not in the form tradebridge-audit/1.",
            "Export it again: `tb audit export -o FILE`. If it comes out the same, tell the operator.",
        ),
        Kind(
            "audit.missing-leaf",
            "The export leaves out an entry of the log, or has one twice.",
            "Ask for the whole range again. An entry may be hidden by retention; it is never left out.",
            clause="2.1.1",
            source=MERKLE,
        ),
        Kind(
            "audit.not-opened",
            "Record and salt do not open the entry that the log has.",
            "Keep the export: what it says of this entry is not what was put on the record.",
            clause="2.1.1",
            source=MERKLE,
        ),
        Kind(
            "audit.details-changed",
            "The details are not those that the record commits to.",
            "Keep the export: the details of this entry were changed after they were recorded.",
        ),
        Kind(
            "audit.root",
            "The entries of the export do not make up the tree that the checkpoint signs.",
            "Keep the export and its checkpoint: together they show that an entry was changed, added or taken out.",
            clause="2.1.1",
            source=MERKLE,
        ),
        Kind(
            "audit.cut-off",
            "The export ends before its end.",
            "Export it again: the connection broke, or the file was cut.",
        ),
        Kind(
            "audit.hidden",
            "An entry is hidden, and no retention record in the export accounts for it.",
            "Export again in a minute: it may be younger than the checkpoint. If it stays so, ask the operator why.",
        ),
        Kind(
            "audit.withheld",
            "Details or an event are left out, and no retention record in the export accounts for that.",
            "Export again in a minute: it may be younger than the checkpoint. If it stays so, ask the operator why.",
        ),
        Kind(
            "audit.trust-version",
            "A version of the trust list on the record does not follow the one before it, or is not the one given.",
            "Keep the export and the list: one history was told to you and another put on the record.",
        ),
        Kind(
            "audit.trust-missing",
            "A version of the trust list does not stand on the record.",
            "Export again in a minute: it may be younger than the checkpoint. If it stays so, ask the operator why.",
        ),
        Kind(
            "audit.time-fell",
            "An entry tells an earlier time than an entry before it.",
            "Ask the operator whether a clock was set back then. If not, the entry was dated back.",
        ),
        Kind(
            "audit.event-twice",
            "An event stands on the record a second time.",
            "Count it once: the first is the one that counts. Ask the operator why there is a second.",
        ),
    ]
)


def malformed(code: str, error: "ValidationError") -> Finding:
    """The first member that a form refuses."""
    first = error.errors(include_url=False)[0]
    pointer = "".join(f"/{part}" for part in first["loc"])
    return finding(code, pointer, found=str(first.get("input", ""))[:200], expected=first["msg"])
