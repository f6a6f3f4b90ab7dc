"""A certificate beside the documents that it names: its original, the one it replaces, its transport document.

1. Whoever reads the certificate looks them up (`Context.related`), as far as its sender may see them. Of a document
   that is not held nothing is found: that it is missing is no mistake.
2. Against the original and the one replaced a contradiction is an error: both are the issuers' own statements. Against
   the transport document it is a warning: it is the carrier's, and often younger.
3. Quantities of a back-to-back certificate are judged by the arithmetic of `utilisation.py`, by which the ledger judges
   them again in the transaction.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache

from schemas.bill_of_lading.examples import transport_document
from schemas.bill_of_lading.model import TransportDocument
from schemas.bill_of_lading.reach import cargo_items
from schemas.certificate.agreements import agreement_of
from schemas.certificate.making import ALL, WITH_BACK_TO_BACK, WITH_SEVERAL_PARTIES, rule
from schemas.certificate.model import Certificate, OriginCriterion, Place, Quantity, Replaced, ReplacementReason
from schemas.certificate.samples import Sample, both, changed, criterion, original_proof, originating, shifted
from schemas.certificate.utilisation import Lack, opening, shortages
from schemas.consignment import (
    goods_not_carried,
    more_weight_than_carried,
    other_departure,
    other_port_of_discharge,
    other_port_of_loading,
    other_vessel,
)
from schemas.findings import Severity
from schemas.registry import Context, Related, Relation
from schemas.rules import Check, Layer, Rule, Violation, as_it_is

_WARNING = Severity.WARNING
Beside = Callable[[Certificate, Certificate], Iterator[Violation]]
"""A check of a certificate (first) beside another one."""


def _beside(relation: Relation, check: Beside) -> Check[Certificate]:
    """The check, where that other certificate is named and held."""

    def checked(document: Certificate, context: Context) -> Iterator[Violation]:
        related = context.related.get(relation)
        if related is None or not isinstance(related.document, Certificate):
            return
        named = document.original_proof if relation is Relation.ORIGINAL else document.replaces
        if named is not None:
            yield from check(document, related.document)

    return checked


# --- The original of a back-to-back certificate ----------------------------------------------------------------------


def original_not_live(document: Certificate, context: Context) -> Iterator[Violation]:
    """An original that was cancelled, replaced or has expired."""
    related = context.related.get(Relation.ORIGINAL)
    if related is not None and document.original_proof is not None and related.state != "live":
        yield Violation("/originalProof/number", found=related.state, expected="an original that holds")


def original_of_another_day(document: Certificate, original: Certificate) -> Iterator[Violation]:
    proof, issued = document.original_proof, original.certification.date
    if proof is not None and proof.date != issued:
        yield Violation("/originalProof/date", found=proof.date, expected=issued)


def original_to_another(document: Certificate, original: Certificate) -> Iterator[Violation]:
    """An original for another importing party than the one that certifies again."""
    importing = original.declaration.importing_country
    if importing != document.issuing_country:
        expected = f"an original for {document.issuing_country}"
        yield Violation("/originalProof/number", found=f"an original for {importing}", expected=expected)


def original_of_other_origin(document: Certificate, original: Certificate) -> Iterator[Violation]:
    origin = original.declaration.origin_country
    if document.declaration.origin_country != origin:
        yield Violation("/declaration/originCountry", found=document.declaration.origin_country, expected=origin)


def other_criterion(document: Certificate, original: Certificate) -> Iterator[Violation]:
    """Goods of one subheading with a criterion that none of the original's items of that subheading has."""
    criteria: dict[str, set[str]] = {}
    for item in original.items:
        criteria.setdefault(item.hs_code[:6], set()).add(item.origin_criterion.text)
    for index, item in enumerate(document.items):
        known = criteria.get(item.hs_code[:6])
        if known is not None and item.origin_criterion.text not in known:
            pointer = f"/items/{index}/originCriterion/codes"
            yield Violation(pointer, found=item.origin_criterion.text, expected=" or ".join(sorted(known)))


def left_before_original(document: Certificate, original: Certificate) -> Iterator[Violation]:
    """Goods that left before their original was issued: then they left without it."""
    departure, issued = document.transport.departure_date, original.certification.date
    if departure is not None and departure < issued:
        yield Violation("/transport/departureDate", found=departure, expected=f"{issued} or later")


