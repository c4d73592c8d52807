"""Namespaces and services of the Konnektor, and the versions of them that are spoken here.

A version is a namespace: messages of CardService 8.1 and 8.2 differ in nothing but that. Where two are offered the one
earlier in `SPOKEN` is taken; the table is a parameter of the client, since which namespace a later version will bear is
not certain (CardService v8.2 is known to exist, but its schema was not at hand).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
CONN = "http://ws.gematik.de/conn/ConnectorCommon/v5.0"
CCTX = "http://ws.gematik.de/conn/ConnectorContext/v2.0"
CARDCMN = "http://ws.gematik.de/conn/CardServiceCommon/v2.0"
CERTCMN = "http://ws.gematik.de/conn/CertificateServiceCommon/v2.0"
GERROR = "http://ws.gematik.de/tel/error/v2.0"
DSS = "urn:oasis:names:tc:dss:1.0:core:schema"
SERVICE_DIRECTORY = "http://ws.gematik.de/conn/ServiceDirectory/v3.1"
SERVICE_INFORMATION = "http://ws.gematik.de/conn/ServiceInformation/v2.0"
VSD = "http://ws.gematik.de/fa/vsdm/vsd/v5.2"
PRUEFUNGSNACHWEIS = "http://ws.gematik.de/fa/vsdm/pnw/v1.0"
PRODUCT_INFORMATION = "http://ws.gematik.de/int/version/ProductInformation/v1.1"

ECDSA_SIGNATURE = "urn:bsi:tr:03111:ecdsa"
"""SignatureType of ExternalAuthenticate for a key on an elliptic curve."""
DIGEST_MEDIA_TYPE = "application/octet-stream"


class Service(StrEnum):
    """Names in the service directory."""

    EVENT = "EventService"
    CARD = "CardService"
    CERTIFICATE = "CertificateService"
    AUTH_SIGNATURE = "AuthSignatureService"
    VSD = "VSDService"


@dataclass(frozen=True, slots=True)
class Dialect:
    """A version of a service: the last part of its namespaces, and the namespace of its messages.

    `actions` is what SOAPActions begin with, where that is not the namespace.
    """

    version: str
    namespace: str
    actions: str = ""

    def action(self, operation: str) -> str:
        """The SOAPAction of an operation."""
        return f"{self.actions or self.namespace}#{operation}"

    def name(self, local: str) -> str:
        """The full name of an element."""
        return f"{{{self.namespace}}}{local}"


Spoken = Mapping[Service, tuple[Dialect, ...]]


def _dialects(service: str, *versions: str) -> tuple[Dialect, ...]:
    return tuple(Dialect(version, f"http://ws.gematik.de/conn/{service}/{version}") for version in versions)


SPOKEN: Final[Spoken] = {
    Service.EVENT: _dialects("EventService", "v7.2"),
    Service.CARD: _dialects("CardService", "v8.1", "v8.2"),
    Service.CERTIFICATE: _dialects("CertificateService", "v6.0"),
    Service.AUTH_SIGNATURE: _dialects("SignatureService", "v7.4"),
    Service.VSD: (
        Dialect(
            "v5.2",
            "http://ws.gematik.de/conn/vsds/VSDService/v5.2",
            "http://ws.gematik.de/conn/vsds/VSDService/v6.0",
        ),
    ),
}
