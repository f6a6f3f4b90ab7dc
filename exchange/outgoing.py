"""What the clients of a process share: the certificates of the authorities that they believe, read once."""

import ssl
from functools import cache

import httpx


@cache
def authorities() -> ssl.SSLContext:
    """For `verify=`. To read them takes longer than all else that a new space needs."""
    return httpx.create_ssl_context(trust_env=False)
