"""FHIR packages from their sources: FSH goes through SUSHI, definitions without a snapshot through the HL7 engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import reference_engine as engine
from mado.sources import CONFIG, KINDS, NoSource, Source, config_with
from profiles.script import script

COMPILE_SECONDS = 900
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FAULT = re.compile(r"^error (?P<says>.+?)(?:\n +File: (?P<file>.+?))?$", re.MULTILINE)
_DECLARED = re.compile(r"^(?:Profile|Extension):\s*(\S+)(?:\s*\n(?:Parent:.*\n)?Id:\s*(\S+))?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Package:
    """`urls` are its structures; `missing` those that its FSH declares and that could not be made; `faults` say why."""

    source: Source
    folder: Path
    urls: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


class Workshop:
    """Makes packages, each of which knows those before it.

    `folder` gets a home for SUSHI with the cache of packages in it, as it looks for them on a developer's machine.
    """

    def __init__(self, folder: Path) -> None:
        self.compiler: ModuleType = script("profiles")
        try:
            self.tools: Path = self.compiler.installed()
        except self.compiler.ProfilesFault as fault:
            raise NoSource(str(fault)) from None
        self.folder = folder
        self.packages = folder / "home/.fhir/packages"
        self.made: list[Package] = []
        self.core = self.tools / "home/.fhir/packages" / self.compiler.CORE / "package"
        shutil.copytree(self.core.parent, self.packages / self.compiler.CORE)

    @property
    def known(self) -> Path:
        """A folder with all definitions so far, and our own."""
        folder = self.folder / "known"
        shutil.rmtree(folder, ignore_errors=True)
        for package in self.made:
            shutil.copytree(package.folder, folder / package.source.name)
        shutil.copytree(self.compiler.PACKAGE, folder / "ours")
        return folder

    def make(self, source: Source) -> Package:
        """The package of a source; what it could not make is told."""
        folder = self.packages / f"{source.name}#{source.version}/package"
        folder.mkdir(parents=True)
        faults: tuple[str, ...] = ()
        if source.fsh.exists():
            faults = self._compile(source, folder)
        if source.definitions:
            self._complete(source, folder)
        described = {"name": source.name, "version": source.version, "fhirVersions": ["4.0.1"]}
        (folder / "package.json").write_text(json.dumps(described))
        urls = tuple(it["url"] for it in definitions(folder) if it["resourceType"] == "StructureDefinition")
        package = Package(source, folder, urls, tuple(_missing(source, urls)), faults)
        self.made.append(package)
        return package

    def _compile(self, source: Source, into: Path) -> tuple[str, ...]:
        project = self.folder / "build" / source.name
        shutil.copytree(source.fsh, project / "input/fsh")
        given = {it.source.name: it.source.version for it in self.made}
        (project / CONFIG).write_text(config_with((source.folder / CONFIG).read_text(), given))
        command = ["node", str(self.tools / "node_modules/fsh-sushi/dist/app.js"), "build", "-s", "."]
        environment = os.environ | {"HOME": str(self.folder / "home")}
        done = subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False
        )
        for file in sorted((project / "fsh-generated/resources").glob("*.json")):
            if json.loads(file.read_text())["resourceType"] in KINDS:
                shutil.copy(file, into)
        return tuple(faults(done.stdout + done.stderr))

    def _complete(self, source: Source, into: Path) -> None:
        aside = self.folder / "aside" / source.name
        aside.mkdir(parents=True)
        for file in source.definitions:
            # The engine takes a file for a definition if its name has a hyphen.
            shutil.copy(file, aside / f"definition-{file.name}")
        engine.with_snapshots(aside, into, self.known)
        for file in into.glob("definition-*.json"):
            # What publishes a guide gives each definition the version of the package.
            described = json.loads(file.read_text()) | {"version": source.version}
            file.write_text(json.dumps(described))

    def bundles(self, source: Source) -> dict[str, Any]:
        """The documents that the authors of a source show, by name."""
        generated = self.folder / "build" / source.name / "fsh-generated/resources"
        files = [*generated.glob("Bundle-*.json"), *source.examples]
        return {it.stem: json.loads(it.read_text()) for it in sorted(files)}


def definitions(folder: Path) -> Iterator[dict[str, Any]]:
    """All definitions of a package."""
    for file in sorted(folder.glob("*-*.json")):
        yield json.loads(file.read_text())


def faults(told: str) -> Iterator[str]:
    """The errors that SUSHI tells, each once, with the name of the file of FSH."""
    found = _FAULT.finditer(_COLOUR.sub("", told))
    yield from dict.fromkeys(f"{Path(it['file']).name}: {it['says']}" if it["file"] else it["says"] for it in found)


def _missing(source: Source, urls: Sequence[str]) -> Iterator[str]:
    made = {it.rpartition("/")[2] for it in urls}
    for file in sorted(source.fsh.rglob("*.fsh")):
        for name, identifier in _DECLARED.findall(file.read_text()):
            if (identifier or name) not in made:
                yield identifier or name
