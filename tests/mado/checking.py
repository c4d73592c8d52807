"""What the HL7 engine says of documents by the profiles of MADO, sorted by profile."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import reference_engine as engine
from mado.examples import PROFILES

_ENTRY = re.compile(r"\bentry\[(\d+)\]\.resource\b")
_KIND = re.compile(r"/\*.*?\*/|\.ofType\(\w+\)")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """One finding. `place` is FHIRPath from the document down, `rule` the engine's name of the rule."""

    profile: str
    place: str
    severity: str
    rule: str
    message: str

    @property
    def is_error(self) -> bool:
        """Whether the document is refused for it."""
        return self.severity in engine.SEVERE


class Unfinished(Exception):
    """The engine did not come to the end; the text says so."""


def said_of(documents: Mapping[str, Json], known: Path, folder: Path) -> dict[str, list[Said]]:
    """Name of each document → what the engine says, knowing these definitions. `folder` is for copies of them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    names = {f"{place:05}.json": name for place, name in enumerate(documents)}
    for file, name in names.items():
        (folder / file).write_text(json.dumps(documents[name]))
    found = engine.findings(folder, known)
    if {it.file for it in found if it.severity == "done"} != set(names):
        raise Unfinished("the HL7 engine did not come to the end of all documents")
    said: dict[str, list[Said]] = {name: [] for name in documents}
    for it in found:
        if it.severity != "done":
            name = names[it.file]
            said[name].append(_said(it, documents[name]))
    return said


def _said(it: engine.Finding, document: Json) -> Said:
    place = _KIND.sub("", it.place)
    return Said(profile_at(document, place), place, it.severity, it.rule, it.message)


def profile_at(document: Json, place: str) -> str:
    """The profile of the resource in which a place is: that of an entry, else that of the document."""
    entry = _ENTRY.search(place)
    resource = document["entry"][int(entry[1])]["resource"] if entry else document
    kind: str = resource["resourceType"]
    return PROFILES.get(kind, kind)
