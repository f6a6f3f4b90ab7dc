"""The two documents: what the carrier issues and what the shipper asks for.

`TransportDocument` is a bill of lading or a sea waybill. `ShippingInstructions` covers the three forms in which DCSA
sends them (create, update, and the carrier's answer with its status): required is what all three require.
Source: DCSA EBL 3.0.4, schemas TransportDocument, CreateShippingInstructions, UpdateShippingInstructions,
ShippingInstructions.
"""

from typing import Annotated

from pydantic import Field

from schemas.bill_of_lading.cargo import (
    ConsignmentItem,
    ConsignmentItemHBL,
    ConsignmentItemShipper,
    CustomsReference,
    License,
    Reference,
)
from schemas.bill_of_lading.equipment import (
    UtilizedTransportEquipment,
    UtilizedTransportEquipmentHBL,
    UtilizedTransportEquipmentShipper,
)
from schemas.bill_of_lading.parties import (
    ContactDetail,
    DocumentParties,
    DocumentPartiesHouseBL,
    DocumentPartiesShippingInstructions,
)
from schemas.bill_of_lading.places import (
    InvoicePayableAt,
    InvoicePayableAtShippingInstructions,
    PlaceHBL,
    PlaceOfIssue,
    Transports,
)
from schemas.bill_of_lading.values import (
    CarrierCode,
    CarrierCodeListProvider,
    Count,
    CountryCode,
    CurrencyCode,
    Day,
    DisplayedName,
    FilingPerformedBy,
    Flag,
    Many,
    NotNegative,
    Part,
    PaymentTerm,
    ServiceType,
    TransportDocumentType,
    Whole,
    at_most,
    known,
    trimmed,
)

TRANSPORT_DOCUMENT = "dcsa-transport-document/3.0"
SHIPPING_INSTRUCTIONS = "dcsa-shipping-instructions/3.0"

LOAD_TYPES = known("FCL", "LCL")
TRANSPORT_DOCUMENT_STATUSES = known(
    *("DRAFT", "APPROVED", "ISSUED", "PENDING_SURRENDER_FOR_AMENDMENT", "SURRENDERED_FOR_AMENDMENT"),
    *("PENDING_SURRENDER_FOR_DELIVERY", "SURRENDERED_FOR_DELIVERY", "VOIDED"),
)
SHIPPING_INSTRUCTIONS_STATUSES = known("RECEIVED", "PENDING_UPDATE", "COMPLETED", "CANCELLED", "DECLINED")
UPDATE_STATUSES = known("UPDATE_RECEIVED", "UPDATE_CONFIRMED", "UPDATE_CANCELLED", "UPDATE_DECLINED")
FEEDBACK_CODES = known(
    *("INFORMATIONAL_MESSAGE", "PROPERTY_WILL_BE_IGNORED", "PROPERTY_VALUE_MUST_CHANGE"),
    *("PROPERTY_VALUE_HAS_BEEN_CHANGED", "PROPERTY_VALUE_MAY_CHANGE", "PROPERTY_HAS_BEEN_DELETED"),
)
CARRIER_CERTIFICATES = known(
    *(f"SHIPMENT_VOYAGE_PARTICULARS_{number}" for number in range(1, 8)),
    *(f"VESSEL_PARTICULARS_{number}" for number in range(1, 19)),
)
CARRIER_CLAUSES = known(
    *("CARGO_CARGOSPECIFICS", "VESSELCONVEYANCE_COUNTRYSPECIFIC", "CARGO_RETURNOFEMPTYCONTAINER"),
    *("CARGO_CARGOVALUE", "CARGO_REEFERTEMPERATURE", "CARGO_CONFLICTINGTEMPERATURES_MIXEDLOADS"),
    *("SHIPPERSLOADSTOWWEIGHTANDCOUNT", "INTRANSITCLAUSE"),
)


class Charge(Part):
    """A charge of the carrier."""

    charge_name: Annotated[str, trimmed(50)]
    extended_charge_name: Annotated[str, trimmed(100)] | None = None
    currency_amount: NotNegative
    currency_code: CurrencyCode
    payment_term_code: PaymentTerm
    calculation_basis: Annotated[str, trimmed(50)]
    unit_price: NotNegative
    quantity: NotNegative


