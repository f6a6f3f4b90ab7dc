"""The rules that every agreement has in its own words: one table of rules, and from each agreement where it says so.

An agreement's file names, by slug, the clause and how sure it is; `family_rules` makes the rules of it, with codes of
the agreement's own (`atiga.rvc-below-threshold`). A slug that an agreement does not name, it does not have. What the
forms merely require, without figures or clauses that differ, is one rule for all of them in `rules.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from schemas.certificate import criteria, procedure
from schemas.certificate.agreement import Agreement
from schemas.certificate.model import Certificate, Exhibition, OriginCriterion, Place, ThirdCountryInvoice
from schemas.certificate.samples import (
    Sample,
    all_dates,
    both,
    changed,
    criterion,
    dated,
    dollars,
    first_item_only,
    original_proof,
    shifted,
)
from schemas.findings import Fidelity, Kind, Severity
from schemas.rules import Check, Layer, Rule, as_it_is

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
    layer: Layer
    check: Callable[[Agreement], Check[Certificate]]
    sample: Callable[[Agreement], Sample]
    severity: Severity = Severity.ERROR
    start: Sample = as_it_is


def _always(check: Check[Certificate]) -> Callable[[Agreement], Check[Certificate]]:
    return lambda agreement: check


def _sample(sample: Sample) -> Callable[[Agreement], Sample]:
    return lambda agreement: sample


def _shipped_before(days: int) -> Sample:
    """Shipped so many days before the issue."""
    return lambda document: shifted({"transport.departure_date": -1 - days})(document)


def _content(percentage: str | None, amount: str | None = "500") -> Callable[[Agreement], Sample]:
    """The first item claims value content, by the agreement's name for it."""

    def sample(agreement: Agreement) -> Sample:
        code = min(agreement.content - {"PC"})
        value = None if amount is None else dollars(amount)
        return changed({"items.0.origin_criterion": criterion(code, percentage=percentage), "items.0.fob_value": value})

    return sample


def _two_criteria(agreement: Agreement) -> OriginCriterion:
    """Two criteria that cannot stand together, neither of them one of value content."""
    return criterion("WO", min(agreement.criteria - agreement.content - {"WO"}))


_INVOICER = ThirdCountryInvoice(company="Example Invoicing Ltd", country="HK")
_OUTSIDE = {
    "declaration.importing_country": "US",
    "consignee.country": "US",
    "transport.port_of_discharge": Place(name="Elsewhere"),
}
_WARNING = Severity.WARNING

