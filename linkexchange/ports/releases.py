"""Requests for a release: the rows at both ends, and the desk of an origin at which they are handed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from linkexchange.model.identifiers import Kvnr, LinkId, TelematikId
from linkexchange.model.index import Known
from linkexchange.model.letting import LettingRule
from linkexchange.model.released import Answered, Asked, Heard
from linkexchange.model.review import Review


class ReleaseDesk(Protocol):
    """An origin's node, as whoever wants a release sees it."""

    def hand_in(self, signed: str) -> None:
        """Hand in a signed request. Safe to repeat.

        Raises `OriginUnavailable`, `RequestsFull`, or `MessageFault` where the origin does not take it.
        """
        ...

    def answer(self, request: UUID) -> Answered:
        """What has become of an own request. Raises `OriginUnavailable`, or `UnknownRequest`."""
        ...


class Requests(Protocol):
    """The requests of others to this participant, and the rules that answer some."""

    def hear(self, heard: Heard, signed: str) -> bool:
        """Keep a new one; False where one with this number is there, which is left as it is."""
        ...

    def get(self, request: UUID) -> Heard:
        """Read one, and lock it until the end of the transaction. Raises `UnknownRequest`."""
        ...

    def find(self, request: UUID, requester: TelematikId) -> Heard | None:
        """Read one of this requester's own."""
        ...

    def of_link(self, link: LinkId) -> Heard | None:
        """The one that a link was made for."""
        ...

    def open_of(self, requester: TelematikId) -> int:
        """How many of a requester are open."""
        ...

    def decide(self, decided: Heard) -> None:
        """Write down what has become of one, or why it stays open."""
        ...

    def review(self, request: UUID, review: Review) -> None:
        """Add a review."""
        ...

    def recent(self, limit: int = 100) -> Sequence[Heard]:
        """For pages: what is open and what awaits a review, emergencies first, then the newest of the others."""
        ...

    def forget(self, before: datetime) -> int:
        """Remove what was heard before then, with its reviews; how many requests."""
        ...

    def rules(self) -> Sequence[LettingRule]:
        """The rules, in their order."""
        ...

    def replace_rules(self, rules: Sequence[LettingRule]) -> None:
        """Put these in the place of all that were there."""
        ...

    def known(self, kvnr: Kvnr | None, birth_date: date | None) -> Sequence[Known]:
        """Local patients that were not merged: those with this KVNR, or without one those with this birth date."""
        ...


class OwnRequests(Protocol):
    """The requests of this participant to others."""

    def add(self, asked: Asked) -> None:
        """Keep a new one."""
        ...

    def get(self, request: UUID) -> Asked:
        """Read one, and lock it until the end of the transaction. Raises `UnknownRequest`."""
        ...

    def find(self, number: str) -> Asked | None:
        """The one with this number, if there is one; anything may stand there."""
        ...

    def change(self, asked: Asked) -> None:
        """Write down where it stands."""
        ...

    def due(self, at: datetime) -> Sequence[Asked]:
        """Those to be sent or asked about now."""
        ...

    def forget(self, before: datetime) -> int:
        """Remove what was signed before then; how many."""
        ...

    def recent(self, limit: int = 50) -> Sequence[Asked]:
        """The newest, for pages."""
        ...
