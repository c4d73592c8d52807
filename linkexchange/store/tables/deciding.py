"""What decides, at the hub and at an origin."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from linkexchange.store.tables.base import NOW, metadata, participant

policies = Table(
    "policies",
    metadata,
    participant(),
    Column("kind", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("at", NOW, nullable=False),
)

switches = Table(
    "switches",
    metadata,
    participant(),
    Column("hand", Text, primary_key=True),
    Column("pulls", Boolean, nullable=False),
    Column("basis", Text, nullable=False),
    Column("at", NOW, nullable=False),
)

uses = Table(
    "uses",
    metadata,
    participant(),
    Column("whose", Text, primary_key=True),
    Column("who", Text, primary_key=True),
    Column("counted", Text, primary_key=True),
    Column("thing", Text, primary_key=True),
    Column("last", NOW, nullable=False),
    Index("uses_last", "participant", "last"),
)

tallies = Table(
    "tallies",
    metadata,
    participant(),
    Column("who", Text, primary_key=True),
    Column("counted", Text, primary_key=True),
    Column("span", Text, primary_key=True),
    Column("begins", NOW, primary_key=True),
    Column("used", Integer, nullable=False),
)

locks = Table(
    "locks",
    metadata,
    participant(),
    Column("lock", Uuid, primary_key=True),
    Column("who", Text, nullable=False),
    Column("quota", Text, nullable=False),
    Column("since", NOW, nullable=False),
    Column("lifted", NOW),
    Index("locks_open", "participant", "who", unique=True, postgresql_where=text("lifted IS NULL")),
)

admissions = Table(
    "admissions",
    metadata,
    participant(),
    Column("admission", Uuid, primary_key=True),
    Column("transfer", Uuid, nullable=False),
    Column("requester", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("rule", Text, nullable=False),
    Column("reason", Text),
    Column("at", NOW, nullable=False),
    Index("admissions_transfer", "participant", "transfer"),
)
