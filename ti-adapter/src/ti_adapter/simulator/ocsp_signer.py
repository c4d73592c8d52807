"""Who signs simulated OCSP answers: a signer under a component CA, as in the TI, and not under the CA of the cards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from ti_adapter.pki import TrustList
from ti_adapter.simulator.signer import ComponentCa, SignerShape

_RIGHT = SignerShape()


@dataclass(frozen=True, slots=True)
class OcspSigner:
    """Certificate and key of a responder, and the component CA above it."""

    authority: x509.Certificate
    certificate: x509.Certificate
    key: EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def generate(cls, now: datetime, shape: SignerShape = _RIGHT) -> Self:
        """Make everything anew; two signers look alike in all but their keys."""
        authority = ComponentCa.generate("GEM.KOMP-CA900", now)
        issued = authority.issue("GEM.OCSP-Signer900", ExtendedKeyUsageOID.OCSP_SIGNING, now, shape)
        return cls(authority.certificate, *issued)

    @property
    def pem(self) -> bytes:
        """The certificate as a part of a file for `TrustList.from_pem`."""
        return self.certificate.public_bytes(Encoding.PEM)

    def named_in(self, trust: TrustList) -> TrustList:
        """The trust list that names this signer for OCSP besides those that it named before."""
        return replace(trust, responders=(*trust.responders, self.certificate))
