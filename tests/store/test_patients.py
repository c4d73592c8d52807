"""The patient index over its rows: numbers, issuers, merges, questions, objections, rules."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from conftest import Clock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkexchange.errors import UnknownPatient
from linkexchange.model.identifiers import Kvnr, StudyUid, TelematikId
from linkexchange.model.index import Doubt, Entry, Known, Objection, Question, Source
from linkexchange.model.patient import LocalPatientId, PatientHeader
from linkexchange.model.release import ReleaseRule
from linkexchange.store.work import Database, Work

ME, OTHER = TelematikId("5-2-hospital"), TelematikId("1-2-practice")
KVNR, OTHER_KVNR = Kvnr("X110411319"), Kvnr.with_check_digit("A12345678")
BORN = date(1950, 2, 28)
HEADER = PatientHeader("4711", "", KVNR, "Größler^Änne", BORN, "F")
STUDY = StudyUid("1.2.3")


def entry(number: str = "4711", issuer: str = "", kvnr: Kvnr | None = KVNR) -> Entry:
    return Entry(LocalPatientId(number, issuer), Source.HL7, kvnr, "Größler", "Änne", BORN, "F")


def question(clock: Clock, number: str = "4711", doubt: Doubt = Doubt.UNKNOWN) -> Question:
    header = PatientHeader(number, "", KVNR, "Größler^Änne", BORN, "F")
    return Question(uuid4(), LocalPatientId(number), header, doubt, clock())


def test_an_entry_reads_back_and_the_newest_counts(database: Database, clock: Clock) -> None:
    with database.work(ME) as work:
        first = work.patients.put(entry(kvnr=None), clock())
        second = work.patients.put(entry(), clock())
        assert (first.patient, second.entry) == (second.patient, entry())
        assert work.patients.find(LocalPatientId("4711")) == work.patients.get(first.patient) == second
        assert work.patients.find(LocalPatientId("4711", "KIS")) is None
        with pytest.raises(UnknownPatient):
            work.patients.get(uuid4())


def test_everything_is_seen_by_its_participant_only(database: Database, clock: Clock) -> None:
    with database.work(ME) as work:
        known, asked = work.patients.put(entry(), clock()), question(clock)
        work.patients.ask(asked)
        work.patients.object(Objection(KVNR, None, clock()))
        work.rules.replace([ReleaseRule("one", wait_days=1)])
    with database.work(OTHER) as work:
        assert work.patients.meant_by(LocalPatientId("4711")) == []
        assert (work.patients.questions(), work.rules.all()) == ([], [])
        assert not work.patients.objects(KVNR, STUDY)
        assert not work.patients.answer(asked.question, KVNR, clock())
        work.rules.replace([])
        for look in (lambda: work.patients.get(known.patient), lambda: work.patients.question(asked.question)):
            with pytest.raises(UnknownPatient):
                look()
    with database.work(ME) as work:
        assert [it.name for it in work.rules.all()] == ["one"]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (LocalPatientId("4711"), {"", "KIS", "RIS"}),
        (LocalPatientId("4711", "KIS"), {"", "KIS"}),
        (LocalPatientId("4711", "LAB"), {""}),
        (LocalPatientId("815"), set()),
        (LocalPatientId(""), set()),
    ],
)
def test_where_one_side_names_no_issuer_the_number_counts(
    database: Database, clock: Clock, asked: LocalPatientId, meant: set[str]
) -> None:
    with database.work(ME) as work:
        for issuer in ("", "KIS", "RIS"):
            work.patients.put(entry(issuer=issuer), clock())
        assert {it.entry.local.issuer for it in work.patients.meant_by(asked)} == meant


def _survivor(work: Work, number: str) -> Known:
    (known,) = work.patients.meant_by(LocalPatientId(number))
    return known


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_after_any_merges_every_number_leads_to_one_patient(
    database: Database, clock: Clock, merges: list[tuple[int, int]]
) -> None:
    with database.work(ME) as work:
        known = [work.patients.put(entry(f"p{number}"), clock()) for number in range(6)]
        for gone, into in merges:
            work.patients.merge(known[gone].patient, known[into].patient)
            assert _survivor(work, f"p{into}").patient == known[into].patient or gone == into
            assert _survivor(work, f"p{gone}") == _survivor(work, f"p{into}")
        for number in range(6):
            assert _survivor(work, f"p{number}").into is None
        for it in known:
            work.patients.merge(it.patient, it.patient)


def test_who_shares_a_kvnr_is_told_but_not_who_was_merged(database: Database, clock: Clock) -> None:
    with database.work(ME) as work:
        one, two, gone = (work.patients.put(entry(number), clock()) for number in ("1", "2", "3"))
        work.patients.put(entry("4", kvnr=OTHER_KVNR), clock())
        work.patients.merge(gone.patient, one.patient)
        assert work.patients.sharing(KVNR, [one.patient]) == [two.entry]


def test_a_question_waits_once_and_has_the_newest_doubt(database: Database, clock: Clock) -> None:
    first = question(clock)
    with database.work(ME) as work:
        assert work.patients.ask(first)
        clock.advance(hours=1)
        assert not work.patients.ask(question(clock, doubt=Doubt.NO_KVNR))
        work.patients.ask(question(clock, "815"))
        (waits, other) = work.patients.questions()
    assert (waits.question, waits.doubt, waits.asked, waits.header) == (
        first.question, Doubt.NO_KVNR, first.asked, first.header,
    )  # fmt: skip
    assert other.local.value == "815"


@pytest.mark.parametrize("kvnr", [KVNR, None])
def test_an_answer_is_given_once_and_holds_for_this_header(database: Database, clock: Clock, kvnr: Kvnr | None) -> None:
    asked = question(clock)
    with database.work(ME) as work:
        work.patients.ask(asked)
        assert work.patients.answer(asked.question, kvnr, clock())
        assert not work.patients.answer(asked.question, OTHER_KVNR, clock())
        assert work.patients.questions() == []
        answered = work.patients.answered(asked.local, asked.header)
        assert answered
        assert (answered.kvnr, answered.answered) == (kvnr, clock())
        work.patients.settled(asked.local, asked.header)
        assert work.patients.answered(asked.local, asked.header) == answered
        stranger = PatientHeader("4711", "", KVNR, "Gruber^Hans", BORN, "M")
        assert work.patients.answered(asked.local, stranger) is None


def _answered(work: Work, clock: Clock) -> Question:
    asked = question(clock)
    work.patients.ask(asked)
    work.patients.answer(asked.question, KVNR, clock())
    return asked


def test_an_answer_is_forgotten_when_the_kvnr_of_the_number_changes(database: Database, clock: Clock) -> None:
    with database.work(ME) as work:
        work.patients.put(entry(), clock())
        asked = _answered(work, clock)
        work.patients.put(entry(), clock())
        assert work.patients.answered(asked.local, asked.header)
        work.patients.put(entry(kvnr=OTHER_KVNR), clock())
        assert work.patients.answered(asked.local, asked.header) is None


def test_an_answer_is_forgotten_when_the_number_is_merged(database: Database, clock: Clock) -> None:
    with database.work(ME) as work:
        gone, into = work.patients.put(entry(), clock()), work.patients.put(entry("815"), clock())
        asked = _answered(work, clock)
        work.patients.merge(gone.patient, into.patient)
        assert work.patients.answered(asked.local, asked.header) is None


def test_what_has_settled_itself_waits_no_longer(database: Database, clock: Clock) -> None:
    asked = question(clock)
    with database.work(ME) as work:
        work.patients.ask(asked)
        work.patients.settled(asked.local, asked.header)
        assert work.patients.questions() == []


def test_an_objection_is_to_one_study_or_to_all(database: Database, clock: Clock) -> None:
    with database.work(ME) as work:
        assert not work.patients.objects(KVNR, STUDY)
        for _ in range(2):
            work.patients.object(Objection(KVNR, STUDY, clock() + timedelta(days=1)))
        assert work.patients.objects(KVNR, STUDY)
        assert not work.patients.objects(KVNR, StudyUid("1.2.4"))
        assert not work.patients.objects(OTHER_KVNR, STUDY)
        work.patients.object(Objection(KVNR, None, clock()))
        assert work.patients.objects(KVNR, StudyUid("1.2.4"))
        assert work.patients.withdraw_objection(KVNR, None)
        assert not work.patients.withdraw_objection(KVNR, None)
        assert work.patients.objects(KVNR, STUDY)


def test_rules_keep_their_order_and_replace_all_that_were_there(database: Database) -> None:
    rules = [ReleaseRule("b", wait_days=1), ReleaseRule("a", "Grund", until=date(2027, 1, 31))]
    with database.work(ME) as work:
        work.rules.replace([ReleaseRule("old", wait_days=1)])
        work.rules.replace(rules)
        assert work.rules.all() == rules
        work.rules.replace([])
        assert work.rules.all() == []
