"""What a node has."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from linkexchange.store.tables.base import NOW, metadata, participant

pacs = Table(
    "pacs",
    metadata,
    participant(),
    Column("name", Text, primary_key=True),
    Column("passport", JSONB, nullable=False),
)

links = Table(
    "links",
    metadata,
    participant(),
    Column("link", Text, primary_key=True),
    Column("study", Text, nullable=False),
    Column("pacs", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("kvnr", Text),
    Column("entry", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created", NOW, nullable=False),
    Column("attempted", Boolean, nullable=False, server_default=text("false")),
    Column("waits", Text, nullable=False, server_default=text("''")),
    Column("closing", LargeBinary),
    Column("closing_entry", Text, nullable=False, server_default=text("''")),
)

watched = Table(
    "watched",
    metadata,
    participant(),
    Column("pacs", Text, primary_key=True),
    Column("study", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("noticed", NOW, nullable=False),
    Column("patient_id", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("seen", Text),
    Column("changed", NOW),
    Column("link", Text),
    Column("published", Text),
    Column("kvnr", Text),
    Column("asserted", Text),
    Column("suspect", Boolean, nullable=False),
    Column("wait", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("due", NOW),
    Column("version", Integer, nullable=False),
    Column("sighted", Boolean, nullable=False, server_default=text("false")),
    Column("counted", Integer),
    Column("admitted", NOW),
)
Index("watched_due", watched.c.participant, watched.c.due)
Index("watched_patient", watched.c.participant, watched.c.patient_id)

transfers = Table(
    "transfers",
    metadata,
    participant(),
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
    Column("created", NOW, nullable=False),
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
    participant(),
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
    participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("manifest", JSONB, nullable=False),
)

progress = Table(
    "progress",
    metadata,
    participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("written", NOW, nullable=False),
    Column("begun", NOW, nullable=False, server_default=text("now()")),
    Column("before", Integer, nullable=False, server_default=text("0")),
)

turns = Table(
    "turns",
    metadata,
    participant(),
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("pacs", Text, nullable=False),
    Column("use", Text, nullable=False),
    Column("transfer", Uuid, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("places", Integer, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("reserves", Boolean, nullable=False),
    Column("holder", BigInteger, nullable=False),
    Column("seen", NOW, nullable=False),
    prefixes=["UNLOGGED"],
)

served = Table(
    "served",
    metadata,
    participant(),
    Column("transfer", Uuid, primary_key=True),
    Column("requester", Text, primary_key=True),
    Column("sop_instance", Text, primary_key=True),
    Column("digest", Text, nullable=False),
)

spool = Table(
    "spool",
    metadata,
    participant(),
    Column("file", Uuid, primary_key=True),
    Column("study", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("sop_class", Text, nullable=False),
    Column("sop_instance", Text, nullable=False),
    Column("transfer_syntax", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("received_at", NOW, nullable=False),
    Column("calling", Text, nullable=False),
    Column("delivered", Boolean, nullable=False),
    Column("gone", Boolean, nullable=False),
    Index("spool_instance", "participant", "sop_instance", unique=True, postgresql_where=text("NOT gone")),
    Index("spool_study", "participant", "study"),
)

consignments = Table(
    "consignments",
    metadata,
    participant(),
    Column("link", Text, primary_key=True),
    Column("study", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("made", NOW, nullable=False),
    Column("outcome", Text),
)

heard_revocations = Table(
    "heard_revocations",
    metadata,
    participant(),
    Column("source", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("partner", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("at", NOW, nullable=False),
    Column("lifted", Boolean, nullable=False),
    Index("heard_revocations_name", "participant", "kind", "value"),
)

resolver_keys = Table(
    "resolver_keys",
    metadata,
    participant(),
    Column("source", Text, primary_key=True),
    Column("kid", Text, primary_key=True),
    Column("key", JSONB, nullable=False),
    Column("named", NOW, nullable=False),
    Column("dropped", NOW),
)

findings = Table(
    "findings",
    metadata,
    participant(),
    Column("pacs", Text, primary_key=True),
    Column("findings", JSONB, nullable=False),
    Column("at", NOW, nullable=False),
)

walks = Table(
    "walks",
    metadata,
    participant(),
    Column("readiness", JSONB, nullable=False),
    Column("at", NOW, nullable=False),
    Column("alarm_since", NOW),
)

routes = Table(
    "routes",
    metadata,
    participant(),
    Column("peer", Text, primary_key=True),
    Column("route", Text, nullable=False),
    Column("since", NOW, nullable=False),
    Column("reason", Text, nullable=False),
    Column("tried", NOW, nullable=False),
)
