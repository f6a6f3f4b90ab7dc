"""What a lesson tells when it is over: one sentence from its `tells`, filled with what the hub has.

`{name}` is the number of the document of that name; `{name.total}`, `{name.drawn}` and `{name.left}` are read from its
ledger, of its first item, in the item's own unit; `{name.state}` tells how far it is used, as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from simulator.scenario import Lesson
from tradebridge import calls
from tradebridge.client import AsyncHub


@dataclass(frozen=True, slots=True)
class Told:
    """A document, as a sentence may name it."""

    number: str
    total: str = ""
    drawn: str = ""
    left: str = ""
    state: str = ""

    def __format__(self, spec: str) -> str:
        return self.number


async def sentence_of(lesson: Lesson, sent: Mapping[str, tuple[str, str]], hub: AsyncHub) -> str:
    """`sent`: number and document id, by name in the lesson. `hub`: may see the ledgers of these documents."""
    counted = {name.partition(".")[0] for _, name, _, _ in Formatter().parse(lesson.tells) if name and "." in name}
    told = {
        name: _told(number, await hub.do(calls.utilisation(document_id)) if name in counted else None)
        for name, (number, document_id) in sent.items()
    }
    return f"{lesson.tells.format_map(told)}: {lesson.teaches}"


def _told(number: str, account: Any) -> Told:
    if account is None:
        return Told(number)
    item = account["items"][0]
    return Told(number, item["total"], item["drawn"], item["left"], account["state"])
