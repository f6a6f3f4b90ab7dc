"""An eBL platform: possession of bills of lading, PINT in both roles, issuance, endorsement, surrender.

One engine for the hub and for the simulated platforms. Whoever hosts it gives it a store, a key and its peers
(`host.py`).
"""
