"""The wheel holds every tracked file of the packages, and is the same bytes whoever builds it, where and when.

It is built as `make wheel` builds it, of the tracked files as they are now: of a tree that stands in no commit.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PACKAGES = ("adapters", "exchange", "schemas", "simulator", "tradebridge")


def tracked() -> list[str]:
    """Files of the packages; skips where this is no checkout."""
    listing = subprocess.run(["git", "ls-files", "-z", *PACKAGES], capture_output=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [path for path in listing.stdout.decode().rstrip("\0").split("\0") if Path(path).is_file()]


def built(tree: str, folder: Path, **environment: str) -> Path:
    target = ["make", "--no-print-directory", "-o", ".venv/run.stamp", "wheel", f"TREE={tree}", f"DIST={folder}"]
    command = [*target, f"BIN={Path(sys.executable).parent}"]
    made = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> str:
    tracked()
    """All tracked files as they are now, in a copy of the index: what is staged stays as it is."""
    index = tmp_path_factory.mktemp("index") / "index"
    where = subprocess.run(["git", "rev-parse", "--git-path", "index"], capture_output=True, text=True, check=True)
    shutil.copyfile(where.stdout.strip(), index)
    there = os.environ | {"GIT_INDEX_FILE": str(index)}
    subprocess.run(["git", "add", "--update", "."], env=there, check=True)
    return subprocess.run(["git", "write-tree"], env=there, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def wheel(tree: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tree, tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_every_tracked_file_and_both_commands(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = [name for name in names if name.endswith("/entry_points.txt")]
        scripts = archive.read(entry_points).decode()
    assert sorted(set(tracked()) - set(names)) == []
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == set(PACKAGES)
    assert "tb = tradebridge.cli:main" in scripts
    assert "tradebridge = tradebridge.cli:main" in scripts


def test_the_same_files_give_the_same_bytes_elsewhere_later_and_under_another_umask(
    wheel: Path, tree: str, tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        again = built(tree, tmp_path, TZ="Asia/Tokyo", PYTHONHASHSEED="7", TMPDIR=str(tmp_path))
    finally:
        os.umask(before)
    assert again.read_bytes() == wheel.read_bytes()
