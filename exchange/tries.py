"""How often anybody may ask the public pages: so many in a row, then one each few seconds, for each address.

1. An address is an IPv4 address, or a network of 64 bits of IPv6: one caller has all of that.
2. Of each address one number is kept: when it would be even again (the generic cell rate algorithm). The addresses that
   asked last are remembered, up to `MOST`; of the one that was silent longest the number is forgotten.
3. One `Tries` serves all spaces of a process, and is used from its event loop only. Each process counts for itself.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

MOST = 10_000
IN_A_ROW = 10
"""Of a minute's share at most: who checks a stack of papers is not stopped at the second one."""


class Tries:
    """Counts what each address asks."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._each = 60 / per_minute
        self._credit = self._each * (min(IN_A_ROW, per_minute) - 1)
        self._clock = clock
        self._even: OrderedDict[str, float] = OrderedDict()

    def take(self, address: str) -> int:
        """0 if this address may ask now, and that is counted; else the whole seconds after which it may."""
        name, now = network_of(address), self._clock()
        even = max(self._even.get(name, now), now)
        wait = even - self._credit - now
        if wait > 0:
            self._even.move_to_end(name)
            return int(wait) + 1
        self._even[name] = even + self._each
        self._even.move_to_end(name)
        if len(self._even) > MOST:
            self._even.popitem(last=False)
        return 0


def network_of(address: str) -> str:
    """The address, or the network, that counts as one caller. What is no address counts as all such."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(IPv6Address(int(known) >> 64 << 64))
