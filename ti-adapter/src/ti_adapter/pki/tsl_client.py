"""Keeps the newest trust-service status list that was proven, and says whom to trust by it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509

from ti_adapter.errors import CertificateRevoked, OcspRefused, OcspSilent, TslRefused
from ti_adapter.pki.ocsp_client import OcspClient
from ti_adapter.pki.ocsp_question import Question
from ti_adapter.pki.trust_list import TrustList
from ti_adapter.pki.tsl import read_tsl
from ti_adapter.pki.tsl_list import NO_GRACE, StatusList
from ti_adapter.pki.tsl_reason import TslReason
from ti_adapter.pki.verification import POLICY_HCI_AUT

CheckSigner = Callable[[Question, TrustList], object]
"""Proves by OCSP that the signer of a list is not revoked, and raises what `OcspClient.check` does."""


def _over_http(url: str) -> bytes:
    """The HTTP client takes longer to import than all else here, and who only verifies needs none."""
    from ti_adapter.pki.tsl_fetch import fetch_tsl

    return fetch_tsl(url)


class TslClient:
    """The trust list as a whole, for many threads.

    A list that is refused, or cannot be fetched, changes nothing: the known one is trusted until its own end, and
    nobody is trusted after that.

    Step 11, after those of `read_tsl`: the signer of a new list is not revoked (TUC_PKI_006), say the OCSP signers of
    the known list at the address in the signer's certificate; `check_signer` asks. A first list has nobody before it
    and is taken; of the known list, byte for byte, nobody asks again. Where the known list has ended, only a
    revocation counts: a silent responder would else end all trust for good.

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
        check_signer: CheckSigner | None = None,
    ) -> None:
        """`check_signer` is `OcspClient.check`, over HTTP where none is given."""
        self._url = url
        self._anchors = anchors
        self._clock = clock
        self._fetch = fetch
        self._check_signer = check_signer or OcspClient(clock).check
        self._turn = threading.Lock()
        self.known: StatusList | None = None

    def renew(self) -> StatusList:
        """Fetch the list and take it; raises `TslSilent`, and as `take` does. Meant for once a day."""
        return self.take(self._fetch(self._url))

    def take(self, document: bytes) -> StatusList:
        """Take a list that lies here already, such as the one kept from before a restart.

        Raises `TslRefused` as `read_tsl` does and with step 11, and `OcspSilent` where nobody says anything of its
        signer.
        """
        with self._turn:
            now = self._clock()
            listed = read_tsl(document, self._trusted_anchors(), now, known=self.known)
            if self.known is not None and self.known.digest != listed.digest:
                self._check_not_revoked(listed, self.known, now)
            self.known = listed
            return listed

    def trust(self, *, policy: x509.ObjectIdentifier = POLICY_HCI_AUT, grace: timedelta = NO_GRACE) -> TrustList:
        """Whom to trust now, as `StatusList.trust`; raises `TslRefused`, step 9, also where no list is known."""
        known = self.known
        if known is None:
            raise TslRefused(9, TslReason.NONE_KNOWN)
        return known.trust(self._clock(), policy=policy, grace=grace)

    def _check_not_revoked(self, listed: StatusList, known: StatusList, now: datetime) -> None:
        try:
            self._check_signer(listed.about_signer(), known.signer_trust(now))
        except CertificateRevoked as revoked:
            raise TslRefused(11, TslReason.SIGNER_REVOKED) from revoked
        except OcspRefused as refused:
            if now <= known.next_update:
                raise TslRefused(11, TslReason.SIGNER_NOT_PROVEN) from refused
        except OcspSilent:
            if now <= known.next_update:
                raise

    def _trusted_anchors(self) -> tuple[x509.Certificate, ...]:
        if self.known is None:
            return self._anchors
        announced = self.known.announced_anchor(self._clock())
        return (*self._anchors, self.known.anchor, *((announced,) if announced else ()))
