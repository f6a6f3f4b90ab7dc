"""How a certificate comes about: parties, dates, invoices, ticks and what a tick must be backed by.

Dates have no zone. What is in the future is judged by the latest date on earth at the time of the check, what is
expired by the earliest, so that no time zone makes a good certificate wrong.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from schemas.certificate.model import Certificate, Place, ReplacementReason, Treatment
from schemas.registry import Context
from schemas.rules import Violation


def a_year_after(day: date) -> date:
    """The same day of the next year; 28 February for the 29th."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def latest_today(now: datetime) -> date:
    """The date where the day begins first (UTC+14)."""
    return (now + timedelta(hours=14)).date()


def earliest_today(now: datetime) -> date:
    """The date where the day ends last (UTC-12)."""
    return (now - timedelta(hours=12)).date()


# --- Parties ---------------------------------------------------------------------------------------------------------


def exporter_elsewhere(document: Certificate, context: Context) -> Iterator[Violation]:
    """An exporter that is not in the country that issues."""
    if document.exporter.country != document.issuing_country:
        yield Violation("/exporter/country", found=document.exporter.country, expected=document.issuing_country)


def consignee_elsewhere(document: Certificate, context: Context) -> Iterator[Violation]:
    """A consignee that is not in the importing country."""
    importing = document.declaration.importing_country
    if document.consignee.country != importing:
        yield Violation("/consignee/country", found=document.consignee.country, expected=importing)


def to_itself(document: Certificate, context: Context) -> Iterator[Violation]:
    """Goods that go nowhere."""
    importing = document.declaration.importing_country
    if importing == document.issuing_country:
        yield Violation(
            "/declaration/importingCountry", found=importing, expected="another country than the issuing one"
        )


def producer_both_ways(document: Certificate, context: Context) -> Iterator[Violation]:
    """A producer named and withheld."""
    if document.producer is not None and document.producer_withheld is not None:
        yield Violation("/producerWithheld", found=document.producer_withheld, expected="none, as a producer is named")


# --- Dates -----------------------------------------------------------------------------------------------------------


def issued_in_future(document: Certificate, context: Context) -> Iterator[Violation]:
    """Issued tomorrow or later."""
    today = latest_today(context.now)
    if document.certification.date > today:
        yield Violation("/certification/date", found=document.certification.date, expected=f"{today} or earlier")


def declared_after_issue(document: Certificate, context: Context) -> Iterator[Violation]:
    """Certified before it was declared."""
    issued = document.certification.date
    if document.declaration.date > issued:
        yield Violation("/declaration/date", found=document.declaration.date, expected=f"{issued} or earlier")


def invoiced_after_issue(document: Certificate, context: Context) -> Iterator[Violation]:
    """An invoice later than the certificate that names it."""
    issued = document.certification.date
    for index, invoice in enumerate(document.invoices):
        if invoice.date > issued:
            yield Violation(f"/invoices/{index}/date", found=invoice.date, expected=f"{issued} or earlier")


def shipped_after_validity(document: Certificate, context: Context) -> Iterator[Violation]:
    """Goods that leave when the certificate has expired."""
    departure, end = document.transport.departure_date, a_year_after(document.certification.date)
    if departure is not None and departure > end:
        yield Violation("/transport/departureDate", found=departure, expected=f"{end} or earlier")


# --- Transport and invoices ------------------------------------------------------------------------------------------


def no_departure(document: Certificate, context: Context) -> Iterator[Violation]:
    """No date of shipment."""
    if document.transport.departure_date is None:
        yield Violation("/transport/departureDate", expected="the date of shipment")


def no_port_of_discharge(document: Certificate, context: Context) -> Iterator[Violation]:
    """No port of discharge, by code or name."""
    if _unnamed(document.transport.port_of_discharge):
        yield Violation("/transport/portOfDischarge", expected="a UN/LOCODE or a name")


def _unnamed(place: Place | None) -> bool:
    return place is None or (place.un_location_code is None and place.name is None)


def discharged_elsewhere(document: Certificate, context: Context) -> Iterator[Violation]:
    """A port of discharge outside the importing country."""
    place, importing = document.transport.port_of_discharge, document.declaration.importing_country
    if place is None or place.un_location_code is None:
        return
    if place.un_location_code[:2] != importing:
        yield Violation(
            "/transport/portOfDischarge/UNLocationCode",
            found=place.un_location_code,
            expected=f"a place in {importing}",
        )


def no_invoice(document: Certificate, context: Context) -> Iterator[Violation]:
    """No invoice at all."""
    if not document.invoices:
        yield Violation("/invoices", expected="number and date of each invoice")


def repeated_invoice(document: Certificate, context: Context) -> Iterator[Violation]:
    """One invoice listed twice."""
    seen = set()
    for index, invoice in enumerate(document.invoices):
        key = (invoice.number, invoice.date)
        if key in seen:
            yield Violation(
                f"/invoices/{index}", found=f"{invoice.number} of {invoice.date}", expected="each invoice once"
            )
        seen.add(key)


