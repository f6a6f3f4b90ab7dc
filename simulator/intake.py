"""The own system of a simulated window: what it looks at before an officer sees a document.

1. It reads the message in the window's own form, checks the signature around it where the form has one, counts against
   the window's limits, and looks for what the window asks for beside the form (`countries.toml`).
2. What it finds is said in the window's own form, as a refusal by the system: no officer has decided anything.
3. A document whose number ends in `-S01` is refused so too (`simulator.magic`), unless a story tells of it.
"""

from collections.abc import Iterator

from adapters.port import Adapter, Refusal
from adapters.single_windows.countries import countries
from schemas.findings import Finding
from schemas.registry import Document
from simulator.magic import told_by

Wrong = tuple[str, str, str]
"""Why (`adapters.port.WHY`), pointer, text."""


def wrong_with(document: Document, size: int, country: str) -> Iterator[Wrong]:
    """All for which the system of a country's window refuses a document whose message has so many bytes."""
    known = countries().get(country)
    if known is None:
        return
    items, limits = len(getattr(document, "items", ())), known.limits
    if limits.max_items is not None and items > limits.max_items:
        yield "too-many", "/items", f"{items} items, at most {limits.max_items} fit."
    if limits.max_bytes is not None and size > limits.max_bytes:
        yield "too-many", "", f"{size} bytes, at most {limits.max_bytes} are taken."
    for pointer in limits.missing(document):
        yield "missing", pointer, "This window asks for it."


def by_number(number: str | None) -> Iterator[Wrong]:
    """What the end of a number has the system say."""
    outcome = told_by(number).outcome
    if outcome is not None and outcome.by_system and outcome.reason is not None:
        yield "other", "", outcome.reason.text


def unreadable(found: tuple[Finding, ...]) -> Iterator[Wrong]:
    for each in found:
        yield "unreadable", each.pointer, f"{each.message} {each.found}".strip()


def refusal(adapter: Adapter, message_id: str, wrong: tuple[Wrong, ...]) -> Refusal | None:
    """In the codes of the window; None: its form has no such word."""
    if adapter.refusals is None:
        return None
    codes = adapter.refusals.codes
    return Refusal(message_id, tuple((codes[why], pointer, text) for why, pointer, text in wrong))
