"""The buttons of an exchange in which nothing has happened: each makes something happen.

A certificate is made of its profile's example and signed with the test key of a member: what `tb send --example` does.
Only a simulation has such keys.
"""

from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from exchange import intake
from exchange.members import Caller
from exchange.messages import Accepted, Submission
from exchange.refused import Refused
from schemas.content import Syntax
from schemas.registry import Profile, profile_of
from tradebridge.evidence import jws, xades
from tradebridge.evidence.simulation import test_signer

if TYPE_CHECKING:
    from exchange.hub import Hub

FORM_D = "atiga-form-d/2022"
PREFERRED = ("SG-NSW", "TH-NSW")


def route_of(hub: "Hub") -> tuple[str, str]:
    """A simulated member that issues a Form D, and one of another country that accepts it; empty: there is none."""
    members = sorted(hub.registry.members.values(), key=lambda each: (each.id not in PREFERRED, each.id))
    known = [each for each in members if each.simulated and not each.suspended]
    for sender in known:
        if FORM_D in sender.sends and "issuer" in sender.roles:
            takers = (each for each in known if FORM_D in each.accepts and each.country != sender.country)
            if (taker := next(takers, None)) is not None:
                return sender.id, taker.id
    return "", ""


async def send(hub: "Hub", *, mistakes: bool) -> Accepted | Refused | None:
    """Send an example; None where no members are there for it."""
    sender, recipient = route_of(hub)
    if not sender:
        return None
    caller = Caller(sender, frozenset({"send"}))
    return await intake.accept(hub, Submission(caller, _document(hub, sender, recipient, mistakes), (recipient,)))


def _document(hub: "Hub", sender: str, recipient: str, mistakes: bool) -> bytes:
    now = hub.clock.now()
    exporter, importer = (hub.registry.members[each].country for each in (sender, recipient))
    number = f"{exporter}-{now.year}-{hub.next_row() % 10**8:08d}"
    signer = test_signer(hub.settings.seed, sender)
    if mistakes:
        return jws.sign(with_mistakes(FORM_D, number, exporter, importer, now), jws.DOCUMENT, signer, now).encode()
    profile = known(FORM_D)
    document = profile.example(exporter=exporter, importer=importer, number=number, at=now)
    return xades.sign(profile.encode[Syntax.XML](document), signer, now)


def with_mistakes(profile_id: str, number: str, exporter: str, importer: str, at: datetime) -> bytes:
    """A certificate in JSON that is wrong in four places: a value content that is too low, an HS code that is none, a
    port in another country, a member that no certificate has."""
    profile = known(profile_id)
    document = profile.example(exporter=exporter, importer=importer, number=number, at=at)
    value = orjson.loads(profile.encode[Syntax.JSON](document))
    first = value["items"][0]
    first["originCriterion"] = {"codes": ["RVC"], "percentage": "32"}
    first["fobValue"] = {"amount": "1000.00", "currency": "USD"}
    first["hsCode"] = "999998"
    value["transport"]["portOfDischarge"] = {"UNLocationCode": "JPTYO", "name": "Tokyo"}
    value["exporterTaxNumber"] = "SPECIMEN-0001"
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def known(profile_id: str) -> Profile:
    found = profile_of(profile_id)
    if found is None:
        raise LookupError(f"{profile_id} is not registered")
    return found
