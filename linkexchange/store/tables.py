"""The tables, as SQLAlchemy Core sees them. A test holds them equal to what the migrations make.

Every table has the participant in its key. Row-level security shows a transaction only the rows of the participant on
whose behalf it runs; the directory alone may be read by all.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()
_NOW = DateTime(timezone=True)


def _participant() -> Column[str]:
    return Column("participant", Text, primary_key=True)


# --- both ends -----------------------------------------------------------------------------------------------------

audit = Table(
    "audit",
    metadata,
    _participant(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", _NOW, nullable=False),
    Column("action", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    _participant(),
    Column("event", BigInteger, primary_key=True, autoincrement=True),
    Column("topic", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("at", _NOW, nullable=False),
)

# --- node ----------------------------------------------------------------------------------------------------------

pacs = Table(
    "pacs",
    metadata,
    _participant(),
    Column("name", Text, primary_key=True),
    Column("passport", JSONB, nullable=False),
)

links = Table(
    "links",
    metadata,
    _participant(),
    Column("link", Text, primary_key=True),
    Column("study", Text, nullable=False),
    Column("pacs", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("kvnr", Text),
    Column("entry", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created", _NOW, nullable=False),
    Column("attempted", Boolean, nullable=False, server_default=text("false")),
    Column("waits", Text, nullable=False, server_default=text("''")),
    Column("closing", LargeBinary),
    Column("closing_entry", Text, nullable=False, server_default=text("''")),
)

watched = Table(
    "watched",
    metadata,
    _participant(),
    Column("pacs", Text, primary_key=True),
    Column("study", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("noticed", _NOW, nullable=False),
    Column("patient_id", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("seen", Text),
    Column("changed", _NOW),
    Column("link", Text),
    Column("published", Text),
    Column("kvnr", Text),
    Column("asserted", Text),
    Column("suspect", Boolean, nullable=False),
    Column("wait", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("due", _NOW),
    Column("version", Integer, nullable=False),
    Column("sighted", Boolean, nullable=False, server_default=text("false")),
    Column("counted", Integer),
    Column("admitted", _NOW),
)
Index("watched_due", watched.c.participant, watched.c.due)
Index("watched_patient", watched.c.participant, watched.c.patient_id)

transfers = Table(
    "transfers",
    metadata,
    _participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("authority", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("kvnr", Text),
    Column("entry", Text, nullable=False),
    Column("offer", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("created", _NOW, nullable=False),
    Column("link", Text),
    Column("origin", Text),
    Column("study", Text),
    Column("manifest_digest", Text),
    Column("proof", Text),
    Column("stop_asked", Text, nullable=False, server_default=""),
    Column("newer", Integer, nullable=False, server_default="0"),
    Index("transfers_study", "participant", "study", "destination"),
    Index("transfers_offer", "participant", "offer", unique=True, postgresql_where=text("offer <> ''")),
)

instances = Table(
    "instances",
    metadata,
    _participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("sop_instance", Text, primary_key=True),
    Column("fate", Text, nullable=False),
    Column("status", Integer),
    Column("attempts", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("received", Text),
    Column("sent", Text),
    Column("pixels", Text),
    Column("at_origin", Text),
    Column("note", Text, nullable=False),
    Column("pixels_sent", Text),
    Column("sent_syntax", Text),
    Column("received_syntax", Text),
)

manifests = Table(
    "manifests",
    metadata,
    _participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("manifest", JSONB, nullable=False),
)

progress = Table(
    "progress",
    metadata,
    _participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("written", _NOW, nullable=False),
    Column("begun", _NOW, nullable=False, server_default=text("now()")),
    Column("before", Integer, nullable=False, server_default=text("0")),
)

turns = Table(
    "turns",
    metadata,
    _participant(),
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("pacs", Text, nullable=False),
    Column("use", Text, nullable=False),
    Column("transfer", Uuid, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("places", Integer, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("reserves", Boolean, nullable=False),
    Column("holder", BigInteger, nullable=False),
    Column("seen", _NOW, nullable=False),
    prefixes=["UNLOGGED"],
)

served = Table(
    "served",
    metadata,
    _participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("requester", Text, primary_key=True),
    Column("sop_instance", Text, primary_key=True),
    Column("digest", Text, nullable=False),
)

spool = Table(
    "spool",
    metadata,
    _participant(),
    Column("file", Uuid, primary_key=True),
    Column("study", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("sop_class", Text, nullable=False),
    Column("sop_instance", Text, nullable=False),
    Column("transfer_syntax", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("received_at", _NOW, nullable=False),
    Column("calling", Text, nullable=False),
    Column("delivered", Boolean, nullable=False),
    Column("gone", Boolean, nullable=False),
    Index("spool_instance", "participant", "sop_instance", unique=True, postgresql_where=text("NOT gone")),
    Index("spool_study", "participant", "study"),
)

consignments = Table(
    "consignments",
    metadata,
    _participant(),
    Column("link", Text, primary_key=True),
    Column("study", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("made", _NOW, nullable=False),
    Column("outcome", Text),
)

# --- hub -----------------------------------------------------------------------------------------------------------

directory = Table(
    "directory",
    metadata,
    _participant(),
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
    _participant(),
    Column("enrolment", Uuid, primary_key=True),
    Column("secret_digest", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("role", Text, nullable=False),
    Column("card_name", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("applied", _NOW, nullable=False),
    Column("changed", _NOW, nullable=False),
    Index("enrolments_secret", "secret_digest", unique=True),
)

certificates = Table(
    "certificates",
    metadata,
    _participant(),
    Column("thumbprint", Text, primary_key=True),
    Column("serial", Text, nullable=False),
    Column("not_before", _NOW, nullable=False),
    Column("not_after", _NOW, nullable=False),
    Column("pem", Text, nullable=False),
    Column("revoked_at", _NOW),
    Column("reason", Text, nullable=False),
)

nonces = Table(
    "nonces",
    metadata,
    _participant(),
    Column("nonce_digest", Text, primary_key=True),
    Column("expires", _NOW, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    _participant(),
    Column("secret_digest", Text, primary_key=True),
    Column("thumbprint", Text, nullable=False),
    Column("profession_oid", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("expires", _NOW, nullable=False),
    Column("certificate", LargeBinary),
    Column("checked", _NOW, nullable=False, server_default=text("now()")),
)

ledger = Table(
    "ledger",
    metadata,
    _participant(),
    Column("link", Text, primary_key=True),
    Column("study", Text, nullable=False),
    Column("manifest_digest", Text, nullable=False),
    Column("lock", Text, nullable=False),
    Column("expires", _NOW, nullable=False),
    Column("status", Text, nullable=False),
    Column("replaced_by", Text),
)

decisions = Table(
    "decisions",
    metadata,
    _participant(),
    Column("decision", Uuid, primary_key=True),
    Column("transfer", Uuid, nullable=False),
    Column("origin", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("inputs", JSONB, nullable=False),
    Column("request", Text, nullable=False),
    Column("reason", Text),
    Column("at", _NOW, nullable=False),
    Column("rule", Text, nullable=False, server_default=text("''")),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'")),
    Index("decisions_transfer", "participant", "transfer"),
)

offers = Table(
    "offers",
    metadata,
    _participant(),
    Column("offer", Text, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("link", Text, nullable=False),
    Column("made", _NOW, nullable=False),
    Column("taken", Boolean, nullable=False),
    Column("expires", _NOW),
    Column("basis", Text, nullable=False, server_default=text("'person'")),
)

receipts = Table(
    "receipts",
    metadata,
    _participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("stored", Integer, nullable=False),
    Column("proof", Text, nullable=False),
    Column("at", _NOW, nullable=False),
    Column("came", Integer, nullable=False, server_default=text("0")),
    Column("came_digest", Text, nullable=False, server_default=text("''")),
)

revocations = Table(
    "revocations",
    metadata,
    _participant(),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", _NOW, nullable=False),
    Column("lifted", Boolean, nullable=False),
    Index("revocations_number", "number", unique=True),
    Index("revocations_name", "kind", "value"),
)

# --- what resolvers have told a node ---------------------------------------------------------------------------------

heard_revocations = Table(
    "heard_revocations",
    metadata,
    _participant(),
    Column("source", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("at", _NOW, nullable=False),
    Column("lifted", Boolean, nullable=False),
    Index("heard_revocations_name", "participant", "kind", "value"),
)

resolver_keys = Table(
    "resolver_keys",
    metadata,
    _participant(),
    Column("source", Text, primary_key=True),
    Column("kid", Text, primary_key=True),
    Column("key", JSONB, nullable=False),
    Column("named", _NOW, nullable=False),
    Column("dropped", _NOW),
)

# --- what a node has looked at ---------------------------------------------------------------------------------------

findings = Table(
    "findings",
    metadata,
    _participant(),
    Column("pacs", Text, primary_key=True),
    Column("findings", JSONB, nullable=False),
    Column("at", _NOW, nullable=False),
)

walks = Table(
    "walks",
    metadata,
    _participant(),
    Column("readiness", JSONB, nullable=False),
    Column("at", _NOW, nullable=False),
    Column("alarm_since", _NOW),
)

# --- whose a study is, and whether it may be published ---------------------------------------------------------------

patients = Table(
    "patients",
    metadata,
    _participant(),
    Column("patient", Uuid, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("local_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("kvnr", Text),
    Column("family", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("birth_date", Date),
    Column("sex", Text, nullable=False),
    Column("merged_into", Uuid),
    Column("told", _NOW, nullable=False),
    Index("patients_number", "participant", "local_id", "issuer", unique=True),
    Index("patients_kvnr", "participant", "kvnr"),
)

patient_questions = Table(
    "patient_questions",
    metadata,
    _participant(),
    Column("question", Uuid, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("local_id", Text, nullable=False),
    Column("likeness", Text, nullable=False),
    Column("header", JSONB, nullable=False),
    Column("doubt", Text, nullable=False),
    Column("asked", _NOW, nullable=False),
    Column("answered", _NOW),
    Column("kvnr", Text),
    Index("patient_questions_header", "participant", "local_id", "issuer", "likeness", unique=True),
)

objections = Table(
    "objections",
    metadata,
    _participant(),
    Column("kvnr", Text, primary_key=True),
    Column("study", Text, primary_key=True),
    Column("since", _NOW, nullable=False),
)

routes = Table(
    "routes",
    metadata,
    _participant(),
    Column("peer", Text, primary_key=True),
    Column("route", Text, nullable=False),
    Column("since", _NOW, nullable=False),
    Column("reason", Text, nullable=False),
    Column("tried", _NOW, nullable=False),
)

release_rules = Table(
    "release_rules",
    metadata,
    _participant(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("rule", JSONB, nullable=False),
)

# --- requests for a release -------------------------------------------------------------------------------------------

release_requests = Table(
    "release_requests",
    metadata,
    _participant(),
    Column("request", Uuid, primary_key=True),
    Column("requester", Text, nullable=False),
    Column("claims", JSONB, nullable=False),
    Column("signed", Text, nullable=False),
    Column("heard", _NOW, nullable=False),
    Column("standing", Text, nullable=False),
    Column("hold", Text, nullable=False),
    Column("basis", Text),
    Column("by", Text, nullable=False),
    Column("decided", _NOW),
    Column("refusal", Text, nullable=False),
    Column("study", Text),
    Column("link", Text),
    Column("expires", _NOW),
    Column("review_by", _NOW),
)
Index("release_requests_standing", release_requests.c.participant, release_requests.c.standing)
Index("release_requests_link", release_requests.c.participant, release_requests.c.link)

release_reviews = Table(
    "release_reviews",
    metadata,
    _participant(),
    Column("request", Uuid, primary_key=True),
    Column("reviewer", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("justified", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", _NOW, nullable=False),
)

release_asks = Table(
    "release_asks",
    metadata,
    _participant(),
    Column("request", Uuid, primary_key=True),
    Column("claims", JSONB, nullable=False),
    Column("destination", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("link", Text),
    Column("expires", _NOW),
    Column("due", _NOW),
)
Index("release_asks_due", release_asks.c.participant, release_asks.c.due)

letting_rules = Table(
    "letting_rules",
    metadata,
    _participant(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("rule", JSONB, nullable=False),
)
