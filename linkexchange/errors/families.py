"""The three families of what can go wrong, and whose it is."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Owner(StrEnum):
    """Who has to act."""

    OWN_PACS = "own PACS administrator"
    OWN_NODE = "own node administrator"
    KONNEKTOR = "own Konnektor administrator"
    INSTITUTION = "own institution"
    ORIGIN = "origin"
    REQUESTER = "requester"
    HUB = "hub"
    RECORD = "record system"
    TI = "operator of the TI"
    NETWORK = "network"


class Fault(Exception):
    """The one base, so that a caller can report any of the three families alike."""

    code: ClassVar[str] = ""
    owner: ClassVar[Owner]
    next_step: ClassVar[str]

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def cause(self) -> str:
        """The sentence for people: first line of the docstring, and the detail where there is one."""
        sentence = (type(self).__doc__ or "").strip().splitlines()[0]
        return f"{sentence} ({self.detail})" if self.detail else sentence

    def __str__(self) -> str:
        return f"{self.cause} Owner: {self.owner}. Next: {self.next_step}"


class Refused(Fault):
    """The rules say no."""

    owner = Owner.REQUESTER
    next_step = "Read the reason; asking again changes nothing."


class Unavailable(Fault):
    """It does not work now and may work later.

    `after_seconds` says that nothing has failed, and when it is to be asked for again: the queue counts no attempt.
    """

    owner = Owner.NETWORK
    next_step = "Wait: it is tried again by itself."

    def __init__(self, detail: str = "", *, after_seconds: float | None = None) -> None:
        super().__init__(detail)
        self.after_seconds = after_seconds


class PeerFault(Fault):
    """The other side sent something wrong."""

    owner = Owner.ORIGIN
    next_step = "Report the code and the trace id to the other side."
