"""The PKI of the simulated TI: CAs of cards, components and TLS, OCSP responders for all of them, and the TSL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Self

from cryptography import x509

from ti_adapter.pki import CH_AUT, FD_AUT, FD_SIG, FD_TLS_S, HP_AUT, POLICY_HCI_AUT, ZD_TLS_S, TslService
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.line import Line
from ti_adapter.simulator.ocsp_responder import OcspResponder
from ti_adapter.simulator.ocsp_signer import OcspSigner
from ti_adapter.simulator.person import EGK, EGK_CA, HBA, HBA_CA, SimulatedPerson
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.shape import CardHolder, Shape, SimulatedInstitution, ocsp_access
from ti_adapter.simulator.tsl import ca_service, ocsp_service
from ti_adapter.simulator.tsl_publisher import TslPublisher
from ti_adapter.simulator.world.tls import TlsAuthority, TlsIdentity

CARDS: Final = "smcb"
HBAS: Final = "hba"
EGKS: Final = "egk"
COMPONENTS: Final = "komp"
TLS: Final = "tls"
TSL: Final = "tsl"
_CAS: Final = {CARDS: "GEM.SMCB-CA900", HBAS: HBA_CA, EGKS: EGK_CA, COMPONENTS: "GEM.KOMP-CA900"}
_TYPES: Final = {
    CARDS: (POLICY_HCI_AUT,),
    HBAS: (HP_AUT.policy,),
    EGKS: (CH_AUT.policy,),
    COMPONENTS: (FD_SIG.policy, FD_AUT.policy),
    TLS: (FD_TLS_S.policy, ZD_TLS_S.policy),
}
_CARD: Final = Shape()


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who vouches for whom. `pkis` and `responders` are by the last part of their OCSP address, one for each CA."""

    clock: Callable[[], datetime]
    ocsp_url: str
    pkis: Mapping[str, SimulatedPki]
    tls: TlsAuthority
    signer: OcspSigner
    responders: Mapping[str, OcspResponder]
    publisher: TslPublisher
    ocsp_line: Line = field(default_factory=Line)
    tsl_line: Line = field(default_factory=Line)

    @classmethod
    def generate(cls, ocsp_url: str, clock: Callable[[], datetime]) -> Self:
        """Make all of it anew; `ocsp_url` is where the responders will be."""
        now = clock()
        pkis = {name: SimulatedPki.generate(now, name=ca) for name, ca in _CAS.items()}
        tls, signer = TlsAuthority.generate("GEM.KOMP-CA901", now), OcspSigner.generate(now)
        issuers = {**{name: pki.authority for name, pki in pkis.items()}, TLS: tls.own.certificate}
        responders = {name: OcspResponder(signer, issuer, clock) for name, issuer in issuers.items()}
        publisher = TslPublisher.generate(
            _services(issuers, signer, ocsp_url, now), clock, ocsp_url=f"{ocsp_url}/{TSL}/"
        )
        responders[TSL] = OcspResponder(signer, publisher.anchor, clock)
        responders[TSL].know(publisher.signer)
        return cls(clock, ocsp_url, pkis, tls, signer, responders, publisher)

    @property
    def cards(self) -> SimulatedPki:
        """Of institutions."""
        return self.pkis[CARDS]

    @property
    def components(self) -> SimulatedPki:
        """Of the IDP and the record systems."""
        return self.pkis[COMPONENTS]

    def card(self, institution: SimulatedInstitution, shape: Shape = _CARD) -> SimulatedCard:
        """An SMC-B that the responder knows, and that says where to ask about it."""
        return self._issued(CARDS, institution, shape)

    def hba(self, person: SimulatedPerson) -> SimulatedCard:
        """The same for a professional card."""
        return self._issued(HBAS, person, HBA)

    def egk(self, person: SimulatedPerson) -> SimulatedCard:
        """The same for an insurance card."""
        return self._issued(EGKS, person, EGK)

    def server(self, name: str, host: str) -> TlsIdentity:
        """A TLS server that the responder knows."""
        server = self.tls.server(name, host)
        self.responders[TLS].know(server.certificate)
        return server

    def is_revoked(self, certificate: x509.Certificate) -> bool:
        """What the services of the TI find when they ask about a card."""
        return self.responders[CARDS].is_revoked(certificate)

    def _issued(self, name: str, holder: CardHolder, shape: Shape) -> SimulatedCard:
        now = replace(self.pkis[name], now=self.clock())
        card = now.card(holder, replace(shape, more=(*shape.more, (self._access(name), False))))
        self.responders[name].know(card.certificate)
        return card

    def _access(self, name: str) -> x509.AuthorityInformationAccess:
        return ocsp_access(f"{self.ocsp_url}/{name}/")


def _services(
    issuers: Mapping[str, x509.Certificate], signer: OcspSigner, ocsp_url: str, now: datetime
) -> tuple[TslService, ...]:
    own = replace(ocsp_service(signer.certificate, now), supply_points=(f"{ocsp_url}/",))
    listed = (
        ca_service(issuer, now, types=_TYPES[name], url=f"{ocsp_url}/{name}/") for name, issuer in issuers.items()
    )
    return (*listed, own)
