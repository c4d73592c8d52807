"""The queue around the use cases: what is tried again, and what goes on whatever happens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event
from types import SimpleNamespace
from typing import Any, NoReturn
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import working
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager
from procrastinate.sql import queries
from psycopg.errors import ForeignKeyViolation, IdleInTransactionSessionTimeout
from sqlalchemy import text
from structlog.testing import capture_logs
from walks import CARD_ENDS, NO_PIN, WELL
from world import HOSPITAL, PRACTICE, World

from linkexchange import doctor, jobs, pull
from linkexchange.errors import CardUnavailable
from linkexchange.jobs import Pace
from linkexchange.model.findings import Answer, Check
from linkexchange.model.readiness import Readiness
from linkexchange.model.transfer import Purpose, State
from linkexchange.store.queue import connector

PACE = Pace(concurrency=1, stalled_seconds=0.03, retry_seconds=0.1, retry_attempts=3, offers_seconds=1.0)
CALM = replace(PACE, stalled_seconds=30)
_SILENT_WORKER = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute') RETURNING id"
_ALL_AT_WORK = text(
    "SELECT count(*) >= :queues FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'"
).bindparams(queues=len(jobs._QUEUES))


class RacingQueue:
    """A job that another worker has given back a moment before: giving it back again is an error of the queue."""

    def __init__(self, fails: str) -> None:
        self.rounds = 0
        self._fails = fails

    async def get_stalled_jobs(self, **_: float) -> list[Any]:
        self.rounds += 1
        if self._fails == "asking":
            raise ConnectorException
        return [SimpleNamespace(id=1, task_name="pull")]

    async def retry_job(self, _: object) -> None:
        raise ConnectorException


@pytest.mark.parametrize("fails", ["asking", "giving back"])
def test_an_error_of_the_queue_does_not_end_the_taking_over(world: World, fails: str) -> None:
    queue = RacingQueue(fails)

    async def some_rounds() -> None:
        app: Any = SimpleNamespace(job_manager=queue)
        rescue = asyncio.create_task(jobs._rescue(app, world.practice, PACE))
        for _ in range(500):
            if queue.rounds >= 3 or rescue.done():
                break
            await asyncio.sleep(0.02)
        rescue.cancel()
        await asyncio.gather(rescue, return_exceptions=True)

    asyncio.run(some_rounds())
    assert queue.rounds >= 3


def test_an_end_of_a_job_that_the_database_has_not_heard_is_told_again(world: World, urls: tuple[str, str]) -> None:
    app = jobs.tasks(world.practice, connector(urls[1], jobs.CONNECTIONS_MAX), CALM)
    ended: list[int] = []
    say = app.connector.execute_query_async

    async def unheard_at_first(query: str, **arguments: Any) -> None:
        if query == queries["finish_job"]:
            ended.append(arguments["job_id"])
            if len(ended) == 1:
                raise ConnectorException
        await say(query, **arguments)

    async def until_it_is_gone() -> None:
        async with app.open_async():
            app.connector.execute_query_async = unheard_at_first  # type: ignore[method-assign]
            taking = asyncio.create_task(jobs._take(app, CALM, "default"))
            async with asyncio.timeout(60):
                while await app.job_manager.list_jobs_async():
                    await asyncio.sleep(0.02)
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)

    with world.nodes.work(PRACTICE) as work:
        work.defer(pull.RECEIPT_JOB, transfer=str(uuid4()))
    asyncio.run(until_it_is_gone())
    # At some minutes of the hour there are jobs besides, which the clock has ordered.
    assert ended.count(ended[0]) == 2


FREEZES_WHILE_IT = {"says that it lives": "update_heartbeat", "takes a job": "fetch_job"}


@pytest.mark.parametrize("statement", FREEZES_WHILE_IT.values(), ids=FREEZES_WHILE_IT)
def test_a_worker_that_freezes_within_a_transaction_of_the_queue_holds_nobody_back(
    world: World, urls: tuple[str, str], statement: str
) -> None:
    with world.nodes.work(PRACTICE) as work:
        work.defer(pull.RECEIPT_JOB, transfer=str(uuid4()))

    async def frozen_meanwhile(taken: Callable[[], object]) -> None:
        frozen = connector(urls[1], 1, frozen_seconds=0.5)
        async with App(connector=frozen).open_async(), frozen.pool.connection() as connection:
            said = await connection.execute(_SILENT_WORKER)
            [worker] = await said.fetchone() or ()
            await connection.commit()
            await connection.execute(queries[statement], {"worker_id": worker, "queues": ["default"]})
            await asyncio.to_thread(taken)

    def taken() -> None:
        with working.on(world.practice, urls[1], CALM):
            working.until(lambda: not _jobs(world), seconds=20)

    with pytest.raises(IdleInTransactionSessionTimeout):
        asyncio.run(frozen_meanwhile(taken))
    assert not _jobs(world)


def _jobs(world: World) -> int:
    with world.nodes.engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one()


def test_a_worker_that_can_take_over_no_more_ends_itself(
    world: World, urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise AssertionError("a bug")

    monkeypatch.setattr(jobs, "_take_over", fails)
    queue = connector(urls[1], jobs.CONNECTIONS_MAX)
    with pytest.raises(AssertionError, match="a bug"):
        asyncio.run(asyncio.wait_for(jobs.work(world.practice, queue, CALM, destination=""), 60))


@pytest.mark.parametrize("beside", ["update_heartbeat", "listen_for_jobs"])
def test_a_worker_ends_itself_loudly_where_what_its_queue_does_beside_fails(
    world: World, urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch, beside: str
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise ConnectorException

    monkeypatch.setattr(JobManager, beside, fails)
    queue = connector(urls[1], jobs.CONNECTIONS_MAX)
    with pytest.raises((ConnectorException, RuntimeError)):
        asyncio.run(asyncio.wait_for(jobs.work(world.practice, queue, PACE, destination=""), 60))


def test_a_worker_that_was_counted_as_dead_ends_itself_loudly(world: World, urls: tuple[str, str]) -> None:
    async def counted_as_dead() -> None:
        queue = connector(urls[1], jobs.CONNECTIONS_MAX)
        working = asyncio.create_task(jobs.work(world.practice, queue, CALM, destination=""))
        await asyncio.to_thread(_count_as_dead, world)
        await asyncio.wait_for(working, 60)

    with pytest.raises(ConnectorException) as ended:
        asyncio.run(counted_as_dead())
    assert isinstance(ended.value.__cause__, ForeignKeyViolation)


@pytest.mark.parametrize("queue", ["default", pull.QUEUES[Purpose.TREATMENT]])
def test_a_worker_that_ends_itself_does_not_wait_for_its_jobs_for_ever(
    world: World, urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch, queue: str
) -> None:
    begun, over, statuses = Event(), Event(), list[int]()

    def lasts(*_: object) -> None:
        begun.set()
        assert over.wait(20)

    def exits(status: int) -> NoReturn:
        statuses.append(status)
        over.set()
        raise InterruptedError

    async def counted_as_dead() -> None:
        way, pace = connector(urls[1], jobs.CONNECTIONS_MAX), replace(CALM, concurrency=2)
        working = asyncio.create_task(jobs.work(world.practice, way, pace, destination=""))
        await asyncio.to_thread(begun.wait, 60)
        await asyncio.to_thread(_count_as_dead, world)
        await asyncio.wait_for(working, 60)

    monkeypatch.setattr(pull, "run", lasts)
    monkeypatch.setattr(jobs, "ENDING_SECONDS", 0.2)
    monkeypatch.setattr(os, "_exit", exits)
    with world.nodes.work(PRACTICE) as work:
        work.defer(pull.JOB, queue=queue, transfer=str(uuid4()))
    with pytest.raises(InterruptedError):
        asyncio.run(counted_as_dead())
    assert statuses == [1]


def _count_as_dead(world: World) -> None:
    """As a worker that starts does with silent ones; and a job, so that it is noticed."""
    with world.nodes.engine.begin() as connection:
        working.until(lambda: connection.execute(_ALL_AT_WORK).scalar_one())
        connection.execute(text("DELETE FROM procrastinate_workers"))
    with world.nodes.work(PRACTICE) as work:
        work.defer(pull.RECEIPT_JOB, transfer=str(uuid4()))


def test_every_pacs_is_probed_at_three_by_the_clock_of_the_house(world: World) -> None:
    for hour in range(24):
        jobs.probe_all(world.hospital, datetime(2026, 11, 24, hour, tzinfo=ZoneInfo("America/St_Johns")))
    assert world.actions(world.nodes, HOSPITAL).count("pacs.probed") == 1


def test_a_pacs_that_differs_from_the_last_probe_is_a_warning(world: World) -> None:
    night = datetime(2026, 11, 24, 3, tzinfo=ZoneInfo("America/St_Johns"))
    jobs.probe_all(world.hospital, night)
    world.pacs[HOSPITAL].answers[Check.ECHO] = Answer.NO
    with capture_logs() as logs:
        jobs.probe_all(world.hospital, night)
    (warning,) = logs
    assert (warning["log_level"], warning["pacs"]) == ("warning", "hospital")
    assert warning["changes"] == ["c-echo: yes before, no now (test)"]


def test_the_queue_asks_every_hour_or_more_often_since_its_hours_are_utc(world: World) -> None:
    app = jobs.tasks(world.hospital, connector("postgresql://", 1), PACE)
    hourly = {name for (name, _), it in app.periodic_registry.periodic_tasks.items() if it.cron.endswith(" * * * *")}
    assert hourly == {jobs.PROBE_JOB, jobs.REMIND_JOB, jobs.EVENING_JOB}


# --- the chain to the TI ----------------------------------------------------------------------------------------------


def walks(world: World) -> int:
    return world.actions(world.nodes).count("ti.walked")


def test_the_chain_to_the_ti_is_walked_every_evening_by_the_clock_of_the_house(world: World) -> None:
    house = ZoneInfo("America/St_Johns")
    counts = []
    for quarter in range(8 * 24):
        world.clock.time = datetime(2026, 11, 24, tzinfo=house) + timedelta(minutes=15 * quarter)  # type: ignore[attr-defined]
        jobs.walk_when_due(world.practice, world.clock.time)  # type: ignore[attr-defined]
        counts.append(walks(world))
    begins = [quarter / 4 for quarter in range(1, len(counts)) if counts[quarter] > counts[quarter - 1]]
    assert (counts[0], begins) == (1, [18.0, 42.0])


def test_while_an_alarm_stands_the_chain_is_walked_again_and_again(world: World) -> None:
    night = datetime(2026, 11, 24, 2, tzinfo=ZoneInfo("America/St_Johns"))
    world.readiness[PRACTICE] = NO_PIN
    for _ in range(3):
        jobs.walk_when_due(world.practice, night)
    world.readiness[PRACTICE] = WELL
    for _ in range(3):
        jobs.walk_when_due(world.practice, night)
    assert walks(world) == 4


def test_what_fails_and_what_will_not_last_stands_in_the_log_as_a_warning(world: World) -> None:
    world.readiness[PRACTICE] = Readiness((*NO_PIN.findings, *CARD_ENDS.findings))
    with capture_logs() as logs:
        jobs.walk_ti(world.practice)
    assert [(it["log_level"], it["step"], it["reason"]) for it in logs] == [
        ("warning", "pin", "pin-not-verified"),
        ("warning", "card-dates", "card-ends-soon"),
    ]


def test_a_pull_waits_for_the_card_however_long_that_takes_and_goes_on_when_its_pin_is_verified(world: World) -> None:
    transfer = world.ask(world.publish())
    world.cards[PRACTICE].pin_verified = False
    for last in (False, False, True, False, True):
        with suppress(CardUnavailable):
            jobs._pull(world.practice, transfer, last=last, pause_seconds=0.1)
        assert (world.transfer(transfer).state, world.transfer(transfer).reason) == (State.WAITING, "SMC-B")
    world.cards[PRACTICE].pin_verified = True
    jobs._pull(world.practice, transfer, last=False, pause_seconds=0.1)
    assert world.transfer(transfer).state is State.COMPLETE


def test_the_last_attempt_of_a_pull_that_waits_for_the_card_leaves_a_job_for_it(world: World) -> None:
    transfer = world.ask(world.publish())
    with world.nodes.engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    world.cards[PRACTICE].pin_verified = False
    jobs._pull(world.practice, transfer, last=True, pause_seconds=0.1)
    with world.nodes.engine.begin() as connection:
        jobs_left = connection.execute(text("SELECT task_name FROM procrastinate_jobs")).scalars().all()
    assert sorted(jobs_left) == ["pull", "walk-if-suspected"]


def test_a_suspicion_that_somebody_else_has_looked_into_is_none_any_more(world: World) -> None:
    world.readiness[PRACTICE] = NO_PIN
    for _ in range(3):
        jobs.walk_suspected(world.practice)
    assert walks(world) == 1


def test_a_suspicion_that_proves_wrong_may_come_again(world: World) -> None:
    world.readiness[PRACTICE] = WELL
    for _ in range(2):
        jobs.walk_suspected(world.practice)
    assert walks(world) == 2


def test_walks_are_made_one_after_the_other(world: World, urls: tuple[str, str]) -> None:
    app = jobs.tasks(world.practice, connector(urls[1], 1), PACE)
    doctor.ask_to_walk(world.practice)
    with world.nodes.work(PRACTICE) as work:
        doctor.suspect(work)
    with world.nodes.engine.begin() as connection:
        locks = connection.execute(text("SELECT lock FROM procrastinate_jobs")).scalars().all()
    assert {*locks, app.tasks[jobs.EVENING_JOB].lock} == {doctor.WALK_LINE}
