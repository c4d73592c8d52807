from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from admitting import INSURED, KVNR, KVNR_OID, LOCAL, adt, mrg, pid
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.errors import MessageFault
from linkexchange.hl7 import Message, admissions
from linkexchange.model.identifiers import Kvnr
from linkexchange.model.index import Entry, Source
from linkexchange.model.patient import LocalPatientId

KIS = LocalPatientId("4711", "1.2.276.0.1.1")
JOERG = Entry(KIS, Source.HL7, Kvnr(KVNR), "Müller", "Jörg Karl", date(1970, 1, 2), "M")
NAMES = st.text("aäöüßÄÖÜéM '-|^&~\\", min_size=1, max_size=12).map(str.strip).filter(bool)


class Heard:
    """What an ADT has made the index do."""

    def __init__(self) -> None:
        self.told: list[Entry] = []
        self.merged: list[tuple[LocalPatientId, Entry]] = []

    def hear(self, block: bytes) -> Heard:
        admissions(self._tell, lambda gone, into: self.merged.append((gone, into)))(Message.read(block))
        return self

    def _tell(self, entries: Sequence[Entry]) -> None:
        self.told.extend(entries)


def heard(trigger: str, *segments: str) -> Heard:
    return Heard().hear(adt(trigger, segments))


@pytest.mark.parametrize("trigger", ["A01", "A04", "A05", "A08", "A28", "A31"])
def test_an_admission_or_a_change_says_who_the_patient_is(trigger: str) -> None:
    assert heard(trigger, pid()).told == [JOERG]


@pytest.mark.parametrize("trigger", ["A02", "A03", "A11", "A23", "A99"])
def test_what_says_nothing_about_who_a_patient_is_is_heard_and_changes_nothing(trigger: str) -> None:
    said = heard(trigger, pid(), mrg("1"))
    assert (said.told, said.merged) == ([], [])


@pytest.mark.parametrize(
    ("number", "kvnr"),
    [
        (INSURED, KVNR),
        (f"{KVNR.lower()}^^^{KVNR_OID}", KVNR),
        (f"{KVNR}^^^GKV^KVNR", KVNR),
        (f"{KVNR}^^^KIS&1.2.3&ISO^PI", None),
        (f"A123456781^^^&{KVNR_OID}&ISO", None),
        (f"{INSURED}~X110411319^^^&{KVNR_OID}&ISO", None),
        (f"{INSURED}~{INSURED}", KVNR),
    ],
)
def test_a_kvnr_is_one_by_its_issuer_and_its_check_digit(number: str, kvnr: str | None) -> None:
    assert {it.kvnr for it in heard("A08", pid(LOCAL, number)).told} == {kvnr}


def test_every_number_of_the_patient_is_told_but_not_those_of_visits() -> None:
    said = heard("A04", pid(LOCAL, "R9^^^RIS^MR", "V1^^^KIS^VN", "77", INSURED)).told
    locals_ = [KIS, LocalPatientId("R9", "RIS"), LocalPatientId("77")]
    assert said == [replace(JOERG, local=local) for local in locals_]


@pytest.mark.parametrize(("sent", "sex"), [("F", "F"), ("W", "F"), ("D", "O"), ("U", ""), ("", ""), ('""', "")])
def test_sex_is_that_of_dicom(sent: str, sex: str) -> None:
    assert heard("A08", pid(sex=sent)).told[0].sex == sex


def test_what_is_not_said_stays_empty() -> None:
    assert heard("A08", pid(LOCAL, name='""^""', born="", sex="")).told == [Entry(KIS, Source.HL7)]


def test_the_legal_name_counts_before_others() -> None:
    (said,) = heard("A08", pid(name="Alias^Jo^^^^^A~Müller^Jörg^^^^^L")).told
    assert (said.family, said.given) == ("Müller", "Jörg")


@given(NAMES, NAMES, st.sampled_from([("8859/1", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("8859/15", "iso8859-15")]))
def test_names_are_read_as_they_were_written(family: str, given_name: str, how: tuple[str, str]) -> None:
    escaped = [
        "".join({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}.get(it, it) for it in text)
        for text in (family, given_name)
    ]
    (said,) = Heard().hear(adt("A08", [pid(name="^".join(escaped))], term=how[0], codec=how[1])).told
    assert (said.family, said.given) == (family, given_name)


# --- merges -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trigger", ["A40", "A34", "A18"])
def test_a_merge_names_the_number_that_is_gone_and_the_patient_that_survives(trigger: str) -> None:
    said = heard(trigger, pid(), mrg("0815^^^KIS&1.2.276.0.1.1&ISO^PI"))
    assert (said.merged, said.told) == ([(LocalPatientId("0815", "1.2.276.0.1.1"), JOERG)], [])


def test_a_number_goes_into_that_of_the_same_issuer() -> None:
    gone = mrg("0815^^^KIS&1.2.276.0.1.1&ISO", "R1^^^RIS", "X^^^LAB")
    said = heard("A40", pid(LOCAL, "R9^^^RIS^MR"), gone)
    assert [(number.value, into.local.value) for number, into in said.merged] == [
        ("0815", "4711"), ("R1", "R9"), ("X", "4711"),
    ]  # fmt: skip


def test_one_message_may_merge_several_patients() -> None:
    said = heard("A40", pid("1"), mrg("2"), pid("3"), "PD1|", mrg("4"))
    assert [(number.value, into.local.value) for number, into in said.merged] == [("2", "1"), ("4", "3")]


def test_a_number_that_survives_itself_is_not_merged() -> None:
    assert heard("A40", pid("1"), mrg("1")).merged == []


@pytest.mark.parametrize(
    ("trigger", "segments", "why"),
    [
        ("A01", [], "PID is missing"),
        ("A01", [pid("V1^^^KIS^VN")], "PID-3"),
        ("A01", [pid('""')], "PID-3"),
        ("A40", [mrg("1"), pid()], "MRG stands before PID"),
        ("A40", [pid(), mrg("")], "MRG-1"),
        ("A40", [], "PID is missing"),
        ("A40", [pid(INSURED), mrg("1")], "PID-3"),
    ],
)
def test_a_message_that_names_nobody_is_refused_without_a_value(trigger: str, segments: list[str], why: str) -> None:
    with pytest.raises(MessageFault, match=why) as fault:
        heard(trigger, *segments)
    assert "Müller" not in str(fault.value)
