"""UN/ECE Recommendation 20: units of measure, those in use in trade documents. The full list has thousands more.

Masses have their weight in kilograms, exact by definition; a kilogram of a named substance weighs nothing that the unit
could tell, so it has none.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Dimension(StrEnum):
    """What a unit measures."""

    MASS = "mass"
    VOLUME = "volume"
    LENGTH = "length"
    AREA = "area"
    COUNT = "count"
    ENERGY = "energy"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit."""

    code: str
    name: str
    dimension: Dimension
    kilograms: Decimal | None = None
    """Weight of one, exact; None where it is no mass, or the mass of a part of what is weighed."""


_TABLE = {
    Dimension.MASS: """
        MGM milligram; GRM gram; DJ decagram; HGM hectogram; KGM kilogram; DTN decitonne; TNE tonne; KTN kilotonne;
        LBR pound; ONZ ounce; CWI hundredweight (UK); CWA hundredweight (US); STN ton (US); LTN ton (UK); CTM metric
        carat; APZ troy ounce; DWT pennyweight; GRN grain; STI stone (UK); KSD kilogram of substance 90 % dry; KNS
        kilogram of named substance; KMA kilogram of methylamine; KPP kilogram of phosphorus pentoxide; KPO kilogram
        of potassium oxide; KPH kilogram of potassium hydroxide; KSH kilogram of sodium hydroxide; KUR kilogram of
        uranium; KNI kilogram of nitrogen; TSD tonne of substance 90 % dry
    """,
    Dimension.VOLUME: """
        MLT millilitre; CLT centilitre; DLT decilitre; LTR litre; HLT hectolitre; MAL megalitre; MMQ cubic millimetre;
        CMQ cubic centimetre; DMQ cubic decimetre; MTQ cubic metre; FTQ cubic foot; INQ cubic inch; YDQ cubic yard;
        GLL gallon (US); GLI gallon (UK); BLL barrel (US); QT quart (US); PTI pint (UK); OZA fluid ounce (US); OZI
        fluid ounce (UK); LPA litre of pure alcohol; HPA hectolitre of pure alcohol
    """,
    Dimension.LENGTH: """
        MMT millimetre; CMT centimetre; DMT decimetre; MTR metre; KMT kilometre; HMT hectometre; INH inch; FOT foot;
        YRD yard; SMI mile (statute); NMI nautical mile
    """,
    Dimension.AREA: """
        MMK square millimetre; CMK square centimetre; DMK square decimetre; MTK square metre; KMK square kilometre;
        HAR hectare; ARE are; ACR acre; INK square inch; FTK square foot; YDK square yard
    """,
    Dimension.COUNT: """
        C62 one; H87 piece; EA each; NIU number of international units; NMP number of packs; NPL number of parcels;
        NPR number of pairs; NAR number of articles; PR pair; SET set; DZN dozen; DZP dozen packs; DPR dozen pairs;
        CEN hundred; CNP hundred packs; MIL thousand; TPR ten pairs; GRO gross; GGR great gross; KIT kit; ST sheet;
        LEF leaf; RM ream
    """,
    Dimension.ENERGY: """
        WHR watt hour; KWH kilowatt hour; MWH megawatt hour; GWH gigawatt hour; JOU joule; KJO kilojoule; BTU British
        thermal unit; KWT kilowatt; MAW megawatt; WTT watt
    """,
    Dimension.OTHER: """
        CEL degree Celsius; FAH degree Fahrenheit; KEL kelvin; P1 per cent; BAR bar; PAL pascal; HUR hour; DAY day;
        MIN minute; SEC second; MON month; ANN year; WEE week; CUR curie; BQL becquerel; GBQ gigabecquerel
    """,
}

_KILOGRAMS = {
    "MGM": "0.000001",
    "GRM": "0.001",
    "DJ": "0.01",
    "HGM": "0.1",
    "KGM": "1",
    "DTN": "100",
    "TNE": "1000",
    "KTN": "1000000",
    "CTM": "0.0002",
    "LBR": "0.45359237",
    "ONZ": "0.028349523125",
    "STI": "6.35029318",
    "CWI": "50.80234544",
    "CWA": "45.359237",
    "STN": "907.18474",
    "LTN": "1016.0469088",
    "APZ": "0.0311034768",
    "DWT": "0.00155517384",
    "GRN": "0.00006479891",
}
"""The international pound of 1959 and what is made of it; the rest is decimal."""


def _units() -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for dimension, table in _TABLE.items():
        for entry in " ".join(table.split()).split("; "):
            code, name = entry.split(" ", 1)
            weight = Decimal(_KILOGRAMS[code]) if code in _KILOGRAMS else None
            units[code] = Unit(code, name.rstrip("; "), dimension, weight)
    return units


UNITS = _units()
"""Units by common code."""


def is_mass(code: str) -> bool:
    """Whether a known unit measures mass."""
    return code in UNITS and UNITS[code].dimension is Dimension.MASS
