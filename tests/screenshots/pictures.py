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


@dataclass(frozen=True, slots=True)
class DeskPicture:
    """One file of the officers' guide: a page of the Desk, as somebody at it sees it."""

    name: str
    path: str
    person: str = "officer.th-nsw"
    """Empty: nobody is signed in."""
    keys: str = ""
    """Typed when the page is there."""
    width: int = 1280
    height: int = 800
    whole: bool = False
    """The page as far as it goes, not only what fits the window."""


DESK_PICTURES = (
    DeskPicture("desk-sign-in", "/console/sign-in", person=""),
    DeskPicture("desk-queue", "/console/desk?view=unassigned"),
    DeskPicture("desk-case", "/console/desk/c/{SG-2026-00987}", height=1000),
    DeskPicture("desk-ask", "/console/desk/c/{SG-2026-00987}", keys="q"),
    DeskPicture("desk-compare", "/console/desk/c/{SG-2026-00987}#compared"),
    DeskPicture("desk-conversation", "/console/desk/c/{SG-2026-00041}#conversation"),
    DeskPicture("desk-overview", "/console/desk/overview"),
    DeskPicture("desk-practice", "/console/desk/practice"),
    DeskPicture("desk-phone", "/console/desk/c/{SG-2026-00987}", width=390, height=844),
)
"""Of a world in which Thailand has a desk (`tb up --desk th`), with what `tests.screenshots.desk` puts into it."""


def keep(png: bytes, path: Path) -> None:
    """A picture of a page in the 256 colours that fit it best: a quarter of the bytes."""
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
