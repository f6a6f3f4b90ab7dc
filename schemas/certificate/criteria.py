"""Checks that every agreement makes, each with its own data: parties, criteria, figures, times.

Each function takes the agreement and gives the check. Which of them an agreement has, with which clause and how sure,
stands in its own file.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

from schemas.certificate.agreement import Agreement
from schemas.certificate.model import Certificate, Item
from schemas.certificate.procedure import a_year_after, earliest_today
from schemas.certificate.values import json_name
from schemas.registry import Context
from schemas.rules import Check, Unreadable, Violation, each

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


def origin_not_of_issuer(agreement: Agreement) -> Check[Certificate]:
    """Goods of another party than the one that issues, without being back-to-back; one outside is another rule's."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        origin, issuer = document.declaration.origin_country, document.issuing_country
        if origin != issuer and origin in agreement.parties and not document.tick_boxes.back_to_back:
            yield Violation("/declaration/originCountry", found=origin, expected=issuer)

    return check


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
        if len(codes) == 1 and codes[0] not in agreement.additional:
            return
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


def percentage_missing(agreement: Agreement) -> Check[Certificate]:
    """Value content without its percentage."""

    def check(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
        criterion = item.origin_criterion
        if criterion.percentage is None and not agreement.content.isdisjoint(criterion.codes):
            yield Violation(
                "/originCriterion/percentage", found=criterion.text, expected="the percentage beside the code"
            )

    return per_item(check)


def content_below(agreement: Agreement) -> Check[Certificate]:
    """A value content below the agreement's least; of a product in the operator's table, another rule judges it."""
    least, codes = agreement.rvc_least or Decimal(0), agreement.content - {"PC"}

    def check(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
        criterion = item.origin_criterion
        if criterion.percentage is None or codes.isdisjoint(criterion.codes) or criterion.percentage >= least:
            return
        if context.products is None or context.products.rule_for(agreement.id, item.hs_code) is None:
            expected = f"at least {least} %"
            yield Violation("/originCriterion/percentage", found=f"{criterion.percentage} %", expected=expected)

    return per_item(check)


def value_missing(agreement: Agreement) -> Check[Certificate]:
    """No FOB value where value content needs it."""

    def check(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
        if item.fob_value is None and not agreement.content.isdisjoint(item.origin_criterion.codes):
            yield Violation("/fobValue", found=item.origin_criterion.text, expected="the FOB value with its currency")

    return per_item(check)


def value_not_asked(agreement: Agreement) -> Check[Certificate]:
    """An FOB value where the form asks for none: without value content."""

    def check(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
        if item.fob_value is not None and agreement.content.isdisjoint(item.origin_criterion.codes):
            yield Violation(
                "/fobValue", found=item.fob_value.amount, expected=f"none with {item.origin_criterion.text}"
            )

    return per_item(check)


def tolerance_without_change(agreement: Agreement) -> Check[Certificate]:
    """De minimis beside a criterion that asks for no change of classification: there is nothing to tolerate."""

    def check(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
        codes = item.origin_criterion.codes
        if "DMI" in codes and len(codes) > 1 and agreement.tolerant.isdisjoint(codes):
            expected = f"DMI beside {' or '.join(sorted(agreement.tolerant))}"
            yield Violation("/originCriterion/codes", found=item.origin_criterion.text, expected=expected)

    return per_item(check)


def accumulation_of_own(item: Item, document: Certificate, context: Context) -> Iterator[Violation]:
    """Accumulation beside wholly obtained: the materials of others have no part in it."""
    codes = item.origin_criterion.codes
    if "ACU" in codes and "WO" in codes:
        yield Violation("/originCriterion/codes", found=item.origin_criterion.text, expected="WO without ACU")


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


_NOT_LATIN = re.compile(r"[^\W\d_A-Za-z\u00c0-\u024f\u1e00-\u1eff\u00aa\u00ba\u00b5]")
"""A letter of another script than Latin; signs and digits are of no script."""


def not_in_english(document: Certificate, context: Context) -> Iterator[Violation]:
    """A description or remark in letters of another script. Names and addresses may stand as they are."""
    if document.remarks is not None:
        yield from _not_latin("/remarks", document.remarks)
    for index, item in enumerate(document.items):
        try:
            yield from _not_latin(f"/items/{index}/description", item.description)
        except Unreadable:
            continue


def _not_latin(pointer: str, text: str) -> Iterator[Violation]:
    if not text.isascii() and (found := _NOT_LATIN.search(text)):
        yield Violation(pointer, found=text[max(0, found.start() - 20) : found.start() + 20], expected="English")


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


def before_the_form(agreement: Agreement) -> Check[Certificate]:
    """Issued on a form that did not exist on that day."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        if document.certification.date < agreement.since:
            yield Violation(
                "/certification/date", found=document.certification.date, expected=f"{agreement.since} or later"
            )

    return check


def original_valid_too_long(document: Certificate, context: Context) -> Iterator[Violation]:
    """An original that is said to be valid for longer than a certificate can be."""
    proof = document.original_proof
    if proof is not None and proof.valid_until is not None and proof.valid_until > a_year_after(proof.date):
        expected = f"{a_year_after(proof.date)} or earlier"
        yield Violation("/originalProof/validUntil", found=proof.valid_until, expected=expected)


# --- Invoices and values ---------------------------------------------------------------------------------------------


def invoiced_at_home(document: Certificate, context: Context) -> Iterator[Violation]:
    """A third country that is the exporting one."""
    invoice = document.third_country_invoice
    if invoice is not None and invoice.country == document.issuing_country:
        yield Violation("/thirdCountryInvoice/country", found=invoice.country, expected="a third country")


_SMALL = Decimal(200)
"""US dollars."""


def small_consignment(document: Certificate, context: Context) -> Iterator[Violation]:
    """A consignment so small that it needs no certificate; judged where all its values stand in US dollars."""
    total = Decimal(0)
    for item in document.items:
        if item.fob_value is None or item.fob_value.currency != "USD":
            return
        total += item.fob_value.amount
    if 0 < total <= _SMALL:
        yield Violation("/items", found=f"USD {total}", expected=f"more than USD {_SMALL}, or no certificate")
