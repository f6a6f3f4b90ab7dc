"""A member's calls of the hub that break: it cannot connect, the name is not found, nobody vouches for the certificate,
the answer is lost on its way."""

import asyncio
import ssl
import tempfile
from collections.abc import Callable
from functools import cache

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulator.faults import Fault, Faults, Point
from tradebridge.evidence.simulation import test_private_key, test_signer
from tradebridge.outbound import tls_context


class Calls(httpx.AsyncBaseTransport):
    """The way of one member to the hub. `struck` is told of each fault that strikes."""

    def __init__(
        self, way: httpx.AsyncBaseTransport, faults: Faults, member: str, struck: Callable[[Fault], None]
    ) -> None:
        self._way = way
        self._faults = faults
        self._member = member
        self._struck = struck

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # An inbox is asked all the time: a fault that struck there would be used up unseen.
        fault = self._faults.find(Point.CALL, self._member) if request.method == "POST" else None
        if fault is None:
            return await self._way.handle_async_request(request)
        self._struck(fault)
        name = fault.recipe.name
        if name == "call-refused":
            raise httpx.ConnectError(f"All connection attempts failed ({fault.label})", request=request)
        if name == "call-dns":
            raise httpx.ConnectError(f"[Errno -2] Name or service not known ({fault.label})", request=request)
        if name == "call-tls":
            raise httpx.ConnectError(f"{_refused_handshake()} ({fault.label})", request=request)
        if name == "call-latency":
            await asyncio.sleep(fault.options["delay"])
            return await self._way.handle_async_request(request)
        answer = await self._way.handle_async_request(request)
        await answer.aread()
        raise httpx.ReadError(f"the connection was reset ({fault.label})", request=request)


@cache
def _refused_handshake() -> str:
    """What TLS says of a server whose certificate nobody has vouched for: a real handshake, in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls_context().wrap_bio(to_client, to_server, server_hostname="hub.invalid")
    server = _server_of_nobody().wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server) * 4:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLError as error:
            return str(error)
    raise RuntimeError("a certificate of a test was believed by TLS")


def _server_of_nobody() -> ssl.SSLContext:
    key = test_private_key("nobody", "HUB").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    certificate = test_signer("nobody", "HUB").certificate.public_bytes(Encoding.PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # it takes them from files alone
        file.write(certificate + key)
        file.flush()
        context.load_cert_chain(file.name)
    return context
