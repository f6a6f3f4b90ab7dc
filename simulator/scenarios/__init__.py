"""Scenarios, one plain file each: see simulator/scenario.py."""
