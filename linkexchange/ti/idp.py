"""The IDP at which the institution logs in for a record system."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from linkexchange.ti.faults import of_idp
from ti_adapter.attestation import Card
from ti_adapter.errors import ProofFailed
from ti_adapter.idp import Idp, IdpClient


class IdpLogin:
    """Gives authorization codes. What the IDP publishes is proven once, and again when it has ended or does not fit."""

    def __init__(self, client: IdpClient, card: Card, clock: Callable[[], datetime]) -> None:
        self._client, self._card, self._clock = client, card, clock
        self._turn = threading.Lock()
        self._known: Idp | None = None

    def __call__(self, address: str) -> str:
        """The code for the authorization request at an address; one signature. Raises what `IdpClient` raises."""
        known = self._known
        if known and self._clock() < known.document.expires:
            try:
                return self._client.authorize(address, self._card, known).code
            except ProofFailed:
                # Its keys may have changed.
                self._known = None
        return self._client.authorize(address, self._card, self.discover()).code

    def discover(self) -> Idp:
        """Fetch and prove what the IDP publishes. Raises `TiUnavailable` where its certificates are not proven."""
        with self._turn, of_idp():
            self._known = known = self._client.discover()
            return known
