"""Where the TI is for this institution, and how it shows itself there: plain values, as the settings have them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KonnektorAccess:
    """The Konnektor of an institution.

    `certificate` (PEM) is either that of the Konnektor itself, which then is the only one believed, or that of a CA.
    This client system shows a certificate of its own, or a user and a password. `iccsn` chooses among several SMC-B.
    """

    url: str
    certificate: Path
    mandant: str
    client_system: str
    workplace: str
    client_certificate: Path | None = None
    client_key: Path | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    rewrites_endpoints: bool = False
    iccsn: str = ""


@dataclass(frozen=True, slots=True)
class TrustAccess:
    """Where the trust-service status list lies, and the TSL-CAs (PEM) whose lists are believed.

    `kept` is where the newest proven list is kept for a start without it. `ocsp_url` stands in for the addresses of the
    OCSP responders, where the TI is reached through another door.
    """

    tsl_url: str
    anchors: Path
    kept: Path
    ocsp_url: str = ""


@dataclass(frozen=True, slots=True)
class RecordAccess:
    """The record systems, by their addresses, and the IDP at which one logs in for them.

    `issuer` is what the IDP calls itself, empty where that is its
    address. `user_agent` is the client id that gematik has issued, a slash and a version.
    """

    urls: tuple[str, ...]
    idp_url: str
    user_agent: str
    issuer: str = ""
    is_production: bool = False


@dataclass(frozen=True, slots=True)
class VzdAccess:
    """The FHIR-VZD, the token endpoint of its authorisation server, and what gematik has given this service client."""

    url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
