"""Who the parties are: that each can be identified, and by a code that holds."""

import re
from collections.abc import Iterator

from schemas.bill_of_lading.model import ShippingInstructions, TransportDocument
from schemas.bill_of_lading.parties import ContactDetail, IdentifyingCode
from schemas.bill_of_lading.reach import Lading, fits, house_bills, named_parties
from schemas.bill_of_lading.rules.instructions import WITH_HOUSE_BILL
from schemas.bill_of_lading.rules.making import ABSENT, BOTH, SHIPPERS, breaks, dcsa, modelled
from schemas.bill_of_lading.values import TransportDocumentType
from schemas.findings import Severity
from schemas.registry import Context
from schemas.rules import Rule, Violation

LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
INTERNATIONAL_PHONE = re.compile(r"\+[0-9][0-9 ().-]{5,28}")
"""ITU-T E.123, 2: a plus sign, the country code, and the number in groups."""


def party_without_identity(lading: Lading, context: Context) -> Iterator[Violation]:
    for pointer, party in named_parties(lading):
        if party.address is None and not party.address_lines and not party.identifying_codes:
            expected = "address, addressLines or identifyingCodes"
            yield Violation(pointer, found=party.party_name, expected=expected)


def lei_check_digits(lading: Lading, context: Context) -> Iterator[Violation]:
    for pointer, code in _codes(lading):
        if code.code_list_name == "LEI" and not _is_lei(code.party_code):
            found = code.party_code
            expected = "20 characters with check digits"
            yield Violation(f"{pointer}/partyCode", found=found, expected=expected)


def _codes(lading: Lading) -> Iterator[tuple[str, IdentifyingCode]]:
    for pointer, party in named_parties(lading):
        for at, code in enumerate(party.identifying_codes or ()):
            yield f"{pointer}/identifyingCodes/{at}", code
    if isinstance(lading, ShippingInstructions) and lading.document_parties.issue_to is not None:
        for at, code in enumerate(lading.document_parties.issue_to.identifying_codes):
            yield f"/documentParties/issueTo/identifyingCodes/{at}", code


def _is_lei(code: str) -> bool:
    """Modulo 97 over the code with its letters as 10 to 35 gives 1."""
    return fits(LEI, code) and int("".join(str(int(sign, 36)) for sign in code)) % 97 == 1


def contact_phone(lading: Lading, context: Context) -> Iterator[Violation]:
    """On house bills the form is DCSA's pattern, and a matter of shape."""
    for pointer, contact in _contacts(lading):
        if contact.phone is not None and not fits(INTERNATIONAL_PHONE, contact.phone):
            yield Violation(f"{pointer}/phone", found=contact.phone, expected="as +65 6123 4567")


def _contacts(lading: Lading) -> Iterator[tuple[str, ContactDetail]]:
    for at, contact in enumerate(lading.party_contact_details):
        yield f"/partyContactDetails/{at}", contact
    for pointer, party in named_parties(lading):
        for at, contact in enumerate(getattr(party, "party_contact_details", None) or ()):
            yield f"{pointer}/partyContactDetails/{at}", contact
    if isinstance(lading, TransportDocument) and lading.document_parties.carriers_agent_at_destination is not None:
        for at, contact in enumerate(lading.document_parties.carriers_agent_at_destination.party_contact_details):
            yield f"/documentParties/carriersAgentAtDestination/partyContactDetails/{at}", contact


def deprecated_platform(lading: Lading, context: Context) -> Iterator[Violation]:
    for pointer, party in named_parties(lading):
        if getattr(party, "ebl_platform", None) == "ESSD":
            yield Violation(f"{pointer}/eblPlatform", found="ESSD", expected="IDT")
    for pointer, code in _codes(lading):
        if code.code_list_provider == "ESSD":
            yield Violation(f"{pointer}/codeListProvider", found="ESSD", expected="IDT")


def displayed_address_on_paper(lading: Lading, context: Context) -> Iterator[Violation]:
    if lading.is_electronic:
        return
    for pointer, party in named_parties(lading):
        lines = getattr(party, "displayed_address", None)
        if lines is not None and len(lines) > 2:
            where = f"{pointer}/displayedAddress"
            yield Violation(where, found=f"{len(lines)} lines", expected="at most 2")


