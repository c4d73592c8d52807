"""Reports for machines: JSON, FHIR OperationOutcome, JUnit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree as ET

from linkexchange.validation.finding import Finding, Report, Severity

_ISSUE_TYPES = {
    "binding": "code-invalid",
    "cardinality": "structure",
    "code": "code-invalid",
    "document": "business-rule",
    "invariant": "invariant",
    "limit": "too-long",
    "parse": "invalid",
    "profile": "not-supported",
    "resource": "not-supported",
    "slice": "structure",
    "unknown-element": "structure",
    "unresolved": "not-found",
}
"""Kind of rule → OperationOutcome.issue.code; `value` for all others."""


def as_json(reports: Iterable[Report]) -> str:
    """A list of `{"name", "good", "findings": [{"path", "rule", "message", "remedy", "severity"}]}`."""
    rows = [{"name": it.name, "good": it.is_good, "findings": [asdict(one) for one in it.findings]} for it in reports]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def as_outcome(reports: Iterable[Report]) -> str:
    """One OperationOutcome, or a collection of them, in the order of the files."""
    outcomes = [_outcome(it) for it in reports]
    if len(outcomes) == 1:
        return json.dumps(outcomes[0], ensure_ascii=False, indent=2)
    entries = [{"resource": it} for it in outcomes]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}, ensure_ascii=False, indent=2)


def _outcome(report: Report) -> dict[str, Any]:
    """FHIR asks for an issue at least: where nothing was found, that is said."""
    good = {"severity": "information", "code": "informational", "details": {"text": "nothing found"}}
    return {"resourceType": "OperationOutcome", "issue": [*map(_issue, report.findings)] or [good]}


def _issue(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity.value,
        "code": _ISSUE_TYPES.get(finding.rule.partition(":")[0], "value"),
        "details": {"text": f"{finding.message} ({finding.rule})"},
        "diagnostics": finding.remedy,
        "expression": [finding.path],
    }


def as_junit(reports: Iterable[Report]) -> str:
    """A test suite for each file; each error is a failed test, and a file without one a passed test."""
    root = ET.Element("testsuites", name="linkexchange validate")
    for report in reports:
        errors = [it for it in report.findings if it.severity is Severity.ERROR]
        tests, failures = str(max(1, len(errors))), str(len(errors))
        suite = ET.SubElement(root, "testsuite", name=report.name, tests=tests, failures=failures)
        for finding in errors:
            _case(suite, report, finding)
        if not errors:
            ET.SubElement(suite, "testcase", classname=report.name, name="good")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _case(suite: ET.Element, report: Report, finding: Finding) -> None:
    case = ET.SubElement(suite, "testcase", classname=report.name, name=f"{finding.path} {finding.rule}")
    ET.SubElement(case, "failure", type=finding.rule, message=finding.message).text = finding.remedy
