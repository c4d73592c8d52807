"""What probes of the PACS of a participant have found out: the newest of each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from linkexchange.model.findings import Findings
from linkexchange.model.identifiers import TelematikId
from linkexchange.store.tables import findings as rows


class ProbeRows:
    """`ports.Probes` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def latest(self, pacs: str) -> tuple[Findings, datetime] | None:
        """Read them back."""
        found = self._connection.execute(select(rows.c.findings, rows.c.at).where(rows.c.pacs == pacs)).one_or_none()
        return (Findings.from_json(found.findings), found.at) if found else None

    def put(self, findings: Findings, at: datetime) -> None:
        """Write or overwrite."""
        row = insert(rows).values(participant=self._me, pacs=findings.pacs, findings=findings.to_json(), at=at)
        newest = {"findings": row.excluded.findings, "at": row.excluded.at}
        self._connection.execute(row.on_conflict_do_update(index_elements=["participant", "pacs"], set_=newest))
