"""Waiting for an event at most so long, and still ending when told to.

Not `asyncio.wait_for`: before Python 3.12 it loses a cancellation that meets the end of what it waits for, and a worker
that is woken while it is told to end then works on for ever.
"""

import asyncio


async def until_set(event: asyncio.Event, seconds: float | None) -> bool:
    """Whether the event was set within so many seconds; None waits as long as it takes."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
