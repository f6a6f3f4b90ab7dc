"""A lock on a file that the kernel lets go of when its holder ends, however that ends. POSIX only (`flock`)."""

import fcntl
import os
from enum import IntEnum
from pathlib import Path


class Kind(IntEnum):
    ALONE = fcntl.LOCK_EX
    SHARED = fcntl.LOCK_SH


class Lock:
    """Not held until taken. The file is made where it is missing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self, kind: Kind) -> bool:
        """False: somebody else holds it. Does not wait."""
        try:
            fcntl.flock(self._file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @property
    def is_current(self) -> bool:
        """Whether the file at the path is still the one that is locked: another process may have removed it."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        own = os.fstat(self._file)
        return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)

    def close(self) -> None:
        """Let go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
