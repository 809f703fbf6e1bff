from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_BELOW = ("infra", "shared.catalog", "shared.partners")


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}: imports are absolute"
            yield node.module or ""


def test_infra_imports_the_catalogue_and_the_partner_files_and_nothing_else_of_ours() -> None:
    ours = {path.stem for path in _ROOT.iterdir()}
    imported = {
        name for file in (_ROOT / "infra").rglob("*.py") if ".venv" not in file.parts for name in _imports(file)
    }

    assert set() == {
        name
        for name in imported
        if name.split(".")[0] in ours and not any(name == room or name.startswith(f"{room}.") for room in _BELOW)
    }
    assert {"shared.catalog.flows", "shared.partners.reading"} <= imported
