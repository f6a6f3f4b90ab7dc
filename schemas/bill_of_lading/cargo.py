"""The goods: consignment items, cargo items, packages, dangerous goods, licences and references.

A transport document has `ConsignmentItem`, shipping instructions `ConsignmentItemShipper`, a house bill of lading
`ConsignmentItemHBL`. Source: DCSA EBL 3.0.4, schemas of these names and what they refer to.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.bill_of_lading.values import (
    CountryCode,
    Day,
    EquipmentReference,
    ExplosiveUnit,
    ExtendedHSCode,
    Flag,
    HSCode,
    LiquidUnit,
    Many,
    Moment,
    Number,
    PackageCode,
    Part,
    Positive,
    ShippingMarks,
    TemperatureUnit,
    UNNumber,
    VolumeUnit,
    WeightUnit,
    Whole,
    at_most,
    known,
    require_one,
    trimmed,
)

TARIFFS = known("NCM", "HTS", "SCHEDULE_B", "TARIC", "CN", "CUS")
WOOD_DECLARATIONS = known("NOT_APPLICABLE", "NOT_TREATED_AND_NOT_CERTIFIED", "PROCESSED", "TREATED_AND_CERTIFIED")


class Weight(Part):
    """A weight with its unit."""

    value: Positive
    unit: WeightUnit


class Volume(Part):
    """A volume with its unit."""

    value: Positive
    unit: VolumeUnit


class NetVolume(Part):
    """The volume of liquid or gaseous dangerous goods."""

    value: Positive
    unit: LiquidUnit


class NetExplosiveContent(Part):
    """The weight of the explosive substances alone."""

    value: Positive
    unit: ExplosiveUnit


class License(Part):
    """An export or import licence."""

    is_required: Flag | None = None
    reference: Annotated[str, trimmed(35)] | None = None
    issue_date: Day | None = None
    expiry_date: Day | None = None


class Reference(Part):
    """A reference of the shipper or forwarder."""

    type: Annotated[str, at_most(3), known("CR", "AKG")]
    value: Annotated[str, trimmed(35)]


class ReferenceConsignmentItem(Part):
    """References of the shipper or forwarder, of one type."""

    type: Annotated[str, at_most(3), known("CR", "AKG", "SPO", "CPO")]
    values: Annotated[Many[Annotated[str, trimmed(35)]], Field(min_length=1)]


class CustomsReference(Part):
    """References of one type for customs or excise."""

    type: Annotated[str, trimmed(50)]
    country_code: CountryCode
    values: Annotated[Many[Annotated[str, trimmed(35)]], Field(min_length=1)]


class NationalCommodityCode(Part):
    """Codes of one national tariff. Deprecated by DCSA for the extended form."""

    type: Annotated[str, trimmed(10), TARIFFS]
    country_code: CountryCode | None = None
    values: Annotated[Many[Annotated[str, trimmed(10)]], Field(min_length=1)]


class ExtendedNationalCommodityCode(Part):
    """Codes of one national tariff."""

    type: Annotated[str, trimmed(10), TARIFFS]
    country_code: CountryCode | None = None
    values: Annotated[Many[Annotated[str, trimmed(16)]], Field(min_length=1)]


class InnerPackaging(Part):
    """Packaging inside an outer packaging; it may hold others."""

    quantity: Whole
    material: Annotated[str, at_most(100)]
    description: Annotated[str, at_most(100)]
    inner_packagings: Many["InnerPackaging"] | None = None


class EmergencyContactDetails(Part):
    """Whom to call at any hour."""

    contact: Annotated[str, at_most(255)]
    provider: Annotated[str, at_most(255)] | None = None
    phone: Annotated[str, trimmed(30)]
    reference_number: Annotated[str, at_most(255)] | None = None


class Limits(Part):
    """Temperatures that matter for dangerous goods, all in one unit."""

    temperature_unit: TemperatureUnit
    flash_point: Number | None = None
    transport_control_temperature: Number | None = None
    transport_emergency_temperature: Number | None = None
    sadt: Number | None = None
    sapt: Number | None = None


class DangerousGoods(Part):
    """Dangerous goods in an outer packaging, after IMDG Amendment 41-22: one of UN number and NA number."""

    coded_variant_list: Annotated[str, Field(pattern=r"^[0-3][0-9A-Z]{3}$", min_length=4, max_length=4)] | None = None
    proper_shipping_name: Annotated[str, at_most(250)]
    technical_name: Annotated[str, at_most(250)] | None = None
    imo_class: Annotated[str, at_most(4)]
    subsidiary_risk1: Annotated[str, Field(pattern=r"^[0-9](\.[0-9])?$", min_length=1, max_length=3)] | None = None
    subsidiary_risk2: Annotated[str, Field(pattern=r"^[0-9](\.[0-9])?$", min_length=1, max_length=3)] | None = None
    is_marine_pollutant: Flag | None = None
    packing_group: Annotated[Whole, Field(ge=1, le=3)] | None = None
    is_limited_quantity: Flag | None = None
    is_excepted_quantity: Flag | None = None
    is_salvage_packings: Flag | None = None
    is_empty_uncleaned_residue: Flag | None = None
    is_waste: Flag | None = None
    is_hot: Flag | None = None
    is_competent_authority_approval_required: Flag | None = None
    competent_authority_approval: Annotated[str, trimmed(70)] | None = None
    segregation_groups: Many[Annotated[str, at_most(2), known(*(str(group) for group in range(1, 19)))]] | None = None
    inner_packagings: Many["InnerPackaging"] | None = None
    emergency_contact_details: EmergencyContactDetails | None = None
    ems_number: Annotated[str, at_most(7)] | None = None
    end_of_holding_time: Day | None = None
    fumigation_date_time: Moment | None = None
    is_reportable_quantity: Flag | None = None
    inhalation_zone: Annotated[str, Field(min_length=1, max_length=1), known("A", "B", "C", "D")] | None = None
    gross_weight: Weight | None = None
    net_weight: Weight | None = None
    net_explosive_content: NetExplosiveContent | None = None
    net_volume: NetVolume | None = None
    limits: Limits | None = None
    un_number: UNNumber | None = None
    na_number: UNNumber | None = None

    @model_validator(mode="after")
    def _un_number_or_na_number(self) -> Self:
        require_one(self, "un_number", "na_number")
        return self


class OuterPackaging(Part):
    """The outer packages of a cargo item."""

    package_code: PackageCode | None = None
    imo_packaging_code: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,5}$", min_length=1, max_length=5)] | None = None
    number_of_packages: Annotated[Whole, Field(ge=1, le=99999999)]
    description: Annotated[str, at_most(100)]
    wood_declaration: Annotated[str, at_most(30), WOOD_DECLARATIONS] | None = None
    dangerous_goods: Many[DangerousGoods] | None = None


class CargoItem(Part):
    """What is stuffed into one container: it is never split."""

    equipment_reference: EquipmentReference
    cargo_gross_weight: Weight
    cargo_gross_volume: Volume | None = None
    cargo_net_weight: Weight | None = None
    cargo_net_volume: Volume | None = None
    export_license: License | None = None
    import_license: License | None = None
    outer_packaging: OuterPackaging
    national_commodity_codes: Many[NationalCommodityCode] | None = None
    extended_national_commodity_codes: Many[ExtendedNationalCommodityCode] | None = None
    customs_references: Many[CustomsReference] | None = None


class ConsignmentItem(Part):
    """Cargo items that belong together, with the booking."""

    carrier_booking_reference: Annotated[str, trimmed(35)]
    description_of_goods: Annotated[Many[Annotated[str, trimmed(35)]], Field(max_length=150)]
    hs_codes: Annotated[Many[HSCode], Field(min_length=1)]
    extended_hs_codes: Many[ExtendedHSCode] | None = None
    national_commodity_codes: Many[NationalCommodityCode] | None = None
    extended_national_commodity_codes: Many[ExtendedNationalCommodityCode] | None = None
    shipping_marks: ShippingMarks | None = None
    cargo_items: Annotated[Many[CargoItem], Field(min_length=1)]
    export_license: License | None = None
    import_license: License | None = None
    references: Many[ReferenceConsignmentItem] | None = None
    customs_references: Many[CustomsReference] | None = None


class OuterPackagingShipper(Part):
    """The outer packages as the shipper declares them."""

    package_code: PackageCode | None = None
    number_of_packages: Annotated[Whole, Field(ge=1, le=99999999)]
    description: Annotated[str, at_most(100)]
    wood_declaration: Annotated[str, at_most(30), WOOD_DECLARATIONS] | None = None


class CargoItemShipper(Part):
    """A cargo item as the shipper declares it."""

    equipment_reference: EquipmentReference
    cargo_gross_weight: Weight
    cargo_gross_volume: Volume | None = None
    cargo_net_weight: Weight | None = None
    cargo_net_volume: Volume | None = None
    export_license: License | None = None
    import_license: License | None = None
    outer_packaging: OuterPackagingShipper | None = None
    national_commodity_codes: Many[NationalCommodityCode] | None = None
    extended_national_commodity_codes: Many[ExtendedNationalCommodityCode] | None = None
    house_bill_of_lading_reference: Annotated[str, trimmed(20)] | None = None
    customs_references: Many[CustomsReference] | None = None


class ConsignmentItemShipper(Part):
    """Cargo items that belong together, as the shipper declares them."""

    carrier_booking_reference: Annotated[str, trimmed(35)]
    commodity_sub_reference: Annotated[str, trimmed(100)] | None = None
    description_of_goods: Annotated[Many[Annotated[str, trimmed(35)]], Field(max_length=150)]
    description_of_goods_for_customs: Annotated[Many[Annotated[str, at_most(35)]], Field(max_length=150)] | None = None
    hs_codes: Annotated[Many[HSCode], Field(min_length=1)]
    extended_hs_codes: Many[ExtendedHSCode] | None = None
    national_commodity_codes: Many[NationalCommodityCode] | None = None
    extended_national_commodity_codes: Many[ExtendedNationalCommodityCode] | None = None
    shipping_marks: ShippingMarks | None = None
    shipping_marks_for_customs: ShippingMarks | None = None
    cargo_items: Annotated[Many[CargoItemShipper], Field(min_length=1)]
    export_license: License | None = None
    import_license: License | None = None
    references: Many[ReferenceConsignmentItem] | None = None
    customs_references: Many[CustomsReference] | None = None


class OuterPackagingHBL(Part):
    """The outer packages of a house bill of lading."""

    package_code: PackageCode
    number_of_packages: Annotated[Whole, Field(ge=1, le=99999999)] | None = None
    shipping_marks: Annotated[str, at_most(512)] | None = None
    un_number: UNNumber | None = None


class CargoItemHBL(Part):
    """A cargo item of a house bill of lading."""

    equipment_reference: EquipmentReference
    cargo_gross_weight: Weight
    outer_packaging: OuterPackagingHBL


class ConsignmentItemHBL(Part):
    """Cargo items of a house bill of lading that belong together."""

    description_of_goods: Annotated[str, trimmed(512)]
    national_commodity_code: NationalCommodityCode
    extended_national_commodity_codes: Many[ExtendedNationalCommodityCode] | None = None
    cargo_items: Annotated[Many[CargoItemHBL], Field(min_length=1)]
    customs_references: Many[CustomsReference] | None = None
