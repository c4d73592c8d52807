"""gematik's own descriptions of the Konnektor as oracles: one schema of all its messages, and its WSDLs."""

from __future__ import annotations

from pathlib import Path

import schema_oracle
from lxml import etree
from shared_data import shared

from ti_adapter.konnektor.names import Service

WSDLS = {
    Service.EVENT: "EventService.wsdl",
    Service.CARD: "CardService_v8_1_2.wsdl",
    Service.CERTIFICATE: "CertificateService_v6_0_1.wsdl",
    Service.AUTH_SIGNATURE: "AuthSignatureService_v7_4_1.wsdl",
    Service.VSD: "vsds/VSDService.wsdl",
}
_SCHEMAS = {
    "http://ws.gematik.de/conn/EventService/v7.2": "EventService.xsd",
    "http://ws.gematik.de/conn/CardService/v8.1": "CardService_v8_1_3.xsd",
    "http://ws.gematik.de/conn/CertificateService/v6.0": "CertificateService_v6_0_2.xsd",
    "http://ws.gematik.de/conn/SignatureService/v7.4": "SignatureService.xsd",
    "http://ws.gematik.de/conn/ServiceDirectory/v3.1": "ServiceDirectory.xsd",
    "http://ws.gematik.de/conn/vsds/VSDService/v5.2": "vsds/VSDService.xsd",
    "http://ws.gematik.de/fa/vsdm/vsd/v5.2": "../fa/vsds/Schema_VSD.xsd",
    "http://ws.gematik.de/fa/vsdm/pnw/v1.0": "../fa/vsds/Pruefungsnachweis.xsd",
    "http://ws.gematik.de/tel/error/v2.0": "../tel/error/TelematikError.xsd",
}


def folder() -> Path:
    return shared("data", "gematik", "connector", "conn")


def wsdl(service: Service) -> Path:
    return folder() / WSDLS[service]


def errors(message: etree._Element) -> list[str]:
    """What gematik's schemas find wrong with a message."""
    alone = etree.fromstring(etree.tostring(message))
    return schema_oracle.errors(alone, folder(), _SCHEMAS)
