"""Whom the hub calls at an address that somebody has given it, so that nobody makes it call others (SSRF): a member,
with its pushes, webhooks and platform; the operator, with witnesses, timestamp authorities and revocation lists.

1. A name is resolved once, just before the call; every address that it has must be allowed, and the connection goes to
   the one that was looked at. What the name means a moment later (DNS rebinding) does not matter.
2. TLS still asks for the name's certificate. Connections are not kept: one that was made for one name would serve
   another at the same address. Only where the URL itself has the address, one may be (`kept`).
3. Allowed is what is on the public internet. Outside of pilot mode loopback and private networks are too; addresses of
   one link (where clouds keep their credentials), of groups and reserved ones never are. An IPv6 address that carries
   an IPv4 one is judged by both.
4. No redirect is followed. The status is the answer; of the body `MAX_ANSWER` bytes are read, as they come, within the
   time of the whole call, so that a short one is not cut off while it is being sent.
5. Names are looked up in threads of their own: a slow name server must not hold up what else the hub does in threads.
6. Who needs a client of its own, for other methods or longer answers, has it over `Looked`, which does the same.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpx

from tradebridge.outbound import tls_context

MAX_URL = 1000
MAX_ANSWER = 4096
"""Bytes of an answer that are read: only its status says something."""
MAX_ERROR = 500
"""Characters that are kept of why a call failed."""
LOOKING_UP = 32
"""Names at once."""

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a name. Raises `OSError`."""
Address = IPv4Address | IPv6Address


