"""A simulated TSL for tests: the lists that gematik would sign, with the CA of the cards and the OCSP signer on them.

SCENE = TslScene.made(NOW)
read_tsl(SCENE.listing.issued(), SCENE.anchors, NOW).trust(NOW)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from cryptography import x509
from simulated_ocsp import Scene

from ti_adapter.simulator.signer import ComponentCa
from ti_adapter.simulator.tsl import TslSigner, ca_service, ocsp_service
from ti_adapter.simulator.tsl_broken import Listing


@dataclass(frozen=True)
class TslScene:
    """The scene of the OCSP tests, and what a list about it is made from."""

    scene: Scene
    listing: Listing

    @classmethod
    def made(cls, now: datetime) -> Self:
        scene, ca, since = Scene.made(now), ComponentCa.generate("GEM.TSL-CA900", now), now - timedelta(days=1)
        services = (ca_service(scene.pki.authority, since), ocsp_service(scene.signer.certificate, since))
        return cls(scene, Listing(services, ca, TslSigner.generate(now, ca=ca), now))

    @property
    def anchors(self) -> tuple[x509.Certificate, ...]:
        return (self.listing.ca.certificate,)
