"""The trail leaves the house, grows old, and is balanced: sinks, checkpoints, dispatches, imbalances.

This file is history: it is never edited once it has run anywhere. A change is a new file.
"""

from __future__ import annotations

from alembic import context, op

revision = "0016"
down_revision = "0015"

_STATEMENTS = """
CREATE TABLE audit_checkpoints (
    participant text NOT NULL, seq bigint NOT NULL, hash text NOT NULL, entries bigint NOT NULL,
    since timestamptz NOT NULL, until timestamptz NOT NULL, signed text NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (participant, seq));
CREATE TABLE audit_sinks (
    participant text NOT NULL, sink text NOT NULL, position bigint NOT NULL, buffer_max bigint NOT NULL,
    delivered timestamptz, head text NOT NULL DEFAULT '', failing_since timestamptz, fault text NOT NULL DEFAULT '',
    leased_until timestamptz NOT NULL DEFAULT 'epoch',
    PRIMARY KEY (participant, sink));
CREATE TABLE audit_checks (
    participant text NOT NULL, at timestamptz NOT NULL, entries bigint NOT NULL, bad bigint, detail text NOT NULL,
    PRIMARY KEY (participant));
ALTER TABLE receipts
    ADD COLUMN came integer NOT NULL DEFAULT 0, ADD COLUMN came_digest text NOT NULL DEFAULT '';
CREATE TABLE dispatches (
    participant text NOT NULL, transfer uuid NOT NULL, requester text NOT NULL, link text NOT NULL,
    instances integer NOT NULL, digest text NOT NULL, report text NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (participant, transfer, requester));
CREATE TABLE imbalances (
    participant text NOT NULL, transfer uuid NOT NULL, origin text NOT NULL, imbalance text NOT NULL,
    found timestamptz NOT NULL, settled timestamptz,
    PRIMARY KEY (participant, transfer, origin, imbalance));
"""
_PROTECTION = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON {table}
    USING (participant = current_setting('linkexchange.participant', true))
    WITH CHECK (participant = current_setting('linkexchange.participant', true));
GRANT {powers} ON {table} TO {role};
"""
_POWERS = {
    "audit_checkpoints": "SELECT",
    "audit_sinks": "SELECT, INSERT, UPDATE, DELETE",
    "audit_checks": "SELECT, INSERT, UPDATE",
    "dispatches": "SELECT, INSERT, UPDATE",
    "imbalances": "SELECT, INSERT, UPDATE",
}
# The serving role cannot delete entries. This runs as the owner, and removes only what is older than the law asks for,
# only up to an entry whose hash the caller knows, never the newest one, and never without a trace.
_SHORTEN = """
CREATE FUNCTION audit_shorten(upto bigint, upto_hash text, proof text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    me text := current_setting('linkexchange.participant', true);
    gone bigint; first_at timestamptz; last_at timestamptz; before audit_checkpoints;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('audit ' || me, 0));
    IF NOT EXISTS (SELECT FROM audit WHERE participant = me AND seq = upto AND hash = upto_hash) THEN
        RAISE EXCEPTION 'no such entry';
    END IF;
    IF NOT EXISTS (SELECT FROM audit WHERE participant = me AND seq > upto) THEN
        RAISE EXCEPTION 'the newest entry stays';
    END IF;
    SELECT count(*), min(at), max(at) INTO gone, first_at, last_at FROM audit WHERE participant = me AND seq <= upto;
    IF last_at >= now() - interval '1096 days' THEN
        RAISE EXCEPTION 'not kept for 1096 days yet';
    END IF;
    SELECT * INTO before FROM audit_checkpoints WHERE participant = me ORDER BY seq DESC LIMIT 1;
    DELETE FROM audit WHERE participant = me AND seq <= upto;
    INSERT INTO audit_checkpoints VALUES (
        me, upto, upto_hash, coalesce(before.entries, 0) + gone, coalesce(before.since, first_at), last_at, proof,
        now());
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION audit_shorten FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_shorten TO {role};
"""


def upgrade() -> None:
    """The tables, their own rows only, what the serving role may do, and the one way to remove old entries."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    quoted = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["serving_role"])
    connection.execute(_STATEMENTS)
    for table, powers in _POWERS.items():
        connection.execute(_PROTECTION.format(table=table, powers=powers, role=quoted))
    connection.execute(_SHORTEN.format(role=quoted))
