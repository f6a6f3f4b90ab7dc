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


def context_for(url: str) -> ssl.SSLContext:
    """The same, for a client of this address alone; without TLS an empty one, which believes nobody."""
    return _empty() if url.startswith("http://") else tls_context()


@cache
def _empty() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
