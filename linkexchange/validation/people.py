"""A report for people, in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from linkexchange.validation.finding import Finding, Report, Severity

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFORMATION: "dim"}
_SHOWN_MAX = 200
"""Findings of one file; a document that is broken throughout would scroll its beginning away."""


def show(reports: Iterable[Report], console: Console) -> None:
    """Print each file with its findings: where and which rule, what is wrong, how to mend it."""
    for report in reports:
        console.print(_headline(report))
        for finding in report.findings[:_SHOWN_MAX]:
            console.print(_lines(finding), soft_wrap=True)
        if len(report.findings) > _SHOWN_MAX:
            console.print(f"  … and {len(report.findings) - _SHOWN_MAX} more; --format json has all.")


def _headline(report: Report) -> Text:
    counts = Counter(it.severity for it in report.findings)
    told = ", ".join(f"{counts[it]} {it}{'s' * (counts[it] > 1)}" for it in Severity if counts[it])
    verdict = Text("good", "bold green") if report.is_good else Text("not good", "bold red")
    return Text.assemble(f"{report.name}: ", verdict, f" ({told})" if told else "")


def _lines(finding: Finding) -> Text:
    return Text.assemble(
        "  ",
        (finding.severity.value, _STYLES[finding.severity]),
        f" {finding.path} [{finding.rule}]\n    {finding.message}\n    → {finding.remedy}",
    )
