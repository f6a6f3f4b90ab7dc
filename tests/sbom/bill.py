"""The bill of materials: what `run.lock` installs, with versions, purls, hashes and licences, as CycloneDX 1.6 in JSON.

1. All comes from the lock, `pyproject.toml` and the metadata of the installed packages, whose versions the lock fixes.
   So the same lock gives the same bytes: no time stands in it, and its serial number is derived from the lock.
2. A licence is an SPDX expression. Where a package does not say one, `READ` has what its own licence file says.
3. The lock knows no tree of dependencies, so only those of the project itself are told.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "licences.md"
BILL = ROOT / "dist" / "tradebridge.cdx.json"

PERMISSIVE = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "LicenseRef-Public-Domain", "MIT", "MIT-0", "PSF-2.0"),
}
WEAK_COPYLEFT = {"Artistic-2.0", "LGPL-2.1-only", "LGPL-3.0-only", "MPL-2.0"}
"""Used unchanged, as libraries: what they ask for concerns changes of the library itself."""

READ = {
    "django-js-lib-htmx": "0BSD",
    "iso4217": "LicenseRef-Public-Domain",
    "jinja2": "BSD-3-Clause",
    "markdown-it-py": "MIT",
    "mdurl": "MIT",
    "rfc3161-client": "Apache-2.0",
    "rfc8785": "Apache-2.0",
    "segno": "BSD-3-Clause",
    "tzdata": "Apache-2.0",  # for Windows only, so it is not installed here
    "uvloop": "Apache-2.0 OR MIT",
}
"""Packages that say no SPDX expression in their metadata, with what their licence files say."""

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; .+?)? \\$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_ID = re.compile(r"[A-Za-z0-9.-]+")


class NoLicence(LookupError):
    """A package says no SPDX expression, and nobody has read its licence file: put it into `READ`."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of the lock."""

    name: str
    version: str
    hashes: tuple[str, ...]
    """SHA-256 of each file that an install may take, in hexadecimal."""

    @property
    def licence(self) -> str:
        """SPDX expression. Raises `NoLicence`."""
        return READ.get(self.name) or _stated(self.name, self.version)


def pins(lock: Path = ROOT / "run.lock") -> list[Pin]:
    """What the lock installs, by name."""
    found: dict[str, tuple[str, list[str]]] = {}
    hashes: list[str] = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if pin := _PIN.match(line):
            hashes = []
            found[canonicalize_name(pin[1])] = pin[2], hashes
        hashes += _HASH.findall(line)
    return [Pin(name, version, tuple(sorted(its))) for name, (version, its) in sorted(found.items())]


def licences_in(expression: str) -> set[str]:
    """The licences that an SPDX expression names."""
    return set(_ID.findall(expression)) - {"AND", "OR", "WITH"}


def bill() -> bytes:
    """CycloneDX 1.6, JSON."""
    project = _project()
    licence = LicenseFactory()
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, (ROOT / "run.lock").read_text(encoding="utf-8")))
    own = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        description=project["description"],
        bom_ref=project["name"],
        licenses=[licence.make_from_string(project["license"])],
    )
    bom.metadata.component = own
    bom.metadata.properties.add(
        Property(name="tradebridge:hashes", value="of each file that run.lock admits; an install takes one of them")
    )
    parts = {pin.name: _component(pin, licence) for pin in pins()}
    bom.components.update(parts.values())
    bom.register_dependency(own, [parts[canonicalize_name(Requirement(each).name)] for each in _direct()])
    told = orjson.loads(JsonV1Dot6(bom).output_as_string())
    del told["metadata"]["timestamp"]
    for part in told["components"]:
        # The library keeps a sum for an algorithm in no order of its own.
        part["hashes"].sort(key=lambda each: each["content"])
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def page() -> str:
    """The list of licences, as Markdown."""
    lines = [
        "# Licences of what is installed",
        "",
        "Made by `make sbom` out of `run.lock` and the packages' own metadata. Tradebridge itself: Apache-2.0.",
        "Each licence is permissive or weak copyleft; a test refuses any other (`tests/sbom/test_sbom.py`).",
        "",
        "| package | version | licence (SPDX) | |",
        "| --- | --- | --- | --- |",
    ]
    for pin in pins():
        kind = "weak copyleft" if licences_in(pin.licence) & WEAK_COPYLEFT else ""
        lines.append(f"| {pin.name} | {pin.version} | {pin.licence} | {kind} |")
    return "\n".join(lines) + "\n"


def _component(pin: Pin, licence: LicenseFactory) -> Component:
    purl = PackageURL("pypi", name=pin.name, version=pin.version)
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in pin.hashes],
        licenses=[licence.make_from_string(pin.licence)],
    )


def _stated(name: str, version: str) -> str:
    """What the metadata of the installed package says."""
    said = metadata.metadata(name)
    if said["Version"] != version:
        raise NoLicence(f"{name}: {said['Version']} is installed, and {version} is in run.lock: make .venv/test.stamp")
    stated = next((said[key] for key in ("License-Expression", "License") if key in said), "")
    if not licences_in(stated) or licences_in(stated) - PERMISSIVE - WEAK_COPYLEFT:
        raise NoLicence(f"{name} {version} says {stated[:60]!r}")
    return stated


@cache
def _project() -> dict[str, Any]:
    read = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {**read["project"], "build": read["dependency-groups"]["build"]}


def _direct() -> list[str]:
    project = _project()
    return [*project["dependencies"], *project["build"]]
