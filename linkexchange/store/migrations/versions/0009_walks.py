"""What the last walk along the chain to the TI has found, and since when an alarm stands.

This file is history: it is never edited once it has run anywhere. A change is a new file.
"""

from __future__ import annotations

from alembic import context, op

revision = "0009"
down_revision = "0008"

_STATEMENTS = """
CREATE TABLE walks (
    participant text NOT NULL, readiness jsonb NOT NULL, at timestamptz NOT NULL, alarm_since timestamptz,
    PRIMARY KEY (participant));
ALTER TABLE walks ENABLE ROW LEVEL SECURITY;
ALTER TABLE walks FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON walks
    USING (participant = current_setting('linkexchange.participant', true))
    WITH CHECK (participant = current_setting('linkexchange.participant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON walks TO {role};
"""


def upgrade() -> None:
    """The table, its own rows only, and what the serving role may do."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    quoted = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["serving_role"])
    connection.execute(_STATEMENTS.format(role=quoted))
