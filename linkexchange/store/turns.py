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

from sqlalchemy import Connection, Delete, Update, and_, bindparam, case, delete, func, select, update
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

# Several looks a second of many are made by the same few statements, which are put together once.
_AT = and_(turns.c.pacs == bindparam("at_pacs"), turns.c.use == bindparam("at_use"))
_OF_TRANSFER = and_(_AT, turns.c.transfer == bindparam("of_transfer"))
_NUMBER = turns.c.number == bindparam("of_number")
_LOCK = select(func.pg_advisory_xact_lock(func.hashtext(bindparam("of_participant")), func.hashtext(bindparam("line"))))
_LOST = and_(turns.c.holder == bindparam("me"), turns.c.number.not_in(bindparam("inside", expanding=True)))
_GONE = case(
    (turns.c.places == 0, turns.c.seen < func.now() - _KEPT),
    (_LOST, True),
    else_=func.pg_try_advisory_xact_lock_shared(turns.c.holder),
)
_SWEEP = delete(turns).where(_AT, _GONE)
_OUTRUN = delete(turns).where(_OF_TRANSFER, turns.c.places > 0)
_AGAIN = (
    update(turns)
    .where(_OF_TRANSFER, turns.c.places == 0)
    .values(seen=func.now(), reserves=True)
    .returning(turns.c.number)
)
_NEW = insert(turns).values(places=0, passed=0, reserves=True, holder=0, seen=func.now()).returning(turns.c.number)
_STANDING = (
    select(
        turns.c.number,
        turns.c.purpose,
        turns.c.places,
        turns.c.passed,
        (turns.c.seen > func.now() - _PRESENT).label("present"),
        turns.c.reserves,
    )
    .where(_AT)
    .order_by(turns.c.number)
)
_CHANGE = update(turns).where(_NUMBER)
_STEP_BACK = update(turns).where(_NUMBER).values(places=0, reserves=False, seen=func.now() - _PRESENT)
_LEAVE = delete(turns).where(_NUMBER)


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
        self._connection.execute(_CHANGE, {"of_number": number, "places": max(used, room)})
        return room

    def step_back(self, number: int) -> None:
        """Wait again, under the same number."""
        self._take_out(number, _STEP_BACK)

    def leave(self, number: int) -> None:
        """Go out."""
        self._take_out(number, _LEAVE)

    def _take_out(self, number: int, change: Update | Delete) -> None:
        """Whether or not it can be written down, this process does not have that turn any more."""
        try:
            self._connection.execute(change, {"of_number": number})
        finally:
            self._presence.inside.discard(number)

    def _one_at_a_time(self, place: Place) -> None:
        self._connection.execute(_LOCK, {"of_participant": str(self._me), "line": f"{place.pacs} {place.use}"})

    def _sweep(self, place: Place) -> None:
        """Forget those whose process is gone, whose end could not be written down, and who ask no more."""
        mine = {"me": self._presence.number(), "inside": list(self._presence.inside)}
        self._connection.execute(_SWEEP, {**_at(place), **mine})

    def _stand(self, place: Place, transfer: UUID, purpose: Purpose) -> int:
        """The number of this transfer in line.

        One run alone stores a transfer, so another one that is still in has been overtaken, frozen perhaps. Retrievals
        of one transfer may be several.
        """
        mine = {**_at(place), "of_transfer": transfer}
        if place.use is Use.STORE:
            self._connection.execute(_OUTRUN, mine)
        if (number := self._connection.execute(_AGAIN, mine).scalar()) is not None:
            return int(number)
        row = {
            "participant": self._me,
            "pacs": place.pacs,
            "use": place.use.value,
            "transfer": transfer,
            "purpose": purpose.value,
        }
        return int(self._connection.execute(_NEW, row).scalar_one())

    def _let_in(self, mine: Standing, standing: Sequence[Standing]) -> Standing:
        inside = {"places": 1, "passed": 0, "holder": self._presence.number()}
        self._connection.execute(_CHANGE, {"of_number": mine.number, **inside})
        self._presence.inside.add(mine.number)
        for waiting in standing:
            passed = passed_by(waiting, mine)
            if not waiting.places and passed != waiting.passed and waiting != mine:
                self._connection.execute(_CHANGE, {"of_number": waiting.number, "passed": passed})
        return replace(mine, places=1, passed=0)

    def _standing(self, place: Place) -> list[Standing]:
        rows = self._connection.execute(_STANDING, _at(place))
        return [
            Standing(
                row.number, Purpose(row.purpose), row.places, row.passed, present=row.present, reserves=row.reserves
            )
            for row in rows
        ]


def _at(place: Place) -> dict[str, object]:
    return {"at_pacs": place.pacs, "at_use": place.use.value}
