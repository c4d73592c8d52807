"""The stream of changes: nothing is lost when events commit in another order, and much at once is told once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from linkexchange.errors import StateUnavailable
from linkexchange.model.identifiers import TelematikId
from linkexchange.ports import Event
from linkexchange.web.pages import live
from linkexchange.web.pages.live import OVERLAP, _changes

ME = TelematikId("1-2-practice")


def event(number: int, topic: str = "pull.progress", **body: str) -> Event:
    return Event(number, topic, body or {"transfer": f"t{number}"}, datetime(2026, 11, 24, tzinfo=UTC))


class Looks:
    """What each look at the table finds; after the last one the database does not answer."""

    def __init__(self, *looks: list[Event]) -> None:
        self.looks = list(looks)
        self.asked: list[int] = []

    def newest_event(self, participant: TelematikId) -> int:
        del participant
        return 0

    def events_after(self, participant: TelematikId, event: int) -> Sequence[Event]:
        del participant
        self.asked.append(event)
        if not self.looks:
            raise StateUnavailable
        return self.looks.pop(0)


@pytest.fixture(autouse=True)
def without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0)


def heard(looks: Looks, after: int = 0) -> list[tuple[str, str]]:
    """Name and id of every message until the stream ends."""

    async def listen() -> list[tuple[str, str]]:
        return [(str(it.event), str(it.id)) async for it in _changes(looks, ME, after)]

    return asyncio.run(listen())


def test_an_event_that_commits_after_a_later_one_is_not_lost() -> None:
    looks = Looks([event(5)], [event(4), event(5)], [event(4), event(5)])
    assert heard(looks) == [("transfer-t5", "5"), ("transfer-t4", "5")]


def test_what_happens_many_times_between_two_looks_is_told_once() -> None:
    burst = [event(number, transfer="t") for number in range(1, 50)]
    assert heard(Looks(burst)) == [("transfer-t", "49")]


def test_each_look_goes_back_over_the_last_few_numbers() -> None:
    looks = Looks([event(1000)])
    heard(looks, after=900)
    assert looks.asked == [900 - OVERLAP, 1000 - OVERLAP]


def test_a_new_transfer_and_a_change_of_links_are_told_to_their_lists() -> None:
    found = [
        event(1, "pull.requested", transfer="t"),
        event(2, "link.withdrawn", link="l"),
        event(3, "serving.ended", transfer="other"),
    ]
    assert [name for name, _ in heard(Looks(found))] == ["transfers", "transfer-t", "links"]


def test_a_walk_along_the_chain_to_the_ti_is_told_to_its_page() -> None:
    assert [name for name, _ in heard(Looks([event(1, "ti.walked"), event(2, "ti.alarm")]))] == ["ti"]


def test_a_database_that_does_not_answer_ends_the_stream_and_no_more() -> None:
    assert heard(Looks()) == []