def platform_of_paper(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    issue_to = lading.document_parties.issue_to
    if not lading.is_electronic and issue_to is not None and issue_to.send_to_platform is not None:
        yield Violation("/documentParties/issueTo/sendToPlatform", issue_to.send_to_platform, "none on paper")


def platform_of_waybill(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    issue_to = lading.document_parties.issue_to
    if lading.transport_document_type_code != TransportDocumentType.SEA_WAYBILL or not lading.is_electronic:
        return
    if issue_to is not None and issue_to.send_to_platform is not None:
        yield Violation("/documentParties/issueTo/sendToPlatform", issue_to.send_to_platform, "none for a sea waybill")


def house_address(lading: ShippingInstructions, context: Context) -> Iterator[Violation]:
    for pointer, house in house_bills(lading):
        parties = house.document_parties
        given = {"notifyParty": parties.notify_party, "seller": parties.seller, "buyer": parties.buyer}
        for name, party in given.items():
            address = party.address if party is not None else None
            if address is not None and address.street_number is None and address.po_box is None:
                where = f"{pointer}/documentParties/{name}/address"
                yield Violation(where, found="neither", expected="streetNumber or POBox")


RULES = (
    Rule(
        dcsa(
            "party-without-identity",
            "A party has neither an address nor a code.",
            "Give its address, or a code that identifies it.",
            "Shipper.identifyingCodes",
        ),
        BOTH,
        party_without_identity,
        breaks({"/documentParties/shipper": {"partyName": "Example"}}),
    ),
    Rule(
        modelled(
            "lei-check-digits",
            "A legal entity identifier does not check.",
            "Compare the code with the one that GLEIF publishes.",
            "6",
            "ISO 17442-1",
            Severity.WARNING,
        ),
        BOTH,
        lei_check_digits,
        breaks(
            {
                "/documentParties/shipper/identifyingCodes/0": {
                    "codeListProvider": "GLEIF",
                    "codeListName": "LEI",
                    "partyCode": "529900T8BM49ADCSAO00",
                }
            }
        ),
    ),
    Rule(
        dcsa(
            "deprecated-platform",
            "The platform code ESSD is deprecated.",
            "Use IDT.",
            "Shipper.eblPlatform",
            Severity.WARNING,
        ),
        BOTH,
        deprecated_platform,
        breaks({"/documentParties/shipper/eblPlatform": "ESSD"}),
    ),
    Rule(
        dcsa(
            "contact-phone",
            "The phone number of a contact is not in the international form.",
            "Write it as ITU-T E.123 does: +65 6123 4567.",
            "PartyContactDetail.phone",
        ),
        BOTH,
        contact_phone,
        breaks({"/partyContactDetails/0": {"name": "Desk", "phone": "6123 4567"}}),
    ),
    Rule(
        dcsa(
            "displayed-address-on-paper",
            "A paper document shows at most two lines of a displayed address.",
            "Shorten displayedAddress, or ask the carrier whether it takes more.",
            "Shipper.displayedAddress",
            Severity.WARNING,
        ),
        BOTH,
        displayed_address_on_paper,
        breaks(
            {"/isElectronic": False, "/documentParties/shipper/displayedAddress": ["One", "Two", "Three"]},
            instructions={
                "/isElectronic": False,
                "/documentParties/shipper/displayedAddress": ["One", "Two", "Three"],
                "/documentParties/issueTo/sendToPlatform": ABSENT,
            },
        ),
    ),
    Rule(
        dcsa(
            "platform-of-paper",
            "A paper document is not sent to a platform.",
            "Leave sendToPlatform out.",
            "IssueToParty.sendToPlatform",
        ),
        SHIPPERS,
        platform_of_paper,
        breaks({"/isElectronic": False}),
    ),
    Rule(
        dcsa(
            "platform-of-waybill",
            "A sea waybill has no title that a platform could hold.",
            "Leave sendToPlatform out.",
            "IssueToParty.sendToPlatform",
            Severity.WARNING,
        ),
        SHIPPERS,
        platform_of_waybill,
        breaks({"/documentParties/issueTo/sendToPlatform": "BOLE"}, variant=2),
    ),
    Rule(
        dcsa(
            "house-address",
            "An address on a house bill of lading has neither street number nor PO box, as ICS2 filing asks for.",
            "Add streetNumber or POBox.",
            "AddressHBL",
            Severity.WARNING,
        ),
        SHIPPERS,
        house_address,
        breaks(
            {
                **WITH_HOUSE_BILL,
                "/houseBillOfLadings/0/documentParties/notifyParty/address": {
                    "street": "Example Road",
                    "city": "Rotterdam",
                    "countryCode": "NL",
                },
            }
        ),
    ),
)
