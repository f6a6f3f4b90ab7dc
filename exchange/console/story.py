"""What happened to one document, out of the store: the steps of its exchange, its tracks, what was signed.

1. Order: business time, then the order in which the hub accepted the messages (that of the log), then what follows from
   each. A frozen clock gives everything one time, and the order still tells it as it was.
2. Each attempt to deliver is told where the feed still has it; the newest `LOOKED_BACK` entries are looked at. Before
   that, attempts are counted, no longer told one by one.
3. Faults are known by their label: in the error that the hub was told, and in the world's journal for what struck
   without an error (a late answer).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from exchange.console.frame import size
from exchange.console.sequence import HUB, Step
from exchange.keys import HUB as HUB_ITSELF
from exchange.store import tables as t
from exchange.store.queries import OF_TITLES, Stored
from exchange.subject import event_in
from schemas.content import from_base64url
from schemas.registry import profile_of

LOOKED_BACK = 20_000
TONES: Mapping[str, str] = {"queried": "wait", "verification-requested": "wait", "rejected": "bad", "cancelled": "bad"}
_FAULT = re.compile(r" ?\(simulated fault ([^()]{1,80})\)")


@dataclass(frozen=True, slots=True)
class Told:
    """One message about the document, with its deliveries."""

    row: Any
    deliveries: tuple[Any, ...]


def messages_of(connection: Connection, document_id: str) -> list[Told]:
    """In the order in which they were accepted."""
    query = (
        select(
            t.messages,
            func.length(t.messages.c.bytes).label("size"),
            t.events.c.type,
            t.events.c.recipient,
            t.events.c.id.label("event"),
            t.leaves.c.position,
        )
        .outerjoin(t.events, t.events.c.message_id == t.messages.c.id)
        .outerjoin(t.leaves, t.leaves.c.record_id == t.messages.c.id)
        .where(t.messages.c.document_id == document_id)
        .order_by(t.leaves.c.id)
    )
    rows = connection.execute(query).all()
    columns = [each for each in t.deliveries.c if each.name != "rendition"]
    deliveries = select(*columns, func.length(t.deliveries.c.rendition).label("rendered"))
    by_message: dict[str, list[Any]] = {}
    for each in connection.execute(
        deliveries.where(t.deliveries.c.document_id == document_id).order_by(t.deliveries.c.id)
    ):
        by_message.setdefault(each.message_id, []).append(each)
    return [Told(row, tuple(by_message.get(row.id, ()))) for row in rows]


Failure = Mapping[str, Any]


def failures_of(connection: Connection, document_id: str) -> dict[str, list[Failure]]:
    """What the feed tells of attempts that failed, by delivery (rule 2)."""
    newest = connection.execute(select(t.head.c.feed_size)).scalar_one()
    query = select(t.feed.c.data).where(
        t.feed.c.position >= newest - LOOKED_BACK,
        t.feed.c.kind.in_(("delivery.retrying", "delivery.dead")),
        t.feed.c.data.contains(document_id, autoescape=True),
    )
    found: dict[str, list[Failure]] = {}
    for data in connection.execute(query.order_by(t.feed.c.position)).scalars():
        told = orjson.loads(data)
        if told.get("document") == document_id:
            found.setdefault(str(told["delivery"]), []).append(told)
    return found


def steps_of(
    told: Sequence[Told], failures: Mapping[str, Sequence[Failure]], struck: Mapping[tuple[str, str], str]
) -> list[Step]:
    """The steps, in order (rule 1). `struck`: the fault that struck a message (its id) at a member (rule 3)."""
    placed = [
        ((step.at or "9999", at, within), step)
        for at, each in enumerate(told)
        for within, step in enumerate(_steps(each, failures, struck))
    ]
    return [step for _, step in sorted(placed, key=lambda each: each[0])]


def _steps(
    told: Told, failures: Mapping[str, Sequence[Failure]], struck: Mapping[tuple[str, str], str]
) -> Iterator[Step]:
    row = told.row
    by = HUB if row.member == HUB_ITSELF else row.member
    label, tone = _said(row)
    ident = row.id
    if by == HUB:
        yield Step(row.received_at, HUB, HUB, label, tone, ident=ident)
    else:
        yield Step(row.received_at, by, HUB, label, tone, fault=struck.get((by, row.id), ""), ident=ident)
        yield Step(row.received_at, HUB, by, "receipt", "ok", ident=ident)
    for each in told.deliveries:
        yield from _delivery(each, row, failures.get(each.id, ()), struck.get((each.recipient, row.id), ""))


def _said(row: Any) -> tuple[str, str]:
    if row.kind == "document":
        profile = profile_of(row.profile)
        what = {"certificate": "certificate", "bill-of-lading": "bill of lading"}.get(profile.family if profile else "")
        return f"{what or 'document'}, {size(row.size or 0)}", "plain"
    if row.kind == "event":
        reasons = event_in(row.bytes).reasons if row.bytes else ()
        reason = next((each.text or each.code for each in reasons), "")
        what = str(row.type).replace("-", " ")
        return f"{what}: {reason}" if reason else what, TONES.get(row.type, "ok")
    if row.kind == "title" and row.bytes:
        return f"title {orjson.loads(row.bytes)['kind'].removeprefix('title.')}", "plain"
    return {"forward": "forwarded", "control": "control"}.get(row.kind, row.kind), "plain"


def _delivery(each: Any, message: Any, failures: Sequence[Failure], struck: str) -> Iterator[Step]:
    what = (
        str(message.type).replace("-", " ") if message.kind == "event" else "rendition" if each.rendered else "original"
    )
    length = each.rendered or message.size
    sized = f"{what}, {size(length)}" if length else what
    known = {int(failure["attempts"]) for failure in failures}
    for failure in failures:
        error, fault = split(str(failure.get("error", "")))
        label = f"{sized}, attempt {failure['attempts']}"
        yield Step(
            failure["at"], HUB, each.recipient, label, "bad", failed=True, below=error, fault=fault, ident=each.id
        )
    uncounted = each.attempts - len(known) - (each.state in ("delivered", "sending"))
    if uncounted > 0 and not failures:
        yield Step(each.settled_at or "", HUB, HUB, f"{uncounted} attempts before, no longer told one by one", "warn")
    if each.state == "delivered":
        again = f", attempt {each.attempts}" if each.attempts > 1 else ""
        yield Step(
            each.settled_at, HUB, each.recipient, f"{sized}{again}", "plain",
            fault="" if failures else struck, ident=each.id,
        )  # fmt: skip
        yield Step(each.settled_at, each.recipient, HUB, "acknowledged", "ok", ident=each.id)
    elif each.state == "dead":
        yield Step(
            failures[-1]["at"] if failures else "", HUB, HUB, f"to {each.recipient}: given up", "bad", ident=each.id
        )
    else:
        waits = {"due": "to be sent", "retrying": "to be tried again", "sending": "on its way"}[each.state]
        yield Step("", HUB, HUB, f"{what} to {each.recipient}: {waits}", "wait", ident=each.id)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One delivery that failed so far."""

    id: str
    recipient: str
    state: str
    """dead, or retrying."""
    attempts: int
    error: str
    fault: str


