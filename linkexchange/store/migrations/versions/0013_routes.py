"""By which route the nodes of other participants are reached.

This file is history: it is never edited once it has run anywhere. A change is a new file.
"""

from __future__ import annotations

from alembic import context, op

revision = "0013"
down_revision = "0010"

_STATEMENTS = """
CREATE TABLE routes (
    participant text NOT NULL, peer text NOT NULL, route text NOT NULL, since timestamptz NOT NULL,
    reason text NOT NULL, tried timestamptz NOT NULL,
    PRIMARY KEY (participant, peer));
ALTER TABLE routes ENABLE ROW LEVEL SECURITY;
ALTER TABLE routes FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON routes
    USING (participant = current_setting('linkexchange.participant', true))
    WITH CHECK (participant = current_setting('linkexchange.participant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON routes TO {role};
"""


def upgrade() -> None:
    """The table, its own rows only, and what the serving role may do."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    quoted = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["serving_role"])
    connection.execute(_STATEMENTS.format(role=quoted))
