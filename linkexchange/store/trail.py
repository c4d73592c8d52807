"""The audit chain and the event stream: both only ever grow."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, bindparam, cast, func, insert, select

from linkexchange.model.audit import Action, AuditEntry, Head, chain, check
from linkexchange.model.identifiers import Sha256, TelematikId
from linkexchange.ports import Event
from linkexchange.store.tables import audit, events

CHANNEL = "linkexchange_events"

# A transfer is some twenty steps, each with both: what is asked for every one of them is put together once.
_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("chain"), 0)))
_LAST = select(audit).where(audit.c.participant == bindparam("of")).order_by(audit.c.seq.desc()).limit(1)
_HEAD = select(audit.c.seq, audit.c.hash).where(audit.c.participant == bindparam("of")).order_by(audit.c.seq.desc())
_APPEND = insert(audit)
_EVENT = {name: bindparam(f"new_{name}", type_=events.c[name].type) for name in ("participant", "topic", "body")}
_ADDED = insert(events).values(**_EVENT, at=func.now()).returning(events.c.event).cte("added")
_EMIT = select(func.pg_notify(CHANNEL, cast(_ADDED.c.event, Text)))


def append(
    connection: Connection, participant: TelematikId, action: Action, *, fields: dict[str, str | int], at: datetime
) -> AuditEntry:
    """Add the next entry; one writer at a time per chain, until the transaction ends.

    Raises `UndeclaredEntry` for fields that the action does not have.
    """
    check(action, fields)
    connection.execute(_LOCK, {"chain": f"audit {participant}"})
    newest = connection.execute(_HEAD.limit(1), {"of": participant}).one_or_none()
    head = Head(newest.seq, Sha256(newest.hash)) if newest else None
    entry = chain(participant, head, action=action, fields=fields, at=at)
    row = {
        "participant": participant,
        "seq": entry.seq,
        "at": entry.at,
        "action": entry.action.value,
        "fields": dict(entry.fields),
        "previous": entry.previous,
        "hash": entry.hash,
    }
    connection.execute(_APPEND, row)
    return entry


def last(connection: Connection, participant: TelematikId) -> AuditEntry | None:
    """The head of the chain."""
    row = connection.execute(_LAST, {"of": participant}).one_or_none()
    return _entry(row) if row else None


def entries(connection: Connection, participant: TelematikId) -> Generator[AuditEntry, None, None]:
    """The whole chain, oldest first, without holding it in memory."""
    ordered = select(audit).where(audit.c.participant == participant).order_by(audit.c.seq)
    with connection.execution_options(yield_per=1000).execute(ordered) as rows:
        for row in rows:
            yield _entry(row)


def after(connection: Connection, participant: TelematikId, seq: int, limit: int) -> list[AuditEntry]:
    """So many entries behind this one, oldest first."""
    later = select(audit).where(audit.c.participant == participant, audit.c.seq > seq).order_by(audit.c.seq)
    return [_entry(row) for row in connection.execute(later.limit(limit))]


def where(connection: Connection, participant: TelematikId, named: ColumnElement[bool]) -> list[AuditEntry]:
    """The entries for which this holds, oldest first."""
    those = select(audit).where(audit.c.participant == participant, named).order_by(audit.c.seq)
    return [_entry(row) for row in connection.execute(those)]


def at(connection: Connection, participant: TelematikId, seq: Any) -> AuditEntry | None:
    """The entry with this number, which may be a query."""
    row = connection.execute(select(audit).where(audit.c.participant == participant, audit.c.seq == seq)).one_or_none()
    return _entry(row) if row else None


def emit(connection: Connection, participant: TelematikId, topic: str, *, body: dict[str, str | int]) -> None:
    """Add an event and wake listeners when the transaction commits."""
    connection.execute(_EMIT, {"new_participant": participant, "new_topic": topic, "new_body": body})


def events_after(connection: Connection, event: int, limit: int = 500) -> list[Event]:
    """What came after an event, oldest first."""
    later = select(events).where(events.c.event > event).order_by(events.c.event).limit(limit)
    return [Event(row.event, row.topic, row.body, row.at) for row in connection.execute(later)]


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        participant=TelematikId(row.participant),
        seq=row.seq,
        at=row.at,
        action=Action(row.action),
        fields=row.fields,
        previous=Sha256(row.previous),
        hash=Sha256(row.hash),
    )
