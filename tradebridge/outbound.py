"""What all HTTP clients of a process share when they call out."""

import ssl
from functools import cache

import httpx


@cache
def tls_context() -> ssl.SSLContext:
    """Who is believed as a server: the authorities that httpx brings along, whatever the environment says.

    Reading them takes about 25 ms, so that it is done once for a process and not once for a client.
    """
    return httpx.create_ssl_context(trust_env=False)
