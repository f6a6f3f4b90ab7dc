"""The parties of a bill of lading, of shipping instructions, and of the house bills under them.

Where DCSA gives several schemas the same members, there is one class here; `test_openapi.py` lists which. The name
`...Shipper` is DCSA's for what the shipper declares in shipping instructions, `...HBL` for a house bill of lading.
Source: DCSA EBL 3.0.4, schemas Shipper to DocumentPartiesHouseBL.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.bill_of_lading.values import (
    PARTY_CODE_LISTS,
    AddressLines,
    CountryCode,
    DisplayedAddress,
    Flag,
    Many,
    Part,
    PersonType,
    Platform,
    UNLocationCode,
    at_most,
    known,
    require_one,
    trimmed,
)


class Address(Part):
    """A street address."""

    street: Annotated[str, at_most(70)]
    street_number: Annotated[str, at_most(50)] | None = None
    floor: Annotated[str, trimmed(50)] | None = None
    post_code: Annotated[str, at_most(10)] | None = None
    po_box: Annotated[str, at_most(20)] | None = None
    city: Annotated[str, trimmed(35)]
    state_region: Annotated[str, at_most(65)] | None = None
    country_code: CountryCode


class PartyAddress(Part):
    """The address of a party."""

    street: Annotated[str, at_most(70)]
    street_number: Annotated[str, at_most(50)] | None = None
    floor: Annotated[str, trimmed(50)] | None = None
    post_code: Annotated[str, at_most(10)] | None = None
    po_box: Annotated[str, at_most(20)] | None = None
    city: Annotated[str, trimmed(35)]
    un_location_code: UNLocationCode | None = None
    state_region: Annotated[str, at_most(65)] | None = None
    country_code: CountryCode


class IdentifyingCode(Part):
    """A code that names a party in a list: `codeListProvider` says in which."""

    code_list_provider: Annotated[str, at_most(100), PARTY_CODE_LISTS]
    party_code: Annotated[str, at_most(150)]
    code_list_name: Annotated[str, at_most(100)] | None = None


class TaxLegalReference(Part):
    """A number under which a tax or legal authority knows a party (EORI, GSTIN, ...)."""

    type: Annotated[str, trimmed(50)]
    country_code: CountryCode
    value: Annotated[str, trimmed(35)]


class ContactDetail(Part):
    """A person to contact, by phone, email or both."""

    name: Annotated[str, trimmed(35)]
    phone: Annotated[str, trimmed(30)] | None = None
    email: Annotated[str, Field(pattern=r"^.+@\S+$", max_length=100)] | None = None

    @model_validator(mode="after")
    def _phone_or_email(self) -> Self:
        require_one(self, "phone", "email", or_both=True)
        return self


class ContactDetailWithPattern(Part):
    """A person to contact; the phone number is international (ITU-T E.123)."""

    name: Annotated[str, trimmed(35)]
    phone: Annotated[str, Field(pattern=r"^\+(?:[0-9] ?){6,14}[0-9]$", max_length=30)] | None = None
    email: Annotated[str, Field(pattern=r"^.+@\S+$", max_length=100)] | None = None

    @model_validator(mode="after")
    def _phone_or_email(self) -> Self:
        require_one(self, "phone", "email", or_both=True)
        return self


class Shipper(Part):
    """Who concludes the contract of carriage with the carrier."""

    party_name: Annotated[str, trimmed(70)]
    ebl_platform: Platform | None = None
    type_of_person: PersonType | None = None
    address: PartyAddress | None = None
    address_lines: AddressLines | None = None
    displayed_address: DisplayedAddress | None = None
    identifying_codes: Many[IdentifyingCode] | None = None
    tax_legal_references: Many[TaxLegalReference] | None = None
    party_contact_details: Many[ContactDetail] | None = None
    reference: Annotated[str, trimmed(35)] | None = None
    purchase_order_references: Many[Annotated[str, trimmed(35)]] | None = None


class OnBehalfOfShipper(Part):
    """Who acts for the shipper in documentation."""

    party_name: Annotated[str, trimmed(70)]
    address: PartyAddress | None = None
    address_lines: AddressLines | None = None
    identifying_codes: Many[IdentifyingCode] | None = None


class ConsigneeShipper(Part):
    """The consignee as the shipper names it: codes are not required yet."""

    party_name: Annotated[str, trimmed(70)]
    ebl_platform: Platform | None = None
    type_of_person: PersonType | None = None
    address: PartyAddress | None = None
    address_lines: AddressLines | None = None
    displayed_address: DisplayedAddress | None = None
    identifying_codes: Many[IdentifyingCode] | None = None
    tax_legal_references: Many[TaxLegalReference] | None = None
    party_contact_details: Many[ContactDetail] | None = None
    reference: Annotated[str, trimmed(35)] | None = None
    purchase_order_references: Many[Annotated[str, trimmed(35)]] | None = None
    is_notify_party: Flag | None = None


class Consignee(ConsigneeShipper):
    """Whom the goods are consigned to. Excludes an endorsee."""

    identifying_codes: Annotated[Many[IdentifyingCode], Field(min_length=1)]


class OnBehalfOfConsignee(Part):
    """Who acts for the consignee in documentation."""

    party_name: Annotated[str, trimmed(70)]
    address: PartyAddress | None = None
    address_lines: AddressLines | None = None
    identifying_codes: Annotated[Many[IdentifyingCode], Field(min_length=1)] | None = None


class EndorseeShipper(Part):
    """The endorsee as the shipper names it: codes are not required yet."""

    party_name: Annotated[str, trimmed(70)]
    ebl_platform: Platform | None = None
    address: PartyAddress | None = None
    address_lines: AddressLines | None = None
    displayed_address: DisplayedAddress | None = None
    identifying_codes: Many[IdentifyingCode] | None = None
    tax_legal_references: Many[TaxLegalReference] | None = None
    party_contact_details: Many[ContactDetail] | None = None
    is_notify_party: Flag | None = None


class Endorsee(EndorseeShipper):
    """Whom the title is transferred to by endorsement: negotiable bills of lading only."""

    identifying_codes: Annotated[Many[IdentifyingCode], Field(min_length=1)]


class NotifyParty(Part):
    """Who is told that the shipment arrives."""

    party_name: Annotated[str, trimmed(70)]
    type_of_person: PersonType | None = None
    address: PartyAddress | None = None
    address_lines: AddressLines | None = None
    displayed_address: DisplayedAddress | None = None
    identifying_codes: Many[IdentifyingCode] | None = None
    tax_legal_references: Many[TaxLegalReference] | None = None
    party_contact_details: Many[ContactDetail] | None = None
    reference: Annotated[str, trimmed(35)] | None = None


class Party(Part):
    """A company or legal entity in another role."""

    party_name: Annotated[str, trimmed(70)]
    address: PartyAddress | None = None
    address_lines: AddressLines | None = None
    identifying_codes: Many[IdentifyingCode] | None = None
    tax_legal_references: Many[TaxLegalReference] | None = None
    party_contact_details: Many[ContactDetail] | None = None
    reference: Annotated[str, trimmed(35)] | None = None


class OtherDocumentParty(Part):
    """A party with the function that it has."""

    party: Party
    party_function: Annotated[str, at_most(3), known("SCO", "DDR", "DDS", "COW", "COX", "CS", "MF", "WH")]


class IssuingParty(Part):
    """Who issues the transport document."""

    party_name: Annotated[str, trimmed(70)]
    address: PartyAddress
    address_lines: AddressLines | None = None
    identifying_codes: Many[IdentifyingCode] | None = None
    tax_legal_references: Many[TaxLegalReference] | None = None
    party_contact_details: Many[ContactDetail] | None = None


class CarriersAgentAtDestination(Part):
    """The carrier's party on the import side that releases the cargo."""

    party_name: Annotated[str, trimmed(70)]
    address: Address
    address_lines: AddressLines | None = None
    party_contact_details: Many[ContactDetail]


