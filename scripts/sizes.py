"""Holds the sizes of files and functions: more than 500 and 40 lines fail; prints the medians that we aim at.

A function's lines are counted from `def` to its end without its docstring, since words that explain are no length.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LINES, FUNCTION_LINES = 500, 40
FOLDERS = ("linkexchange", "ti-adapter", "scripts", "tests")


def functions(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Every function with its length."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            words = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            docstring = (first.end_lineno or 0) - first.lineno + 1 if words else 0
            yield node, (node.end_lineno or 0) - node.lineno + 1 - docstring


def main() -> int:
    """Report what is too long; 1 when something is."""
    files = [file for folder in FOLDERS for file in sorted(Path(folder).rglob("*.py"))]
    file_lines, function_lines, wrong = [], [], []
    for file in files:
        text = file.read_text()
        lines = text.count("\n")
        file_lines.append(lines)
        if lines > FILE_LINES:
            wrong.append(f"{file}: {lines} lines")
        for node, length in functions(ast.parse(text)):
            function_lines.append(length)
            if length > FUNCTION_LINES:
                wrong.append(f"{file}:{node.lineno} {node.name}: {length} lines")
    print("\n".join(wrong) or "sizes hold", end="; ")
    print(f"medians: file {statistics.median(file_lines):.0f}, function {statistics.median(function_lines):.0f} lines")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
