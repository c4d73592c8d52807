"""A node proves its institution once in half an hour: nonce → card signature → session, for any number of pulls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from linkexchange.errors import IdentityRefused
from linkexchange.ports import Answer, Card, Hub, Session

_MARGIN = timedelta(seconds=60)


class AttestedSessions:
    """The open session of this process. Each process has its own; losing it costs one card signature."""

    def __init__(self, hub: Hub, card: Card, *, audience: str, thumbprint: str, now: Callable[[], datetime]) -> None:
        self._hub = hub
        self._card = card
        self._audience = audience
        self._thumbprint = thumbprint
        self._now = now
        self._open: Session | None = None
        self._lock = threading.Lock()

    def use(self, call: Callable[[Session], Answer]) -> Answer:
        """Make one call to the hub inside the session; a session that the hub no longer knows is opened anew, once.

        Raises what the call raises, `CardUnavailable` when the card cannot sign, `IdentityRefused` when the hub does
        not believe it.
        """
        session = self._current(ended=None)
        try:
            return call(session)
        except IdentityRefused:
            pass
        return call(self._current(ended=session))

    def _current(self, *, ended: Session | None) -> Session:
        """The open session, unless it is the one that has ended; who comes second finds what the first has opened."""
        with self._lock:
            known = self._open
            if known is None or known == ended or self._now() >= known.expires - _MARGIN:
                nonce = self._hub.nonce()
                attestation = self._card.attest(audience=self._audience, nonce=nonce, thumbprint=self._thumbprint)
                self._open = known = self._hub.open_session(attestation)
            return known
