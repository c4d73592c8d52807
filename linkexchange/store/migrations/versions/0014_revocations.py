"""What is revoked and what a node was told of it, resolvers' keys as they are learnt, and the card behind a session.

A session that was opened before knows no card: it counts for what is left of its half hour, and is not renewed.

This file is history: it is never edited once it has run anywhere. A change is a new file.
"""

from __future__ import annotations

from alembic import context, op

revision = "0014"
down_revision = "0013"

_STATEMENTS = """
CREATE TABLE revocations (
    participant text NOT NULL, number bigint NOT NULL, kind text NOT NULL, value text NOT NULL, reason text NOT NULL,
    at timestamptz NOT NULL, lifted boolean NOT NULL,
    PRIMARY KEY (participant, number));
CREATE UNIQUE INDEX revocations_number ON revocations (number);
CREATE INDEX revocations_name ON revocations (kind, value);
CREATE TABLE heard_revocations (
    participant text NOT NULL, source text NOT NULL, number bigint NOT NULL, partner text NOT NULL, kind text NOT NULL,
    value text NOT NULL, at timestamptz NOT NULL, lifted boolean NOT NULL,
    PRIMARY KEY (participant, source, number));
CREATE INDEX heard_revocations_name ON heard_revocations (participant, kind, value);
CREATE TABLE resolver_keys (
    participant text NOT NULL, source text NOT NULL, kid text NOT NULL, key jsonb NOT NULL,
    named timestamptz NOT NULL, dropped timestamptz,
    PRIMARY KEY (participant, source, kid));
ALTER TABLE sessions ADD COLUMN certificate bytea, ADD COLUMN checked timestamptz NOT NULL DEFAULT now();
"""
_PROTECTION = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON {table}
    USING (participant = current_setting('linkexchange.participant', true))
    WITH CHECK (participant = current_setting('linkexchange.participant', true));
GRANT {powers} ON {table} TO {role};
"""
_APPEND = "SELECT, INSERT"
_POWERS = {
    "revocations": _APPEND,
    "heard_revocations": _APPEND,
    "resolver_keys": "SELECT, INSERT, UPDATE, DELETE",
}


def upgrade() -> None:
    """The tables, whose rows they are, and what the serving role may do: nobody who serves takes a revocation back."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    quoted = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["serving_role"])
    connection.execute(_STATEMENTS)
    for table, powers in _POWERS.items():
        connection.execute(_PROTECTION.format(table=table, powers=powers, role=quoted))
    connection.execute("CREATE POLICY everyone_reads ON revocations FOR SELECT USING (true)")
