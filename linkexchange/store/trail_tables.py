"""The tables around the audit chain: what was removed, what has left the house, and whether both ends balance."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Integer, Table, Text, Uuid, text

from linkexchange.store.tables import metadata

_NOW = DateTime(timezone=True)


def _participant() -> Column[str]:
    return Column("participant", Text, primary_key=True)


audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    _participant(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("since", _NOW, nullable=False),
    Column("until", _NOW, nullable=False),
    Column("signed", Text, nullable=False),
    Column("at", _NOW, nullable=False),
)

audit_sinks = Table(
    "audit_sinks",
    metadata,
    _participant(),
    Column("sink", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("buffer_max", BigInteger, nullable=False),
    Column("delivered", _NOW),
    Column("head", Text, nullable=False, server_default=text("''")),
    Column("failing_since", _NOW),
    Column("fault", Text, nullable=False, server_default=text("''")),
    Column("leased_until", _NOW, nullable=False, server_default=text("'epoch'")),
)

audit_checks = Table(
    "audit_checks",
    metadata,
    _participant(),
    Column("at", _NOW, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("bad", BigInteger),
    Column("detail", Text, nullable=False),
)

dispatches = Table(
    "dispatches",
    metadata,
    _participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("requester", Text, primary_key=True),
    Column("link", Text, nullable=False),
    Column("instances", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("report", Text, nullable=False),
    Column("at", _NOW, nullable=False),
)

imbalances = Table(
    "imbalances",
    metadata,
    _participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("imbalance", Text, primary_key=True),
    Column("found", _NOW, nullable=False),
    Column("settled", _NOW),
)
