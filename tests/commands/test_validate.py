"""`linkexchange validate`: outputs and exit status."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from broken import BY_HAND, good
from typer.testing import CliRunner, Result

from linkexchange.commands import app
from linkexchange.documents.modelling import modelled
from linkexchange.documents.parsing import BYTES_MAX


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["validate", *map(str, arguments)], env={"COLUMNS": "200", "NO_COLOR": "1"})


@pytest.fixture
def fine(tmp_path: Path) -> Path:
    file = tmp_path / "fine.json"
    file.write_text(json.dumps(good()))
    return file


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(next(it for it in BY_HAND if it.name == "a gender that is none").document()))
    return file


def test_good_documents_end_with_0_and_a_bad_one_among_them_with_1(fine: Path, bad: Path) -> None:
    assert (run(fine).exit_code, run(fine, bad).exit_code) == (0, 1)


def test_a_file_that_is_not_there_ends_with_2_and_the_others_are_told(bad: Path, tmp_path: Path) -> None:
    result = run(tmp_path / "none", bad)
    assert result.exit_code == 2
    assert "none: No such file" in result.stderr
    assert "bad.json: not good" in result.stdout


@pytest.mark.parametrize("arguments", [(), ("--format", "pdf", "x"), ("--media-type", "text/plain", "x")], ids=str)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_people_read_where_what_and_how_to_mend_it(bad: Path) -> None:
    told = run(bad).stdout
    assert "error Bundle.entry[2].resource.gender [binding]\n" in told
    assert "→ Use one of female, male, other, unknown." in told


def test_json_has_every_finding_of_every_file(fine: Path, bad: Path) -> None:
    first, second = json.loads(run(fine, bad, "--format", "json").stdout)
    assert (first["good"], second["good"]) == (True, False)
    (error,) = [it for it in second["findings"] if it["severity"] == "error"]
    assert (error["path"], error["rule"]) == ("Bundle.entry[2].resource.gender", "binding")


def test_an_outcome_is_one_of_fhir(fine: Path, bad: Path) -> None:
    bundle = modelled(json.loads(run(fine, bad, "--format", "outcome").stdout), ValueError)
    issues = bundle.entry[1].resource.issue
    assert ("error", "code-invalid", ["Bundle.entry[2].resource.gender"]) in [
        (it.severity, it.code, it.expression) for it in issues
    ]
    assert json.loads(run(bad, "--format", "outcome").stdout)["resourceType"] == "OperationOutcome"


def test_junit_counts_errors_as_failures_and_a_good_file_as_passed(fine: Path, bad: Path) -> None:
    first, second = ET.fromstring(run(fine, bad, "--format", "junit").stdout.encode())
    assert [(it.get("tests"), it.get("failures")) for it in (first, second)] == [("1", "0"), ("1", "1")]
    assert second.findtext("testcase/failure", "").startswith("Use one of")


def test_the_first_character_tells_whether_it_is_xml(tmp_path: Path) -> None:
    file = tmp_path / "document"
    file.write_bytes(b'\xef\xbb\xbf <Bundle xmlns="http://hl7.org/fhir"><type value="document"/></Bundle>')
    assert "Bundle.identifier" not in run(file).stdout
    assert "[invariant:bdl-9]" in run(file).stdout


def test_of_a_file_that_is_too_long_no_more_is_read_than_shows_it(tmp_path: Path) -> None:
    file = tmp_path / "long"
    with file.open("wb") as stream:
        stream.truncate(BYTES_MAX * 1000)
    assert "[limit]" in run(file).stdout
