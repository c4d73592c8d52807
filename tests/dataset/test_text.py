from __future__ import annotations

from datetime import date

import pytest
import rawdicom as raw
from pydicom import dcmread

from linkexchange.dataset.text import day, decode, identifier

FILES = sorted((raw.SHIPPED / "charset_files").glob("chr*.dcm"))
WITH_NAME = [path for path in FILES if "PatientName" in dcmread(path, stop_before_pixels=True)]


@pytest.mark.parametrize("path", WITH_NAME, ids=lambda path: path.name)
def test_names_in_every_character_set_are_read_as_pydicom_reads_them(path: raw.Path) -> None:
    ds, encoded = dcmread(path), dcmread(path)
    name, charset = encoded.get_item("PatientName").value, encoded["SpecificCharacterSet"].value
    charset = charset if isinstance(charset, str) else "\\".join(charset)
    assert decode(name, charset.encode()).rstrip("=") == str(ds.PatientName).rstrip("=")


@pytest.mark.parametrize("charset", [b"ISO_IR 100", b"ISO_IR 100 ", b"ISO-IR 100", b"ISO IR 100", b"iso_ir 100", b""])
def test_latin_1_is_read_however_its_name_is_spelled_and_also_where_it_is_missing(charset: bytes) -> None:
    assert decode("Größler^Änne".encode("latin-1"), charset) == "Größler^Änne"


def test_utf_8_is_read() -> None:
    assert decode("Wałęsa^Şükran".encode(), b"ISO_IR 192") == "Wałęsa^Şükran"


def test_a_delimiter_brings_the_first_character_set_back() -> None:
    assert decode(b"\x1b-F\xc4^\xc4", b"ISO 2022 IR 100\\ISO 2022 IR 126") == "Δ^Ä"


def test_an_unknown_escape_sequence_stays_visible() -> None:
    assert decode(b"A\x1b%GB", b"ISO_IR 100") == "A\x1b%GB"


def test_bytes_that_are_no_text_become_replacement_characters_without_a_warning() -> None:
    assert decode(b"Gr\xf6\xdfler", b"ISO_IR 192") == "Gr\ufffd\ufffdler"


def test_padding_is_no_part_of_a_text() -> None:
    assert decode(b" 4711 \0", b"") == "4711"


def test_padding_is_no_part_of_a_uid() -> None:
    assert identifier(b"1.2.3\0") == "1.2.3"


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (b"19500228", date(1950, 2, 28)),
        (b"1950.02.28", date(1950, 2, 28)),
        (b"19500228 ", date(1950, 2, 28)),
        (b"19500230", None),
        (b"19500000", None),
        (b"", None),
        (b"19500228-19510101", None),
    ],
)
def test_a_date_is_a_day_or_nothing(value: bytes, meant: date | None) -> None:
    assert day(value) == meant
