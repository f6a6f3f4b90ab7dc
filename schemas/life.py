"""The life of an accepted document: what may be said about it, by whom, in which state. One table for all families.

1. A decision belongs to one recipient and is said by that recipient: accepted, queried, rejected, utilised.
2. Sender and issuer answer a query, and cancel. A cancellation holds for all recipients; it is refused once the
   document was used anywhere.
3. Sequences count per (document, recipient). An event states the one it has seen, and makes the next; a cancellation
   states the highest and makes all of them one higher than that.
4. A query or a rejection gives at least one reason: doubt leads to a question, not to a silent refusal.

The states follow the e-Form D process (decision, notification of utilisation) as digitalizetrade.org describes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from schemas.event import Event, EventType
from schemas.findings import Fidelity, Finding, Kind, finding, register

_SOURCE = "ASEAN Single Window, e-Form D process (outline)"

register(
    [
        Kind(
            "event.unknown-recipient",
            "The event names no recipient of this document.",
            "Name the recipient whose decision it is about; a cancellation names none.",
        ),
        Kind(
            "event.wrong-party",
            "This member may not say this about the document.",
            "Only a recipient decides; only the sender or the issuer answers or cancels.",
            source=_SOURCE,
            fidelity=Fidelity.MODELLED,
            status=403,
        ),
        Kind(
            "event.old-sequence",
            "The document has moved on since the sequence that the event states.",
            "Read the timeline, and send the event again with the sequence as it is now.",
            status=409,
        ),
        Kind(
            "event.not-now",
            "The document's state does not allow this event.",
            "Read the timeline: what is allowed now stands in this finding.",
            source=_SOURCE,
            fidelity=Fidelity.MODELLED,
            status=409,
        ),
        Kind(
            "event.reason-missing",
            "A query or a rejection gives no reason.",
            "Give at least one reason, with the place in the document that it is about.",
            clause="Rules 18 and 13",
            source="ATIGA Annex 8 (verification with reasons; return of a refused Form D with reasons)",
            fidelity=Fidelity.MODELLED,
        ),
    ]
)


class State(StrEnum):
    """Where a document stands at one recipient."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    QUERIED = "queried"
    ANSWERED = "answered"
    REJECTED = "rejected"
    UTILISED = "utilised"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Standing:
    """State and sequence of one document at one recipient; `Standing(State.RECEIVED, 0)` at first."""

    state: State
    sequence: int


@dataclass(frozen=True, slots=True)
class Parties:
    """Who has a part in one document, by member id. `issuer` is the member whose key signed it, if any did."""

    sender: str
    issuer: str | None
    recipients: frozenset[str]


_ALLOWED: Mapping[State, tuple[EventType, ...]] = {
    State.RECEIVED: (EventType.ACCEPTED, EventType.QUERIED, EventType.REJECTED, EventType.CANCELLED),
    State.QUERIED: (EventType.ANSWERED, EventType.ACCEPTED, EventType.REJECTED, EventType.CANCELLED),
    State.ANSWERED: (EventType.ACCEPTED, EventType.QUERIED, EventType.REJECTED, EventType.CANCELLED),
    State.ACCEPTED: (EventType.UTILISED, EventType.CANCELLED),
    State.UTILISED: (EventType.UTILISED,),
    State.REJECTED: (),
    State.CANCELLED: (),
}
"""What may be said in each state. Utilised may be said again: a certificate is used in parts."""

_OF_SENDER_OR_ISSUER = (EventType.ANSWERED, EventType.CANCELLED)
_WITH_REASON = (EventType.QUERIED, EventType.REJECTED)


def apply(standings: Mapping[str, Standing], event: Event, parties: Parties) -> Mapping[str, Standing] | Finding:
    """The standings that the event changes, by recipient; or the finding that refuses it.

    `standings` has every recipient of the document.
    """
    refused = _wrong_recipient(standings, event) or _wrong_party(event, parties)
    if refused is not None:
        return refused
    if event.type is EventType.CANCELLED:
        return _cancel(standings, event)
    return _decide(standings, event, event.recipient or "")


def _decide(standings: Mapping[str, Standing], event: Event, recipient: str) -> Mapping[str, Standing] | Finding:
    before = standings[recipient]
    refused = _moved_on(event, before.sequence) or _not_now(event, before.state) or _no_reason(event)
    return refused or {recipient: Standing(State(event.type.value), before.sequence + 1)}


def _cancel(standings: Mapping[str, Standing], event: Event) -> Mapping[str, Standing] | Finding:
    highest = max(standing.sequence for standing in standings.values())
    states = {standing.state for standing in standings.values()}
    in_the_way = states & {State.UTILISED, State.CANCELLED} or (states if states == {State.REJECTED} else set())
    refused = _moved_on(event, highest)
    if refused is None and in_the_way:
        refused = _not_now(event, min(in_the_way))
    return refused or {recipient: Standing(State.CANCELLED, highest + 1) for recipient in standings}


def _wrong_recipient(standings: Mapping[str, Standing], event: Event) -> Finding | None:
    if event.type is EventType.CANCELLED:
        if event.recipient is None:
            return None
        return finding("event.unknown-recipient", "/recipient", found=event.recipient, expected="no recipient")
    if event.recipient in standings:
        return None
    expected = " or ".join(sorted(standings))
    return finding("event.unknown-recipient", "/recipient", found=event.recipient or "none", expected=expected)


def _wrong_party(event: Event, parties: Parties) -> Finding | None:
    if event.type in _OF_SENDER_OR_ISSUER:
        may = {parties.sender} | ({parties.issuer} if parties.issuer else set())
    else:
        may = {event.recipient or ""}
    speaker = event.actor.member
    if speaker in may:
        return None
    return finding("event.wrong-party", "/actor/member", found=speaker, expected=" or ".join(sorted(may)))


def _moved_on(event: Event, sequence: int) -> Finding | None:
    if event.expected_sequence == sequence:
        return None
    return finding("event.old-sequence", "/expectedSequence", found=event.expected_sequence, expected=sequence)


def _not_now(event: Event, state: State) -> Finding | None:
    allowed = _ALLOWED[state]
    if event.type in allowed:
        return None
    choice = ", ".join(allowed) or "nothing more"
    return finding(
        "event.not-now", "/type", found=f"{event.type} of a document that is {state}", expected=f"{choice} now"
    )


def _no_reason(event: Event) -> Finding | None:
    if event.type not in _WITH_REASON or event.reasons:
        return None
    return finding("event.reason-missing", "/reasons", found="none", expected="one or more")
