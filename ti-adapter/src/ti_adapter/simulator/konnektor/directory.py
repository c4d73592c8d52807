"""`connector.sds` of the simulated Konnektor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor.names import (
    PRODUCT_INFORMATION,
    SERVICE_DIRECTORY,
    SERVICE_INFORMATION,
    SPOKEN,
    Dialect,
    Service,
    Spoken,
)
from ti_adapter.konnektor.soap import maker
from ti_adapter.simulator.konnektor.answers import stamp
from ti_adapter.simulator.konnektor.faults import Fault

OFFERED: Final[Spoken] = {service: dialects[:1] for service, dialects in SPOKEN.items()}
"""What a Konnektor of today offers: one version of each service."""

FAR: Final = "10.11.12.13"
"""How a Konnektor behind a gateway calls itself."""

_PATCHES: Mapping[Service, str] = {
    Service.EVENT: "7.2.1",
    Service.CARD: "8.1.3",
    Service.CERTIFICATE: "6.0.2",
    Service.AUTH_SIGNATURE: "7.4.1",
    Service.VSD: "5.2.0",
}
_si, _sd, _pi = maker(SERVICE_INFORMATION), maker(SERVICE_DIRECTORY), maker(PRODUCT_INFORMATION)


def directory(base: str, offered: Spoken, faults: set[str], now: datetime) -> bytes:
    """The service directory as it is served at `base`, with the faults that are switched on."""
    if Fault.DIRECTORY_OTHER_HOST in faults:
        base = urlsplit(base)._replace(netloc=FAR).geturl()
    root = _sd.ConnectorServices(
        _product(now),
        _sd.TLSMandatory("true" if urlsplit(base).scheme == "https" else "false"),
        _sd.ClientAutMandatory("false"),
        _si.ServiceInformation(*_services(base, offered, faults)),
    )
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")  # type: ignore[no-any-return]


def _services(base: str, offered: Spoken, faults: set[str]) -> Iterator[etree._Element]:
    for service, dialects in offered.items():
        if not (Fault.DIRECTORY_WITHOUT_SERVICE in faults and service is Service.EVENT):
            versions = [_version(base, service, dialect, faults) for dialect in dialects]
            yield _si.Service(_si.Abstract(service), _si.Versions(*versions), Name=service)


def _version(base: str, service: Service, dialect: Dialect, faults: set[str]) -> etree._Element:
    """The namespace is that of the WSDL, as in most products."""
    number = "v0.1" if Fault.DIRECTORY_OTHER_VERSION in faults else dialect.version
    parts = urlsplit(f"{base}/ws/{service}/{dialect.version}")
    plain = parts._replace(scheme="http").geturl()
    tls = plain if Fault.DIRECTORY_CLEAR_TEXT in faults else parts._replace(scheme="https").geturl()
    endpoints = [_si.Endpoint(Location=plain)] if parts.scheme == "http" else []
    return _si.Version(
        _si.Abstract(service),
        *endpoints,
        _si.EndpointTLS(Location=tls),
        TargetNamespace=f"http://ws.gematik.de/conn/{service}/WSDL/{number}",
        Version=_PATCHES[service] if _PATCHES[service].startswith(dialect.version[1:]) else f"{dialect.version[1:]}.0",
    )


def _product(now: datetime) -> etree._Element:
    return _pi.ProductInformation(
        _pi.InformationDate(stamp(now)),
        _pi.ProductTypeInformation(_pi.ProductType("Konnektor"), _pi.ProductTypeVersion("6.0.0")),
        _pi.ProductIdentification(
            _pi.ProductVendorID("SIMUL"),
            _pi.ProductCode("simkon"),
            _pi.ProductVersion(_pi.Local(_pi.HWVersion("1.0.0"), _pi.FWVersion("1.0.0"))),
        ),
        _pi.ProductMiscellaneous(_pi.ProductVendorName("TEST-ONLY"), _pi.ProductName("Simulated Konnektor")),
    )
