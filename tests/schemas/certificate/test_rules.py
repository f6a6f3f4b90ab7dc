"""Every rule: its valid example passes, its sample breaks it, and the agreements say what they are meant to."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from schemas.certificate.agreements import AGREEMENTS, agreement_of
from schemas.certificate.form import box_of
from schemas.certificate.model import Certificate, OriginalProof
from schemas.certificate.procedure import a_year_after, earliest_today, latest_today
from schemas.certificate.rules import RULES
from schemas.certificate.samples import changed, criterion, dollars, original_proof, shifted
from schemas.findings import Fidelity, Finding, catalogue
from schemas.registry import Context, Document, profiles
from schemas.rules import Rule, samples

NOW = Context(now=datetime(2026, 1, 6, 12, tzinfo=UTC))
EACH = [(rule, profile) for rule in RULES for profile in sorted(rule.profiles)]

TOGETHER = {
    "certificate.hs-edition-ahead": {"code.hs-edition-unchecked"},
    "certificate.hs-editions-differ": {"code.hs-edition-unchecked"},
    **{
        f"{agreement.id}.form-not-in-force": {f"{agreement.id}.expired"}
        | ({"certificate.hs-edition-ahead"} if agreement.id != "atiga" else set())
        for agreement in AGREEMENTS
    },
    "certificate.original-for-another": {"ajcep.without-japan"},
    "certificate.refusal-without-reasons": {"certificate.treatment-before-import"},
    "atiga.original-expired": {"atiga.expired"},
    "ajcep.original-expired": {"ajcep.expired"},
    "rcep.original-expired": {"rcep.expired"},
}
"""Where one mistake breaks two rules: a certificate ends with the original that it rests on, and so on."""


def example(profile: str) -> Certificate:
    document = profiles()[profile].example()
    assert isinstance(document, Certificate)
    return document


def check(document: Document, now: Context = NOW) -> tuple[Finding, ...]:
    return profiles()[document.profile].check(document, now)


def codes(document: Certificate, now: Context = NOW) -> set[str]:
    return {finding.code for finding in check(document, now)}


@pytest.mark.parametrize(("rule", "profile"), EACH, ids=[f"{rule.code}-{profile}" for rule, profile in EACH])
def test_the_sample_breaks_this_rule_and_no_other(rule: Rule[Certificate], profile: str) -> None:
    both = samples(rule, example(profile), NOW)
    assert check(both.passing, both.context) == ()
    found, together = codes(both.failing, both.context), TOGETHER.get(rule.code, set())
    if agreement_of(profile).numbers:
        together = together | {"certificate.number-format"}  # the number says country and year: it goes with them
    assert rule.code in found <= {rule.code} | together


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_is_documented(rule: Rule[Certificate]) -> None:
    kind = catalogue()[rule.code]
    assert kind is rule.kind
    assert kind.sentence.endswith(".") and kind.fix.endswith(".")
    assert kind.clause, "the clause, or the box, that asks for it"
    assert kind.source
    if kind.source == "Tradebridge":
        assert kind.fidelity is Fidelity.INVENTED


NOT_READ = {"jiepa-co/2008", "jvepa-co/2009"}
"""Agreements whose forms nobody here has read."""


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.kind.fidelity is Fidelity.EXACT])
def test_a_rule_over_forms_is_exact_only_where_each_of_them_was_read(rule: Rule[Certificate]) -> None:
    of_forms = rule.kind.source.startswith("Form ")
    assert "modelled" not in rule.kind.clause
    assert not of_forms or not rule.profiles & NOT_READ


def test_codes_are_unique_and_in_the_family_of_their_agreement() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES) >= 60
    for agreement in AGREEMENTS:
        own = [rule for rule in RULES if rule.kind.family == agreement.id]
        assert own and all(rule.profiles == {agreement.profile} for rule in own)


def test_all_that_is_wrong_is_found_at_once() -> None:
    wrong = changed(
        {
            "items.0.hs_code": "0901",
            "items.1.origin_criterion": criterion("CR"),
            "declaration.importing_country": "JP",
            "invoices": (),
            "tick_boxes.back_to_back": True,
        }
    )(example("atiga-form-d/2022"))
    assert {
        "atiga.hs-too-short",
        "atiga.criterion-not-allowed",
        "atiga.not-a-party",
        "certificate.invoice-missing",
        "certificate.original-missing",
    } <= codes(wrong)


@pytest.mark.parametrize(
    ("profile", "least"), [("atiga-form-d/2022", "40"), ("ajcep-form-aj/2014", "40"), ("rcep-co/2022", "40")]
)
def test_forty_per_cent_is_enough_and_just_below_is_not(profile: str, least: str) -> None:
    def claiming(percentage: str) -> set[str]:
        item = {
            "items.0.origin_criterion": criterion("RVC", percentage=percentage),
            "items.0.fob_value": dollars("100.00"),
        }
        return {code for code in codes(changed(item)(example(profile))) if "rvc" in code}

    assert claiming(least) == set()
    below = str(Decimal(least) - Decimal("0.000001"))
    assert len(claiming(below)) == 1


@pytest.mark.parametrize(
    ("profile", "days", "late"),
    [
        ("atiga-form-d/2022", 3, False),
        ("atiga-form-d/2022", 4, True),
        ("ajcep-form-aj/2014", 3, False),
        ("ajcep-form-aj/2014", 4, True),
        ("rcep-co/2022", 0, False),
        ("rcep-co/2022", 1, True),
    ],
)
def test_an_issue_is_retroactive_after_the_days_of_grace(profile: str, days: int, late: bool) -> None:
    valid = example(profile)
    departure = valid.certification.date - timedelta(days=days)
    shipped = changed({"transport.departure_date": departure})(valid)
    ticked = changed({"tick_boxes.issued_retroactively": True})(shipped)
    assert any("retroactive-not-ticked" in code for code in codes(shipped)) is late
    assert any("retroactive-ticked-early" in code for code in codes(ticked)) is not late


def test_a_certificate_is_valid_for_a_year_to_the_day_anywhere_on_earth() -> None:
    valid = example("rcep-co/2022")
    end = a_year_after(valid.certification.date)
    last_moment = datetime(end.year, end.month, end.day, 23, 59, tzinfo=UTC) + timedelta(hours=12)
    assert "rcep.expired" not in codes(valid, Context(now=last_moment))
    assert "rcep.expired" in codes(valid, Context(now=last_moment + timedelta(minutes=2)))


def test_a_back_to_back_certificate_ends_with_its_original() -> None:
    valid = original_proof("MY", days=-300)(example("rcep-co/2022"))
    assert codes(valid) == set()
    in_half_a_year = Context(now=NOW.now + timedelta(days=180))
    assert codes(valid, in_half_a_year) == {"rcep.expired"}
    day = valid.certification.date
    proof = OriginalProof(
        number="MY-1", date=day - timedelta(days=9), country="MY", valid_until=day - timedelta(days=1)
    )
    assert "rcep.original-expired" in codes(changed({"original_proof": proof})(valid))


def test_today_in_the_farthest_time_zone_is_not_the_future() -> None:
    valid = example("ajcep-form-aj/2014")
    at_issue = datetime(2026, 1, 4, 10, 30, tzinfo=UTC)
    assert latest_today(at_issue) == valid.certification.date
    assert "certificate.issued-in-future" not in codes(valid, Context(now=at_issue))
    assert "certificate.issued-in-future" in codes(valid, Context(now=at_issue - timedelta(hours=1)))
    assert earliest_today(datetime(2026, 1, 5, 11, tzinfo=UTC)).isoformat() == "2026-01-04"


def test_a_year_after_29_february_is_28_february() -> None:
    leap = shifted({"certification.date": 785})(example("rcep-co/2022")).certification.date
    assert leap.isoformat() == "2028-02-29"
    assert a_year_after(leap).isoformat() == "2029-02-28"


def test_each_box_of_the_forms_is_reached_by_some_pointer() -> None:
    boxes = {agreement.id: set(agreement.boxes.values()) for agreement in AGREEMENTS}
    assert boxes["atiga"] == {str(number) for number in range(1, 14)}
    assert boxes["ajcep"] == {str(number) for number in range(1, 14)}
    assert boxes["rcep"] == {str(number) for number in range(1, 18)}


def test_the_same_part_stands_in_another_box_of_another_form() -> None:
    by_id = {agreement.id: agreement.boxes for agreement in AGREEMENTS}
    assert box_of("/items/12/originCriterion/codes/0", by_id["atiga"]) == "8"
    assert box_of("/items/12/originCriterion/codes/0", by_id["rcep"]) == "10"
    assert box_of("/number", by_id["rcep"]) == ""
