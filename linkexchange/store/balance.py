"""The hub's rows about both ends of transfers, as seen on behalf of one participant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert

from linkexchange.model.balance import DISPATCH_TYP, Came, Dispatch, Imbalance, Sent
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.transfer import State
from linkexchange.ports.balance import Open
from linkexchange.signing import unproven
from linkexchange.store.tables import decisions, dispatches, imbalances, receipts


class BalanceRows:
    """`ports.Balance` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def book(self, dispatch: Dispatch, report: str, at: datetime) -> bool:
        """The newest counts, since each says what has left all in all."""
        said = {"instances": dispatch.instances, "digest": dispatch.digest, "report": report, "at": at}
        names = {"transfer": dispatch.transfer, "requester": dispatch.requester, "link": dispatch.link}
        row = insert(dispatches).values(participant=self._me, **names, **said)
        newer = row.on_conflict_do_update(
            index_elements=["participant", "transfer", "requester"],
            set_=said,
            where=(dispatches.c.instances < dispatch.instances) & (dispatches.c.link == dispatch.link),
        )
        return self._connection.execute(newer.returning(dispatches.c.transfer)).first() is not None

    def granted(self, since: datetime) -> Sequence[tuple[UUID, TelematikId]]:
        """Transfer and origin of what this participant was granted."""
        wanted = select(decisions.c.transfer, decisions.c.origin).where(decisions.c.reason.is_(None))
        found = self._connection.execute(wanted.where(decisions.c.at >= since).distinct())
        return [(row.transfer, TelematikId(row.origin)) for row in found]

    def came(self, since: datetime) -> Sequence[tuple[UUID, TelematikId, Came]]:
        """Transfer, origin and receipt of what this participant has received."""
        found = self._connection.execute(select(receipts).where(receipts.c.at >= since))
        return [
            (row.transfer, TelematikId(row.origin), Came(State(row.outcome), row.came, row.came_digest, row.at))
            for row in found
        ]

    def sent(self, since: datetime) -> Sequence[tuple[UUID, TelematikId, Sent]]:
        """Transfer, requester and dispatch of what this participant has let go."""
        found = self._connection.execute(select(dispatches).where(dispatches.c.at >= since))
        return [(row.transfer, TelematikId(row.requester), Sent(row.instances, row.digest, row.at)) for row in found]

    def resolvers(self, transfers: Collection[UUID]) -> Mapping[tuple[UUID, TelematikId], str]:
        """As the reports say, whose signatures were looked at before they were booked."""
        found = self._connection.execute(select(dispatches).where(dispatches.c.transfer.in_(transfers)))
        return {
            (row.transfer, TelematikId(row.requester)): unproven(row.report, typ=DISPATCH_TYP).get("resolver", "")
            for row in found
        }

    def open(self) -> Sequence[Open]:
        """What does not agree."""
        found = self._connection.execute(select(imbalances).where(imbalances.c.settled.is_(None)))
        return [self._open(row) for row in found]

    def lose(self, one: Open) -> None:
        """Once more, where it had been settled before."""
        row = {"transfer": one.transfer, "origin": one.origin, "imbalance": one.imbalance.value, "found": one.found}
        keys = ["participant", "transfer", "origin", "imbalance"]
        new = insert(imbalances).values(participant=self._me, **row)
        again = {"found": one.found, "settled": None}
        self._connection.execute(new.on_conflict_do_update(index_elements=keys, set_=again))

    def settle(self, one: Open, at: datetime) -> None:
        """By now both agree."""
        mine = (imbalances.c.transfer == one.transfer, imbalances.c.origin == one.origin)
        kind = imbalances.c.imbalance == one.imbalance.value
        self._connection.execute(update(imbalances).where(*mine, kind).values(settled=at))

    def _open(self, row: Row[Any]) -> Open:
        return Open(row.transfer, self._me, TelematikId(row.origin), Imbalance(row.imbalance), row.found)
