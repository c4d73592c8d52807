"""A wire to another participant's node by whichever route leads there: directly, or through the relay.

Whatever the route, the node's own TLS is on it from end to end, and its certificate must name its host and its
participant: a route can be wrong, or slow, or cut, and no more than that.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from linkexchange.dicomweb.secured import Secured
from linkexchange.dicomweb.wire import Wire, reason
from linkexchange.errors import Fault, IdentityRefused, RelayUnavailable, Revoked
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.route import Route
from linkexchange.ports import Choice
from linkexchange.tls import participant_uri

DIRECT_SECONDS = 3.0
"""For a TCP connection, and for the handshake over it, where there is another route."""

Call = Callable[[TelematikId, Callable[[socket.socket], socket.socket]], socket.socket]
"""A stream through the relay; each socket on the way is handed to the second argument first.

Raises OSError where the origin is not there, `RelayUnavailable` where the relay is to blame.
"""


@dataclass(frozen=True, slots=True)
class Routes:
    """Who is to be reached, by which routes, and how the relay is asked."""

    peer: TelematikId
    choice: Choice
    call: Call


def _word(wrong: Exception) -> str:
    if isinstance(wrong, Revoked):
        return "revoked certificate"
    return wrong.detail if isinstance(wrong, Fault) else reason(wrong)


def _told(failed: Mapping[Route, Exception]) -> str:
    words = (f"{route}: {_word(wrong)}" for route, wrong in failed.items())
    return "; ".join(words)


class WrongParticipant(OSError):
    """The certificate is not that of the participant who was wanted."""


class RoutedWire(Wire):
    """`Wire` that takes the first route on which the peer's certificate is proven."""

    def __init__(
        self,
        url: str,
        routes: Routes,
        *,
        context: ssl.SSLContext,
        idle_seconds: float,
        vet: Callable[[bytes], None] | None = None,
    ) -> None:
        super().__init__(url, context=context, idle_seconds=idle_seconds, vet=vet)
        self._routes = routes

    def connect(self) -> None:
        """Open it. Raises OSError, or `RelayUnavailable` where it is the relay's matter; both say what failed where.

        A certificate that is revoked is as bad as none, and `Revoked` where no other one was found.
        """
        failed: dict[Route, Exception] = {}
        for route in self._routes.choice.order():
            try:
                self._open(route)
            except (OSError, RelayUnavailable, Revoked) as wrong:
                self._drop()
                failed[route] = wrong
                if self.is_stopped:
                    break
            else:
                self._routes.choice.took(route, _told(failed))
                return
        if revoked := next((it for it in failed.values() if isinstance(it, Revoked)), None):
            raise revoked
        if isinstance(failed.get(Route.RELAY), RelayUnavailable):
            raise RelayUnavailable(_told(failed))
        raise OSError(errno.EHOSTUNREACH, _told(failed))

    def _open(self, route: Route) -> None:
        if route is Route.RELAY:
            plain = self._routes.call(self._routes.peer, self._watch)
        else:
            plain = self._connected(DIRECT_SECONDS)
        plain.settimeout(DIRECT_SECONDS if route is Route.DIRECT else self.timeout)
        self._use(plain)
        self._check()
        self.patience(self.timeout or 0.0)

    def _drop(self) -> None:
        """The socket alone: to close the whole of it would forget the request for which it is opened."""
        sock, self.sock = self.sock, None
        if sock:
            sock.close()

    def _check(self) -> None:
        certificate = self.sock.peer_certificate() if isinstance(self.sock, Secured) else b""
        try:
            named = participant_uri(certificate, TelematikId.urn)
        except IdentityRefused as wrong:
            raise WrongParticipant(0, wrong.detail) from wrong
        if named != self._routes.peer.uri:
            raise WrongParticipant(0, "certificate of another participant")
        super()._check()
