"""Import contracts for import-linter that say what DESIGN's table says, row by row.

`MayImport`: a package may import its own modules, those that `allowed` names (with all below them), and whatever is not
ours. `except` takes parts out of the package: they have rows of their own, and count as foreign unless allowed.
`InsideFunctions`: a package imports the others only inside functions, so that loading it costs nothing. Imports under
`if TYPE_CHECKING` are free there, as they never run.

Each row is about direct imports. Together the rows bind every module, so nothing can go around through a third one.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


def within(module: str, packages: Iterable[str]) -> bool:
    """Whether `module` is one of `packages` or lies below one."""
    return any(module == package or module.startswith(package + ".") for package in packages)


def foreign_imports(
    graph: ImportGraph, importer: str, excluded: frozenset[str], allowed: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Pairs (module, what it imports) that the row does not allow."""
    for module in sorted(graph.modules):
        if not within(module, {importer}) or within(module, excluded):
            continue
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            own = within(imported, {importer}) and not within(imported, excluded)
            if not own and not within(imported, allowed):
                yield module, imported


def imports_at_load(source: str) -> Iterator[tuple[int, str]]:
    """Line and module of each absolute import that runs when `source` is loaded."""

    def walk(body: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
        for node in body:
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
            elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                yield from walk(node.orelse)
            elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                yield from walk(ast.iter_child_nodes(node))

    yield from walk(ast.parse(source).body)


class MayImport(Contract):
    """`importer`, without what is `apart_from` it, may import itself, what is in `allowed`, and foreign packages."""

    type_name = "may_import"

    importer = fields.StringField()
    apart_from = fields.SetField(subfield=fields.StringField(), required=False, default=frozenset())
    allowed = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        options = self.contract_options
        excluded, allowed = (frozenset(options.get(key, ())) for key in ("apart_from", "allowed"))
        found = list(foreign_imports(graph, options["importer"], excluded, allowed))
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for module, imported in check.metadata["found"]:
            output.print_error(f"{module} must not import {imported}")


class InsideFunctions(Contract):
    """Modules of `importer` import the rest of ours inside functions only; the version of the package is free."""

    type_name = "inside_functions"

    importer = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        importer = self.contract_options["importer"]
        ours = {module.partition(".")[0] for module in graph.modules}
        found = [
            f"{path}:{line}: {imported} is imported when the module loads; import it inside the function"
            for module in sorted(graph.modules)
            if within(module, {importer}) and (path := source_of(module)).exists()
            for line, imported in imports_at_load(path.read_text(encoding="utf-8"))
            if within(imported, ours) and not within(imported, {importer, "tradebridge.__version__"})
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["found"]:
            output.print_error(line)


def source_of(module: str) -> Path:
    """The file of `module`, from the root of the project, where import-linter runs."""
    path = Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
