"""The life of a document after it was accepted: a pure state machine over signed events.

State is kept per document and recipient, since recipients can differ (accepted here, queried there). A cancellation
is said of the document and holds for every recipient.

    received -> accepted | queried | rejected         by the recipient
    queried  -> answered                              by the sender or the issuer
    queried, answered -> accepted | queried* | rejected   by the recipient
    accepted -> utilised, again and again             by the recipient
    any but rejected, utilised, cancelled -> cancelled    by the sender or the issuer

(* a second query only after an answer.) The sequence counts the events per document and recipient; an event states
the sequence that its speaker has seen and makes the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from schemas.event import Event, EventType
from schemas.findings import Fidelity, Finding, Kind, finding, register

_OURS = "Tradebridge, after the e-Form D exchange (receipt, decision, utilisation)"

register(
    [
        Kind(
            "event.unknown-recipient",
            "The event names a recipient that the document did not go to.",
            "Name one of the document's recipients.",
            fidelity=Fidelity.MODELLED,
            source=_OURS,
        ),
        Kind(
            "event.wrong-party",
            "The event is not for this member to say.",
            "Decisions are the recipient's; answers and cancellations are the sender's or the issuer's.",
            fidelity=Fidelity.MODELLED,
            source=_OURS,
            status=403,
        ),
        Kind(
            "event.old-sequence",
            "Something else was said of the document in the meantime.",
            "Read the timeline, then state the present sequence.",
            source="Tradebridge, tradebridge-event/1",
            status=409,
        ),
        Kind(
            "event.not-now",
            "The present state of the document does not allow this event.",
            "See its timeline for where it stands.",
            fidelity=Fidelity.MODELLED,
            source=_OURS,
            status=409,
        ),
        Kind(
            "event.reason-missing",
            "A query or a rejection gives no reason.",
            "Give at least one reason, with its place in the document.",
            clause="Rule 13 (box 4 is marked and the form returned with reasons)",
            source="ATIGA Annex 8, as commonly described",
            fidelity=Fidelity.MODELLED,
        ),
    ]
)


class State(StrEnum):
    RECEIVED = "received"
    ACCEPTED = "accepted"
    QUERIED = "queried"
    ANSWERED = "answered"
    REJECTED = "rejected"
    UTILISED = "utilised"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a document stands at one recipient."""

    state: State
    sequence: int


@dataclass(frozen=True, slots=True)
class Parties:
    """Member ids."""

    sender: str
    issuer: str | None
    """The member whose key signed the document; None where nobody did."""
    recipients: frozenset[str]


ALLOWED: Mapping[State, frozenset[EventType]] = {
    State.RECEIVED: frozenset({EventType.ACCEPTED, EventType.QUERIED, EventType.REJECTED, EventType.CANCELLED}),
    State.QUERIED: frozenset({EventType.ANSWERED, EventType.ACCEPTED, EventType.REJECTED, EventType.CANCELLED}),
    State.ANSWERED: frozenset({EventType.ACCEPTED, EventType.QUERIED, EventType.REJECTED, EventType.CANCELLED}),
    State.ACCEPTED: frozenset({EventType.UTILISED, EventType.CANCELLED}),
    State.UTILISED: frozenset({EventType.UTILISED}),
    State.REJECTED: frozenset(),
    State.CANCELLED: frozenset(),
}
"""What may be said in which state."""

BY_ISSUING_SIDE = frozenset({EventType.ANSWERED, EventType.CANCELLED})
NEEDS_REASON = frozenset({EventType.QUERIED, EventType.REJECTED})


def apply(standings: Mapping[str, Standing], event: Event, parties: Parties) -> Mapping[str, Standing] | Finding:
    """The standings that the event changes, or the finding that refuses it."""
    if event.type is EventType.CANCELLED:
        return _cancel(standings, event, parties)
    recipient = event.recipient
    standing = standings.get(recipient) if recipient is not None else None
    if recipient is None or standing is None:
        return finding(
            "event.unknown-recipient", "/recipient", found=recipient or "none", expected=", ".join(sorted(standings))
        )
    problem = _check_party(event, parties, recipient) or _check_reason(event)
    problem = problem or _check_sequence(event, standing.sequence) or _check_state(event, recipient, standing.state)
    if problem:
        return problem
    return {recipient: Standing(State(event.type.value), standing.sequence + 1)}


def _cancel(standings: Mapping[str, Standing], event: Event, parties: Parties) -> Mapping[str, Standing] | Finding:
    if event.recipient is not None:
        return finding("event.unknown-recipient", "/recipient", found=event.recipient, expected="none: it holds for all")
    highest = max((each.sequence for each in standings.values()), default=0)
    problem = _check_party(event, parties, "") or _check_sequence(event, highest)
    for recipient, standing in standings.items():
        problem = problem or _check_state(event, recipient, standing.state)
    if problem:
        return problem
    return {recipient: Standing(State.CANCELLED, highest + 1) for recipient in standings}


def _check_party(event: Event, parties: Parties, recipient: str) -> Finding | None:
    issuing = sorted({parties.sender, parties.issuer or parties.sender})
    may = issuing if event.type in BY_ISSUING_SIDE else [recipient]
    if event.actor.member in may:
        return None
    return finding("event.wrong-party", "/actor/member", found=event.actor.member, expected=" or ".join(may))


def _check_reason(event: Event) -> Finding | None:
    if event.type in NEEDS_REASON and not event.reasons:
        return finding("event.reason-missing", "/reasons", found="none", expected="at least one reason")
    return None


def _check_sequence(event: Event, sequence: int) -> Finding | None:
    if event.expected_sequence == sequence:
        return None
    return finding("event.old-sequence", "/expectedSequence", found=event.expected_sequence, expected=sequence)


def _check_state(event: Event, recipient: str, state: State) -> Finding | None:
    if event.type in ALLOWED[state]:
        return None
    may = ", ".join(sorted(ALLOWED[state])) or "nothing more"
    return finding("event.not-now", "/type", found=f"{event.type} while {state} at {recipient}", expected=may)
