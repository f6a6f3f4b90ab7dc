"""Surrender, in the platform's role (DCSA eBL Surrender 3.0.4).

1. When a title is surrendered to its carrier here, by a user of this platform or by an envelope from another, the
   request to the carrier is stored in the same transaction; the courier makes it until the carrier takes it.
2. Until the carrier answers it has possession, and nothing else can be done with the title.
3. The carrier answers once: a second answer is 409, whatever it says. Where it has rejected, and the platform of who
   surrendered does not take the title back, the carrier has it as before, and is asked anew.
4. `SURR` is SACC in the chain and ends the title; `SREJ` gives possession back. Who surrendered from another platform
   hears of it by an envelope: a notice of SACC, the title itself after SREJ.
"""

from dataclasses import replace

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from schemas.bill_of_lading import pint, surrender
from schemas.bill_of_lading.pint import ActionCode, Transaction
from schemas.bill_of_lading.surrender import SurrenderAction, SurrenderRequestAnswer
from schemas.bill_of_lading.title import Status, Title, apply
from schemas.content import json_or_finding
from schemas.findings import Finding, errors, finding
from tradebridge.ebl import steps, tables, titles, transfers
from tradebridge.ebl.host import Caller, Host, user_account
from tradebridge.ebl.titles import Held

REQUESTS = "/ebl/v3/ebl-surrender-requests"
OPEN = "open"
SURRENDERED = frozenset({Status.SURRENDERED_FOR_DELIVERY, Status.SURRENDERED_FOR_AMENDMENT})


def ask(connection: Connection, host: Host, held: Held) -> None:
    """Store the request to the carrier that has just got possession (rule 1)."""
    reference = transfers.derived("sur", held.id, held.sequence)
    request = surrender.request_of(reference, held.document, held.transactions)
    connection.execute(
        insert(tables.surrenders).values(
            reference=reference,
            title=held.id,
            carrier=held.carrier,
            code=request.surrender_request_code.value,
            state=OPEN,
            comments=request.comments or "",
            asked_at=pint.written(host.now()),
            answered_at=None,
        )
    )
    transfers.called(connection, host, "surrender-request", held.carrier, REQUESTS, pint.to_json(request))


def came_back(connection: Connection, host: Host, title_id: str) -> None:
    """A transfer of this title was refused for good, or called back. If it was the carrier's SREJ, rule 3."""
    held = titles.by_id(connection, title_id, lock=True)
    if held is not None and held.at == titles.HERE and held.title.status in SURRENDERED:
        ask(connection, host, held)


async def answered(host: Host, caller: Caller, data: bytes) -> tuple[Finding, ...]:
    """The carrier's answer: nothing to refuse, and it is durable; or why it is refused."""
    value = json_or_finding(data)
    if isinstance(value, Finding):
        return (value,)
    answer = pint.read(SurrenderRequestAnswer, value)
    if isinstance(answer, tuple):
        return answer
    refused = tuple(errors(surrender.judge_answer(answer)))
    if refused:
        return refused
    await host.step(steps.SURRENDER_ARRIVED)
    refused = await host.do(lambda connection: _settle(connection, host, caller, answer))
    if not refused:
        host.wake()
        await host.step(steps.SURRENDER_STORED)
    return refused


def _settle(connection: Connection, host: Host, caller: Caller, answer: SurrenderRequestAnswer) -> tuple[Finding, ...]:
    asked = tables.surrenders.c.reference == answer.surrender_request_reference
    row = connection.execute(select(tables.surrenders).where(asked).with_for_update()).one_or_none()
    if row is None or row.carrier not in caller.carriers:
        return (finding("surrender.unknown-request", found=answer.surrender_request_reference),)
    held = titles.by_id(connection, row.title, lock=True)
    if row.state != OPEN or held is None:
        return (finding("surrender.answered-already", found=answer.action, expected=row.state),)
    connection.execute(
        update(tables.surrenders)
        .where(asked)
        .values(state=answer.action.value, comments=answer.comments or "", answered_at=pint.written(host.now()))
    )
    transaction, after = _transaction(host, held, answer)
    if answer.action is SurrenderAction.SURR:
        _end(connection, host, held, transaction, after)
    else:
        _give_back(connection, host, held, transaction, after)
    return ()


def _transaction(host: Host, held: Held, answer: SurrenderRequestAnswer) -> tuple[Transaction, Title]:
    """What the answer is in the chain, and the title after it."""
    title = held.title
    accepted = answer.action is SurrenderAction.SURR
    transaction = Transaction(
        action_code=ActionCode.SACC if accepted else ActionCode.SREJ,
        actor=title.possessor,
        recipient=title.surrendered_by,
        action_date_time=host.now(),
        comments=None if accepted else answer.comments,
        audit_reference=f"{host.code}-{held.id[:16]}-{held.sequence}",
    )
    after = apply(title, transaction)
    if not isinstance(after, Title):
        raise titles.BrokenStore(f"{held.reference} cannot be answered {answer.action}: {after[0].code}")
    return transaction, after


def _end(connection: Connection, host: Host, held: Held, transaction: Transaction, after: Title) -> None:
    ended = replace(held, pending=(*held.pending, transaction))
    recipient = transaction.recipient
    if recipient is not None and recipient.ebl_platform != host.code:
        ended, _ = transfers.notify(connection, host, held, (transaction,), recipient.ebl_platform)
    titles.write(connection, host, "title.ended", replace(ended, at=titles.ENDED), held)


def _give_back(connection: Connection, host: Host, held: Held, transaction: Transaction, after: Title) -> None:
    receiver = after.possessor.ebl_platform
    if receiver != host.code:
        transfers.hand_over(connection, host, held, (transaction,), receiver, before=held)
        return
    back = replace(held, pending=(*held.pending, transaction), account=user_account(host, after.possessor))
    titles.write(connection, host, "title.acted", back, held)
