"""Who is at which PACS of this participant, and who waits to be: known to all processes of its node."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from linkexchange.model.transfer import Purpose
from linkexchange.model.turn import Place, Standing


class Turns(Protocol):
    """The lines before the PACS, and those who are in, by the rules of `model.turn`.

    Whoever is in and whose process dies is out at once. Whoever waits and asks no more is forgotten after a while.
    """

    def enter(self, place: Place, transfer: UUID, purpose: Purpose) -> Standing:
        """Stand in line, or go in where it is one's turn; then there is a place in what comes back.

        To be asked again and again while one waits. A transfer that comes back in time has its old place in line.
        """
        ...

    def allot(self, place: Place, number: int, used: int) -> int:
        """How many places one that is in may use from now on, where it uses so many."""
        ...

    def step_back(self, number: int) -> None:
        """Go out and wait again, with the old place in line, and without holding up anybody until one is back."""
        ...

    def leave(self, number: int) -> None:
        """Go out, or away from the line. Safe to repeat."""
        ...
