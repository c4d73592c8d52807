"""Whom one may believe in the TI: the trust-service status list of the day, and OCSP."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from cryptography import x509

from linkexchange.files import write_whole
from linkexchange.ti.access import TrustAccess
from linkexchange.ti.faults import of_setting
from ti_adapter.errors import ProofFailed, ServiceSilent, TslRefused
from ti_adapter.idp.keys import ROLE_IDPD
from ti_adapter.pki import (
    FD_AUT,
    FD_SIG,
    HCI_AUT,
    OcspClient,
    ProvenCertificate,
    ProvenService,
    Question,
    StatusList,
    TrustList,
    TslClient,
    TslReason,
    verify_institution,
    verify_service,
)
from ti_adapter.vau import VauTrust

RENEWED_AFTER = timedelta(hours=24)
ASKED_AGAIN_AFTER = timedelta(minutes=1)
"""A place that has not given a list is left alone for so long."""
NO_GRACE = timedelta(0)
SERVICE_GRACE = timedelta(hours=1)
"""How old the OCSP answer about a central service may be; about an institution it is always asked anew."""

_log = structlog.get_logger(__name__)


def _fetched(url: str) -> bytes:
    """Over HTTP, whose client takes long to import."""
    from ti_adapter.pki.tsl_fetch import fetch_tsl

    return fetch_tsl(url)


def _asked(url: str, request: bytes) -> bytes:
    from ti_adapter.pki.ocsp_fetch import fetch_answer

    return fetch_answer(url, request)


class Trust:
    """The trust list and OCSP, for all threads of a process. Nothing is fetched before it is needed.

    Where the list cannot be renewed, the known one serves until its own end. One that was kept from before a restart
    is proven like any other.

    A newer list is taken once the OCSP signers of the known one say that its signer is not revoked; where nobody says
    so, it counts as not renewed. A first list has nobody before it and is taken, so its anchor and signature are all
    that is proven; after one that has ended, also one kept on disk, a newer one is refused for a revocation alone.
    """

    def __init__(
        self,
        access: TrustAccess,
        clock: Callable[[], datetime],
        *,
        fetch: Callable[[str], bytes] = _fetched,
        ask: Callable[[str, bytes], bytes] = _asked,
    ) -> None:
        with of_setting("tsl_anchor"):
            anchors = tuple(x509.load_pem_x509_certificates(access.anchors.read_bytes()))
        self._access, self._clock, self._fetch = access, clock, fetch
        self._ocsp = OcspClient(clock, responder_url=access.ocsp_url or None, ask=ask)
        self._tsl = TslClient(access.tsl_url, anchors, clock, check_signer=self._ocsp.check)
        self._turn = threading.Lock()
        self._renewed: datetime | None = None
        self._asked: datetime | None = None

    def listed(self, policy: x509.ObjectIdentifier = HCI_AUT.policy) -> TrustList:
        """Whom to trust for certificates of a type. Raises `TslSilent` and `TslRefused`."""
        return self.status_list().trust(self._clock(), policy=policy)

    def status_list(self) -> StatusList:
        """The newest list that was proven. Raises `TslSilent` and `TslRefused` where there is none."""
        # While one thread renews the list, the others go on with the known one.
        if self._is_due() and self._turn.acquire(blocking=self._tsl.known is None):
            try:
                self._renew()
            finally:
                self._turn.release()
        known = self._tsl.known
        if known is None:
            raise TslRefused(9, TslReason.NONE_KNOWN)
        return known

    @property
    def known(self) -> StatusList | None:
        """The newest list that was proven in this process, ended or not."""
        return self._tsl.known

    def renew(self) -> StatusList:
        """Fetch the list now, however new the known one is, which stays where this fails.

        Raises `TslSilent` and `TslRefused`, and `OcspSilent` where nobody says anything of its signer.
        """
        with self._turn:
            if self._tsl.known is None:
                self._take_kept()
            return self._take_newest()

    def institution(self, certificate: x509.Certificate) -> ProvenCertificate:
        """Prove the certificate of an institution's card, now and not revoked.

        Raises `CertificateRefused`, `OcspRefused`, `OcspSilent`, and what `listed` raises.
        """
        listed = self.listed()
        proven = verify_institution(certificate, listed, self._clock())
        self.check_not_revoked(proven, listed, NO_GRACE)
        return proven

    def idp(self, certificate: x509.Certificate, now: datetime) -> ProvenService:
        """Prove a signer of the IDP. Raises as `institution` does."""
        listed = self.listed(FD_SIG.policy)
        proven = verify_service(certificate, listed, now, profile=FD_SIG, role=ROLE_IDPD)
        self.check_not_revoked(proven, listed, SERVICE_GRACE)
        return proven

    def vau(self) -> VauTrust:
        """Whom to believe in a handshake; a VAU brings its OCSP answer along."""
        return VauTrust(self.listed(FD_AUT.policy))

    def check_not_revoked(self, proven: ProvenCertificate | ProvenService, listed: TrustList, grace: timedelta) -> None:
        """Ask the responder that the list names for the CA, or the certificate itself."""
        address = self.status_list().ocsp_url(proven.issuer)
        self._ocsp.check(Question.about(proven, address), listed, grace=grace)

    def _is_due(self) -> bool:
        now = self._clock()
        is_old = self._renewed is None or now - self._renewed >= RENEWED_AFTER
        return is_old and (self._asked is None or now - self._asked >= ASKED_AGAIN_AFTER)

    def _renew(self) -> None:
        if self._tsl.known is None:
            self._take_kept()
        if not self._is_due():
            return
        try:
            self._take_newest()
        except (ServiceSilent, TslRefused) as failed:
            if self._tsl.known is None:
                raise
            _log.warning("trust list not renewed: the known one serves until its end", error=str(failed))

    def _take_newest(self) -> StatusList:
        self._asked = self._clock()
        document = self._fetch(self._access.tsl_url)
        taken = self._tsl.take(document)
        self._renewed = self._clock()
        self._keep(document)
        return taken

    def _take_kept(self) -> None:
        with suppress(OSError, ProofFailed):
            self._tsl.take(self._access.kept.read_bytes())

    def _keep(self, document: bytes) -> None:
        place = self._access.kept
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, document)
        except OSError as full:
            _log.warning("trust list not kept", error=type(full).__name__)
