"""A study from the first notice of it to the end of its link, with the real database and the simulated network."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from noticing import LOCAL, Ward
from world import HOSPITAL, KVNR, World

from linkexchange import documents, notice, publish, record
from linkexchange.errors import PacsRejectsNode, UnknownPacs
from linkexchange.model import hours
from linkexchange.model.hours import Hours
from linkexchange.model.identifiers import Kvnr, StudyUid
from linkexchange.model.link import LinkStatus
from linkexchange.model.patient import LocalPatientId
from linkexchange.model.watched import Source, Step, Wait
from linkexchange.ports import Doubt, Judgement, Waits

STUDY = StudyUid("1.2.3")
OTHER = Kvnr.with_check_digit("B87654321")


@pytest.fixture
def ward(world: World) -> Ward:
    return Ward(world)


def current(ward: Ward) -> list[tuple[LinkStatus, int, str]]:
    """What the record shows: status, number of images and insured person of each document."""
    links = [(documents.read(document), owner) for owner, document, _ in ward.world.held.values()]
    return [(link.status, len(link.manifest.uids), owner) for link, owner in links]


def publish_one(ward: Ward, *numbers: int) -> None:
    ward.shelf.put(STUDY, *(numbers or (1, 2)))
    ward.round()
    ward.round(minutes=10)


def test_a_study_is_published_once_when_it_has_been_quiet_and_not_before(ward: Ward) -> None:
    ward.shelf.put(STUDY, 1)
    ward.round()
    ward.shelf.put(STUDY, 2)
    for _ in range(10):
        ward.round(minutes=1)
    assert (current(ward), ward.watched(STUDY).wait) == ([], Wait.QUIET)
    for _ in range(10):
        ward.round(minutes=5)
    assert current(ward) == [(LinkStatus.AVAILABLE, 2, KVNR)]
    assert ward.world.actions(ward.world.nodes, HOSPITAL).count("link.published") == 1


def test_late_images_make_a_version_that_replaces_the_first(ward: Ward) -> None:
    publish_one(ward)
    [first] = [documents.read(document).link for _, document, _ in ward.world.held.values()]
    ward.shelf.put(STUDY, 3)
    ward.round(minutes=1)
    assert current(ward) == [(LinkStatus.AVAILABLE, 2, KVNR)]
    ward.round(minutes=10)
    [link] = [documents.read(document) for _, document, _ in ward.world.held.values()]
    assert (link.replaces, len(link.manifest.uids)) == (first, 3)


def test_a_study_that_was_deleted_is_withdrawn_everywhere_and_published_anew_when_it_comes_back(ward: Ward) -> None:
    publish_one(ward)
    del ward.shelf.studies[STUDY]
    ward.round(minutes=1)
    assert [status for status, _, _ in current(ward)] == [LinkStatus.CANCELLED]
    assert ward.watched(STUDY).wait is Wait.IMAGES
    publish_one(ward)
    assert [status for status, _, _ in current(ward)] == [LinkStatus.CANCELLED, LinkStatus.AVAILABLE]


def test_a_merge_publishes_the_study_under_the_patient_who_survives(ward: Ward) -> None:
    publish_one(ward)
    ward.index.answer, ward.shelf.changes = OTHER, {"OtherPatientIDsSequence": []}  # type: ignore[dict-item]
    assert notice.patient_changed(ward.node, LOCAL) == 1
    ward.round()
    ward.round()
    assert current(ward) == [(LinkStatus.CANCELLED, 2, KVNR), (LinkStatus.AVAILABLE, 2, OTHER)]


def test_a_study_follows_the_number_that_its_pacs_says_whatever_a_result_has_said(ward: Ward) -> None:
    ward.node = replace(ward.node, plan=replace(ward.plan, pacs=()))
    notice.heard(ward.node, "hospital", STUDY, Source.ORU, LocalPatientId("CASE-1"))
    publish_one(ward)
    assert len(current(ward)) == 1
    assert notice.patient_changed(ward.node, LOCAL) == 1


def test_a_study_in_doubt_waits_for_a_person_and_says_why(ward: Ward) -> None:
    ward.index.answer = Doubt("unknown-patient")
    publish_one(ward)
    waiting = ward.watched(STUDY)
    assert (current(ward), waiting.wait, waiting.detail) == ([], Wait.PATIENT, "unknown-patient")


def test_a_header_that_names_another_insured_person_than_the_index_is_a_doubt(ward: Ward) -> None:
    ward.index.answer = OTHER
    publish_one(ward)
    assert ward.watched(STUDY).detail == "wrong-patient: OtherPatientIDsSequence"


def test_an_embargo_ends_by_itself(ward: Ward) -> None:
    ward.rules.answer = Judgement(False, "embargo", ward.node.now() + timedelta(days=2))
    publish_one(ward)
    assert (current(ward), ward.watched(STUDY).detail) == ([], "embargo")
    ward.rules.answer = Judgement(True, "all")
    ward.round(days=2)
    assert len(current(ward)) == 1


def test_an_objection_withdraws_what_was_published(ward: Ward) -> None:
    publish_one(ward)
    ward.rules.answer = Judgement(False, "objection")
    notice.patient_changed(ward.node, LOCAL)
    ward.round()
    assert [status for status, _, _ in current(ward)] == [LinkStatus.CANCELLED]


def test_without_an_entitlement_the_hub_knows_at_once_and_the_record_as_soon_as_it_may(ward: Ward) -> None:
    publish_one(ward)
    ward.world.records[HOSPITAL].entitled = False
    del ward.shelf.studies[STUDY]
    ward.round(minutes=1)
    with ward.node.store.work(HOSPITAL) as work:
        [(link, _, active, waits)] = work.links.untold()
    with ward.world.resolver.store.work(HOSPITAL) as work:
        registered = work.hub.link(link)
    assert registered
    assert (registered.status, active, waits) == (LinkStatus.CANCELLED, False, Waits.ENTITLEMENT)
    assert [status for status, _, _ in current(ward)] == [LinkStatus.AVAILABLE]
    ward.world.records[HOSPITAL].entitled = True
    assert publish.remind(ward.node) == 1
    ward.work()
    assert [status for status, _, _ in current(ward)] == [LinkStatus.CANCELLED]
    assert publish.remind(ward.node) == 0


def test_a_study_published_without_an_entitlement_comes_into_the_record_later_and_once(ward: Ward) -> None:
    ward.world.records[HOSPITAL].entitled = False
    publish_one(ward)
    ward.shelf.put(STUDY, 3)
    ward.round(minutes=1)
    ward.round(minutes=10)
    ward.world.records[HOSPITAL].entitled = True
    with ward.node.store.work(HOSPITAL) as work:
        publish.queue_untold(work, KVNR)
    ward.work()
    assert [(status, count) for status, count, _ in current(ward)] == [(LinkStatus.AVAILABLE, 3)]


def test_a_pacs_that_is_down_keeps_its_links_and_is_asked_again(ward: Ward) -> None:
    publish_one(ward)
    ward.shelf.down = True
    ward.round(hours=5)
    assert [status for status, _, _ in current(ward)] == [LinkStatus.AVAILABLE]
    ward.shelf.down = False
    ward.shelf.put(STUDY, 3)
    ward.round(minutes=1)
    ward.round(minutes=10)
    assert [count for _, count, _ in current(ward)] == [3]


def test_a_study_whose_pacs_lets_the_node_in_no_more_is_set_aside_and_keeps_its_link(ward: Ward) -> None:
    publish_one(ward)

    def refuse(_: object) -> None:
        raise PacsRejectsNode

    ward.node = replace(ward.node, plan=replace(ward.plan, pacs=()), destination=refuse)  # type: ignore[arg-type]
    ward.round(hours=2)
    watched = ward.watched(STUDY)
    assert (watched.wait, watched.detail, watched.due) == (
        Wait.FAULT,
        "pacs-rejects-node",
        ward.node.now() + timedelta(hours=1),
    )
    assert [status for status, _, _ in current(ward)] == [LinkStatus.AVAILABLE]


def test_what_a_person_withdrew_is_not_published_again_by_itself(ward: Ward) -> None:
    publish_one(ward)
    link = ward.watched(STUDY).link
    assert link
    publish.withdraw(ward.node, link)
    ward.shelf.put(STUDY, 3)
    for _ in range(3):
        ward.round(hours=2)
    assert [status for status, _, _ in current(ward)] == [LinkStatus.CANCELLED]


def test_what_a_person_published_is_watched_under_the_number_that_the_person_gave(ward: Ward) -> None:
    ward.index.answer = Doubt("unknown-patient")
    ward.shelf.put(STUDY, 1)
    publish.publish(ward.node, STUDY, pacs="hospital", kvnr=KVNR)
    ward.round()
    ward.shelf.put(STUDY, 2)
    ward.round(hours=1)
    ward.round(minutes=10)
    assert current(ward) == [(LinkStatus.AVAILABLE, 2, KVNR)]


def test_two_looks_at_once_publish_once(ward: Ward) -> None:
    ward.shelf.put(STUDY, 1)
    ward.round()
    ward.world.clock.advance(minutes=10)  # type: ignore[attr-defined]
    judge, steps = ward.rules.judge, []

    def in_between(candidate: object, at: datetime) -> Judgement:
        ward.rules.judge = judge  # type: ignore[method-assign]
        steps.append(notice.look(ward.node, "hospital", STUDY))
        return judge(candidate, at)  # type: ignore[arg-type]

    ward.rules.judge = in_between  # type: ignore[assignment,method-assign]
    steps.append(notice.look(ward.node, "hospital", STUDY))
    ward.work()
    assert (steps, len(current(ward))) == ([Step.PUBLISH, Step.REST], 1)


def test_a_notification_makes_a_look_come_at_once_and_of_an_unknown_pacs_it_is_refused(ward: Ward) -> None:
    assert notice.heard(ward.node, "hospital", STUDY, Source.IAN)
    assert not notice.heard(ward.node, "hospital", STUDY, Source.ORU)
    ward.work()
    assert (ward.watched(STUDY).source, ward.watched(STUDY).wait) == (Source.IAN, Wait.IMAGES)
    with pytest.raises(UnknownPacs):
        notice.heard(ward.node, "elsewhere", STUDY, Source.IAN)


def test_a_document_that_was_stored_before_a_crash_is_found_again_and_not_stored_twice(ward: Ward) -> None:
    ward.shelf.put(STUDY, 1)
    link = publish.publish(ward.node, STUDY, pacs="hospital", kvnr=KVNR)
    with ward.node.store.work(HOSPITAL) as work:
        published = work.links.get(link)
        work.links.attempt(link)
    ward.world.records[HOSPITAL].store(KVNR, ward.node.filing(published.link, published.document, "before the crash"))
    ward.work()
    with ward.node.store.work(HOSPITAL) as work:
        assert (len(ward.world.held), work.links.get(link).entry) == (1, "entry-1")


def test_a_withdrawal_that_was_said_before_a_crash_is_not_said_twice(ward: Ward) -> None:
    publish_one(ward)
    link = ward.watched(STUDY).link
    assert link
    publish.withdraw(ward.node, link)
    record.close(ward.node, link)
    before = dict(ward.world.held)
    with ward.node.store.work(HOSPITAL) as work:
        work.links.wait(link, Waits.RECORD)
    record.close(ward.node, link)
    assert ward.world.held == before


@pytest.mark.slow
def test_200_old_studies_are_published_within_the_hours_and_at_the_rate(world: World) -> None:
    """The clock of the house stands in Newfoundland, and begins at 04:30: half an hour of the first night is left."""
    night = Hours(time(20, 0), time(5, 0))
    ward = Ward(world, pacs=(), backfill_hours=(night,), backfill_per_hour=60, quiet=timedelta(0))
    for number in range(200):
        ward.shelf.put(StudyUid(f"1.2.3.{number}"), 1)
    day = date(2020, 1, 1)
    assert [notice.backfill(ward.node, "hospital", day, day) for _ in range(2)] == [200, 0]
    counts: Counter[int] = Counter()
    while world.clock() < datetime(2026, 11, 25, 4, tzinfo=UTC):
        before = len(world.held)
        ward.round(minutes=1 if hours.left([night], world.clock().astimezone()) else 30)
        counts[world.clock().astimezone().hour] += len(world.held) - before
    assert sum(counts.values()) == len(current(ward)) == 200
    assert {counts[hour] for hour in range(6, 20)} == {0}
    assert 0 < max(counts.values()) <= 60
