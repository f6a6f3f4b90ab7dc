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
    from adapters.single_windows.countries import FIDELITIES, countries

    yield from (
        "## Single windows",
        "",
        "What the simulation goes by, country by country, counted and then in full.",
        "",
    )
    yield from _rows("country", "window", "style", *FIDELITIES)
    for country in countries().values():
        every = Counter(fact.fidelity for _, fact in country.facts())
        counts = [every[each] for each in FIDELITIES]
        yield _row(f"{country.code} {country.name}", country.window.value, f"`{country.style.value}`", *counts)
    yield from (
        "",
        "Of each fact: how true the value is as it is used here, and how sure the source is: `R` read in the source",
        "named, `S` secondary, `U` unsure, `invented` where the simulation needs something.",
        "`pace` is in minutes of the `hours`.",
    )
    for country in countries().values():
        yield from ("", f"### {country.code} {country.name}", "")
        yield from _rows("fact", "value", "fidelity", "certainty", "source", "read")
        for name, fact in country.facts():
            value = ", ".join(fact.value) if isinstance(fact.value, tuple) else fact.value
            yield _row(name.replace("_", " "), value, fact.fidelity, fact.certainty, fact.source, fact.read)


def _rows(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield _row(*("---" for _ in titles))


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
