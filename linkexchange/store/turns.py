"""Who is at which PACS, and who waits: rows that all processes of a participant see.

Each look is one short transaction, one after the other for each line. The row of one who is in carries the number of
its process's `presence`: once that can be locked, the process is gone, and the row goes too. The row of one who waits
carries the time of its last look. The table is unlogged: after a crash of the server nobody is in, and it is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Delete, Update, and_, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.transfer import Purpose
from linkexchange.model.turn import Place, Standing, Use, allotted, next_in, passed_by
from linkexchange.store.presence import Presence
from linkexchange.store.tables import turns

_PRESENT = timedelta(seconds=2)
"""Whoever waits looks several times a second."""

_KEPT = timedelta(seconds=30)
"""How long a place in line is kept for one who was sent away, and for one whose process has died."""


class TurnRows:
    """`ports.Turns` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId, presence: Presence) -> None:
        self._connection = connection
        self._me = participant
        self._presence = presence

    def enter(self, place: Place, transfer: UUID, purpose: Purpose) -> Standing:
        """Stand in line, or go in."""
        self._one_at_a_time(place)
        self._sweep(place)
        number = self._stand(place, transfer, purpose)
        standing = self._standing(place)
        mine = next(it for it in standing if it.number == number)
        return self._let_in(mine, standing) if next_in(standing, place.limit) == mine else mine

    def allot(self, place: Place, number: int, used: int) -> int:
        """How many places one may use; of those that it has, it keeps what it still uses."""
        self._one_at_a_time(place)
        standing = self._standing(place)
        mine = next((it for it in standing if it.number == number and it.places), None)
        if mine is None:
            return 1
        room = allotted(standing, mine, place.limit)
        self._connection.execute(update(turns).where(_is(number)).values(places=max(used, room)))
        return room

    def step_back(self, number: int) -> None:
        """Wait again, under the same number."""
        outside = {"places": 0, "reserves": False, "seen": func.now() - _PRESENT}
        self._take_out(number, update(turns).values(outside))

    def leave(self, number: int) -> None:
        """Go out."""
        self._take_out(number, delete(turns))

    def _take_out(self, number: int, change: Update | Delete) -> None:
        """Whether or not it can be written down, this process does not have that turn any more."""
        try:
            self._connection.execute(change.where(_is(number)))
        finally:
            self._presence.inside.discard(number)

    def _one_at_a_time(self, place: Place) -> None:
        line = func.hashtext(f"{place.pacs} {place.use}")
        self._connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(str(self._me)), line)))

    def _sweep(self, place: Place) -> None:
        """Forget those whose process is gone, whose end could not be written down, and who ask no more."""
        mine = and_(turns.c.holder == self._presence.number(), turns.c.number.not_in(self._presence.inside))
        dead = func.pg_try_advisory_xact_lock_shared(turns.c.holder)
        gone = case((turns.c.places == 0, turns.c.seen < func.now() - _KEPT), (mine, True), else_=dead)
        self._connection.execute(delete(turns).where(_of(place), gone))

    def _stand(self, place: Place, transfer: UUID, purpose: Purpose) -> int:
        """The number of this transfer in line.

        One run alone stores a transfer, so another one that is still in has been overtaken, frozen perhaps. Retrievals
        of one transfer may be several.
        """
        mine = and_(_of(place), turns.c.transfer == transfer)
        if place.use is Use.STORE:
            self._connection.execute(delete(turns).where(mine, turns.c.places > 0))
        again = update(turns).where(mine, turns.c.places == 0).values(seen=func.now(), reserves=True)
        if (number := self._connection.execute(again.returning(turns.c.number)).scalar()) is not None:
            return int(number)
        row = {
            "participant": self._me,
            "pacs": place.pacs,
            "use": place.use.value,
            "transfer": transfer,
            "purpose": purpose.value,
            "places": 0,
            "passed": 0,
            "reserves": True,
            "holder": 0,
            "seen": func.now(),
        }
        return int(self._connection.execute(insert(turns).values(row).returning(turns.c.number)).scalar_one())

    def _let_in(self, mine: Standing, standing: Sequence[Standing]) -> Standing:
        inside = {"places": 1, "passed": 0, "holder": self._presence.number()}
        self._connection.execute(update(turns).where(_is(mine.number)).values(inside))
        self._presence.inside.add(mine.number)
        for waiting in standing:
            passed = passed_by(waiting, mine)
            if not waiting.places and passed != waiting.passed and waiting != mine:
                self._connection.execute(update(turns).where(_is(waiting.number)).values(passed=passed))
        return replace(mine, places=1, passed=0)

    def _standing(self, place: Place) -> list[Standing]:
        present = turns.c.seen > func.now() - _PRESENT
        columns = (turns.c.number, turns.c.purpose, turns.c.places, turns.c.passed, present.label("present"))
        rows = self._connection.execute(select(*columns, turns.c.reserves).where(_of(place)).order_by(turns.c.number))
        return [
            Standing(
                row.number, Purpose(row.purpose), row.places, row.passed, present=row.present, reserves=row.reserves
            )
            for row in rows
        ]


def _is(number: int) -> ColumnElement[bool]:
    return turns.c.number == number


def _of(place: Place) -> ColumnElement[bool]:
    return and_(turns.c.pacs == place.pacs, turns.c.use == place.use.value)
