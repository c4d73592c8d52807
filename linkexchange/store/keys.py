"""Rows of keys that resolvers sign with."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.keyset import KnownKey
from linkexchange.store.tables import resolver_keys as rows


class KeyRows:
    """`ports.ResolverKeys` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def known(self, source: str) -> Sequence[KnownKey]:
        """The keys of one resolver."""
        found = self._connection.execute(select(rows).where(rows.c.source == source).order_by(rows.c.kid))
        return [KnownKey(row.kid, json.dumps(row.key, sort_keys=True), row.named, row.dropped) for row in found]

    def put(self, source: str, keys: Sequence[KnownKey]) -> None:
        """Write or overwrite; two processes that learn at once say the same."""
        for it in keys:
            values = {"key": json.loads(it.jwk), "named": it.named, "dropped": it.dropped}
            row = insert(rows).values(participant=self._me, source=source, kid=it.kid, **values)
            where = ["participant", "source", "kid"]
            self._connection.execute(row.on_conflict_do_update(index_elements=where, set_=values))
