"""Who holds a title: counted over the platforms' own stores, read as they lie on the disk, never asked of anybody.

A platform holds a title that is `here`. A title that is being sent, or in doubt, is held by its sender as long as the
receiver has not accepted it, and by nobody twice: where the receiver has it, the sender's row only does not know yet.
There is exactly one holder until the title has ended; then it is nobody's any more.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

HERE, UNDER_WAY, ENDED = "here", ("sending", "in-doubt"), "ended"


@dataclass(frozen=True, slots=True)
class Holders:
    """What the stores say of one reference."""

    here: tuple[str, ...]
    """Codes of platforms where the title is."""
    sending: tuple[str, ...]
    """Codes of those that have it still, since the receiver of their envelope has not accepted it."""
    ended: tuple[str, ...]
    """Codes of those that know that it has ended."""

    @property
    def count(self) -> int:
        return len(self.here) + len(self.sending)


def count_holders(stores: Mapping[str, Path], reference: str) -> Holders:
    """Over the stores of all platforms, by code. A store that is not there yet holds nothing."""
    found = {code: _read(path, reference) for code, path in stores.items()}
    accepted = {(code, content) for code, (_, _, contents) in found.items() for content in contents}
    return Holders(
        here=tuple(code for code, (rows, _, _) in found.items() for at in rows if at == HERE),
        sending=tuple(
            code
            for code, (rows, open_, _) in found.items()
            for at in rows
            if at in UNDER_WAY and not any(envelope in accepted for envelope in open_)
        ),
        ended=tuple(code for code, (rows, _, _) in found.items() for at in rows if at == ENDED),
    )


def _read(path: Path, reference: str) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """Where the titles of a reference are; its open transfers (receiver, content); what was accepted here."""
    if not path.exists():
        return [], [], []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        titles = store.execute("SELECT at, id FROM ebl_titles WHERE reference = ?", (reference,)).fetchall()
        sent = store.execute(
            "SELECT receiver, content FROM ebl_transfers"
            " WHERE reference = ? AND purpose = 'possession' AND state IN ('sending', 'in-doubt')",
            (reference,),
        ).fetchall()
        accepted = _accepted(store, [title for _, title in titles])
    return [at for at, _ in titles], [(str(receiver), str(content)) for receiver, content in sent], accepted


def _accepted(store: sqlite3.Connection, titles: Iterable[str]) -> list[str]:
    query = "SELECT content FROM ebl_incoming WHERE title = ? AND purpose = 'possession' AND state = 'accepted'"
    return [str(content) for title in titles for (content,) in store.execute(query, (title,))]
