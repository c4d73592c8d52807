"""What a validator of another maker says of many documents at once, since starting it is what takes its time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

SEVERE = frozenset({"error", "fatal"})


class Finding(NamedTuple):
    """One line of what it says; `done` follows the last one of each file. `rule` is its own name for it, if any."""

    file: str
    severity: str
    place: str
    rule: str
    message: str


def lines(printed: str) -> list[Finding]:
    """What it printed: five fields a line, parted by tabs."""
    return [Finding(*line.split("\t", 4)) for line in printed.splitlines()]


def errors(
    documents: Mapping[str, Any], folder: Path, ask: Callable[[Path], Iterable[Finding]]
) -> dict[str, list[str]]:
    """Name of each document → its errors, empty for one that is accepted. `ask` is given a folder with their files."""
    names = {f"{place:05}.json": name for place, name in enumerate(documents)}
    for file, name in names.items():
        (folder / file).write_text(json.dumps(documents[name]))
    said: dict[str, list[str]] = defaultdict(list)
    found = list(ask(folder))
    for it in found:
        if it.severity in SEVERE:
            said[names[it.file]].append(f"{it.place}: {it.message}")
    assert {names[it.file] for it in found if it.severity == "done"} == set(documents), "it did not come to the end"
    return {name: said[name] for name in documents}
