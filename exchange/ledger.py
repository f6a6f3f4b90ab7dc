"""The ledger of certificates: what was drawn of each item, by whom, and what is left.

1. A draw is a signed event of a recipient (`utilised`), or a back-to-back certificate that its hub accepted. Nothing is
   drawn off the record, and what is drawn is written in the transaction of that message.
2. The row of the document is held while its balances are read and written: however many draw at once, over however many
   hubs, nobody draws what is not there. `schemas.certificate.utilisation` says what is there; this part keeps it.
3. All recipients draw on one total. A recipient reads what is left, and its own draws; the issuing side reads them all.
4. One declaration draws once on a certificate, until that draw is released or reversed.
5. A back-to-back certificate draws on its original when it is accepted, and gives back when it is cancelled or
   replaced. A certificate on which something is drawn or held is neither cancelled nor replaced.

The balances of a certificate are written down when the first draws on it; until then they are what it states.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection

from exchange.messages import Envelope, RefusedInTransaction, add_to_feed
from exchange.store import tables as t
from exchange.store.rows import add
from exchange.subject import subject_of
from schemas.certificate.model import Certificate, Quantity
from schemas.certificate.said import Draw, OfDraw, Utilised, read_body
from schemas.certificate.utilisation import (
    Balance,
    Drawing,
    DrawState,
    Lack,
    Taken,
    Use,
    draw,
    on_original,
    opening,
    plain,
    settle,
    shown,
    take,
    use_of,
)
from schemas.event import Event, EventType, TitleEvent
from schemas.findings import Finding, finding
from schemas.registry import profile_of, read_again
from tradebridge.evidence.times import rfc3339

if TYPE_CHECKING:
    from datetime import datetime

    from exchange.hub import Hub

_SETTLING = (EventType.COMMITTED, EventType.RELEASED, EventType.REVERSED)
_ENDING = (EventType.CANCELLED, EventType.REPLACED)
_OPEN = (DrawState.PROVISIONAL.value, DrawState.FINAL.value)


def has_ledger(profile_id: str) -> bool:
    """Whether documents of this profile are drawn on."""
    profile = profile_of(profile_id)
    return profile is not None and profile.family == "certificate"


# --- Balances --------------------------------------------------------------------------------------------------------


def balances_of(connection: Connection, document_id: str) -> dict[int, Balance]:
    """The balances as they are written down, by item; none before the first draw."""
    rows = connection.execute(select(t.balances).where(t.balances.c.document_id == document_id))
    return {
        row.item: Balance(
            row.item,
            Quantity.model_construct(value=Decimal(row.total), unit=row.unit),
            Decimal(row.drawn),
            Decimal(row.held),
        )
        for row in rows
    }


def _balances(connection: Connection, subject: Any) -> tuple[dict[int, Balance], bool]:
    """The balances of a document, and whether they are written down."""
    written = balances_of(connection, subject.id)
    if written:
        return written, True
    data = connection.execute(select(t.messages.c.bytes).where(t.messages.c.id == subject.message_id)).scalar_one()
    return dict(_stated(subject.profile, data)), False


@lru_cache(maxsize=4)  # the early check and the transaction ask one after the other
def _stated(profile_id: str, data: bytes) -> Mapping[int, Balance]:
    """What the certificate in these bytes states."""
    document = read_again(profile_id, data)
    return opening(document) if isinstance(document, Certificate) else {}


def _write(
    connection: Connection, document_id: str, before: dict[int, Balance], after: Mapping[int, Balance], *, written: bool
) -> Use:
    """Write the balances that changed, or all of them the first time; gives how far the document is used now."""
    balances = {**before, **after}
    if written:
        row = t.balances.c
        changed = update(t.balances).where(row.document_id == document_id, row.item == bindparam("number"))
        values = [{"number": each.number, **_amounts(each)} for each in after.values()]
        connection.execute(changed.values(drawn=bindparam("drawn"), held=bindparam("held")), values)
    else:
        add(connection, t.balances, [_row(document_id, each) for each in balances.values()])
    use = use_of(balances.values())
    stored = None if use is Use.UNUSED else use.value
    connection.execute(update(t.documents).where(t.documents.c.id == document_id).values(utilisation=stored))
    return use


def _amounts(balance: Balance) -> dict[str, str]:
    return {"drawn": f"{plain(balance.drawn):f}", "held": f"{plain(balance.held):f}"}


def _row(document_id: str, balance: Balance) -> dict[str, Any]:
    total = {"total": f"{balance.total.value:f}", "unit": balance.total.unit}
    return {"document_id": document_id, "item": balance.number, **total, **_amounts(balance)}


# --- What an event does ----------------------------------------------------------------------------------------------


def check(connection: Connection, subject: Any, event: Event) -> tuple[Finding, ...]:
    """What stands against an event that draws, settles a draw, or ends the certificate."""
    if not has_ledger(subject.profile):
        return ()
    body = read_body(event)
    if isinstance(body, Utilised):
        drawing = _drawing(_balances(connection, subject)[0], body)
        found = drawing if isinstance(drawing, tuple) else ()
        return (*_repeated(connection, subject, event, body), *found)
    if isinstance(body, OfDraw) and event.type in _SETTLING:
        outcome = _settled(connection, subject, event, body, _balances(connection, subject)[0])
        return (outcome,) if isinstance(outcome, Finding) else ()
    return _in_use(subject) if event.type in _ENDING else ()


def follow(connection: Connection, hub: "Hub", subject: Any, event: Event, at: "datetime") -> dict[str, str]:
    """Keep what the event does to the ledger, in its transaction, which holds the subject's row; gives what the feed
    tells of it. Raises `RefusedInTransaction`."""
    if not has_ledger(subject.profile):
        return {}
    body = read_body(event)
    if isinstance(body, Utilised):
        return _draw(connection, hub, subject, event, body, at)
    if isinstance(body, OfDraw) and event.type in _SETTLING:
        return _settle(connection, subject, event, body, at)
    if event.type in _ENDING:
        if found := _in_use(subject):
            raise RefusedInTransaction(*found)
        _give_back(connection, subject.id, event.id, at)
    return {}


def _in_use(subject: Any) -> tuple[Finding, ...]:
    if subject.utilisation is None:
        return ()
    return (finding("utilisation.in-use", "/type", found=subject.utilisation, expected="no draw"),)


# --- Drawing ---------------------------------------------------------------------------------------------------------


def _drawing(balances: Mapping[int, Balance], body: Utilised) -> Drawing | tuple[Finding, ...]:
    asked = [(item.number, item.quantity) for item in body.items]
    return draw(balances, asked, _state_of(body), "/body/items")


def _state_of(body: Utilised) -> DrawState:
    return DrawState.PROVISIONAL if body.draw is Draw.PROVISIONAL else DrawState.FINAL


def _repeated(connection: Connection, subject: Any, event: Event, body: Utilised) -> tuple[Finding, ...]:
    """The same declaration again, while what it drew stands."""
    row = t.draws.c
    same = row.document_id == subject.id, row.member == event.recipient, row.reference == body.declaration.reference
    known = connection.execute(select(row.id).where(*same, row.state.in_(_OPEN)).limit(1)).scalar()
    if known is None:
        return ()
    pointer, reference = "/body/declaration/reference", body.declaration.reference
    return (finding("utilisation.declaration-repeated", pointer, found=reference, expected=f"one draw; it is {known}"),)


def _draw(
    connection: Connection, hub: "Hub", subject: Any, event: Event, body: Utilised, at: "datetime"
) -> dict[str, str]:
    balances, written = _balances(connection, subject)
    drawing = _drawing(balances, body)
    found = _repeated(connection, subject, event, body)
    if isinstance(drawing, tuple):
        raise RefusedInTransaction(*found, *drawing)
    if found:
        raise RefusedInTransaction(*found)
    declaration = body.declaration.model_dump(mode="json", by_alias=True, exclude_none=True)
    _keep(
        connection,
        hub,
        id=event.id,
        document_id=subject.id,
        member=event.recipient,
        state=_state_of(body).value,
        reference=body.declaration.reference,
        declaration=orjson.dumps(declaration).decode(),
        taken=_text_of(drawing.taken),
        at=rfc3339(at),
    )
    return {"utilisation": _write(connection, subject.id, balances, drawing.after, written=written).value}


def _keep(connection: Connection, hub: "Hub", **row: str | None) -> None:
    add(connection, t.draws, {**row, "row": hub.next_row()})


def _text_of(taken: Iterable[Taken]) -> str:
    rows = [[each.number, f"{each.stated.value:f}", each.stated.unit, f"{each.amount:f}"] for each in taken]
    return orjson.dumps(rows).decode()


def _taken_in(text: str) -> list[Taken]:
    return [
        Taken(number, Quantity.model_construct(value=Decimal(value), unit=unit), Decimal(amount))
        for number, value, unit, amount in orjson.loads(text)
    ]


# --- Settling --------------------------------------------------------------------------------------------------------


def _settled(
    connection: Connection, subject: Any, event: Event, body: OfDraw, balances: Mapping[int, Balance]
) -> Mapping[int, Balance] | Finding:
    """The balances that change when this draw is committed, released or reversed; or what stands against it."""
    made = connection.execute(
        select(t.draws).where(
            t.draws.c.id == body.draw, t.draws.c.document_id == subject.id, t.draws.c.member == event.recipient
        )
    ).first()
    if made is None:
        return finding("utilisation.unknown-draw", "/body/draw", found=body.draw)
    return settle(balances, _taken_in(made.taken), DrawState(made.state), event.type.value)


def _settle(connection: Connection, subject: Any, event: Event, body: OfDraw, at: "datetime") -> dict[str, str]:
    balances, written = _balances(connection, subject)
    after = _settled(connection, subject, event, body, balances)
    if isinstance(after, Finding):
        raise RefusedInTransaction(after)
    _mark(connection, body.draw, _AFTER[event.type], event.id, at)
    return {"utilisation": _write(connection, subject.id, balances, after, written=written).value}


_AFTER: dict[EventType | TitleEvent, DrawState] = {
    EventType.COMMITTED: DrawState.FINAL,
    EventType.RELEASED: DrawState.RELEASED,
    EventType.REVERSED: DrawState.REVERSED,
}


def _mark(connection: Connection, draw_id: str, state: DrawState, by: str, at: "datetime") -> None:
    values = {"state": state.value, "settled_by": by, "settled_at": rfc3339(at)}
    connection.execute(update(t.draws).where(t.draws.c.id == draw_id).values(**values))


# --- Back-to-back ----------------------------------------------------------------------------------------------------

_LACKS = {
    Lack.GOODS: "certificate.back-to-back-other-goods",
    Lack.UNIT: "certificate.back-to-back-other-unit",
    Lack.QUANTITY: "certificate.back-to-back-more-than-left",
}


def draw_on_original(
    connection: Connection, hub: "Hub", envelope: Envelope, copy: Certificate, original_id: str, original: Certificate
) -> None:
    """Draw what a back-to-back certificate certifies on its original, in the transaction that accepts it. Raises
    `RefusedInTransaction`: the rules saw the original before, and others may have drawn since."""
    subject = subject_of(connection, original_id, lock=True)
    if subject is None or subject.state != "live":
        state = subject.state if subject else "gone"
        raise RefusedInTransaction(finding("certificate.original-not-live", "/originalProof/number", found=state))
    balances, written = _balances(connection, subject)
    taken, short = on_original(copy, original, {number: each.left for number, each in balances.items()})
    if short:
        found = [finding(_LACKS[each.lack], each.pointer, found=each.found, expected=each.expected) for each in short]
        raise RefusedInTransaction(*found)
    _keep(
        connection,
        hub,
        id=envelope.document_id,
        document_id=original_id,
        member=envelope.member,
        state=DrawState.FINAL.value,
        reference=None,
        declaration=None,
        taken=_text_of(taken),
        at=rfc3339(envelope.at),
    )
    after = take(balances, taken, DrawState.FINAL).after
    use = _write(connection, original_id, balances, after, written=written)
    _tell_of_draw(connection, subject, envelope.document_id, envelope.member, envelope.at, DrawState.FINAL, use)


def _give_back(connection: Connection, copy_id: str, event_id: str, at: "datetime") -> None:
    """What a back-to-back certificate drew on its original is free again."""
    made = connection.execute(select(t.draws).where(t.draws.c.id == copy_id, t.draws.c.state.in_(_OPEN))).first()
    subject = subject_of(connection, made.document_id, lock=True) if made is not None else None
    if made is None or subject is None:
        return
    balances, written = _balances(connection, subject)
    after = settle(balances, _taken_in(made.taken), DrawState.FINAL, "reversed")
    if isinstance(after, Finding):
        raise RefusedInTransaction(after)
    _mark(connection, copy_id, DrawState.RELEASED, event_id, at)
    use = _write(connection, subject.id, balances, after, written=written)
    _tell_of_draw(connection, subject, copy_id, made.member, at, DrawState.RELEASED, use)


def _tell_of_draw(
    connection: Connection, subject: Any, copy_id: str, member: str, at: "datetime", state: DrawState, use: Use
) -> None:
    """The original's issuing side hears of it, and who certified again."""
    facts = {"at": rfc3339(at), "document": subject.id, "number": subject.number, "profile": subject.profile}
    told = {subject.sender, subject.issuer, member} - {None}
    draw = {"member": member, "backToBack": copy_id, "draw": state.value, "utilisation": use.value}
    add_to_feed(connection, "document.drawn", tuple(sorted(told)), {**facts, **draw})


