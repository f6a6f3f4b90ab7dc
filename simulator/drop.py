"""A folder into which a window drops its answers as files, and out of which its connector takes them.

1. A file is there whole or not at all: it is written beside, then renamed.
2. The connector reads a file and leaves it; it is removed when what it says is in the journal. After a kill in between
   the window drops the same file again, under the same name.
"""

from pathlib import Path


class Drop:
    """The folder of one window. It is made with the first file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        beside = self._folder / f".{name}"
        beside.write_bytes(data)
        beside.replace(self._folder / name)

    def read(self, name: str) -> bytes:
        """Raises `FileNotFoundError`."""
        return (self._folder / name).read_bytes()

    def remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)
