"""Chooses the route to a peer by what this node remembers, and remembers what came of it.

choice = Routing(store, me, now).to(participant)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from linkexchange.model import route as rules
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Participant
from linkexchange.model.route import Known, Route
from linkexchange.ports import Store


@dataclass(frozen=True, slots=True)
class Routing:
    """The routes of one node."""

    store: Store
    me: TelematikId
    now: Callable[[], datetime]

    def to(self, peer: Participant) -> Pair:
        """The choice of a route to one participant's node."""
        return Pair(self, peer)


@dataclass(slots=True)
class Pair:
    """`ports.Choice` between this node and one peer. A change of the route is audited, not each use of it."""

    routing: Routing
    peer: Participant
    _known: Known | None = field(default=None)

    def order(self) -> Sequence[Route]:
        """By the rules of `model.route`."""
        with self.routing.store.work(self.routing.me) as work:
            self._known = work.routes.find(self.peer.telematik_id)
        return rules.order(self.peer.node_url, self._known, self.routing.now())

    def took(self, route: Route, reason: str) -> None:
        """Write it down where it is news: another route, or the direct one tried in vain once more."""
        known = self._known
        if known and known.route is route and not reason:
            return
        now, peer = self.routing.now(), self.peer.telematik_id
        newest = rules.after(known, Known(peer, route, now, reason, now))
        with self.routing.store.work(self.routing.me) as work:
            work.routes.put(newest)
            if known is None or known.route is not route:
                work.audit(Action.ROUTE_CHANGED, peer=peer, route=route.value, reason=reason)
                work.emit(Action.ROUTE_CHANGED.value, peer=peer, route=route.value, reason=reason)
        self._known = newest