def undelivered(told: Sequence[Told]) -> Iterator[Undelivered]:
    """What a person may send again."""
    for each in (delivery for message in told for delivery in message.deliveries):
        if each.state in ("dead", "retrying"):
            error, fault = split(each.last_error or "")
            yield Undelivered(each.id, each.recipient, each.state, each.attempts, error, fault)


def split(error: str) -> tuple[str, str]:
    """An error of a delivery, and the label of the fault in it."""
    found = _FAULT.search(error)
    return (_FAULT.sub("", error), found[1]) if found else (error, "")


# --- tracks ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """One station of a track."""

    word: str
    tone: str
    """ok, wait, warn, bad; `open`: not yet."""
    now: bool = False


@dataclass(frozen=True, slots=True)
class Tracks:
    """Of one recipient: delivered and decided, never one status."""

    recipient: str
    delivered: tuple[Mark, ...]
    decided: tuple[Mark, ...]


_DELIVERY: Mapping[str, Mark] = {
    "due": Mark("to be sent", "wait", now=True),
    "sending": Mark("on its way", "wait", now=True),
    "retrying": Mark("to be tried again", "warn", now=True),
    "delivered": Mark("delivered", "ok"),
    "dead": Mark("not delivered", "bad", now=True),
}


def tracks_of(stored: Stored, told: Sequence[Told]) -> list[Tracks]:
    """For each recipient."""
    return [
        Tracks(name, tuple(_delivered(told, each.get("delivery"))), tuple(_decided(name, str(each["state"]), told)))
        for name, each in stored.summary["recipients"].items()
    ]


