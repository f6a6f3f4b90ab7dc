"""The scenario asean-japan is what it says, and its documents are the same in every run."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from schemas.certificate.agreements import AGREEMENTS
from schemas.content import Syntax
from schemas.findings import Finding
from schemas.registry import Context, read
from simulator.documents import make
from simulator.members import SHIPPING_INSTRUCTIONS, TRANSPORT_DOCUMENT, members
from simulator.scenario import BadScenario, UnknownScenario, load, scenario_names
from simulator.scenario import read as read_scenario
from simulator.story import lines
from tradebridge.evidence.seal import verify_seal
from tradebridge.evidence.trust import TrustedKey, TrustedLog, TrustedMember, TrustList, hub_of

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SCENARIO = load("asean-japan")
GOOD = [planned for planned in SCENARIO.documents if planned.defect is None]


def test_it_has_at_least_sixty_documents_of_all_certificates_and_both_of_the_carrier() -> None:
    assert len(SCENARIO.documents) >= 60
    certificates = {agreement.profile for agreement in AGREEMENTS}
    assert {planned.profile for planned in GOOD} == {*certificates, TRANSPORT_DOCUMENT, SHIPPING_INSTRUCTIONS}


def test_it_goes_over_at_least_twenty_pairs_of_countries_and_both_ways_between_asean_and_japan() -> None:
    pairs = Counter((planned.exporter, planned.importer) for planned in GOOD)
    assert len(pairs) >= 20
    certificates = [planned for planned in GOOD if not planned.profile.startswith("dcsa")]
    assert {planned.exporter for planned in certificates if planned.importer == "JP"} >= {"SG", "TH", "MY", "ID", "VN"}
    assert {planned.importer for planned in certificates if planned.sender == "JP-JCCI"} >= {"TH", "VN", "ID", "MY"}


def test_certificates_come_in_both_syntaxes() -> None:
    for profile in ("atiga-form-d/2022", "ajcep-form-aj/2014", "rcep-co/2022"):
        assert {planned.syntax for planned in GOOD if planned.profile == profile} == {Syntax.XML, Syntax.JSON}


def test_every_kind_of_event_occurs() -> None:
    said = Counter(kind for planned in GOOD for kind, _ in lines(planned.story, planned.recipients))
    assert set(said) == {"accepted", "queried", "answered", "rejected", "utilised", "cancelled"}


def test_three_documents_are_defective_and_say_what_they_teach() -> None:
    defects = [planned.defect for planned in SCENARIO.documents if planned.defect]
    assert len(defects) == 3
    assert len({defect.code.split(".")[0] for defect in defects}) == 3
    assert all(len(defect.teaches) > 30 for defect in defects)


def test_every_member_of_the_world_takes_part() -> None:
    taking_part = {name for planned in GOOD for name in (planned.sender, *planned.recipients)}
    assert taking_part == {member.id for member in members()}


def test_every_sender_and_recipient_takes_the_profile() -> None:
    by_id = {member.id: member for member in members()}
    for planned in SCENARIO.documents:
        assert planned.profile in by_id[planned.sender].sends
        for recipient in planned.recipients:
            assert planned.profile in by_id[recipient].accepts


@pytest.mark.parametrize("planned", GOOD, ids=lambda planned: str(planned.place))
def test_every_good_document_is_accepted_without_a_finding(planned: object) -> None:
    made = make(planned, seed="42", at=AT)  # type: ignore[arg-type]  # parametrize gives objects
    reading = read(made.data, Context(AT))
    assert reading.findings == ()
    assert reading.content is not None
    assert reading.content.content_digest == made.content_digest


def test_every_defect_is_found_by_the_code_that_the_scenario_names() -> None:
    for planned in SCENARIO.documents:
        if planned.defect is None:
            continue
        reading = read(make(planned, seed="42", at=AT).data, Context(AT))
        assert reading.content is not None
        found = {each.code for each in reading.findings if each.refuses}
        seal = verify_seal(reading.content, trust(), AT)
        found |= {seal.code} if isinstance(seal, Finding) else set()
        assert planned.defect.code in found


def trust() -> TrustList:
    from simulator.members import keys_of

    everybody = tuple(
        TrustedMember(
            id=member.id,
            country=member.country,
            kind=member.kind,
            roles=frozenset(member.roles),
            issues=frozenset(member.sends),
            keys=(TrustedKey.of(member.id, keys_of("42", member.id).document.certificate, ["document"]),),
        )
        for member in members()
    )
    return TrustList(hub_of([]), TrustedLog("test", ""), everybody)


def test_two_makings_are_byte_identical() -> None:
    first = [make(planned, seed="42", at=AT) for planned in SCENARIO.documents]
    second = [make(planned, seed="42", at=AT) for planned in reversed(load("asean-japan").documents)]
    assert first == list(reversed(second))


def test_another_seed_gives_other_signatures_over_the_same_content() -> None:
    one, other = make(GOOD[0], seed="42", at=AT), make(GOOD[0], seed="43", at=AT)
    assert one.content_digest == other.content_digest
    assert one.data != other.data


def test_a_second_run_has_numbers_of_its_own() -> None:
    numbers = {make(planned, seed="42", at=AT, run=run).number for planned in SCENARIO.documents for run in (0, 1)}
    assert len(numbers) == 2 * len(SCENARIO.documents)


def test_an_unknown_scenario_is_told_which_there_are() -> None:
    assert "asean-japan" in scenario_names()
    with pytest.raises(UnknownScenario, match="asean-japan"):
        load("atlantis")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{ profile = "form-z/1", from = "SG", to = "TH" }', "no profile"),
        ('{ profile = "rcep-co/2022", from = "SG", to = "TH", colour = "red" }', "unknown colour"),
        ('{ profile = "rcep-co/2022", from = "SG", to = "TH", decides = ["sung"] }', "cannot decide sung"),
        ('{ profile = "rcep-co/2022", from = "SG", to = "TH", defect = "x" }', "teaches"),
        ("{", "line 2"),
    ],
)
def test_a_bad_scenario_says_which_document_and_why(line: str, why: str) -> None:
    with pytest.raises(BadScenario, match=why):
        read_scenario("bad", f'title = "x"\ndocuments = [{line}]')
