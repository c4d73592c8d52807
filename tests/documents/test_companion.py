from __future__ import annotations

import hashlib
import re
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from link_samples import LINK, link, links
from peers.ground import require

from linkexchange.documents.companion import FONT, Companion, companion
from linkexchange.model.link import Link, LinkStatus, Order

pytestmark = pytest.mark.slow
"""The library takes seconds to come."""
TITLE = "Bilder: CT Schädel vom 23.11.2026, Klinikum Köln-Süd"
POM = Path(__file__).parents[1] / "verapdf/pom.xml"
UNUSUAL = "Größler\n\x00ÄÖÜ ß Łukasiewicz 漢字 \u202eabc \ud83d " + "lang " * 200


def made(value: Link, **changes: str) -> Companion:
    return companion(value, title=TITLE, **changes)


def page_of(file: Companion) -> str:
    with closing(pypdfium2.PdfDocument(file.content)) as document:
        return " ".join("".join(page.get_textpage().get_text_range() for page in document).split())


def code_on(file: Companion) -> str:
    """What a camera would read."""
    with closing(pypdfium2.PdfDocument(file.content)) as document:
        (code,) = zxingcpp.read_barcodes(document[0].render(scale=3).to_numpy())
    return str(code.text)


def unusual() -> Link:
    value = link(3, 2)
    patient = replace(value.patient, family=UNUSUAL, given=UNUSUAL, birth_date=None)
    origin = replace(value.origin, name=f"Haus <&> {UNUSUAL}")
    return replace(value, origin=origin, description=UNUSUAL, orders=(Order(UNUSUAL),), patient=patient, started=None)


def test_the_page_says_which_study_it_is_where_it_is_and_of_whom() -> None:
    value = link(3, 2)
    page = page_of(made(value))
    assert page.startswith(TITLE)
    assert "5 Bilder, 2 Serien" in page
    for text in (value.manifest.study, value.origin.name, value.patient.kvnr, value.patient.family, value.description):
        assert text in page


def test_the_link_stands_there_in_words_and_as_a_code() -> None:
    assert f"Verweis: urn:uuid:{LINK}" in page_of(made(link(1))).replace("- ", "-")
    assert code_on(made(link(1))) == f"urn:uuid:{LINK}"


def test_the_code_may_lead_to_a_page_of_the_house() -> None:
    assert code_on(made(link(1), address="https://bilder.example/oeffnen#")) == f"https://bilder.example/oeffnen#{LINK}"


def test_patient_and_numbers_stand_in_neither_file_name_title_nor_metadata() -> None:
    value = link(1)
    file = made(value)
    assert file.file_name == f"bildverweis-{LINK}.pdf"
    (metadata,) = re.findall(rb"<x:xmpmeta.*?</x:xmpmeta>", file.content, re.DOTALL)
    said = metadata.decode()
    assert "<pdfaid:part>2</pdfaid:part>" in said
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in said
    assert TITLE in said
    for secret in (value.patient.family, value.patient.given, value.patient.kvnr, value.patient.local_id):
        assert secret not in said + file.file_name + file.title


def test_a_withdrawn_link_says_so() -> None:
    assert "zurückgezogen" in page_of(made(replace(link(1), status=LinkStatus.CANCELLED)))
    assert "zurückgezogen" not in page_of(made(link(1)))


def test_the_same_link_makes_the_same_bytes() -> None:
    once = made(link(2)).content
    time.sleep(1.1)
    assert made(link(2)).content == once


def test_what_the_font_cannot_show_is_a_square_and_what_cannot_be_printed_a_space() -> None:
    page = page_of(made(unusual()))
    assert "Größler ÄÖÜ ß Łukasiewicz □□" in page


@settings(deadline=None, max_examples=15)
@given(links)
def test_of_any_link_a_page_is_made_whose_code_can_be_read(value: Link) -> None:
    assert code_on(made(value)) == f"urn:uuid:{value.link}"


def test_the_font_is_the_one_that_is_named() -> None:
    rows = re.findall(r"^\| (\S+) \|.*\| ([0-9a-f]{64}) \|$", (FONT.parent / "VENDORED.md").read_text(), re.MULTILINE)
    assert {name for name, _ in rows} == {FONT.name, "LICENSE.dejavu"}
    for name, digest in rows:
        assert hashlib.sha256((FONT.parent / name).read_bytes()).hexdigest() == digest


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command of veraPDF, from Maven Central."""
    require("java", "mvn")
    jars = tmp_path_factory.mktemp("verapdf")
    fetch = ["mvn", "-q", "-B", "-f", POM, "dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
    subprocess.run(fetch, check=True, timeout=500, capture_output=True)
    return ["java", "-cp", f"{jars}/*", "org.verapdf.apps.GreenfieldCliWrapper", "-f", "2b", "--format", "text"]


@pytest.mark.peers
def test_verapdf_finds_every_page_to_be_pdf_a_2b(validator: list[str], tmp_path: Path) -> None:
    samples = [link(1), link(300, 40), unusual(), replace(link(1), status=LinkStatus.CANCELLED, started=None)]
    for number, value in enumerate(samples):
        (tmp_path / f"{number}.pdf").write_bytes(made(value).content)
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(made(link(1)).content.replace(b"<pdfaid:part>2", b"<pdfaid:part>9"))
    done = subprocess.run([*validator, tmp_path], check=False, timeout=500, capture_output=True, text=True)
    verdicts = {
        Path(file).name: verdict for verdict, file in re.findall(r"^(PASS|FAIL) (\S+)", done.stdout, re.MULTILINE)
    }
    assert verdicts == {**{f"{number}.pdf": "PASS" for number in range(4)}, "broken.pdf": "FAIL"}