def lacking(lack: Lack) -> Check[Certificate]:
    """What of the goods does not rest on the original, for one of the reasons why."""

    def check(document: Certificate, context: Context) -> Iterator[Violation]:
        related = context.related.get(Relation.ORIGINAL)
        if related is None or not isinstance(related.document, Certificate) or document.original_proof is None:
            return
        _touch(document)
        left = related.left
        if left is None:
            left = {number: balance.left for number, balance in opening(related.document).items()}
        for short in shortages(document, related.document, left):
            if short.lack is lack:
                yield Violation(short.pointer, found=short.found, expected=short.expected)

    return check


def _touch(document: Certificate) -> None:
    """End the rule here where a quantity could not be read: the arithmetic cannot."""
    for item in document.items:
        for quantity in (item.gross_weight, item.quantity):
            if quantity is not None and quantity.value < 0:
                return


# --- The certificate that this one replaces --------------------------------------------------------------------------


def replaced_already(document: Certificate, context: Context) -> Iterator[Violation]:
    """A certificate in whose place another one stands already; or a copy of one that holds no more."""
    related, replaced = context.related.get(Relation.REPLACED), document.replaces
    if related is None or replaced is None:
        return
    refused = ("replaced",) if replaced.reason is ReplacementReason.CORRECTED else ("replaced", "cancelled", "expired")
    if related.state in refused:
        yield Violation("/replaces/number", found=related.state, expected="a certificate that holds")


def replaced_of_another_day(document: Certificate, earlier: Certificate) -> Iterator[Violation]:
    replaced, issued = document.replaces, earlier.certification.date
    if replaced is not None and replaced.date != issued:
        yield Violation("/replaces/date", found=replaced.date, expected=issued)


def replaced_of_another_exporter(document: Certificate, earlier: Certificate) -> Iterator[Violation]:
    if document.exporter.name.casefold() != earlier.exporter.name.casefold():
        yield Violation("/exporter/name", found=document.exporter.name, expected=earlier.exporter.name)


def replaced_to_another_country(document: Certificate, earlier: Certificate) -> Iterator[Violation]:
    importing, before = document.declaration.importing_country, earlier.declaration.importing_country
    if importing != before:
        yield Violation("/declaration/importingCountry", found=importing, expected=before)


def untrue_copy(document: Certificate, earlier: Certificate) -> Iterator[Violation]:
    """A certified true copy that says something else than what it is a copy of."""
    if document.replaces is None or document.replaces.reason is not ReplacementReason.LOST:
        return
    for member in ("exporter", "consignee", "items", "invoices", "transport"):
        if getattr(document, member) != getattr(earlier, member):
            yield Violation(f"/{member}", found="something else", expected=f"as on {earlier.number}")


def replaced_of_other_goods(document: Certificate, earlier: Certificate) -> Iterator[Violation]:
    """A correction after which nothing is as it was: no item is of a chapter that the earlier one has."""
    chapters = {item.hs_code[:2] for item in earlier.items}
    if chapters.isdisjoint(item.hs_code[:2] for item in document.items):
        yield Violation("/items", found="goods of other chapters", expected=f"some of {', '.join(sorted(chapters))}")


# --- The transport document ------------------------------------------------------------------------------------------


def _lading(check: Callable[[Certificate, TransportDocument], Iterator[Violation]]) -> Check[Certificate]:
    def checked(document: Certificate, context: Context) -> Iterator[Violation]:
        related = context.related.get(Relation.LADING)
        if related is None or document.transport.transport_document is None:
            return
        if isinstance(related.document, TransportDocument):
            yield from check(document, related.document)

    return checked


def lading_void(document: Certificate, context: Context) -> Iterator[Violation]:
    related = context.related.get(Relation.LADING)
    if related is not None and document.transport.transport_document is not None and related.state != "live":
        yield Violation("/transport/transportDocument", found=related.state, expected="a transport document that holds")


# --- Samples ---------------------------------------------------------------------------------------------------------

_INTERMEDIATE_DAYS = 30


def _weight(document: Certificate, times: int) -> Quantity:
    weight = document.items[0].gross_weight
    if weight is None:
        raise TypeError("an example states its weights")
    return Quantity(value=weight.value * times, unit=weight.unit)


def _to_another_party(document: Certificate) -> Certificate:
    """The same, to a party that neither issues it nor was to import."""
    parties = agreement_of(document.profile).parties
    other = min(parties - {document.issuing_country, document.declaration.importing_country})
    return changed(
        {
            "declaration.importing_country": other,
            "consignee.country": other,
            "transport.port_of_discharge": Place(name="Another port"),
        }
    )(document)


