"""Worlds for other people's tests: what `tradebridge.pytest_plugin` is made of."""
