"""No file imports itself through others. Imports for types count: a circle of them ties files together as well."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import ganlab

PACKAGE = Path(ganlab.__file__).parent


def module(file: Path) -> str:
    return ".".join((PACKAGE.name, *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


FILES = {module(file): file for file in PACKAGE.rglob("*.py")}


def imported(name: str) -> Iterator[str]:
    """Yield the package's modules that a module imports anywhere, in functions too."""
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in FILES:
            yield from {f"{node.module}.{each.name}" for each in node.names} & FILES.keys() or {node.module}
        elif isinstance(node, ast.Import):
            yield from {each.name for each in node.names} & FILES.keys()


def test_no_import_circle_between_files() -> None:
    arrows = {name: set(imported(name)) for name in FILES}
    assert "ganlab.config.base" in arrows["ganlab.config.experiment"]
    TopologicalSorter(arrows).prepare()
