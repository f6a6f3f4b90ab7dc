"""Practice: good certificates with a forged, a stale and a contradictory one among them; and a coach, afterwards.

1. In a simulation only: they are signed with test keys of its members, and come in as any document does. They are cases
   like others; their numbers begin with `PRACTICE-`, and nothing else marks them.
2. What a certificate is follows from its number under a key of the hub's (`kind_of`): it stands nowhere, so that
   nobody finds it by looking, and it is still known after a restart.
3. The coach speaks of a case once it was decided or asked about, never before. It says what gave the certificate away,
   where on the page that stood, and what we would have done; it gives no marks.
4. A certificate that was changed after it was signed never comes to an officer: the hub refuses it. One is handed in
   with each round, so that the coach can show that too.
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange import intake
from exchange.languages import mark
from exchange.members import Caller, Member
from exchange.messages import Accepted, Submission
from exchange.store import tables as t
from schemas.bill_of_lading.model import TRANSPORT_DOCUMENT, TransportDocument
from schemas.certificate.model import Certificate, Packages, Place, Quantity, TickBoxes
from schemas.content import Syntax
from schemas.registry import Document, Profile, profile_of
from tradebridge.evidence import jws, xades
from tradebridge.evidence.simulation import test_signer

if TYPE_CHECKING:
    from exchange.hub import Hub

PREFIX = "PRACTICE-"
FORM = "atiga-form-d/2022"
STALE_DAYS = 362
"""So long ago the stale one was certified: it ends in three days."""
MORE_KILOGRAMS = 180
"""Of the contradictory one, than the carrier took on board."""
MOST_SHOWN = 60


class Kind(StrEnum):
    """What a certificate of a round is."""

    GOOD = "good"
    FORGED = "forged"
    STALE = "stale"
    CONTRADICTORY = "contradictory"


ROUND = (Kind.GOOD, Kind.FORGED, Kind.GOOD, Kind.STALE, Kind.CONTRADICTORY)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the coach says of one kind."""

    what: str
    sign: str
    """What gave it away, and where that stood."""
    better: str
    right: frozenset[str]
    """Decisions that we would have made too."""


