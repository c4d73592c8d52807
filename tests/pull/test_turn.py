"""A pull that waits for its turn, at the own PACS or at the origin's: what is shown and queued, how it is stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from world import HOSPITAL, PRACTICE, World

from linkexchange import jobs, pull
from linkexchange.errors import OriginPacsBusy, PacsBusy
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.transfer import Purpose, State
from linkexchange.model.turn import Place, Use
from linkexchange.ports import Pauses
from linkexchange.web import german


@contextmanager
def occupied(world: World, me: TelematikId, use: Use) -> Iterator[None]:
    """Two others have both places."""
    place = Place(world.pacs[me].passport.name, use, 2)
    with world.nodes.work(me) as work:
        numbers = [work.turns.enter(place, uuid4(), Purpose.TREATMENT).number for _ in range(2)]
    yield
    with world.nodes.work(me) as work:
        for number in numbers:
            work.turns.leave(number)


@pytest.fixture(autouse=True)
def _soon(world: World) -> None:
    world.practice = replace(world.practice, pauses=Pauses((), (0.0,), turn_seconds=0.2))
    wire = world.wires[PRACTICE]
    wire.origin = replace(wire.origin, turn_seconds=0.2)


def state_and_reason(world: World, transfer: UUID) -> tuple[State, str]:
    row = world.transfer(transfer)
    return row.state, row.reason


def test_it_shows_as_waiting_with_a_reason_and_goes_on_when_there_is_a_place(world: World) -> None:
    transfer = world.ask(world.publish())
    with occupied(world, PRACTICE, Use.STORE), pytest.raises(PacsBusy):
        pull.run(world.practice, transfer)
    assert state_and_reason(world, transfer) == (State.WAITING, "pacs-busy")
    pull.run(world.practice, transfer)
    assert world.transfer(transfer).state is State.COMPLETE


def test_nothing_is_asked_of_record_hub_or_pacs_before_its_turn(world: World) -> None:
    transfer = world.ask(world.publish())
    with occupied(world, PRACTICE, Use.STORE), pytest.raises(PacsBusy):
        pull.run(world.practice, transfer)
    assert (world.records[PRACTICE].read, world.pacs[PRACTICE].asked, world.wire.calls) == (0, 0, 0)


def test_however_often_it_comes_again_it_is_one_step_of_the_trail(world: World) -> None:
    transfer = world.ask(world.publish())
    with occupied(world, PRACTICE, Use.STORE):
        for _ in range(3):
            with pytest.raises(PacsBusy):
                pull.run(world.practice, transfer)
    assert world.actions(world.nodes).count("pull.waiting") == 1


def test_it_can_be_stopped_while_it_waits(world: World) -> None:
    world.practice = replace(world.practice, pauses=Pauses((), (0.0,), turn_seconds=30))
    transfer = world.ask(world.publish())
    with occupied(world, PRACTICE, Use.STORE):
        worker = Thread(target=world._work, args=(transfer,))
        worker.start()
        while world.transfer(transfer).state is not State.WAITING:
            time.sleep(0.01)
        began = time.monotonic()
        pull.stop(world.practice, transfer, "test")
        worker.join()
    assert time.monotonic() - began < 15
    assert state_and_reason(world, transfer) == (State.STOPPED, "stopped-by-person: test")


def test_while_the_origin_serves_others_it_waits_and_leaves_its_own_pacs_to_others(world: World) -> None:
    transfer = world.ask(world.publish())
    with occupied(world, HOSPITAL, Use.RETRIEVE), pytest.raises(OriginPacsBusy):
        pull.run(world.practice, transfer)
    assert state_and_reason(world, transfer) == (State.WAITING, "origin-pacs-busy")
    with world.nodes.work(PRACTICE) as work:
        place = Place(world.pacs[PRACTICE].passport.name, Use.STORE, 1)
        assert work.turns.enter(place, uuid4(), Purpose.PREFETCH).places


@pytest.mark.parametrize("purpose", Purpose)
def test_waiting_is_no_attempt_and_is_queued_again_with_its_own_kind(world: World, purpose: Purpose) -> None:
    transfer = world.ask(world.publish(), purpose=purpose)
    with occupied(world, PRACTICE, Use.STORE):
        jobs._pull(world.practice, transfer, last=True, pause_seconds=7)
    assert state_and_reason(world, transfer) == (State.WAITING, "pacs-busy")
    with world.nodes.engine.connect() as connection:
        query = text(
            "SELECT queue_name, attempts, scheduled_at > now() FROM procrastinate_jobs WHERE lock = :lock ORDER BY id"
        )
        rows = [tuple(row) for row in connection.execute(query, {"lock": str(transfer)})]
    queue = pull.QUEUES[purpose]
    assert rows == [(queue, 0, None), (queue, 0, True)]


@pytest.mark.parametrize("kind", [PacsBusy, OriginPacsBusy])
def test_the_page_says_so_in_german(kind: type[PacsBusy | OriginPacsBusy]) -> None:
    assert "beschäftigt" in german.explain_reason(kind.code).cause
