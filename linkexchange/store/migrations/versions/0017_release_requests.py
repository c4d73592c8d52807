"""Requests for a release: those of others, the reviews of emergencies, the own ones; and the rules that let go.

This file is history: it is never edited once it has run anywhere. A change is a new file.
"""

from __future__ import annotations

from alembic import context, op

revision = "0017"
down_revision = "0016"

_STATEMENTS = """
CREATE TABLE release_requests (
    participant text NOT NULL, request uuid NOT NULL, requester text NOT NULL, claims jsonb NOT NULL,
    signed text NOT NULL, heard timestamptz NOT NULL, standing text NOT NULL, hold text NOT NULL, basis text,
    by text NOT NULL, decided timestamptz, refusal text NOT NULL, study text, link text, expires timestamptz,
    review_by timestamptz,
    PRIMARY KEY (participant, request));
CREATE INDEX release_requests_standing ON release_requests (participant, standing);
CREATE INDEX release_requests_link ON release_requests (participant, link);
CREATE TABLE release_reviews (
    participant text NOT NULL, request uuid NOT NULL, reviewer text NOT NULL, name text NOT NULL,
    justified boolean NOT NULL, note text NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (participant, request, reviewer));
CREATE TABLE release_asks (
    participant text NOT NULL, request uuid NOT NULL, claims jsonb NOT NULL, destination text NOT NULL,
    standing text NOT NULL, detail text NOT NULL, link text, expires timestamptz, due timestamptz,
    PRIMARY KEY (participant, request));
CREATE INDEX release_asks_due ON release_asks (participant, due);
CREATE TABLE letting_rules (
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
    for table in ("release_requests", "release_reviews", "release_asks", "letting_rules"):
        connection.execute(_PROTECTION.format(table=table, role=quoted))
