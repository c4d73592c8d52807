"""What the hub has, or a node that resolves for its own links."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from linkexchange.store.tables.base import NOW, metadata, participant

directory = Table(
    "directory",
    metadata,
    participant(),
    Column("name", Text, nullable=False),
    Column("node_url", Text, nullable=False),
    Column("destinations", ARRAY(Text), nullable=False),
    Column("ae_titles", ARRAY(Text), nullable=False, server_default="{}"),
    Column("capabilities", ARRAY(Text), nullable=False, server_default="{}"),
    Column("contact", Text, nullable=False, server_default=""),
    Column("hours", ARRAY(Text), nullable=False, server_default="{}"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
)

enrolments = Table(
    "enrolments",
    metadata,
    participant(),
    Column("enrolment", Uuid, primary_key=True),
    Column("secret_digest", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("role", Text, nullable=False),
    Column("card_name", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("applied", NOW, nullable=False),
    Column("changed", NOW, nullable=False),
    Index("enrolments_secret", "secret_digest", unique=True),
)

certificates = Table(
    "certificates",
    metadata,
    participant(),
    Column("thumbprint", Text, primary_key=True),
    Column("serial", Text, nullable=False),
    Column("not_before", NOW, nullable=False),
    Column("not_after", NOW, nullable=False),
    Column("pem", Text, nullable=False),
    Column("revoked_at", NOW),
    Column("reason", Text, nullable=False),
)

nonces = Table(
    "nonces",
    metadata,
    participant(),
    Column("nonce_digest", Text, primary_key=True),
    Column("expires", NOW, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    participant(),
    Column("secret_digest", Text, primary_key=True),
    Column("thumbprint", Text, nullable=False),
    Column("profession_oid", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("expires", NOW, nullable=False),
    Column("certificate", LargeBinary),
    Column("checked", NOW, nullable=False, server_default=text("now()")),
)

ledger = Table(
    "ledger",
    metadata,
    participant(),
    Column("link", Text, primary_key=True),
    Column("study", Text, nullable=False),
    Column("manifest_digest", Text, nullable=False),
    Column("lock", Text, nullable=False),
    Column("expires", NOW, nullable=False),
    Column("status", Text, nullable=False),
    Column("replaced_by", Text),
)

decisions = Table(
    "decisions",
    metadata,
    participant(),
    Column("decision", Uuid, primary_key=True),
    Column("transfer", Uuid, nullable=False),
    Column("origin", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("inputs", JSONB, nullable=False),
    Column("request", Text, nullable=False),
    Column("reason", Text),
    Column("at", NOW, nullable=False),
    Column("rule", Text, nullable=False, server_default=text("''")),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'")),
    Index("decisions_transfer", "participant", "transfer"),
)

offers = Table(
    "offers",
    metadata,
    participant(),
    Column("offer", Text, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("link", Text, nullable=False),
    Column("made", NOW, nullable=False),
    Column("taken", Boolean, nullable=False),
    Column("expires", NOW),
    Column("basis", Text, nullable=False, server_default=text("'person'")),
)

receipts = Table(
    "receipts",
    metadata,
    participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("stored", Integer, nullable=False),
    Column("proof", Text, nullable=False),
    Column("at", NOW, nullable=False),
    Column("came", Integer, nullable=False, server_default=text("0")),
    Column("came_digest", Text, nullable=False, server_default=text("''")),
)

revocations = Table(
    "revocations",
    metadata,
    participant(),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", NOW, nullable=False),
    Column("lifted", Boolean, nullable=False),
    Index("revocations_number", "number", unique=True),
    Index("revocations_name", "kind", "value"),
)
