"""What is counted: which rules fail, by route, and how long decisions take; and who may see it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import exchange.refused
from exchange.statistics import ninth_decile
from schemas.certificate.model import Certificate
from schemas.event import EventType
from tests.exchange.cast import FORM_D, NOW, Cast, certificate, document, event, refused_by, signed
from tests.exchange.running import hub_in_thread

ACCEPTED, REJECTED = EventType.ACCEPTED, EventType.REJECTED
MISSING = "certificate.quantity-missing"
MARKS = "certificate.marks-missing"


def changed(number: str, **item: Any) -> bytes:
    """A certificate whose first two items are changed in the same way."""
    value = document(number)
    assert isinstance(value, Certificate)
    items = tuple(each.model_copy(update=item) for each in value.items)
    return signed(value.model_copy(update={"items": items}))


def counted(cast: Cast, member: str, **wanted: str) -> dict[tuple[str, str, str], int]:
    told = cast[member].statistics(**wanted)["rules"]
    return {(each["code"], each["sender"], each["recipient"]): each["count"] for each in told}


def test_codes_are_counted_once_a_submission_and_by_route(cast: Cast) -> None:
    for ordinal, to in enumerate((["TH-NSW"], ["TH-NSW"], ["TH-NSW", "VN-NSW"])):
        refused_by(cast["SG-NSW"].submit, changed(f"SG-2026-0600{ordinal}", gross_weight=None), to)
        cast["SG-NSW"].submit(changed(f"SG-2026-0601{ordinal}", marks_and_numbers=None), to)
    own = counted(cast, "SG-NSW")
    assert {key: count for key, count in own.items() if key[0] in (MISSING, MARKS)} == {
        (MISSING, "SG-NSW", "TH-NSW"): 3,
        (MISSING, "SG-NSW", "VN-NSW"): 1,
        (MARKS, "SG-NSW", "TH-NSW"): 3,
        (MARKS, "SG-NSW", "VN-NSW"): 1,
    }
    assert counted(cast, "OPERATOR") == own
    counts = list(cast.operator.statistics()["rules"])
    assert [each["count"] for each in counts] == sorted((each["count"] for each in counts), reverse=True)
    assert {each["profile"] for each in counts} == {FORM_D}
    assert set(counted(cast, "OPERATOR", recipient="VN-NSW")) == {key for key in own if key[2] == "VN-NSW"}
    assert counted(cast, "OPERATOR", profile="rcep-co/2022") == {}


def test_a_recipient_sees_the_warnings_that_travelled_and_no_refusal_of_others(cast: Cast) -> None:
    refused_by(cast["SG-NSW"].submit, changed("SG-2026-06020", gross_weight=None, marks_and_numbers=None), ["TH-NSW"])
    cast["SG-NSW"].submit(changed("SG-2026-06021", marks_and_numbers=None), ["TH-NSW"])
    assert counted(cast, "TH-NSW")[(MARKS, "SG-NSW", "TH-NSW")] == 1
    assert {code for code, _, _ in counted(cast, "TH-NSW")} == {MARKS}
    assert counted(cast, "VN-NSW") == {}


def test_what_was_meant_for_nobody_known_is_counted_without_a_recipient(cast: Cast) -> None:
    refused_by(cast["SG-NSW"].submit, b"<what/>", ["XX-NSW"])
    told = cast["SG-NSW"].statistics()["rules"]
    assert {(each["recipient"], each["profile"]) for each in told} == {("", "")}
    assert "route.unknown-recipient" in {each["code"] for each in told}


def test_with_a_forgotten_refusal_its_codes_are_forgotten(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange.refused, "KEPT", 2)
    for ordinal in range(5):
        refused_by(cast["SG-NSW"].submit, changed(f"SG-2026-0603{ordinal}", gross_weight=None), ["TH-NSW"])
    assert counted(cast, "SG-NSW")[(MISSING, "SG-NSW", "TH-NSW")] == 2


def test_decisions_are_timed_from_the_arrival_at_their_recipient(tmp_path: Path) -> None:
    hours = (1, 2, 3, 4, 50)
    with hub_in_thread(tmp_path, clock=NOW) as cast:
        cast.join()
        sent = [cast["SG-NSW"].submit(certificate(f"SG-2026-0610{each}"), ["TH-NSW"]) for each in range(len(hours))]
    with hub_in_thread(tmp_path, clock=NOW + timedelta(hours=100)) as cast:
        cast["SG-NSW"].forward(sent[0].id, ["VN-NSW"])
    for one, after in zip(sent, hours, strict=True):
        with hub_in_thread(tmp_path, clock=NOW + timedelta(hours=after)) as cast:
            kind = REJECTED if after == 4 else ACCEPTED
            cast["TH-NSW"].send_event(one.id, event(kind, one.id, one.content_digest, "TH-NSW"))
    with hub_in_thread(tmp_path, clock=NOW + timedelta(hours=110)) as cast:
        token = event(ACCEPTED, sent[0].id, sent[0].content_digest, "VN-NSW", recipient="VN-NSW")
        cast["VN-NSW"].send_event(sent[0].id, token)
        first, second = cast["SG-NSW"].statistics()["decisions"]
        assert first == {
            "profile": FORM_D,
            "sender": "SG-NSW",
            "recipient": "TH-NSW",
            "decided": 5,
            "accepted": 4,
            "rejected": 1,
            "medianSeconds": 3 * 3600,
            "p90Seconds": 50 * 3600,
        }
        assert (second["recipient"], second["medianSeconds"]) == ("VN-NSW", 10 * 3600)
        assert cast["VN-NSW"].statistics()["decisions"] == [second]
        assert cast["JP-JCCI"].statistics()["decisions"] == []
        assert len(cast.operator.statistics(sender="SG-NSW")["decisions"]) == 2


@pytest.mark.parametrize(("count", "rank"), [(1, 1), (2, 2), (9, 9), (10, 9), (11, 10), (20, 18), (100, 90)])
def test_the_ninth_decile_is_a_value_that_was_measured(count: int, rank: int) -> None:
    assert ninth_decile([float(each) for each in range(1, count + 1)]) == rank
