from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

import pytest

from linkexchange.model.identifiers import Kvnr
from linkexchange.model.patient import Patient, PatientHeader, contradictions, differences, issuer_of

KVNR, OTHER_KVNR = Kvnr("X110411319"), Kvnr.with_check_digit("A12345678")
PATIENT = Patient(KVNR, "Größler", "Änne Marie", date(1950, 2, 28), "F", "PID-4711")
SAME = PatientHeader("PID-4711", "", KVNR, "Größler^Änne Marie", date(1950, 2, 28), "F")

FAMILIES = (
    "Müller", "Schmidt", "Größler", "Weiß", "von der Mühlen", "Özdemir", "Yılmaz", "Łukasiewicz", "Müller-Lüdenscheidt",
    "O'Neill", "Šimić", "Núñez", "d'Angelo", "Ångström", "Jäger", "Köhler", "Straße", "Ibn Sīnā", "Nguyễn", "Schröder",
)  # fmt: skip
GIVEN = (
    "Jürgen", "Änne", "Björn", "Zoë", "Hans-Peter", "Anna Maria", "Günther", "Søren", "José", "Élodie", "Mehmet", "Uwe",
    "Jörg", "Käthe", "Luka", "İpek", "Ana", "Karl-Heinz", "Rosa", "Tim",
)  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "Größler^Änne Marie",
        "GRÖSSLER^ÄNNE",
        "Groessler^Aenne",
        "GROESSLER^AENNE^MARIE^DR.",
        "größler ^änne ",
        "Gro\u0308ßler^A\u0308nne",
        "Größler^Änne=漢字^かな=xx",
        "Größler",
        "Größler^",
        "^Änne",
        "Größler^ ",
        "^",
        " ",
        "",
    ],
)
def test_the_spelling_of_a_name_does_not_matter(name: str) -> None:
    assert differences(replace(SAME, name=name), PATIENT) == ()


@pytest.mark.parametrize("name", ["Gruber^Änne", "Größler^Hanne", "Größler^Marie", "Änne^Größler", "Gressler^Änne"])
def test_another_name_is_another_patient(name: str) -> None:
    assert differences(replace(SAME, name=name), PATIENT) == ("PatientName",)


@pytest.mark.parametrize(
    ("header", "patient"),
    [
        (replace(SAME, kvnr=""), PATIENT),
        (replace(SAME, patient_id="", birth_date=None, sex="", name=""), PATIENT),
        (replace(SAME, sex="O"), PATIENT),
        (SAME, replace(PATIENT, sex="")),
        (SAME, replace(PATIENT, given="")),
        (SAME, replace(PATIENT, birth_date=None)),
        (SAME, replace(PATIENT, local_id="")),
        (replace(SAME, patient_id="ELSEWHERE-1"), PATIENT),
    ],
)
def test_what_one_side_does_not_say_speaks_against_nobody(header: PatientHeader, patient: Patient) -> None:
    assert differences(header, patient) == ()


@pytest.mark.parametrize(
    ("change", "attribute"),
    [
        ({"kvnr": OTHER_KVNR}, "OtherPatientIDsSequence"),
        ({"kvnr": KVNR.lower()}, "OtherPatientIDsSequence"),
        ({"kvnr": f"{KVNR} "}, "OtherPatientIDsSequence"),
        ({"kvnr": f"{KVNR[:4]} {KVNR[4:]}"}, "OtherPatientIDsSequence"),
        ({"kvnr": f"{KVNR[:-1]}0"}, "OtherPatientIDsSequence"),
        ({"name": "Gruber^Änne"}, "PatientName"),
        ({"birth_date": date(1950, 2, 27)}, "PatientBirthDate"),
        ({"sex": "M"}, "PatientSex"),
    ],
)
def test_l_04_one_attribute_that_contradicts_is_named(change: dict[str, object], attribute: str) -> None:
    assert differences(replace(SAME, **change), PATIENT) == (attribute,)


def test_every_attribute_that_contradicts_is_named_and_no_value() -> None:
    stranger = PatientHeader("PID-1", "", OTHER_KVNR, "Gruber^Hans", date(1980, 1, 1), "M")
    named = differences(stranger, PATIENT)
    assert named == ("OtherPatientIDsSequence", "PatientName", "PatientBirthDate", "PatientSex")


@pytest.mark.parametrize(
    "header",
    [
        PatientHeader(),
        replace(SAME, kvnr="", patient_id=""),
        replace(SAME, kvnr="", patient_id="PID-4712"),
        replace(SAME, kvnr="", patient_id="pid-4711"),
        replace(SAME, kvnr="", birth_date=None),
    ],
)
def test_l_04_an_image_that_names_nobody_for_certain_is_not_the_patient_s(header: PatientHeader) -> None:
    assert differences(header, PATIENT) == ("PatientID",)


