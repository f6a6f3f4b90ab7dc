"""Both locks pin everything by hash for 3.11 to 3.13, and no tracked file names a registry or this machine."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT: dict[str, Any] = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
RUN = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["build"]]
TEST = [*RUN, *PROJECT["project"]["optional-dependencies"]["test"]]
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")

# Written in parts, so that this file does not name what it looks for.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("crates", "io"),
        ("golang", "org"),
        ("maven", "org"),
        ("maven", "apache", "org"),
        ("deb", "debian", "org"),
    )
]
HERE = ["/" + "work/", "/" + "root/", "/" + "tmp/tb"]


def pins(lock: str) -> list[tuple[str, Version, Marker | None]]:
    """Name, version and marker of each pin."""
    matches = [PIN.match(line) for line in Path(lock).read_text(encoding="utf-8").splitlines() if line[:1] != " "]
    assert all(matches), f"{lock} has a line that is neither a pin nor a hash"
    return [
        (canonicalize_name(m["name"]), Version(m["version"]), Marker(m["marker"]) if m["marker"] else None)
        for m in matches
        if m
    ]


@pytest.mark.parametrize("lock", ["run.lock", "test.lock"])
def test_each_pin_has_a_hash_and_nothing_else_stands_in_a_lock(lock: str) -> None:
    lines = Path(lock).read_text(encoding="utf-8").splitlines()
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        assert PIN.match(line) or HASH.match(line), f"{lock}: {line}"
        assert not PIN.match(line) or HASH.match(after), f"{lock}: {line} has no hash"


@pytest.mark.parametrize(("lock", "wanted"), [("run.lock", RUN), ("test.lock", TEST)])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_lock_fulfils_each_direct_dependency(lock: str, wanted: list[str], python: str, platform: str) -> None:
    environment = default_environment() | {"python_version": python, "sys_platform": platform}
    held = {
        name: version
        for name, version, marker in pins(lock)
        if marker is None or marker.evaluate(environment)  # type: ignore[arg-type] # a typed dict of these strings
    }
    for requirement in map(Requirement, wanted):
        version = held.get(canonicalize_name(requirement.name))
        assert version, f"{lock} lacks {requirement.name}: make locks"
        assert requirement.specifier.contains(version, prereleases=True), f"{lock}: {requirement}, but {version}"


def test_what_is_tested_is_what_runs() -> None:
    tested = {(name, version) for name, version, _ in pins("test.lock")}
    assert {(name, version) for name, version, _ in pins("run.lock")} <= tested


def test_the_package_says_the_version_of_the_project() -> None:
    import tradebridge

    assert tradebridge.__version__ == PROJECT["project"]["version"]


def test_no_tracked_file_names_a_registry_or_a_path_of_one_machine() -> None:
    listing = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    found = []
    for path in map(Path, listing.stdout.decode().rstrip("\0").split("\0")):
        text = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
        found += [f"{path} names {word}" for word in (*REGISTRIES, *HERE) if word in text]
    assert found == []
