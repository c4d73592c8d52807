"""A folder with the sources of a FHIR package, and what it says of itself."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CONFIG = "sushi-config.yaml"
KINDS = ("CodeSystem", "StructureDefinition", "ValueSet")
_KIND = re.compile(rf'<(?:{"|".join(KINDS)})\s|"resourceType"\s*:\s*"(?:{"|".join(KINDS)})"')
_DEPENDENCIES = re.compile(r"^dependencies:\n(?:[ #].*\n|\n)*", re.MULTILINE)


class NoSource(Exception):
    """A folder is not what it should be, or the compiler cannot be had; the text says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """`asked` has the packages that it depends on with their versions; `commit` is empty outside of a working copy."""

    folder: Path
    name: str
    version: str
    asked: Mapping[str, str]
    commit: str

    @property
    def fsh(self) -> Path:
        """Where its FSH is, if it has any."""
        return self.folder / "input/fsh"

    @property
    def definitions(self) -> list[Path]:
        """What it defines as JSON or XML."""
        files = [it for it in sorted((self.folder / "input").rglob("*")) if it.suffix in {".json", ".xml"}]
        return [it for it in files if _KIND.search(it.read_text(encoding="utf-8-sig")[:2_000])]

    @property
    def examples(self) -> list[Path]:
        """Documents that its authors show, beside those in FSH."""
        return sorted((self.folder / "input/resources").glob("*-bundle.json"))


def source(folder: Path) -> Source:
    """What a folder has. Raises `NoSource` where it has no package of FHIR."""
    config = folder / CONFIG
    if config.exists():
        text = config.read_text()
        return Source(folder, _top(text, "id"), _top(text, "version"), asked(text), _commit(folder))
    for guide in sorted((folder / "input").glob("*.xml")):
        text = guide.read_text()
        if name := re.search(r'<packageId value="([^"]+)"', text):
            version = re.search(r'<version value="([^"]+)"', text)
            return Source(folder, name[1], version[1] if version else "", {}, _commit(folder))
    raise NoSource(f"{folder} has neither {CONFIG} nor an implementation guide in input/")


def _top(text: str, name: str) -> str:
    found = re.search(rf"^{name}:\s*([^\s#]+)", text, re.MULTILINE)
    return found[1] if found else ""


def asked(config: str) -> dict[str, str]:
    """The packages under `dependencies:`, in the short form (`name: version`) and in the long one."""
    block = _DEPENDENCIES.search(config)
    found: dict[str, str] = {}
    name = ""
    for line in block[0].splitlines() if block else ():
        if one := re.match(r"  ([\w.-]+):\s*([^\s#]+)?", line):
            name = one[1]
            found[name] = one[2] or ""
        elif one := re.match(r"    version:\s*([^\s#]+)", line):
            found[name] = one[1]
    return found


def config_with(config: str, given: Mapping[str, str]) -> str:
    """The same configuration, for definitions only, and dependent on these packages alone."""
    needed = "".join(f"  {name}: {version}\n" for name, version in given.items())
    rest = _DEPENDENCIES.sub("", config).rstrip()
    return f"{rest}\nFSHOnly: true\n" + (f"dependencies:\n{needed}" if needed else "")


def _commit(folder: Path) -> str:
    command = ["git", "-C", str(folder), "log", "-1", "--format=%H of %cs"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()
