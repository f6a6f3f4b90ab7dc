"""The rules of a cost statement: its codes, its sums, what it says of each material, and its own claim.

1. A figure that contradicts another is an error: such a statement shows nothing.
2. What is missing is a warning where something that is claimed cannot be calculated without it.
3. That the figures do not bear the claim out, or not yet, is a warning: it travels with the statement to the officer,
   who decides. `origin.py` says why.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from schemas.certificate.agreement import Agreement
from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.answer import Answer, total
from schemas.certificate.model import Money, OriginCriterion, Quantity
from schemas.certificate.once import once_for_the_same
from schemas.certificate.origin import determine
from schemas.certificate.procedure import latest_today
from schemas.certificate.samples import changed
from schemas.certificate.statement import (
    PROFILE,
    CostStatement,
    Material,
    MaterialUse,
    Product,
    dollars,
    statement_of,
)
from schemas.certificate.value_content import amounts_of
from schemas.codes import commodities, countries, currencies, kinds, units
from schemas.findings import Fidelity, Finding, Kind, Severity
from schemas.registry import Context, Document
from schemas.rules import Check, Layer, Rule, Violation, check_rules, each, register_rules, rule_book

_PROFILES = frozenset({PROFILE})
_HUB = "Tradebridge"
_BY_ID = {agreement.id: agreement for agreement in AGREEMENTS}
Sample = Callable[[CostStatement], CostStatement]
ProductCheck = Callable[[Product, CostStatement, Context], Iterator[Violation]]


def agreement_of(statement: CostStatement) -> Agreement | None:
    """The agreement that is claimed, if the hub knows it."""
    return _BY_ID.get(statement.agreement)


def known_agreements() -> Mapping[str, Agreement]:
    """By id, as a statement names them."""
    return _BY_ID


def check_statement(document: Document, context: Context) -> tuple[Finding, ...]:
    """All that is wrong with a statement, or noteworthy."""
    return check_rules(BOOK, statement_of(document), context)


def _per_product(check: ProductCheck) -> Check[CostStatement]:
    return each(lambda statement: statement.products, "/products", check)


def _per_material(
    check: Callable[[Material, Product, CostStatement], Iterator[Violation]],
) -> Check[CostStatement]:
    def check_product(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
        def check_one(material: Material, _: Any, __: Any) -> Iterator[Violation]:
            return check(material, product, statement)

        yield from each(lambda _: product.materials, "/materials", check_one)(product, context)

    return _per_product(check_product)


# --- Codes -----------------------------------------------------------------------------------------------------------


def _unknown_countries(statement: CostStatement, context: Context) -> Iterator[Violation]:
    places = [
        ("/exportingCountry", statement.exporting_country),
        ("/importingCountry", statement.importing_country),
        ("/exporter/country", statement.exporter.country),
    ]
    if statement.producer is not None:
        places.append(("/producer/country", statement.producer.country))
    for index, product in enumerate(statement.products):
        for row, material in enumerate(product.materials):
            if material.origin_country is not None:
                places.append((f"/products/{index}/materials/{row}/originCountry", material.origin_country))
    for pointer, code in places:
        if code not in countries.COUNTRIES:
            yield Violation(pointer, found=code, expected="an assigned code of ISO 3166-1")


def _unknown_currencies(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    for pointer, money in amounts_of(product):
        if not currencies.is_currency(money.currency):
            yield Violation(f"{pointer}/currency", found=money.currency, expected="a currency of ISO 4217")


def _unknown_hs(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    if product.hs_edition != commodities.EDITION:
        return
    places = [("", product.hs_code)]
    places += [(f"/materials/{index}", material.hs_code or "") for index, material in enumerate(product.materials)]
    for pointer, code in places:
        if len(code) >= 6 and not commodities.is_subheading(code):
            yield Violation(f"{pointer}/hsCode", found=code, expected="a subheading of HS 2022")


def _unchecked_edition(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    if product.hs_edition != commodities.EDITION:
        yield Violation("/hsEdition", found=product.hs_edition, expected=commodities.EDITION)


def _measures(product: Product) -> Iterator[tuple[str, Quantity]]:
    parts: list[tuple[str, Product | Material]] = [("", product)]
    parts += [(f"/materials/{index}", material) for index, material in enumerate(product.materials)]
    for pointer, part in parts:
        if part.quantity is not None:
            yield f"{pointer}/quantity", part.quantity
        if part.weight is not None:
            yield f"{pointer}/weight", part.weight


def _unknown_units(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    for pointer, quantity in _measures(product):
        if quantity.unit not in units.UNITS:
            yield Violation(f"{pointer}/unit", found=quantity.unit, expected="a unit of Recommendation 20")


# --- The whole -------------------------------------------------------------------------------------------------------


def _unknown_agreement(statement: CostStatement, context: Context) -> Iterator[Violation]:
    if agreement_of(statement) is None:
        yield Violation("/agreement", found=statement.agreement, expected=", ".join(sorted(_BY_ID)))


def _not_a_party(statement: CostStatement, context: Context) -> Iterator[Violation]:
    agreement = agreement_of(statement)
    if agreement is None:
        return
    places = (
        ("/exportingCountry", statement.exporting_country),
        ("/importingCountry", statement.importing_country),
    )
    for pointer, country in places:
        if country not in agreement.parties:
            yield Violation(pointer, found=country, expected=", ".join(sorted(agreement.parties)))


def _to_itself(statement: CostStatement, context: Context) -> Iterator[Violation]:
    if statement.importing_country == statement.exporting_country:
        yield Violation("/importingCountry", found=statement.importing_country, expected="another country")


def _exporter_elsewhere(statement: CostStatement, context: Context) -> Iterator[Violation]:
    if statement.exporter.country != statement.exporting_country:
        yield Violation("/exporter/country", found=statement.exporter.country, expected=statement.exporting_country)


def _dated_in_future(statement: CostStatement, context: Context) -> Iterator[Violation]:
    today = latest_today(context.now)
    if statement.date > today:
        yield Violation("/date", found=statement.date, expected=f"{today} or earlier")


def _belongs_to_none(statement: CostStatement, context: Context) -> Iterator[Violation]:
    if statement.belongs_to is None:
        yield Violation("/certificate", expected="the number of the certificate, or of the application")


def _repeated(numbers: Iterable[int], pointer: str) -> Iterator[Violation]:
    seen: Counter[int] = Counter()
    for index, number in enumerate(numbers):
        if seen[number]:
            yield Violation(f"{pointer}/{index}/number", found=number, expected="each number once")
        seen[number] += 1


def _products_repeated(statement: CostStatement, context: Context) -> Iterator[Violation]:
    yield from _repeated((product.number for product in statement.products), "/products")


def _materials_repeated(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    yield from _repeated((material.number for material in product.materials), "/materials")


# --- Figures ---------------------------------------------------------------------------------------------------------


def _several_currencies(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    used = dict.fromkeys(money.currency for _, money in amounts_of(product))
    if len(used) > 1:
        yield Violation("", found=", ".join(used), expected="one currency, converted by the exporter")


def _one_currency(product: Product) -> bool:
    return len({money.currency for _, money in amounts_of(product)}) <= 1


def _not_positive(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    for name, money in (("exWorks", product.ex_works), ("fob", product.fob)):
        if money is not None and money.amount <= 0:
            yield Violation(f"/{name}/amount", found=money.amount, expected="more than 0")


def _measure_not_positive(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    for pointer, quantity in _measures(product):
        if quantity.value <= 0:
            yield Violation(f"{pointer}/value", found=quantity.value, expected="more than 0")


def _weight_in_no_mass(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    for pointer, quantity in _measures(product):
        unit = units.UNITS.get(quantity.unit)
        if pointer.endswith("/weight") and unit is not None and not units.is_mass(unit.code):
            yield Violation(f"{pointer}/unit", found=f"{unit.code} ({unit.name})", expected="a unit of mass, as KGM")


def _sum_of(parts: Iterable[Money | None]) -> Decimal | None:
    """None where a part is not stated: then there is nothing to add up."""
    known = list(parts)
    amounts = [part.amount for part in known if part is not None]
    return total(amounts) if len(amounts) == len(known) else None


def _ex_works_not_sum(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    if product.ex_works is None or not product.materials or not _one_currency(product):
        return
    materials = [material.value for material in product.materials]
    parts = _sum_of((*materials, product.labour, product.overhead, product.profit))
    if parts is not None and parts != product.ex_works.amount:
        expected = f"{parts}: materials, labour, overhead and profit"
        yield Violation("/exWorks/amount", found=product.ex_works.amount, expected=expected)


def _fob_not_sum(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    if product.fob is None or not _one_currency(product):
        return
    parts = _sum_of((product.ex_works, product.other_cost))
    if parts is not None and parts != product.fob.amount:
        expected = f"{parts}: ex works and other cost"
        yield Violation("/fob/amount", found=product.fob.amount, expected=expected)


def _fob_below_ex_works(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    if product.fob is None or product.ex_works is None or product.other_cost is not None:
        return
    if product.fob.currency == product.ex_works.currency and product.fob.amount < product.ex_works.amount:
        yield Violation("/fob/amount", found=product.fob.amount, expected=f"{product.ex_works.amount} or more")


def _materials_above_fob(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    if product.fob is None or product.ex_works is not None or not _one_currency(product):
        return
    known = total(material.value.amount for material in product.materials if material.value is not None)
    if known > product.fob.amount:
        yield Violation("/materials", found=known, expected=f"{product.fob.amount}, the FOB value, or less")


# --- Materials -------------------------------------------------------------------------------------------------------


def _short_hs(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    if len(product.hs_code) < 6:
        yield Violation("/hsCode", found=product.hs_code, expected="six digits at least")


def _material_without_hs(material: Material, product: Product, statement: CostStatement) -> Iterator[Violation]:
    if material.originating or material.use is MaterialUse.RETAIL_PACKING:
        return
    if material.hs_code is None or len(material.hs_code) < 6:
        yield Violation("/hsCode", found=material.hs_code or "", expected="six digits at least")


def _material_without_value(material: Material, product: Product, statement: CostStatement) -> Iterator[Violation]:
    if not material.originating and material.value is None:
        yield Violation("/value", expected="the value of the material")


def _origin_not_stated(material: Material, product: Product, statement: CostStatement) -> Iterator[Violation]:
    if material.originating and material.origin_country is None:
        yield Violation("/originCountry", expected="the party in which it originates")


def _originates_outside(material: Material, product: Product, statement: CostStatement) -> Iterator[Violation]:
    agreement, country = agreement_of(statement), material.origin_country
    if not material.originating or agreement is None or country is None or _under_another(material, statement):
        return
    if country not in agreement.parties:
        yield Violation("/originCountry", found=country, expected=", ".join(sorted(agreement.parties)))


def _under_another(material: Material, statement: CostStatement) -> bool:
    return material.agreement is not None and material.agreement != statement.agreement


def _originates_elsewise(material: Material, product: Product, statement: CostStatement) -> Iterator[Violation]:
    if material.originating and _under_another(material, statement):
        yield Violation("/agreement", found=material.agreement, expected=f"{statement.agreement}, or not originating")


def _without_proof(material: Material, product: Product, statement: CostStatement) -> Iterator[Violation]:
    agreement, country = agreement_of(statement), material.origin_country
    if not material.originating or material.proof is not None or _under_another(material, statement):
        return
    if agreement is not None and country in agreement.parties - {statement.exporting_country}:
        yield Violation("/proof", expected=f"the number of the certificate from {country}")


def _idle_content(material: Material, product: Product, statement: CostStatement) -> Iterator[Violation]:
    if material.originating and material.content is not None:
        yield Violation("/content", found=f"{material.content} %", expected="none: it originates, so all of it counts")


def _impossible_content(material: Material, product: Product, statement: CostStatement) -> Iterator[Violation]:
    if material.content is not None and material.content > 100:
        yield Violation("/content", found=f"{material.content} %", expected="at most 100 %")


# --- The claim -------------------------------------------------------------------------------------------------------


def _criterion_not_allowed(product: Product, statement: CostStatement, context: Context) -> Iterator[Violation]:
    agreement = agreement_of(statement)
    if agreement is None or product.claim is None:
        return
    known = agreement.criteria | agreement.additional
    for index, code in enumerate(product.claim.codes):
        if code not in known:
            yield Violation(f"/claim/codes/{index}", found=code, expected=", ".join(sorted(known)))


_determined = once_for_the_same(determine)


def _judged(answer: Answer) -> Check[CostStatement]:
    """Products whose claim, or else whose origin, gets this answer."""

    def check(statement: CostStatement, context: Context) -> Iterator[Violation]:
        agreement = agreement_of(statement)
        if agreement is None:
            return
        for index, found in enumerate(_determined(statement, agreement, context.products)):
            if (found.claim_answer or found.answer) is not answer:
                continue
            holds = f"holds: {', '.join(found.qualifies)}" if found.qualifies else "no other criterion holds"
            missing = "; ".join(dict.fromkeys(f"{each.pointer} {each.what}".strip() for each in found.missing))
            expected = holds if answer is Answer.NO else missing
            yield Violation(f"/products/{index}/claim", found=found.claim or "no claim", expected=expected)

    return check


def _percentage_above(statement: CostStatement, context: Context) -> Iterator[Violation]:
    agreement = agreement_of(statement)
    if agreement is None:
        return
    for index, found in enumerate(_determined(statement, agreement, context.products)):
        claim = statement.products[index].claim
        shares = [trial.content for trial in found.trials if trial.content is not None]
        if claim is None or claim.percentage is None or not shares or found.claim_answer is Answer.NO:
            continue
        if not any(share.at_least(claim.percentage) for share in shares):
            yield Violation(
                f"/products/{index}/claim/percentage",
                found=f"{claim.percentage} %",
                expected=" or ".join(dict.fromkeys(share.text for share in shares)),
            )


# --- The table -------------------------------------------------------------------------------------------------------


def _code(kind: Kind, check: Check[CostStatement], sample: Sample) -> Rule[CostStatement]:
    return Rule(kind, _PROFILES, check, sample, Layer.CODES)


def _rule(
    code: str,
    sentence: str,
    fix: str,
    check: Check[CostStatement],
    sample: Sample,
    *,
    severity: Severity = Severity.ERROR,
    clause: str = "cost-statement/1",
    source: str = _HUB,
    fidelity: Fidelity = Fidelity.INVENTED,
) -> Rule[CostStatement]:
    kind = Kind(f"statement.{code}", sentence, fix, severity, clause=clause, source=source, fidelity=fidelity)
    return Rule(kind, _PROFILES, check, sample)


def _with(places: dict[str, Any]) -> Sample:
    return cast(Sample, changed(places))


_BEARINGS, _STEEL, _GREASE = "products.1", "products.1.materials.0", "products.1.materials.1"


def _without_costs(places: dict[str, Any]) -> Sample:
    """The bearings without what their price is made of, so that nothing need add up; then with these changes."""
    costs = ("labour", "overhead", "profit", "other_cost", "ex_works")
    return _with({f"{_BEARINGS}.{name}": None for name in costs} | places)


CODES = (
    _code(kinds.UNKNOWN_COUNTRY, _unknown_countries, _with({f"{_STEEL}.origin_country": "QX"})),
    _code(
        kinds.UNKNOWN_CURRENCY,
        _per_product(_unknown_currencies),
        _without_costs(
            {
                f"{_STEEL}.value": dollars("450", "QQQ"),
                f"{_GREASE}.value": dollars("50", "QQQ"),
                f"{_BEARINGS}.fob": dollars("1000", "QQQ"),
            }
        ),
    ),
    _code(kinds.UNKNOWN_HS, _per_product(_unknown_hs), _with({f"{_STEEL}.hs_code": "722899"})),
    _code(kinds.HS_EDITION_UNCHECKED, _per_product(_unchecked_edition), _with({"products.0.hs_edition": "2017"})),
    _code(kinds.UNKNOWN_UNIT, _per_product(_unknown_units), _with({f"{_GREASE}.weight.unit": "QQQ"})),
)

WHOLE = (
    _rule(
        "unknown-agreement",
        "The hub knows no agreement of this name.",
        "Name the agreement as in the codes of its rules, such as atiga.",
        _unknown_agreement,
        _with({"agreement": "nafta"}),
    ),
    _rule(
        "not-a-party",
        "The country is no party to the agreement that is claimed.",
        "Claim under an agreement between the two countries, if there is one.",
        _not_a_party,
        _with({"importing_country": "US"}),
        clause="parties",
        source="the agreement claimed",
        fidelity=Fidelity.MODELLED,
    ),
    _rule(
        "importing-country-is-exporting",
        "The products are exported to the country in which they are made.",
        "Correct the importing country.",
        _to_itself,
        lambda statement: _with({"importing_country": statement.exporting_country})(statement),
    ),
    _rule(
        "exporter-elsewhere",
        "The exporter is not in the exporting country.",
        "Name the exporter in the country whose authority is to issue the certificate.",
        _exporter_elsewhere,
        _with({"exporter.country": "MY"}),
    ),
    _rule(
        "dated-in-future",
        "The date of the statement lies in the future.",
        "Correct the date.",
        _dated_in_future,
        lambda statement: _with({"date": statement.date + timedelta(days=30)})(statement),
    ),
    _rule(
        "belongs-to-nothing",
        "The statement names neither a certificate nor an application.",
        "Name the one that it belongs to; else no rule can compare them.",
        _belongs_to_none,
        _with({"certificate": None, "application": None}),
        severity=Severity.WARNING,
    ),
    _rule(
        "product-repeated",
        "Two products have the same number.",
        "Number each product as its item on the certificate.",
        _products_repeated,
        _with({"products.1.number": 1}),
    ),
    _rule(
        "material-repeated",
        "Two materials of one product have the same number.",
        "Number the materials of a product 1, 2, 3 and so on.",
        _per_product(_materials_repeated),
        _with({f"{_GREASE}.number": 1}),
    ),
)

FIGURES = (
    _rule(
        "several-currencies",
        "The amounts of one product are in several currencies.",
        "Convert them into one; the hub assumes no rate of exchange.",
        _per_product(_several_currencies),
        _with({f"{_GREASE}.value": dollars("50.00", "JPY")}),
    ),
    _rule(
        "price-not-positive",
        "A price is zero.",
        "State the price, or leave it out if it is not known.",
        _per_product(_not_positive),
        _without_costs({f"{_BEARINGS}.ex_works": dollars("0")}),
    ),
    _rule(
        "measure-not-positive",
        "A weight or quantity is zero.",
        "State how much there is, or leave it out if it is not known.",
        _per_product(_measure_not_positive),
        _with({f"{_GREASE}.weight.value": Decimal(0)}),
    ),
    _rule(
        "weight-unit-not-mass",
        "A weight has a unit that does not measure mass.",
        "Use a unit of mass, as KGM.",
        _per_product(_weight_in_no_mass),
        _with({f"{_GREASE}.weight.unit": "LTR"}),
    ),
    _rule(
        "ex-works-not-sum",
        "The price ex works is not the sum of materials, labour, overhead and profit.",
        "Correct the figures; where one is not known, leave it out.",
        _per_product(_ex_works_not_sum),
        _with({f"{_BEARINGS}.labour": dollars("201.00")}),
        clause="ATIGA Article 29(2), RCEP Article 3.5(1)",
        source="formulas of regional value content",
        fidelity=Fidelity.MODELLED,
    ),
    _rule(
        "fob-not-sum",
        "The FOB value is not the price ex works and the other cost.",
        "Correct the figures; other cost is what it takes to bring the product onto the ship.",
        _per_product(_fob_not_sum),
        _with({f"{_BEARINGS}.other_cost": dollars("60.00")}),
        clause="ATIGA Article 29(2), RCEP Article 3.5(1)",
        source="formulas of regional value content",
        fidelity=Fidelity.MODELLED,
    ),
    _rule(
        "fob-below-ex-works",
        "The FOB value is less than the price ex works.",
        "Check both: the way to the ship costs something.",
        _per_product(_fob_below_ex_works),
        _with({f"{_BEARINGS}.other_cost": None, f"{_BEARINGS}.fob": dollars("949.00")}),
    ),
    _rule(
        "materials-above-fob",
        "The materials cost more than the product.",
        "Check that they are those of the product as stated: of one piece, or of the whole lot.",
        _per_product(_materials_above_fob),
        _without_costs({f"{_GREASE}.value": dollars("600.00")}),
        severity=Severity.WARNING,
    ),
)

MATERIALS = (
    _rule(
        "hs-too-short",
        "The HS code of the product has fewer than six digits.",
        "State the subheading: rules of origin go by it.",
        _per_product(_short_hs),
        _with({"products.0.hs_code": "0901"}),
    ),
    _rule(
        "material-hs-missing",
        "A material that does not originate has no HS code of six digits.",
        "State the subheading of the material; without it no change of classification can be shown.",
        _per_material(_material_without_hs),
        _with({f"{_STEEL}.hs_code": "7228"}),
        severity=Severity.WARNING,
    ),
    _rule(
        "material-value-missing",
        "A material that does not originate has no value.",
        "State its value; without it neither value content nor de minimis can be shown.",
        _per_material(_material_without_value),
        _without_costs({f"{_STEEL}.value": None}),
        severity=Severity.WARNING,
    ),
    _rule(
        "origin-not-stated",
        "A material is said to originate, but not where.",
        "State the party in which it originates; of undetermined origin it does not originate.",
        _per_material(_origin_not_stated),
        _with({f"{_GREASE}.origin_country": None}),
        clause="RCEP Article 3.5(4) (undetermined origin)",
        source="rules on materials",
        fidelity=Fidelity.MODELLED,
    ),
    _rule(
        "originates-outside",
        "A material is said to originate in a country that is no party to the agreement.",
        "State it as not originating, or correct the country.",
        _per_material(_originates_outside),
        _with({f"{_GREASE}.origin_country": "IN"}),
        clause="ATIGA Article 30(1), AJCEP Article 29, RCEP Article 3.4",
        source="rules of accumulation",
        fidelity=Fidelity.MODELLED,
    ),
    _rule(
        "originates-under-another",
        "A material originates under another agreement than the one that is claimed; it counts as not originating.",
        "Show that it originates under the agreement claimed, or state it as not originating.",
        _per_material(_originates_elsewise),
        _with({f"{_GREASE}.agreement": "elsewhere"}),
        severity=Severity.WARNING,
        clause="ATIGA Article 30(1), AJCEP Article 29, RCEP Article 3.4",
        source="rules of accumulation",
        fidelity=Fidelity.MODELLED,
    ),
    _rule(
        "proof-missing",
        "A material originates in another party, and no certificate is named that shows it.",
        "Name the number of its certificate.",
        _per_material(_without_proof),
        lambda statement: _with({f"{_GREASE}.origin_country": statement.importing_country})(statement),
        severity=Severity.WARNING,
        clause="ATIGA Article 30(1), AJCEP Article 29, RCEP Article 3.4",
        source="rules of accumulation",
        fidelity=Fidelity.MODELLED,
    ),
    _rule(
        "content-of-originating",
        "A content is stated for a material that originates.",
        "Leave it out: an originating material counts as a whole.",
        _per_material(_idle_content),
        _with({f"{_GREASE}.content": Decimal(30)}),
        severity=Severity.WARNING,
        clause="AJCEP Article 27(5)",
        source="rules on materials (roll-up)",
        fidelity=Fidelity.MODELLED,
    ),
    _rule(
        "content-impossible",
        "More than the whole of a material is said to be made in a party.",
        "Correct the percentage.",
        _per_material(_impossible_content),
        _with({f"{_STEEL}.content": Decimal(130)}),
    ),
)

CLAIM = (
    _rule(
        "criterion-not-allowed",
        "The agreement has no such origin criterion.",
        "Name a criterion of the agreement.",
        _per_product(_criterion_not_allowed),
        _with({f"{_BEARINGS}.claim": OriginCriterion(codes=("CTH", "XX"))}),
        clause="origin criteria",
        source="the agreement claimed",
        fidelity=Fidelity.MODELLED,
    ),
    _rule(
        "claim-not-met",
        "By its own figures the product does not meet what is claimed.",
        "See `tb origin check`, and claim a criterion that holds, if one does.",
        _judged(Answer.NO),
        _with({f"{_STEEL}.hs_code": "848291"}),
        severity=Severity.WARNING,
        clause="rules of origin",
        source="the agreement claimed",
        fidelity=Fidelity.MODELLED,
    ),
    _rule(
        "claim-not-shown",
        "The figures do not suffice to tell whether the claim holds.",
        "Add what is missing; `tb origin check` lists it.",
        _judged(Answer.UNKNOWN),
        _with({"products.0.wholly_obtained": None}),
        severity=Severity.WARNING,
        clause="rules of origin",
        source="the agreement claimed",
        fidelity=Fidelity.MODELLED,
    ),
    _rule(
        "percentage-above-figures",
        "The value content that is claimed is more than the figures give.",
        "Claim the content that `tb origin check` calculates, or correct the figures.",
        _percentage_above,
        _with({f"{_BEARINGS}.claim": OriginCriterion(codes=("RVC",), percentage=Decimal("61.5"))}),
        severity=Severity.WARNING,
        clause="formulas of regional value content",
        source="the agreement claimed",
        fidelity=Fidelity.MODELLED,
    ),
)

RULES: tuple[Rule[CostStatement], ...] = register_rules((*CODES, *WHOLE, *FIGURES, *MATERIALS, *CLAIM))
BOOK = rule_book(RULES, PROFILE)
"""In the order in which they run."""
