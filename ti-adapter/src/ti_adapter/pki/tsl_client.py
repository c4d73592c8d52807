"""Keeps the newest trust-service status list that was proven, and says whom to trust by it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509

from ti_adapter.errors import TslRefused
from ti_adapter.pki.trust_list import TrustList
from ti_adapter.pki.tsl import read_tsl
from ti_adapter.pki.tsl_list import NO_GRACE, StatusList
from ti_adapter.pki.tsl_reason import TslReason
from ti_adapter.pki.verification import POLICY_HCI_AUT


def _over_http(url: str) -> bytes:
    """The HTTP client takes longer to import than all else here, and who only verifies needs none."""
    from ti_adapter.pki.tsl_fetch import fetch_tsl

    return fetch_tsl(url)


class TslClient:
    """The trust list as a whole, for many threads.

    A list that is refused, or cannot be fetched, changes nothing: the known one is trusted until its own end, and
    nobody is trusted after that.

    A trust anchor that the known list has announced counts beside those that were set (TUC_PKI_013), and so does the
    one above the known list. They do not outlive the process: in time the administrator sets the new anchor too.
    """

    def __init__(
        self,
        url: str,
        anchors: tuple[x509.Certificate, ...],
        clock: Callable[[], datetime],
        *,
        fetch: Callable[[str], bytes] = _over_http,
    ) -> None:
        self._url = url
        self._anchors = anchors
        self._clock = clock
        self._fetch = fetch
        self._turn = threading.Lock()
        self.known: StatusList | None = None

    def renew(self) -> StatusList:
        """Fetch the list and take it; raises `TslSilent`, or `TslRefused` as `read_tsl` does. Meant for once a day."""
        return self.take(self._fetch(self._url))

    def take(self, document: bytes) -> StatusList:
        """Take a list that lies here already, such as the one kept from before a restart; raises `TslRefused`."""
        with self._turn:
            self.known = read_tsl(document, self._trusted_anchors(), self._clock(), known=self.known)
            return self.known

    def trust(self, *, policy: x509.ObjectIdentifier = POLICY_HCI_AUT, grace: timedelta = NO_GRACE) -> TrustList:
        """Whom to trust now, as `StatusList.trust`; raises `TslRefused`, step 9, also where no list is known."""
        known = self.known
        if known is None:
            raise TslRefused(9, TslReason.NONE_KNOWN)
        return known.trust(self._clock(), policy=policy, grace=grace)

    def _trusted_anchors(self) -> tuple[x509.Certificate, ...]:
        if self.known is None:
            return self._anchors
        announced = self.known.announced_anchor(self._clock())
        return (*self._anchors, self.known.anchor, *((announced,) if announced else ()))
