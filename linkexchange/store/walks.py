"""What the last walk along the chain to the TI has found at a participant, and since when an alarm stands."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.readiness import Readiness, Walked
from linkexchange.store.tables import walks as rows


class WalkRows:
    """`ports.Walks` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def latest(self) -> Walked | None:
        """Read it back."""
        found = self._connection.execute(select(rows.c.readiness, rows.c.at, rows.c.alarm_since)).one_or_none()
        return Walked(Readiness.from_json(found.readiness), found.at, found.alarm_since) if found else None

    def put(self, walked: Walked) -> None:
        """Write or overwrite."""
        newest = {"readiness": walked.readiness.to_json(), "at": walked.at, "alarm_since": walked.alarm_since}
        row = insert(rows).values(participant=self._me, **newest)
        self._connection.execute(row.on_conflict_do_update(index_elements=["participant"], set_=newest))
