"""A world of partners on one machine: seeded, deterministic, with faults on demand."""
