"""Conformance: suites of scenarios against a system under test, ours or anybody's, and the report of a run."""