def test_without_a_local_number_in_the_document_only_the_kvnr_anchors() -> None:
    assert differences(replace(SAME, kvnr="", patient_id=""), replace(PATIENT, local_id="")) == ("PatientID",)


def test_without_a_birth_date_in_the_document_only_the_kvnr_anchors() -> None:
    assert differences(replace(SAME, kvnr="", birth_date=None), replace(PATIENT, birth_date=None)) == ("PatientID",)


def test_2000_right_headers_raise_no_alarm() -> None:
    random = Random(1)
    people = [_person(random, number) for number in range(2000)]
    assert [person for person in people if differences(_header(person, random), person.patient)] == []


def test_200_images_of_somebody_else_are_all_noticed() -> None:
    """Everybody is compared with the person most like them: twins, namesakes, the same number."""
    random = Random(2)
    missed = [number for number in range(200) if not differences(*_mistaken(random, number))]
    assert missed == []


@dataclass(frozen=True)
class Person:
    """A patient, and the other spellings that headers use for the same name."""

    patient: Patient
    family: tuple[str, ...]
    given: tuple[str, ...]


def _person(random: Random, number: int) -> Person:
    family, given = random.choice(FAMILIES), random.choice(GIVEN)
    kvnr = Kvnr.with_check_digit(f"{random.choice('ABCX')}{number:08d}")
    born = date(1930, 1, 1) + timedelta(days=random.randrange(33_000))
    patient = Patient(kvnr, family, given, born, random.choice("MFO"), f"PID-{number}")
    return Person(patient, _spellings(family), _spellings(given))


def _spellings(name: str) -> tuple[str, ...]:
    written_out = name
    for umlaut, letters in {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "ß": "ss"}.items():
        written_out = written_out.replace(umlaut, letters)
    return name, written_out, written_out.upper(), name.replace("-", " "), f"{name} "


def _header(person: Person, random: Random) -> PatientHeader:
    """What a modality writes of the right patient: any spelling, and only what it was given."""
    patient = person.patient
    with_kvnr = random.random() < 0.5
    return PatientHeader(
        patient_id=patient.local_id,
        kvnr=patient.kvnr if with_kvnr else "",
        name=f"{random.choice(person.family)}^{random.choice(person.given)}",
        birth_date=None if with_kvnr and random.random() < 0.2 else patient.birth_date,
        sex=random.choice(["", "O", patient.sex]),
    )


def _mistaken(random: Random, number: int) -> tuple[PatientHeader, Patient]:
    """The header of a person who shares all but one or two attributes with the patient of the document."""
    wanted = _person(random, number).patient
    born = wanted.birth_date
    assert born is not None
    other_given = random.choice([name for name in GIVEN if name != wanted.given])
    other_kvnr = Kvnr.with_check_digit(f"Y{number:08d}")
    twin = PatientHeader(f"PID-{number + 1}", "", other_kvnr, f"{wanted.family}^{other_given}", born, wanted.sex)
    namesake = replace(twin, name=f"{wanted.family}^{wanted.given}", birth_date=born + timedelta(days=1))
    same_number = replace(twin, patient_id=wanted.local_id, kvnr="", birth_date=born + timedelta(days=365))
    without_kvnr = replace(namesake, kvnr="", birth_date=born)
    return random.choice([twin, namesake, same_number, without_kvnr]), wanted


@pytest.mark.parametrize(
    ("holder", "wrong"),
    [
        (PatientHeader("4711", name="Müller^Jörg"), ()),
        (PatientHeader("4711", birth_date=date(1970, 1, 2)), ()),
        (PatientHeader("4711", name="Schmidt^Eva"), ("PatientName",)),
        (PatientHeader("4711", name="Müller^Jörg", birth_date=date(1971, 1, 2)), ("PatientBirthDate",)),
        (PatientHeader("4711"), ("PatientID",)),
    ],
)
def test_the_holder_of_a_number_is_the_same_person_only_if_something_says_so(
    holder: PatientHeader, wrong: tuple[str, ...]
) -> None:
    patient = Patient(Kvnr.with_check_digit("A12345678"), "Müller", "Jörg", date(1970, 1, 2), "M", "4711")
    assert contradictions(holder, patient) == wrong


@pytest.mark.parametrize(
    ("text", "issuer"),
    [
        ("", ""),
        (" KLINIK ", "KLINIK"),
        ("KLINIK&1.2.276.0.76.3.1.99&ISO", "1.2.276.0.76.3.1.99"),
        ("&1.2.276.0.76.3.1.99&ISO", "1.2.276.0.76.3.1.99"),
        ("KLINIK&&", "KLINIK"),
        ("KLINIK&1.2.276.0.76.3.1.99", "1.2.276.0.76.3.1.99"),
    ],
)
def test_an_issuer_is_its_universal_id_where_it_has_one(text: str, issuer: str) -> None:
    assert issuer_of(text) == issuer
