"""What all HTTP clients of a process share when they call out."""

import ssl
import sys
from functools import cache
from importlib.util import find_spec

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


def wire() -> httpx.AsyncHTTPTransport:
    """What a server calls its peers by. A transport follows no redirect, and this one asks no proxy."""
    _say_that_sniffio_is_not_there()
    return httpx.AsyncHTTPTransport(verify=tls_context(), trust_env=False)


@cache
def _say_that_sniffio_is_not_there() -> None:
    """httpcore tries to import it for each lock of each request. Where it is not there, usual with asyncio, the search
    through all folders is a third of what a request costs; with None in its place an import fails at once."""
    if find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment]  # as the documentation of sys.modules has it


@cache
def _empty() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
