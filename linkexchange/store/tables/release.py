"""Requests for a release."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from linkexchange.store.tables.base import NOW, metadata, participant

release_requests = Table(
    "release_requests",
    metadata,
    participant(),
    Column("request", Uuid, primary_key=True),
    Column("requester", Text, nullable=False),
    Column("claims", JSONB, nullable=False),
    Column("signed", Text, nullable=False),
    Column("heard", NOW, nullable=False),
    Column("standing", Text, nullable=False),
    Column("hold", Text, nullable=False),
    Column("basis", Text),
    Column("by", Text, nullable=False),
    Column("decided", NOW),
    Column("refusal", Text, nullable=False),
    Column("study", Text),
    Column("link", Text),
    Column("expires", NOW),
    Column("review_by", NOW),
)
Index("release_requests_standing", release_requests.c.participant, release_requests.c.standing)
Index("release_requests_link", release_requests.c.participant, release_requests.c.link)

release_reviews = Table(
    "release_reviews",
    metadata,
    participant(),
    Column("request", Uuid, primary_key=True),
    Column("reviewer", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("justified", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", NOW, nullable=False),
)

release_asks = Table(
    "release_asks",
    metadata,
    participant(),
    Column("request", Uuid, primary_key=True),
    Column("claims", JSONB, nullable=False),
    Column("destination", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("link", Text),
    Column("expires", NOW),
    Column("due", NOW),
)
Index("release_asks_due", release_asks.c.participant, release_asks.c.due)

letting_rules = Table(
    "letting_rules",
    metadata,
    participant(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("rule", JSONB, nullable=False),
)
