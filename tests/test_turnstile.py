"""Waiting for a turn: for how long, what ends it, and that nobody's transaction stays open meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Timer
from uuid import uuid4

import pytest
from conftest import Clock, Server

from linkexchange.errors import OriginPacsBusy, PacsBusy, PacsUnavailable
from linkexchange.model.hours import Hours
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.passport import Passport
from linkexchange.model.transfer import Purpose
from linkexchange.model.turn import Use
from linkexchange.ports import Brake
from linkexchange.store.work import Database
from linkexchange.turnstile import HOURS_MAX_SECONDS, Turnstile, Who

ME = TelematikId("1-2-practice")
PACS = Passport("PACS", AeTitle("PACS"), "127.0.0.1", 104)


def who(purpose: Purpose = Purpose.TREATMENT) -> Who:
    return Who(uuid4(), purpose)


@pytest.fixture
def turnstile(database: Database, clock: Clock) -> Turnstile:
    return Turnstile(database, ME, clock, wait_seconds=0.2)


@contextmanager
def occupied(turnstile: Turnstile) -> Iterator[None]:
    with turnstile.turn(PACS, Use.STORE, who()):
        yield


def test_whose_turn_does_not_come_in_time_is_sent_away_and_nothing_has_failed(turnstile: Turnstile) -> None:
    with occupied(turnstile), pytest.raises(PacsBusy) as busy, turnstile.turn(PACS, Use.STORE, who()):
        pass
    assert busy.value.after_seconds == 0


def test_a_turn_is_given_back_whatever_ends_it(turnstile: Turnstile) -> None:
    for fault in (RuntimeError(), PacsUnavailable(), OriginPacsBusy(after_seconds=1), GeneratorExit()):
        with pytest.raises(type(fault)), turnstile.turn(PACS, Use.STORE, who()):
            raise fault
    with occupied(turnstile):
        pass


def test_the_brake_ends_the_waiting(database: Database, clock: Clock) -> None:
    turnstile, brake = Turnstile(database, ME, clock), Brake()
    with occupied(turnstile):
        Timer(0.3, brake.pull).start()
        began = time.monotonic()
        with pytest.raises(PacsUnavailable), turnstile.turn(PACS, Use.STORE, who(), brake=brake):
            pass
    assert time.monotonic() - began < 20


def test_no_transaction_is_open_while_somebody_waits_or_is_in(
    turnstile: Turnstile, database: Database, postgres: Server
) -> None:
    states = []

    def look() -> None:
        with postgres.superuser_of(database) as connection:
            query = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in %'"
            )
            states.append(connection.execute(query).fetchone())

    with (
        occupied(turnstile),
        pytest.raises(PacsBusy),
        turnstile.turn(PACS, Use.STORE, Who(uuid4(), Purpose.TREATMENT, meanwhile=look)),
    ):
        pass
    assert set(states) == {(0,)}


def at(clock: Clock, hour: int) -> datetime:
    """So late by the clock of the house."""
    local = clock().astimezone().replace(hour=hour)
    clock.advance(seconds=(local - clock()).total_seconds())
    return local


@pytest.mark.parametrize(("hours", "seconds"), [("07:00-18:00", HOURS_MAX_SECONDS), ("07:00-12:40", None)])
def test_1_2_in_hours_without_prefetch_it_waits_until_they_end(
    turnstile: Turnstile, clock: Clock, hours: str, seconds: float | None
) -> None:
    local = at(clock, 12)
    closed = Passport("PACS", AeTitle("PACS"), "127.0.0.1", 104, no_prefetch=(Hours.parse(hours),))
    with pytest.raises(PacsBusy) as busy, turnstile.turn(closed, Use.STORE, who(Purpose.PREFETCH)):
        pass
    left = local.replace(hour=12, minute=40, second=0, microsecond=0) - local
    assert busy.value.after_seconds == (left.total_seconds() if seconds is None else seconds)


def test_in_hours_without_prefetch_all_else_goes_on_and_behind_them_prefetch_too(
    turnstile: Turnstile, clock: Clock
) -> None:
    closed = Passport("PACS", AeTitle("PACS"), "127.0.0.1", 104, no_prefetch=(Hours.parse("07:00-18:00"),))
    at(clock, 12)
    with turnstile.turn(closed, Use.STORE, who(Purpose.EMERGENCY)):
        pass
    clock.advance(hours=6)
    assert clock().astimezone().hour == 18
    with turnstile.turn(closed, Use.STORE, who(Purpose.PREFETCH)):
        pass
    assert timedelta() == Hours.parse("07:00-18:00").left(clock().astimezone())
