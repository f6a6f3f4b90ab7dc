"""A process of ours that is tried: it says when it is ready, ends with the run, and can be started again."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 40.0
END_SECONDS = 5.0
LOG_SHOWN = 600


class CannotStart(RuntimeError):
    """A platform of ours did not start; the message has the end of its log."""

    next_step = "Free a port and some memory, and try again; the log says what it lacked."


@dataclass
class Child:
    """`python -P -m MODULE`, over a folder with its log."""

    name: str
    module: str
    folder: Path
    _process: asyncio.subprocess.Process | None = None
    _pipe: int | None = field(default=None, repr=False)

    async def start(self, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> None:
        """Until it is ready. Raises CannotStart."""
        reading, ready = os.pipe()
        parent, mine = os.pipe()
        own = {name: value for name, value in os.environ.items() if not name.startswith("TRADEBRIDGE_")}
        told = {"TRADEBRIDGE_READY_FD": str(ready), "TRADEBRIDGE_PARENT_PIPE": str(parent)}
        try:
            with (self.folder / "log").open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-P",
                    "-m",
                    self.module,
                    *arguments,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(ready, parent),
                    env=own | told | dict(environment or {}),
                    start_new_session=True,
                )
        finally:
            os.close(ready)
            os.close(parent)
        self._pipe = mine
        if not await _first_line(reading):
            said = (self.folder / "log").read_text("utf-8", "replace")[-LOG_SHOWN:]
            raise CannotStart(f"{self.name} did not start within {START_SECONDS:g} s: {said or 'it said nothing'}")

    async def end(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        if self._process is not None:
            try:
                await asyncio.wait_for(self._process.wait(), END_SECONDS)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
            self._process = None


async def _first_line(reading: int) -> bytes:
    """What comes on a pipe up to its first line; empty if nothing does."""

    def read() -> bytes:
        with os.fdopen(reading, "rb") as lines:
            return lines.readline()

    with suppress(TimeoutError):
        return await asyncio.wait_for(asyncio.to_thread(read), START_SECONDS)
    return b""
