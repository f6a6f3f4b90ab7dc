"""Incoterms 2020 (ICC): the eleven terms, and which of them are for sea and inland waterway only."""

TERMS = {
    "EXW": "Ex Works",
    "FCA": "Free Carrier",
    "CPT": "Carriage Paid To",
    "CIP": "Carriage and Insurance Paid To",
    "DAP": "Delivered at Place",
    "DPU": "Delivered at Place Unloaded",
    "DDP": "Delivered Duty Paid",
    "FAS": "Free Alongside Ship",
    "FOB": "Free on Board",
    "CFR": "Cost and Freight",
    "CIF": "Cost, Insurance and Freight",
}
"""Name by code."""

WATERWAY_ONLY = frozenset({"FAS", "FOB", "CFR", "CIF"})
"""Terms for sea and inland waterway transport."""
