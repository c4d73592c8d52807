"""Whose record a study belongs to: sources, doubts, decisions, merges and objections over real rows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import hl7.client
import pytest
from admitting import INSURED, adt, mrg, pid
from admitting import LOCAL as LOCAL_NUMBER
from sqlalchemy import text
from world import HOSPITAL, KVNR, STUDY, World, data_set
from xdt.practice import gdt

from linkexchange import documents, notice, patients, publish, record
from linkexchange.errors import CardUnavailable, PatientObjects, UnknownPatient, UnknownStudy
from linkexchange.hl7 import Listener, admissions
from linkexchange.model.identifiers import Kvnr, LinkId, StudyUid
from linkexchange.model.index import Doubt, Entry, Source
from linkexchange.model.link import LinkStatus
from linkexchange.model.patient import LocalPatientId, PatientHeader
from linkexchange.model.release import ReleaseRule
from linkexchange.model.watched import Plan, Wait, Watched
from linkexchange.model.watched import Source as Watching
from linkexchange.patients import Index
from linkexchange.ports import Candidate, Insured, Judgement
from linkexchange.ports import Doubt as Doubted
from linkexchange.release import Rules
from linkexchange.store.transaction import act_for
from linkexchange.xdt import PatientFolder

OTHER_KVNR = Kvnr("X110411319")
BORN = date(1970, 1, 2)
LOCAL = LocalPatientId("4711")
JOERG = Entry(LOCAL, Source.HL7, KVNR, "Müller", "Jörg", BORN, "M")
HEADER = PatientHeader("4711", "", "", "Müller^Jörg", BORN, "M")


@pytest.fixture
def index(world: World) -> Index:
    return Index(HOSPITAL, world.nodes, world.clock)


def without_kvnr(world: World) -> None:
    """A study whose images do not carry the KVNR, published for Jörg."""
    world.publish(data_set(1, OtherPatientIDsSequence=[]))


def links(world: World) -> dict[LinkId, tuple[bool, Kvnr | None]]:
    with world.nodes.work(HOSPITAL) as work:
        return {it.link.link: (it.active, it.kvnr) for it in work.links.recent()}


def test_a_patient_that_a_source_has_named_has_a_record(index: Index) -> None:
    index.tell(JOERG)
    assert index.kvnr_of(HEADER, LOCAL) == KVNR
    assert index.waiting() == []


def test_a_doubt_waits_once_is_audited_without_a_name_and_ends_by_itself(index: Index, world: World) -> None:
    for _ in range(2):
        assert index.kvnr_of(HEADER, LOCAL) == Doubted("unknown-patient")
    ((asked, known),) = index.waiting()
    assert (asked.doubt, asked.header.name, known) == (Doubt.UNKNOWN, "Müller^Jörg", [])
    with world.nodes.audit_trail(HOSPITAL) as entries:
        (doubted,) = [it for it in entries if it.action == "patient.doubted"]
    assert doubted.fields == {"question": str(asked.question), "doubt": "unknown-patient"}
    index.tell(JOERG)
    assert index.kvnr_of(HEADER, LOCAL) == KVNR
    assert index.waiting() == []


def test_a_person_decides_and_the_same_images_wait_no_longer(index: Index, world: World) -> None:
    index.tell(replace(JOERG, family="Mayer"))
    assert index.kvnr_of(HEADER, LOCAL) == Doubted("header-differs")
    ((asked, (known,)),) = index.waiting()
    assert known.family == "Mayer"
    index.decide(asked.question, KVNR, user="test")
    assert index.kvnr_of(HEADER, LOCAL) == KVNR
    assert index.kvnr_of(replace(HEADER, name="Schmidt^Eva"), LOCAL) == Doubted("header-differs")
    with world.nodes.audit_trail(HOSPITAL) as entries:
        fields = next(it.fields for it in entries if it.action == "patient.decided")
    assert fields == {"question": str(asked.question), "answer": "kvnr", "user": "test"}
    with pytest.raises(UnknownPatient):
        index.decide(asked.question, None, user="test")


def test_a_person_may_say_that_it_is_nobody(index: Index) -> None:
    index.kvnr_of(HEADER, LOCAL)
    ((asked, _),) = index.waiting()
    index.decide(asked.question, None, user="test")
    assert index.kvnr_of(HEADER, LOCAL) == Doubted("nobody")
    assert index.waiting() == []


def test_what_a_person_has_assigned_no_message_changes(index: Index, world: World) -> None:
    index.assign(LOCAL, KVNR, user="test")
    index.tell(replace(JOERG, kvnr=OTHER_KVNR))
    assert index.kvnr_of(HEADER, LOCAL) == KVNR
    assert "patient.assigned" in world.actions(world.nodes, HOSPITAL)


class Reader:
    """A card terminal with an eGK in it, or without one."""

    def __init__(self, insured: Insured | None) -> None:
        self.card = insured

    def insured(self) -> Insured:
        if self.card is None:
            raise CardUnavailable
        return self.card


def test_the_card_that_is_read_says_whose_number_it_is(index: Index) -> None:
    index.assign_by_card(LOCAL, Reader(Insured(KVNR, "Müller", "Jörg", BORN, "M")), user="test")
    assert index.kvnr_of(HEADER, LOCAL) == KVNR
    assert index.kvnr_of(replace(HEADER, birth_date=date(1999, 1, 1)), LOCAL) == Doubted("header-differs")
    with pytest.raises(CardUnavailable):
        index.assign_by_card(LOCAL, Reader(None), user="test")


def barred(world: World) -> LinkId:
    """A link that the record has not been told of, since it does not let the hospital in; the job has given up."""
    world.records[HOSPITAL].entitled = False
    world.pacs[HOSPITAL].hold(data_set(1))
    link = publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=KVNR)
    publish.announce(world.hospital, link)
    with world.nodes.engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    return link


def queued(world: World) -> list[str]:
    with world.nodes.engine.connect() as connection:
        jobs = text("SELECT args FROM procrastinate_jobs WHERE task_name = :job")
        return [args["link"] for args in connection.execute(jobs, {"job": publish.ANNOUNCE_JOB}).scalars()]


KNOWN: dict[str, Callable[[Index], object]] = {
    "a card is read": lambda index: index.assign_by_card(
        LOCAL, Reader(Insured(KVNR, "Müller", "Jörg", BORN, "M")), user="test"
    ),
    "a message names the patient": lambda index: index.tell(JOERG),
    "a file names the patient": lambda index: index.tell_all([replace(JOERG, source=Source.XDT)]),
    "two numbers are merged": lambda index: index.merge(LocalPatientId("815"), JOERG),
    "a person assigns the number": lambda index: index.assign(LOCAL, KVNR, user="test"),
}


@pytest.mark.parametrize("event", KNOWN)
def test_what_a_record_was_not_told_is_queued_when_its_patient_is_named(index: Index, world: World, event: str) -> None:
    link = barred(world)
    KNOWN[event](index)
    assert queued(world) == [link]


def test_it_is_queued_as_well_when_nothing_new_is_said(index: Index, world: World) -> None:
    index.tell(JOERG)
    link = barred(world)
    index.tell(JOERG)
    assert queued(world) == [link]


def test_it_is_queued_when_a_person_answers_whose_images_they_are(index: Index, world: World) -> None:
    index.kvnr_of(HEADER, LOCAL)
    link = barred(world)
    ((asked, _),) = index.waiting()
    index.decide(asked.question, KVNR, user="test")
    assert queued(world) == [link]


def test_what_waits_for_the_record_of_somebody_else_is_left_alone(index: Index, world: World) -> None:
    barred(world)
    index.tell(replace(JOERG, kvnr=OTHER_KVNR))
    index.tell(replace(JOERG, local=LocalPatientId("815"), kvnr=None))
    assert queued(world) == []


def test_a_study_that_waits_for_an_entitlement_is_looked_at_when_the_card_is_read(index: Index, world: World) -> None:
    study = Watched("hospital", STUDY, Watching.BACKFILL, world.clock(), LOCAL, wait=Wait.ENTITLEMENT)
    with world.nodes.work(HOSPITAL) as work:
        work.watched.notice(replace(study, due=world.clock() + timedelta(days=20)))
    for _ in range(2):
        KNOWN["a card is read"](index)
    with world.nodes.work(HOSPITAL) as work:
        assert work.watched.get("hospital", STUDY).due == world.clock()


# --- merges -----------------------------------------------------------------------------------------------------------


def test_after_a_merge_images_of_both_numbers_belong_to_the_one_that_survives(index: Index) -> None:
    index.tell(replace(JOERG, local=LocalPatientId("815"), kvnr=None))
    index.merge(LOCAL, replace(JOERG, local=LocalPatientId("815")))
    for number in ("4711", "815"):
        assert index.kvnr_of(replace(HEADER, patient_id=number), LocalPatientId(number)) == KVNR


def test_the_one_that_survives_takes_over_the_kvnr_that_only_the_other_had(index: Index) -> None:
    index.tell(JOERG)
    index.merge(LOCAL, replace(JOERG, local=LocalPatientId("815"), kvnr=None))
    assert index.kvnr_of(replace(HEADER, patient_id="815"), LocalPatientId("815")) == KVNR


def look_again(world: World, index: Index) -> None:
    """What a worker does when a study is due: it looks until nothing is due any more."""
    node = replace(world.hospital, index=index, rules=Rules(HOSPITAL, world.nodes), plan=Plan(quiet=timedelta()))
    for _ in range(3):
        notice.look(node, "hospital", STUDY)
    for link, (active, _) in links(world).items():
        if active:
            publish.announce(node, link)
        else:
            record.close(node, link)


def states(world: World) -> dict[Kvnr, LinkStatus]:
    return {kvnr: documents.read(document).status for kvnr, document, _ in world.held.values()}


def test_a40_moves_what_was_published_into_the_record_of_the_one_that_survives(index: Index, world: World) -> None:
    without_kvnr(world)
    index.tell(JOERG)
    index.merge(LOCAL, replace(JOERG, local=LocalPatientId("815"), kvnr=OTHER_KVNR))
    look_again(world, index)
    assert sorted(links(world).values()) == [(False, KVNR), (True, OTHER_KVNR)]
    assert states(world) == {KVNR: LinkStatus.CANCELLED, OTHER_KVNR: LinkStatus.AVAILABLE}


def test_a40_within_one_record_leaves_the_link_that_stands(index: Index, world: World) -> None:
    without_kvnr(world)
    index.tell(JOERG)
    before = links(world)
    index.merge(LOCAL, replace(JOERG, local=LocalPatientId("815")))
    look_again(world, index)
    assert links(world) == before


def test_a_merge_that_leaves_a_doubt_withdraws_what_may_stand_in_a_stranger_s_record(
    index: Index, world: World
) -> None:
    without_kvnr(world)
    index.tell(JOERG)
    index.merge(LOCAL, replace(JOERG, local=LocalPatientId("815"), kvnr=OTHER_KVNR, family="Schmidt"))
    look_again(world, index)
    assert list(links(world).values()) == [(False, KVNR)]
    ((asked, _),) = index.waiting()
    assert asked.doubt is Doubt.DIFFERS
    index.decide(asked.question, OTHER_KVNR, user="test")
    look_again(world, index)
    assert states(world) == {KVNR: LinkStatus.CANCELLED, OTHER_KVNR: LinkStatus.AVAILABLE}


def test_a_link_that_nobody_watches_is_watched_when_its_patient_changes(index: Index, world: World) -> None:
    without_kvnr(world)
    index.tell(JOERG)
    with world.nodes.engine.begin() as connection:
        act_for(connection, HOSPITAL)
        connection.execute(text("DELETE FROM watched"))
    index.tell(replace(JOERG, kvnr=OTHER_KVNR))
    look_again(world, index)
    assert states(world) == {KVNR: LinkStatus.CANCELLED, OTHER_KVNR: LinkStatus.AVAILABLE}


def test_a_merge_that_is_told_twice_is_one(index: Index, world: World) -> None:
    without_kvnr(world)
    index.tell(JOERG)
    for _ in range(2):
        index.merge(LOCAL, replace(JOERG, local=LocalPatientId("815")))
    assert world.actions(world.nodes, HOSPITAL).count("patient.merged") == 1
    index.merge(LOCAL, JOERG)
    assert world.actions(world.nodes, HOSPITAL).count("patient.merged") == 1


def test_a_message_that_corrects_a_kvnr_moves_what_stands_in_the_wrong_record(index: Index, world: World) -> None:
    without_kvnr(world)
    index.tell(JOERG)
    index.tell(replace(JOERG, kvnr=OTHER_KVNR))
    look_again(world, index)
    assert sorted(links(world).values()) == [(False, KVNR), (True, OTHER_KVNR)]


def test_what_was_published_under_another_number_stays_where_it_is(index: Index, world: World) -> None:
    without_kvnr(world)
    index.tell(replace(JOERG, local=LocalPatientId("999")))
    index.tell(replace(JOERG, local=LocalPatientId("999"), kvnr=OTHER_KVNR))
    before = links(world)
    look_again(world, index)
    assert links(world) == before


# --- objections -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("study", [None, STUDY])
def test_an_objection_withdraws_what_is_published_until_it_ends(index: Index, world: World, study: None) -> None:
    world.publish()
    ((link, _),) = links(world).items()
    index.object(KVNR, study, user="test")
    assert links(world) == {link: (False, KVNR)}
    world.clock.advance(hours=2)  # type: ignore[attr-defined]
    look_again(world, index)
    assert states(world) == {KVNR: LinkStatus.CANCELLED}
    assert index.withdraw_objection(KVNR, study, user="test")
    assert not index.withdraw_objection(KVNR, study, user="test")
    world.clock.advance(hours=2)  # type: ignore[attr-defined]
    look_again(world, index)
    assert sorted(active for active, _ in links(world).values()) == [False, True]


@pytest.mark.parametrize("study", [None, STUDY])
def test_nobody_publishes_by_hand_what_the_patient_objects_to(
    index: Index, world: World, study: StudyUid | None
) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    index.object(KVNR, study, user="test")
    with pytest.raises(PatientObjects):
        publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=KVNR)
    assert (links(world), world.held) == ({}, {})
    with world.nodes.work(HOSPITAL) as work, pytest.raises(UnknownStudy):
        work.watched.get("hospital", STUDY)
    index.withdraw_objection(KVNR, study, user="test")
    assert publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=KVNR) in links(world)


def test_an_objection_to_another_study_does_not_keep_this_one_back(index: Index, world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    index.object(KVNR, StudyUid("1.2.3"), user="test")
    index.object(OTHER_KVNR, None, user="test")
    assert publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=KVNR)


def test_an_objection_that_comes_between_the_judgement_and_the_publishing_counts(index: Index, world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    notice.heard(world.hospital, "hospital", STUDY, Watching.POLL)
    rules = Rules(HOSPITAL, world.nodes)
    node = replace(world.hospital, index=index, rules=Judge(rules, index), plan=Plan(quiet=timedelta()))
    with pytest.raises(PatientObjects):
        notice.look(node, "hospital", STUDY)
    look_again(world, index)
    with world.nodes.work(HOSPITAL) as work:
        assert work.watched.get("hospital", STUDY).wait is Wait.RELEASE
    assert links(world) == {}


@dataclass
class Judge:
    """Rules that let a study go, and are then overtaken by the patient."""

    rules: Rules
    index: Index

    def judge(self, candidate: Candidate, at: datetime) -> Judgement:
        judgement = self.rules.judge(candidate, at)
        self.index.object(KVNR, None, user="test")
        return judgement


def test_a_study_does_not_move_into_the_record_of_a_patient_who_objects(index: Index, world: World) -> None:
    without_kvnr(world)
    index.tell(JOERG)
    index.object(OTHER_KVNR, None, user="test")
    index.tell(replace(JOERG, kvnr=OTHER_KVNR))
    look_again(world, index)
    assert list(links(world).values()) == [(False, KVNR)]


@pytest.mark.parametrize(
    ("keyword", "condition"),
    [
        ("InstitutionalDepartmentName", "departments"),
        ("ConfidentialityConstraintOnPatientDataDescription", "confidentiality"),
    ],
)
def test_a_rule_about_what_stands_in_the_images_holds_a_watched_study_back(
    index: Index, world: World, keyword: str, condition: str
) -> None:
    world.pacs[HOSPITAL].hold(data_set(1, **{keyword: "Psychiatrie"}))
    rule = ReleaseRule.from_row({"name": "held-back", condition: ["psychiatrie"]})
    Rules(HOSPITAL, world.nodes).replace([rule], user="test")
    notice.heard(world.hospital, "hospital", STUDY, Watching.POLL)
    look_again(world, index)
    with world.nodes.work(HOSPITAL) as work:
        known = work.watched.get("hospital", STUDY)
    assert (known.wait, known.detail, links(world)) == (Wait.RELEASE, "held-back", {})


# --- files of practice systems ----------------------------------------------------------------------------------------


def left(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    os.utime(folder / name, (time.time() - 10,) * 2)


def test_files_of_a_practice_system_are_read_and_removed(index: Index, tmp_path: Path) -> None:
    left(tmp_path, "PVSPACS.GDT", gdt())
    left(tmp_path, "PVSPACS.001", gdt("cp1252", "3", f3000="815", f3101="Weiß", f3119=OTHER_KVNR))
    assert patients.take_files(index, PatientFolder(tmp_path)) == 2
    assert list(tmp_path.iterdir()) == []
    assert index.kvnr_of(HEADER, LOCAL) == KVNR
    weiss = replace(HEADER, patient_id="815", name="WEISS^JÖRG")
    assert index.kvnr_of(weiss, LocalPatientId("815")) == OTHER_KVNR


def test_a_file_that_cannot_be_read_keeps_back_no_other_and_its_content_out_of_the_log(
    index: Index, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left(tmp_path, "Müller.gdt", gdt()[:-4])
    left(tmp_path, "b.gdt", gdt())
    assert patients.take_files(index, PatientFolder(tmp_path)) == 1
    assert [it.name for it in tmp_path.iterdir()] == ["unreadable"]
    assert "Müller" not in capsys.readouterr().out


# --- messages of a hospital information system ------------------------------------------------------------------------


@contextmanager
def listening(index: Index) -> Iterator[Callable[[bytes], str]]:
    """Send messages over a real socket, as another maker's client does; MSA-1 of the answer."""
    hear = admissions(index.tell_all, index.merge)
    with (
        Listener(("127.0.0.1", 0), hear, senders=["127.0.0.1"], now=index.now) as listener,
        hl7.client.MLLPClient("127.0.0.1", listener.port) as client,
    ):
        yield lambda block: client.send_message(block).decode("latin-1").split("MSA|")[1][:2]


def test_an_admission_a_change_and_a_merge_over_a_real_socket(index: Index) -> None:
    kis = LocalPatientId("4711", "1.2.276.0.1.1")
    header = replace(HEADER, issuer="KIS&1.2.276.0.1.1&ISO", name="MUELLER^JOERG")
    with listening(index) as send:
        assert send(adt("A04", [pid(LOCAL_NUMBER)])) == "AA"
        assert index.kvnr_of(header, kis) == Doubted("no-kvnr")
        assert send(adt("A08", [pid()])) == "AA"
        assert index.kvnr_of(header, LocalPatientId("4711", header.issuer)) == KVNR
        survivor = pid("0815^^^KIS&1.2.276.0.1.1&ISO^PI", INSURED)
        assert send(adt("A40", [survivor, mrg(LOCAL_NUMBER)])) == "AA"
        assert send(adt("A01", [pid("V1^^^KIS^VN")])) == "AR"
    assert index.kvnr_of(header, kis) == KVNR
    assert index.kvnr_of(replace(header, patient_id="0815"), replace(kis, value="0815")) == KVNR
