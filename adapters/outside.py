"""Adapters of others: how a package that is not ours brings one, and how it is found.

1. A package names its adapters as entry points of the group `tradebridge.adapters`: `mine = "mine"`. The name is the
   style, the value a module that is as ours are: it has `adapter(country) -> Adapter`, and `COUNTRIES` beside it, the
   countries (ISO 3166-1 alpha-2) whose windows speak this style.
2. An installed package is found by its entry point. A folder is found when `add_folder` was told of it: its
   `pyproject.toml` names the entry points, so nothing needs to be installed while an adapter is being written.
3. Ours come first: nobody can take the name of a style of ours. A name that two packages claim belongs to neither.
4. What is found runs in this process, with all that this process may do: read a package before you trust it.
"""

import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from schemas.findings import Finding, Kind, finding, register

if TYPE_CHECKING:
    from adapters.port import Adapter

GROUP = "tradebridge.adapters"
STYLE = re.compile(r"[a-z][a-z0-9_]{1,39}", re.ASCII)
MOST_BYTES = 256 * 1024
"""Of a pyproject.toml that is read."""

register(
    [
        Kind(
            "adapter.not-found",
            "There is no adapter here: neither an installed package nor a folder names one.",
            "Install the package, or name its folder: the one with the pyproject.toml.",
        ),
        Kind(
            "adapter.no-entry-point",
            "The package names no adapter.",
            'Name it in pyproject.toml: [project.entry-points."tradebridge.adapters"], then NAME = "MODULE".',
        ),
        Kind(
            "adapter.bad-name",
            "The name of an adapter's style is not one that can be used.",
            "Take a name of your own: small letters, digits and underscores.",
        ),
        Kind(
            "adapter.not-loaded",
            "The adapter's module cannot be loaded.",
            "Run `python -c 'import MODULE'` in the package, and mend what it says.",
        ),
        Kind(
            "adapter.no-countries",
            "The module does not say whose window speaks this style.",
            'Put COUNTRIES = ("SG",) into the module: codes of ISO 3166-1 alpha-2.',
        ),
    ]
)


class Unusable(LookupError):
    """There is something where the adapter should be, and it cannot be used: `found` says why, and what to do."""

    def __init__(self, found: Finding) -> None:
        super().__init__(f"{found.code}: {found.message} Found: {found.found}. {found.fix}")
        self.found = found


@dataclass(frozen=True, slots=True)
class Outside:
    """One adapter of a package that is not ours, loaded."""

    style: str
    countries: tuple[str, ...]
    make: "Callable[[str], Adapter]"
    """Of a country, as `adapter` of a module of ours."""
    where: str
    """Folder or package, for people."""


def named(given: str) -> tuple[Outside, ...]:
    """The adapters that a person names: by folder, by package, or by style. Raises `Unusable`."""
    folder = Path(given)
    if folder.is_dir():
        return add_folder(folder)
    installed = [
        each
        for each in entry_points(group=GROUP)
        if given == each.name or (each.dist is not None and _plain(given) == _plain(each.dist.name))
    ]
    if not installed:
        raise Unusable(finding("adapter.not-found", found=given, expected=f"an entry point of the group {GROUP}"))
    return tuple(_installed(each.name) for each in installed)


def find_outside(style: str) -> Outside | None:
    """The adapter of this style that somebody else brought; None where nobody did. Raises `Unusable`."""
    if style in _OF_FOLDERS:
        return _OF_FOLDERS[style]
    return _installed(style) if STYLE.fullmatch(style) and entry_points(group=GROUP, name=style) else None


