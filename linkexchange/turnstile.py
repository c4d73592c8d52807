"""Before a PACS is asked: wait until it is a transfer's turn, and give the turn back whatever happens.

with Turnstile(store, me, now).turn(passport, Use.STORE, who) as turn:
    ...  # at most turn.room(n) associations
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from uuid import UUID

from linkexchange.errors import PacsBusy, PacsUnavailable, StateUnavailable, Unavailable
from linkexchange.model.hours import left
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.passport import Passport
from linkexchange.model.transfer import Purpose
from linkexchange.model.turn import Place, Standing, Use
from linkexchange.ports import Brake, Store

LOOK_SECONDS = 0.5
ROOM_SECONDS = 1.0
WAIT_SECONDS = 15.0
HOURS_MAX_SECONDS = 900.0
"""Whoever waits for hours to end looks so often whether they have been changed."""


@dataclass(frozen=True, slots=True)
class Who:
    """Which transfer wants its turn. `meanwhile` is called at every fruitless look, and may raise to give it up.

    With `at_any_hour` the hours without prefetch do not count, since what is asked for is small and wanted now.
    """

    transfer: UUID
    purpose: Purpose
    meanwhile: Callable[[], None] = lambda: None
    at_any_hour: bool = False


@dataclass
class Turn:
    """A transfer's right to be at a PACS. Used by one thread."""

    store: Store
    me: TelematikId
    place: Place
    number: int
    _room: int = 1
    _looked: float = field(default=float("-inf"))

    def room(self, used: int) -> int:
        """How many associations may be open, where `used` are. Others may want some: ask before each instance."""
        if monotonic() - self._looked >= ROOM_SECONDS:
            with self.store.work(self.me) as work:
                self._room = work.turns.allot(self.place, self.number, used)
            self._looked = monotonic()
        return self._room


@dataclass(frozen=True, slots=True)
class Turnstile:
    """Lets in who may go to a PACS of this participant.

    After `wait_seconds` who waits is sent away, so that its thread is free for others; it comes again and has kept its
    place in line.
    """

    store: Store
    me: TelematikId
    now: Callable[[], datetime]
    wait_seconds: float = WAIT_SECONDS

    @contextmanager
    def turn(self, passport: Passport, use: Use, who: Who, *, brake: Brake | None = None) -> Iterator[Turn]:
        """Wait for the turn and have it for as long as the block lasts. No transaction is open while it waits.

        Raises `PacsBusy` where it does not come in time or at this hour, and `PacsUnavailable` when the brake is
        pulled. A block that ends because something else is busy gives its turn back and keeps its place in line.
        """
        if not who.at_any_hour:
            self._heed_hours(passport, who.purpose)
        place = Place(passport.name, use, max(1, passport.max_associations))
        number = self._wait(place, who, brake or Brake())
        comes_again = False
        try:
            yield Turn(self.store, self.me, place, number)
        except Unavailable as later:
            comes_again = later.after_seconds is not None
            raise
        finally:
            self._give_back(number, comes_again=comes_again)

    def _heed_hours(self, passport: Passport, purpose: Purpose) -> None:
        seconds = left(passport.no_prefetch, self.now().astimezone()).total_seconds()
        if purpose is Purpose.PREFETCH and seconds:
            raise PacsBusy("no prefetch at this hour", after_seconds=min(seconds, HOURS_MAX_SECONDS))

    def _wait(self, place: Place, who: Who, brake: Brake) -> int:
        since = monotonic()
        mine = self._look(place, who)
        try:
            while not mine.places:
                who.meanwhile()
                self._pause(brake, monotonic() - since)
                mine = self._look(place, who)
        except PacsBusy:
            raise
        except BaseException:
            self._give_back(mine.number, comes_again=False)
            raise
        return mine.number

    def _pause(self, brake: Brake, waited_seconds: float) -> None:
        """Short at first, since most transfers are, so that a place is not free for long."""
        if waited_seconds >= self.wait_seconds:
            raise PacsBusy(after_seconds=0)
        brake.wait(min(max(waited_seconds / 5, LOOK_SECONDS / 10), LOOK_SECONDS))
        if brake.pulled:
            raise PacsUnavailable("stopped")

    def _look(self, place: Place, who: Who) -> Standing:
        with self.store.work(self.me) as work:
            return work.turns.enter(place, who.transfer, who.purpose)

    def _give_back(self, number: int, *, comes_again: bool) -> None:
        """A database that is gone has forgotten who was in; one that comes back is told with the next look."""
        with suppress(StateUnavailable), self.store.work(self.me) as work:
            if comes_again:
                work.turns.step_back(number)
            else:
                work.turns.leave(number)
