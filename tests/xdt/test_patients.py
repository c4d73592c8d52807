from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdt.practice import KVNR, gdt, line, record

from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import Kvnr
from linkexchange.model.index import Entry, Source
from linkexchange.model.patient import LocalPatientId
from linkexchange.xdt import patients_of

JOERG = Entry(LocalPatientId("4711"), Source.XDT, Kvnr(KVNR), "Müller", "Jörg", date(1970, 1, 2), "M")
NAMES = st.text("aäöüßÄÖÜézMS -", min_size=1, max_size=12).map(str.strip).filter(bool)


def test_a_gdt_file_says_who_the_patient_is() -> None:
    assert list(patients_of(gdt())) == [JOERG]


@pytest.mark.parametrize(
    ("charset", "declared"),
    [("cp437", "2"), ("cp1252", "3"), ("iso8859-15", "4"), ("cp437", ""), ("cp1252", ""), ("utf-8", ""),
     ("utf-8", "3"), ("cp1252", "2"), ("cp437", "9")],
)  # fmt: skip
def test_names_are_read_in_the_character_set_in_which_they_are_names(charset: str, declared: str) -> None:
    assert list(patients_of(gdt(charset, declared))) == [JOERG]


def test_seven_bits_hold_umlauts_in_the_places_of_brackets() -> None:
    (entry,) = patients_of(gdt("ascii", "1", f3101="M}ller-Wei~", f3102="]rs}la"))
    assert (entry.family, entry.given) == ("Müller-Weiß", "Ürsüla")


@given(NAMES, NAMES, st.sampled_from([("cp437", "2"), ("cp1252", "3"), ("iso8859-15", "4"), ("utf-8", "")]))
def test_what_was_written_is_read(family: str, given_name: str, how: tuple[str, str]) -> None:
    (entry,) = patients_of(gdt(*how, f3101=family, f3102=given_name))
    assert (entry.family, entry.given) == (family, given_name)


@given(st.dates(date(1850, 1, 1), date(2199, 12, 31)), st.sampled_from(["%d%m%Y", "%Y%m%d"]))
def test_both_ways_to_write_a_date_are_told_apart(born: date, form: str) -> None:
    (entry,) = patients_of(gdt(f3103=born.strftime(form)))
    assert entry.birth_date == born


@pytest.mark.parametrize(
    ("written", "sex"), [("1", "M"), ("2", "F"), ("M", "M"), ("w", "F"), ("D", "O"), ("X", ""), ("7", ""), ("", "")]
)
def test_sex_is_that_of_dicom(written: str, sex: str) -> None:
    (entry,) = patients_of(gdt(f3110=written))
    assert entry.sex == sex


@pytest.mark.parametrize(
    ("new", "old", "kvnr"),
    [("", KVNR, KVNR), (KVNR.lower(), "123456789", KVNR), ("", "123456789", None), ("A123456781", "", None),
     ("A123456781", KVNR, KVNR)],
)  # fmt: skip
def test_the_insured_number_is_that_of_the_card_with_a_right_check_digit(new: str, old: str, kvnr: str | None) -> None:
    (entry,) = patients_of(gdt(f3119=new, f3105=old))
    assert entry.kvnr == kvnr


@pytest.mark.parametrize("missing", ["f3000", "f3101", "f3103"])
def test_a_record_that_names_nobody_for_certain_is_passed_over(missing: str) -> None:
    assert list(patients_of(gdt(**{missing: ""}))) == []


def test_a_bdt_file_names_many_and_its_character_set_once() -> None:
    def patient(number: int, family: str) -> bytes:
        fields = [("3000", str(number)), ("3101", family), ("3102", "Änne"), ("3103", "01021950"), ("3110", "2")]
        return record("6100", fields, charset="cp1252")

    head = record("0020", [("9105", "001")]) + record("0022", [("9106", "3")])
    many = [patient(number, f"Größler{number}") for number in range(50)]
    treatment = record("6200", [("3000", "1"), ("6200", "01022020"), ("6220", "Befund")])
    found = list(patients_of(head + b"".join(many) + treatment + record("0023", []) + record("0021", [])))
    assert [it.family for it in found] == [f"Größler{number}" for number in range(50)]
    assert {(it.given, it.sex, it.kvnr) for it in found} == {("Änne", "F", None)}


def test_a_laboratory_s_file_in_which_3000_means_something_else_names_nobody() -> None:
    fields = [("3000", "1"), ("3101", "Müller"), ("3103", "02011970")]
    assert list(patients_of(record("8202", fields))) == []


def test_lengths_that_a_sender_has_miscounted_do_no_harm() -> None:
    assert list(patients_of(gdt().replace(b"0153101", b"0993101"))) == [JOERG]


@pytest.mark.parametrize("end", [b"", b"\r\n\x1a", b"\r\n\r\n"])
def test_the_end_of_a_file_is_written_in_many_ways(end: bytes) -> None:
    assert list(patients_of(gdt().rstrip() + end)) == [JOERG]


def test_a_file_that_was_cut_off_is_none() -> None:
    with pytest.raises(MessageFault, match="line 12: the file was cut off"):
        list(patients_of(gdt().rstrip()[:-3]))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\r\n", "empty"),
        (line("3000", b"4711"), "line 1: no Satzart"),
        (b"MSH|^~\\&|", "line 1: not of the form"),
        (b"0138000630\r\nmore", "line 2: not of the form"),
    ],
)
def test_what_is_no_xdt_is_refused_without_its_content(content: bytes, why: str) -> None:
    with pytest.raises(MessageFault, match=why) as fault:
        list(patients_of(content))
    assert "4711" not in str(fault.value)


@given(st.binary(max_size=200))
def test_whatever_lies_in_the_folder_ends_in_patients_or_a_fault(content: bytes) -> None:
    for candidate in (content, gdt() + content, gdt().replace(b"ller", content)):
        try:
            list(patients_of(candidate))
        except MessageFault:
            continue
