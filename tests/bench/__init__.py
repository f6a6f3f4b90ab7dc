"""What Tradebridge does in a second, beside the floor: `make bench`."""
