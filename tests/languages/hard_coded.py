"""Text of a page that no catalogue can translate: what the pseudo-locale leaves in plain letters.

Not looked at: what is marked as not ours to say (`translate="no"`, or a `lang` of its own), code, scripts.
"""

import re
from html.parser import HTMLParser

from exchange.languages import PSEUDO

APART = {"code", "pre", "kbd", "script", "style"}
EMPTY = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
SAID = ("aria-label", "alt", "placeholder", "title", "data-label", "data-say")
WORD = re.compile(r"(?!Tradebridge\b)\b[A-Za-z]{2,}")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def _apart(self) -> bool:
        return any(apart for _, apart in self.open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        own = given.get("lang") not in (None, PSEUDO) or given.get("translate") == "no" or tag in APART
        if not own and not self._apart():
            self.found += [text for name in SAID if (text := given.get(name)) and WORD.search(text)]
        if tag not in EMPTY:
            self.open.append((tag, own))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._apart() and WORD.search(data):
            self.found.append(data.strip())


def left_in(page: str) -> list[str]:
    """The texts, of elements and of attributes that are read out."""
    reader = _Reader()
    reader.feed(page)
    return reader.found
