"""By which route one node reaches another: directly where that is possible, through the hub's relay where it is not.

1. A node whose address is under `.invalid` (RFC 6761) has none that others could call: the relay is its only route.
2. Otherwise the direct route is tried first. Where it fails, and the relay does not, the relay is the pair's route.
3. That is remembered. `AGAIN` after the direct route was last tried in vain it is tried again.
4. While it is remembered, the direct route is still the second one: the relay may fail as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from linkexchange.model.identifiers import TelematikId

AGAIN = timedelta(minutes=10)
NOWHERE = ".invalid"


class Route(StrEnum):
    """How bytes travel between two nodes."""

    DIRECT = "direct"
    RELAY = "relay"


@dataclass(frozen=True, slots=True)
class Known:
    """What a node remembers of a peer: its route, since when, why not the other, and when the direct one was tried."""

    peer: TelematikId
    route: Route
    since: datetime
    reason: str
    tried: datetime


def order(address: str, known: Known | None, now: datetime) -> Sequence[Route]:
    """The routes to try, one after the other, to a node at this address (a URL)."""
    if (urlsplit(address).hostname or "").endswith(NOWHERE):
        return (Route.RELAY,)
    if known and known.route is Route.RELAY and now < known.tried + AGAIN:
        return (Route.RELAY, Route.DIRECT)
    return (Route.DIRECT, Route.RELAY)


def after(known: Known | None, taken: Known) -> Known:
    """What is remembered when a connection was made: a route that is the same as before has its old beginning."""
    if known is None or known.route is not taken.route:
        return taken
    return Known(taken.peer, taken.route, known.since, taken.reason or known.reason, taken.tried)
