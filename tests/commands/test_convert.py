"""`linkexchange convert`: a link in all its forms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from kos_samples import GOOD, file, series
from link_samples import HINT
from typer.testing import CliRunner, Result

from linkexchange import documents
from linkexchange.commands import app
from linkexchange.documents import kos
from linkexchange.errors import DocumentFault, FormRefused, SettingRefused
from linkexchange.model.identifiers import Kvnr
from linkexchange.model.link import Document, LinkStatus, MediaType

KVNR = Kvnr.with_check_digit("A12345678")
BESIDE = ("--telematik-id", "5-2-1", "--kvnr", KVNR, "--expires", "2036-03-01T00:00:00+01:00")


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["convert", *map(str, words)])


@pytest.fixture
def xml(tmp_path: Path) -> Path:
    path = tmp_path / "link.xml"
    path.write_bytes(documents.write(GOOD, MediaType.XML, node_url_hint=HINT).content)
    return path


@pytest.mark.slow
def test_a_link_goes_through_all_forms_and_comes_back_to_the_byte(xml: Path, tmp_path: Path) -> None:
    for source, form in (("link.xml", "kos"), ("kos", "fhir-json"), ("fhir-json", "kos-again"), ("kos-again", "back")):
        to = {"kos-again": "kos", "back": "fhir-xml"}.get(form, form)
        assert run(tmp_path / source, "--to", to, "-o", tmp_path / form).exit_code == 0
    assert (tmp_path / "back").read_bytes() == xml.read_bytes()
    assert (tmp_path / "kos-again").read_bytes() == (tmp_path / "kos").read_bytes()


def test_only_the_owner_may_read_what_is_written_and_nothing_is_written_over(xml: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.dcm"
    assert run(xml, "--to", "kos", "-o", output).exit_code == 0
    assert output.stat().st_mode & 0o777 == 0o600
    again = run(xml, "--to", "kos", "-o", output)
    assert isinstance(again.exception, SettingRefused)
    assert "is there already" in str(again.exception)


def test_without_an_output_the_bytes_go_out(xml: Path) -> None:
    assert kos.read(run(xml, "--to", "kos", "--flavour", "xds-i").stdout_bytes).manifest.digest == GOOD.manifest.digest


def test_a_foreign_manifest_is_read_with_a_warning_for_each_defect(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.dcm"
    foreign.write_bytes(file(evidence=[series("2.25.11", "2.25.111", RetrieveLocationUID="ACME")]))
    done = run(foreign, "--to", "fhir-xml", "--url", HINT, *BESIDE)
    assert done.exit_code == 0
    assert "location-no-oid: The Retrieve Location UID is no OID" in done.stderr
    assert documents.read(Document(done.stdout_bytes, MediaType.XML)).patient.kvnr == KVNR


@pytest.mark.parametrize(
    ("words", "kind", "rule"),
    [
        ((), DocumentFault, "Telematik-ID: not in the manifest"),
        (BESIDE, FormRefused, "Endpoint.address: FHIR wants one"),
        ((*BESIDE, "--url", "https://a.example/?token=1"), FormRefused, "not a plain https URL"),
        (("--expires", "2036-03-01"), SettingRefused, "--expires: a time with its zone"),
        (("--kvnr", "A"), SettingRefused, "KVNR"),
    ],
)
def test_what_is_missing_is_named(words: tuple[str, ...], kind: type[Exception], rule: str, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.dcm"
    foreign.write_bytes(file(evidence=[series("2.25.11", "2.25.111", RetrieveLocationUID="1.2.3")]))
    refused = run(foreign, "--to", "fhir-xml", *words).exception
    assert isinstance(refused, kind)
    assert rule in str(refused)


def test_a_link_that_was_withdrawn_has_no_manifest(tmp_path: Path) -> None:
    path = tmp_path / "withdrawn.json"
    withdrawn = replace(GOOD, status=LinkStatus.CANCELLED)
    path.write_bytes(documents.write(withdrawn, MediaType.JSON, node_url_hint=HINT).content)
    refused = run(path, "--to", "kos").exception
    assert isinstance(refused, FormRefused)
    assert "withdrawn" in str(refused)


def test_a_file_that_is_neither_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "any.pdf"
    path.write_bytes(b"%PDF-1.7")
    assert isinstance(run(path, "--to", "kos").exception, DocumentFault)