class ChargesPaymentTerm(Part):
    """Prepaid or collect, for charges at origin or at destination."""

    haulage_charges_payment_term_code: PaymentTerm | None = None
    port_charges_payment_term_code: PaymentTerm | None = None
    other_charges_payment_term_code: PaymentTerm | None = None


class AdvanceManifestFiling(Part):
    """Who files an advance manifest, and where."""

    manifest_type_code: Annotated[str, trimmed(50)]
    country_code: CountryCode | None = None
    advance_manifest_filings_house_bl_performed_by: FilingPerformedBy
    self_filer_code: Annotated[str, trimmed(100)] | None = None
    identification_number: Annotated[str, trimmed(17)] | None = None


class HouseBillOfLading(Part):
    """A house bill of lading under the master that the instructions are for."""

    house_bill_of_lading_reference: Annotated[str, trimmed(20)]
    is_to_order: Flag
    place_of_acceptance: PlaceHBL | None = None
    place_of_final_delivery: PlaceHBL | None = None
    method_of_payment: Annotated[str, at_most(1), known("A", "B", "C", "D", "H", "Y", "Z")]
    document_parties: DocumentPartiesHouseBL
    is_cargo_delivered_in_ics2_zone: Flag
    routing_of_consignment_countries: Annotated[Many[CountryCode], Field(min_length=1)]
    consignment_items: Annotated[Many[ConsignmentItemHBL], Field(min_length=1)]
    utilized_transport_equipments: Annotated[Many[UtilizedTransportEquipmentHBL], Field(min_length=1)]


class Feedback(Part):
    """The carrier's remark on a member."""

    severity: Annotated[str, at_most(50), known("INFO", "WARN", "ERROR")]
    code: Annotated[str, at_most(50), FEEDBACK_CODES]
    message: Annotated[str, at_most(5000)]
    json_path: Annotated[str, at_most(500)] | None = None
    property: Annotated[str, at_most(100)] | None = None


class TransportDocument(Part):
    """A bill of lading or a sea waybill, as the carrier issues it."""

    transport_document_reference: Annotated[str, trimmed(20)]
    transport_document_sub_reference: Annotated[str, trimmed(100)] | None = None
    shipping_instructions_reference: Annotated[str, trimmed(100)] | None = None
    transport_document_status: Annotated[str, at_most(50), TRANSPORT_DOCUMENT_STATUSES]
    transport_document_type_code: TransportDocumentType
    is_shipped_on_board_type: Flag
    freight_payment_term_code: PaymentTerm | None = None
    is_electronic: Flag
    is_to_order: Flag
    number_of_copies_with_charges: Count | None = None
    number_of_copies_without_charges: Count | None = None
    number_of_originals_with_charges: Count | None = None
    number_of_originals_without_charges: Count | None = None
    displayed_name_for_place_of_receipt: DisplayedName | None = None
    displayed_name_for_port_of_load: DisplayedName | None = None
    displayed_name_for_port_of_discharge: DisplayedName | None = None
    displayed_name_for_place_of_delivery: DisplayedName | None = None
    shipped_on_board_date: Day | None = None
    displayed_shipped_on_board_received_for_shipment: Annotated[str, trimmed(250)] | None = None
    terms_and_conditions: Annotated[str, at_most(50000)]
    receipt_type_at_origin: ServiceType
    delivery_type_at_destination: ServiceType
    cargo_movement_type_at_origin: Annotated[str, at_most(3), LOAD_TYPES]
    cargo_movement_type_at_destination: Annotated[str, at_most(3), LOAD_TYPES]
    issue_date: Day | None = None
    received_for_shipment_date: Day | None = None
    service_contract_reference: Annotated[str, at_most(30)] | None = None
    contract_quotation_reference: Annotated[str, trimmed(35)] | None = None
    extended_contract_quotation_reference: Annotated[str, trimmed(70)] | None = None
    declared_value: NotNegative | None = None
    declared_value_currency: CurrencyCode | None = None
    carrier_code: CarrierCode
    carrier_code_list_provider: CarrierCodeListProvider
    carrier_clauses: Many[Annotated[str, trimmed(20000)]] | None = None
    number_of_rider_pages: Count | None = None
    transports: Transports
    charges: Many[Charge] | None = None
    place_of_issue: PlaceOfIssue | None = None
    invoice_payable_at: InvoicePayableAt
    party_contact_details: Annotated[Many[ContactDetail], Field(min_length=1)]
    document_parties: DocumentParties
    consignment_items: Annotated[Many[ConsignmentItem], Field(min_length=1)]
    utilized_transport_equipments: Annotated[Many[UtilizedTransportEquipment], Field(min_length=1)]
    export_license: License | None = None
    import_license: License | None = None
    references: Many[Reference] | None = None
    customs_references: Many[CustomsReference] | None = None
    feedbacks: Many[Feedback] | None = None

    @property
    def profile(self) -> str:
        return TRANSPORT_DOCUMENT

    @property
    def number(self) -> str | None:
        return self.transport_document_reference

    @property
    def issued_by(self) -> str | None:
        """The issuing carrier, by its SMDG or NMFTA code."""
        return f"carrier:{self.carrier_code}"


