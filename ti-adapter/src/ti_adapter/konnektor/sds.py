"""`connector.sds`: which services the Konnektor offers, in which versions, at which addresses.

The directory is believed for paths and ports only as far as it must be: an address at another host would receive our
password, so it is refused unless endpoints are rewritten to the configured address (TI-Gateway, NAT).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor import reading
from ti_adapter.konnektor.errors import Directory, DirectoryRefused, Malformed, MessageMalformed
from ti_adapter.konnektor.names import PRODUCT_INFORMATION, SERVICE_DIRECTORY, SERVICE_INFORMATION, Dialect, Service

_SI = f"{{{SERVICE_INFORMATION}}}"
_SD = f"{{{SERVICE_DIRECTORY}}}"
_PI = f"{{{PRODUCT_INFORMATION}}}"


@dataclass(frozen=True, slots=True)
class Product:
    """Which Konnektor it is."""

    product_type: str
    product_type_version: str
    vendor_id: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class ServiceVersion:
    """One version of a service. `namespace` is that of its WSDL or of its messages: products differ."""

    service: str
    namespace: str
    version: str
    endpoint_tls: str
    endpoint: str | None

    @property
    def order(self) -> tuple[int, ...]:
        """The version as numbers; what is none counts as nothing."""
        return tuple(int(part) if part.isascii() and part.isdigit() else 0 for part in self.version[:32].split("."))


@dataclass(frozen=True, slots=True)
class ServiceDirectory:
    """What `connector.sds` says."""

    product: Product
    tls_mandatory: bool
    client_aut_mandatory: bool
    versions: tuple[ServiceVersion, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service is called, and in which version."""

    dialect: Dialect
    url: str


def read_directory(content: bytes) -> ServiceDirectory:
    """Read `connector.sds` (ServiceDirectory 3.1). Raises `MessageMalformed`."""
    root = reading.parse(content)
    if root.tag != f"{_SD}ConnectorServices":
        raise MessageMalformed(Malformed.OTHER_MESSAGE, "ConnectorServices")
    return ServiceDirectory(
        _product(reading.only(root, f"{_PI}ProductInformation")),
        reading.value(root, f"{_SD}TLSMandatory", reading.boolean),
        reading.value(root, f"{_SD}ClientAutMandatory", reading.boolean),
        tuple(_versions(reading.only(root, f"{_SI}ServiceInformation"))),
    )


def choose(
    directory: ServiceDirectory, service: Service, dialects: tuple[Dialect, ...], *, base: str, rewrite: bool
) -> Endpoint:
    """The endpoint to be called; raises `DirectoryRefused`. `base` is the configured address of the Konnektor.

    1. The service is there. 2. In a version that is spoken; of several, the dialect that stands first, and of that the
    highest version. 3. With an address: EndpointTLS where `base` is https, else Endpoint. 4. That address is an http(s)
    URL, without TLS only where `base` has none. 5. `rewrite` puts scheme, host and port of `base` in place of its own;
    without it, its host is that of `base`.
    """
    offered = [version for version in directory.versions if version.service == service]
    if not offered:
        raise DirectoryRefused(Directory.SERVICE)
    dialect, version = _spoken(offered, dialects)
    configured = urlsplit(base)
    location = version.endpoint_tls if configured.scheme == "https" else version.endpoint
    if location is None:
        raise DirectoryRefused(Directory.ENDPOINT)
    return Endpoint(dialect, _address(_split(location), configured, rewrite=rewrite))


def _spoken(offered: list[ServiceVersion], dialects: tuple[Dialect, ...]) -> tuple[Dialect, ServiceVersion]:
    for dialect in dialects:
        same = [one for one in offered if one.namespace.rpartition("/")[2] == dialect.version]
        if same:
            return dialect, max(same, key=lambda one: one.order)
    raise DirectoryRefused(Directory.VERSION)


def _split(location: str) -> SplitResult:
    try:
        address = urlsplit(location if location.isascii() and location.isprintable() else "")
        usable = address.scheme in {"http", "https"} and address.hostname and not address.username and address.port != 0
    except ValueError:
        raise DirectoryRefused(Directory.ADDRESS) from None
    if not usable:
        raise DirectoryRefused(Directory.ADDRESS)
    return address._replace(fragment="")


def _address(address: SplitResult, configured: SplitResult, *, rewrite: bool) -> str:
    if rewrite:
        return address._replace(scheme=configured.scheme, netloc=configured.netloc).geturl()
    if address.scheme != "https" and configured.scheme == "https":
        raise DirectoryRefused(Directory.CLEAR_TEXT)
    if address.hostname != configured.hostname:
        raise DirectoryRefused(Directory.OTHER_HOST)
    return address.geturl()


def _product(information: etree._Element) -> Product:
    kind = reading.only(information, f"{_PI}ProductTypeInformation")
    identity = reading.only(information, f"{_PI}ProductIdentification")
    names = reading.only(information, f"{_PI}ProductMiscellaneous")
    return Product(
        reading.text(kind, f"{_PI}ProductType"),
        reading.text(kind, f"{_PI}ProductTypeVersion"),
        reading.text(identity, f"{_PI}ProductVendorID"),
        reading.text(identity, f"{_PI}ProductCode"),
        reading.text(names, f"{_PI}ProductName"),
    )


def _versions(information: etree._Element) -> Iterator[ServiceVersion]:
    for service in information.iterfind(f"{_SI}Service"):
        for version in reading.only(service, f"{_SI}Versions").iterfind(f"{_SI}Version"):
            endpoint = reading.maybe(version, f"{_SI}Endpoint")
            yield ServiceVersion(
                service.get("Name", ""),
                version.get("TargetNamespace", ""),
                version.get("Version", ""),
                _location(reading.only(version, f"{_SI}EndpointTLS")),
                None if endpoint is None else _location(endpoint),
            )


def _location(endpoint: etree._Element) -> str:
    return str(endpoint.get("Location", ""))
