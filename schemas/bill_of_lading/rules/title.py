"""Who can have the goods: to order, straight or sea waybill, originals and copies, and when it was issued."""

from collections.abc import Iterator
from datetime import timedelta

from schemas.bill_of_lading.model import ShippingInstructions, TransportDocument
from schemas.bill_of_lading.reach import Lading
from schemas.bill_of_lading.rules.making import ABSENT, BOTH, CARRIERS, SHIPPERS, breaks, dcsa, modelled, ours
from schemas.bill_of_lading.values import TransportDocumentType
from schemas.findings import Severity
from schemas.registry import Context
from schemas.rules import Rule, Violation

SWB = TransportDocumentType.SEA_WAYBILL
UNISSUED = {"DRAFT", "APPROVED"}
"""Statuses before the carrier has issued the document."""


def waybill_to_order(lading: Lading, context: Context) -> Iterator[Violation]:
    if lading.transport_document_type_code == SWB and lading.is_to_order:
        yield Violation("/isToOrder", found="true, with SWB", expected="false")


def consignee_missing(lading: Lading, context: Context) -> Iterator[Violation]:
    if not lading.is_to_order and lading.document_parties.consignee is None:
        found = "isToOrder false and no consignee"
        yield Violation("/documentParties/consignee", found=found, expected="the consignee")


def endorsee_not_to_order(lading: Lading, context: Context) -> Iterator[Violation]:
    if not lading.is_to_order and lading.document_parties.endorsee is not None:
        found = "an endorsee, with isToOrder false"
        yield Violation("/documentParties/endorsee", found=found, expected="none")


def consignee_and_endorsee(lading: Lading, context: Context) -> Iterator[Violation]:
    parties = lading.document_parties
    if parties.consignee is not None and parties.endorsee is not None:
        yield Violation("/documentParties", found="both", expected="one of the two")


def notify_party_missing(lading: Lading, context: Context) -> Iterator[Violation]:
    parties = lading.document_parties
    named = [party for party in (parties.consignee, parties.endorsee) if party is not None and party.is_notify_party]
    if lading.is_to_order and not parties.notify_parties and not named:
        yield Violation("/documentParties/notifyParties", found="none", expected="a notify party")


def originals_of_waybill(lading: Lading, context: Context) -> Iterator[Violation]:
    if lading.transport_document_type_code == SWB:
        yield from _counted(lading, "Originals")


def copies_of_electronic(lading: Lading, context: Context) -> Iterator[Violation]:
    if lading.transport_document_type_code != SWB and lading.is_electronic:
        yield from _counted(lading, "Copies")


def _counted(lading: Lading, what: str) -> Iterator[Violation]:
    for which in ("With", "Without"):
        number = getattr(lading, f"number_of_{what.lower()}_{which.lower()}_charges")
        if number:
            yield Violation(f"/numberOf{what}{which}Charges", number, "none, or 0")


def too_many_originals(lading: Lading, context: Context) -> Iterator[Violation]:
    number = (lading.number_of_originals_with_charges or 0) + (lading.number_of_originals_without_charges or 0)
    if lading.is_electronic and lading.transport_document_type_code != SWB and number > 1:
        yield Violation("/numberOfOriginalsWithCharges", found=number, expected="at most 1")


def rider_pages(document: TransportDocument, context: Context) -> Iterator[Violation]:
    if document.is_electronic and document.number_of_rider_pages:
        found = document.number_of_rider_pages
        yield Violation("/numberOfRiderPages", found=found, expected="none, or 0")


def issue_date_missing(document: TransportDocument, context: Context) -> Iterator[Violation]:
    if document.transport_document_status not in UNISSUED and document.issue_date is None:
        found = f"none, with status {document.transport_document_status}"
        yield Violation("/issueDate", found=found, expected="the date of issue")


