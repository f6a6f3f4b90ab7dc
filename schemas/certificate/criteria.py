"""Checks that every agreement makes, each with its own data: parties, criteria, figures, times.

Each function takes the agreement and gives the check. Which of them an agreement has, with which clause and how sure,
stands in its own file.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

from schemas.certificate.agreement import Agreement
from schemas.certificate.model import Certificate, Item
from schemas.certificate.procedure import a_year_after, earliest_today
from schemas.certificate.values import json_name
from schemas.registry import Context
from schemas.rules import Check, Violation, each

ItemCheck = Callable[[Item, Certificate, Context], Iterator[Violation]]


def per_item(check: ItemCheck) -> Check[Certificate]:
    """A check of each item by itself."""
    return each(lambda document: document.items, "/items", check)


def _listed(codes: frozenset[str]) -> str:
    return ", ".join(sorted(codes))


# --- Parties ---------------------------------------------------------------------------------------------------------


def not_a_party(agreement: Agreement) -> Check[Certificate]:
    """Exporting or importing country outside the agreement."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        places = (
            ("/issuingCountry", document.issuing_country),
            ("/declaration/importingCountry", document.declaration.importing_country),
        )
        for pointer, country in places:
            if country not in agreement.parties:
                yield Violation(pointer, found=country, expected=_listed(agreement.parties))

    return check


def origin_not_a_party(agreement: Agreement) -> Check[Certificate]:
    """A country of origin outside the agreement."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        country = document.declaration.origin_country
        if country not in agreement.parties:
            yield Violation("/declaration/originCountry", found=country, expected=_listed(agreement.parties))

    return check


def origin_not_of_issuer(document: Certificate, context: Context) -> Iterator[Violation]:
    """Goods of another country than the one that issues, without being back-to-back."""
    origin = document.declaration.origin_country
    if origin != document.issuing_country and not document.tick_boxes.back_to_back:
        yield Violation("/declaration/originCountry", found=origin, expected=document.issuing_country)


def original_not_a_party(agreement: Agreement) -> Check[Certificate]:
    """A back-to-back certificate on an original from outside the agreement."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        proof = document.original_proof
        if proof is not None and proof.country not in agreement.parties:
            yield Violation("/originalProof/country", found=proof.country, expected=_listed(agreement.parties))

    return check


# --- Origin criterion ------------------------------------------------------------------------------------------------


