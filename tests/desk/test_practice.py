"""Practice: a round comes in as documents do; the coach is silent before a decision, and right after it."""

from exchange.desk import practice
from exchange.desk.deciding import Word
from exchange.desk.practice import Kind, Told
from exchange.messages import Accepted
from schemas.event import EventType
from tests.desk.running import SOMCHAI, Office


def coached(office: Office) -> dict[str, Told]:
    with office.hub.database.reading.connect() as connection:
        return {each.document: each for each in practice.coached(connection, office.hub, "TH-NSW")}


def test_a_round_has_a_forged_a_stale_and_a_contradictory_certificate_among_good_ones(office: Office) -> None:
    assert office.run(practice.begin(office.hub, office.member("TH-NSW"))) == 5
    round_ = coached(office)
    kinds = {document: practice.kind_of(office.hub, each.number) for document, each in round_.items()}
    assert sorted(kinds.values()) == sorted(practice.ROUND)
    assert all(each.lesson is None and not each.decision for each in round_.values())  # silent before a decision
    for document, kind in kinds.items():
        case = office.case(document)
        risks = {each.text for each in case.risks}
        assert case.ours
        match kind:
            case Kind.GOOD:
                assert not risks and case.shipment.verdict == "yes"
            case Kind.FORGED:
                assert case.stored.signer is None and "Its issuer did not sign it electronically." in risks
            case Kind.STALE:
                assert any("in 3 days" in each for each in risks)
            case Kind.CONTRADICTORY:
                assert case.shipment.verdict == "no"
                assert [row.title for row in case.compared if row.differs] == ["Gross weight"]
                assert {each.box for each in case.risks} == {"9"}
    accepted = next(document for document, kind in kinds.items() if kind is Kind.FORGED)
    assert isinstance(office.decide(SOMCHAI, accepted, Word(EventType.ACCEPTED, 0)), Accepted)
    told = coached(office)[accepted]
    assert told.decision == "accepted" and not told.well and told.lesson is practice.LESSONS[Kind.FORGED]


def test_what_was_changed_after_it_was_signed_never_comes_to_an_officer(office: Office) -> None:
    office.run(practice.begin(office.hub, office.member("TH-NSW")))
    sender = practice.sender_for(office.hub, office.member("TH-NSW"))
    assert sender is not None
    with office.hub.database.reading.connect() as connection:
        assert practice.refused_at_the_door(connection, sender.id).startswith("ref_")
    assert not any("CHANGED" in each.number for each in coached(office).values())
