"""Results for people at a terminal, for machines, and for the docs."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.figures import Result, result_of
from rich.console import Console
from rich.table import Table

HEADINGS = ("work", "ours", "peer in the same run", "measure", "goal", "floor", "verdict")
_STYLES = {"goal": "green", "floor": "yellow", "missed": "red", "reported": "dim"}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and when it was measured, in general words."""

    day: str
    cores: int
    processor: str
    system: str
    versions: dict[str, str]

    @classmethod
    def here(cls, versions: dict[str, str] | None = None) -> Circumstances:
        """This machine, now; without versions of its own, beside the peers of a transfer."""
        return cls(
            day=datetime.now(UTC).date().isoformat(),
            cores=os.cpu_count() or 0,
            processor=_processor(),
            system=f"Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}",
            versions=versions if versions is not None else _peers(),
        )

    @property
    def sentence(self) -> str:
        peers = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{self.day}, {self.cores} cores ({self.processor}), {self.system}; {peers}"


def _peers() -> dict[str, str]:
    return {
        "Orthanc": _first_version("Orthanc", "--version"),
        "DCMTK": _first_version("storescp", "--version"),
        "pynetdicom": version("pynetdicom"),
    }


def table(results: Sequence[Result]) -> Table:
    """Coloured by verdict; medians, and smallest to largest in brackets."""
    shown = Table(*HEADINGS, title="Median of the runs (smallest to largest)")
    for result in results:
        shown.add_row(*result.cells(), style=_STYLES[result.verdict])
        if result.note:
            shown.add_row(f"  {result.note}", style="dim")
    return shown


def write_json(path: Path, circumstances: Circumstances, results: Sequence[Result]) -> None:
    rows = [result.to_json() for result in results]
    path.write_text(json.dumps({"circumstances": asdict(circumstances), "rows": rows}, indent=1) + "\n")


def read_json(path: Path) -> tuple[Circumstances, list[Result]]:
    """What `write_json` has written."""
    content: dict[str, Any] = json.loads(path.read_text())
    return Circumstances(**content["circumstances"]), [result_of(row) for row in content["rows"]]


def show(results: Sequence[Result]) -> None:
    Console(width=None if os.isatty(1) else 200).print(table(results))


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def _first_version(*command: str) -> str:
    """The first number with dots that a program says of itself."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
    environment = {**os.environ, "PATH": path}
    said = subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout
    found = re.search(r"\d+(\.\d+)+", said)
    return found.group(0) if found else "unknown"
