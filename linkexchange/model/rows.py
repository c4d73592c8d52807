"""Rules as rows of a file, whatever they rule: a list under one key, names, whole numbers.

Every function raises ValueError that says which key or row is wrong, and never shows a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_Row = TypeVar("_Row", bound=_Named)


def listed(document: Mapping[str, Any], key: str, most: int, *, beside: str = "") -> list[object]:
    """The rows under this key, beside which there is nothing, or one other key at most."""
    rows = document.get(key)
    if set(document) - {key, *([beside] if beside else [])} or not isinstance(rows, list) or len(rows) > most:
        first = f"`{beside}`, " if beside else ""
        raise ValueError(f"{first}one list `{key}` with at most {most} rows, and nothing else")
    return rows


def each(rows: Sequence[object], read: Callable[[Mapping[str, Any]], _Row], kind: str = "rule") -> tuple[_Row, ...]:
    """All of them, each under a name of its own; one that is wrong is called by its number."""
    found = tuple(_one(number, row, read, kind) for number, row in enumerate(rows, start=1))
    names = [it.name for it in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{min(twice)}: stands there twice")
    return found


def _one(number: int, row: object, read: Callable[[Mapping[str, Any]], _Row], kind: str) -> _Row:
    try:
        if not isinstance(row, dict):
            raise ValueError("not a row")
        return read(row)
    except ValueError as wrong:
        raise ValueError(f"{kind} {number}: {wrong}") from None


def whole_number(key: str, value: object, most: int) -> int:
    """From 1 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{key}: a whole number from 1 to {most}")
    return value
