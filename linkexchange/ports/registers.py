"""The hub's rows, and the rows that name participants and PACS."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from linkexchange.model.access import Decision, Offer, RegisteredLink
from linkexchange.model.findings import Findings
from linkexchange.model.identifiers import (
    LinkId,
    SopInstanceUid,
    TelematikId,
)
from linkexchange.model.participant import Institution, Participant
from linkexchange.model.passport import Passport
from linkexchange.model.readiness import Walked
from linkexchange.ports.hub import Course, Receipt, Session


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that counts: who opened it, and when OCSP last called the card behind it good."""

    institution: Institution
    checked: datetime


class HubLedger(Protocol):
    """The hub's tables, as seen on behalf of one participant."""

    def issue_nonce(self, nonce: str, expires: datetime) -> None:
        """Remember a nonce by its digest."""
        ...

    def take_nonce(self, nonce: str, now: datetime) -> bool:
        """Use a nonce up; False when it is unknown here, too old or already used."""
        ...

    def open_session(self, session: Session, institution: Institution, thumbprint: str, *, checked: datetime) -> None:
        """Remember a session by the digest of its secret, and the card, which was good when it was `checked`."""
        ...

    def session(self, secret: str, thumbprint: str, now: datetime) -> OpenSession | None:
        """The session, if it is open and bound to this certificate."""
        ...

    def checked(self, certificate: bytes, now: datetime) -> None:
        """Note for all sessions of this card that it is good."""
        ...

    def end_sessions(self, certificate: bytes) -> int:
        """End all sessions that a card has opened; how many."""
        ...

    def granted_since(self, moment: datetime) -> Sequence[UUID]:
        """The transfers of this participant that a grant was given for since then."""
        ...

    def register(self, link: RegisteredLink, replaces: LinkId | None) -> None:
        """Put a link in, and mark the one that it replaces. Safe to repeat."""
        ...

    def link(self, link: LinkId) -> RegisteredLink | None:
        """Look a link of this participant up."""
        ...

    def withdraw(self, link: LinkId) -> bool:
        """Mark a link of this participant as cancelled; False when there is none."""
        ...

    def decide(self, decision: Decision, signed_request: str, facts: Mapping[str, Any]) -> UUID:
        """Keep a decision, granted or denied, with the request for which its signer is answerable; its number."""
        ...

    def add_offer(self, offer: Offer) -> bool:
        """Keep an offer to this participant; False where it is there already."""
        ...

    def waiting(self, sender: TelematikId) -> int:
        """How many offers of a sender this participant has not taken up."""
        ...

    def offer(self, offer: str, sender: TelematikId) -> Offer | None:
        """Look up a sender's offer to this participant."""
        ...

    def offers(self) -> Sequence[Offer]:
        """Offers to this participant that are not taken up, oldest first; no more than 1,000."""
        ...

    def sweep_offers(self, now: datetime) -> int:
        """Forget offers to this participant that count no more or are too old; how many."""
        ...

    def book(
        self, receipt: Mapping[str, str | int], proof: str, at: datetime, came: Collection[SopInstanceUid] = ()
    ) -> bool:
        """Keep a receipt; False when this transfer's receipt is already there. `came` are those whose bytes came."""
        ...

    def is_decided(self, transfer: UUID) -> bool:
        """Whether a request of this participant about this transfer was ever decided here."""
        ...

    def undecided_receipts(self, since: datetime) -> int:
        """How many receipts this participant has handed in since then about transfers that were not decided here."""
        ...

    def receipts(self, link: LinkId, origin: TelematikId) -> Sequence[Receipt]:
        """What this participant has handed in about a link of that origin."""
        ...

    def course(self, transfer: UUID) -> Course | None:
        """What is known of a transfer of this participant."""
        ...

    def sweep(self, now: datetime) -> int:
        """Forget nonces, sessions and offers that have ended; how many."""
        ...


class Directory(Protocol):
    """Participants, as rows that everyone may read."""

    def find(self, telematik_id: TelematikId) -> Participant | None:
        """Look one up."""
        ...

    def all(self) -> Sequence[Participant]:
        """All of them, by name."""
        ...

    def has_left(self, telematik_id: TelematikId) -> bool:
        """Whether it was here and is retired."""
        ...

    def put(self, participant: Participant) -> None:
        """Write or overwrite one; only on behalf of that participant. Whoever had left is back."""
        ...

    def retire(self, telematik_id: TelematikId) -> None:
        """Take one out; only on behalf of that participant. Nobody finds it any more."""
        ...


class PacsRegistry(Protocol):
    """The PACS of this participant."""

    def find(self, name: str) -> Passport:
        """Look one up. Raises `UnknownPacs`."""
        ...

    def source(self, name: str) -> Passport:
        """Look up where studies are fetched from: one of them, or the outbox. Raises `UnknownPacs`."""
        ...

    def all(self) -> Sequence[Passport]:
        """All of them, by name."""
        ...

    def put(self, passport: Passport) -> None:
        """Write or overwrite one."""
        ...


class Probes(Protocol):
    """What the last probe of each PACS found out."""

    def latest(self, pacs: str) -> tuple[Findings, datetime] | None:
        """The findings and when they were made; None where it was never probed."""
        ...

    def put(self, findings: Findings, at: datetime) -> None:
        """Keep them in the place of older ones."""
        ...


class Walks(Protocol):
    """What the last walk along the chain to the TI has found."""

    def latest(self) -> Walked | None:
        """The walk, and since when an alarm stands; None where the chain was never walked."""
        ...

    def put(self, walked: Walked) -> None:
        """Keep it in the place of an older one."""
        ...
