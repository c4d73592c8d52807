"""What waits in the outbox, and to whom it was sent.

This file is history: it is never edited once it has run anywhere. A change is a new file.
"""

from __future__ import annotations

from alembic import context, op

revision = "0004"
down_revision = "0003"

_STATEMENTS = """
CREATE TABLE spool (
    participant text NOT NULL, file uuid NOT NULL, study text NOT NULL, series text NOT NULL, sop_class text NOT NULL,
    sop_instance text NOT NULL, transfer_syntax text NOT NULL, bytes bigint NOT NULL, digest text NOT NULL,
    received_at timestamptz NOT NULL, calling text NOT NULL, delivered boolean NOT NULL, gone boolean NOT NULL,
    PRIMARY KEY (participant, file));
CREATE UNIQUE INDEX spool_instance ON spool (participant, sop_instance) WHERE NOT gone;
CREATE INDEX spool_study ON spool (participant, study);
CREATE TABLE consignments (
    participant text NOT NULL, link text NOT NULL, study text NOT NULL, receiver text NOT NULL,
    made timestamptz NOT NULL, outcome text,
    PRIMARY KEY (participant, link));
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
    for table in ("spool", "consignments"):
        connection.execute(_PROTECTION.format(table=table, role=quoted))
