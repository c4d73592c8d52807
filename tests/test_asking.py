"""The watcher's questions at a PACS: counted with all others, behind the urgent, and put off without loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, time
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
import working
from noticing import Ward
from sqlalchemy import text
from structlog.testing import capture_logs
from working import until
from world import HOSPITAL, KVNR, World

from linkexchange import notice, publish
from linkexchange.errors import PacsBusy, PacsUnavailable
from linkexchange.jobs import Pace
from linkexchange.model.hours import Hours
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.transfer import Purpose
from linkexchange.model.turn import Place, Use
from linkexchange.model.watched import Source
from linkexchange.ports import Pauses
from linkexchange.store.transaction import act_for, transaction

STUDY = StudyUid("1.2.3")
PLACE = Place("hospital", Use.RETRIEVE, 1)
PACE = Pace(
    concurrency=2, stalled_seconds=30, retry_seconds=0.1, retry_attempts=3, offers_seconds=60, watch_seconds=0.1
)
DAY = date(2026, 1, 1)


@pytest.fixture
def ward(world: World) -> Ward:
    """Its PACS bears one retrieval at once, and whoever waits is soon sent away."""
    ward = Ward(world)
    with world.nodes.work(HOSPITAL) as work:
        work.pacs.put(replace(world.pacs[HOSPITAL].passport, max_associations=1))
    ward.node = replace(ward.node, pauses=Pauses((), (0.0,), turn_seconds=0.2))
    ward.shelf.put(STUDY, 1)
    return ward


def enter(ward: Ward, transfer: UUID, purpose: Purpose = Purpose.TREATMENT) -> tuple[int, bool]:
    """Number in line, and whether it is in."""
    with ward.node.store.work(HOSPITAL) as work:
        mine = work.turns.enter(PLACE, transfer, purpose)
    return mine.number, bool(mine.places)


def leave(ward: Ward, number: int) -> None:
    with ward.node.store.work(HOSPITAL) as work:
        work.turns.leave(number)


@contextmanager
def occupied(ward: Ward) -> Iterator[None]:
    """A transfer is being served."""
    number, is_in = enter(ward, uuid4())
    assert is_in
    yield
    leave(ward, number)


def published(ward: Ward) -> Any:
    return publish.publish(ward.node, STUDY, pacs="hospital", kvnr=KVNR)


def noticed(ward: Ward) -> None:
    notice.heard(ward.node, "hospital", STUDY, Source.IAN)


MINE = uuid4()
QUESTIONS: dict[str, tuple[Callable[[Ward], Any], Callable[[Ward, Any], object]]] = {
    "a poll": (lambda _: None, lambda ward, _: notice.poll(ward.node, "hospital", MINE)),
    "a look": (noticed, lambda ward, _: notice.look(ward.node, "hospital", STUDY, MINE)),
    "a search by accession number": (
        lambda _: None,
        lambda ward, _: notice.find_studies(ward.node, "hospital", "A-1", MINE),
    ),
    "a look whether a study has grown": (published, lambda ward, link: publish.freshen(ward.node, link, MINE)),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_pacs_that_bears_no_more_is_not_asked(ward: Ward, name: str) -> None:
    prepare, ask = QUESTIONS[name]
    given = prepare(ward)
    before = ward.shelf.asked
    with occupied(ward), pytest.raises(PacsBusy):
        ask(ward, given)
    assert ward.shelf.asked == before
    ask(ward, given)
    assert ward.shelf.asked > before


@pytest.mark.parametrize("name", QUESTIONS)
def test_while_it_is_asked_nobody_else_is_let_in_and_afterwards_everybody_is(ward: Ward, name: str) -> None:
    prepare, ask = QUESTIONS[name]
    given, emergency, seen = prepare(ward), uuid4(), list[bool]()
    ward.shelf.meanwhile = lambda: seen.append(enter(ward, emergency, Purpose.EMERGENCY)[1])
    ask(ward, given)
    assert set(seen) == {False}
    assert enter(ward, emergency, Purpose.EMERGENCY)[1]


def test_a_place_is_given_back_by_a_question_that_fails(ward: Ward) -> None:
    ward.shelf.down = True
    with pytest.raises(PacsUnavailable):
        notice.poll(ward.node, "hospital")
    with occupied(ward):
        pass


def test_an_emergency_that_comes_last_goes_before_all_questions_that_wait(ward: Ward) -> None:
    node = replace(ward.node, pauses=Pauses((), (0.0,), turn_seconds=600))
    polls = [Thread(target=notice.poll, args=(node, "hospital")) for _ in range(3)]
    with occupied(ward):
        for poll in polls:
            poll.start()
        until(lambda: standing(ward) == 1 + len(polls))
        emergency = uuid4()
        number, is_in = enter(ward, emergency, Purpose.EMERGENCY)
        assert not is_in
    until(lambda: enter(ward, emergency, Purpose.EMERGENCY)[1])
    assert ward.shelf.asked == 0
    leave(ward, number)
    for poll in polls:
        poll.join()
    assert ward.shelf.asked == len(polls)


def standing(ward: Ward) -> int:
    with transaction(ward.world.nodes.engine) as connection:
        act_for(connection, HOSPITAL)
        return int(connection.execute(text("SELECT count(*) FROM turns")).scalar_one())


def test_hours_without_prefetch_are_nothing_to_a_poll(ward: Ward) -> None:
    always = (Hours(time(0, 0), time(12, 0)), Hours(time(12, 0), time(0, 0)))
    with ward.node.store.work(HOSPITAL) as work:
        work.pacs.put(replace(ward.world.pacs[HOSPITAL].passport, no_prefetch=always))
    notice.poll(ward.node, "hospital")
    assert ward.watched(STUDY)


def test_a_back_fill_waits_for_its_turn_however_long_that_takes(ward: Ward) -> None:
    counts: list[int] = []
    asking = Thread(target=lambda: counts.append(notice.backfill(ward.node, "hospital", DAY, DAY)))
    with occupied(ward):
        asking.start()
        until(lambda: standing(ward) == 2)
        asking.join(timeout=1.0)
        assert asking.is_alive()
    asking.join()
    assert counts == [1]


def test_a_poll_that_is_put_off_is_no_error_and_comes_again_with_its_place_in_line(
    ward: Ward, urls: tuple[str, str]
) -> None:
    with capture_logs() as logs, working.on(ward.node, urls[1], PACE):
        with occupied(ward):
            notice.go_round(ward.node)
            until(lambda: put_off(logs) >= 2)
            places = {args["place"] for args in queued(ward, notice.POLL_JOB) if "place" in args}
        until(lambda: ward.shelf.asked)
    assert len(places) == 1
    assert {entry["log_level"] for entry in logs} == {"info"}
    assert failed(ward) == 0


def test_a_notice_of_a_study_at_a_busy_pacs_is_not_lost(ward: Ward, urls: tuple[str, str]) -> None:
    with capture_logs() as logs, working.on(ward.node, urls[1], PACE):
        with occupied(ward):
            noticed(ward)
            notice.heard_of_accession(ward.node, "hospital", "A-1")
            until(lambda: put_off(logs) >= 4)
            assert ward.watched(STUDY).seen is None
        until(lambda: ward.watched(STUDY).seen)
        until(lambda: not queued(ward, notice.FIND_JOB))
    assert failed(ward) == 0


def test_a_look_at_a_pacs_that_is_down_fails_in_no_queue_however_many_have_heard_of_the_study(
    ward: Ward, urls: tuple[str, str]
) -> None:
    """Two of the same that fail at once both want to be tried again, and only one may wait."""
    ward.shelf.down = True
    ward.shelf.meanwhile = lambda: noticed(ward) if ward.shelf.asked <= 3 else None
    with capture_logs() as logs, working.on(ward.node, urls[1], PACE):
        noticed(ward)
        until(lambda: put_off(logs) >= 6)
        ward.shelf.down = False
        until(lambda: ward.watched(STUDY).seen)
        until(lambda: not queued(ward, notice.LOOK_JOB))
    assert failed(ward) == 0


def put_off(logs: Any) -> int:
    return sum(entry["event"] == "put off" for entry in list(logs))


def queued(ward: Ward, job: str) -> list[dict[str, str]]:
    with ward.world.nodes.engine.connect() as connection:
        found = connection.execute(text("SELECT args FROM procrastinate_jobs WHERE task_name = :job"), {"job": job})
        return list(found.scalars())


def failed(ward: Ward) -> int:
    with ward.world.nodes.engine.connect() as connection:
        wrong = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('failed', 'doing')"
        return int(connection.execute(text(wrong)).scalar_one())
