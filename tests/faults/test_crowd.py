"""Fifty pulls at once from ten archives: all true, no PACS asked for more than it bears, and the urgent one first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from uuid import UUID, uuid4

import pytest
from faults.crowd import DESTINATION_LIMIT, ORIGIN_LIMIT, STUDIES_EACH, Crowd, crowd
from working import until
from world import HOSPITAL, PRACTICE, World

from linkexchange import notice
from linkexchange.errors import PacsBusy
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.transfer import FINAL, Purpose, State
from linkexchange.model.watched import Step

pytestmark = pytest.mark.slow


@pytest.fixture
def ground(world: World, urls: tuple[str, str]) -> Iterator[Crowd]:
    with crowd(world, urls[1]) as ground:
        yield ground


def test_1_1_09_fifty_pulls_from_ten_archives_are_all_true_and_no_pacs_sees_more_than_its_limit(ground: Crowd) -> None:
    with ground.at_work():
        asked = [ground.ask(entry, Purpose.TREATMENT) for entry in ground.entries]
        until(lambda: states(ground, asked) <= FINAL)
    assert states(ground, asked) == {State.COMPLETE}
    held = {it.uid: it.content for pacs in ground.archives.values() for it in pacs.holds}
    assert {it.uid: it.content for it in ground.target.received} == held
    assert len(ground.target.received) == len(held)
    assert {pacs.most for pacs in ground.archives.values()} == {ORIGIN_LIMIT}
    assert ground.target.most <= DESTINATION_LIMIT


def test_an_emergency_that_comes_last_is_served_before_the_prefetches_that_wait(ground: Crowd) -> None:
    *others, last = ground.entries
    occupied = [occupy(ground) for _ in range(DESTINATION_LIMIT)]
    with ground.at_work():
        prefetches = [ground.ask(entry, Purpose.PREFETCH) for entry in others]
        until(lambda: waiting(ground, prefetches))
        emergency = ground.ask(last, Purpose.EMERGENCY)
        until(lambda: waiting(ground, [emergency]))
        assert begun(ground) == []
        leave(ground, occupied[:1])
        until(lambda: begun(ground))
        first = begun(ground)[0]
        leave(ground, occupied[1:])
        until(lambda: states(ground, [*prefetches, emergency]) <= FINAL)
    assert first == str(emergency)
    assert states(ground, [*prefetches, emergency]) == {State.COMPLETE}


def test_polls_and_looks_beside_pulls_count_among_what_an_archive_bears(ground: Crowd) -> None:
    names = list(ground.archives)[:2]
    with ground.at_work(), asking_all_the_time(ground, names) as answered:
        asked = [ground.ask(entry, Purpose.TREATMENT) for entry in list(ground.entries)[: 2 * STUDIES_EACH]]
        until(lambda: states(ground, asked) <= FINAL)
    assert states(ground, asked) == {State.COMPLETE}
    assert answered
    assert {ground.archives[name].most for name in names} == {ORIGIN_LIMIT}


@contextmanager
def asking_all_the_time(ground: Crowd, names: Sequence[str]) -> Iterator[list[Step]]:
    """The hospital polls these archives and looks at a study of each, all at once; what the looks have come to."""
    over, answered = Event(), list[Step]()

    def ask(name: str) -> None:
        while not over.is_set():
            with suppress(PacsBusy):
                notice.poll(ground.hospital, name)
                answered.append(look_at_one(ground, name))

    threads = [Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    try:
        yield answered
    finally:
        over.set()
        for thread in threads:
            thread.join()


def look_at_one(ground: Crowd, name: str) -> Step:
    study = StudyUid(ground.archives[name].holds[0].study)
    with ground.world.nodes.work(HOSPITAL) as work:
        work.watched.hasten(name, study, ground.world.clock())
    return notice.look(ground.hospital, name, study)


def states(ground: Crowd, transfers: Sequence[UUID]) -> set[State]:
    return {ground.world.transfer(transfer).state for transfer in transfers}


def waiting(ground: Crowd, transfers: Sequence[UUID]) -> list[UUID]:
    """Those that say of themselves that they wait for their turn."""
    return [one for one in transfers if ground.world.transfer(one).reason == "pacs-busy"]


def begun(ground: Crowd) -> list[str]:
    """In the order in which the audit trail has them."""
    with ground.world.nodes.audit_trail(PRACTICE) as entries:
        return [str(entry.fields["transfer"]) for entry in entries if entry.action.value == "pull.begun"]


def occupy(ground: Crowd) -> int:
    """Somebody else is at the destination."""
    with ground.world.nodes.work(PRACTICE) as work:
        return work.turns.enter(ground.place, uuid4(), Purpose.TREATMENT).number


def leave(ground: Crowd, numbers: Sequence[int]) -> None:
    with ground.world.nodes.work(PRACTICE) as work:
        for number in numbers:
            work.turns.leave(number)
