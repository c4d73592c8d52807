"""The tables around the audit chain: what was removed, what has left the house, and whether both ends balance."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text, Uuid, text

from linkexchange.store.tables.base import NOW, metadata, participant

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    participant(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("since", NOW, nullable=False),
    Column("until", NOW, nullable=False),
    Column("signed", Text, nullable=False),
    Column("at", NOW, nullable=False),
)

audit_sinks = Table(
    "audit_sinks",
    metadata,
    participant(),
    Column("sink", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("buffer_max", BigInteger, nullable=False),
    Column("delivered", NOW),
    Column("head", Text, nullable=False, server_default=text("''")),
    Column("failing_since", NOW),
    Column("fault", Text, nullable=False, server_default=text("''")),
    Column("leased_until", NOW, nullable=False, server_default=text("'epoch'")),
)

audit_checks = Table(
    "audit_checks",
    metadata,
    participant(),
    Column("at", NOW, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("bad", BigInteger),
    Column("detail", Text, nullable=False),
)

dispatches = Table(
    "dispatches",
    metadata,
    participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("requester", Text, primary_key=True),
    Column("link", Text, nullable=False),
    Column("instances", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("report", Text, nullable=False),
    Column("at", NOW, nullable=False),
)

imbalances = Table(
    "imbalances",
    metadata,
    participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("imbalance", Text, primary_key=True),
    Column("found", NOW, nullable=False),
    Column("settled", NOW),
)
