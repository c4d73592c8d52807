"""What our own validator says of the same documents, told the same packages. It knows no DocumentReference."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from mado.checking import Said, profile_at
from profiles.script import script

from linkexchange.model.link import Document, MediaType
from linkexchange.validation import Finding, validate
from linkexchange.validation.definitions import Definitions


def definitions_with(packages: Iterable[Path], core: Path) -> Definitions:
    """Those that come with the product, and those of other packages; `core` has the codes of their value sets."""
    compiler = script("definitions")
    folder = files("linkexchange.validation").joinpath("snapshots")
    shipped = [json.loads(folder.joinpath(name).read_text("utf-8")) for name in ("r4.json", "linkexchange.json")]
    others = [file for package in packages for file in sorted(package.glob("*-*.json"))]
    known = compiler._files([*others, *sorted(core.glob("CodeSystem-*.json"))])
    return Definitions(*shipped, compiler.extracted(known, lambda _: True))


def said_by_us(documents: Mapping[str, Any], definitions: Definitions) -> dict[str, list[Said]]:
    """Name of each Bundle → our findings."""
    bundles = {name: it for name, it in documents.items() if it["resourceType"] == "Bundle"}
    return {name: [_said(it, bundle) for it in _findings(bundle, definitions)] for name, bundle in bundles.items()}


def _findings(bundle: Any, definitions: Definitions) -> Iterable[Finding]:
    document = Document(json.dumps(bundle).encode(), MediaType.JSON)
    return validate(document, definitions=definitions).findings


def _said(it: Finding, bundle: Any) -> Said:
    return Said(profile_at(bundle, it.path), it.path, it.severity.value, it.rule, it.message)
