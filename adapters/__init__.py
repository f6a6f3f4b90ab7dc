"""How a partner speaks: one folder a partner, each with its codec; `port.py` is the contract."""
