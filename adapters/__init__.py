"""How a partner speaks: codec, client and simulated partner, each behind `adapters.port`."""
