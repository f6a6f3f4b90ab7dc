"""Bills of lading in the simulated world: three eBL platforms, a carrier, a trade platform's links, and the parties.

cast.py        who they are, their keys, tokens and configurations
mounted.py     platforms, carrier and links within the world's process, and at the hub
goods.py       the shipping instructions and the certificate of origin of one consignment
story.py       a scenario of this kind as its file states it
holders.py     who holds a title, counted over the platforms' own stores
player.py      plays a story over HTTP, step by step
"""
