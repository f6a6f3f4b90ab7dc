"""The code lists: countries, currencies, commodities, ports, units, packages, Incoterms, container numbers.

Each module answers questions about one list and knows no document. Small lists are tables of ours; HS, UN/LOCODE and
ISO 4217 come from data packages, loaded at the first question. `kinds.py` has the findings that come of a code.
"""
