"""Forms and drawings: pure functions from values to text."""
