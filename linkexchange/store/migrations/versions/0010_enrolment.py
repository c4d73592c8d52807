"""Enrolments with the certificates that came of them, and what else the directory says of a participant.

This file is history: it is never edited once it has run anywhere. A change is a new file.
"""

from __future__ import annotations

from alembic import context, op

revision = "0010"
down_revision = "0009"

_STATEMENTS = """
ALTER TABLE directory
    ADD COLUMN ae_titles text[] NOT NULL DEFAULT '{}', ADD COLUMN capabilities text[] NOT NULL DEFAULT '{}',
    ADD COLUMN contact text NOT NULL DEFAULT '', ADD COLUMN hours text[] NOT NULL DEFAULT '{}',
    ADD COLUMN active boolean NOT NULL DEFAULT true;
CREATE TABLE enrolments (
    participant text NOT NULL, enrolment uuid NOT NULL, secret_digest text NOT NULL, details jsonb NOT NULL,
    role text NOT NULL, card_name text NOT NULL, key text NOT NULL, request text NOT NULL, standing text NOT NULL,
    reason text NOT NULL, applied timestamptz NOT NULL, changed timestamptz NOT NULL,
    PRIMARY KEY (participant, enrolment));
CREATE UNIQUE INDEX enrolments_secret ON enrolments (secret_digest);
CREATE TABLE certificates (
    participant text NOT NULL, thumbprint text NOT NULL, serial text NOT NULL, not_before timestamptz NOT NULL,
    not_after timestamptz NOT NULL, pem text NOT NULL, revoked_at timestamptz, reason text NOT NULL,
    PRIMARY KEY (participant, thumbprint));
"""
_PROTECTION = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON {table}
    USING (participant = current_setting('linkexchange.participant', true))
    WITH CHECK (participant = current_setting('linkexchange.participant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role};
"""
_OPERATOR = """
CREATE POLICY operator_reads ON enrolments FOR SELECT
    USING (current_setting('linkexchange.participant', true) = '99-linkexchange-hub')
"""
"""The hub's operator looks at applications of those who are in no directory yet."""


def upgrade() -> None:
    """Columns and tables, their own rows only, and what the serving role may do."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    quoted = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["serving_role"])
    connection.execute(_STATEMENTS)
    for table in ("enrolments", "certificates"):
        connection.execute(_PROTECTION.format(table=table, role=quoted))
    connection.execute(_OPERATOR)