SHARED: Mapping[str, Shared] = {
    "not-a-party": Shared(
        "The country is no party to {id}.",
        "Use the agreement between the two countries, if there is one.",
        Layer.BOX,
        criteria.not_a_party,
        _sample(changed(_OUTSIDE)),
    ),
    "origin-not-a-party": Shared(
        "The country of origin is no party to {id}.",
        "Check the country in which the goods were produced.",
        Layer.BOX,
        criteria.origin_not_a_party,
        _sample(changed({"declaration.origin_country": "US"})),
    ),
    "origin-not-of-issuer": Shared(
        "The goods originate in another country than the one that issues the certificate.",
        "Let the country of origin issue it, or issue a back-to-back certificate where the agreement has one.",
        Layer.WHOLE,
        criteria.origin_not_of_issuer,
        lambda agreement: changed({"declaration.origin_country": _third_party(agreement)}),
    ),
    "criterion-not-allowed": Shared(
        "{id} has no such origin criterion.",
        "Name a criterion of the agreement.",
        Layer.BOX,
        criteria.criterion_not_allowed,
        _sample(changed({"items.0.origin_criterion": criterion("XX")})),
    ),
    "criterion-combination": Shared(
        "These origin criteria cannot stand as they do.",
        "Name the one criterion that the goods meet; additions stand beside one, never alone.",
        Layer.BOX,
        criteria.criterion_combination,
        lambda agreement: changed({"items.0.origin_criterion": _two_criteria(agreement)}),
    ),
    "percentage-missing": Shared(
        "The criterion stands without its percentage.",
        "Add the percentage, as RVC 45%.",
        Layer.BOX,
        criteria.percentage_missing,
        _content(None),
    ),
    "rvc-below-threshold": Shared(
        "The value content is below what {id} asks for.",
        "Check the calculation, or name another criterion that the goods meet.",
        Layer.BOX,
        criteria.content_below,
        _content("39.9"),
    ),
    "value-missing": Shared(
        "The FOB value is missing where value content is claimed.",
        "State the FOB value with its currency.",
        Layer.ENTRY,
        criteria.value_missing,
        _content("45", None),
    ),
    "value-not-asked": Shared(
        "An FOB value is stated where the form asks for none.",
        "Leave it out unless regional value content is claimed.",
        Layer.ENTRY,
        criteria.value_not_asked,
        _sample(changed({"items.0.origin_criterion": criterion("WO"), "items.0.fob_value": dollars("500")})),
        _WARNING,
    ),
    "hs-too-short": Shared(
        "The HS code has fewer than six digits.",
        "State the subheading: six digits, or the importing country's own with more.",
        Layer.BOX,
        _always(criteria.per_item(criteria.short_hs_code)),
        _sample(changed({"items.0.hs_code": "0901"})),
    ),
    "not-on-form": Shared(
        "The form has no box for this.",
        "Leave it out, or use the form that has it.",
        Layer.BOX,
        criteria.not_on_form,
        lambda agreement: _part_of_another_form(agreement),
    ),
    "no-such-tick-box": Shared(
        "The form has no place to mark this.",
        "Leave it unticked.",
        Layer.BOX,
        criteria.no_such_tick_box,
        _sample(changed({"tick_boxes.partial_cumulation": True})),
    ),
    "not-in-english": Shared(
        "A description or remark is not in English.",
        "Write it in English; names and addresses may stay in their own script.",
        Layer.BOX,
        _always(criteria.not_in_english),
        _sample(changed({"items.0.description": "Green coffee beans (緑のコーヒー豆)"})),
        _WARNING,
    ),
    "de-minimis-without-change": Shared(
        "De minimis stands beside a criterion that needs no tolerance.",
        "Leave DMI out, or name the change of classification.",
        Layer.BOX,
        criteria.tolerance_without_change,
        _sample(changed({"items.0.origin_criterion": criterion("PE", "DMI"), "items.0.hs_code": "848210"})),
    ),
    "accumulation-of-own": Shared(
        "Accumulation stands beside wholly obtained.",
        "Leave ACU out, or check the criterion.",
        Layer.BOX,
        _always(criteria.per_item(criteria.accumulation_of_own)),
        _sample(changed({"items.0.origin_criterion": criterion("WO", "ACU")})),
        _WARNING,
    ),
    "retroactive-not-ticked": Shared(
        "The certificate was issued late and is not marked as issued retroactively.",
        "Mark it 'issued retroactively'.",
        Layer.TIME,
        criteria.late_without_tick,
        _sample(_shipped_before(10)),
    ),
    "retroactive-ticked-early": Shared(
        "The certificate is marked as issued retroactively, but was issued in time.",
        "Remove the mark, or check the departure date.",
        Layer.TIME,
        criteria.tick_without_late,
        _sample(changed({"tick_boxes.issued_retroactively": True})),
        _WARNING,
    ),
    "retroactive-too-late": Shared(
        "The certificate was issued more than a year after shipment.",
        "It can no longer be issued; ask the authority of the importing country.",
        Layer.TIME,
        _always(criteria.too_late),
        _sample(_shipped_before(400)),
        start=both(_shipped_before(300), changed({"tick_boxes.issued_retroactively": True})),
    ),
    "expired": Shared(
        "The certificate is no longer valid.",
        "Ask the issuing authority for a new one.",
        Layer.TIME,
        _always(criteria.expired),
        _sample(all_dates(-400)),
    ),
    "form-not-in-force": Shared(
        "The certificate was issued before its form was in use.",
        "Check the date of issue, or name the profile of the form that was in use.",
        Layer.TIME,
        criteria.before_the_form,
        lambda agreement: dated(agreement.since - timedelta(days=10)),
    ),
    "third-country-is-exporting": Shared(
        "The invoice comes from the exporting country, which is no third country.",
        "Remove the tick, or check who issued the invoice.",
        Layer.WHOLE,
        _always(criteria.invoiced_at_home),
        _sample(lambda document: changed({"third_country_invoice.country": document.issuing_country})(document)),
        _WARNING,
        start=changed({"tick_boxes.third_country_invoicing": True, "third_country_invoice": _INVOICER}),
    ),
    "small-consignment": Shared(
        "The consignment is so small that {id} asks for no certificate.",
        "Nothing need be done; the importer may claim the preference without a certificate.",
        Layer.WHOLE,
        _always(criteria.small_consignment),
        lambda agreement: both(first_item_only, _content("45", "180")(agreement)),
        _WARNING,
    ),
    "original-expired": Shared(
        "The original was no longer valid when the back-to-back certificate was issued.",
        "Ask the first exporting party for a valid original.",
        Layer.TIME,
        _always(procedure.original_expired),
        _sample(original_proof("KH", days=-400)),
        start=original_proof("KH"),
    ),
    "original-valid-too-long": Shared(
        "The original is said to be valid for longer than a certificate can be.",
        "State the end of the original's validity as it is.",
        Layer.TIME,
        _always(criteria.original_valid_too_long),
        _sample(
            lambda document: changed({"original_proof.valid_until": document.certification.date + timedelta(days=500)})(
                document
            )
        ),
        _WARNING,
        start=original_proof("KH"),
    ),
    "original-not-a-party": Shared(
        "The original was issued outside {id}.",
        "Name an original of a party to the agreement.",
        Layer.BOX,
        criteria.original_not_a_party,
        _sample(changed({"original_proof.country": "US"})),
        start=original_proof("KH"),
    ),
}