def _issued_by_another(document: Certificate) -> Certificate:
    """The same back-to-back certificate, issued by a country that the original was not for."""
    places = {
        "issuing_country": "MY",
        "exporter.country": "MY",
        "transport.port_of_loading": Place(name="Port Klang"),
        "producer": document.producer and document.producer.model_copy(update={"country": "KH"}),
    }
    return changed(places)(document)


def _another_criterion(document: Certificate) -> OriginCriterion:
    agreement = agreement_of(document.profile)
    return criterion(min(agreement.criteria - agreement.content - {"WO"}))


_OTHER_PORTS = {"ID": "IDSUB", "JP": "JPYOK", "SG": "SGJUR", "TH": "THBKK", "VN": "VNHPH"}


def _another_port(place: str, country: str) -> Sample:
    return changed({place: Place(un_location_code=_OTHER_PORTS[country])})


def _original_for(document: Certificate) -> Certificate:
    """A certificate of the first exporting party on which the document rests, issued to the document's issuer."""
    proof = document.original_proof
    if proof is None:
        return _original_for(_BACK_TO_BACK(document))
    certification = document.certification.model_copy(update={"date": proof.date})
    places = {
        "number": proof.number,
        "issuing_country": proof.country,
        "exporter.country": proof.country,
        "declaration.importing_country": document.issuing_country,
        "consignee.country": document.issuing_country,
        "certification": certification,
        "tick_boxes.back_to_back": False,
        "original_proof": None,
    }
    return changed(places)(document)


def _with_original(state: str = "live") -> Callable[[Certificate, Context], Context]:
    def setting(document: Certificate, context: Context) -> Context:
        original = _original_for(document)
        left = {number: balance.left for number, balance in opening(original).items()}
        return replace(context, related={Relation.ORIGINAL: Related(original, state, left)})

    return setting


def _with_earlier(state: str = "live") -> Callable[[Certificate, Context], Context]:
    def setting(document: Certificate, context: Context) -> Context:
        replaced = document.replaces
        if replaced is None:
            return setting(_replacing(ReplacementReason.CORRECTED)(document), context)
        places = {"number": replaced.number, "certification.date": replaced.date, "replaces": None}
        return replace(context, related={Relation.REPLACED: Related(changed(places)(document), state)})

    return setting


def _replacing(reason: ReplacementReason) -> Sample:
    """A certificate in the place of one that was issued the day before."""

    def sample(document: Certificate) -> Certificate:
        day = document.certification.date - timedelta(days=1)
        return changed({"replaces": Replaced(number="EARLIER-1", date=day, reason=reason)})(document)

    return sample


@cache
def _example_lading() -> TransportDocument:
    return transport_document(exporter="SG", importer="TH")


def _carried(document: Certificate) -> Certificate:
    """The certificate, with its one item, as the transport document of the samples carries it."""
    lading = _example_lading()
    transports, cargo = lading.transports, next(cargo for _, cargo in cargo_items(lading))
    place, other = document.transport.port_of_loading, document.transport.port_of_discharge
    if place is None or other is None:
        raise TypeError("an example names its ports")
    code = lading.consignment_items[0].hs_codes[0][:6]
    day = lading.shipped_on_board_date or transports.planned_departure_date
    item = document.items[1].model_copy(update={"number": 1, "hs_code": code})
    weight = item.gross_weight
    if weight is None:
        raise TypeError("an example states its weights")
    item = item.model_copy(
        update={"gross_weight": weight.model_copy(update={"value": Decimal(str(cargo.cargo_gross_weight.value))})}
    )
    places = {
        "items": (item,),
        "transport.vessel_or_flight": transports.vessel_voyages[0].vessel_name,
        "transport.departure_date": day,
        "transport.transport_document": lading.transport_document_reference,
    }
    return changed(places)(document)


def _with_lading(state: str = "live") -> Callable[[Certificate, Context], Context]:
    """The transport document, from and to the ports of the certificate."""

    def setting(document: Certificate, context: Context) -> Context:
        lading = _example_lading()
        transports = lading.transports
        loading, discharge = document.transport.port_of_loading, document.transport.port_of_discharge
        if loading is None or discharge is None:
            raise TypeError("an example names its ports")
        ports = {
            "port_of_loading": transports.port_of_loading.model_copy(
                update={"un_location_code": loading.un_location_code}
            ),
            "port_of_discharge": transports.port_of_discharge.model_copy(
                update={"un_location_code": discharge.un_location_code}
            ),
        }
        carried = lading.model_copy(update={"transports": transports.model_copy(update=ports)})
        return replace(context, related={Relation.LADING: Related(carried, state)})

    return setting