class ShippingInstructions(Part):
    """What the shipper asks the carrier to issue, or the carrier's view of it."""

    shipping_instructions_reference: Annotated[str, trimmed(100)] | None = None
    shipping_instructions_revision_number: Whole | None = None
    transport_document_reference: Annotated[str, trimmed(20)] | None = None
    shipping_instructions_status: Annotated[str, at_most(50), SHIPPING_INSTRUCTIONS_STATUSES] | None = None
    updated_shipping_instructions_status: Annotated[str, at_most(50), UPDATE_STATUSES] | None = None
    transport_document_type_code: TransportDocumentType
    is_shipped_on_board_type: Flag
    freight_payment_term_code: PaymentTerm
    origin_charges_payment_term: ChargesPaymentTerm | None = None
    destination_charges_payment_term: ChargesPaymentTerm | None = None
    is_electronic: Flag
    is_to_order: Flag
    number_of_copies_with_charges: Count | None = None
    number_of_copies_without_charges: Count | None = None
    number_of_originals_with_charges: Count | None = None
    number_of_originals_without_charges: Count | None = None
    displayed_name_for_place_of_receipt: DisplayedName | None = None
    displayed_name_for_port_of_load: DisplayedName | None = None
    displayed_name_for_port_of_discharge: DisplayedName | None = None
    displayed_name_for_place_of_delivery: DisplayedName | None = None
    carrier_code: CarrierCode | None = None
    carrier_code_list_provider: CarrierCodeListProvider | None = None
    place_of_issue: PlaceOfIssue | None = None
    invoice_payable_at: InvoicePayableAtShippingInstructions | None = None
    party_contact_details: Annotated[Many[ContactDetail], Field(min_length=1)]
    is_carriers_agent_at_destination_required: Flag | None = None
    document_parties: DocumentPartiesShippingInstructions
    is_cargo_delivered_in_ics2_zone: Flag
    consignment_items: Annotated[Many[ConsignmentItemShipper], Field(min_length=1)]
    utilized_transport_equipments: Annotated[Many[UtilizedTransportEquipmentShipper], Field(min_length=1)]
    export_license: License | None = None
    import_license: License | None = None
    references: Many[Reference] | None = None
    customs_references: Many[CustomsReference] | None = None
    advance_manifest_filings: Many[AdvanceManifestFiling] | None = None
    is_house_bill_of_ladings_issued: Flag | None = None
    house_bill_of_ladings: Many[HouseBillOfLading] | None = None
    requested_carrier_certificates: Many[Annotated[str, at_most(100), CARRIER_CERTIFICATES]] | None = None
    requested_carrier_clauses: Many[Annotated[str, at_most(100), CARRIER_CLAUSES]] | None = None
    feedbacks: Many[Feedback] | None = None

    @property
    def profile(self) -> str:
        return SHIPPING_INSTRUCTIONS

    @property
    def number(self) -> str | None:
        """The carrier's reference, which new instructions have not got yet, with the revision: `SI-1/2`."""
        if self.shipping_instructions_reference is None or self.shipping_instructions_revision_number is None:
            return self.shipping_instructions_reference
        return f"{self.shipping_instructions_reference}/{self.shipping_instructions_revision_number}"

    @property
    def belongs_to(self) -> str | None:
        """The carrier's reference alone: what the transport document made by these instructions names."""
        return self.shipping_instructions_reference

    @property
    def issued_by(self) -> str | None:
        """Nobody in particular: any shipper may instruct."""
        return None
