"""The rules of the house that no single module can hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from linkexchange.settings import CommonSettings, HubSettings, NodeSettings

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "linkexchange").rglob("*.py"))
FAMILIES = {"Fault", "Refused", "Unavailable", "PeerFault"}


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@pytest.mark.slow
def test_imports_run_one_way() -> None:
    done = _run(Path(sys.executable).parent / "lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_files_and_functions_keep_their_sizes() -> None:
    done = _run(sys.executable, "scripts/sizes.py")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", [CommonSettings, HubSettings, NodeSettings])
def test_every_setting_says_what_it_is_for(kind: type[CommonSettings]) -> None:
    silent = [name for name, field in kind.model_fields.items() if not (field.description or "").endswith(".")]
    assert silent == []


@pytest.mark.slow
def test_nobody_raises_a_family_instead_of_an_error_with_a_code() -> None:
    raised = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in SOURCES
        for node in ast.walk(_tree(file))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FAMILIES
    ]
    assert raised == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(file.relative_to(ROOT)) for file in SOURCES if not ast.get_docstring(_tree(file))]
    assert silent == []