# --- Ticks and what backs them ---------------------------------------------------------------------------------------


def third_country_without_facts(document: Certificate, context: Context) -> Iterator[Violation]:
    """Ticked, but who invoiced is not said."""
    if document.tick_boxes.third_country_invoicing and document.third_country_invoice is None:
        yield Violation("/thirdCountryInvoice", expected="company and country that issued the invoice")


def third_country_without_tick(document: Certificate, context: Context) -> Iterator[Violation]:
    """Who invoiced is said, but the box is not ticked."""
    if document.third_country_invoice is not None and not document.tick_boxes.third_country_invoicing:
        yield Violation("/tickBoxes/thirdCountryInvoicing", found="not ticked", expected="ticked")


def original_missing(document: Certificate, context: Context) -> Iterator[Violation]:
    """Ticked as back-to-back, but the certificate it rests on is not said."""
    if document.tick_boxes.back_to_back and document.original_proof is None:
        yield Violation("/originalProof", expected="number, date and issuing country of the original certificate")


def original_without_tick(document: Certificate, context: Context) -> Iterator[Violation]:
    """An original is said, but the box is not ticked."""
    if document.original_proof is not None and not document.tick_boxes.back_to_back:
        yield Violation("/tickBoxes/backToBack", found="not ticked", expected="ticked")


def original_later(document: Certificate, context: Context) -> Iterator[Violation]:
    """An original younger than the certificate that rests on it."""
    proof, issued = document.original_proof, document.certification.date
    if proof is not None and proof.date > issued:
        yield Violation("/originalProof/date", found=proof.date, expected=f"{issued} or earlier")


def original_expired(document: Certificate, context: Context) -> Iterator[Violation]:
    """An original that was no longer valid when the back-to-back certificate was issued."""
    proof, issued = document.original_proof, document.certification.date
    if proof is None:
        return
    end = min(proof.valid_until or date.max, a_year_after(proof.date))
    if end < issued:
        yield Violation("/originalProof/date", found=f"valid until {end}", expected=f"valid on {issued}")


def original_of_issuer(document: Certificate, context: Context) -> Iterator[Violation]:
    """An original issued by the same country: then nothing is passed on."""
    proof = document.original_proof
    if proof is not None and proof.country == document.issuing_country:
        yield Violation("/originalProof/country", found=proof.country, expected="the first exporting party")


def exhibition_without_facts(document: Certificate, context: Context) -> Iterator[Violation]:
    """Ticked, but which exhibition is not said."""
    if document.tick_boxes.exhibition and document.exhibition is None:
        yield Violation("/exhibition", expected="name and address of the exhibition")


def exhibition_without_tick(document: Certificate, context: Context) -> Iterator[Violation]:
    """An exhibition is said, but the box is not ticked."""
    if document.exhibition is not None and not document.tick_boxes.exhibition:
        yield Violation("/tickBoxes/exhibition", found="not ticked", expected="ticked")


# --- Replacement and official use ------------------------------------------------------------------------------------


def replaces_later(document: Certificate, context: Context) -> Iterator[Violation]:
    """A certificate in place of a younger one."""
    replaced, issued = document.replaces, document.certification.date
    if replaced is not None and replaced.date > issued:
        yield Violation("/replaces/date", found=replaced.date, expected=f"{issued} or earlier")


def replaces_itself(document: Certificate, context: Context) -> Iterator[Violation]:
    """A corrected certificate under its own number."""
    replaced = document.replaces
    if replaced is not None and replaced.reason is ReplacementReason.CORRECTED and replaced.number == document.number:
        yield Violation("/replaces/number", found=replaced.number, expected="the number of the earlier certificate")


def copy_too_late(document: Certificate, context: Context) -> Iterator[Violation]:
    """A certified true copy asked for more than a year after the original."""
    replaced, issued = document.replaces, document.certification.date
    if replaced is None or replaced.reason is not ReplacementReason.LOST:
        return
    end = a_year_after(replaced.date)
    if issued > end:
        yield Violation("/replaces/date", found=f"copied on {issued}", expected=f"{end} or earlier")


def treatment_before_import(document: Certificate, context: Context) -> Iterator[Violation]:
    """The box of the importing customs filled by the issuer."""
    if document.official_use is not None:
        yield Violation("/officialUse", found=document.official_use.treatment, expected="an empty box")


def refusal_without_reasons(document: Certificate, context: Context) -> Iterator[Violation]:
    """Treatment refused in silence."""
    use = document.official_use
    if use is not None and use.treatment is Treatment.NOT_GIVEN and use.reasons is None:
        yield Violation("/officialUse/reasons", expected="the reasons why treatment was not given")
