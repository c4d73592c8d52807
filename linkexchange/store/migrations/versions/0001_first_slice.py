"""The first slice: audit and events, a node's links and transfers, the hub's directory and ledger, the job queue.

This file is history: it is never edited once it has run anywhere. A change is a new file.
"""

from __future__ import annotations

from alembic import context, op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE audit (
    participant text NOT NULL, seq bigint NOT NULL, at timestamptz NOT NULL, action text NOT NULL,
    fields jsonb NOT NULL, previous text NOT NULL, hash text NOT NULL, CHECK (isfinite(at)),
    PRIMARY KEY (participant, seq));
CREATE TABLE events (
    participant text NOT NULL, event bigserial NOT NULL, topic text NOT NULL, body jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (participant, event));
CREATE TABLE pacs (
    participant text NOT NULL, name text NOT NULL, passport jsonb NOT NULL,
    PRIMARY KEY (participant, name));
CREATE TABLE links (
    participant text NOT NULL, link text NOT NULL, study text NOT NULL, pacs text NOT NULL, document bytea NOT NULL,
    media_type text NOT NULL, kvnr text, entry text NOT NULL, active boolean NOT NULL, created timestamptz NOT NULL,
    PRIMARY KEY (participant, link));
CREATE TABLE transfers (
    participant text NOT NULL, transfer uuid NOT NULL, authority text NOT NULL, destination text NOT NULL,
    purpose text NOT NULL, asked_by text NOT NULL, kvnr text, entry text NOT NULL, offer text NOT NULL,
    state text NOT NULL, reason text NOT NULL, epoch integer NOT NULL, created timestamptz NOT NULL,
    link text, origin text, study text, manifest_digest text, proof text,
    PRIMARY KEY (participant, transfer));
CREATE UNIQUE INDEX transfers_offer ON transfers (participant, offer) WHERE offer <> '';
CREATE TABLE instances (
    participant text NOT NULL, transfer uuid NOT NULL, sop_instance text NOT NULL, fate text NOT NULL, status integer,
    attempts integer NOT NULL, bytes bigint NOT NULL, received text, sent text, pixels text, at_origin text,
    note text NOT NULL,
    PRIMARY KEY (participant, transfer, sop_instance));
CREATE TABLE manifests (
    participant text NOT NULL, transfer uuid NOT NULL, manifest jsonb NOT NULL,
    PRIMARY KEY (participant, transfer));
CREATE TABLE progress (
    participant text NOT NULL, transfer uuid NOT NULL, done integer NOT NULL, total integer NOT NULL,
    bytes bigint NOT NULL, written timestamptz NOT NULL,
    PRIMARY KEY (participant, transfer));
CREATE TABLE served (
    participant text NOT NULL, transfer uuid NOT NULL, requester text NOT NULL, sop_instance text NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (participant, transfer, requester, sop_instance));
CREATE TABLE directory (
    participant text PRIMARY KEY, name text NOT NULL, node_url text NOT NULL, destinations text[] NOT NULL);
CREATE TABLE nonces (
    participant text NOT NULL, nonce_digest text NOT NULL, expires timestamptz NOT NULL,
    PRIMARY KEY (participant, nonce_digest));
CREATE TABLE sessions (
    participant text NOT NULL, secret_digest text NOT NULL, thumbprint text NOT NULL, profession_oid text NOT NULL,
    name text NOT NULL, expires timestamptz NOT NULL,
    PRIMARY KEY (participant, secret_digest));
CREATE TABLE ledger (
    participant text NOT NULL, link text NOT NULL, study text NOT NULL, manifest_digest text NOT NULL,
    lock text NOT NULL, expires timestamptz NOT NULL, status text NOT NULL, replaced_by text,
    PRIMARY KEY (participant, link));
CREATE TABLE decisions (
    participant text NOT NULL, decision uuid NOT NULL, transfer uuid NOT NULL, origin text NOT NULL, link text NOT NULL,
    inputs jsonb NOT NULL, request text NOT NULL, reason text, at timestamptz NOT NULL,
    PRIMARY KEY (participant, decision));
CREATE TABLE offers (
    participant text NOT NULL, offer text NOT NULL, sender text NOT NULL, link text NOT NULL, made timestamptz NOT NULL,
    taken boolean NOT NULL,
    PRIMARY KEY (participant, sender, offer));
CREATE TABLE receipts (
    participant text NOT NULL, transfer uuid NOT NULL, origin text NOT NULL, link text NOT NULL, outcome text NOT NULL,
    expected integer NOT NULL, stored integer NOT NULL, proof text NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (participant, transfer));
"""

_APPEND_ONLY = ("audit", "events", "decisions", "receipts")
_CHANGING = (
    "pacs",
    "links",
    "transfers",
    "instances",
    "manifests",
    "progress",
    "served",
    "directory",
    "nonces",
    "sessions",
    "ledger",
    "offers",
)


def upgrade() -> None:
    """Tables, row-level security, the queue's schema, and what the serving role may do."""
    _run(_TABLES)
    for table in (*_APPEND_ONLY, *_CHANGING):
        _own_rows_only(table)
    _run("CREATE POLICY everyone_reads ON directory FOR SELECT USING (true)")
    _run(SchemaManager.get_schema())
    _let_serve(context.config.attributes["serving_role"])


def _own_rows_only(table: str) -> None:
    mine = "participant = current_setting('linkexchange.participant', true)"
    _run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    _run(f"CREATE POLICY own_rows ON {table} USING ({mine}) WITH CHECK ({mine})")


def _let_serve(role: str) -> None:
    """Append-only tables get no UPDATE and no DELETE: the trail cannot be changed by whoever serves."""
    quoted = op.get_bind().dialect.identifier_preparer.quote(role)
    _run(f"GRANT USAGE ON SCHEMA public TO {quoted}")
    _run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}")
    _run(f"REVOKE UPDATE, DELETE ON {', '.join(_APPEND_ONLY)} FROM {quoted}")
    _run(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {quoted}")
    _run(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
    _run(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {quoted}")


def _run(statements: str) -> None:
    """Past SQLAlchemy, so that colons and per cent signs in the text mean themselves."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(statements)
