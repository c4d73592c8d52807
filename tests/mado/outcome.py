"""All that a run has found, and what is to be thought of it."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mado.checking import Said
from mado.examples import Example
from mado.packages import Package

DIFFERENCES = Path(__file__).parent / "differences.toml"


@dataclass(frozen=True, slots=True)
class Difference:
    """Why the engine says what it says: `whose` is `MADO`, `engine`, or `meant` where the document is no manifest.

    `hides` are profile and rule of broken documents that cannot be found out because of it.
    """

    title: str
    finding: re.Pattern[str]
    whose: str
    why: str
    hides: frozenset[str] = frozenset()

    def explains(self, said: Said) -> bool:
        """Whether it is about this finding."""
        return bool(self.finding.search(f"{said.profile} {said.place} {said.message}"))


def differences(file: Path = DIFFERENCES) -> list[Difference]:
    """Those that are known."""
    listed = tomllib.loads(file.read_text()).get("difference", [])
    return [
        Difference(**it | {"finding": re.compile(it["finding"]), "hides": frozenset(it.get("hides", ()))})
        for it in listed
    ]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`said` is by example, `noticed` by profile and broken rule, `theirs` by document that MADO's authors show.

    `own` and `own_noticed` are of our validator, all others of the HL7 engine.
    """

    day: date
    tools: Mapping[str, str]
    packages: Sequence[Package]
    examples: Sequence[Example]
    said: Mapping[str, Sequence[Said]]
    own: Mapping[str, Sequence[Said]]
    noticed: Mapping[tuple[str, str], bool]
    own_noticed: Mapping[tuple[str, str], bool]
    theirs: Mapping[str, Sequence[Said]]
    known: Sequence[Difference]

    @property
    def is_good(self) -> bool:
        """Every example that has to hold holds, every broken document is found out, and every error is explained."""
        return not (self.failing or self.missed or self.unexplained)

    @property
    def failing(self) -> list[str]:
        """Examples that have to be manifests of MADO, and have errors that are not MADO's own."""
        own = {it.title for it in self.known if it.whose in {"MADO", "engine"}}
        return [
            it.name
            for it in self.examples
            if not it.why_not
            and (
                any(self.explained(error) not in own for error in errors(self.said[it.name]))
                or errors(self.own[it.name])
            )
        ]

    @property
    def missed(self) -> list[tuple[str, str]]:
        """Rules that were broken and not found out, though nothing is known to hide that."""
        found = {self.explained(it) for said in self.said.values() for it in errors(said)}
        hidden = {rule for it in self.known if it.title in found for rule in it.hides}
        return [rule for rule, noticed in self.noticed.items() if not noticed and " ".join(rule) not in hidden]

    @property
    def unexplained(self) -> list[Said]:
        """Errors in our examples of which nobody has said why they are there."""
        return [it for said in self.said.values() for it in errors(said) if not self.explained(it)]

    def explained(self, said: Said) -> str:
        """Title of the difference that a finding is an instance of; empty where it is of none."""
        return next((it.title for it in self.known if it.explains(said)), "")


def errors(said: Iterable[Said]) -> list[Said]:
    """Only what a document is refused for."""
    return [it for it in said if it.is_error]


def kinds(said: Iterable[Said]) -> Counter[tuple[str, str]]:
    """Profile and message, with what differs from place to place taken out, and how often each was said."""
    return Counter((it.profile, re.sub(r"\[\d+\]|'urn:uuid:[^']*'", "", it.message)) for it in said)
