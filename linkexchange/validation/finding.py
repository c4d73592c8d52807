"""What a validation found: where, which rule, and how to mend it. No value of a document ever stands in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """OperationOutcome.issue.severity, as far as it is used."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one element breaks.

    `path` is FHIRPath from the Bundle down, with positions: `Bundle.entry[1].resource.series[0].uid`. `rule` is a word
    of docs/reference/validation.md, with its subject behind a colon where it has one: `invariant:per-1`.
    """

    path: str
    rule: str
    message: str
    remedy: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one document, in the order of the steps, no two of the same rule at the same path."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing is an error; warnings and hints may be there."""
        return not any(it.severity is Severity.ERROR for it in self.findings)


def distinct(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Without those that two definitions gave for one element: the first of each rule and path stays."""
    return tuple({(it.path, it.rule): it for it in reversed(list(findings))}.values())[::-1]
