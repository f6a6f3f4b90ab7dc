"""HTTP around the hub: one router a noun, no business logic."""
