"""Who may have a title first at a control tracking registry: the carrier's word decides, no platform's. Pure.

1. A registration brings the issuance manifest that the carrier signed, and names the carrier. The registry verifies it
   by the carrier's certificates: who has none cannot keep a title from its first platform by registering it before.
2. The manifest is of this transport document, and its content is what the title is registered by.
3. It brings the `issueTo` that the manifest is of, too: only the platform that this names may register the title. So
   who has got the manifest with a notice registers nothing.
4. It counts as signed when ISSUE was, as the platform says, and never later than it came: a carrier's certificate that
   has ended since keeps no title from moving (`chain.py` judges it so as well).
5. An offer of a title that nobody has yet, and its cancellation, bring the same (schemas/bill_of_lading/control.py,
   rule 5); of these the platform named is the one that it is offered to, which the state machine holds them to.

What it cannot see: whether the document is of that carrier, since it sees a checksum only. A carrier that signs for the
document of another one, as a former holder that is also a carrier can, leaves its signature in the log.
"""

from dataclasses import replace
from datetime import datetime

from schemas.bill_of_lading.control import Said, Statement
from schemas.bill_of_lading.pint import IssuanceManifest, checksum, read
from schemas.findings import Finding, finding
from tradebridge.ebl.chain import content_checksum
from tradebridge.ebl.seal import Trust, open_sealed

_MANIFEST, _ISSUE_TO = "/issuanceManifestSignedContent", "/issueTo"


def judge_registration(said: Statement, trust: Trust, at: datetime) -> tuple[Finding, ...]:
    """What refuses a statement that came at `at` for what it brings of the carrier, or does not bring; nothing, if it
    may be."""
    word = {
        _MANIFEST: said.issuance_manifest_signed_content,
        "/carrierCode": said.carrier_code,
        _ISSUE_TO: said.issue_to,
    }
    if said.type is not Said.REGISTER and all(each is None for each in word.values()):
        return ()
    missing = [name for name, each in word.items() if each is None]
    signed, carrier = said.issuance_manifest_signed_content, said.carrier_code
    if signed is None or carrier is None or said.issue_to is None:
        return tuple(finding("control.issuance-missing", each, found="nothing") for each in missing)
    issued = at if said.issued_at is None else min(at, said.issued_at)
    claims = open_sealed(signed, trust.carriers.get(carrier), issued)
    if isinstance(claims, Finding):
        return (replace(claims, pointer=_MANIFEST, found=f"carrier {carrier}: {claims.found}"),)
    manifest = read(IssuanceManifest, claims)
    if not isinstance(manifest, IssuanceManifest):
        return tuple(replace(each, pointer=f"{_MANIFEST}{each.pointer}") for each in manifest)
    of = [("/transportDocumentChecksum", said.transport_document_checksum, manifest.document_checksum)]
    of.append((_ISSUE_TO, checksum(said.issue_to), manifest.issue_to_checksum))
    if said.type is Said.REGISTER:
        of.append(("/entry", said.entry, content_checksum(signed)))
    found = [
        finding("control.issuance-of-another", pointer, found=stated, expected=expected)
        for pointer, stated, expected in of
        if stated != expected
    ]
    if said.type is Said.REGISTER and said.issued_to != said.platform:
        expected = said.issued_to or "a platform, in issueTo/sendToPlatform"
        found.append(finding("control.wrong-platform", "/platform", found=said.platform, expected=expected))
    return tuple(found)