def _third_party(agreement: Agreement) -> str:
    """A party that is not the exporter of the agreement's example; of two, the other one."""
    return min(agreement.parties - {agreement.example_route[0]} - {"BN"})


def _part_of_another_form(agreement: Agreement) -> Sample:
    if "/remarks" in agreement.absent:
        return changed({"remarks": "See the packing list"})
    return changed({"exhibition": Exhibition(name="Example Fair", address="1 Example Road")})


def family_rules(agreement: Agreement, clauses: Mapping[str, Clause]) -> tuple[Rule[Certificate], ...]:
    """The rules of this table that the agreement has, under its own codes and clauses."""
    return tuple(
        own_rule(
            agreement,
            slug,
            SHARED[slug].sentence.format(id=agreement.id.upper()),
            SHARED[slug].fix,
            Clause(clause.text, clause.fidelity, clause.severity or SHARED[slug].severity),
            SHARED[slug].check(agreement),
            SHARED[slug].sample(agreement),
            layer=SHARED[slug].layer,
            start=SHARED[slug].start,
        )
        for slug, clause in clauses.items()
    )


def own_rule(
    agreement: Agreement,
    slug: str,
    sentence: str,
    fix: str,
    clause: Clause,
    check: Check[Certificate],
    sample: Sample,
    *,
    layer: Layer = Layer.BOX,
    start: Sample = as_it_is,
) -> Rule[Certificate]:
    """A rule under a code of this agreement."""
    kind = Kind(
        f"{agreement.id}.{slug}",
        sentence,
        fix,
        clause.severity or Severity.ERROR,
        clause=clause.text,
        source=agreement.source,
        fidelity=clause.fidelity,
    )
    return Rule(kind, frozenset({agreement.profile}), check, sample, layer, start)
