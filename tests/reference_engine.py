"""The HL7 reference engine (HAPI), in a Java process, over the files of a folder.

Its parts come from Maven Central into Maven's own store; what is compiled is kept in a cache named after the sources.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from peers.ground import require

SOURCES = Path(__file__).parent / "hl7_engine"
PACKAGE = Path(__file__).parents[1] / "linkexchange/profiles/package"
FILES = ("pom.xml", "Validate.java")
MAVEN_SECONDS, JAVA_SECONDS = 900, 1_800
SEVERE = frozenset({"error", "fatal"})


class Finding(NamedTuple):
    """One line of what it says; `done` follows the last one of each file."""

    file: str
    severity: str
    place: str
    message: str


@functools.cache
def installed() -> Path:
    """The folder with its classes and their class path. Skips the test where they cannot be had; in CI fails it."""
    require("mvn", "java", "javac")
    digest = hashlib.sha256(b"".join((SOURCES / file).read_bytes() for file in FILES)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "linkexchange-tests"
    if not (cache / digest).exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as aside:
            folder = Path(aside) / digest
            _install(folder)
            with suppress(OSError):
                folder.rename(cache / digest)
    return cache / digest


def _install(folder: Path) -> None:
    folder.mkdir()
    for file in FILES:
        shutil.copy(SOURCES / file, folder)
    _run(["mvn", "-q", "-B", "dependency:build-classpath", "-Dmdep.outputFile=classpath"], folder)
    _run(["javac", "-cp", (folder / "classpath").read_text(), "-d", ".", "Validate.java"], folder)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=MAVEN_SECONDS, check=False)
    if done.returncode:
        reason = f"{command[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-300:]}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


def findings(documents: Path, definitions: Path) -> list[Finding]:
    """What it says of each file of a folder, knowing the definitions of another."""
    tools = installed()
    path = f"{tools}{os.pathsep}{(tools / 'classpath').read_text()}"
    command = ["java", "-Xmx2g", "-cp", path, "Validate", str(documents), str(definitions)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=JAVA_SECONDS, check=True)
    return [Finding(*line.split("\t", 3)) for line in done.stdout.splitlines()]


def errors(documents: Mapping[str, Any], folder: Path) -> dict[str, list[str]]:
    """Name of each document → its errors by our package, empty for one that the engine accepts."""
    names = {f"{place:05}.json": name for place, name in enumerate(documents)}
    for file, name in names.items():
        (folder / file).write_text(json.dumps(documents[name]))
    said: dict[str, list[str]] = defaultdict(list)
    found = findings(folder, PACKAGE)
    for it in found:
        if it.severity in SEVERE:
            said[names[it.file]].append(f"{it.place}: {it.message}")
    assert {names[it.file] for it in found if it.severity == "done"} == set(documents), "it did not come to the end"
    return {name: said[name] for name in documents}
