"""Read-only queries for pages: newest first, across participants at the hub, own rows only at a node."""

from __future__ import annotations

import pytest
from conftest import Clock
from world import HOSPITAL, PRACTICE, World

from linkexchange import pull
from linkexchange.errors import StateUnavailable
from linkexchange.model.identifiers import TelematikId
from linkexchange.store.overview import HubOverview, NodeOverview
from linkexchange.store.schema import engine_of
from linkexchange.store.work import Database


def test_the_newest_event_is_that_of_the_own_stream(database: Database) -> None:
    overview = NodeOverview(database)
    assert overview.newest_event(PRACTICE) == 0
    with database.work(PRACTICE) as work:
        work.emit("pull.requested", transfer="t1")
    newest = overview.newest_event(PRACTICE)
    assert [event.event for event in overview.events_after(PRACTICE, 0)] == [newest]
    assert overview.newest_event(HOSPITAL) == 0


def test_receivers_of_releases_are_known_to_the_sender_only(world: World) -> None:
    world.publish()
    transfer = world.push()
    overview = NodeOverview(world.nodes)
    assert overview.receivers(HOSPITAL) == {transfer.link: PRACTICE}
    assert overview.receivers(PRACTICE) == {}


def test_decisions_and_receipts_of_all_participants_come_newest_first(world: World, clock: Clock) -> None:
    entry = world.publish()
    numbers = []
    for _ in range(3):
        clock.advance(seconds=10)
        numbers.append(world.pull(entry).transfer)
        pull.receipt(world.practice, numbers[-1])
    overview = HubOverview(world.resolver.store)  # type: ignore[arg-type]
    assert [row.transfer for row in overview.decisions()] == numbers[::-1]
    assert [row.transfer for row in overview.receipts(limit=2)] == numbers[:0:-1]
    assert {(row.requester, row.origin, row.reason) for row in overview.decisions()} == {(PRACTICE, HOSPITAL, "")}


def test_a_database_that_is_gone_is_no_bug_of_ours(database_url: str, clock: Clock) -> None:
    gone = engine_of(database_url.replace("host=", "host=/nowhere"))
    overview = NodeOverview(Database(gone, read_document=lambda _: None, now=clock))  # type: ignore[arg-type, return-value]
    with pytest.raises(StateUnavailable):
        overview.newest_event(TelematikId("1-2-practice"))
