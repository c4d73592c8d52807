"""What hub and node both have."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from linkexchange.store.tables.base import NOW, metadata, participant

audit = Table(
    "audit",
    metadata,
    participant(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", NOW, nullable=False),
    Column("action", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    participant(),
    Column("event", BigInteger, primary_key=True, autoincrement=True),
    Column("topic", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("at", NOW, nullable=False),
)
