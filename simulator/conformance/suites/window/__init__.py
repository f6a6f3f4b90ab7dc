"""Suites for single windows and authorities that are, or will be, members of a hub: the kit is the hub."""
