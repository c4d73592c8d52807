"""The data plane: a transfer can be stopped, an instance converted, and progress has a beginning."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what it needs."""
    op.execute("ALTER TABLE transfers ADD COLUMN stop_asked text NOT NULL DEFAULT ''")
    op.execute("CREATE INDEX transfers_study ON transfers (participant, study, destination)")
    for column in ("pixels_sent", "sent_syntax", "received_syntax"):
        op.execute(f"ALTER TABLE instances ADD COLUMN {column} text")
    op.execute("ALTER TABLE progress ADD COLUMN begun timestamptz NOT NULL DEFAULT now()")
    op.execute("ALTER TABLE progress ADD COLUMN before integer NOT NULL DEFAULT 0")
