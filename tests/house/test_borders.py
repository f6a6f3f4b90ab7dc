"""The import contracts catch what DESIGN's table forbids, and nothing else."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from grimp import ImportGraph

from tests.house.borders import foreign_imports, imports_at_load

ROWS = {
    contract["importer"]: contract
    for contract in tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    if contract["type"] == "may_import"
}


def graph_of(importer: str, imported: str) -> ImportGraph:
    graph = ImportGraph()
    for module in (importer, imported):
        graph.add_module(module)
    graph.add_import(importer=importer, imported=imported)
    return graph


def broken_rows(importer: str, imported: str) -> list[str]:
    graph = graph_of(importer, imported)
    return [
        name
        for name, row in ROWS.items()
        if list(foreign_imports(graph, name, frozenset(row.get("apart_from", ())), frozenset(row["allowed"])))
    ]


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("schemas.event", "tradebridge.evidence.jws"),
        ("schemas.event", "adapters.port"),
        ("tradebridge.evidence.jws", "tradebridge.client"),
        ("tradebridge.evidence.jws", "exchange.hub"),
        ("adapters.port", "exchange.hub"),
        ("adapters.port", "tradebridge.client"),
        ("tradebridge.client", "tradebridge.cli.send"),
        ("tradebridge.client", "exchange.hub"),
        ("tradebridge.render.forms", "simulator.world"),
        ("exchange.hub", "adapters.single_windows.asw.codec"),
        ("exchange.hub", "tradebridge.client"),
        ("exchange.hub", "simulator.world"),
        ("simulator.world", "exchange.hub"),
    ],
)
def test_an_import_across_a_border_breaks_one_row(importer: str, imported: str) -> None:
    assert len(broken_rows(importer, imported)) == 1


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("schemas.event", "schemas.findings"),
        ("tradebridge.evidence.jws", "schemas.findings"),
        ("tradebridge.evidence.jws", "tradebridge.evidence.trust"),
        ("adapters.port", "tradebridge.evidence.jws"),
        ("tradebridge.client", "tradebridge.render.forms"),
        ("tradebridge.client", "tradebridge.evidence.verify"),
        ("tradebridge.cli.serve", "exchange.hub"),
        ("tradebridge.pytest_plugin", "simulator.testing.world"),
        ("exchange.hub", "adapters.port"),
        ("exchange.paper", "tradebridge.render.form"),
        ("exchange.hub", "tradebridge.evidence.jws"),
        ("simulator.world", "tradebridge.client"),
        ("simulator.world", "adapters.single_windows.asw.codec"),
    ],
)
def test_an_import_that_the_table_allows_breaks_none(importer: str, imported: str) -> None:
    assert broken_rows(importer, imported) == []


def test_imports_inside_functions_and_for_types_do_not_run_at_load() -> None:
    source = """
import click
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from exchange.hub import Hub
class Command:
    import schemas
def main() -> None:
    from exchange.hub import Hub
try:
    from simulator import world
except ImportError:
    world = None
"""
    assert [name for _, name in imports_at_load(source)] == [
        "click",
        "typing.TYPE_CHECKING",
        "schemas",
        "simulator.world",
    ]


def test_the_linter_names_each_import_that_breaks_a_row(tmp_path: Path) -> None:
    for package in ("schemas", "tradebridge", "adapters", "exchange", "simulator", "tradebridge/cli"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "schemas" / "event.py").write_text("import exchange\n")
    (tmp_path / "tradebridge" / "cli" / "send.py").write_text("import schemas\n")
    (tmp_path / "tests").symlink_to(Path("tests").resolve())
    (tmp_path / "pyproject.toml").write_bytes(Path("pyproject.toml").read_bytes())
    program = str(Path(sys.executable).with_name("lint-imports"))
    command = [program, "--no-logo", "--no-cache"]
    report = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert report.returncode == 1
    assert "6 kept, 2 broken" in report.stdout
    assert "schemas.event must not import exchange" in report.stdout
    assert "tradebridge/cli/send.py:1: schemas is imported when the module loads" in report.stdout
