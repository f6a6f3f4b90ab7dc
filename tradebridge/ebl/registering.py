"""Whether a title may be registered at a control tracking registry: the carrier's word decides, no platform's. Pure.

1. A registration brings the issuance manifest that the carrier signed, and names the carrier. The registry verifies it
   by the carrier's certificates: who has none cannot keep a title from its first platform by registering it before.
2. The manifest is of this transport document, and its content is what the title is registered by.
3. It counts as signed when ISSUE was, as the platform says, and never later than it came: a carrier's certificate that
   has ended since keeps no title from moving (`chain.py` judges it so as well).

What it cannot see: whether the document is of that carrier, since it sees a checksum only. A carrier that signs for the
document of another one leaves its signature in the log.
"""

from dataclasses import replace
from datetime import datetime

from schemas.bill_of_lading.control import Statement
from schemas.bill_of_lading.pint import IssuanceManifest, read
from schemas.findings import Finding, finding
from tradebridge.ebl.chain import content_checksum
from tradebridge.ebl.seal import Trust, open_sealed

_MANIFEST = "/issuanceManifestSignedContent"


def judge_registration(said: Statement, trust: Trust, at: datetime) -> tuple[Finding, ...]:
    """What refuses a registration that came at `at`; nothing, if it may be."""
    signed, carrier = said.issuance_manifest_signed_content, said.carrier_code
    if signed is None or carrier is None:
        missing = _MANIFEST if signed is None else "/carrierCode"
        return (finding("control.issuance-missing", missing, found="nothing"),)
    issued = at if said.issued_at is None else min(at, said.issued_at)
    claims = open_sealed(signed, trust.carriers.get(carrier), issued)
    if isinstance(claims, Finding):
        return (replace(claims, pointer=_MANIFEST, found=f"carrier {carrier}: {claims.found}"),)
    manifest = read(IssuanceManifest, claims)
    if not isinstance(manifest, IssuanceManifest):
        return tuple(replace(each, pointer=f"{_MANIFEST}{each.pointer}") for each in manifest)
    found = []
    for pointer, stated, expected in (
        ("/transportDocumentChecksum", said.transport_document_checksum, manifest.document_checksum),
        ("/entry", said.entry, content_checksum(signed)),
    ):
        if stated != expected:
            found.append(finding("control.issuance-of-another", pointer, found=stated, expected=expected))
    return tuple(found)
