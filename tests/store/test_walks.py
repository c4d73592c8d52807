"""The newest walk along the chain to the TI, seen by its participant only."""

from __future__ import annotations

from conftest import Clock
from walks import NO_PIN, WELL

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.readiness import Walked
from linkexchange.store.work import Database

ME, OTHER = TelematikId("1-2-practice"), TelematikId("5-2-hospital")


def test_a_walk_reads_back_as_it_was_kept_and_is_somebody_elses_to_nobody(database: Database, clock: Clock) -> None:
    walked = Walked(NO_PIN, clock(), clock())
    with database.work(ME) as work:
        assert work.walks.latest() is None
        work.walks.put(walked)
    with database.work(ME) as work:
        assert work.walks.latest() == walked
    with database.work(OTHER) as work:
        assert work.walks.latest() is None


def test_a_newer_walk_takes_the_place_of_an_older_one(database: Database, clock: Clock) -> None:
    with database.work(ME) as work:
        work.walks.put(Walked(NO_PIN, clock(), clock()))
        clock.advance(days=1)
        work.walks.put(Walked(WELL, clock()))
        assert work.walks.latest() == Walked(WELL, clock())
