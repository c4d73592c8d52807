"""The HL7 reference engine (HAPI FHIR validation), beside which the validator is held. Needs Java and Maven."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peers.ground import require

FOLDER = Path(__file__).parent / "hl7_engine"
PACKAGE = Path(__file__).parents[1] / "linkexchange/profiles/package"
FETCH_SECONDS, RUN_SECONDS = 900, 1_800
_BROKEN = frozenset({"error", "fatal"})


def errors(documents: Mapping[str, Any], folder: Path) -> dict[str, list[str]]:
    """Name of each document → its errors, empty for one that the engine accepts."""
    require("java", "mvn")
    for place, document in enumerate(documents.values()):
        (folder / f"{place:05}.json").write_text(json.dumps(document))
    names = {f"{place:05}.json": name for place, name in enumerate(documents)}
    found: dict[str, list[str]] = defaultdict(list)
    done = set()
    for line in _said(folder).splitlines():
        file, severity, place, message = line.split("\t", 3)
        if severity in _BROKEN:
            found[names[file]].append(f"{place}: {message}")
        elif severity == "done":
            done.add(names[file])
    assert done == set(documents), "the engine did not come to the end"
    return {name: found[name] for name in documents}


def _said(folder: Path) -> str:
    command = ["java", "-cp", _classpath(folder.parent / "classpath"), "Validate.java", str(folder), str(PACKAGE)]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=RUN_SECONDS, check=True)
    return done.stdout


def _classpath(file: Path) -> str:
    command = ["mvn", "-q", "-B", "dependency:build-classpath", f"-Dmdep.outputFile={file}"]
    subprocess.run(command, cwd=FOLDER, capture_output=True, timeout=FETCH_SECONDS, check=True)
    return file.read_text()
