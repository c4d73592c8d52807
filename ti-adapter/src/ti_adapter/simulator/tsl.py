"""Simulated trust-service status lists, signed as gematik signs hers: XAdES, enveloped, over the whole list.

signer = TslSigner.generate(now)
document = signer.issue((ca_service(pki.authority, now), ocsp_service(responder.certificate, now)), now)
read_tsl(document, (signer.anchor,), now)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.pki.tsl_list import CA, IN_ACCORD, OCSP, TslService
from ti_adapter.pki.tsl_signer import TSL_SIGNING
from ti_adapter.pki.verification import POLICY_HCI_AUT
from ti_adapter.simulator.signer import ComponentCa, SignerShape
from ti_adapter.simulator.tsl_document import RIGHT, TslShape, unsigned_list
from ti_adapter.simulator.tsl_signing import sign_enveloped

_RIGHT_SIGNER = SignerShape()


def ca_service(
    certificate: x509.Certificate,
    since: datetime,
    *,
    types: Iterable[x509.ObjectIdentifier] = (POLICY_HCI_AUT,),
    url: str = "http://ocsp.example/smcb",
) -> TslService:
    """A CA in accord that may issue these certificate types."""
    return TslService(CA, IN_ACCORD, since, certificate, (url,), frozenset(one.dotted_string for one in types))


def ocsp_service(certificate: x509.Certificate, since: datetime) -> TslService:
    """An OCSP signer in accord."""
    return TslService(OCSP, IN_ACCORD, since, certificate, ("http://ocsp.example/",), frozenset())


@dataclass(frozen=True, slots=True)
class TslSigner:
    """Certificate and key of whoever signs the list, and the TSL-CA above, which is the trust anchor."""

    anchor: x509.Certificate
    certificate: x509.Certificate
    key: EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def generate(cls, now: datetime, shape: SignerShape = _RIGHT_SIGNER, *, ca: ComponentCa | None = None) -> Self:
        """Make a signer, under a TSL-CA of its own where none is given."""
        ca = ca or ComponentCa.generate("GEM.TSL-CA900", now)
        return cls(ca.certificate, *ca.issue("TSL Signing Unit 900", TSL_SIGNING, now, shape))

    def issue(self, services: Iterable[TslService], now: datetime, shape: TslShape = RIGHT) -> bytes:
        """A signed list of these services."""
        return self.sign(unsigned_list(services, now, shape), now)

    def sign(self, root: etree._Element, now: datetime, *, part: etree._Element | None = None) -> bytes:
        """Sign a whole document, or one part of it."""
        sign_enveloped(root, self.certificate, self.key, now, part=part)
        document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
        return document
