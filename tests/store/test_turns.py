"""Who is at a PACS, as all processes of a node see it: limits, order, and what is left of a process that dies."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from conftest import Clock, Server, open_database
from sqlalchemy import text

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.transfer import Purpose
from linkexchange.model.turn import Place, Standing, Use
from linkexchange.store.work import Database

ME, OTHER = TelematikId("1-2-practice"), TelematikId("5-2-hospital")
ONE, TWO = Place("PACS", Use.STORE, 1), Place("PACS", Use.STORE, 2)
ARCHIVE = Place("PACS", Use.RETRIEVE, 1)
TREATMENT, EMERGENCY = Purpose.TREATMENT, Purpose.EMERGENCY

IN_AND_DEAD = """
import os, signal, sys
from uuid import uuid4
from linkexchange import bootstrap, documents
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.transfer import Purpose
from linkexchange.model.turn import Place, Use
from linkexchange.store import schema
from linkexchange.store.work import Database
store = Database(schema.engine_of(sys.argv[1]), read_document=documents.read, now=bootstrap.now)
with store.work(TelematikId(sys.argv[2])) as work:
    assert work.turns.enter(Place("PACS", Use.STORE, 1), uuid4(), Purpose.TREATMENT).places
print("in", flush=True)
signal.pause()
"""


def enter(store: Database, place: Place, transfer: UUID, purpose: Purpose = TREATMENT) -> Standing:
    with store.work(ME) as work:
        return work.turns.enter(place, transfer, purpose)


def is_in(store: Database, place: Place, purpose: Purpose = TREATMENT) -> bool:
    return bool(enter(store, place, uuid4(), purpose).places)


@pytest.fixture
def neighbour(database: Database, urls: tuple[str, str], clock: Clock) -> Iterator[Database]:
    """Another process of the same node, as the database sees it."""
    with open_database(urls[1], clock) as other:
        yield other


def test_no_more_go_in_than_there_are_places_whatever_process_they_come_from(
    database: Database, neighbour: Database
) -> None:
    assert [is_in(store, TWO) for store in (database, neighbour, database, neighbour)] == [True, True, False, False]


def test_to_retrieve_and_to_store_are_different_lines(database: Database) -> None:
    assert is_in(database, ONE)
    assert is_in(database, ARCHIVE)


def test_another_participant_has_lines_of_its_own(database: Database) -> None:
    assert is_in(database, ONE)
    with database.work(OTHER) as work:
        assert work.turns.enter(ONE, uuid4(), TREATMENT).places


def test_when_one_goes_out_the_next_look_of_whose_turn_it_is_lets_in(database: Database, neighbour: Database) -> None:
    first, second, third = (uuid4() for _ in range(3))
    mine = enter(database, ONE, first)
    enter(neighbour, ONE, second)
    enter(neighbour, ONE, third, EMERGENCY)
    with database.work(ME) as work:
        work.turns.leave(mine.number)
    assert not enter(neighbour, ONE, second).places
    assert enter(neighbour, ONE, third, EMERGENCY).places


def test_a_transfer_that_was_sent_away_and_comes_again_has_kept_its_place_in_line(database: Database) -> None:
    mine, first, second = enter(database, ONE, uuid4()), uuid4(), uuid4()
    early = enter(database, ONE, first)
    enter(database, ONE, second)
    with database.work(ME) as work:
        work.turns.leave(mine.number)
    assert enter(database, ONE, first).number == early.number


def test_who_steps_back_leaves_room_and_comes_first_again(database: Database) -> None:
    first, second = uuid4(), uuid4()
    mine = enter(database, ONE, first)
    enter(database, ONE, second)
    with database.work(ME) as work:
        work.turns.step_back(mine.number)
    inside = enter(database, ONE, second)
    assert inside.places
    enter(database, ONE, first)
    third = uuid4()
    enter(database, ONE, third)
    with database.work(ME) as work:
        work.turns.leave(inside.number)
    assert not enter(database, ONE, third).places
    assert enter(database, ONE, first).places


def test_f_01_a_process_that_is_killed_is_out_at_once(database: Database) -> None:
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with subprocess.Popen([sys.executable, "-c", IN_AND_DEAD, url, ME], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"in\n"
        waiting = uuid4()
        assert not enter(database, ONE, waiting).places
        process.kill()
        process.wait()
    _until_gone(database)
    assert enter(database, ONE, waiting).places


def test_f_03_a_run_that_takes_a_transfer_over_does_not_wait_for_the_frozen_one(
    database: Database, neighbour: Database
) -> None:
    transfer = uuid4()
    frozen = enter(neighbour, ONE, transfer)
    assert enter(database, ONE, transfer).places
    with neighbour.work(ME) as work:
        work.turns.leave(frozen.number)
    assert not is_in(neighbour, ONE)


def test_f_07_what_could_not_be_written_down_at_its_end_is_out_all_the_same(database: Database) -> None:
    mine = enter(database, ONE, uuid4())
    with suppress(RuntimeError), database.work(ME) as work:
        work.turns.leave(mine.number)
        raise RuntimeError
    assert is_in(database, ONE)


def test_f_07_a_process_that_loses_its_presence_gets_another(
    database: Database, postgres: Server, neighbour: Database
) -> None:
    assert is_in(neighbour, ONE)
    with postgres.superuser_of(database) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    _until_gone(database)
    assert is_in(neighbour, ONE)


def test_who_is_alone_is_allotted_all_and_gives_them_back_when_somebody_waits(database: Database) -> None:
    four = Place("PACS", Use.STORE, 4)
    mine = enter(database, four, uuid4())
    with database.work(ME) as work:
        assert work.turns.allot(four, mine.number, 1) == 4
    second = uuid4()
    assert not enter(database, four, second).places
    with database.work(ME) as work:
        assert work.turns.allot(four, mine.number, 4) == 2
    assert not enter(database, four, second).places
    with database.work(ME) as work:
        assert work.turns.allot(four, mine.number, 2) == 2
    assert enter(database, four, second).places


def _until_gone(database: Database) -> None:
    """The server notices the end of a connection by itself, and soon. The one that is left is that of this process."""
    held = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    for _ in range(500):
        with database.engine.connect() as connection:
            if connection.execute(held).scalar_one() <= 1:
                return
            connection.execute(text("SELECT pg_sleep(0.02)"))
    raise AssertionError("the server holds on")
