"""By which route the nodes of other participants are reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.route import Known, Route


class Routes(Protocol):
    """What this node remembers, for all of its processes."""

    def find(self, peer: TelematikId) -> Known | None:
        """The route to a peer; None where none was ever taken."""
        ...

    def put(self, known: Known) -> None:
        """Write or overwrite one."""
        ...


class Choice(Protocol):
    """The choice of a route to one peer."""

    def order(self) -> Sequence[Route]:
        """The routes to try, one after the other."""
        ...

    def took(self, route: Route, reason: str) -> None:
        """Remember which one was taken; `reason` says why those before it were not."""
        ...
