from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.identifiers import Kvnr
from linkexchange.model.index import Doubt, Entry, Source, likeness, settle, told
from linkexchange.model.patient import LocalPatientId, PatientHeader

KVNR, OTHER_KVNR = Kvnr("X110411319"), Kvnr.with_check_digit("A12345678")
ENTRY = Entry(LocalPatientId("4711"), Source.HL7, KVNR, "Größler", "Änne Marie", date(1950, 2, 28), "F")
HEADER = PatientHeader("4711", "", "", "Größler^Änne", date(1950, 2, 28), "F")
ENTRIES = st.builds(
    Entry,
    st.just(ENTRY.local),
    st.sampled_from(Source),
    st.sampled_from([None, KVNR, OTHER_KVNR]),
    st.sampled_from(["", "Größler", "Weiß"]),
    st.sampled_from(["", "Änne"]),
    st.sampled_from([None, date(1950, 2, 28)]),
    st.sampled_from(["", "F", "M"]),
)


@pytest.mark.parametrize("name", ["Größler^Änne", "GROESSLER^AENNE^MARIE", "Gro\u0308ßler^A\u0308nne", "größler"])
def test_the_index_knows_the_patient_however_the_header_spells_the_name(name: str) -> None:
    assert settle(replace(HEADER, name=name), [ENTRY]) == KVNR


@pytest.mark.parametrize(
    ("header", "doubt"),
    [
        (replace(HEADER, name="Gruber^Änne"), Doubt.DIFFERS),
        (replace(HEADER, birth_date=date(1950, 2, 27)), Doubt.DIFFERS),
        (replace(HEADER, sex="M"), Doubt.DIFFERS),
        (replace(HEADER, birth_date=None), Doubt.DIFFERS),
        (replace(HEADER, kvnr=OTHER_KVNR), Doubt.KVNR_DIFFERS),
    ],
)
def test_a_header_that_speaks_against_the_entry_is_a_doubt(header: PatientHeader, doubt: Doubt) -> None:
    assert settle(header, [ENTRY]) is doubt


def test_a_number_that_may_be_two_patients_is_a_doubt_unless_both_are_the_same_person() -> None:
    assert settle(HEADER, [ENTRY, replace(ENTRY, kvnr=OTHER_KVNR)]) is Doubt.AMBIGUOUS
    assert settle(HEADER, [ENTRY, replace(ENTRY, local=LocalPatientId("4711", "KIS"))]) == KVNR


def test_a_header_with_the_kvnr_and_its_issuer_speaks_for_itself_where_nobody_is_known() -> None:
    assert settle(replace(HEADER, kvnr=KVNR), []) == KVNR
    assert settle(replace(HEADER, kvnr=KVNR), [replace(ENTRY, kvnr=None)]) == KVNR
    assert settle(replace(HEADER, kvnr=KVNR), [replace(ENTRY, kvnr=None, family="Weiß")]) is Doubt.DIFFERS
    assert settle(replace(HEADER, kvnr="X110411318"), []) is Doubt.UNKNOWN


def test_nobody_and_somebody_without_a_kvnr_are_two_doubts() -> None:
    assert settle(HEADER, []) is Doubt.UNKNOWN
    assert settle(HEADER, [replace(ENTRY, kvnr=None)]) is Doubt.NO_KVNR


def test_a_kvnr_that_two_persons_share_belongs_to_one_of_them_only() -> None:
    same = replace(ENTRY, local=LocalPatientId("815"), family="GROESSLER", given="")
    assert settle(HEADER, [ENTRY], [same]) == KVNR
    assert settle(HEADER, [ENTRY], [same, replace(same, family="Weiß")]) is Doubt.KVNR_SHARED
    assert settle(HEADER, [ENTRY], [replace(same, birth_date=date(2001, 1, 1))]) is Doubt.KVNR_SHARED


def test_where_a_person_has_said_who_it_is_the_header_needs_no_second_witness() -> None:
    by_person = Entry(ENTRY.local, Source.PERSON, KVNR)
    assert settle(HEADER, [by_person]) == KVNR
    assert settle(replace(HEADER, birth_date=None), [by_person]) is Doubt.DIFFERS
    assert settle(HEADER, [replace(by_person, source=Source.HL7)]) is Doubt.DIFFERS


@given(ENTRIES, ENTRIES)
def test_silence_changes_nothing_and_a_person_is_not_overruled_by_a_message(before: Entry, now: Entry) -> None:
    after = told(before, now)
    for name in ("family", "given", "birth_date", "sex"):
        assert getattr(after, name) == (getattr(now, name) or getattr(before, name))
    if before.source is Source.PERSON and now.source is not Source.PERSON:
        assert (after.kvnr, after.source) == (before.kvnr, Source.PERSON)
    else:
        assert after.kvnr == (now.kvnr or before.kvnr)
    assert told(after, now) == after


def test_what_is_told_first_is_the_entry() -> None:
    assert told(None, ENTRY) == ENTRY


@given(st.text("aäöüßÄÖÜoeuOE-^ ", max_size=8))
def test_an_answer_holds_however_umlauts_are_spelt(name: str) -> None:
    spelt = name.translate(str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "AE", "Ö": "OE", "Ü": "UE"}))
    assert likeness(replace(HEADER, name=name)) == likeness(replace(HEADER, name=spelt))


def test_an_answer_holds_for_this_person_only() -> None:
    headers = [
        HEADER,
        replace(HEADER, name="Größler^Anna"),
        replace(HEADER, birth_date=None),
        replace(HEADER, sex="M"),
        replace(HEADER, kvnr=KVNR),
    ]
    assert len({likeness(it) for it in headers}) == len(headers)