def criterion_not_allowed(agreement: Agreement) -> Check[Certificate]:
    """A code that the agreement does not have."""
    known = agreement.criteria | agreement.additional

    def check(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
        for index, code in enumerate(item.origin_criterion.codes):
            if code not in known:
                yield Violation(f"/originCriterion/codes/{index}", found=code, expected=_listed(known))

    return per_item(check)


def criterion_combination(agreement: Agreement) -> Check[Certificate]:
    """Codes that cannot stand together, or one that cannot stand alone."""

    def check(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
        codes = item.origin_criterion.codes
        main = {code for code in codes if code in agreement.criteria}
        beside = {code for code in codes if code in agreement.additional}
        text = item.origin_criterion.text
        if beside and not main:
            yield Violation("/originCriterion/codes", found=text, expected=f"one of {_listed(agreement.criteria)} too")
        elif len(main) > 1 and not main <= agreement.combinable:
            expected = f"one of {_listed(agreement.criteria)}"
            if agreement.combinable:
                expected += f"; only {_listed(agreement.combinable)} may stand together"
            yield Violation("/originCriterion/codes", found=text, expected=expected)

    return per_item(check)


def percentage_missing(*codes: str) -> Check[Certificate]:
    """One of these codes without its percentage."""

    def check(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
        criterion = item.origin_criterion
        if criterion.percentage is None and set(codes) & set(criterion.codes):
            yield Violation(
                "/originCriterion/percentage", found=criterion.text, expected="the percentage beside the code"
            )

    return per_item(check)


def content_below(agreement: Agreement) -> Check[Certificate]:
    """A regional value content below the agreement's least."""

    def check(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
        criterion = item.origin_criterion
        if "RVC" not in criterion.codes or criterion.percentage is None:
            return
        if criterion.percentage < agreement.rvc_least:
            expected = f"at least {agreement.rvc_least} %"
            yield Violation("/originCriterion/percentage", found=f"{criterion.percentage} %", expected=expected)

    return per_item(check)


def value_missing(*codes: str) -> Check[Certificate]:
    """No FOB value where one of these codes needs it."""

    def check(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
        if item.fob_value is None and set(codes) & set(item.origin_criterion.codes):
            yield Violation("/fobValue", found=item.origin_criterion.text, expected="the FOB value with its currency")

    return per_item(check)


def value_not_asked(*codes: str) -> Check[Certificate]:
    """An FOB value where the form asks for none: without one of these codes."""

    def check(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
        if item.fob_value is not None and not set(codes) & set(item.origin_criterion.codes):
            yield Violation(
                "/fobValue", found=item.fob_value.amount, expected=f"none with {item.origin_criterion.text}"
            )

    return per_item(check)


def short_hs_code(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Fewer than six digits."""
    if len(item.hs_code) < 6:
        yield Violation("/hsCode", found=item.hs_code, expected="six digits at least")


# --- The form --------------------------------------------------------------------------------------------------------


def not_on_form(agreement: Agreement) -> Check[Certificate]:
    """A part that the form has no box for."""
    whole = sorted(pointer for pointer in agreement.absent if not pointer.startswith("/items/"))
    of_items = sorted(agreement.absent - set(whole))

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        for pointer in whole:
            if getattr(document, _member(pointer)) is not None:
                yield Violation(pointer, found="a value", expected=f"none on the form of {agreement.title}")
        for index, item in enumerate(document.items):
            for pointer in of_items:
                if getattr(item, _member(pointer)) is not None:
                    place = pointer.replace("/items/", f"/items/{index}/")
                    yield Violation(place, found="a value", expected=f"none on the form of {agreement.title}")

    return check


_MEMBERS = {json_name(name): name for part in (Certificate, Item) for name in part.model_fields}


def _member(pointer: str) -> str:
    return _MEMBERS[pointer.rpartition("/")[2]]


def no_such_tick_box(agreement: Agreement) -> Check[Certificate]:
    """A tick in a box that the form does not have."""
    boxes = sorted(set(type(Certificate.model_fields["tick_boxes"].default).model_fields) - agreement.tick_boxes)

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        for box in boxes:
            if getattr(document.tick_boxes, box):
                yield Violation(f"/tickBoxes/{json_name(box)}", found="ticked", expected="no such box on this form")

    return check


# --- Times -----------------------------------------------------------------------------------------------------------


def late_without_tick(agreement: Agreement) -> Check[Certificate]:
    """Issued after shipment, and after the days of grace, without the tick that says so."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        departure, issued = document.transport.departure_date, document.certification.date
        if departure is None or document.tick_boxes.issued_retroactively:
            return
        end = departure + timedelta(days=agreement.grace_days)
        if issued > end:
            found = f"not ticked, issued on {issued}, shipped on {departure}"
            yield Violation("/tickBoxes/issuedRetroactively", found=found, expected=f"ticked, after {end}")

    return check


def tick_without_late(agreement: Agreement) -> Check[Certificate]:
    """The tick for a late issue on a certificate that was issued in time."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        departure, issued = document.transport.departure_date, document.certification.date
        if departure is None or not document.tick_boxes.issued_retroactively:
            return
        if issued <= departure + timedelta(days=agreement.grace_days):
            found = f"ticked, issued on {issued}, shipped on {departure}"
            yield Violation("/tickBoxes/issuedRetroactively", found=found, expected="not ticked")

    return check


def too_late(document: Certificate, context: Context) -> Iterator[Violation]:
    """Issued more than a year after shipment."""
    departure, issued = document.transport.departure_date, document.certification.date
    if departure is not None and issued > a_year_after(departure):
        yield Violation("/certification/date", found=issued, expected=f"{a_year_after(departure)} or earlier")


def expired(document: Certificate, context: Context) -> Iterator[Violation]:
    """No longer valid: a year from its issue, or the end of the original that it rests on."""
    end = a_year_after(document.certification.date)
    proof = document.original_proof
    if proof is not None:
        end = min(end, proof.valid_until or a_year_after(proof.date))
    if end < earliest_today(context.now):
        yield Violation("/certification/date", found=f"valid until {end}", expected="a certificate that is still valid")
