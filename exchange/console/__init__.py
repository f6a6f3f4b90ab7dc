"""The console: pages on which people see the exchange, and in a simulation its world. Thin over what the hub knows."""
