"""@medplum/core, a FHIR implementation in TypeScript with a validator, over the files of a folder.

It and the definitions of FHIR R4 come from the npm registry, once, pinned by a lock file.
"""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beside import said
from kept_tools import npm_packages

SOURCES = Path(__file__).parent / "medplum"
PACKAGE = Path(__file__).parents[2] / "linkexchange/profiles/package"
NODE_SECONDS = 1_800


@functools.cache
def installed() -> Path:
    """The folder with its packages."""
    return npm_packages(SOURCES)


def version() -> str:
    """Of the validator, as it is pinned."""
    pinned: str = json.loads((SOURCES / "package.json").read_text())["dependencies"]["@medplum/core"]
    return pinned


def findings(documents: Path) -> list[said.Finding]:
    """What it says of each file of a folder, knowing FHIR R4 and our package."""
    command = ["node", str(SOURCES / "validate.js"), str(installed()), str(documents), str(PACKAGE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=NODE_SECONDS, check=True)
    return said.lines(done.stdout)


def errors(documents: Mapping[str, Any], folder: Path) -> dict[str, list[str]]:
    """Name of each document → its errors, empty for one that it accepts."""
    return said.errors(documents, folder, findings)
