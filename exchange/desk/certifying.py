"""The issuing side of a desk: an application becomes a certificate, signed with the member's key.

1. What the officer adds (number, recipient) is put down first, as a proposal at the sequence that was seen: of two
   officers one is heard, and two certificates for one application cannot be.
2. The certificate comes out of the application and that proposal alone, date and official's name with it. Made again,
   after a crash or by a second click, it has the same content: the hub knows it, and it is not issued twice.
3. Then `issued` is said of the application, naming the certificate. Where the policy wants four eyes, another officer
   does both.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from exchange import intake
from exchange.desk.signing import signer_for
from exchange.members import Caller, Member
from exchange.messages import Accepted, Submission
from schemas.certificate.application import Application
from schemas.certificate.model import Certificate, Certification
from schemas.content import Syntax
from schemas.findings import Finding, finding
from schemas.registry import Document, profile_of
from tradebridge.evidence import jws, xades

if TYPE_CHECKING:
    from exchange.hub import Hub


def takers(hub: "Hub", document: Document | None) -> tuple[str, ...]:
    """Who the certificate can be sent to: members of the importing country that accept its form."""
    if not isinstance(document, Application):
        return ()
    draft = document.certificate
    country = draft.declaration.importing_country
    known = hub.registry.members.values()
    return tuple(sorted(each.id for each in known if draft.profile in each.accepts and each.country == country))


def certificate_of(application: Application, number: str, authority: str, official: str, at: datetime) -> Certificate:
    """What the authority certifies: the application, with number and certification (rule 2)."""
    draft = application.certificate
    day = max(at.date(), draft.declaration.date)
    certified = Certification(
        authority=authority[:200], place=draft.declaration.place, date=day, official=official[:200]
    )
    return draft.issued(number, certified)


async def certify(
    hub: "Hub", member: Member, application: Application, said: Mapping[str, Any], official: str, at: datetime
) -> str | tuple[Finding, ...]:
    """Sign the certificate and send it: its id, also where it was sent before; or why it is refused."""
    number, to = str(said["body"]["certificate"]["number"]), str(said["to"])
    certificate = certificate_of(application, number, member.name, official, at)
    signer = signer_for(hub, member.id, "document")
    profile = profile_of(certificate.profile)
    if isinstance(signer, Finding) or profile is None:
        return (signer,) if isinstance(signer, Finding) else (finding("profile.unknown", found=certificate.profile),)
    if Syntax.XML in profile.encode:
        data = xades.sign(profile.encode[Syntax.XML](certificate), signer, at)
    else:
        data = jws.sign(profile.encode[Syntax.JSON](certificate), jws.DOCUMENT, signer, at).encode()
    outcome = await intake.accept(hub, Submission(Caller(member.id, frozenset({"send"})), data, (to,)))
    if isinstance(outcome, Accepted):
        return str(orjson.loads(outcome.body)["id"])
    if outcome.members.get("document") and all(each.code == "document.duplicate" for each in outcome.findings):
        return str(outcome.members["document"])
    return outcome.findings
