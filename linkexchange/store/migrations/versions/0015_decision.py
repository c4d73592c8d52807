"""How long an offer counts, and what let the study go.

This file is history: it is never edited once it has run anywhere. A change is a new file.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

_STATEMENTS = """
ALTER TABLE offers ADD COLUMN expires timestamptz, ADD COLUMN basis text NOT NULL DEFAULT 'person';
"""


def upgrade() -> None:
    """The columns."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(_STATEMENTS)
