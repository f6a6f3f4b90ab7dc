"""Where the carriage begins, passes and ends, and on which vessels.

Source: DCSA EBL 3.0.4, schemas Transports, PlaceOfReceipt to OnwardInlandRouting, PlaceOfIssue, InvoicePayableAt.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.bill_of_lading.parties import Address
from schemas.bill_of_lading.values import (
    AddressLines,
    CountryCode,
    Day,
    FacilityCodeListProvider,
    Many,
    Part,
    UNLocationCode,
    at_most,
    known,
    require_one,
    trimmed,
)

TRANSPORT_MODES = known("VESSEL", "RAIL", "TRUCK", "BARGE", "MULTIMODAL")


UniversalVoyageReference = Annotated[str, Field(pattern=r"^[0-9]{2}[0-9A-Z]{2}[NEWSR]$", min_length=5, max_length=5)]
"""Year, sequence and direction of a voyage, as 2103N."""


class City(Part):
    """A city with its country."""

    city: Annotated[str, trimmed(35)]
    state_region: Annotated[str, at_most(65)] | None = None
    country_code: CountryCode


class Facility(Part):
    """A terminal or depot by its code, without the UN/LOCODE."""

    facility_code: Annotated[str, trimmed(6)]
    facility_code_list_provider: FacilityCodeListProvider


class GeoCoordinate(Part):
    """Decimal degrees in the format of ISO 6709."""

    latitude: Annotated[str, at_most(10)]
    longitude: Annotated[str, at_most(11)]


class Port(Part):
    """Port of loading or of discharge: by UN/LOCODE, by city, or both."""

    location_name: Annotated[str, trimmed(100)] | None = None
    city: City | None = None
    un_location_code: UNLocationCode | None = None


class Place(Part):
    """Place of receipt or of delivery, in any of five ways."""

    location_name: Annotated[str, trimmed(100)] | None = None
    facility_name: Annotated[str, at_most(100)] | None = None
    address: Address | None = None
    address_lines: AddressLines | None = None
    facility: Facility | None = None
    un_location_code: UNLocationCode | None = None
    geo_coordinate: GeoCoordinate | None = None


class OnwardInlandRouting(Part):
    """Where the merchant's own onward haulage ends."""

    location_name: Annotated[str, trimmed(100)] | None = None
    facility_name: Annotated[str, at_most(100)] | None = None
    address: Address | None = None
    address_lines: AddressLines | None = None
    facility: Facility | None = None
    un_location_code: UNLocationCode | None = None


class PlaceOfIssue(Part):
    """Where the original is issued: by UN/LOCODE or country, not both."""

    location_name: Annotated[str, trimmed(100)] | None = None
    un_location_code: UNLocationCode | None = None
    country_code: CountryCode | None = None

    @model_validator(mode="after")
    def _un_location_code_or_country_code(self) -> Self:
        require_one(self, "un_location_code", "country_code")
        return self


class InvoicePayableAt(Part):
    """Where freight is paid: by UN/LOCODE or as free text, not both."""

    un_location_code: UNLocationCode | None = None
    free_text: Annotated[str, at_most(35)] | None = None

    @model_validator(mode="after")
    def _un_location_code_or_free_text(self) -> Self:
        require_one(self, "un_location_code", "free_text")
        return self


class InvoicePayableAtShippingInstructions(Part):
    """Where freight is paid, by UN/LOCODE."""

    un_location_code: UNLocationCode


class PlaceHBL(Part):
    """Place of acceptance or of final delivery of a house bill of lading."""

    location_name: Annotated[str, trimmed(35)] | None = None
    country_code: CountryCode | None = None
    un_location_code: UNLocationCode | None = None


class VesselVoyage(Part):
    """A vessel and its export voyage."""

    vessel_name: Annotated[str, trimmed(50)]
    carrier_export_voyage_number: Annotated[str, trimmed(50)]
    universal_export_voyage_reference: UniversalVoyageReference | None = None
    role: Annotated[str, at_most(30), known("FIRST_SEA_GOING", "MOTHER")] | None = None


class Transports(Part):
    """Dates, places, modes and vessels of the carriage."""

    planned_arrival_date: Day
    planned_departure_date: Day
    pre_carriage_by: Annotated[str, at_most(50), TRANSPORT_MODES] | None = None
    on_carriage_by: Annotated[str, at_most(50), TRANSPORT_MODES] | None = None
    place_of_receipt: Place | None = None
    port_of_loading: Port
    port_of_discharge: Port
    place_of_delivery: Place | None = None
    onward_inland_routing: OnwardInlandRouting | None = None
    vessel_voyages: Annotated[Many[VesselVoyage], Field(min_length=1)]
