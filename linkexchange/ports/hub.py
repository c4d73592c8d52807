"""The hub as a node sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from linkexchange.model.access import Offer, RegisteredLink
from linkexchange.model.identifiers import (
    LinkId,
    TelematikId,
)
from linkexchange.model.participant import Participant
from linkexchange.model.switch import Switch
from linkexchange.model.transfer import State
from linkexchange.secret import Secret
from linkexchange.signing import PublicKeys

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Session:
    """An open session at the resolver: `secret` names it, for at most 30 minutes, from this node only."""

    secret: Secret
    expires: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a transfer under a link of this participant has ended, as its receiver says.

    The hub has checked the signature of the `proof` before it booked it. This participant cannot: it does not know the
    receiver's key.
    """

    outcome: State
    proof: str


@dataclass(frozen=True, slots=True)
class Course:
    """What the hub knows of a transfer: its last decision (`reason` empty: granted), and its end as the receipt says.

    Until then `outcome` is None, and nothing is counted.
    """

    transfer: UUID
    requester: TelematikId
    origin: TelematikId
    link: LinkId
    decided: datetime
    reason: str
    outcome: State | None = None
    stored: int = 0
    expected: int = 0


class Sessions(Protocol):
    """The open session of this process."""

    def use(self, call: Callable[[Session], Answer]) -> Answer:
        """Make one call to the hub inside a session, opening one where there is none.

        Raises what the call raises, `CardUnavailable`, or `IdentityRefused` when the hub does not believe the card.
        """
        ...


class Hub(Protocol):
    """The hub as a node sees it: over HTTPS, or the resolver mounted in the same process.

    Every operation may raise `HubUnavailable`; those that take a session raise `IdentityRefused` where it has ended.
    """

    def nonce(self) -> str:
        """A nonce for one attestation."""
        ...

    def open_session(self, attestation: str) -> Session:
        """Prove the institution. Raises `IdentityRefused`."""
        ...

    def grant(self, session: Session, request: str) -> str:
        """Ask for a grant with a signed request. Raises `Denied`, whose detail is the reason."""
        ...

    def register(self, session: Session, link: RegisteredLink, *, replaces: LinkId | None = None) -> None:
        """Put a link of this participant into the ledger. Safe to repeat."""
        ...

    def withdraw(self, session: Session, link: LinkId) -> None:
        """Withdraw a link of this participant at once. Safe to repeat."""
        ...

    def participant(self, telematik_id: TelematikId) -> Participant:
        """Look an institution up. Raises `UnknownParticipant`."""
        ...

    def participants(self) -> Sequence[Participant]:
        """The whole directory."""
        ...

    def offer(self, session: Session, offer: Offer) -> None:
        """Make an offer to another participant. Safe to repeat. Raises `UnknownParticipant`."""
        ...

    def offers(self) -> Sequence[Offer]:
        """Offers to this participant that it has not taken up."""
        ...

    def switch(self, session: Session, *, pulls: bool, basis: str) -> None:
        """Let others pull from this participant, or not. Safe to repeat."""
        ...

    def switches(self) -> Sequence[Switch]:
        """How this participant and the hub's operator have left its switch."""
        ...

    def receipts(self, link: LinkId, requester: TelematikId) -> Sequence[Receipt]:
        """What this requester has handed in about a link of this participant; empty until then."""
        ...

    def receipt(self, proof: str) -> None:
        """Hand in a signed proof. Safe to repeat. Marks the offer, where there was one, as taken."""
        ...

    def dispatch(self, report: str) -> None:
        """Hand in a signed account of what has left this participant. Safe to repeat."""
        ...


class ResolverNews(Protocol):
    """What a resolver tells a node that asks, signed. Both raise `HubUnavailable`."""

    def revocations(self, after: int, wait_seconds: float) -> str:
        """What was revoked after a number; the answer may wait so long for something new."""
        ...

    def keys(self) -> Sequence[str]:
        """The resolver's key set, signed by each of its keys."""
        ...


@dataclass(frozen=True, slots=True)
class ResolverAccess:
    """A resolver at which a node asks for grants: the hub's, or one that a partner has mounted for its own links.

    `audience` is its address, which attestations and requests name; `keys` are those with which it signs.
    """

    audience: str
    hub: Hub
    sessions: Sessions
    keys: PublicKeys
