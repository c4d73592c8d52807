"""What decides: policies and quotas as rows, switches, counts, locks, and all that a decision has looked at.

Also how long an offer counts, and what let the study go. This file is history: it is never edited once it has run
anywhere. A change is a new file.
"""

from __future__ import annotations

from alembic import context, op

revision = "0015"
down_revision = "0014"

_HUB = "99-linkexchange-hub"
_CHANGING = ("policies", "switches", "uses", "tallies", "locks")
_STATEMENTS = """
ALTER TABLE offers ADD COLUMN expires timestamptz, ADD COLUMN basis text NOT NULL DEFAULT 'person';
ALTER TABLE decisions ADD COLUMN rule text NOT NULL DEFAULT '', ADD COLUMN facts jsonb NOT NULL DEFAULT '{}';
CREATE INDEX decisions_transfer ON decisions (participant, transfer);
CREATE TABLE admissions (
    participant text NOT NULL, admission uuid NOT NULL, transfer uuid NOT NULL, requester text NOT NULL,
    link text NOT NULL, authority text NOT NULL, purpose text NOT NULL, facts jsonb NOT NULL, rule text NOT NULL,
    reason text, at timestamptz NOT NULL,
    PRIMARY KEY (participant, admission));
CREATE INDEX admissions_transfer ON admissions (participant, transfer);
CREATE TABLE policies (
    participant text NOT NULL, kind text NOT NULL, document jsonb NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (participant, kind));
CREATE TABLE switches (
    participant text NOT NULL, hand text NOT NULL, pulls boolean NOT NULL, basis text NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (participant, hand));
CREATE TABLE uses (
    participant text NOT NULL, whose text NOT NULL, who text NOT NULL, counted text NOT NULL, thing text NOT NULL,
    last timestamptz NOT NULL,
    PRIMARY KEY (participant, whose, who, counted, thing));
CREATE INDEX uses_last ON uses (participant, last);
CREATE TABLE tallies (
    participant text NOT NULL, who text NOT NULL, counted text NOT NULL, span text NOT NULL,
    begins timestamptz NOT NULL, used integer NOT NULL,
    PRIMARY KEY (participant, who, counted, span, begins));
CREATE TABLE locks (
    participant text NOT NULL, lock uuid NOT NULL, who text NOT NULL, quota text NOT NULL, since timestamptz NOT NULL,
    lifted timestamptz,
    PRIMARY KEY (participant, lock));
CREATE UNIQUE INDEX locks_open ON locks (participant, who) WHERE lifted IS NULL;
"""


def upgrade() -> None:
    """Columns and tables, own rows only, the hub's policy for all to read, and what the serving role may do."""
    _run(_STATEMENTS)
    role = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["serving_role"])
    for table in ("admissions", *_CHANGING):
        mine = "participant = current_setting('linkexchange.participant', true)"
        _run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        _run(f"CREATE POLICY own_rows ON {table} USING ({mine}) WITH CHECK ({mine})")
    _run(f"CREATE POLICY everyone_reads_the_hubs ON policies FOR SELECT USING (participant = '{_HUB}')")
    _run(f"GRANT SELECT, INSERT ON admissions TO {role}")
    _run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(_CHANGING)} TO {role}")


def _run(statements: str) -> None:
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(statements)
