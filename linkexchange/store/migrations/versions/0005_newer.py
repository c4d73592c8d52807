"""How many images the origin had beyond the manifest when it served a transfer."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the count."""
    op.execute("ALTER TABLE transfers ADD COLUMN newer integer NOT NULL DEFAULT 0")