_BACK_TO_BACK = original_proof("KH", days=-_INTERMEDIATE_DAYS)
_B2B_CLAUSE = "ATIGA Annex 8 Rule 11, AJCEP Annex 4 Rule 3(4), RCEP Article 3.19"
_REPLACEMENT = "ATIGA Annex 8 Rule 12, RCEP Article 3.17(5) and (9); elsewhere modelled on them"
_PROCEDURES = "operational certification procedures"


def _original(
    slug: str,
    sentence: str,
    fix: str,
    check: Check[Certificate],
    sample: Sample,
    severity: Severity = Severity.ERROR,
    *,
    start: Sample = _BACK_TO_BACK,
    state: str = "live",
) -> Rule[Certificate]:
    return rule(
        Layer.OTHERS,
        slug,
        sentence,
        fix,
        check,
        sample,
        severity=severity,
        clause=_B2B_CLAUSE,
        source=_PROCEDURES,
        profiles=WITH_BACK_TO_BACK,
        start=start,
        setting=_with_original(state),
    )


def _earlier(
    slug: str,
    sentence: str,
    fix: str,
    check: Check[Certificate],
    sample: Sample,
    severity: Severity = Severity.ERROR,
    *,
    reason: ReplacementReason = ReplacementReason.CORRECTED,
    start: Sample | None = None,
    state: str = "live",
    profiles: frozenset[str] = ALL,
) -> Rule[Certificate]:
    return rule(
        Layer.OTHERS,
        slug,
        sentence,
        fix,
        check,
        sample,
        severity=severity,
        clause=_REPLACEMENT,
        source=_PROCEDURES,
        profiles=profiles,
        start=start or _replacing(reason),
        setting=_with_earlier(state),
    )


def _carriage(
    slug: str,
    sentence: str,
    fix: str,
    check: Check[Certificate],
    sample: Sample,
    *,
    start: Sample = _carried,
    state: str = "live",
) -> Rule[Certificate]:
    return rule(
        Layer.OTHERS,
        slug,
        sentence,
        fix,
        check,
        sample,
        severity=_WARNING,
        clause="ATIGA Article 32, AJCEP Article 31, RCEP Article 3.15, JTEPA Article 32, JIEPA Article 33",
        source="direct consignment, shown by the transport document",
        start=start,
        setting=_with_lading(state),
    )


def _a_day_later(place: str) -> Sample:
    return shifted({place: 1})


