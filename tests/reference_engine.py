"""The HL7 reference engine (HAPI), in a Java process, over the files of a folder.

Its parts come from Maven Central into Maven's own store, as they are pinned. HL7_ENGINE may name a folder with the
archives of an engine of another version. What is compiled is kept in a cache named after the sources.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beside import said
from beside.said import SEVERE, Finding
from kept_tools import kept, run
from peers.ground import require

__all__ = ["SEVERE", "Finding", "errors", "findings", "version"]

SOURCES = Path(__file__).parent / "hl7_engine"
PACKAGE = Path(__file__).parents[1] / "linkexchange/profiles/package"
FILES = ("pom.xml", "Context.java", "Validate.java", "Snapshots.java")
PARTS = {"hapi": "hapi-fhir-base", "core": "org.hl7.fhir.validation", "validation": "hapi-fhir-validation"}
MAVEN_SECONDS, JAVA_SECONDS = 900, 1_800


@functools.cache
def installed() -> Path:
    """The folder with its classes and their class path. Skips the test where they cannot be had; in CI fails it."""
    require("java", "javac", *([] if _archives() else ["mvn"]))
    return kept([*(SOURCES / file for file in FILES), *_archives()], _install)


def version() -> str:
    """Of the engine and of HAPI around it, as they are pinned, or as the names of the archives say."""
    names = "\n".join(it.name for it in _archives())
    told = {part: re.findall(rf"^{archive}-(\d.*)[.]jar$", names, re.MULTILINE) for part, archive in PARTS.items()}
    pinned = dict(re.findall(r"<(hapi|core|validation).version>(.*)</", (SOURCES / "pom.xml").read_text()))
    of = {part: found[0] for part, found in told.items()} if names else pinned
    return f"{of['core']} (HAPI {of['hapi']}, its hapi-fhir-validation {of['validation']})"


def _archives() -> list[Path]:
    """Those of another engine than the pinned one, where there is one."""
    folder = os.environ.get("HL7_ENGINE")
    return sorted(Path(folder).glob("*.jar")) if folder else []


def _install(folder: Path) -> None:
    for file in FILES:
        shutil.copy(SOURCES / file, folder)
    if _archives():
        (folder / "classpath").write_text(os.pathsep.join(map(str, _archives())))
    else:
        run(["mvn", "-q", "-B", "dependency:build-classpath", "-Dmdep.outputFile=classpath"], folder, MAVEN_SECONDS)
    classpath = (folder / "classpath").read_text()
    run(["javac", "-cp", classpath, "-d", ".", *FILES[1:]], folder, MAVEN_SECONDS)


def findings(documents: Path, definitions: Path) -> list[Finding]:
    """What it says of each file of a folder, knowing the definitions of another."""
    return said.lines(_java("Validate", documents, definitions))


def with_snapshots(definitions: Path, into: Path, known: Path) -> None:
    """Definitions of one folder into another as JSON, each with a snapshot; `known` has what they are derived from."""
    _java("Snapshots", definitions, into, known)


def _java(program: str, *folders: Path) -> str:
    tools = installed()
    path = f"{tools}{os.pathsep}{(tools / 'classpath').read_text()}"
    command = ["java", "-Xmx2g", "-cp", path, program, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=JAVA_SECONDS, check=False)
    assert not done.returncode, f"{program} ended with {done.returncode}: {done.stderr[:2000]}"
    return done.stdout


def errors(documents: Mapping[str, Any], folder: Path) -> dict[str, list[str]]:
    """Name of each document → its errors by our package, empty for one that the engine accepts."""
    return said.errors(documents, folder, lambda files: findings(files, PACKAGE))
