"""A scenario on a terminal: a bar, the counts, and the last lines of what happens. Refusals and lessons stay on the
screen."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.text import Text

if TYPE_CHECKING:
    from simulator.launch import Progress

_STYLES = {"delivered": "green", "event": "cyan", "audit": "bold"}
_STAYS = {
    "refused": ("[warn] ", "yellow"),
    "event-refused": ("[warn] ", "yellow"),
    "lesson": ("[ok]   ", "green"),
}
"""Kinds of steps that stay on the screen: with which word before them."""
_COUNTS = ("accepted", "refused", "delivered", "decided")


class Stage:
    """Draws while a scenario plays."""

    def __init__(self, scenario: str, seed: str, lines: int) -> None:
        self._console = Console(stderr=True)
        self._lines: list[Text] = []
        self._kept = lines
        self._counts = Text()
        self._bar = Bar(TextColumn("[bold]{task.description}"), BarColumn(), TimeElapsedColumn(), console=self._console)
        self._task = self._bar.add_task(f"{scenario}, seed {seed}", total=None)
        self._live = Live(self._picture(), console=self._console, refresh_per_second=12)

    def show(self, progress: "Progress") -> None:
        """Take in one thing that happened."""
        line = Text(f"  {progress.text}", style=_STYLES.get(progress.kind, ""), no_wrap=True, overflow="ellipsis")
        if progress.kind in _STAYS:
            word, colour = _STAYS[progress.kind]
            self._live.console.print(Text(word, style=colour) + Text(progress.text))
        else:
            self._lines = [*self._lines, line][-self._kept :]
        counts = progress.counts
        self._bar.update(
            self._task,
            total=counts.get("total") or None,
            completed=counts.get("accepted", 0) + counts.get("refused", 0),
        )
        self._counts = Text("  ".join(f"{name} {counts.get(name, 0):>3}" for name in _COUNTS), no_wrap=True)
        self._live.update(self._picture())

    def _picture(self) -> Group:
        return Group(self._bar, self._counts, *self._lines)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines = []
        self._live.update(self._picture())
        self._live.stop()
