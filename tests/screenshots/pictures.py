"""The pictures in `docs/screenshots`: what each shows, and how wide. `make screenshots` takes them all anew.

The world is `asean-japan` with seed 42 and the clock frozen, played by `tb up`. Another picture is one line here. A
path may name a document by its number: `{JP-2026-00088}` becomes its id.
"""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
MOST_BYTES = 150_000
SCENARIO, SEED, CLOCK = "asean-japan", "42", "2026-01-05T09:00:00Z"


@dataclass(frozen=True, slots=True)
class Picture:
    """One file, NAME.png."""

    name: str
    path: str
    width: int = 1280
    height: int = 800
    scheme: str = "light"
    file: str = ""
    """The number of the document whose bytes are given to the page, as a file that is checked."""


PICTURES = (
    Picture("live", "/console"),
    Picture("exchange", "/console/d/{JP-2026-00088}"),
    Picture("exchange-dark", "/console/d/{JP-2026-00088}", scheme="dark"),
    Picture("paper", "/console/d/{JP-2026-00088}/paper"),
    Picture("validate", "/console/validate?example=mistakes", height=900),
    Picture("map", "/console/map"),
    Picture("verify-phone", "/verify", width=390, height=844, file="JP-2026-00088"),
    Picture("verify-phone-ja", "/verify?lang=ja", width=390, height=844),
)


def keep(png: bytes, path: Path) -> None:
    """A picture of a page in the 256 colours that fit it best: a quarter of the bytes."""
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
