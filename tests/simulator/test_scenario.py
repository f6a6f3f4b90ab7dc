"""The scenario asean-japan is what it says, and its documents are the same in every run."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.application import Application, Draft
from schemas.certificate.model import Certificate, Quantity
from schemas.certificate.statement import CostStatement
from schemas.content import Syntax
from schemas.findings import Finding
from schemas.registry import Context, Document, Related, Relation, read
from simulator.documents import Made, make_every, merged
from simulator.members import APPLYING, SHIPPING_INSTRUCTIONS, TRANSPORT_DOCUMENT, members
from simulator.scenario import BadScenario, Planned, UnknownScenario, load, scenario_names
from simulator.scenario import read as read_scenario
from simulator.story import SAID, lines
from tradebridge.evidence.seal import verify_seal
from tradebridge.evidence.trust import TrustedKey, TrustedLog, TrustedMember, TrustList, hub_of

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SCENARIO = load("asean-japan")
GOOD = [planned for planned in SCENARIO.every if planned.defect is None]
MADE = {made.planned.place: made for made in make_every(SCENARIO, seed="42", at=AT)}


def test_it_has_at_least_sixty_documents_of_all_profiles() -> None:
    assert len(SCENARIO.every) >= 60
    certificates = {agreement.profile for agreement in AGREEMENTS}
    others = {TRANSPORT_DOCUMENT, SHIPPING_INSTRUCTIONS, *APPLYING}
    assert {planned.profile for planned in GOOD} == {*certificates, *others}


def test_it_goes_over_at_least_twenty_pairs_of_countries_and_both_ways_between_asean_and_japan() -> None:
    pairs = Counter((planned.exporter, planned.importer) for planned in GOOD)
    assert len(pairs) >= 20
    certificates = [planned for planned in GOOD if not planned.profile.startswith(("dcsa", "co-", "cost-"))]
    assert {planned.exporter for planned in certificates if planned.importer == "JP"} >= {"SG", "TH", "MY", "ID", "VN"}
    assert {planned.importer for planned in certificates if planned.sender == "JP-JCCI"} >= {"TH", "VN", "ID", "MY"}


def test_certificates_come_in_both_syntaxes() -> None:
    for profile in ("atiga-form-d/2022", "ajcep-form-aj/2014", "rcep-co/2022"):
        assert {planned.syntax for planned in GOOD if planned.profile == profile} == {Syntax.XML, Syntax.JSON}


def test_every_kind_of_event_occurs() -> None:
    said = Counter(line.type for planned in GOOD for line in lines(planned.story, planned.recipients))
    assert set(said) == {*SAID, "cancelled"}


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
    for planned in SCENARIO.every:
        assert planned.profile in by_id[planned.sender].sends
        for recipient in planned.recipients:
            assert planned.profile in by_id[recipient].accepts


@pytest.mark.parametrize("planned", GOOD, ids=lambda planned: str(planned.place))
def test_every_good_document_is_accepted_without_a_finding(planned: Planned) -> None:
    reading = read(MADE[planned.place].data, Context(AT))
    assert reading.findings == ()
    assert reading.content is not None
    assert reading.content.content_digest == MADE[planned.place].content_digest


def test_every_defect_is_found_by_the_code_that_the_scenario_names() -> None:
    for planned in SCENARIO.documents:
        if planned.defect is None:
            continue
        reading = read(MADE[planned.place].data, Context(AT))
        assert reading.content is not None
        found = {each.code for each in reading.findings if each.refuses}
        seal = verify_seal(reading.content, trust(), AT)
        found |= {seal.code} if isinstance(seal, Finding) else set()
        assert planned.defect.code in found


# --- Lessons ---------------------------------------------------------------------------------------------------------

LESSONS = {lesson.name: lesson for lesson in SCENARIO.lessons}


def documents_of(lesson: str) -> dict[str, tuple[Made, Document]]:
    """The documents of a lesson by name, as they are sent and as they read."""
    found = {}
    for planned in LESSONS[lesson].documents:
        document = read(MADE[planned.place].data, Context(AT)).document
        assert document is not None
        found[planned.name] = MADE[planned.place], document
    return found


def test_there_are_seven_lessons_and_each_says_what_it_teaches() -> None:
    names = ["application", "back-to-back", "query", "partial use", "replacement", "verification", "over-use"]
    assert list(LESSONS) == names
    assert all(len(lesson.teaches) > 30 and lesson.tells for lesson in SCENARIO.lessons)


def test_the_back_to_back_certificate_rests_on_its_original_by_the_rules() -> None:
    made = documents_of("back-to-back")
    (_, original), (copy, document) = made["original"], made["copy"]
    assert isinstance(original, Certificate) and isinstance(document, Certificate)
    assert document.original_proof is not None and document.original_proof.number == original.number
    assert document.declaration.origin_country == "JP"
    left = {1: Quantity(value=Decimal(100), unit="NMP")}
    assert read(copy.data, Context(AT, {Relation.ORIGINAL: Related(original, "live", left)})).findings == ()
    left = {1: Quantity(value=Decimal("39.9"), unit="NMP")}
    reading = read(copy.data, Context(AT, {Relation.ORIGINAL: Related(original, "live", left)}))
    assert [each.code for each in reading.findings] == ["certificate.back-to-back-more-than-left"]


def test_the_correction_says_all_that_the_wrong_one_said_but_for_the_vessel() -> None:
    made = documents_of("replacement")
    (wrong, earlier), (correction, later) = made["wrong"], made["corrected"]
    assert isinstance(earlier, Certificate) and isinstance(later, Certificate)
    assert wrong.story.replaced and not correction.story.replaced
    assert later.replaces is not None and later.replaces.number == earlier.number
    changed = {name for name in Certificate.model_fields if getattr(earlier, name) != getattr(later, name)}
    assert changed == {"number", "replaces", "transport"}
    assert read(correction.data, Context(AT, {Relation.REPLACED: Related(earlier, "live")})).findings == ()


def test_the_application_is_for_the_certificate_that_is_issued_and_its_statement_shows_the_claim() -> None:
    made = documents_of("application")
    (_, statement), (application, applied), (certificate, issued) = made.values()
    assert isinstance(applied, Application) and isinstance(issued, Certificate)
    assert isinstance(statement, CostStatement)
    assert applied.certificate == Draft.of(issued)
    assert applied.cost_statement == statement.number and statement.application == applied.number
    assert statement.products[0].materials, "origin is shown by figures"
    assert [step.after for step in application.story.at("JP-JCCI")] == ["", "", certificate.number]
    beside = Context(AT, {Relation.STATEMENT: Related(statement, "live")})
    assert read(application.data, beside).findings == ()


def test_the_over_use_asks_for_more_than_the_uses_before_it_leave() -> None:
    ((_, certificate),) = documents_of("over-use").values()
    (planned,) = LESSONS["over-use"].documents
    assert isinstance(certificate, Certificate) and certificate.items[0].quantity is not None
    left = certificate.items[0].quantity.value
    for step in planned.story.at("JP-NACCS")[1:]:
        used = Decimal(step.body["items"][0]["quantity"]["value"])
        assert (used > left) == bool(step.refused)
        left -= 0 if step.refused else used
    assert left == 0


def test_a_merge_patch_replaces_what_it_names_and_keeps_the_rest() -> None:
    assert merged({"a": {"b": 1, "c": [1, 2]}, "d": 3}, {"a": {"c": [4]}, "e": 5}) == {
        "a": {"b": 1, "c": [4]},
        "d": 3,
        "e": 5,
    }


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
    assert make_every(load("asean-japan"), seed="42", at=AT) == tuple(MADE.values())


def test_another_seed_gives_other_signatures_over_the_same_content() -> None:
    for one, other in zip(MADE.values(), make_every(SCENARIO, seed="43", at=AT), strict=True):
        assert one.content_digest == other.content_digest
        assert one.data != other.data


def test_a_second_run_has_numbers_of_its_own() -> None:
    numbers = {made.number for run in (0, 1) for made in make_every(SCENARIO, seed="42", at=AT, run=run)}
    assert len(numbers) == 2 * len(SCENARIO.every)


def test_a_second_run_rests_on_its_own_documents() -> None:
    by_name = {made.planned.name: made for made in make_every(SCENARIO, seed="42", at=AT, run=1)}
    copy = read(by_name["copy"].data, Context(AT)).document
    assert isinstance(copy, Certificate) and copy.original_proof is not None
    assert copy.original_proof.number == by_name["original"].number


def test_an_unknown_scenario_is_told_which_there_are() -> None:
    assert "asean-japan" in scenario_names()
    with pytest.raises(UnknownScenario, match="asean-japan"):
        load("atlantis")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{ profile = "form-z/1", from = "SG", to = "TH" }', "no profile"),
        ('{ profile = "rcep-co/2022", from = "SG", to = "TH", colour = "red" }', "unknown colour"),
        ('{ profile = "rcep-co/2022", from = "SG", to = "TH", says = ["sung"] }', "nobody says sung"),
        (
            '{ profile = "rcep-co/2022", from = "SG", to = "TH", says = [{ says = "utilised", refused = "x" }] }',
            "teaches",
        ),
        (
            '{ profile = "rcep-co/2022", from = "SG", to = "TH", says = [{ says = "accepted", loudly = 1 }] }',
            "no loudly",
        ),
        ('{ profile = "rcep-co/2022", from = "SG", to = "TH", defect = "x" }', "teaches"),
        ("{", "line 2"),
    ],
)
def test_a_bad_scenario_says_which_document_and_why(line: str, why: str) -> None:
    with pytest.raises(BadScenario, match=why):
        read_scenario("bad", f'title = "x"\ndocuments = [{line}]')


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{ profile = "rcep-co/2022", from = "SG", to = "TH" }', "a name of its own"),
        ('{ name = "x", profile = "rcep-co/2022", from = "SG", to = "TH", replaces = "y" }', "is named y"),
        ('{ name = "x", profile = "rcep-co/2022", from = "SG", to = "TH", goods = "gold" }', "no goods gold"),
        ('{ name = "x", profile = "rcep-co/2022", from = "SG", to = "TH", part = [3, 2] }', "a part is two numbers"),
        ('{ name = "other", profile = "rcep-co/2022", from = "SG", to = "TH" }', "it tells of x"),
    ],
)
def test_a_bad_lesson_says_which_and_why(line: str, why: str) -> None:
    lesson = f'lessons = [{{ name = "l", teaches = "t", tells = "{{x}}", documents = [{line}] }}]'
    with pytest.raises(BadScenario, match=why):
        read_scenario("bad", f'title = "x"\ndocuments = []\n{lesson}')
