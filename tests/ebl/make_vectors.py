"""Writes the vectors of PINT: `python -P -m tests.ebl.make_vectors` from the root of the project.

Each is one envelope, or one answer, with one fault that its name tells, and what must be said of it. The files are what
counts: `test_vectors.py` reads them and nothing here. They are the same bytes on each run, but for those signed by
PS256, which are written once and left alone afterwards.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from schemas.bill_of_lading.pint import Outcome, checksum, signed_checksum, to_json, written
from tests.ebl.cast import (
    BANK,
    BEGIN,
    BUYER,
    CARRIER,
    CARRIER_CODE,
    EXPORTER,
    FORWARDER,
    ISSUE,
    NOW,
    PACKING_LIST_METADATA,
    PLATFORMS,
    RENDERING_METADATA,
    VECTORS,
    act,
    begun,
    continued,
    document,
    envelope,
    issuance,
    key,
    party,
    rsa_key,
    transferred,
)
from tradebridge.ebl.chain import follow
from tradebridge.ebl.envelope import answer
from tradebridge.ebl.seal import Key, peek, seal, thumbprint
from tradebridge.evidence.simulation import test_signer

DOCUMENT = document("blank")
CHAIN = transferred(DOCUMENT)
REGISTRY = "https://registry.example/ctr/v1"
Vector = dict[str, Any]
ENVELOPES: dict[str, Vector] = {}
ANSWERS: dict[str, Vector] = {}
EXPIRED = test_signer("pint-vectors", "MEKO", "expired", BEGIN - timedelta(days=400), BEGIN - timedelta(days=35))
REVOKED = key("MEKO", "revoked")


def vector(
    name: str, what: str, body: Any, outcome: Outcome | None, *findings: tuple[str, str], known: Any = None, **more: Any
) -> None:
    """One envelope that comes to FUJI from MEKO."""
    ENVELOPES[name] = {
        "what": what,
        "me": more.pop("me", "FUJI"),
        "sender": more.pop("sender", "MEKO"),
        "at": written(more.pop("at", NOW)),
        "known": known or {},
        "envelope": body,
        "expected": {"outcome": outcome and outcome.value, "findings": [list(each) for each in findings], **more},
    }


def entry(previous: list[str], by: str = "MEKO", signer: Key | None = None, **members: Any) -> list[str]:
    """The chain with an entry whose members are changed; None takes one out."""
    payload = peek(continued(DOCUMENT, previous, by, act("TRANSFER", FORWARDER, BUYER, 2))[-1])
    assert isinstance(payload, dict)
    changed = {name: value for name, value in (payload | members).items() if value is not None}
    return [*previous, seal(changed, signer or key(by))]


def sent(signed: list[str], **more: Any) -> dict[str, Any]:
    return envelope(more.pop("document", DOCUMENT), signed, more.pop("sender", "MEKO"), **more)


def manifest(body: dict[str, Any], by: Key | None = None, **members: Any) -> dict[str, Any]:
    """The envelope with a manifest whose members are changed, signed again."""
    payload = peek(body["envelopeManifestSignedContent"])
    assert isinstance(payload, dict)
    changed = {name: value for name, value in (payload | members).items() if value is not None}
    return body | {"envelopeManifestSignedContent": seal(changed, by or key("MEKO"))}


def tampered(compact: str) -> str:
    """Another signature of the same length."""
    head, payload, signature = compact.split(".")
    return f"{head}.{payload}.{signature[:-8]}{'A' * 7}{signature[-1]}"


FIRST = CHAIN[:1]
WHOLE = sent(CHAIN)
LAST = len(CHAIN) - 1
ACCEPTED = {"settled": [{"outcome": "RECE", "signed": CHAIN[-1], "received": []}], "chain": CHAIN, "at": "here"}
ACCEPTED |= {"documentChecksum": checksum(DOCUMENT)}
SALTED = frozenset({"rece-ps256"})
"""Signed by PS256: other bytes each time."""
PREVIOUS = "previousEnvelopeTransferChainEntrySignedContentChecksum"


# --- Accepted --------------------------------------------------------------------------------------------------------


def good() -> None:
    vector("transfer", "A transfer without additional documents.", WHOLE, Outcome.RECE)
    vector(
        "transfer-two-documents",
        "A transfer with two additional documents, none of which is there.",
        sent(_rendered(), visualisation=RENDERING_METADATA, supporting=[PACKING_LIST_METADATA]),
        None,
        missing=[RENDERING_METADATA.document_checksum, PACKING_LIST_METADATA.document_checksum],
    )
    vector(
        "transfer-documents-there",
        "A transfer with an additional document that is there already.",
        sent(CHAIN, supporting=[PACKING_LIST_METADATA]),
        Outcome.RECE,
        known={"documents": [PACKING_LIST_METADATA.document_checksum]},
    )
    vector(
        "transfer-back",
        "The title comes back to a platform that it left.",
        sent(CHAIN),
        Outcome.RECE,
        known={"chain": FIRST, "at": "away", "documentChecksum": checksum(DOCUMENT)},
    )
    body = envelope(DOCUMENT, begun(DOCUMENT, act("ENDORSE_TO_ORDER", EXPORTER, BUYER, 1)), "STRA")
    vector("notice-of-endorsement", "An endorsement to a party here: a notice.", body, Outcome.RECE, sender="STRA")
    ENVELOPES["notice-of-endorsement"]["expected"]["purpose"] = "notice"
    surrendered = continued(DOCUMENT, CHAIN, "FUJI", act("SURRENDER_FOR_DELIVERY", BUYER, CARRIER, 3))
    body = envelope(DOCUMENT, surrendered, "FUJI")
    vector("surrender", "A surrender to the carrier.", body, Outcome.RECE, me="STRA", sender="FUJI")
    accepted = continued(DOCUMENT, surrendered, "STRA", act("SACC", CARRIER, BUYER, 4))
    body = envelope(DOCUMENT, accepted, "STRA")
    vector("notice-of-surrender-accepted", "The carrier accepts.", body, Outcome.RECE, sender="STRA", purpose="notice")
    rejected = continued(DOCUMENT, surrendered, "STRA", act("SREJ", CARRIER, BUYER, 4))
    vector(
        "surrender-rejected", "The carrier rejects.", envelope(DOCUMENT, rejected, "STRA"), Outcome.RECE, sender="STRA"
    )
    amended = document("blank", transportDocumentSubReference="Version_2")
    body = envelope(amended, transferred(amended), "MEKO")
    known = {"chain": CHAIN, "at": "ended", "status": "void", "documentChecksum": checksum(DOCUMENT)}
    vector("amended-title", "The title issued in the place of one that is void here.", body, Outcome.RECE, known=known)
    unrecorded = continued(DOCUMENT, begun(DOCUMENT), "STRA", act("TRANSFER", BANK, BUYER, 1))
    body = envelope(DOCUMENT, unrecorded, "STRA")
    vector("transfer-within-unrecorded", "Possession moved on STRA, unrecorded.", body, Outcome.RECE, sender="STRA")
    issued = begun(DOCUMENT, registry=REGISTRY)
    registered = continued(DOCUMENT, issued, "STRA", act("TRANSFER", EXPORTER, BUYER, 1))
    body = envelope(DOCUMENT, registered, "STRA")
    vector(
        "registry", "The chain names a registry.", body, Outcome.RECE, sender="STRA", known={"registries": [REGISTRY]}
    )


def _rendered() -> list[str]:
    first = begun(DOCUMENT, act("TRANSFER", EXPORTER, FORWARDER, 1), visualisation=RENDERING_METADATA)
    transaction = act("TRANSFER", FORWARDER, BUYER, 2)
    return [*first, follow(first, [transaction], key("MEKO"), "MEKO", checksum(DOCUMENT), RENDERING_METADATA)]


# --- DUPE ------------------------------------------------------------------------------------------------------------


def duplicates() -> None:
    duplicate = ("pint.duplicate", "")
    vector("retry", "The same envelope once more.", WHOLE, Outcome.DUPE, duplicate, known=ACCEPTED)
    body = manifest(WHOLE, key("MEKO", "next"))
    vector(
        "retry-manifest-signed-again",
        "The manifest signed by the new key.",
        body,
        Outcome.DUPE,
        duplicate,
        known=ACCEPTED,
    )
    again = [*FIRST, seal(_payload(CHAIN[-1]), key("MEKO", "next"))]
    vector(
        "retry-entry-signed-again",
        "The entry signed by the new key.",
        sent(again),
        Outcome.DUPE,
        duplicate,
        known=ACCEPTED,
    )
    body = WHOLE | {"envelopeManifestSignedContent": tampered(WHOLE["envelopeManifestSignedContent"])}
    vector(
        "retry-manifest-broken", "Accepted before; the copy is broken.", body, Outcome.DUPE, duplicate, known=ACCEPTED
    )
    late = NOW + timedelta(days=365)
    vector("replay-a-year-later", "The envelope a year later.", WHOLE, Outcome.DUPE, duplicate, known=ACCEPTED, at=late)


def _payload(compact: str) -> dict[str, Any]:
    payload = peek(compact)
    assert isinstance(payload, dict)
    return payload


# --- BSIG ------------------------------------------------------------------------------------------------------------


def signatures() -> None:
    bad, where = "pint.bad-signature", f"/envelopeTransferChain/{LAST}"
    broken = WHOLE | {"envelopeManifestSignedContent": tampered(WHOLE["envelopeManifestSignedContent"])}
    vector("manifest-signature-broken", "The manifest's signature is wrong.", broken, Outcome.BSIG, (bad, MANIFEST))
    body = sent(entry(FIRST, signer=key("FUJI")), by=key("MEKO"))
    vector("last-entry-foreign-key", "The last entry is signed by another platform.", body, Outcome.BSIG, (bad, where))
    body = manifest(WHOLE, key("STRA"))
    vector("manifest-foreign-key", "The manifest is signed by another platform.", body, Outcome.BSIG, (bad, MANIFEST))
    first = begun(DOCUMENT, act("TRANSFER", EXPORTER, FORWARDER, 1), by=key("MEKO"))
    body = sent(entry(first))
    vector(
        "first-entry-forged", "MEKO forged the entry of STRA.", body, Outcome.BSIG, (bad, "/envelopeTransferChain/0")
    )
    manifest_of_another = issuance(DOCUMENT, by=key("MEKO"))
    first = begun(DOCUMENT, act("TRANSFER", EXPORTER, FORWARDER, 1), manifest=manifest_of_another)
    where_issued = "/envelopeTransferChain/0/issuanceManifestSignedContent"
    vector(
        "issuance-manifest-forged",
        "MEKO signed for the carrier.",
        sent(entry(first)),
        Outcome.BSIG,
        (bad, where_issued),
    )
    for name, signer, code in (
        ("last-entry-revoked-key", REVOKED, "pint.revoked-certificate"),
        ("last-entry-expired-key", EXPIRED, "pint.expired-certificate"),
    ):
        body = sent(entry(FIRST, signer=signer))
        vector(name, "The certificate of the last entry counts no more.", body, Outcome.BSIG, (code, where))
    unknown = continued(DOCUMENT, FIRST, "MEKO", act("TRANSFER", FORWARDER, BUYER, 2), by=key("NOBO"))
    payload = _payload(unknown[-1]) | {"eblPlatform": "NOBO"}
    body = envelope(DOCUMENT, [*FIRST, seal(payload, key("NOBO"))], "NOBO")
    found = [("pint.unknown-signer", MANIFEST), ("pint.unknown-signer", where)]
    vector("unknown-platform", "Nobody knows the platform.", body, Outcome.BSIG, *found, sender="NOBO")
    other = document("blank", carrierCode="XXXX")
    body = envelope(other, transferred(other), "MEKO")
    vector("unknown-carrier", "Nobody knows the carrier.", body, Outcome.BSIG, ("pint.unknown-signer", where_issued))
    vector(
        "wrong-sender",
        "MEKO's envelope comes from STRA.",
        WHOLE,
        Outcome.BSIG,
        ("pint.wrong-sender", where),
        sender="STRA",
    )
    body = manifest(WHOLE, lastEnvelopeTransferChainEntrySignedContentChecksum="0" * 64)
    place = f"{MANIFEST}/lastEnvelopeTransferChainEntrySignedContentChecksum"
    vector(
        "manifest-of-another-entry",
        "The checksum of the entry is wrong.",
        body,
        Outcome.BSIG,
        ("pint.manifest-of-another", place),
    )
    body = WHOLE | {"transportDocument": DOCUMENT | {"vesselName": "SIM OTHER"}}
    place = f"{MANIFEST}/transportDocumentChecksum"
    vector(
        "document-corrupted",
        "The document was changed on the way.",
        body,
        Outcome.BSIG,
        ("pint.document-of-another", place),
    )
    found = [("pint.not-jws", where)]
    body = WHOLE | {"envelopeTransferChain": [CHAIN[0], "gar.ba.ge"]}
    vector("last-entry-garbage", "The last entry is no JWS.", body, Outcome.BSIG, *found)
    body = {name: value for name, value in WHOLE.items() if name != "transportDocument"}
    vector("document-missing", "No document.", body, Outcome.BSIG, ("lading.member-missing", "/transportDocument"))
    header = "eyJhbGciOiJub25lIn0"
    unsigned = ".".join([header, CHAIN[-1].split(".")[1], CHAIN[-1].split(".")[2]])
    body = sent([*FIRST, unsigned])
    vector("last-entry-alg-none", "The algorithm is none.", body, Outcome.BSIG, ("pint.algorithm", where))


MANIFEST = "/envelopeManifestSignedContent"


# --- BENV ------------------------------------------------------------------------------------------------------------


def envelopes() -> None:
    benv, place = Outcome.BENV, f"/envelopeTransferChain/{LAST}"
    wrong = entry(FIRST, transactions=[to_json(act("TRANSFER", FORWARDER, BANK, 2))])
    where = f"{place}/transactions/0/recipient"
    vector("wrong-platform", "To STRA.", sent(wrong), benv, ("pint.wrong-platform", f"{where}/eblPlatform"))
    stranger = party("Nobody here", "SIM-NOBODY", "FUJI")
    unknown = entry(FIRST, transactions=[to_json(act("TRANSFER", FORWARDER, stranger, 2))])
    vector("unknown-recipient", "To nobody.", sent(unknown), benv, ("pint.unknown-recipient", where))
    middle = continued(DOCUMENT, FIRST, "MEKO", act("SIGN", FORWARDER, None, 2))
    whole = continued(DOCUMENT, middle, "MEKO", act("TRANSFER", FORWARDER, BUYER, 3))
    gap = ("pint.chain-gap", f"{place}/{PREVIOUS}")
    vector("entry-dropped", "An entry in the middle is missing.", sent([whole[0], whole[2]]), benv, gap)
    swapped = sent([whole[0], whole[2], whole[1]])
    found = [("pint.chain-gap", f"/envelopeTransferChain/{at}/{PREVIOUS}") for at in (1, 2)]
    found.append(("title.not-the-possessor", "/envelopeTransferChain/2/transactions/0/actor"))
    vector("entries-swapped", "Two entries are swapped.", swapped, benv, *found)
    doubled = sent([whole[0], whole[1], whole[1]])
    vector(
        "entry-doubled",
        "An entry stands twice.",
        doubled,
        benv,
        ("pint.chain-gap", f"/envelopeTransferChain/2/{PREVIOUS}"),
    )
    one = continued(DOCUMENT, FIRST, "MEKO", act("TRANSFER", FORWARDER, BUYER, 2))
    other = continued(DOCUMENT, FIRST, "MEKO", act("SIGN", FORWARDER, None, 2))
    two = sent([FIRST[0], other[1], one[1]])
    vector(
        "two-entries-for-one-position",
        "Two entries follow the first.",
        two,
        benv,
        ("pint.chain-gap", f"/envelopeTransferChain/2/{PREVIOUS}"),
    )
    body = sent(entry(FIRST, previousEnvelopeTransferChainEntrySignedContentChecksum=None))
    vector("previous-missing", "The last entry names none before it.", body, benv, gap)
    found = [("pint.other-document", f"{place}/transportDocumentChecksum")]
    vector(
        "entry-of-another-document",
        "The last entry is of another document.",
        sent(entry(FIRST, transportDocumentChecksum="0" * 64)),
        benv,
        *found,
    )
    vector(
        "registry-in-a-later-entry",
        "A registry, late.",
        sent(entry(FIRST, controlTrackingRegistry=REGISTRY)),
        benv,
        ("pint.registry-late", f"{place}/controlTrackingRegistry"),
    )
    registered = continued(DOCUMENT, begun(DOCUMENT, registry=REGISTRY), "STRA", act("TRANSFER", EXPORTER, BUYER, 1))
    vector(
        "registry-unknown",
        "A registry that FUJI cannot ask.",
        envelope(DOCUMENT, registered, "STRA"),
        benv,
        ("pint.unknown-registry", "/envelopeTransferChain/0/controlTrackingRegistry"),
        sender="STRA",
        known={"registries": []},
    )
    _visualisations(place)
    _titles(place)
    vector(
        "dead-entry",
        "The entry was refused before.",
        WHOLE,
        benv,
        ("pint.dead-entry", ""),
        known={"settled": [{"outcome": "BENV", "signed": CHAIN[-1]}]},
    )
    body = sent(entry(FIRST, transactions=[]))
    vector("no-transaction", "An entry without transactions.", body, benv, ("lading.too-few", f"{place}/transactions"))
    action = to_json(act("TRANSFER", FORWARDER, BUYER, 2)) | {"actionCode": "GIVE"}
    body = sent(entry(FIRST, transactions=[action]))
    vector(
        "unknown-action",
        "An action that PINT does not know.",
        body,
        benv,
        ("lading.not-in-enum", f"{place}/transactions/0/actionCode"),
    )
    body = manifest(WHOLE, supportingDocuments=[{"name": "x"}])
    found = [
        ("lading.member-missing", f"{MANIFEST}/supportingDocuments/0/{name}")
        for name in ("size", "mediaType", "documentChecksum")
    ]
    vector("manifest-misshapen", "A supporting document without a checksum.", body, benv, *found)


def _visualisations(place: str) -> None:
    differs = "pint.visualisation-differs"
    where = f"{MANIFEST}/eBLVisualisationByCarrier"
    vector(
        "visualisation-left-out",
        "The carrier's rendering is not sent on.",
        sent(_rendered()),
        Outcome.BENV,
        (differs, where),
    )
    other = RENDERING_METADATA.model_copy(update={"document_checksum": "0" * 64})
    body = sent(_rendered(), visualisation=other)
    vector(
        "visualisation-of-the-manifest-differs",
        "Another rendering in the manifest.",
        body,
        Outcome.BENV,
        (differs, where),
    )
    first = begun(DOCUMENT, act("TRANSFER", EXPORTER, FORWARDER, 1), visualisation=RENDERING_METADATA)
    changed = entry(first, eBLVisualisationByCarrier=to_json(other))
    body = sent(changed, visualisation=RENDERING_METADATA)
    vector(
        "visualisation-of-an-entry-differs",
        "Another rendering in an entry.",
        body,
        Outcome.BENV,
        (differs, f"{place}/eBLVisualisationByCarrier"),
    )
    body = sent(CHAIN, visualisation=RENDERING_METADATA)
    vector(
        "visualisation-not-the-carriers",
        "A rendering that the carrier did not sign for.",
        body,
        Outcome.BENV,
        (differs, where),
    )
    unsigned = issuance(DOCUMENT)
    first = begun(
        DOCUMENT, act("TRANSFER", EXPORTER, FORWARDER, 1), visualisation=RENDERING_METADATA, manifest=unsigned
    )
    chain = [
        *first,
        follow(
            first, [act("TRANSFER", FORWARDER, BUYER, 2)], key("MEKO"), "MEKO", checksum(DOCUMENT), RENDERING_METADATA
        ),
    ]
    body = sent(chain, visualisation=RENDERING_METADATA)
    found = "/envelopeTransferChain/0/issuanceManifestSignedContent/eBLVisualisationByCarrierChecksum"
    vector(
        "visualisation-not-in-the-issuance",
        "The carrier's manifest names no rendering.",
        body,
        Outcome.BENV,
        (differs, found),
    )


def _titles(place: str) -> None:
    first = f"{place}/transactions/0"
    thief = act("TRANSFER", FORWARDER, BUYER, 2)
    body = sent(continued(DOCUMENT, begun(DOCUMENT), "MEKO", thief))
    vector(
        "not-the-possessor",
        "MEKO transfers what STRA has.",
        body,
        Outcome.BENV,
        ("title.not-the-possessor", f"{first}/actor"),
    )
    body = sent(entry(FIRST, transactions=[to_json(act("TRANSFER", EXPORTER, BUYER, 2))]))
    vector(
        "actor-elsewhere",
        "MEKO signs for a party of STRA.",
        body,
        Outcome.BENV,
        ("pint.actor-elsewhere", f"{first}/actor/eblPlatform"),
    )
    body = sent(entry(FIRST, transactions=[to_json(ISSUE.model_copy(update={"actor": FORWARDER})), to_json(thief)]))
    vector("issue-twice", "ISSUE stands twice.", body, Outcome.BENV, ("title.issue-not-first", f"{first}/actionCode"))
    later = [_payload(begun(DOCUMENT)[0]) | {"transactions": [to_json(act("SIGN", EXPORTER)), to_json(ISSUE)]}]
    chain = [seal(later[0], key("STRA"))]
    body = envelope(DOCUMENT, chain, "STRA")
    found = "/envelopeTransferChain/0/transactions/0/actionCode"
    vector(
        "issue-not-first", "ISSUE is the second.", body, Outcome.BENV, ("title.issue-not-first", found), sender="STRA"
    )
    surrender = act("SURRENDER_FOR_DELIVERY", FORWARDER, BUYER, 2)
    body = sent(entry(FIRST, transactions=[to_json(surrender)]))
    vector(
        "surrender-not-to-the-carrier",
        "A surrender to the buyer.",
        body,
        Outcome.BENV,
        ("title.surrender-not-to-carrier", f"{first}/recipient"),
    )
    ended = begun(DOCUMENT, act("SURRENDER_FOR_DELIVERY", EXPORTER, CARRIER, 1), act("SACC", CARRIER, EXPORTER, 2))
    after = continued(DOCUMENT, ended, "STRA", act("TRANSFER", CARRIER, BUYER, 3))
    body = envelope(DOCUMENT, after, "STRA")
    vector(
        "transfer-after-sacc",
        "The surrender was accepted before.",
        body,
        Outcome.BENV,
        ("title.ended", f"{first}/actionCode"),
        sender="STRA",
    )
    straight = document("straight")
    endorsed = begun(straight, act("ENDORSE", EXPORTER, BUYER, 1))
    body = envelope(straight, endorsed, "STRA")
    found = "/envelopeTransferChain/0/transactions/1/actionCode"
    vector(
        "straight-endorsed",
        "A straight bill is endorsed.",
        body,
        Outcome.BENV,
        ("title.not-negotiable", found),
        sender="STRA",
    )
    payload = {name: value for name, value in _payload(FIRST[0]).items() if name != "issuanceManifestSignedContent"}
    body = sent(entry([seal(payload, key("STRA"))]))
    found = "/envelopeTransferChain/0/issuanceManifestSignedContent"
    vector(
        "issuance-manifest-missing",
        "No issuance manifest.",
        body,
        Outcome.BENV,
        ("pint.issuance-manifest-missing", found),
    )
    other = issuance(document("straight"))
    chain = begun(DOCUMENT, act("TRANSFER", EXPORTER, FORWARDER, 1), manifest=other)
    vector(
        "issuance-of-another-document",
        "The carrier signed another document.",
        sent(entry(chain)),
        Outcome.BENV,
        ("pint.issuance-of-another", f"{found}/documentChecksum"),
    )
    body = sent([CHAIN[1]])
    codes = [
        ("pint.first-has-previous", f"/envelopeTransferChain/0/{PREVIOUS}"),
        ("pint.issuance-manifest-missing", found),
        ("title.issue-not-first", "/envelopeTransferChain/0/transactions/0/actionCode"),
    ]
    vector("first-entry-dropped", "The chain begins with the second entry.", body, Outcome.BENV, *codes)
    waybill = document("sea-waybill")
    body = envelope(waybill, transferred(waybill), "MEKO")
    vector(
        "sea-waybill",
        "A sea waybill is no title.",
        body,
        Outcome.BENV,
        ("title.sea-waybill", "/envelopeTransferChain/0/transactions/0/transportDocumentTypeCode"),
    )


# --- DISE ------------------------------------------------------------------------------------------------------------


def disputes() -> None:
    other = document("blank", serviceContractReference="ANOTHER")
    body = envelope(other, transferred(other), "MEKO")
    disputed = ("pint.disputed-document", "/transportDocument")
    vector(
        "same-title-other-content", "The same title, another document.", body, Outcome.DISE, disputed, known=ACCEPTED
    )
    body = WHOLE | {"transportDocument": other}
    vector(
        "retry-manipulated",
        "The document is manipulated, the signatures are not.",
        body,
        Outcome.DISE,
        disputed,
        known=ACCEPTED,
    )
    again = entry(FIRST, transactions=[to_json(act("TRANSFER", FORWARDER, BUYER, 5))])
    known = ACCEPTED | {"settled": []}
    found = ("pint.disputed-chain", "/envelopeTransferChain")
    vector(
        "spent-twice-here",
        "Another entry for the position that was accepted.",
        sent(again),
        Outcome.DISE,
        found,
        known=known,
    )
    away = known | {"at": "away"}
    found = ("pint.disputed-chain", f"/envelopeTransferChain/{LAST}")
    vector("spent-twice-away", "The same, when the title has left again.", sent(again), Outcome.DISE, found, known=away)
    sending = {"chain": FIRST, "at": "sending", "documentChecksum": checksum(DOCUMENT)}
    found = ("pint.disputed-chain", "/envelopeTransferChain")
    vector("comes-while-it-is-sent", "The title is being sent from here.", WHOLE, Outcome.DISE, found, known=sending)


# --- Answers ---------------------------------------------------------------------------------------------------------


def told(name: str, what: str, body: Any, stand: str, *codes: str, bsig_ends: bool = False, **more: Any) -> None:
    """One answer of FUJI to the transfer of MEKO."""
    ANSWERS[name] = {
        "what": what,
        "transfer": {
            "receiver": "FUJI",
            "lastEntry": CHAIN[-1],
            "documentChecksum": checksum(DOCUMENT),
            "declared": [PACKING_LIST_METADATA.document_checksum],
            "bsigEnds": bsig_ends,
        },
        "at": written(NOW),
        "answer": body,
        "expected": {"stand": stand, "findings": list(codes), **more},
    }


def answers() -> None:
    mine, sealed = signed_checksum(CHAIN[-1]), key("FUJI")
    documents = [PACKING_LIST_METADATA.document_checksum]
    told("rece", "Accepted.", answer(Outcome.RECE, mine, sealed, received=documents), "accepted")
    told(
        "dupe",
        "Accepted before.",
        answer(Outcome.DUPE, mine, sealed, received=documents, duplicate_of=CHAIN[-1]),
        "accepted",
    )
    told(
        "rece-ps256",
        "Accepted, signed by PS256.",
        answer(Outcome.RECE, mine, rsa_key(), received=documents),
        "accepted",
    )
    told(
        "rece-without-documents",
        "The receipt lists nothing.",
        answer(Outcome.RECE, mine, sealed),
        "accepted",
        "pint.receipt-incomplete",
    )
    told("benv", "Refused.", answer(Outcome.BENV, mine, sealed, reason="no"), "refused")
    betr = seal({"lastEnvelopeTransferChainEntrySignedContentChecksum": mine, "responseCode": "BETR"}, sealed)
    told("betr", "Refused, in a beta's word.", betr, "refused", "pint.answer-of-a-beta")
    bsig = answer(Outcome.BSIG, mine, sealed)
    told("bsig", "The signature is refused.", bsig, "in-doubt", "pint.answer-bad-signature")
    told("bsig-with-a-registry", "The same, where a registry decides.", bsig, "refused", bsig_ends=True)
    told("dise", "Disputed.", answer(Outcome.DISE, mine, sealed, reason="no"), "in-doubt", "pint.answer-disputed")
    told(
        "mdoc",
        "A document is missing.",
        answer(Outcome.MDOC, mine, sealed, missing=documents),
        "missing",
        missing=documents,
    )
    told(
        "mdoc-of-another-document",
        "It misses what was not declared.",
        answer(Outcome.MDOC, mine, sealed, missing=["0" * 64]),
        "missing",
        missing=[],
    )
    told("incd", "A document is corrupt.", answer(Outcome.INCD, mine, sealed), "missing", missing=documents)
    other = "0" * 64
    for outcome in (Outcome.RECE, Outcome.BENV, Outcome.BSIG, Outcome.MDOC):
        told(
            f"{outcome.lower()}-of-another-entry",
            "About another entry.",
            answer(outcome, other, sealed),
            "in-doubt",
            "pint.answer-of-another",
        )
    for outcome in (Outcome.RECE, Outcome.BENV):
        told(
            f"{outcome.lower()}-foreign-key",
            "Signed by STRA.",
            answer(outcome, mine, key("STRA")),
            "in-doubt",
            "pint.bad-signature",
        )
    told(
        "dupe-of-another-entry",
        "Another entry was accepted.",
        answer(Outcome.DUPE, mine, sealed, duplicate_of=FIRST[0]),
        "in-doubt",
        "pint.answer-of-another",
    )
    odd = seal({"lastEnvelopeTransferChainEntrySignedContentChecksum": mine, "responseCode": "MAYBE"}, sealed)
    told("unknown-code", "A code that nobody knows.", odd, "in-doubt", "pint.answer-unknown-code")
    told(
        "code-missing",
        "No code.",
        seal({"lastEnvelopeTransferChainEntrySignedContentChecksum": mine}, sealed),
        "in-doubt",
        "lading.member-missing",
    )
    told("silence", "No answer.", None, "in-doubt", "pint.answer-unsigned")
    told(
        "error",
        "An unsigned error.",
        {"statusCode": 500, "statusCodeText": "Internal error"},
        "in-doubt",
        "pint.answer-unsigned",
    )
    unsigned = {"lastEnvelopeTransferChainEntrySignedContentChecksum": mine, "responseCode": "RECE"}
    told("rece-unsigned", "RECE, unsigned.", unsigned, "in-doubt", "pint.answer-unsigned")
    told("not-json-of-pint", "A list.", ["RECE"], "in-doubt", "pint.answer-unsigned")
    told("garbage", "Text.", "RECE", "in-doubt", "pint.not-jws")
    started = {
        "envelopeReference": "env-1",
        "transportDocumentChecksum": checksum(DOCUMENT),
        "lastEnvelopeTransferChainEntrySignedContentChecksum": mine,
        "missingAdditionalDocumentChecksums": documents,
    }
    told("started", "Started: a document is missing.", started, "started", missing=documents)
    changed = started | {"lastEnvelopeTransferChainEntrySignedContentChecksum": other}
    told("started-another", "Another transfer was started.", changed, "in-doubt", "pint.answer-of-another")


# --- Writing ---------------------------------------------------------------------------------------------------------


def pem(each: Key) -> str:
    return each.certificate.public_bytes(Encoding.PEM).decode()


def world() -> Vector:
    """Whose certificates are known, and who has an account."""
    platforms: Vector = {code: {"certificates": [pem(key(code))], "revoked": {}} for code in PLATFORMS}
    platforms["MEKO"]["certificates"] = [pem(each) for each in (key("MEKO"), key("MEKO", "next"), REVOKED, EXPIRED)]
    platforms["MEKO"]["revoked"] = {thumbprint(REVOKED.certificate): written(BEGIN)}
    platforms["FUJI"]["certificates"].append(pem(rsa_key()))
    return {
        "platforms": platforms,
        "carriers": {CARRIER_CODE: {"certificates": [pem(key(CARRIER_CODE))], "revoked": {}}},
    }


def write() -> None:
    makers: tuple[Callable[[], None], ...] = (good, duplicates, signatures, envelopes, disputes, answers)
    for make in makers:
        make()
    files = {"world": world()}
    files |= {f"envelopes/{name}": each for name, each in ENVELOPES.items()}
    files |= {f"answers/{name}": each for name, each in ANSWERS.items()}
    for name, value in files.items():
        path = VECTORS / f"{name}.json"
        if path.stem in SALTED and path.exists():
            continue
        path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
