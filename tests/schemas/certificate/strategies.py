"""Hypothesis: any certificate that the model can hold, whether or not an agreement would have it."""

from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st

from schemas.certificate.agreements import AGREEMENTS
from schemas.certificate.model import (
    ATIGA_FORM_D,
    Certificate,
    Certification,
    Declaration,
    Exhibition,
    Invoice,
    Item,
    Money,
    OfficialUse,
    OriginalProof,
    OriginCriterion,
    Packages,
    Party,
    Place,
    ProducerWithheld,
    Quantity,
    Replaced,
    ReplacementReason,
    ThirdCountryInvoice,
    TickBoxes,
    Transport,
    TransportMode,
    Treatment,
)
from schemas.certificate.values import Part

PROFILES = (ATIGA_FORM_D, *(agreement.profile for agreement in AGREEMENTS if agreement.profile != ATIGA_FORM_D))

SIGN = st.sampled_from("aZ09 \t\n<>&'\"]%-,;:()éßñ日本ไทยខ្មែរລາວမြန်မာ😀\u00a0\u0301")
"""What a text may hold: markup, several scripts, signs beyond the first plane, white space of all kinds."""


def texts(most: int) -> st.SearchStrategy[str]:
    """A text as the boxes hold it: no white space at its ends, never empty."""
    return st.text(SIGN, min_size=1, max_size=most).map(str.strip).filter(bool)


P = TypeVar("P", bound=Part)


def part(model: type[P], **members: st.SearchStrategy[Any]) -> st.SearchStrategy[P]:
    """A part from its members. (`st.builds` would take the JSON names for arguments that are missing.)"""
    return st.fixed_dictionaries(members).map(lambda drawn: model(**drawn))


line, text = texts(20), texts(40)
number = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9 ./_-]{0,20}[A-Za-z0-9])?", fullmatch=True)
country = st.from_regex(r"[A-Z]{2}", fullmatch=True)
day = st.dates(date(1990, 1, 1), date(2090, 12, 31))
decimal = st.from_regex(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?", fullmatch=True).map(
    lambda digits: Decimal(digits.strip())
)
port = st.from_regex(r"[A-Z]{2}[A-Z2-9]{3}", fullmatch=True)
quantity = part(Quantity, value=decimal, unit=st.from_regex(r"[A-Z0-9]{2,3}", fullmatch=True))
place = part(Place, un_location_code=st.none() | port, name=st.none() | line)
party = part(
    Party,
    name=line,
    address=text,
    country=country,
    identifier=st.none() | line,
    telephone=st.none() | line,
    email=st.none() | line,
)
criterion = part(
    OriginCriterion,
    codes=st.lists(st.from_regex(r"[A-Z]{2,5}", fullmatch=True), min_size=1, max_size=4).map(tuple),
    percentage=st.none() | decimal,
)
item = part(
    Item,
    number=st.integers(1, 99_999),
    marks_and_numbers=st.none() | text,
    packages=st.none()
    | part(Packages, quantity=st.integers(1, 9_999_999), kind=st.from_regex(r"[A-Z0-9]{2}", fullmatch=True)),
    description=text,
    hs_code=st.from_regex(r"[0-9]{2,12}", fullmatch=True),
    hs_edition=st.sampled_from(["2012", "2017", "2022"]),
    origin_criterion=criterion,
    origin_country=st.none() | country,
    gross_weight=st.none() | quantity,
    quantity=st.none() | quantity,
    fob_value=st.none() | part(Money, amount=decimal, currency=st.from_regex(r"[A-Z]{3}", fullmatch=True)),
    invoice_number=st.none() | line,
)
transport = part(
    Transport,
    departure_date=st.none() | day,
    mode=st.none() | st.sampled_from(TransportMode),
    vessel_or_flight=st.none() | line,
    voyage=st.none() | line,
    port_of_loading=st.none() | place,
    port_of_discharge=st.none() | place,
    route=st.none() | text,
    transport_document=st.none() | number,
)
official_use = part(
    OfficialUse,
    treatment=st.sampled_from(Treatment),
    reasons=st.none() | text,
    place=st.none() | line,
    date=st.none() | day,
    official=st.none() | line,
)


def certificates(profile: str) -> st.SearchStrategy[Certificate]:
    """Any certificate of this profile."""
    return part(
        Certificate,
        profile=st.just(profile),
        number=number,
        issuing_country=country,
        exporter=party,
        consignee=party,
        producer=st.none() | party,
        producer_withheld=st.none() | st.sampled_from(ProducerWithheld),
        transport=transport,
        items=st.lists(item, min_size=1, max_size=3).map(tuple),
        invoices=st.lists(part(Invoice, number=line, date=day), max_size=2).map(tuple),
        remarks=st.none() | text,
        declaration=part(
            Declaration, origin_country=country, importing_country=country, place=line, date=day, signatory=line
        ),
        certification=part(Certification, authority=line, place=line, date=day, official=line),
        tick_boxes=part(TickBoxes, **{name: st.booleans() for name in TickBoxes.model_fields}),
        third_country_invoice=st.none() | part(ThirdCountryInvoice, company=line, country=country),
        original_proof=st.none()
        | part(OriginalProof, number=number, date=day, country=country, valid_until=st.none() | day),
        exhibition=st.none() | part(Exhibition, name=line, address=text),
        replaces=st.none() | part(Replaced, number=number, date=day, reason=st.sampled_from(ReplacementReason)),
        official_use=st.none() | official_use,
    )


any_certificate = st.sampled_from(PROFILES).flatmap(certificates)
