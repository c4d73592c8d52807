"""What a rule of the origin lets go, and what no rule does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from releasing.wishing import (
    ANYBODY,
    BORN,
    EMERGENCY,
    NAMED,
    OTHER,
    Ask,
    carry,
    heard,
    index,
    rules,
    standing,
)
from world import HOSPITAL, KVNR, PRACTICE, STUDY, World, data_set

from linkexchange import releasing
from linkexchange.errors import (
    PacsUnavailable,
)
from linkexchange.model.access import Basis
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.index import Entry, Source
from linkexchange.model.letting import Hold
from linkexchange.model.patient import LocalPatientId
from linkexchange.model.release_request import Kind, Sought, Wanted
from linkexchange.model.released import Standing
from linkexchange.model.transfer import Purpose, State
from linkexchange.releasing.find import match


def test_a_patient_is_known_by_kvnr_or_by_name_and_birth_date(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    for patient in (Sought(KVNR), replace(NAMED, kvnr=KVNR)):
        assert heard(ward, ask(patient=patient)).standing is Standing.RELEASED


def test_a_rule_releases_and_the_pull_goes_where_the_request_says(ward: World, ask: Ask) -> None:
    rules(ward, {**ANYBODY, "days": 3})
    request = ask(patient=NAMED)
    found = heard(ward, request)
    assert (found.standing, found.basis, found.by, found.study) == (Standing.RELEASED, Basis.RULE, "some", STUDY)
    midnight = ward.clock().astimezone().replace(hour=0, minute=0) + timedelta(days=4)
    assert found.expires == midnight
    assert carry(ward, request) is State.COMPLETE
    assert ward.pacs[PRACTICE].instances == ward.pacs[HOSPITAL].instances
    assert standing(ward, request) is Standing.RELEASED


def test_the_offer_has_the_number_of_the_request_and_its_user_and_purpose(ward: World, ask: Ask) -> None:
    rules(ward, EMERGENCY)
    request = ask(kind=Kind.EMERGENCY)
    carry(ward, request)
    with ward.nodes.work(PRACTICE) as work:
        transfer = work.transfers.of_offer(str(request))
    assert transfer
    assert (transfer.ask.user, transfer.ask.purpose, transfer.ask.kvnr) == ("Dr. Ask", Purpose.EMERGENCY, KVNR)


def test_without_a_rule_a_person_must_decide_and_the_requester_hears_no_reason(ward: World, ask: Ask) -> None:
    request = ask()
    assert (heard(ward, request).standing, heard(ward, request).hold) == (Standing.OPEN, Hold.NO_RULE)
    assert standing(ward, request) is Standing.OPEN
    with ward.nodes.work(PRACTICE) as work:
        assert work.own_requests.get(request).detail == ""


DOUBTS: list[tuple[dict[str, object], Hold]] = [
    ({"patient": Sought(OTHER)}, Hold.UNKNOWN_PATIENT),
    ({"patient": replace(NAMED, given="Eva")}, Hold.UNKNOWN_PATIENT),
    ({"patient": replace(NAMED, kvnr=KVNR, family="Schmidt")}, Hold.PATIENT_DIFFERS),
    ({"wanted": Wanted(modality="MR")}, Hold.NO_STUDY),
    ({"wanted": Wanted(study=StudyUid("1.2.3"))}, Hold.NO_STUDY),
    ({"wanted": Wanted(body_part="HEAD")}, Hold.DOUBT),
]


def test_what_is_in_doubt_no_rule_releases(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    for changes, hold in DOUBTS:
        request = ask(**changes)
        assert (heard(ward, request).standing, heard(ward, request).hold) == (Standing.OPEN, hold), changes


def test_two_persons_of_one_name_and_birth_date_are_a_doubt(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    index(ward).tell(Entry(LocalPatientId("815"), Source.HL7, OTHER, "Mueller", "Joerg", BORN, "M"))
    assert heard(ward, ask(patient=NAMED)).hold == Hold.AMBIGUOUS_PATIENT
    assert heard(ward, ask(patient=Sought(KVNR))).standing is Standing.RELEASED


def test_a_number_without_a_kvnr_is_a_doubt(world: World) -> None:
    for number, hold in (("1", Hold.NO_KVNR), ("2", Hold.AMBIGUOUS_PATIENT)):
        index(world).tell(Entry(LocalPatientId(number), Source.HL7, None, "Müller", "Jörg", BORN, "M"))
        with world.nodes.work(HOSPITAL) as work:
            assert match(work, NAMED).hold == hold


def test_images_whose_header_names_another_person_are_a_doubt(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    ward.pacs[HOSPITAL].hold(*(data_set(number, PatientName="Schmidt^Eva") for number in range(1, 5)))
    assert heard(ward, ask()).hold == Hold.DOUBT


def test_a_study_that_a_rule_withholds_from_records_no_rule_releases(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    index(ward).object(KVNR, None, user="test")
    assert heard(ward, ask()).hold == Hold.WITHHELD


def test_a_study_in_two_pacs_is_several(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    with ward.nodes.work(HOSPITAL) as work:
        work.pacs.put(replace(ward.pacs[HOSPITAL].passport, name="second"))
    assert heard(ward, ask()).hold == Hold.SEVERAL


def test_a_pacs_that_does_not_answer_decides_nothing(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    ward.pacs[HOSPITAL].down = True
    with pytest.raises(PacsUnavailable):
        ask()
    ward.pacs[HOSPITAL].down = False
    with ward.nodes.work(HOSPITAL) as work:
        [open_one] = work.requests.recent()
    releasing.judge(ward.hospital, open_one.request.request)
    assert heard(ward, open_one.request.request).standing is Standing.RELEASED


def test_judging_twice_releases_once(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    request = ask()
    link = heard(ward, request).link
    releasing.judge(ward.hospital, request)
    assert heard(ward, request).link == link
    assert ward.actions(ward.nodes, HOSPITAL).count("release.granted") == 1