def given_back_by(connection: Connection, copy_id: str, original_id: str) -> dict[int, Decimal]:
    """What a back-to-back certificate holds of this original, by item: free again once it is replaced."""
    row = t.draws.c
    made = connection.execute(
        select(row.taken).where(row.id == copy_id, row.document_id == original_id, row.state.in_(_OPEN))
    ).scalar()
    return {each.number: each.amount for each in _taken_in(made)} if made is not None else {}


# --- Reading ---------------------------------------------------------------------------------------------------------


def account(
    connection: Connection, subject: Any, only_for: str | None, limit: int, before: int | None
) -> tuple[dict[str, Any], int | None]:
    """What is left of a certificate and who drew what, newest first, from before the row `before`; and the row from
    which the next page goes on. `only_for`: the recipient who asks, and reads its own draws only."""
    balances, _ = _balances(connection, subject)
    query = select(t.draws).where(t.draws.c.document_id == subject.id)
    if only_for is not None:
        query = query.where(t.draws.c.member == only_for)
    if before is not None:
        query = query.where(t.draws.c.row < before)
    rows = connection.execute(query.order_by(t.draws.c.row.desc()).limit(limit + 1)).all()
    told = {
        "document": subject.id,
        "number": subject.number,
        "state": use_of(balances.values()).value,
        "items": [_balance_json(each) for each in balances.values()],
        "draws": [_draw_json(row) for row in rows[:limit]],
    }
    return told, rows[limit - 1].row if len(rows) > limit else None