class IssueToParty(Part):
    """Who gets possession of the original at issuance."""

    party_name: Annotated[str, trimmed(70)]
    send_to_platform: Platform | None = None
    identifying_codes: Annotated[Many[IdentifyingCode], Field(min_length=1)]
    tax_legal_references: Many[TaxLegalReference] | None = None


class SellerOrBuyer(Part):
    """The last known seller or buyer of the goods."""

    party_name: Annotated[str, trimmed(70)]
    type_of_person: PersonType
    address: Address | None = None
    address_lines: AddressLines | None = None
    identifying_codes: Many[IdentifyingCode] | None = None
    tax_legal_references: Many[TaxLegalReference] | None = None
    party_contact_details: Many[ContactDetailWithPattern] | None = None


class ShippingInstructionsRequestor(Part):
    """Who asks for the shipping instructions."""

    party_name: Annotated[str, trimmed(70)]
    address: PartyAddress | None = None
    address_lines: AddressLines | None = None
    identifying_codes: Many[IdentifyingCode] | None = None
    party_contact_details: Many[ContactDetail] | None = None


class DocumentParties(Part):
    """The parties of a transport document, by role."""

    shipper: Shipper
    on_behalf_of_shipper: OnBehalfOfShipper | None = None
    consignee: Consignee | None = None
    on_behalf_of_consignee: OnBehalfOfConsignee | None = None
    endorsee: Endorsee | None = None
    issuing_party: IssuingParty
    carriers_agent_at_destination: CarriersAgentAtDestination | None = None
    notify_parties: Annotated[Many[NotifyParty], Field(max_length=3)] | None = None
    other: Many[OtherDocumentParty] | None = None


