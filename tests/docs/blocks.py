"""The fenced blocks of a Markdown page, and what a reader is meant to do with each.

1. A `bash` block is typed by the reader, so a test runs it. A comment before it says how it is not as the others:
   `<!-- stays -->` goes on running in a terminal of its own; `<!-- planned -->` is only planned (`make -n`), since it
   would run this test, or for long; `<!-- container -->` needs a container engine and is checked as text.
2. A `python` block whose first line is `# NAME.py` is saved by the reader under this name.
3. A `text` block straight after a `bash` block is what the reader sees: each of its lines comes out, in this order.
   `…` stands for anything within a line, a line of nothing but `…` for any lines.
4. `exit 4` as the only line of the comment before a block is the exit code of its last command: `<!-- exit 4 -->`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    sorted([ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")])
    + sorted((ROOT / "docs").rglob("*.md"))
)

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_MARK = re.compile(r"stays|planned|container|exit \d+|")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    line: int
    """Of its first line, in the page."""
    language: str
    text: str
    mark: str = ""
    shown: str | None = None
    """What the page shows as its output."""

    @property
    def exit_code(self) -> int:
        return int(self.mark.removeprefix("exit ")) if self.mark.startswith("exit ") else 0

    @property
    def file_name(self) -> str:
        """Of a Python block that is saved; empty for others."""
        first = self.text.partition("\n")[0]
        found = re.fullmatch(r"# ([a-z_]+\.py)", first) if self.language == "python" else None
        return found[1] if found else ""


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page in order; an output is given with the block that it belongs to."""
    text = page.read_text(encoding="utf-8")
    last: Block | None = None
    end = 0
    for found in _BLOCK.finditer(text):
        block = Block(
            text.count("\n", 0, found.start("text")) + 1, found["language"], found["text"], found["mark"] or ""
        )
        if not _MARK.fullmatch(block.mark):
            raise ValueError(f"{page.name}, line {block.line}: no such mark: {block.mark}")
        if last is not None and block.language == "text" and not text[end : found.start()].strip():
            yield replace(last, shown=block.text)
            last, end = None, found.end()
            continue
        if last is not None:
            yield last
        last, end = block, found.end()
    if last is not None:
        yield last


def missing_from(shown: str, output: str) -> str:
    """The first line that the page shows and that does not come out in its place; empty if all do.

    Runs of blanks are one blank: columns are as wide as what stands in them.
    """
    lines = [_plain(line) for line in output.splitlines()]
    at = 0
    for line in map(_plain, shown.splitlines()):
        if line in ("", "…"):
            continue
        pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
        at = next((index + 1 for index in range(at, len(lines)) if pattern.fullmatch(lines[index])), 0)
        if not at:
            return line
    return ""


def _plain(line: str) -> str:
    return " ".join(line.split())
