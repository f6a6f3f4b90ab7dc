"""Findings about codes, for every family: a list moves faster than we do, so an unknown newer code is a warning.

Countries and currencies are few, change rarely and decide who may issue and what is claimed: an unknown one is an
error. Of ports, units, packages and other HS editions our list may simply be older (DESIGN, strictness).
"""

from schemas.findings import Fidelity, Kind, Severity, register

UNKNOWN_COUNTRY = Kind(
    "code.unknown-country",
    "There is no country of this code.",
    "Use the two letters of ISO 3166-1, as SG or TH.",
    clause="alpha-2 code",
    source="ISO 3166-1",
    fidelity=Fidelity.EXACT,
)
UNKNOWN_CURRENCY = Kind(
    "code.unknown-currency",
    "There is no currency of this code.",
    "Use the three letters of ISO 4217, as USD or JPY.",
    clause="alphabetic code",
    source="ISO 4217",
    fidelity=Fidelity.EXACT,
)
UNKNOWN_HS = Kind(
    "code.unknown-hs",
    "The Harmonized System of 2022 has no such subheading.",
    "Check the first six digits, or name the edition that the code is from.",
    Severity.WARNING,
    clause="six-digit subheadings",
    source="Harmonized System, edition 2022",
    fidelity=Fidelity.EXACT,
)
HS_EDITION_UNCHECKED = Kind(
    "code.hs-edition-unchecked",
    "The HS code is of an edition that the hub has no list of; it was not checked.",
    "Nothing need be done, if the importing country still uses that edition.",
    Severity.WARNING,
    clause="editions",
    source="Harmonized System",
    fidelity=Fidelity.EXACT,
)
UNKNOWN_PORT = Kind(
    "code.unknown-port",
    "The list of places that the hub has does not know this UN/LOCODE.",
    "Check the code; a place newer than the list of 2023 is accepted as it is.",
    Severity.WARNING,
    clause="UN/LOCODE",
    source="UN/ECE Recommendation 16",
    fidelity=Fidelity.EXACT,
)
UNKNOWN_UNIT = Kind(
    "code.unknown-unit",
    "The hub does not know this unit of measure.",
    "Check the code against UN/ECE Recommendation 20, as KGM for kilograms.",
    Severity.WARNING,
    clause="common code",
    source="UN/ECE Recommendation 20",
    fidelity=Fidelity.MODELLED,
)
UNKNOWN_PACKAGE = Kind(
    "code.unknown-package",
    "The hub does not know this kind of package.",
    "Check the code against UN/ECE Recommendation 21, as CT for carton.",
    Severity.WARNING,
    clause="package code",
    source="UN/ECE Recommendation 21",
    fidelity=Fidelity.MODELLED,
)

KINDS = register(
    [
        UNKNOWN_COUNTRY,
        UNKNOWN_CURRENCY,
        UNKNOWN_HS,
        HS_EDITION_UNCHECKED,
        UNKNOWN_PORT,
        UNKNOWN_UNIT,
        UNKNOWN_PACKAGE,
    ]
)
