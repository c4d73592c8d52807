"""Four validators, asked about the same documents: ours, the HL7 engine, fhir.resources and Medplum."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import reference_engine
from beside import medplum, models
from beside.cases import Case, Json
from derived import found_rules

_POSITION = re.compile(r"\[\d+\]")
Errors = Mapping[str, list[str]]


class Validator(NamedTuple):
    """One of them, and its errors by the name of the document."""

    name: str
    version: str
    good: Errors
    broken: Errors

    def accepts(self) -> list[str]:
        """Names of the good documents that it has no error for."""
        return [name for name, errors in self.good.items() if not errors]

    def finds(self, case: Case) -> bool:
        """Whether it has an error that the unbroken document has not, at whatever position."""
        before, now = ({_POSITION.sub("", it) for it in said} for said in (self.good["good"], self.broken[case.name]))
        return bool(now - before)


def asked(good: Mapping[str, Json], cases: Mapping[str, Json]) -> list[Validator]:
    """All four of them. Raises where one does not come to its end."""
    ways: dict[str, tuple[str, Callable[[Mapping[str, Json]], Errors]]] = {
        "linkexchange": (metadata.version("linkexchange"), _ours),
        "HL7 engine": (reference_engine.version(), _in_a_folder(reference_engine.errors)),
        "fhir.resources": (models.version(), models.errors),
        "Medplum": (medplum.version(), _in_a_folder(medplum.errors)),
    }
    return [Validator(name, version, ask(good), ask(cases)) for name, (version, ask) in ways.items()]


def _ours(documents: Mapping[str, Json]) -> Errors:
    return {name: sorted(found_rules(it)) for name, it in documents.items()}


def _in_a_folder(
    errors: Callable[[Mapping[str, Json], Path], Errors],
) -> Callable[[Mapping[str, Json]], Errors]:
    def ask(documents: Mapping[str, Json]) -> Errors:
        with tempfile.TemporaryDirectory() as folder:
            return errors(documents, Path(folder))

    return ask
