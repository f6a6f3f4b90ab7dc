"""What an eBL platform refuses beside what is wrong with a title, an envelope or a request in itself."""

import schemas.refusals  # noqa: F401  # registers the codes of requests
from schemas.findings import Fidelity, Kind, register

PINT = "DCSA PINT 3.0.0"
ISS = "DCSA EBL Issuance 3.0.4"


def _ours(code: str, sentence: str, fix: str, status: int) -> Kind:
    return Kind(code, sentence, fix, status=status)


register(
    [
        _ours(
            "title.unknown",
            "This platform has no title of this reference.",
            "Check the reference: it is the transportDocumentReference.",
            404,
        ),
        _ours(
            "title.several-carriers",
            "Several carriers have given a bill of lading this number.",
            "Say whose is meant: ?carrierCode=CODE.",
            409,
        ),
        _ours(
            "title.elsewhere",
            "The title is not on this platform.",
            "Act where it is: the title's last transaction says on which platform its possessor is.",
            409,
        ),
        _ours(
            "title.under-way",
            "The title is under way to another platform: nothing else can be done with it until that has an outcome.",
            "Wait for the transfer, which is asked about again by itself; with a registry it can be cancelled.",
            409,
        ),
        _ours(
            "title.not-by-users",
            "This is no action of a user of the platform.",
            "ISSUE, SACC and SREJ come from the carrier: by issuance request and by surrender response.",
            422,
        ),
        _ours(
            "title.unknown-party",
            "The platform has no active account that the codes of this party lead to.",
            "Check the identifying codes: POST /pint/v3/receiver-validation says who a code is.",
            422,
        ),
        _ours(
            "title.unknown-platform",
            "The party is on a platform that this one is not connected with.",
            "Check the party's eblPlatform, or add that platform to the peers.",
            422,
        ),
        _ours(
            "title.no-such-file",
            "The platform has no file of this checksum for the title.",
            "Upload it first: PUT /v1/titles/{reference}/files.",
            422,
        ),
        _ours("title.file-too-large", "The file is larger than the platform takes.", "Send a smaller file.", 413),
        _ours(
            "pint.unknown-transfer",
            "There is no transfer of this id.",
            "Take the id that the action answered with, or read the title.",
            404,
        ),
        _ours(
            "pint.not-to-be-cancelled",
            "The transfer cannot be cancelled: the receiver has not signed that it will refuse it.",
            "Wait, and ask again. With a control tracking registry a title is called back without the receiver.",
            409,
        ),
        _ours(
            "pint.settled",
            "The transfer has its outcome already.",
            "Read the transfer: its state says which.",
            409,
        ),
        _ours(
            "pint.unknown-token",
            "Who asks is not known to this platform.",
            "Send `Authorization: Bearer` with the token that this platform gave you.",
            401,
        ),
        _ours(
            "pint.wrong-role",
            "Who asks may not ask this.",
            "Envelopes come from platforms, issuance requests and surrender responses from carriers.",
            403,
        ),
        Kind(
            "pint.not-the-sender",
            "The last entry of the chain is of another platform than the one that sends it.",
            "Let the platform of the last entry send the envelope. Nothing is said of the entry itself.",
            clause="EnvelopeTransferChainEntry.eblPlatform",
            source=PINT,
            fidelity=Fidelity.MODELLED,
            status=403,
        ),
        _ours(
            "pint.unknown-envelope",
            "The platform knows no envelope of this reference from who asks.",
            "Start the envelope transfer: the answer has its reference.",
            404,
        ),
        _ours(
            "pint.too-large",
            "An additional document is larger than the platform takes.",
            "Leave it out, or send it by other means.",
            413,
        ),
        _ours(
            "pint.too-many-refused",
            "The envelope is refused, and the platform keeps no more refusals of its sender.",
            "Nothing is decided. Send no envelopes that must be refused; ask the platform what to do with this one.",
            429,
        ),
        _ours(
            "pint.too-many-unfinished",
            "So many envelopes of this platform wait for the word of a registry that no other is begun.",
            "Nothing is decided. Offer in the registry what you send, then send this one again.",
            429,
        ),
        _ours(
            "pint.too-many-notices",
            "The platform has taken more notices about this title from its sender than any trade has.",
            "Send the title itself: a notice moves nothing.",
            429,
        ),
        _ours(
            "pint.not-base64",
            "The additional document is no JSON string of Base64.",
            "Send one JSON string with the Base64 of the file, as application/json.",
            400,
        ),
        _ours(
            "pint.registry-silent",
            "The control tracking registry of the title did not answer.",
            "Send the envelope again later: nothing is decided.",
            503,
        ),
        _ours(
            "pint.busy",
            "The title changes faster than the envelope can be judged.",
            "Send the envelope again: nothing is decided.",
            503,
        ),
        Kind(
            "pint.unknown-receiver",
            "No account of this platform is meant by the party code.",
            "Check the code with the party. Why nobody is meant is not told (PINT, receiver-validation).",
            clause="POST /v3/receiver-validation, 404",
            source=PINT,
            fidelity=Fidelity.EXACT,
            status=404,
        ),
        Kind(
            "pint.not-in-registry",
            "The control tracking registry has not recorded the transfer to this platform.",
            "Offer it in the registry first. A transfer that was cancelled there needs a new chain entry.",
            clause="EnvelopeTransferChainEntry.controlTrackingRegistry",
            source=PINT,
            fidelity=Fidelity.EXACT,
        ),
        Kind(
            "issuance.reference-used",
            "The issuance of this transport document was requested before, and is pending or done.",
            "Wait for the issuance response. An amended bill comes under another reference or sub-reference.",
            clause="PUT /v3/ebl-issuance-requests, 409",
            source=ISS,
            fidelity=Fidelity.EXACT,
            status=409,
        ),
        Kind(
            "issuance.other-carrier",
            "The transport document is of another carrier than the one that asks.",
            "Send it with the token of the carrier whose carrierCode it has.",
            source=ISS,
            status=403,
        ),
    ]
)