LESSONS = {
    Kind.GOOD: Lesson(
        mark("This one was good."),
        mark(
            "Nothing stood out: four times yes, or, where no bill of lading had come, three times yes and one not "
            "checked. Not checked is no suspicion."
        ),
        mark("Accept it. A question costs the importer days."),
        frozenset({"accepted"}),
    ),
    Kind.FORGED: Lesson(
        mark("This one was forged: it never came from the authority."),
        mark(
            "The second answer was not yes: nobody had signed it. A form with the right boxes and names proves "
            "nothing; the signature does."
        ),
        mark(
            "Ask the issuing authority whether it issued this number, or reject it with that reason. Never accept it "
            "because it looks right."
        ),
        frozenset({"queried", "rejected"}),
    ),
    Kind.STALE: Lesson(
        mark("This one was stale: certified almost a year ago."),
        mark(
            "Its validity was about to end: that stood below the form, and in the queue. It was signed and had not "
            "been cancelled, so the four answers alone did not show it."
        ),
        mark("Ask when the goods arrived. Accepting it is right only if that was within the validity."),
        frozenset({"queried"}),
    ),
    Kind.CONTRADICTORY: Lesson(
        mark("This one contradicted its bill of lading."),
        mark(
            "The fourth answer was no: more weight was certified than the carrier took on board. It was signed, and "
            "valid: only the comparison shows it."
        ),
        mark("Ask the issuer, naming the box of the weight. Which of the two is right you cannot know."),
        frozenset({"queried", "rejected"}),
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One certificate of a round, as far as the coach speaks of it."""

    document: str
    number: str
    decision: str
    """What was said first; empty: nothing yet, and the coach is silent."""
    lesson: Lesson | None
    well: bool


def kind_of(hub: "Hub", number: str) -> Kind:
    """What a practice certificate is (rule 2)."""
    value = hmac.digest(hub.keys.code_key, f"practice {number}".encode(), "sha256")
    return tuple(Kind)[value[0] % len(Kind)]


def sender_for(hub: "Hub", member: Member) -> Member | None:
    """A simulated member of another country that issues what this desk takes, and may hand in unsigned."""
    known = sorted(hub.registry.members.values(), key=lambda each: (each.id != "SG-NSW", each.id))
    return next((each for each in known if _issues_for(each, member)), None)


def _issues_for(each: Member, member: Member) -> bool:
    able = each.simulated and each.unsigned and not each.suspended and "issuer" in each.roles
    return able and FORM in each.sends and FORM in member.accepts and each.country != member.country


def carrier_for(hub: "Hub", member: Member) -> Member | None:
    """A simulated carrier, where this desk takes bills of lading."""
    if TRANSPORT_DOCUMENT not in member.accepts:
        return None
    known = hub.registry.members.values()
    return next((each for each in known if each.simulated and each.carriers and TRANSPORT_DOCUMENT in each.sends), None)


# --- a round ---------------------------------------------------------------------------------------------------------


async def begin(hub: "Hub", member: Member) -> int:
    """Send a round to a desk. How many certificates came in; 0: no member is there to send them."""
    sender = sender_for(hub, member)
    if sender is None:
        return 0
    now, serial, sent = hub.clock.now(), hub.next_row() % 10**9, 0
    carrier = carrier_for(hub, member)
    order = [
        kind
        for _, kind in sorted(
            (hub.randomness.value("practice", f"{serial} {at}".encode()), kind) for at, kind in enumerate(ROUND)
        )
    ]
    for kind in order:
        serial, number = _number(hub, kind, serial)
        under = ""
        if carrier is not None and kind in (Kind.GOOD, Kind.CONTRADICTORY):
            under = f"PRACTICE{serial}"
            await _send(hub, carrier, member, _signed_lading(hub, carrier, sender, member, under, now))
        document = _certificate(kind, sender, member, number, under, now)
        sent += await _send(hub, sender, member, _handed_in(hub, kind, sender, document, now))
    serial, number = _number(hub, Kind.GOOD, serial)
    changed = _handed_in(hub, Kind.GOOD, sender, _certificate(Kind.GOOD, sender, member, number, "", now), now)
    await _send(hub, sender, member, changed.replace(number.encode(), f"{PREFIX}CHANGED-{serial}".encode()))
    return sent


def _number(hub: "Hub", kind: Kind, serial: int) -> tuple[int, str]:
    """The next number that is of this kind, and its serial."""
    while True:
        serial += 1
        number = f"{PREFIX}{serial}"
        if kind_of(hub, number) is kind:
            return serial, number


async def _send(hub: "Hub", sender: Member, member: Member, data: bytes) -> int:
    caller = Caller(sender.id, frozenset({"send"}))
    return int(isinstance(await intake.accept(hub, Submission(caller, data, (member.id,))), Accepted))


def _certificate(kind: Kind, sender: Member, member: Member, number: str, under: str, now: datetime) -> Certificate:
    at = now - timedelta(days=STALE_DAYS) if kind is Kind.STALE else now
    route = {"exporter": sender.country, "importer": member.country}
    examples = (
        _profile(FORM).example(number=number, at=at, variant=each, **route) for each in count(sum(number.encode()))
    )
    made = next(each for each in examples if isinstance(each, Certificate) and each.tick_boxes == TickBoxes())
    if not under:
        return made
    lading = _lading(sender, member, under, now)
    return carried_under(made, lading, MORE_KILOGRAMS if kind is Kind.CONTRADICTORY else 0)


def carried_under(certificate: Certificate, lading: TransportDocument, more: int) -> Certificate:
    """The certificate for what the bill of lading carries; or for so many kilograms more of it."""
    consignment, transports = lading.consignment_items[0], lading.transports
    cargo, voyage = consignment.cargo_items[0], lading.transports.vessel_voyages[0]
    carried = int(cargo.cargo_gross_weight.value) + more
    packaging = cargo.outer_packaging
    item = certificate.items[0].model_copy(
        update={
            "hs_code": str(consignment.hs_codes[0])[:6],
            "description": consignment.description_of_goods[0],
            "packages": Packages(quantity=packaging.number_of_packages, kind=packaging.package_code or "CT"),
            "gross_weight": Quantity(value=Decimal(carried), unit="KGM"),
        }
    )
    parties = lading.document_parties
    consignee = parties.consignee.party_name if parties.consignee is not None else certificate.consignee.name
    return certificate.model_copy(
        update={
            "items": (item,),
            "exporter": certificate.exporter.model_copy(update={"name": parties.shipper.party_name}),
            "consignee": certificate.consignee.model_copy(update={"name": consignee}),
            "transport": certificate.transport.model_copy(
                update={
                    "transport_document": lading.transport_document_reference,
                    "vessel_or_flight": voyage.vessel_name,
                    "voyage": voyage.carrier_export_voyage_number,
                    "departure_date": lading.shipped_on_board_date or transports.planned_departure_date,
                    "port_of_loading": _place(transports.port_of_loading),
                    "port_of_discharge": _place(transports.port_of_discharge),
                }
            ),
        }
    )


def _place(port: Any) -> Place:
    return Place(un_location_code=port.un_location_code, name=port.location_name)


def _lading(sender: Member, member: Member, number: str, now: datetime) -> TransportDocument:
    route = {"exporter": sender.country, "importer": member.country}
    made = _profile(TRANSPORT_DOCUMENT).example(number=number, at=now, **route)
    if not isinstance(made, TransportDocument):
        raise TypeError(f"the example of {TRANSPORT_DOCUMENT} is no bill of lading")
    return made


def _signed_lading(hub: "Hub", carrier: Member, sender: Member, member: Member, number: str, now: datetime) -> bytes:
    data = _profile(TRANSPORT_DOCUMENT).encode[Syntax.JSON](_lading(sender, member, number, now))
    return jws.sign(data, jws.DOCUMENT, test_signer(hub.settings.seed, carrier.id), now).encode()


def _handed_in(hub: "Hub", kind: Kind, sender: Member, document: Document, now: datetime) -> bytes:
    """Signed by who may issue it; the forged one by nobody."""
    data = _profile(FORM).encode[Syntax.XML](document)
    return data if kind is Kind.FORGED else xades.sign(data, test_signer(hub.settings.seed, sender.id), now)


def _profile(name: str) -> Profile:
    found = profile_of(name)
    if found is None:
        raise LookupError(f"{name} is not registered")
    return found


# --- the coach -------------------------------------------------------------------------------------------------------


def coached(connection: Connection, hub: "Hub", member: str) -> tuple[Told, ...]:
    """The practice certificates of a desk, the newest first, each with its lesson once it was decided."""
    query = (
        select(t.documents.c.id, t.documents.c.number, t.standings.c.state)
        .join(t.standings, t.standings.c.document_id == t.documents.c.id)
        .where(
            t.documents.c.number > PREFIX,
            t.documents.c.number < PREFIX[:-1] + ".",
            t.documents.c.profile == FORM,
            t.standings.c.recipient == member,
        )
        .order_by(t.documents.c.row.desc())
        .limit(MOST_SHOWN)
    )
    rows = connection.execute(query).all()
    return tuple(_told(hub, rows, _first_words(connection, member, [row.id for row in rows])))


def _first_words(connection: Connection, member: str, ids: Sequence[str]) -> dict[str, str]:
    """The first decision or question on each."""
    query = (
        select(t.events.c.document_id, t.events.c.type)
        .where(
            t.events.c.document_id.in_(ids),
            t.events.c.recipient == member,
            t.events.c.type.in_(("accepted", "queried", "rejected")),
        )
        .order_by(t.events.c.sequence.desc())
    )
    return {row.document_id: row.type for row in connection.execute(query)}


def _told(hub: "Hub", rows: Sequence[Any], first: dict[str, str]) -> Iterator[Told]:
    for row in rows:
        decision = first.get(row.id, "")
        lesson = LESSONS[kind_of(hub, row.number)] if decision else None
        yield Told(row.id, row.number, decision, lesson, bool(lesson and decision in lesson.right))


def refused_at_the_door(connection: Connection, sender: str) -> str:
    """The newest refusal of a practice certificate that was changed after it was signed; empty: none."""
    newest = (
        select(t.refusals.c.id, t.refusals.c.problem)
        .where(t.refusals.c.member == sender)
        .order_by(t.refusals.c.row.desc())
        .limit(50)
    )
    for row in connection.execute(newest):
        if str(orjson.loads(row.problem).get("number") or "").startswith(f"{PREFIX}CHANGED-"):
            return str(row.id)
    return ""
