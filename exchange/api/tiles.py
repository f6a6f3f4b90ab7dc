"""The log as static files, for anybody's monitor: C2SP tlog-tiles, read-only.

| path | what |
| --- | --- |
| /log/checkpoint | the newest signed checkpoint |
| /log/tile/L/N | 256 hashes of level L, where the tile is full |
| /log/tile/L/N.p/W | the first W hashes of a tile that is not |
| /log/tile/entries/N, N.p/W | the entries themselves: two bytes of length, then the 32 bytes that a leaf commits to |

N is written in groups of three digits, all but the last after an x: 1234067 is `x001/x234/067`. What a path gives never
changes, so it may be kept for ever. An entry is SHA-256(salt || record): it shows that something is on the log, and
whoever has record and salt (they are in the evidence) that it is this.
"""

import re

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.engine import Connection
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from exchange import log
from exchange.api.access import hub_of
from exchange.api.problems import Problem
from exchange.store import tables as t
from schemas.findings import finding
from tradebridge.evidence.proofs import HASH, TILE_HEIGHT, TILE_WIDTH

router = APIRouter(prefix="/log", tags=["log"])

_PLACE = re.compile(r"(x[0-9]{3}/)*[0-9]{3}(\.p/([1-9][0-9]{0,2}))?", re.ASCII)
_LEVEL = re.compile(r"[0-9]|[1-5][0-9]|6[0-3]", re.ASCII)
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@router.get("/checkpoint", summary="The newest signed checkpoint (C2SP tlog-checkpoint)")
async def checkpoint(request: Request) -> Response:
    note = await hub_of(request).ask(log.checkpoint)
    return PlainTextResponse(note, headers={"Cache-Control": "no-cache"})


@router.get("/tile/{level}/{place:path}", summary="A tile of hashes, or of entries (C2SP tlog-tiles)")
async def tile(request: Request, level: str, place: str) -> Response:
    number, width = _read_place(place)
    if level == "entries":
        data = await hub_of(request).ask(lambda connection: _entries(connection, number, width))
    elif _LEVEL.fullmatch(level):
        data = await hub_of(request).ask(lambda connection: _hashes(connection, int(level), number, width))
    else:
        raise _not_there(f"level {level[:20]}", "entries, or 0 to 63")
    if data is None:
        raise _not_there(f"tile {level}/{place[:60]}", "a tile that the newest checkpoint covers")
    return Response(data, media_type="application/octet-stream", headers=_FOR_EVER)


def path_of(number: int, width: int) -> str:
    """The last part of a tile's path: `x001/x234/067`, and `.p/W` where it is not full."""
    digits = f"{number:d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([f"x{each}" for each in groups[:-1]] + groups[-1:])
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def _read_place(place: str) -> tuple[int, int]:
    """Number and width. Only the one way to write them is taken."""
    found = _PLACE.fullmatch(place) if len(place) < 60 else None
    if found is not None:
        number = int(place.partition(".")[0].replace("x", "").replace("/", ""))
        width = int(found[3] or TILE_WIDTH)
        if path_of(number, width) == place and number < 2**40:
            return number, width
    raise _not_there(f"tile {place[:60]}", "a path as C2SP tlog-tiles writes it, such as x001/234.p/17")


def _hashes(connection: Connection, level: int, number: int, width: int) -> bytes | None:
    where = (t.tiles.c.level == level) & (t.tiles.c.tile == number)
    data = connection.execute(select(t.tiles.c.data).where(where)).scalar()
    return data[: width * HASH] if data is not None and len(data) >= width * HASH else None


def _entries(connection: Connection, number: int, width: int) -> bytes | None:
    first = number << TILE_HEIGHT
    if first + width > log.size_of(connection):
        return None
    place = t.leaves.c.position
    query = select(t.leaves.c.leaf).where(place >= first, place < first + width).order_by(place)
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in connection.execute(query).scalars())


def _not_there(found: str, expected: str) -> Problem:
    return Problem(finding("request.not-found", found=found, expected=expected))