def _balance_json(balance: Balance) -> dict[str, Any]:
    drawn, held = balance.stated(balance.drawn), balance.stated(balance.held)
    amounts = {"total": balance.total, "drawn": drawn, "held": held, "left": balance.left}
    return {
        "number": balance.number,
        "unit": balance.total.unit,
        **{name: f"{plain(quantity.value):f}" for name, quantity in amounts.items()},
    }


def _draw_json(row: Any) -> dict[str, Any]:
    """One draw: of a declaration, by its event; or of a back-to-back certificate, by its document."""
    by = {"event": row.id, "declaration": orjson.loads(row.declaration)} if row.declaration else {"document": row.id}
    items = [
        {"number": each.number, "quantity": {"value": f"{plain(each.stated.value):f}", "unit": each.stated.unit}}
        for each in _taken_in(row.taken)
    ]
    settled = {"settledBy": row.settled_by, "settledAt": row.settled_at} if row.settled_by else {}
    return {**by, "member": row.member, "state": row.state, "at": row.at, "items": items, **settled}


def entries(connection: Connection, document_id: str, only_for: str | None) -> list[dict[str, Any]]:
    """For the timeline of a certificate: what back-to-back certificates drew on it, and gave back."""
    query = select(t.draws).where(t.draws.c.document_id == document_id, t.draws.c.declaration.is_(None))
    if only_for is not None:
        query = query.where(t.draws.c.member == only_for)
    told = []
    for row in connection.execute(query.order_by(t.draws.c.row)):
        goods = ", ".join(f"{shown(each.stated)} of item {each.number}" for each in _taken_in(row.taken)[:10])
        entry = {"kind": "draw", "member": row.member, "messageId": None, "recipient": None, "document": row.id}
        text = f"{row.member} certifies again: {goods} drawn"
        told.append({"at": row.at, **entry, "state": DrawState.FINAL.value, "text": text})
        if row.settled_by:
            text = f"{row.member} certifies no more: {goods} given back"
            told.append({"at": row.settled_at, **entry, "state": row.state, "text": text})
    return told
