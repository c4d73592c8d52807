"""What is read of the sources of a package, and what is told of a check."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from mado import page
from mado.checking import Said, profile_at
from mado.command import told
from mado.examples import examples
from mado.outcome import Difference, Outcome, differences
from mado.packages import Package, faults
from mado.planted import planted
from mado.sources import NoSource, asked, config_with, source

CONFIG = """id: ihe.rad.mado # the package
canonical: https://profiles.ihe.net/RAD/MADO
# version: 0.2.0-current
version: 0.1.0
dependencies:
  # ihe.iti.mhd: current
  ihe.iti.mhd: 4.2.3
  fhir.dicom:
    id: DICOM
    version: 2025.3.20250714

parameters:
  logging: progress
"""
COMPILER = """info  Importing FSH text...
\x1b[31merror\x1b[39m Parent IHE.MHD.Minimal.DocumentReference not found for MadoFhirDocumentReference
  File: /somewhere/build/input/fsh/mhd/MHD-documentreference.fsh
  Line: 1 - 40
warn  Something else
error Failed to load ihe.iti.mhd#4.2.3
error Failed to load ihe.iti.mhd#4.2.3
"""
CT, *_ = (it for it in examples() if it.name == "ct")
ERROR = Said("MadoComposition", "Bundle.entry[0].resource.text", "error", "rule", "text: minimum required = 1")
WARNING = replace(ERROR, severity="warning")
KNOWN = Difference("why", re.compile("text: minimum"), "MADO", "because")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sushi-config.yaml").write_text(CONFIG)
    return tmp_path


def outcome(
    folder: Path,
    *said: Said,
    own: tuple[Said, ...] = (),
    known: tuple[Difference, ...] = (),
    noticed: bool = True,
) -> Outcome:
    return Outcome(
        day=date(2026, 11, 30),
        tools={"SUSHI": "3.21.0"},
        packages=[Package(source(folder), folder)],
        examples=[CT],
        said={"ct": said},
        own={"ct": own},
        noticed={("MadoComposition", "text 1..1"): noticed},
        own_noticed={},
        theirs={},
        known=known,
    )


def test_a_source_says_its_name_its_version_and_what_it_depends_on(folder: Path) -> None:
    found = source(folder)
    assert (found.name, found.version) == ("ihe.rad.mado", "0.1.0")
    assert found.asked == {"ihe.iti.mhd": "4.2.3", "fhir.dicom": "2025.3.20250714"}


def test_a_source_without_fsh_is_known_by_its_guide(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    guide = (
        '<ImplementationGuide><version value="1.5.0"/><packageId value="ihe.formatcode.fhir"/></ImplementationGuide>'
    )
    (tmp_path / "input/guide.xml").write_text(guide)
    assert (source(tmp_path).name, source(tmp_path).version) == ("ihe.formatcode.fhir", "1.5.0")


def test_a_folder_without_a_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSource):
        source(tmp_path)


def test_only_packages_that_are_at_hand_are_asked_of_the_compiler() -> None:
    config = config_with(CONFIG, {"ihe.iti.mhd": "4.2.3"})
    assert asked(config) == {"ihe.iti.mhd": "4.2.3"}
    assert "FSHOnly: true" in config.splitlines()
    assert "  logging: progress" in config.splitlines()


def test_faults_of_the_compiler_are_told_once_with_their_file() -> None:
    first = (
        "MHD-documentreference.fsh: Parent IHE.MHD.Minimal.DocumentReference not found for MadoFhirDocumentReference"
    )
    assert list(faults(COMPILER)) == [first, "Failed to load ihe.iti.mhd#4.2.3"]


def test_a_place_belongs_to_the_profile_of_its_resource() -> None:
    places = ["Bundle.identifier", "Bundle.entry[1]", "Bundle.entry[1].resource.series[0].uid"]
    assert [profile_at(CT.bundle, it) for it in places] == ["MadoFhirBundle", "MadoFhirBundle", "MadoImagingStudy"]


def test_an_error_in_a_manifest_is_bad_unless_it_is_known_to_be_that_of_mado(folder: Path) -> None:
    assert outcome(folder).is_good
    assert outcome(folder, WARNING).is_good
    assert not outcome(folder, ERROR).is_good
    assert not outcome(folder, own=(ERROR,), known=(KNOWN,)).is_good
    assert outcome(folder, ERROR, known=(KNOWN,)).is_good
    assert not outcome(folder, ERROR, known=(replace(KNOWN, whose="meant"),)).is_good


def test_a_broken_document_that_is_not_found_out_is_bad_unless_what_hides_it_was_said(folder: Path) -> None:
    hiding = replace(KNOWN, hides=frozenset({"MadoComposition text 1..1"}))
    assert not outcome(folder, noticed=False).is_good
    assert not outcome(folder, noticed=False, known=(hiding,)).is_good
    assert outcome(folder, ERROR, noticed=False, known=(hiding,)).is_good


def test_each_error_is_told_with_example_profile_place_rule_and_why(folder: Path) -> None:
    lines = list(told(outcome(folder, ERROR, known=(KNOWN,))))
    assert lines == [
        "ct: 1 errors",
        "  MadoComposition Bundle.entry[0].resource.text rule: text: minimum required = 1 [why]",
        "good",
    ]


def test_the_page_has_each_example_each_package_and_each_known_difference(folder: Path) -> None:
    text = page.markdown(outcome(folder, ERROR, WARNING, known=(KNOWN,)))
    for row in (
        "| ct | instance | 1 | 0 |  |",
        "| `MadoComposition` | 1 | 1 | - | 1 | 1 |",
        "| why | MADO | 1 | because |",
        "| ihe.iti.mhd | 4.2.3 | not at hand |  |  |",
    ):
        assert row in text.splitlines()


def test_every_known_difference_says_whose_it_is_and_why() -> None:
    assert {it.whose for it in differences()} <= {"MADO", "engine", "meant"}
    assert all(it.why for it in differences())


def test_every_broken_document_differs_from_the_good_one() -> None:
    assert [key for key, it in planted(CT).items() if it in (CT.bundle, CT.reference)] == []
