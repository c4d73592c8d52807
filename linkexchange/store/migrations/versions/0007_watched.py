"""Studies that are watched, and what of a link has been said to the record.

This file is history: it is never edited once it has run anywhere. A change is a new file.
"""

from __future__ import annotations

from alembic import context, op

revision = "0007"
down_revision = "0006"

_STATEMENTS = """
CREATE TABLE watched (
    participant text NOT NULL, pacs text NOT NULL, study text NOT NULL, source text NOT NULL,
    noticed timestamptz NOT NULL, patient_id text NOT NULL, issuer text NOT NULL, seen text, changed timestamptz,
    link text, published text, kvnr text, asserted text, suspect boolean NOT NULL, wait text NOT NULL,
    detail text NOT NULL, due timestamptz, version integer NOT NULL, sighted boolean NOT NULL DEFAULT false,
    counted integer, admitted timestamptz,
    PRIMARY KEY (participant, pacs, study));
CREATE INDEX watched_due ON watched (participant, due);
CREATE INDEX watched_patient ON watched (participant, patient_id);
ALTER TABLE watched ENABLE ROW LEVEL SECURITY;
ALTER TABLE watched FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON watched
    USING (participant = current_setting('linkexchange.participant', true))
    WITH CHECK (participant = current_setting('linkexchange.participant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON watched TO {role};
ALTER TABLE links
    ADD COLUMN attempted boolean NOT NULL DEFAULT false, ADD COLUMN waits text NOT NULL DEFAULT '',
    ADD COLUMN closing bytea, ADD COLUMN closing_entry text NOT NULL DEFAULT '';
ALTER TABLE links NO FORCE ROW LEVEL SECURITY;
UPDATE links SET waits = 'record', attempted = true WHERE active AND kvnr IS NOT NULL AND entry = '';
ALTER TABLE links FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    """The table, its own rows only, what the serving role may do, and the columns."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    quoted = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["serving_role"])
    connection.execute(_STATEMENTS.format(role=quoted))
