"""The rows around the audit chain: how far its entries have got, what was removed, what the last look has found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Interval, Row, bindparam, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from linkexchange.errors import AuditSinkUnavailable
from linkexchange.model.audit import AuditEntry, Checkpoint
from linkexchange.model.identifiers import Sha256, TelematikId
from linkexchange.model.trail import Chain, Check, Sink
from linkexchange.store import trail
from linkexchange.store.tables import audit, audit_checkpoints, audit_checks, audit_sinks

_AGAIN_SECONDS = 30.0
_NEWEST = (
    select(func.coalesce(func.max(audit.c.seq), 0)).where(audit.c.participant == bindparam("me")).scalar_subquery()
)
_WAITING: ColumnElement[int] = _NEWEST - audit_sinks.c.position
_SINKS = select(audit_sinks, _WAITING.label("waiting")).order_by(audit_sinks.c.sink)
_FULL = select(audit_sinks.c.sink).where(audit_sinks.c.buffer_max < _WAITING).limit(1)


class TrailRows:
    """`ports.Trail` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def after(self, seq: int, limit: int) -> Sequence[AuditEntry]:
        """The entries behind this one."""
        return trail.after(self._connection, self._me, seq, limit)

    def about(
        self,
        links: Collection[str],
        transfers: Collection[str],
        studies: Collection[str],
        requests: Collection[str] = (),
    ) -> Sequence[AuditEntry]:
        """By their fields."""
        fields = {"link": links, "transfer": transfers, "study": studies, "request": requests}
        named = or_(*(audit.c.fields[name].astext.in_(list(values)) for name, values in fields.items()))
        return trail.where(self._connection, self._me, named)

    def head(self) -> AuditEntry | None:
        """The newest entry."""
        return trail.last(self._connection, self._me)

    def check_room(self) -> None:
        """Raise where too many wait; one look, since every new transfer asks."""
        full = self._connection.execute(_FULL, {"me": self._me}).scalar()
        if full is not None:
            raise AuditSinkUnavailable(str(full), after_seconds=_AGAIN_SECONDS)

    def sinks(self) -> Sequence[Sink]:
        """All of them."""
        return [_sink(row) for row in self._connection.execute(_SINKS, {"me": self._me})]

    def know(self, buffer_max: Mapping[str, int]) -> None:
        """Rows for these, and for no others."""
        gone = delete(audit_sinks).where(audit_sinks.c.sink.not_in(list(buffer_max)))
        self._connection.execute(gone)
        begin = self.checkpoint()
        for name, most in buffer_max.items():
            new = {"participant": self._me, "sink": name, "position": begin[0].seq if begin else 0, "buffer_max": most}
            row = insert(audit_sinks).values(new)
            keys = ["participant", "sink"]
            self._connection.execute(row.on_conflict_do_update(index_elements=keys, set_={"buffer_max": most}))

    def lease(self, sink: str, seconds: float) -> int | None:
        """By the database's clock, which all processes share."""
        until = func.clock_timestamp() + func.cast(literal(f"{seconds} seconds"), Interval)
        free = (audit_sinks.c.sink == sink, audit_sinks.c.leased_until < func.clock_timestamp())
        taken = update(audit_sinks).where(*free).values(leased_until=until).returning(audit_sinks.c.position)
        return self._connection.execute(taken).scalar_one_or_none()

    def delivered(self, sink: str, position: int, head: str) -> None:
        """The position only ever grows, whoever of two was slower."""
        mine = (audit_sinks.c.sink == sink, audit_sinks.c.position <= position)
        end = {"leased_until": func.clock_timestamp(), "failing_since": None, "fault": ""}
        values = {"position": position, "delivered": func.clock_timestamp(), **({"head": head} if head else {}), **end}
        self._connection.execute(update(audit_sinks).where(*mine).values(values))

    def missed(self, sink: str, fault: str) -> None:
        """The first of several failures keeps its time."""
        since = func.coalesce(audit_sinks.c.failing_since, func.clock_timestamp())
        values = {"fault": fault, "failing_since": since, "leased_until": func.clock_timestamp()}
        self._connection.execute(update(audit_sinks).where(audit_sinks.c.sink == sink).values(values))

    def checkpoint(self) -> tuple[Checkpoint, str] | None:
        """The newest one."""
        newest = select(audit_checkpoints).order_by(audit_checkpoints.c.seq.desc()).limit(1)
        row = self._connection.execute(newest).one_or_none()
        return (_checkpoint(row), row.signed) if row else None

    def last_before(self, moment: datetime) -> AuditEntry | None:
        """Behind the last one that is younger, clocks being what they are."""
        younger = select(func.min(audit.c.seq)).where(audit.c.at >= moment).scalar_subquery()
        older = select(func.max(audit.c.seq)).where(audit.c.seq < younger).scalar_subquery()
        return trail.at(self._connection, self._me, older)

    def count_until(self, seq: int) -> tuple[int, datetime, datetime]:
        """Count them."""
        counted = select(func.count(), func.min(audit.c.at), func.max(audit.c.at)).where(audit.c.seq <= seq)
        count, since, until = self._connection.execute(counted).one()
        return count, since, until

    def shorten(self, entry: AuditEntry, signed: str) -> int:
        """By the one function that may."""
        return int(self._connection.execute(select(func.audit_shorten(entry.seq, entry.hash, signed))).scalar_one())

    def check(self) -> Check | None:
        """Read it back."""
        row = self._connection.execute(select(audit_checks)).one_or_none()
        return Check(row.at, row.entries, row.bad, row.detail) if row else None

    def chain(self) -> Chain:
        """All that the pages show; they show a chain whose newest entry somebody has made unreadable as well."""
        try:
            newest = self.head()
        except ValueError:
            newest = None
        return Chain(self._me, newest, self.check(), self.sinks())

    def put_check(self, check: Check) -> None:
        """Write or overwrite."""
        newest = {"at": check.at, "entries": check.entries, "bad": check.bad, "detail": check.detail}
        row = insert(audit_checks).values(participant=self._me, **newest)
        self._connection.execute(row.on_conflict_do_update(index_elements=["participant"], set_=newest))


def _sink(row: Row[Any]) -> Sink:
    return Sink(
        name=row.sink,
        position=row.position,
        waiting=max(row.waiting, 0),
        buffer_max=row.buffer_max,
        delivered=row.delivered,
        head=row.head,
        failing_since=row.failing_since,
        fault=row.fault,
    )


def _checkpoint(row: Row[Any]) -> Checkpoint:
    return Checkpoint(
        participant=TelematikId(row.participant),
        seq=row.seq,
        hash=Sha256(row.hash),
        entries=row.entries,
        since=row.since,
        until=row.until,
    )