def on_board_or_received(document: TransportDocument, context: Context) -> Iterator[Violation]:
    on_board, received = document.shipped_on_board_date, document.received_for_shipment_date
    if document.transport_document_status not in UNISSUED and (on_board is None) == (received is None):
        found = "neither" if on_board is None else "both"
        expected = "one of shippedOnBoardDate and receivedForShipmentDate"
        yield Violation("/shippedOnBoardDate", found=found, expected=expected)


def on_board_type(document: TransportDocument, context: Context) -> Iterator[Violation]:
    on_board = document.shipped_on_board_date is not None
    received = document.received_for_shipment_date is not None
    if on_board != received and on_board != document.is_shipped_on_board_type:
        name = "shippedOnBoardDate" if on_board else "receivedForShipmentDate"
        found = f"{str(document.is_shipped_on_board_type).lower()}, with {name}"
        yield Violation("/isShippedOnBoardType", found=found, expected=str(on_board).lower())


def issued_before_loading(document: TransportDocument, context: Context) -> Iterator[Violation]:
    issued, on_board = document.issue_date, document.shipped_on_board_date
    if issued is not None and on_board is not None and issued < on_board:
        yield Violation("/issueDate", found=issued, expected=f"{on_board} or later")


def date_ahead(document: TransportDocument, context: Context) -> Iterator[Violation]:
    latest = context.now.date() + timedelta(days=1)  # local dates: it is tomorrow in Tokyo before it is in London
    given = {
        "issueDate": document.issue_date,
        "shippedOnBoardDate": document.shipped_on_board_date,
        "receivedForShipmentDate": document.received_for_shipment_date,
    }
    for name, day in given.items():
        if day is not None and day > latest:
            yield Violation(f"/{name}", found=day, expected=f"{latest} or earlier")


def declared_value_and_currency(document: TransportDocument, context: Context) -> Iterator[Violation]:
    value, currency = document.declared_value, document.declared_value_currency
    if value is not None and currency is None:
        yield Violation("/declaredValueCurrency", found="none", expected="the currency of declaredValue")
    if value is None and currency is not None:
        yield Violation("/declaredValueCurrency", found=currency, expected="none without declaredValue")


