"""The wheel holds every tracked file of the packages, so that what runs in a checkout runs when installed."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PACKAGES = ("adapters", "exchange", "schemas", "simulator", "tradebridge")


def test_the_wheel_holds_every_tracked_file_and_both_commands(tmp_path: Path) -> None:
    listing = subprocess.run(["git", "ls-files", "-z", *PACKAGES], capture_output=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    tracked = [path for path in listing.stdout.decode().rstrip("\0").split("\0") if Path(path).is_file()]
    for path in [*tracked, "pyproject.toml", "README.md", "LICENSE"]:
        (tmp_path / "src" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, tmp_path / "src" / path)
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(tmp_path), str(tmp_path / "src")]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = [name for name in names if name.endswith("/entry_points.txt")]
        scripts = archive.read(entry_points).decode()
    assert sorted(set(tracked) - set(names)) == []
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == set(PACKAGES)
    assert "tb = tradebridge.cli:main" in scripts
    assert "tradebridge = tradebridge.cli:main" in scripts
