"""What is said of a document: who may, when, in which order; and that nothing changes off the record."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from schemas.event import EventType
from tests.exchange.cast import NOW, Cast, certificate, event, refused_by
from tradebridge.client import EventAccepted, Refused

ACCEPTED, QUERIED, ANSWERED = EventType.ACCEPTED, EventType.QUERIED, EventType.ANSWERED
REJECTED, UTILISED, CANCELLED = EventType.REJECTED, EventType.UTILISED, EventType.CANCELLED


@pytest.fixture
def said(cast: Cast) -> Any:
    """Submit one certificate, and say things of it."""
    submitted = cast["SG-NSW"].submit(certificate("SG-2026-02001"), ["TH-NSW", "VN-NSW"])

    def say(kind: EventType, by: str, sequence: int = 0, **changes: Any) -> EventAccepted | Refused:
        token = event(kind, submitted.id, submitted.content_digest, by, sequence=sequence, **changes)
        try:
            return cast[changes.pop("handed_in_by", by)].send_event(submitted.id, token)
        except Refused as refused:
            return refused

    say.id, say.digest = submitted.id, submitted.content_digest  # type: ignore[attr-defined]  # for the tests below
    return say


def code(outcome: EventAccepted | Refused) -> str:
    return outcome.code if isinstance(outcome, Refused) else "accepted"


def states(cast: Cast) -> dict[str, tuple[str, int]]:
    (summary,) = cast.operator.documents().items
    return {name: (each["state"], each["sequence"]) for name, each in summary["recipients"].items()}


def test_a_query_is_answered_and_then_decided(cast: Cast, said: Any) -> None:
    assert code(said(QUERIED, "TH-NSW", 0)) == "accepted"
    assert code(said(ANSWERED, "SG-NSW", 1)) == "accepted"
    assert code(said(ACCEPTED, "TH-NSW", 2)) == "accepted"
    assert code(said(UTILISED, "TH-NSW", 3)) == "accepted"
    assert code(said(UTILISED, "TH-NSW", 4)) == "accepted"
    assert states(cast) == {"TH-NSW": ("utilised", 5), "VN-NSW": ("issued", 0)}
    told = [entry["type"] for entry in cast["SG-NSW"].timeline(said.id)["entries"] if entry["kind"] == "event"]
    assert sorted(told) == sorted(["queried", "answered", "accepted", "utilised", "utilised"])


def test_a_cancellation_holds_for_every_recipient_and_tells_them(cast: Cast, said: Any) -> None:
    assert code(said(ACCEPTED, "TH-NSW", 0)) == "accepted"
    assert code(said(CANCELLED, "SG-NSW", 0, recipient=None)) == "event.old-sequence"
    assert code(said(CANCELLED, "SG-NSW", 1, recipient=None)) == "accepted"
    assert states(cast) == {"TH-NSW": ("cancelled", 2), "VN-NSW": ("cancelled", 2)}
    assert len(cast["VN-NSW"].inbox()) == 2
    refused = refused_by(cast["SG-NSW"].forward, said.id, ["XX-NSW"])
    assert "event.not-now" in {found.code for found in refused.findings}


REFUSED: dict[str, tuple[EventType, str, int, dict[str, Any], str, int]] = {
    "an old sequence": (ACCEPTED, "TH-NSW", 7, {}, "event.old-sequence", 409),
    "a decision of another recipient": (ACCEPTED, "VN-NSW", 0, {"recipient": "TH-NSW"}, "event.wrong-party", 403),
    "a decision of the sender": (ACCEPTED, "SG-NSW", 0, {}, "event.wrong-party", 403),
    "an answer before a query": (ANSWERED, "SG-NSW", 0, {}, "event.not-now", 409),
    "a use before acceptance": (UTILISED, "TH-NSW", 0, {}, "event.not-now", 409),
    "a recipient that it did not go to": (
        ACCEPTED,
        "TH-NSW",
        0,
        {"recipient": "MY-NSW"},
        "event.unknown-recipient",
        422,
    ),
    "a rejection without reasons": (REJECTED, "TH-NSW", 0, {"reasons": ()}, "event.reason-missing", 422),
    "a date ahead of the clock": (ACCEPTED, "TH-NSW", 0, {"at": NOW.replace(hour=10)}, "event.time-ahead", 422),
    "somebody else's document": (ACCEPTED, "JP-JCCI", 0, {}, "document.unknown", 404),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_an_event_that_may_not_be_said_changes_nothing(cast: Cast, said: Any, wrong: str) -> None:
    kind, by, sequence, changes, expected, status = REFUSED[wrong]
    outcome = said(kind, by, sequence, **changes)
    assert isinstance(outcome, Refused)
    assert expected in {found.code for found in outcome.findings}
    if len(outcome.findings) == 1:
        assert outcome.status == status
    assert states(cast) == {"TH-NSW": ("issued", 0), "VN-NSW": ("issued", 0)}
    assert cast[by].refusals().items[0]["id"] == outcome.refusal


def test_an_event_of_another_members_key_or_about_another_document_is_refused(cast: Cast, said: Any) -> None:
    token = event(ACCEPTED, said.id, said.digest, "TH-NSW")
    stolen = refused_by(cast["VN-NSW"].send_event, said.id, token)
    assert stolen.code == "event.wrong-party"
    other = cast["SG-NSW"].submit(certificate("SG-2026-02002"), ["TH-NSW"])
    misplaced = refused_by(cast["TH-NSW"].send_event, other.id, token)
    assert misplaced.code == "event.other-document"
    old = event(ACCEPTED, said.id, "0" * 64, "TH-NSW")
    changed = refused_by(cast["TH-NSW"].send_event, said.id, old)
    assert changed.code == "event.other-document"


def test_an_event_given_again_has_its_first_answer(cast: Cast, said: Any) -> None:
    token = event(ACCEPTED, said.id, said.digest, "TH-NSW")
    first = cast["TH-NSW"].send_event(said.id, token)
    again = cast["TH-NSW"].send_event(said.id, token)
    assert first.raw == again.raw
    assert states(cast)["TH-NSW"] == ("accepted", 1)
    assert len(cast["SG-NSW"].inbox()) == 1


def test_an_unsigned_event_is_no_event(cast: Cast, said: Any) -> None:
    token = event(ACCEPTED, said.id, said.digest, "TH-NSW")
    from schemas.content import from_base64url

    payload = from_base64url(token.split(".")[1].encode())
    assert payload is not None
    refused = refused_by(cast["TH-NSW"].send_event, said.id, payload.decode())
    assert "document.signature-unsupported" in {found.code for found in refused.findings}


def test_of_rival_decisions_exactly_one_is_taken(cast: Cast, said: Any) -> None:
    """Two officers at one window decide at once, from the same sequence."""
    kinds = [ACCEPTED, REJECTED, QUERIED] * 4

    def say(numbered: tuple[int, EventType]) -> str:
        ordinal, kind = numbered
        return code(said(kind, "TH-NSW", 0, ordinal=ordinal))

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(say, enumerate(kinds)))
    assert outcomes.count("accepted") == 1
    assert set(outcomes) <= {"accepted", "event.old-sequence"}
    assert states(cast)["TH-NSW"][1] == 1
    assert len(cast["SG-NSW"].inbox()) == 1
