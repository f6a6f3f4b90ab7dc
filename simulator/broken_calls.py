"""A member's calls of the hub that break: it cannot connect, the name is not found, the answer is lost on its way."""

import asyncio
from collections.abc import Callable

import httpx

from simulator.faults import Fault, Faults, Point


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
        if name == "call-latency":
            await asyncio.sleep(fault.options["delay"])
            return await self._way.handle_async_request(request)
        answer = await self._way.handle_async_request(request)
        await answer.aread()
        raise httpx.ReadError(f"the connection was reset ({fault.label})", request=request)
