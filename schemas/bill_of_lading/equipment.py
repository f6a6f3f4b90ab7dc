"""Containers, their seals and what a reefer is set to.

Source: DCSA EBL 3.0.4, schemas UtilizedTransportEquipment, Equipment, Seal, ActiveReeferSettings.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.bill_of_lading.cargo import CustomsReference, Reference, Weight
from schemas.bill_of_lading.values import (
    AirExchangeUnit,
    EmptyIndicator,
    EquipmentReference,
    Flag,
    Many,
    NotNegative,
    Number,
    Part,
    Percentage,
    SealSource,
    ShippingMarks,
    TemperatureUnit,
    at_most,
    dcsa_name,
    trimmed,
)


class Seal(Part):
    """A seal on a container."""

    number: Annotated[str, at_most(15)]
    source: SealSource | None = None


class ActiveReeferSettings(Part):
    """What a reefer is set to."""

    temperature_setpoint: Number | None = None
    temperature_unit: TemperatureUnit | None = None
    o2_setpoint: Percentage | None = None
    co2_setpoint: Percentage | None = None
    humidity_setpoint: Percentage | None = None
    air_exchange_setpoint: NotNegative | None = None
    air_exchange_unit: AirExchangeUnit | None = None
    is_ventilation_open: Flag | None = None
    is_drainholes_open: Flag | None = None
    is_bulb_mode: Flag | None = None
    is_cold_treatment_required: Flag | None = None
    is_controlled_atmosphere_required: Flag | None = None


class Equipment(Part):
    """A container."""

    equipment_reference: EquipmentReference
    iso_equipment_code: Annotated[str, trimmed(4)] | None = None
    tare_weight: Weight | None = None


class RequiredEquipment(Part):
    """A container of the shipper, in full."""

    equipment_reference: EquipmentReference
    iso_equipment_code: Annotated[str, trimmed(4)]
    tare_weight: Weight


class UtilizedTransportEquipment(Part):
    """A container of a transport document, with seals and settings."""

    equipment: Equipment
    is_shipper_owned: Flag
    is_non_operating_reefer: Flag | None = None
    active_reefer_settings: ActiveReeferSettings | None = None
    shipping_marks: ShippingMarks | None = None
    seals: Annotated[Many[Seal], Field(min_length=1)]
    references: Many[Reference] | None = None
    customs_references: Many[CustomsReference] | None = None

    @property
    def reference(self) -> str:
        """The container's number."""
        return self.equipment.equipment_reference


class UtilizedTransportEquipmentShipper(Part):
    """A container of shipping instructions: the shipper's own in full, the carrier's by reference."""

    shipping_marks: ShippingMarks | None = None
    seals: Annotated[Many[Seal], Field(min_length=1)]
    empty_indicator_code: EmptyIndicator | None = None
    references: Many[Reference] | None = None
    customs_references: Many[CustomsReference] | None = None
    is_shipper_owned: Flag
    equipment: RequiredEquipment | None = None
    equipment_reference: EquipmentReference | None = None

    @model_validator(mode="after")
    def _in_full_or_by_reference(self) -> Self:
        name = "equipment" if self.is_shipper_owned else "equipment_reference"
        if getattr(self, name) is None:
            owned = str(self.is_shipper_owned).lower()
            raise PydanticCustomError(
                "absent", "the member, since isShipperOwned is " + owned, {"member": dcsa_name(name)}
            )
        return self

    @property
    def reference(self) -> str:
        """The container's number, wherever it stands."""
        return self.equipment.equipment_reference if self.equipment else self.equipment_reference or ""


class UtilizedTransportEquipmentHBL(Part):
    """A container of a house bill of lading."""

    seals: Annotated[Many[Seal], Field(min_length=1)] | None = None
    empty_indicator_code: EmptyIndicator
    is_shipper_owned: Flag
    equipment_reference: EquipmentReference
    iso_equipment_code: Annotated[str, trimmed(4)]
