"""Whom a hub of the tests trusts: a signed list with the CA of some cards, and a responder that knows them.

place = TrustedPlace.made(make_pki(clock()), clock, tmp_path)
place.responder.know(card.certificate)
AttestationVerifier(place.trust(), "https://hub")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from linkexchange.ti import Trust, TrustAccess
from ti_adapter.errors import OcspSilent, TslSilent
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.ocsp_responder import OcspResponder
from ti_adapter.simulator.ocsp_signer import OcspSigner
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.shape import Shape, SimulatedInstitution
from ti_adapter.simulator.tsl import ca_service, ocsp_service
from ti_adapter.simulator.tsl_publisher import TslPublisher

_DAY = timedelta(days=1)
_RIGHT = Shape()
_TSL_OCSP = "http://ocsp.example/tsl"


@dataclass
class TrustedPlace:
    """List and OCSP, without a line between: `is_silent` is a line that is down, the rest counts what went over it.

    `tsl_responder` answers for the signer of the lists, `responder` for cards.
    """

    pki: SimulatedPki
    publisher: TslPublisher
    responder: OcspResponder
    tsl_responder: OcspResponder
    clock: Callable[[], datetime]
    folder: Path
    is_silent: bool = False
    is_ocsp_silent: bool = False
    asked: int = 0
    questions: int = 0

    @classmethod
    def made(cls, pki: SimulatedPki, clock: Callable[[], datetime], folder: Path) -> Self:
        signer, since = OcspSigner.generate(clock()), clock() - _DAY
        services = (ca_service(pki.authority, since), ocsp_service(signer.certificate, since))
        publisher = TslPublisher.generate(services, clock, ocsp_url=_TSL_OCSP)
        (folder / "anchor.pem").write_bytes(publisher.anchor.public_bytes(Encoding.PEM))
        responder, of_signer = (OcspResponder(signer, ca, clock) for ca in (pki.authority, publisher.anchor))
        of_signer.know(publisher.signer)
        return cls(pki, publisher, responder, of_signer, clock, folder)

    def card(self, institution: SimulatedInstitution, shape: Shape = _RIGHT) -> SimulatedCard:
        """One that the responder knows."""
        card = self.pki.card(institution, shape)
        self.responder.know(card.certificate)
        return card

    def trust(self) -> Trust:
        """As a process has it that has just begun."""
        access = TrustAccess("http://tsl.example/", self.folder / "anchor.pem", self.folder / "tsl.xml")
        return Trust(access, self.clock, fetch=self._fetch, ask=self._ask)

    def announce(self, *more: x509.Certificate) -> None:
        """A newer list, with further CAs of cards."""
        since = self.clock() - _DAY
        authorities = (self.pki.authority, *more)
        signer = ocsp_service(self.responder.signer.certificate, since)
        self.publisher.publish((*(ca_service(one, since) for one in authorities), signer))

    def _fetch(self, _: str) -> bytes:
        self.asked += 1
        if self.is_silent:
            raise TslSilent("down")
        return self.publisher.document()

    def _ask(self, url: str, request: bytes) -> bytes:
        self.questions += 1
        if self.is_silent or self.is_ocsp_silent:
            raise OcspSilent("down")
        return (self.tsl_responder if url == _TSL_OCSP else self.responder).answer(request)