RULES: tuple[Rule[Certificate], ...] = (
    _original(
        "original-not-live",
        "The original was cancelled or replaced, or has expired.",
        "Ask the first exporting party for an original that holds.",
        original_not_live,
        _BACK_TO_BACK,
        start=as_it_is,
        state="cancelled",
    ),
    _original(
        "original-date-differs",
        "The original bears another date than the one stated.",
        "State the date of issue of the original.",
        _beside(Relation.ORIGINAL, original_of_another_day),
        _a_day_later("original_proof.date"),
    ),
    _original(
        "original-for-another",
        "The original was issued for another importing country than the one that certifies again.",
        "Name an original that was issued for the intermediate country.",
        _beside(Relation.ORIGINAL, original_to_another),
        _issued_by_another,
    ),
    _original(
        "original-origin-differs",
        "The original states another country of origin.",
        "State the country of origin as the original does.",
        _beside(Relation.ORIGINAL, original_of_other_origin),
        lambda document: originating("MM" if document.declaration.origin_country != "MM" else "KH")(document),
    ),
    _original(
        "original-criterion-differs",
        "The original states another origin criterion for these goods.",
        "State the criterion as the original does.",
        _beside(Relation.ORIGINAL, other_criterion),
        lambda document: changed({"items.0.origin_criterion": _another_criterion(document)})(document),
        _WARNING,
    ),
    _original(
        "original-after-departure",
        "The goods left the intermediate country before the original was issued.",
        "Check the departure date, and whether the original was issued retroactively.",
        _beside(Relation.ORIGINAL, left_before_original),
        lambda document: both(
            changed({"tick_boxes.issued_retroactively": True}),
            shifted({"transport.departure_date": -_INTERMEDIATE_DAYS - 10}),
        )(document),
        _WARNING,
    ),
    _original(
        "back-to-back-more-than-left",
        "More is certified than is left of the original.",
        "Certify at most what is left of the original; for the rest another original is needed.",
        lacking(Lack.QUANTITY),
        lambda document: changed({"items.0.gross_weight": _weight(document, 2)})(document),
    ),
    _original(
        "back-to-back-other-goods",
        "The original has no goods of this HS subheading.",
        "Certify goods of the original only, under its HS codes.",
        lacking(Lack.GOODS),
        changed({"items.0.hs_code": "080450"}),
    ),
    _original(
        "back-to-back-other-unit",
        "The original states these goods in a unit of another kind, so that nothing can be subtracted.",
        "State the quantity in the original's unit.",
        lacking(Lack.UNIT),
        changed({"items.0.quantity": Quantity(value=Decimal(5), unit="H87"), "items.0.gross_weight": None}),
    ),
    _earlier(
        "replaced-not-live",
        "The certificate to be replaced holds no more.",
        "Name the certificate that holds now; what was cancelled needs a new application.",
        replaced_already,
        _replacing(ReplacementReason.CORRECTED),
        start=as_it_is,
        state="replaced",
    ),
    _earlier(
        "replaced-date-differs",
        "The certificate that is replaced bears another date than the one stated.",
        "State its date of issue.",
        _beside(Relation.REPLACED, replaced_of_another_day),
        shifted({"replaces.date": -1}),
    ),
    _earlier(
        "replaced-exporter-differs",
        "The certificate that is replaced names another exporter.",
        "Check the number of the earlier certificate.",
        _beside(Relation.REPLACED, replaced_of_another_exporter),
        changed({"exporter.name": "Example Other Trading Ltd"}),
        _WARNING,
    ),
    _earlier(
        "replaced-destination-differs",
        "The certificate that is replaced is for another importing country.",
        "Cancel that one and issue a new certificate.",
        _beside(Relation.REPLACED, replaced_to_another_country),
        _to_another_party,
        profiles=WITH_SEVERAL_PARTIES,
    ),
    _earlier(
        "replaced-goods-differ",
        "The certificate that is replaced is for altogether other goods.",
        "Check the number of the earlier certificate.",
        _beside(Relation.REPLACED, replaced_of_other_goods),
        changed({"items.0.hs_code": "080450", "items.1.hs_code": "080450"}),
        _WARNING,
    ),
    _earlier(
        "copy-not-true",
        "The certified true copy says something else than the certificate that was lost.",
        "Copy it as it was; to change something, issue a corrected certificate.",
        _beside(Relation.REPLACED, untrue_copy),
        changed({"items.0.description": "Green coffee beans, arabica, not roasted"}),
        reason=ReplacementReason.LOST,
    ),
    _carriage(
        "lading-not-live",
        "The transport document was cancelled or replaced.",
        "Name the transport document under which the goods travel.",
        lading_void,
        _carried,
        start=as_it_is,
        state="cancelled",
    ),
    _carriage(
        "lading-vessel-differs",
        "The transport document names another vessel.",
        "Check the vessel; after a change of vessel the carrier's document counts.",
        _lading(other_vessel),
        changed({"transport.vessel_or_flight": "EXAMPLE OTHER VESSEL"}),
    ),
    _carriage(
        "lading-port-of-loading-differs",
        "The transport document names another port of loading.",
        "Check the port.",
        _lading(other_port_of_loading),
        lambda document: _another_port("transport.port_of_loading", document.issuing_country)(document),
    ),
    _carriage(
        "lading-port-of-discharge-differs",
        "The transport document names another port of discharge.",
        "Check the port.",
        _lading(other_port_of_discharge),
        lambda document: _another_port("transport.port_of_discharge", document.declaration.importing_country)(document),
    ),
    _carriage(
        "lading-date-differs",
        "The goods were shipped on another day than the one stated.",
        "State the date on which the carrier took them on board: on it rests whether an issue is late.",
        _lading(other_departure),
        _a_day_later("transport.departure_date"),
    ),
    _carriage(
        "lading-weight-exceeded",
        "The certificate is for more weight than the transport document carries.",
        "Check the weights, and whether the goods travel under several transport documents.",
        _lading(more_weight_than_carried),
        lambda document: changed({"items.0.gross_weight": _weight(document, 10), "items.0.packages.quantity": 5000})(
            document
        ),
    ),
    _carriage(
        "lading-goods-differ",
        "The transport document has no goods of this HS heading.",
        "Check the HS code, and whether this is the transport document of the goods.",
        _lading(goods_not_carried),
        changed({"items.0.hs_code": "570110"}),
    ),
)