def _delivered(told: Sequence[Told], state: str | None) -> Iterator[Mark]:
    yield Mark("submitted", "ok")
    yield Mark("validated", "ok")
    yield Mark("receipt signed", "ok")
    position = told[0].row.position if told else None
    yield Mark("logged" if position is None else f"logged, leaf {position:,}", "open" if position is None else "ok")
    yield _DELIVERY.get(state or "", Mark("not sent", "open"))


def _decided(recipient: str, state: str, told: Sequence[Told]) -> Iterator[Mark]:
    """What was said of it for this recipient, the last of it being where it stands."""
    events = [each.row for each in told if each.row.kind == "event" and each.row.type not in OF_TITLES]
    said = [row.type for row in events if row.recipient in (recipient, None)]
    if not said:
        yield Mark("waits for a decision" if state in ("received", "applied") else state, "wait", now=True)
        return
    for at, kind in enumerate(said):
        yield Mark(str(kind).replace("-", " "), TONES.get(str(kind), "ok"), now=at == len(said) - 1)


# --- what was signed -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signature:
    """One statement: who says what, by which key, and what stands in it."""

    what: str
    by: str
    at: str
    kid: str
    content: str
    """Header and payload, as JSON."""


def signatures_of(stored: Stored, told: Sequence[Told]) -> Iterator[Signature]:
    """Every signed statement about the document: its issuer's, receipts, notes, acknowledgements, events."""
    if stored.signer is not None:
        signer = stored.signer
        shown = orjson.dumps(signer, option=orjson.OPT_INDENT_2).decode()
        kid = str(signer.get("kid", ""))
        yield Signature("the document: this is what I issued", signer["member"], signer["signedAt"], kid, shown)
    for each in told:
        row = each.row
        if row.kind == "event" and row.bytes:
            said = str(row.type).replace("-", " ")
            yield _statement(f"event: {said}", row.member, row.received_at, bytes(row.bytes).decode("ascii", "replace"))
        yield _statement(f"receipt for this {row.kind}", HUB, row.received_at, row.receipt)
        if row.attestation:
            yield _statement("what the hub received, unsigned", HUB, row.received_at, row.attestation)
        for delivery in each.deliveries:
            if delivery.note:
                what = f"note for {delivery.recipient}: this rendition is of that original"
                yield _statement(what, HUB, delivery.settled_at or row.received_at, delivery.note)
            if delivery.acknowledgement:
                at = delivery.settled_at or ""
                yield _statement("acknowledgement: I have it", delivery.recipient, at, delivery.acknowledgement)


def _statement(what: str, by: str, at: str, token: str) -> Signature:
    header, payload = _opened(token)
    shown = orjson.dumps({"header": header, "payload": payload}, option=orjson.OPT_INDENT_2).decode()
    return Signature(what, by, at, str(header.get("kid", "")), shown)


def _opened(token: str) -> tuple[dict[str, Any], Any]:
    """Header and payload of a compact JWS. It was judged when it was accepted; here it is only shown."""
    opened: list[Any] = []
    for part in token.split(".")[:2]:
        data = from_base64url(part.encode())
        try:
            opened.append(orjson.loads(data or b""))
        except orjson.JSONDecodeError:
            opened.append({})
    header, payload = (*opened, {}, {})[:2]
    return header if isinstance(header, dict) else {}, payload
