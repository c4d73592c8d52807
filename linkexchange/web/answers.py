"""What the hub answers to nodes, as it stands in its OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from linkexchange.model.enrolment import Standing
from linkexchange.model.switch import Hand
from linkexchange.model.transfer import State
from linkexchange.web.fields import LinkIdText, Time


class _Answer(BaseModel):
    """A member that a route answers and that is not declared here is a bug, and not left out in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NonceAnswer(_Answer):
    """For one attestation, within 60 s."""

    nonce: str


class SessionAnswer(_Answer):
    """An open session: its secret, and when it ends."""

    session: str
    expires: Time


class GrantAnswer(_Answer):
    """A signed grant (compact JWS)."""

    grant: str


class OfferAnswer(_Answer):
    """An offer that was not taken up yet."""

    offer: LinkIdText
    sender: str
    receiver: str
    link: LinkIdText
    made: Time
    basis: str
    expires: Time | None = None


class SwitchAnswer(_Answer):
    """How one hand has left the caller's switch."""

    hand: Hand
    pulls: bool
    basis: str
    at: Time


class ReceiptAnswer(_Answer):
    """How a transfer of the caller's link has ended, and the proof (compact JWS)."""

    outcome: State
    proof: str


class CourseAnswer(_Answer):
    """What the hub knows of a transfer; until its end `outcome` is null, and nothing is counted."""

    transfer: UUID
    requester: str
    origin: str
    link: LinkIdText
    decided: datetime
    reason: str
    outcome: State | None
    stored: int
    expected: int


class ParticipantAnswer(_Answer):
    """An institution of the directory."""

    telematik_id: str
    name: str
    node_url: str
    contact: str
    destinations: list[str]
    ae_titles: list[str]
    capabilities: list[str]
    hours: list[str]


class CertificateAnswer(_Answer):
    """A certificate in PEM."""

    certificate: str


class KeyAnswer(_Answer):
    """A P-256 key (RFC 7517)."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    alg: str


class KeysAnswer(_Answer):
    """The keys that sign grants (JWK Set, RFC 7517)."""

    keys: list[KeyAnswer]


class EnrollingHubAnswer(_Answer):
    """The hub's CA (PEM), and the keys that sign grants (JWK Set as text)."""

    ca: str
    keys: str


class ApplicationAnswer(_Answer):
    """The secret that names an application."""

    application: str


class VerdictAnswer(_Answer):
    """Where an application stands, why, and the certificate (PEM) once there is one."""

    standing: Standing
    reason: str
    certificate: str
