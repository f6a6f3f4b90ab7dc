"""What each party saw, in a file of its own: one JSON object a line, appended and never changed.

Losses are counted from these files, never from the hub's tables: they are what a member could lay on the table.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """One party's journal. Several threads of the party may write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def add(self, what: str, **facts: Any) -> None:
        line = json.dumps({"what": what, **facts})
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def lines(self, what: str) -> Iterator[dict[str, Any]]:
        """The entries of one kind, read from the file."""
        with self.path.open(encoding="utf-8") as file:
            for text in file:
                line = json.loads(text)
                if line["what"] == what:
                    yield line

    def close(self) -> None:
        self._file.close()
