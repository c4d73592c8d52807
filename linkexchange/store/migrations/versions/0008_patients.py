"""The patient index: who local patients are, what a person must settle, who objects; and the release rules.

This file is history: it is never edited once it has run anywhere. A change is a new file.
"""

from __future__ import annotations

from alembic import context, op

revision = "0008"
down_revision = "0007"

_STATEMENTS = """
CREATE TABLE patients (
    participant text NOT NULL, patient uuid NOT NULL, issuer text NOT NULL, local_id text NOT NULL,
    source text NOT NULL, kvnr text, family text NOT NULL, given text NOT NULL, birth_date date, sex text NOT NULL,
    merged_into uuid, told timestamptz NOT NULL,
    PRIMARY KEY (participant, patient));
CREATE UNIQUE INDEX patients_number ON patients (participant, local_id, issuer);
CREATE INDEX patients_kvnr ON patients (participant, kvnr);
CREATE TABLE patient_questions (
    participant text NOT NULL, question uuid NOT NULL, issuer text NOT NULL, local_id text NOT NULL,
    likeness text NOT NULL, header jsonb NOT NULL, doubt text NOT NULL, asked timestamptz NOT NULL,
    answered timestamptz, kvnr text,
    PRIMARY KEY (participant, question));
CREATE UNIQUE INDEX patient_questions_header ON patient_questions (participant, local_id, issuer, likeness);
CREATE TABLE objections (
    participant text NOT NULL, kvnr text NOT NULL, study text NOT NULL, since timestamptz NOT NULL,
    PRIMARY KEY (participant, kvnr, study));
CREATE TABLE release_rules (
    participant text NOT NULL, position integer NOT NULL, rule jsonb NOT NULL,
    PRIMARY KEY (participant, position));
"""
_PROTECTION = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON {table}
    USING (participant = current_setting('linkexchange.participant', true))
    WITH CHECK (participant = current_setting('linkexchange.participant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role};
"""


def upgrade() -> None:
    """The tables, their own rows only, and what the serving role may do."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    quoted = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["serving_role"])
    connection.execute(_STATEMENTS)
    for table in ("patients", "patient_questions", "objections", "release_rules"):
        connection.execute(_PROTECTION.format(table=table, role=quoted))
