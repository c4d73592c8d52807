"""How institutions come into the network: the hub's rows, and the desk at which a node applies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from linkexchange.model.enrolment import Enrolment, IssuedCertificate, Standing
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.listing import Listing


class Enrolments(Protocol):
    """Applications and what became of them."""

    def add(self, new: Enrolment, secret: str) -> None:
        """Remember one of this participant, and its secret by a digest."""
        ...

    def get(self, number: UUID) -> Enrolment:
        """Look one of this participant up, locked until the transaction ends. Raises `EnrolmentRefused`."""
        ...

    def mine(self) -> Sequence[Enrolment]:
        """All of this participant, newest first."""
        ...

    def everyones(self) -> Sequence[Enrolment]:
        """All of all participants, newest first: for the operator alone."""
        ...

    def by_secret(self, secret: str) -> Enrolment | None:
        """The one that this secret names, whoever's it is."""
        ...

    def move(self, moved: Enrolment, at: datetime) -> None:
        """Write down where one of this participant stands now."""
        ...


class Certificates(Protocol):
    """The certificates of one participant's nodes: at the hub those that it issued, at a node its own."""

    def add(self, new: IssuedCertificate) -> None:
        """Remember one. Safe to repeat."""
        ...

    def all(self) -> Sequence[IssuedCertificate]:
        """Newest first, also those that have ended or are revoked."""
        ...

    def revoke(self, at: datetime, reason: str) -> int:
        """Revoke all that are not revoked yet; how many."""
        ...


class Listings(Protocol):
    """The directory of the TI (FHIR-VZD)."""

    def __call__(self, whom: Sequence[TelematikId]) -> Mapping[TelematikId, Listing]:
        """What it says of each of them, within seconds; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the hub says of an application; approved, it brings the certificate (PEM)."""

    standing: Standing
    reason: str
    certificate: str


class Desk(Protocol):
    """Where a node that has no certificate yet applies for one. Every operation may raise `HubUnavailable`."""

    def keys(self) -> str:
        """The hub's grant keys, as a JWK Set."""
        ...

    def nonce(self) -> str:
        """A nonce for the attestation of one application."""
        ...

    def apply(self, application: Mapping[str, Any]) -> str:
        """Hand it in; the secret under which it is asked for. Raises `IdentityRefused` and `MessageFault`."""
        ...

    def verdict(self, secret: str) -> Verdict:
        """Where it stands. Raises `EnrolmentRefused` where there is none."""
        ...
