"""What hub and node both need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from linkexchange import checks

PREFIX = "LINKEXCHANGE_"
Port = Annotated[int, Field(ge=1, le=65535)]
Https = Annotated[str, AfterValidator(checks.https)]
Loopback = Annotated[str, AfterValidator(checks.loopback)]
PrivateFile = Annotated[Path, AfterValidator(checks.private)]
DatabaseUrl = Annotated[SecretStr | None, BeforeValidator(lambda url: url or None), AfterValidator(checks.postgresql)]


class CommonSettings(BaseModel):
    """What hub and node both need."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    state_folder: Path
    """Folder for the embedded database and for the address of the running one. Private to this node or hub."""

    database_url: DatabaseUrl = None
    """Own PostgreSQL server: postgresql://role:password@host/database, no superuser; on another machine also \
?sslmode=verify-full, and a password of its own. Empty: the embedded server."""

    database_owner_url: DatabaseUrl = None
    """Role that owns the database and migrates it. Empty: the role of database_url."""

    frozen_seconds: float = Field(default=30.0, ge=1)
    """A process that falls silent within a transaction for so long, frozen perhaps, loses it: nobody waits for it."""

    tls_certificate: Path
    """Certificate of this node or hub, with its chain, in PEM."""

    tls_key: PrivateFile
    """Private key of that certificate (P-256), in PEM, readable by this user only."""

    tls_ca: Path
    """The hub's CA, in PEM: whose certificates are believed, of hub and nodes alike."""

    hub_url: Https
    """Address of the hub's interface for nodes. It is also the audience of attestations and requests."""

    tsl_url: Annotated[str, AfterValidator(checks.web)]
    """Address of the trust-service status list (TSL) of the TI, which says whose certificates are believed."""

    tsl_anchor: Path
    """The TSL-CA whose lists are believed, in PEM; while it is changed, both."""

    ocsp_url: Annotated[str, AfterValidator(checks.web_or_none)] = ""
    """OCSP responder that is asked in the place of those that TSL and certificates name. Empty: those."""

    ocsp_seconds: float = Field(default=600.0, ge=0, le=3600)
    """A resolver asks again whether the card behind a session is revoked when the last answer is so old. 0: always."""

    listen_host: str = "127.0.0.1"
    """Address on which the mTLS port listens."""

    listen_port: Port
    """Port of the mTLS listener: studies at a node, the resolver at the hub."""

    pages_host: Loopback = "127.0.0.1"
    """Address on which the pages for people are served: a loopback address, since pages have no login yet."""

    pages_port: Port
    """Port of the pages for people."""

    audit_file: Path | None = None
    """Folder to which the audit trail is appended, best on another machine's disk. Empty: it is not."""

    audit_syslog: Annotated[str, AfterValidator(checks.place_or_none)] = ""
    """Host and port of a syslog receiver for DICOM audit messages over TLS (IHE ATNA). Empty: there is none."""

    audit_feed_url: Annotated[str, AfterValidator(checks.https_or_none)] = ""
    """Base address of a FHIR server that takes AuditEvents (IHE RESTful ATNA). Empty: there is none."""

    audit_ca: Path | None = None
    """CA certificates (PEM) of these receivers. Empty: the hub's CA."""

    audit_every_seconds: float = Field(default=10.0, gt=0)
    """How often audit entries and the signed head of the trail are sent to these receivers."""

    audit_buffer_max: int = Field(default=100_000, ge=1)
    """When more entries than these wait for one of them, no new transfer begins until it has taken some."""

    audit_keep_days: int = Field(default=1096, ge=1096)
    """So many days, three years at least, audit entries are kept; then they are removed with evidence."""

    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    """How much is logged: debug, info, warning or error. Study UIDs appear at debug only; names and tokens never."""
