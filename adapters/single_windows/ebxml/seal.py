"""The signature around an ebXML message: XAdES over the whole envelope, in the project's one strict profile.

1. The hub signs what it sends with its key for delivery notes, the window what it answers with its key for events: an
   envelope says by its signature what note and event say by theirs, in the window's own language.
2. MODELLED: ebXML Messaging 2.0 (section 4.1) puts an XML signature into the SOAP header and refers to each part; ours
   is the last child of the envelope and covers all of it, so that nothing can be moved about under it.
"""

from datetime import datetime

from schemas.content import Content, Syntax, open_content
from schemas.findings import Finding, finding
from tradebridge.evidence import xades
from tradebridge.evidence.signer import Signer
from tradebridge.evidence.trust import TrustList


class EbxmlSeal:
    """Signs and checks envelopes."""

    def sign(self, data: bytes, signer: Signer, at: datetime) -> bytes:
        return xades.sign(data, signer, at)

    def check(self, data: bytes, trust: TrustList, member: str, at: datetime) -> Finding | None:
        content = open_content(data)
        if not isinstance(content, Content):
            return content
        if content.syntax is not Syntax.XML or content.seal is None:
            return finding("signature.missing", "/Envelope", expected=f"the signature of {member}")
        purpose = "note" if member == trust.hub.id else "event"
        verified = xades.verify_content(content, trust, at, purpose)
        if isinstance(verified, Finding):
            return verified
        if verified.member != member:
            return finding(
                "signature.missing", "/Envelope", found=verified.member, expected=f"the signature of {member}"
            )
        return None
