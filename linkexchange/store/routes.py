"""By which route this participant's node reaches those of others."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.route import Known, Route
from linkexchange.store.tables import routes


class RouteRows:
    """`ports.Routes` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def find(self, peer: TelematikId) -> Known | None:
        """Look one up."""
        row = self._connection.execute(select(routes).where(routes.c.peer == peer)).one_or_none()
        return Known(peer, Route(row.route), row.since, row.reason, row.tried) if row else None

    def put(self, known: Known) -> None:
        """Write or overwrite."""
        newest = {"route": known.route.value, "since": known.since, "reason": known.reason, "tried": known.tried}
        row = insert(routes).values(participant=self._me, peer=known.peer, **newest)
        self._connection.execute(row.on_conflict_do_update(index_elements=["participant", "peer"], set_=newest))
