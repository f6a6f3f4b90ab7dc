"""The carrier's role of DCSA's issuance API: the request with its signed manifest, and what the answer means. Pure.

1. The manifest binds the document, the party that gets possession and the carrier's own rendering by their checksums.
   Its JWS has `alg` in its header and nothing else.
2. The request goes to the platform of the party that gets possession, if we know that platform; else to the one that
   the carrier issues through, which hands the bill on by PINT.
3. The document that is signed is never changed afterwards; a revised request after BREQ or REFU is a new one.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.bill_of_lading.issuance import manifest_of
from schemas.findings import Finding, finding
from tradebridge.ebl.carrier.casefile import JSON, Case
from tradebridge.ebl.carrier.settings import Platform, Settings
from tradebridge.ebl.seal import Key, seal


@dataclass(frozen=True, slots=True)
class Rendering:
    """The carrier's own rendering of a bill, for the eyes of the possessor."""

    name: str
    data: bytes
    media_type: str


Renderer = Callable[[Mapping[str, Any]], Rendering]


def issue_to(case: Case) -> JSON | None:
    """Who gets possession: who surrendered, of a reissue; else whom the instructions name."""
    if case.document is not None and case.document.issue_to is not None:
        return case.document.issue_to
    return named(case.content)


def named(instructions: JSON) -> JSON | None:
    """Whom the instructions name to get possession, with a platform; else the shipper; None: nobody that has one."""
    parties = instructions["documentParties"]
    shipper = parties["shipper"]
    codes = shipper.get("identifyingCodes") or []
    party = parties.get("issueTo") or {"partyName": shipper["partyName"], "identifyingCodes": codes}
    platform = party.get("sendToPlatform") or shipper.get("eblPlatform")
    if not platform or not party["identifyingCodes"]:
        return None
    return {**party, "sendToPlatform": platform}


def platform_for(party: JSON | None, settings: Settings) -> Platform | Finding:
    if party is None:
        return finding("carrier.no-platform", "/documentParties/issueTo/sendToPlatform", found="none")
    code = party["sendToPlatform"]
    platform = settings.platform(code) or settings.platform(settings.issue_via)
    if platform is None:
        known = " or ".join(each.code for each in settings.platforms) or "none"
        pointer = "/documentParties/issueTo/sendToPlatform"
        return finding("carrier.platform-not-connected", pointer, found=code, expected=known)
    return platform


def request(
    document: JSON, party: JSON, key: Key, *, replaces: str | None = None, rendering: Rendering | None = None
) -> JSON:
    """The body of `PUT /v3/ebl-issuance-requests`. `document` is as issued; `party` has its platform."""
    manifest = manifest_of(document, party, rendering.data if rendering else None)
    body: JSON = {"document": document}
    if replaces is not None:
        old = [{"transportDocumentReference": replaces}]
        body["transportDocumentReplacements"] = {"oldTransportDocumentReferences": old}
    body["issueTo"] = party
    if rendering is not None:
        body["eBLVisualisationByCarrier"] = {
            "name": rendering.name,
            "content": base64.b64encode(rendering.data).decode("ascii"),
            "contentType": rendering.media_type,
        }
    return body | {"issuanceManifestSignedContent": seal(manifest, key)}