class DocumentPartiesShippingInstructions(Part):
    """The parties of shipping instructions, by role."""

    shipper: Shipper
    on_behalf_of_shipper: OnBehalfOfShipper | None = None
    consignee: ConsigneeShipper | None = None
    on_behalf_of_consignee: OnBehalfOfConsignee | None = None
    endorsee: EndorseeShipper | None = None
    issue_to: IssueToParty | None = None
    seller: SellerOrBuyer | None = None
    buyer: SellerOrBuyer | None = None
    notify_parties: Annotated[Many[NotifyParty], Field(max_length=3)] | None = None
    shipping_instructions_requestor: ShippingInstructionsRequestor | None = None
    other: Many[OtherDocumentParty] | None = None


class PartyHBL(Part):
    """Shipper, consignee, seller or buyer of a house bill of lading."""

    party_name: Annotated[str, trimmed(70)]
    type_of_person: PersonType
    address: Address | None = None
    identifying_codes: Many[IdentifyingCode] | None = None
    tax_legal_references: Many[TaxLegalReference] | None = None
    party_contact_details: Many[ContactDetailWithPattern] | None = None


class NotifyPartyHBL(Part):
    """The notify party of a house bill of lading."""

    party_name: Annotated[str, trimmed(70)]
    type_of_person: PersonType
    address: Address | None = None
    identifying_codes: Many[IdentifyingCode] | None = None
    tax_legal_references: Many[TaxLegalReference] | None = None
    party_contact_details: Many[ContactDetailWithPattern]


class OtherPartyHBL(Part):
    """A party of a house bill of lading in another role."""

    party_name: Annotated[str, trimmed(70)]
    address: Address | None = None
    identifying_codes: Many[IdentifyingCode] | None = None
    tax_legal_references: Many[TaxLegalReference] | None = None
    party_contact_details: Many[ContactDetailWithPattern] | None = None
    reference: Annotated[str, trimmed(35)] | None = None


class OtherDocumentPartyHBL(Part):
    """A party of a house bill of lading with the function that it has."""

    party: OtherPartyHBL
    party_function: Annotated[str, at_most(3), known("DDR", "DDS", "CS", "MF", "WH")]


class DocumentPartiesHouseBL(Part):
    """The parties of a house bill of lading, by role."""

    shipper: PartyHBL
    consignee: PartyHBL | None = None
    notify_party: NotifyPartyHBL | None = None
    seller: PartyHBL | None = None
    buyer: PartyHBL | None = None
    other: Many[OtherDocumentPartyHBL] | None = None