def carrier_code_provider(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    if lading.carrier_code is not None and lading.carrier_code_list_provider is None:
        found = f"none, with the carrier code {lading.carrier_code}"
        yield Violation("/carrierCodeListProvider", found=found, expected="SMDG or NMFTA")


PARTY = {"partyName": "Example", "identifyingCodes": [{"codeListProvider": "ZZZ", "partyCode": "SIM-1"}]}

RULES = (
    Rule(
        dcsa(
            "waybill-to-order",
            "A sea waybill cannot be to order.",
            "Set isToOrder to false, or issue a bill of lading.",
            "TransportDocument.isToOrder",
        ),
        BOTH,
        waybill_to_order,
        breaks(
            {"/transportDocumentTypeCode": "SWB"},
            variant=1,
            instructions={"/transportDocumentTypeCode": "SWB", "/documentParties/issueTo/sendToPlatform": ABSENT},
        ),
    ),
    Rule(
        dcsa(
            "consignee-missing",
            "A document that is not to order names no consignee.",
            "Name the consignee, or set isToOrder to true.",
            "Consignee",
        ),
        BOTH,
        consignee_missing,
        breaks({"/documentParties/consignee": ABSENT}),
    ),
    Rule(
        dcsa(
            "endorsee-not-to-order",
            "A document that is not to order names an endorsee.",
            "Name the party as consignee, or set isToOrder to true.",
            "Endorsee",
        ),
        BOTH,
        endorsee_not_to_order,
        breaks({"/documentParties/consignee": ABSENT, "/documentParties/endorsee": PARTY}),
    ),
    Rule(
        dcsa(
            "consignee-and-endorsee", "Consignee and endorsee exclude each other.", "Leave one of them out.", "Endorsee"
        ),
        BOTH,
        consignee_and_endorsee,
        breaks({"/documentParties/consignee": PARTY}, variant=1),
    ),
    Rule(
        dcsa(
            "notify-party-missing",
            "A document to order names nobody to notify.",
            "Add a notify party, or set isNotifyParty at the consignee or endorsee.",
            "DocumentParties.notifyParties",
        ),
        BOTH,
        notify_party_missing,
        breaks({"/documentParties/notifyParties": ABSENT}, variant=1),
    ),
    Rule(
        dcsa(
            "originals-of-waybill",
            "A sea waybill has no originals.",
            "Leave the numbers of originals out.",
            "TransportDocument.numberOfOriginalsWithCharges",
            Severity.WARNING,
        ),
        BOTH,
        originals_of_waybill,
        breaks({"/numberOfOriginalsWithCharges": 1}, variant=2),
    ),
    Rule(
        dcsa(
            "copies-of-electronic",
            "An electronic bill of lading has no copies.",
            "Leave the numbers of copies out.",
            "TransportDocument.numberOfCopiesWithCharges",
            Severity.WARNING,
        ),
        BOTH,
        copies_of_electronic,
        breaks({"/numberOfCopiesWithoutCharges": 2}),
    ),
    Rule(
        dcsa(
            "too-many-originals",
            "An electronic bill of lading has more than one original.",
            "Ask for one original, with or without charges.",
            "TransportDocument.numberOfOriginalsWithCharges",
        ),
        BOTH,
        too_many_originals,
        breaks({"/numberOfOriginalsWithCharges": 1, "/numberOfOriginalsWithoutCharges": 1}),
    ),
    Rule(
        dcsa(
            "rider-pages",
            "An electronic document counts rider pages.",
            "Leave numberOfRiderPages out: it is for paper.",
            "TransportDocument.numberOfRiderPages",
            Severity.WARNING,
        ),
        CARRIERS,
        rider_pages,
        breaks({"/numberOfRiderPages": 2}),
    ),
    Rule(
        dcsa(
            "issue-date-missing",
            "An issued document has no date of issue (as in DCSA's own example: a warning).",
            "Give issueDate.",
            "TransportDocument.issueDate",
            Severity.WARNING,
        ),
        CARRIERS,
        issue_date_missing,
        breaks({"/issueDate": ABSENT}),
    ),
    Rule(
        dcsa(
            "on-board-or-received",
            "An issued document must say either when the goods were on board, or when they were received for shipment.",
            "Give exactly one of shippedOnBoardDate and receivedForShipmentDate.",
            "TransportDocument.shippedOnBoardDate",
        ),
        CARRIERS,
        on_board_or_received,
        breaks({"/shippedOnBoardDate": ABSENT}),
    ),
    Rule(
        dcsa(
            "on-board-type",
            "The date given makes the document of the other type, shipped on board or received for shipment.",
            "Set isShippedOnBoardType as the date says.",
            "TransportDocument.isShippedOnBoardType",
        ),
        CARRIERS,
        on_board_type,
        breaks({"/isShippedOnBoardType": False}),
    ),
    Rule(
        modelled(
            "issued-before-loading",
            "The document says shipped on board, and was issued before that.",
            "Compare the two dates; a document is not dated back.",
            "Article III(7)",
            "Hague-Visby Rules",
            Severity.WARNING,
        ),
        CARRIERS,
        issued_before_loading,
        breaks({"/issueDate": "2026-01-04"}),
    ),
    Rule(
        ours("date-ahead", "A date of what has happened is in the future.", "Check the date."),
        CARRIERS,
        date_ahead,
        breaks({"/issueDate": "2026-02-05"}),
    ),
    Rule(
        dcsa(
            "declared-value",
            "Declared value and its currency go together.",
            "Give both or neither.",
            "TransportDocument.declaredValueCurrency",
        ),
        CARRIERS,
        declared_value_and_currency,
        breaks({"/declaredValue": 1000}),
    ),
    Rule(
        modelled(
            "carrier-code-provider",
            "Nothing says of which list the carrier code is.",
            "Add carrierCodeListProvider.",
            "ShippingInstructions.carrierCode",
        ),
        SHIPPERS,
        carrier_code_provider,
        breaks({"/carrierCodeListProvider": ABSENT}),
    ),
)
