"""The page that counts what is exact, modelled and invented: codes by family, adapters, facts on countries.

All of it is read from the tables that the program itself uses, so the page cannot claim more than they do.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.findings import Kind

_HEAD = """# Fidelity: exact, modelled, invented

Made by `make docs` out of the code: change it there. [What the words mean](../fidelity.md).
"""


def page(kinds: "Iterable[Kind]") -> str:
    """The page as Markdown."""
    parts = (_codes(kinds), _adapters(), _countries())
    return _HEAD + "".join("\n" + "\n".join(part) + "\n" for part in parts)


def _codes(kinds: "Iterable[Kind]") -> Iterator[str]:
    from schemas.findings import Fidelity

    every = Counter((kind.family, kind.fidelity) for kind in kinds)
    families = sorted({family for family, _ in every})
    yield from ("## Codes", "", "What can be found in a document or a request, by family ([all codes](codes.md)).", "")
    yield from _rows("family", *(each.value for each in Fidelity), "all")
    for family in families:
        counts = [every[family, each] for each in Fidelity]
        yield _row(f"`{family}`", *counts, sum(counts))
    sums = [sum(every[family, each] for family in families) for each in Fidelity]
    yield _row("all", *sums, sum(sums))


def _adapters() -> Iterator[str]:
    from pkgutil import iter_modules

    from adapters import platforms, single_windows
    from adapters.port import find_adapter

    places = (*single_windows.__path__, *platforms.__path__)
    styles = [module.name for module in iter_modules(places) if module.ispkg]
    yield from ("## Adapters", "", "How a partner speaks, as a whole; the details stand in its `codec.py`.", "")
    yield from _rows("style", "fidelity", "source")
    for style in sorted(styles):
        adapter = find_adapter(style)
        yield _row(f"`{style}`", adapter.fidelity, adapter.source)


def _countries() -> Iterator[str]:
    from adapters.single_windows.countries import countries

    yield from (
        "## Countries",
        "",
        "`R` read in the source named, `S` secondary, `U` unsure, `invented` where the simulation needs something.",
        "",
    )
    yield from _rows("country", "fact", "value", "certainty", "source")
    for country in countries().values():
        facts = {name: getattr(country, name) for name in _FACTS}
        for name, fact in facts.items():
            if fact is not None:
                yield _row(country.code, name.replace("_", " "), fact.value, fact.certainty, fact.source)


_FACTS = ("window", "issuer", "style", "channel", "max_items", "max_bytes")


def _rows(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield _row(*("---" for _ in titles))


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
