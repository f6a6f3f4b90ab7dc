"""The documents of the bench: Form D with five items, each with a number of its own, made and signed beforehand.

One certificate is encoded once; its number is then written into the bytes and each copy is signed. They lie in a file,
each behind its length (4 bytes, big endian), so that the load generator and the floor read the same ones.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from schemas.content import Syntax
from tests.exchange.cast import FORM_D, document, encoded, signer
from tradebridge.evidence import jws, xades

NOW = datetime.now(UTC).replace(microsecond=0)
"""Of this process. The hub of the bench runs on the live clock, as hubs do: ids sort by time there."""
VARIANT_OF_FIVE_ITEMS = 1
_PLACE = "SG-D-2026-0000000"


def signed_documents(syntax: Syntax, start: int, count: int, by: str = "SG-NSW") -> Iterator[bytes]:
    """`count` signed documents, numbered from `start`; XAdES over XML, JWS over JSON. No number is in both."""
    sample = document(_PLACE, FORM_D, exporter=by[:2], at=NOW, variant=VARIANT_OF_FIVE_ITEMS)
    if len(getattr(sample, "items", ())) != 5:
        raise ValueError("the sample has not five items: choose another variant")
    template, key = encoded(sample, syntax), signer(by)
    start += 5_000_000 if syntax is Syntax.JSON else 0
    for number in range(start, start + count):
        data = template.replace(_PLACE.encode(), f"{_PLACE[:-7]}{number:07d}".encode())
        if syntax is Syntax.XML:
            yield xades.sign(data, key, NOW)
        else:
            yield jws.sign(data, jws.DOCUMENT, key, NOW).encode()


def write(path: Path, documents: Iterable[bytes]) -> Path:
    with path.open("wb") as file:
        for data in documents:
            file.write(len(data).to_bytes(4, "big") + data)
    return path


def read(path: Path, start: int = 0, count: int | None = None) -> list[bytes]:
    """Documents from number `start` of the file, at most `count`."""
    found: list[bytes] = []
    with path.open("rb") as file:
        while (head := file.read(4)) and (count is None or len(found) < count):
            length = int.from_bytes(head, "big")
            if start:
                file.seek(length, os.SEEK_CUR)
                start -= 1
            else:
                found.append(file.read(length))
    return found