def add_folder(folder: Path) -> tuple[Outside, ...]:
    """From now on the adapters of this folder are found in this process. Raises `Unusable`."""
    found = []
    for name, value in _named_in(folder / "pyproject.toml").items():
        source = folder / "src" if (folder / "src").is_dir() else folder
        known = _OF_FOLDERS.get(name)
        if known is not None and known.where != str(folder.resolve()):
            raise Unusable(finding("adapter.bad-name", found=f"{name}: {known.where} has it", expected="a free name"))
        if str(source.resolve()) not in sys.path:
            sys.path.append(str(source.resolve()))  # last: nothing there stands in for what is installed
        loaded = _loaded(EntryPoint(name, value, GROUP), str(folder.resolve()))
        _within(source.resolve(), value)
        found.append(loaded)
    _OF_FOLDERS.update({each.style: each for each in found})
    return tuple(found)


_OF_FOLDERS: dict[str, Outside] = {}


def _installed(style: str) -> Outside:
    claimed = list(entry_points(group=GROUP, name=style))
    owners = sorted({each.dist.name for each in claimed if each.dist is not None})
    if len({each.value for each in claimed}) > 1:
        raise Unusable(finding("adapter.bad-name", found=f"{style} of {', '.join(owners)}", expected="one package"))
    return _loaded(claimed[0], ", ".join(owners))


def _loaded(entry: EntryPoint, where: str) -> Outside:
    if not STYLE.fullmatch(entry.name) or entry.name in own_styles():
        found = f"{entry.name}, which is ours" if entry.name in own_styles() else entry.name
        raise Unusable(finding("adapter.bad-name", found=found, expected=STYLE.pattern))
    try:
        module = entry.load()
    except Exception as error:  # the code of a stranger may raise anything
        raise Unusable(_not_loaded(entry, f"{type(error).__name__}: {error}")) from error
    make = getattr(module, "adapter", None)
    if not callable(make):
        raise Unusable(_not_loaded(entry, "no function adapter(country)"))
    countries = getattr(module, "COUNTRIES", ())
    if not _are_countries(countries):
        raise Unusable(finding("adapter.no-countries", f"/{entry.name}", found=countries or "no COUNTRIES"))
    return Outside(entry.name, tuple(countries), make, where)


def _not_loaded(entry: EntryPoint, why: str) -> Finding:
    return finding("adapter.not-loaded", f"/{entry.name}", found=why, expected=f"the module {entry.value}")


def _are_countries(given: Any) -> bool:
    return (
        isinstance(given, tuple | list)
        and bool(given)
        and all(isinstance(each, str) and re.fullmatch(r"[A-Z]{2}", each) for each in given)
    )


def own_styles() -> frozenset[str]:
    """The names that are taken: our styles, and the modules beside them."""
    here = Path(__file__).parent
    return frozenset(module.name for module in iter_modules([str(here / "single_windows"), str(here / "platforms")]))


def _named_in(project: Path) -> Mapping[str, str]:
    """The entry points of a pyproject.toml, style to module. Raises `Unusable` where there is none."""
    expected = f'[project.entry-points."{GROUP}"]'
    try:
        with project.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES} bytes")
        table: Any = tomllib.loads(data.decode("utf-8"))
    except FileNotFoundError:
        raise Unusable(finding("adapter.not-found", found=str(project), expected="a pyproject.toml")) from None
    except (OSError, ValueError) as error:
        raise Unusable(finding("adapter.no-entry-point", found=f"{project}: {error}", expected=expected)) from error
    for step in ("project", "entry-points", GROUP):
        table = table.get(step) if isinstance(table, dict) else None
    if not isinstance(table, dict) or not table or not all(isinstance(each, str) for each in table.values()):
        raise Unusable(finding("adapter.no-entry-point", found=str(project), expected=expected))
    return table


def _within(source: Path, value: str) -> None:
    """A module of this folder was loaded, and not another of the same name."""
    name = value.partition(":")[0].strip()
    file = getattr(sys.modules[name], "__file__", None)
    if file is None or not Path(file).resolve().is_relative_to(source):
        expected = f"the module {name} in {source}"
        raise Unusable(finding("adapter.not-loaded", found=f"{file or name}: another module", expected=expected))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
