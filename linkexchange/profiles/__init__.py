"""The FHIR profiles of a link document, as a package (NPM form, with snapshots) that is shipped and read at run time.

Made by `make profiles` from fhir-profiles/; never edited. Described in docs/reference/profiles.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

BASE = "https://linkexchange.example/fhir"
"""Canonical base of our own definitions; a placeholder for the owner's domain."""

Resource = Mapping[str, Any]


@cache
def definitions() -> Mapping[str, Resource]:
    """All StructureDefinitions, ValueSets and CodeSystems of the package by their URL. Takes about 20 ms, once."""
    return {it["url"]: it for it in map(_read, _listed())}


@cache
def version() -> str:
    """Version of the package, which an instance names behind the URL of its profile."""
    found: str = _read("package.json")["version"]
    return found


def _listed() -> list[str]:
    return [it["filename"] for it in _read(".index.json")["files"]]


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((files(__name__) / "package" / name).read_bytes())
    return content
