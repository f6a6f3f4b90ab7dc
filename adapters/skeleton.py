"""A package of one's own with an adapter in it, begun as a copy of one of ours.

1. The copy works as it is, so that each change can be tried: the style is the new name, the rest what the window of the
   country speaks here. It says of itself that it is invented, until its author knows better and says from where.
2. Nothing is written over: the folder must not be there, or be empty.
"""

import re
from importlib.util import find_spec
from pathlib import Path

from adapters.outside import GROUP, STYLE, Unusable
from adapters.single_windows.countries import Country, countries
from schemas.findings import Kind, finding, register

register(
    [
        Kind(
            "adapter.folder-taken",
            "The folder of the new package is there already, with something in it.",
            "Name another folder, or another package: nothing is written over.",
        ),
    ]
)

_PROJECT = """\
[build-system]
requires = ["setuptools>=80"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "0.1.0"
description = "How a single window of {country} speaks: an adapter for Tradebridge"
requires-python = ">=3.11"
dependencies = ["tradebridge"]

[project.entry-points."{group}"]
{name} = "{name}"

[tool.setuptools.packages.find]
where = ["src"]

[tool.pytest.ini_options]
pythonpath = ["src"]
testpaths = ["tests"]
"""

_README = """\
# {name}

An adapter for Tradebridge: how a single window of {country} speaks. It was begun as a copy of the style `{style}`.

1. `src/{name}/codec.py` writes documents and events in the window's form, and reads them. Make it yours.
2. `src/{name}/__init__.py` says for which countries, how sure that is (`fidelity`) and who says so (`source`).
3. `tb adapter check .` tries the contract on it, as the tests do: `python -m pytest`.
4. `tb up --with .` starts a world in which this country's window speaks it.

It runs inside the process of whoever uses it, hub or world, with all that this process may do.
"""

_TESTS = '''\
"""The contract of an adapter, on ours: one test for each of its checks."""

import pytest

from adapters.contract import CHECKS, Check, verdict
from {name} import COUNTRIES, adapter


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_contract_holds(check: Check, country: str) -> None:
    assert [each.to_json() for each in verdict(check, adapter(country)).findings] == []


def test_the_style_is_the_name_of_the_entry_point() -> None:
    assert adapter(COUNTRIES[0]).style == "{name}"
'''

_COUNTRIES = '''\
COUNTRIES = ("{code}",)
"""Whose windows speak so: ISO 3166-1 alpha-2."""


'''


def write(folder: Path, name: str, country: Country) -> tuple[Path, ...]:
    """Write the package into `folder`; the files written. Raises `Unusable` for a name or folder that cannot be used,
    and `OSError`."""
    style = country.style.value
    ours = {each.style.value for each in countries().values()}
    if not STYLE.fullmatch(name) or find_spec(name) is not None or name in ours:
        expected = f"{STYLE.pattern}, and no module's that there is"
        raise Unusable(finding("adapter.bad-name", found=name, expected=expected))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Unusable(
            finding("adapter.folder-taken", found=str(folder), expected="a folder that is empty or not there")
        )
    facts = {"name": name, "country": country.name, "style": style, "group": GROUP}
    texts = {
        "pyproject.toml": _PROJECT.format(**facts),
        "README.md": _README.format(**facts),
        "tests/test_contract.py": _TESTS.format(**facts),
        **{f"src/{name}/{file}": text for file, text in _copied(style, name, country.code).items()},
    }
    for place, text in texts.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tuple(folder / place for place in texts)


def _copied(style: str, name: str, country: str) -> dict[str, str]:
    """The modules of a style of ours, by file name, as they read under the new name."""
    source = Path(__file__).parent / "single_windows" / style
    texts = {path.name: path.read_text("utf-8") for path in sorted(source.glob("*.py"))}
    renamed = {file: re.sub(rf"\badapters\.single_windows\.{style}\b", name, text) for file, text in texts.items()}
    renamed["__init__.py"] = _of_its_own(renamed["__init__.py"], style, name, country)
    return renamed


def _of_its_own(text: str, style: str, name: str, country: str) -> str:
    """The module that has `adapter`, saying whose it is and that nothing is known yet."""
    changes = (
        (rf'style="{style}"', f'style="{name}"'),
        (r'fidelity="\w+"', 'fidelity="invented"'),
        (r'source="[^"\n]*"', f'source="Begun as a copy of the style {style} of Tradebridge; nothing is known yet"'),
        (r"(?m)\n^def adapter\(", _COUNTRIES.format(code=country) + "def adapter("),
    )
    for pattern, new in changes:
        text = re.sub(pattern, new.replace("\\", r"\\"), text, count=1)
    return text
