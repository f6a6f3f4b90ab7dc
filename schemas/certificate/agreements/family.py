"""The rules that every agreement has in its own words: one table of rules, and from each agreement where it says so.

An agreement's file names, by slug, the clause and how sure it is; `family_rules` makes the rules of it, with codes of
the agreement's own (`atiga.rvc-below-threshold`). A slug that an agreement does not name, it does not have.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.certificate import criteria, procedure
from schemas.certificate.agreement import Agreement
from schemas.certificate.model import Certificate, Exhibition, Place, ThirdCountryInvoice
from schemas.certificate.samples import (
    Sample,
    all_dates,
    both,
    changed,
    criterion,
    dollars,
    original_proof,
    shifted,
)
from schemas.findings import Fidelity, Kind, Severity
from schemas.rules import Check, Rule

EXACT, MODELLED, INVENTED = Fidelity.EXACT, Fidelity.MODELLED, Fidelity.INVENTED


@dataclass(frozen=True, slots=True)
class Clause:
    """Where an agreement says it, and how well that is known."""

    text: str
    fidelity: Fidelity
    severity: Severity | None = None
    """Where it differs from the usual."""


@dataclass(frozen=True, slots=True)
class Shared:
    """One rule before an agreement takes it up. The first sentence may name the agreement: `{id}` is its name."""

    sentence: str
    fix: str
    check: Callable[[Agreement], Check[Certificate]]
    sample: Callable[[Agreement], Sample]
    severity: Severity = Severity.ERROR


def _always(check: Check[Certificate]) -> Callable[[Agreement], Check[Certificate]]:
    return lambda agreement: check


def _sample(sample: Sample) -> Callable[[Agreement], Sample]:
    return lambda agreement: sample


def _retroactive(days: int) -> Sample:
    """Shipped so many days before the issue."""
    return lambda document: shifted({"transport.departure_date": -1 - days})(document)


_INVOICER = ThirdCountryInvoice(company="Example Invoicing Ltd", country="HK")
_OUTSIDE = {
    "declaration.importing_country": "US",
    "consignee.country": "US",
    "transport.port_of_discharge": Place(name="Elsewhere"),
}

SHARED: Mapping[str, Shared] = {
    "not-a-party": Shared(
        "The country is no party to {id}.",
        "Use the agreement between the two countries, if there is one.",
        criteria.not_a_party,
        _sample(changed(_OUTSIDE)),
    ),
    "origin-not-a-party": Shared(
        "The country of origin is no party to {id}.",
        "Check the country in which the goods were produced.",
        criteria.origin_not_a_party,
        _sample(both(original_proof("KH"), changed({"declaration.origin_country": "US"}))),
    ),
    "origin-not-of-issuer": Shared(
        "The goods originate in another country than the one that issues the certificate.",
        "Let the country of origin issue it, or issue a back-to-back certificate.",
        _always(criteria.origin_not_of_issuer),
        _sample(changed({"declaration.origin_country": "KH"})),
    ),
    "criterion-not-allowed": Shared(
        "{id} has no such origin criterion.",
        "Name a criterion of the agreement.",
        criteria.criterion_not_allowed,
        _sample(changed({"items.0.origin_criterion": criterion("XX")})),
    ),
    "criterion-combination": Shared(
        "These origin criteria cannot stand as they do.",
        "Name the one criterion that the goods meet; additions stand beside one, never alone.",
        criteria.criterion_combination,
        _sample(
            changed(
                {
                    "items.0.origin_criterion": criterion("WO", "RVC", percentage="45"),
                    "items.0.fob_value": dollars("5"),
                }
            )
        ),
    ),
    "percentage-missing": Shared(
        "The criterion stands without its percentage.",
        "Add the percentage, as RVC 45%.",
        _always(criteria.percentage_missing("RVC", "PC")),
        _sample(changed({"items.0.origin_criterion": criterion("RVC"), "items.0.fob_value": dollars("5")})),
    ),
    "rvc-below-threshold": Shared(
        "The regional value content is below what {id} asks for.",
        "Check the calculation, or name another criterion that the goods meet.",
        criteria.content_below,
        _sample(
            changed(
                {
                    "items.0.origin_criterion": criterion("RVC", percentage="39.9"),
                    "items.0.fob_value": dollars("5"),
                }
            )
        ),
    ),
    "value-missing": Shared(
        "The FOB value is missing where value content is claimed.",
        "State the FOB value with its currency.",
        _always(criteria.value_missing("RVC", "PC")),
        _sample(changed({"items.0.origin_criterion": criterion("RVC", percentage="45"), "items.0.fob_value": None})),
    ),
    "value-not-asked": Shared(
        "An FOB value is stated where the form asks for none.",
        "Leave it out unless regional value content is claimed.",
        _always(criteria.value_not_asked("RVC", "PC")),
        _sample(changed({"items.0.origin_criterion": criterion("WO"), "items.0.fob_value": dollars("5")})),
        Severity.WARNING,
    ),
    "hs-too-short": Shared(
        "The HS code has fewer than six digits.",
        "State the subheading: six digits, or the importing country's own with more.",
        _always(criteria.per_item(criteria.short_hs_code)),
        _sample(changed({"items.0.hs_code": "0901"})),
    ),
    "not-on-form": Shared(
        "The form has no box for this.",
        "Leave it out, or use the form that has it.",
        criteria.not_on_form,
        lambda agreement: _part_of_another_form(agreement),
    ),
    "no-such-tick-box": Shared(
        "The form has no such box to tick.",
        "Leave it unticked.",
        criteria.no_such_tick_box,
        _sample(changed({"tick_boxes.partial_cumulation": True})),
    ),
    "retroactive-not-ticked": Shared(
        "The certificate was issued late and is not marked as issued retroactively.",
        "Tick 'issued retroactively'.",
        criteria.late_without_tick,
        _sample(_retroactive(10)),
    ),
    "retroactive-ticked-early": Shared(
        "The certificate is marked as issued retroactively, but was issued in time.",
        "Remove the tick, or check the departure date.",
        criteria.tick_without_late,
        _sample(changed({"tick_boxes.issued_retroactively": True})),
        Severity.WARNING,
    ),
    "retroactive-too-late": Shared(
        "The certificate was issued more than a year after shipment.",
        "It can no longer be issued; ask the authority of the importing country.",
        _always(criteria.too_late),
        _sample(both(_retroactive(400), changed({"tick_boxes.issued_retroactively": True}))),
    ),
    "expired": Shared(
        "The certificate is no longer valid.",
        "Ask the issuing authority for a new one.",
        _always(criteria.expired),
        _sample(all_dates(-400)),
    ),
    "third-country-without-facts": Shared(
        "An invoice from elsewhere is ticked, but nobody is named who issued it.",
        "State company and country that issued the invoice.",
        _always(procedure.third_country_without_facts),
        _sample(changed({"tick_boxes.third_country_invoicing": True})),
    ),
    "third-country-without-tick": Shared(
        "Somebody else is named as issuer of the invoice, but the box is not ticked.",
        "Tick the box, or leave the company out.",
        _always(procedure.third_country_without_tick),
        _sample(changed({"third_country_invoice": _INVOICER})),
    ),
    "original-missing": Shared(
        "Back-to-back is ticked, but the original certificate is not named.",
        "State number, date and issuing country of the original.",
        _always(procedure.original_missing),
        _sample(changed({"tick_boxes.back_to_back": True})),
    ),
    "original-without-tick": Shared(
        "An original certificate is named, but back-to-back is not ticked.",
        "Tick the box, or leave the original out.",
        _always(procedure.original_without_tick),
        _sample(both(original_proof("KH"), changed({"tick_boxes.back_to_back": False}))),
    ),
    "original-expired": Shared(
        "The original was no longer valid when the back-to-back certificate was issued.",
        "Ask the first exporting party for a valid original.",
        _always(procedure.original_expired),
        _sample(original_proof("KH", days=-400)),
    ),
    "original-not-a-party": Shared(
        "The original was issued outside {id}.",
        "Name an original of a party to the agreement.",
        criteria.original_not_a_party,
        _sample(original_proof("US")),
    ),
}


def _part_of_another_form(agreement: Agreement) -> Sample:
    if "/remarks" in agreement.absent:
        return changed({"remarks": "See the packing list"})
    return changed({"exhibition": Exhibition(name="Example Fair", address="1 Example Road")})


def family_rules(agreement: Agreement, clauses: Mapping[str, Clause]) -> tuple[Rule[Certificate], ...]:
    """The rules of this table that the agreement has, under its own codes and clauses."""
    rules = []
    for slug, clause in clauses.items():
        shared = SHARED[slug]
        kind = Kind(
            f"{agreement.id}.{slug}",
            shared.sentence.format(id=agreement.id.upper()),
            shared.fix,
            clause.severity or shared.severity,
            clause=clause.text,
            source=agreement.source,
            fidelity=clause.fidelity,
        )
        rules.append(Rule(kind, frozenset({agreement.profile}), shared.check(agreement), shared.sample(agreement)))
    return tuple(rules)


def own_rule(
    agreement: Agreement,
    slug: str,
    sentence: str,
    fix: str,
    clause: Clause,
    check: Check[Certificate],
    sample: Sample,
) -> Rule[Certificate]:
    """A rule that only this agreement has."""
    kind = Kind(
        f"{agreement.id}.{slug}",
        sentence,
        fix,
        clause.severity or Severity.ERROR,
        clause=clause.text,
        source=agreement.source,
        fidelity=clause.fidelity,
    )
    return Rule(kind, frozenset({agreement.profile}), check, sample)