class OutOfReach(Exception):
    """The hub does not call this address; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Called:
    """What came of one call."""

    status: int | None
    """HTTP status; None where no answer came."""
    error: str
    """In words, where it failed; empty for a status of 2xx."""
    seconds: float

    @property
    def done(self) -> bool:
        return not self.error


class Reach:
    """Calls addresses of members. `private`: may they be of this machine and of private networks?"""

    def __init__(
        self, *, private: bool, resolve: Resolve | None = None, connections: int | None = None, kept: int = 0
    ) -> None:
        """`connections`: at once, at most; `kept`: of them, for the next call (rule 2)."""
        self.private = private
        self.resolve = resolve or self._look_up
        self._lookers = ThreadPoolExecutor(LOOKING_UP, thread_name_prefix="names")
        self._client = httpx.AsyncClient(
            verify=tls_context(),
            follow_redirects=False,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=kept),
            trust_env=False,
        )

    async def close(self) -> None:
        await self._client.aclose()
        self._lookers.shutdown(wait=False, cancel_futures=True)

    def problem_of(self, url: object) -> str:
        """What an address lacks, in words; empty for one that can be called."""
        schemes = ("http", "https") if self.private else ("https",)
        expected = f"{' or '.join(schemes)}, a host, no user, no fragment, at most {MAX_URL} characters"
        if not isinstance(url, str) or len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
            return expected
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            return expected
        good = parsed.scheme in schemes and parsed.host and not parsed.userinfo and not parsed.fragment
        good = good and "%" not in parsed.host and 0 < (443 if parsed.port is None else parsed.port) < 65536
        return "" if good else expected

    async def address_of(self, url: str) -> Address:
        """The address that a call of this URL goes to. Raises `OutOfReach`, `OSError`."""
        target = _target(url)
        found = await self.resolve(target.host, target.port)
        addresses = [ip_address(each.partition("%")[0]) for each in found]
        if not addresses:
            raise OutOfReach(f"{target.url.host} has no address")
        for each in addresses:
            if not is_allowed(each, private=self.private):
                raise OutOfReach(f"{target.url.host} is at {each}, which is not on the public internet")
        return addresses[0]

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Called:
        """One call. Nothing that the other side does raises, or takes longer than `seconds`."""
        begun = time.monotonic()
        status, error = None, ""
        try:
            async with asyncio.timeout(seconds), self.sent(url, body, headers, seconds) as answer:
                status = answer.status_code
                await _read(answer)
        except (TimeoutError, httpx.TimeoutException):
            error = f"no answer within {seconds:g} s"
        except OutOfReach as refused:
            error = str(refused)[:MAX_ERROR]
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as failed:
            error = f"{type(failed).__name__}: {failed}"[:300]
        return Called(status, error if status is None else _in_words(status), time.monotonic() - begun)

    @contextlib.asynccontextmanager
    async def sent(
        self, url: str, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> AsyncIterator[httpx.Response]:
        """One call whose answer the caller reads, within bounds of its own; `seconds` for each step of it. Raises
        `OutOfReach`, `httpx.HTTPError`, `httpx.InvalidURL`, `OSError`, `UnicodeError`."""
        target = _target(url)
        address, pinned, named = await self.address_of(url), target.url, {**headers, "Host": target.netloc}
        if target.literal is None:
            pinned = pinned.copy_with(host=str(address))
            named["Connection"] = "close"
        asked: dict[str, Any] = {"sni_hostname": target.host}
        async with self._client.stream(
            "POST", pinned, content=body, headers=named, extensions=asked, timeout=seconds
        ) as answer:
            yield answer

    async def pinned(self, request: httpx.Request) -> None:
        """The same request, to the address that was looked at. Raises `OutOfReach`, `OSError`, `httpx.InvalidURL`."""
        target = _target(str(request.url))
        address = await self.address_of(str(request.url))
        request.extensions = {**request.extensions, "sni_hostname": target.host}
        if target.literal is None:
            request.url = request.url.copy_with(host=str(address))
            request.headers["Connection"] = "close"

    async def _look_up(self, host: str, port: int) -> list[str]:
        if (literal := _literal(host)) is not None:
            return [str(literal)]
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._lookers, _getaddrinfo, host, port)
        return list(dict.fromkeys(str(each[4][0]) for each in found))


class Looked(httpx.AsyncBaseTransport):
    """A transport that calls only whom `reach` allows. What it refuses is an error of the connection."""

    def __init__(self, reach: Reach, wire: httpx.AsyncBaseTransport) -> None:
        self.reach = reach
        self._wire = wire

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            if problem := self.reach.problem_of(str(request.url)):
                raise OutOfReach(f"not an address to call: {problem}")
            await self.reach.pinned(request)
        except (OutOfReach, OSError, UnicodeError) as refused:
            raise httpx.ConnectError(str(refused)[:MAX_ERROR], request=request) from refused
        return await self._wire.handle_async_request(request)

    async def aclose(self) -> None:
        await self._wire.aclose()
        await self.reach.close()


@dataclass(frozen=True, slots=True)
class _Target:
    """A URL, taken apart."""

    url: httpx.URL
    host: str
    port: int
    netloc: str
    literal: Address | None
    """Its host, if that is no name."""


@lru_cache(maxsize=1024)
def _target(url: str) -> _Target:
    """Raises `httpx.InvalidURL`, and `KeyError` for a scheme that is not called."""
    parsed = httpx.URL(url)
    host, netloc = parsed.raw_host.decode("ascii"), parsed.netloc.decode("ascii")
    return _Target(parsed, host, parsed.port or _PORTS[parsed.scheme], netloc, _literal(parsed.host))


def _literal(host: str) -> Address | None:
    """The address that a host is, if it is no name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


_PORTS = {"http": 80, "https": 443}


def _getaddrinfo(host: str, port: int) -> list[Any]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


async def _read(answer: httpx.Response) -> None:
    """The beginning of a body, not unpacked: the rest is cut off with the connection."""
    size = 0
    async for chunk in answer.aiter_raw():
        size += len(chunk)
        if size > MAX_ANSWER:
            return


def _in_words(status: int) -> str:
    if 200 <= status < 300:
        return ""
    return f"HTTP {status}: a redirect, which is not followed" if 300 <= status < 400 else f"HTTP {status}"


_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


def is_allowed(address: Address, *, private: bool) -> bool:
    """Rule 3."""
    return all(_is_allowed(each, private) for each in _meant(address))


def _meant(address: Address) -> list[Address]:
    """The address, or those that it carries (RFC 4291 mapped, RFC 3056 6to4, RFC 4380 Teredo, RFC 6052 NAT64)."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if any(address in network for network in _NAT64):
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    carried: list[Address] = [address]
    if address.sixtofour is not None:
        carried.append(address.sixtofour)
    return carried + list(address.teredo or ())


def _is_allowed(address: Address, private: bool) -> bool:
    if address.is_loopback:
        return private
    if address.is_multicast or address.is_link_local or address.is_unspecified or address.is_reserved:
        return False
    return address.is_global or (private and address.is_private)
