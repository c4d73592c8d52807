"""Rows of revocations. Numbers are given under a lock, so that they are committed in their order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.revocation import OF_PARTNERS, Revocable, Revocation, RevocationKind
from linkexchange.store.tables import heard_revocations as heard
from linkexchange.store.tables import revocations as own

_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended("revocations", 0)))
_NEWEST = select(func.coalesce(func.max(own.c.number), 0))


class RevocationRows:
    """`ports.Revocations` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def add(self, name: Revocable, reason: str, at: datetime, *, lifted: bool = False) -> Revocation:
        """Write the next one."""
        self._connection.execute(_LOCK)
        row = Revocation(self.newest() + 1, *name, reason, at, lifted)
        self._connection.execute(insert(own).values({"participant": self._me, **_columns(row), "reason": reason}))
        return row

    def after(self, number: int, limit: int = 500) -> Sequence[Revocation]:
        """What came after a number, oldest first."""
        later = select(own).where(own.c.number > number).order_by(own.c.number).limit(limit)
        return [_revocation(row) for row in self._connection.execute(later)]

    def newest(self) -> int:
        """The number of the newest."""
        return int(self._connection.execute(_NEWEST).scalar_one())

    def hear(self, source: str, told: Sequence[Revocation], partner: TelematikId | None = None) -> None:
        """Keep what a resolver has said."""
        common = {"participant": self._me, "source": source, "partner": partner or ""}
        rows = [{**common, **_columns(it)} for it in told]
        if rows:
            self._connection.execute(insert(heard).on_conflict_do_nothing(), rows)

    def heard(self, source: str) -> int:
        """The newest number of a resolver."""
        mine = select(func.coalesce(func.max(heard.c.number), 0)).where(heard.c.participant == self._me)
        return int(self._connection.execute(mine.where(heard.c.source == source)).scalar_one())

    def revoked(self, *names: Revocable, origin: TelematikId | None = None) -> Revocable | None:
        """The first of these that is revoked."""
        of = {"names": [(kind.value, value) for kind, value in names], "me": self._me, "origin": origin}
        said = {(row.kind, row.value) for row in self._connection.execute(_LAST_WORDS, of) if not row.lifted}
        return next((name for name in names if name in said), None)


def _last_words() -> Select[Any]:
    """Of each name the newest row of each source that counts: those of this database are a source, too."""
    columns = ("number", "kind", "value", "lifted")
    names: BindParameter[Any] = bindparam("names", expanding=True)
    here = select(literal("").label("source"), *(own.c[name] for name in columns))
    told = select(heard.c.source, *(heard.c[name] for name in columns)).where(heard.c.participant == bindparam("me"))
    its_own = and_(heard.c.partner == bindparam("origin"), heard.c.kind.in_(OF_PARTNERS))
    told = told.where(or_(heard.c.partner == "", its_own))
    said = union_all(
        *(query.where(tuple_(table.c.kind, table.c.value).in_(names)) for query, table in ((here, own), (told, heard)))
    ).subquery()
    newest = select(said).ext(distinct_on(said.c.source, said.c.kind, said.c.value))
    return newest.order_by(said.c.source, said.c.kind, said.c.value, said.c.number.desc())


_LAST_WORDS = _last_words()
"""Asked at every call to a resolver and between any two instances, so it is put together once."""


def _columns(it: Revocation) -> dict[str, Any]:
    return {"number": it.number, "kind": it.kind.value, "value": it.value, "at": it.at, "lifted": it.lifted}


def _revocation(row: Row[Any]) -> Revocation:
    return Revocation(row.number, RevocationKind(row.kind), row.value, row.reason, row.at, row.lifted)
