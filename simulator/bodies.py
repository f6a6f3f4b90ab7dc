"""Reading the body of a request that a small server of the simulation takes, and no more of it than that."""

from fastapi import Request


async def bounded(request: Request, most: int) -> bytes | None:
    """The body; None as soon as it has more than `most` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)
