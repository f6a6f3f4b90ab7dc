"""The seal of a document, of whatever kind: who issued it."""

from datetime import datetime

from schemas.content import Content, JwsSeal
from tradebridge.evidence import jws, xades
from tradebridge.evidence.refusals import Finding
from tradebridge.evidence.trust import TrustList, Verified

__all__ = ["Verified", "verify_seal"]


def verify_seal(content: Content, trust: TrustList, at: datetime | None) -> Verified | Finding | None:
    """Who signed the document, None if nobody did, or why the signature is refused.

    `at` is when the document is known to exist: now, for one that just came. Whether that member may issue it is
    another question: `TrustedMember.may_issue`.
    """
    if content.seal is None:
        return None
    verify = jws.verify_content if isinstance(content.seal, JwsSeal) else xades.verify_content
    verified = verify(content, trust, at)
    return verified if isinstance(verified, Finding) else trust.stale or verified
