"""Whose a study is, and whether it may be published."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from linkexchange.store.tables.base import NOW, metadata, participant

patients = Table(
    "patients",
    metadata,
    participant(),
    Column("patient", Uuid, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("local_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("kvnr", Text),
    Column("family", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("birth_date", Date),
    Column("sex", Text, nullable=False),
    Column("merged_into", Uuid),
    Column("told", NOW, nullable=False),
    Index("patients_number", "participant", "local_id", "issuer", unique=True),
    Index("patients_kvnr", "participant", "kvnr"),
)

patient_questions = Table(
    "patient_questions",
    metadata,
    participant(),
    Column("question", Uuid, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("local_id", Text, nullable=False),
    Column("likeness", Text, nullable=False),
    Column("header", JSONB, nullable=False),
    Column("doubt", Text, nullable=False),
    Column("asked", NOW, nullable=False),
    Column("answered", NOW),
    Column("kvnr", Text),
    Index("patient_questions_header", "participant", "local_id", "issuer", "likeness", unique=True),
)

objections = Table(
    "objections",
    metadata,
    participant(),
    Column("kvnr", Text, primary_key=True),
    Column("study", Text, primary_key=True),
    Column("since", NOW, nullable=False),
)

release_rules = Table(
    "release_rules",
    metadata,
    participant(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("rule", JSONB, nullable=False),
)
