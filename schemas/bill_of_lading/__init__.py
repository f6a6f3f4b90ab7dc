"""Bills of lading and shipping instructions, as DCSA's eBL standard 3.0 writes them."""
