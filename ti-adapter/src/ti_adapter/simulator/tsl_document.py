"""The XML of simulated trust-service status lists (ETSI TS 102 231, version 3), before anybody signs it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.pki.tsl_list import TslService

_TSL = "http://uri.etsi.org/02231/v2#"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class TslShape:
    """How a list looks; times count from its moment.

    `texts` overrides the text of elements of the scheme by their name, and None leaves one out.
    """

    sequence: int = 1
    identifier: str | None = None
    issued: timedelta = timedelta(0)
    lasts: timedelta = timedelta(days=30)
    texts: Mapping[str, str | None] = field(default_factory=dict)


RIGHT = TslShape()


def unsigned_list(services: Iterable[TslService], now: datetime, shape: TslShape = RIGHT) -> etree._Element:
    """The list without its signature."""
    issued = now + shape.issued
    identifier = shape.identifier or f"ID{shape.sequence:05}{issued:%Y%m%d%H%M%S}Z"
    root = etree.Element(f"{{{_TSL}}}TrustServiceStatusList", nsmap={None: _TSL})
    root.attrib.update({"Id": identifier, "TSLTag": "http://uri.etsi.org/02231/TSLTag"})
    _scheme(_below(root, "SchemeInformation"), issued, shape)
    provider = _below(root, "TrustServiceProviderList", "TrustServiceProvider")
    _provider(_below(provider, "TSPInformation"))
    listed = _below(provider, "TSPServices")
    for service in services:
        _service(_below(listed, "TSPService", "ServiceInformation"), service)
    return root


def _scheme(scheme: etree._Element, issued: datetime, shape: TslShape) -> None:
    _put(scheme, shape, "TSLVersionIdentifier", "3")
    _put(scheme, shape, "TSLSequenceNumber", str(shape.sequence))
    _put(scheme, shape, "TSLType", "http://uri.etsi.org/TrstSvc/TSLtype/generic")
    _named(scheme, "SchemeOperatorName", "TEST-ONLY Betreiber")
    _address(_below(scheme, "SchemeOperatorAddress"))
    _named(scheme, "SchemeName", "TEST-ONLY TSL Scheme")
    _in_german(_below(scheme, "SchemeInformationURI", "URI"), "http://tsl.example")
    _put(scheme, shape, "StatusDeterminationApproach", "http://uri.etsi.org/TrstSvc/TSLType/StatusDetn/passive")
    _in_german(_below(scheme, "PolicyOrLegalNotice", "TSLLegalNotice"), "TEST-ONLY")
    _put(scheme, shape, "HistoricalInformationPeriod", "0")
    _put(scheme, shape, "ListIssueDateTime", _moment(issued))
    _put(_below(scheme, "NextUpdate"), shape, "dateTime", _moment(issued + shape.lasts))


def _put(parent: etree._Element, shape: TslShape, name: str, text: str) -> None:
    told = shape.texts.get(name, text)
    if told is not None:
        _below(parent, name).text = told


def _provider(information: etree._Element) -> None:
    _named(information, "TSPName", "TEST-ONLY Anbieter")
    _address(_below(information, "TSPAddress"))
    _in_german(_below(information, "TSPInformationURI", "URI"), "http://tsp.example")


def _service(information: etree._Element, service: TslService) -> None:
    _below(information, "ServiceTypeIdentifier").text = service.kind
    _named(information, "ServiceName", service.certificate.subject.rfc4514_string())
    encoded = base64.b64encode(service.certificate.public_bytes(Encoding.DER)).decode()
    _below(information, "ServiceDigitalIdentity", "DigitalId", "X509Certificate").text = encoded
    _below(information, "ServiceStatus").text = service.status
    _below(information, "StatusStartingTime").text = _moment(service.since)
    if service.supply_points:
        points = _below(information, "ServiceSupplyPoints")
        for url in service.supply_points:
            _below(points, "ServiceSupplyPoint").text = url
    if service.types:
        extensions = _below(information, "ServiceInformationExtensions")
        for oid in sorted(service.types):
            extension = _below(extensions, "Extension")
            extension.set("Critical", "false")
            _below(extension, "ExtensionOID").text = oid


def _address(address: etree._Element) -> None:
    place = _below(address, "PostalAddresses", "PostalAddress")
    place.set(_LANG, "DE")
    for name, text in {"StreetAddress": "Teststrasse 1", "Locality": "Berlin", "CountryName": "DE"}.items():
        _below(place, name).text = text
    _below(address, "ElectronicAddress", "URI").text = "mailto:pki@tsl.example"


def _named(parent: etree._Element, element: str, name: str) -> None:
    _in_german(_below(parent, element, "Name"), name)


def _in_german(element: etree._Element, text: str) -> None:
    element.set(_LANG, "DE")
    element.text = text


def _below(parent: etree._Element, *names: str) -> etree._Element:
    for name in names:
        parent = etree.SubElement(parent, f"{{{_TSL}}}{name}")
    return parent


def _moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
