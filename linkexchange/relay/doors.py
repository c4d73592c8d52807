"""How many may stand at the door: connections that have not yet said who they are, in all and from one address.

Whoever comes is let in, and where that is one too many the one that has stood there longest is sent away: a node needs
a few round trips, and who takes all the time that there is has something else in mind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

IN_ALL = 512
FROM_ONE_ADDRESS = 32


@dataclass(frozen=True, slots=True, eq=False)
class _Visitor:
    address: str
    send_away: Callable[[], None]


@dataclass(slots=True)
class Doors:
    """Who stands there, the longest first."""

    in_all: int = IN_ALL
    from_one_address: int = FROM_ONE_ADDRESS
    _standing: dict[_Visitor, None] = field(default_factory=dict)

    @contextmanager
    def standing(self, address: str, send_away: Callable[[], None]) -> Iterator[None]:
        """Stand at the door as long as the block lasts, or until `send_away` is called."""
        self._make_room(address)
        visitor = _Visitor(address, send_away)
        self._standing[visitor] = None
        try:
            yield
        finally:
            self._standing.pop(visitor, None)

    def _make_room(self, address: str) -> None:
        neighbours = [visitor for visitor in self._standing if visitor.address == address]
        if len(neighbours) >= self.from_one_address:
            self._send_away(neighbours[0])
        elif len(self._standing) >= self.in_all:
            self._send_away(next(iter(self._standing)))

    def _send_away(self, visitor: _Visitor) -> None:
        del self._standing[visitor]
        visitor.send_away()
