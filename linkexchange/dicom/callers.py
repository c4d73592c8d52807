"""Who may call this node's DIMSE port: its own PACS, known by AE title, address, and certificate where there is TLS."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from threading import Lock
from time import monotonic

from cryptography import x509

from linkexchange.model.passport import Passport

FRESH_SECONDS = 5.0


@dataclass
class Callers:
    """The registered PACS, as they were a few seconds ago: an archive may open an association for each instance."""

    registered: Callable[[], Sequence[Passport]]
    fresh_seconds: float = FRESH_SECONDS
    _known: list[tuple[Passport, frozenset[str]]] = field(default_factory=list)
    _read_at: float = float("-inf")
    _lock: Lock = field(default_factory=Lock)

    def know(self, calling: str, address: str, certificate: bytes | None) -> bool:
        """Whether a PACS of this AE title is at this address, and is named in the certificate that it has shown.

        Raises `StateUnavailable`.
        """
        return any(
            passport.ae_title.strip() == calling
            and _plain(address) in addresses
            and (certificate is None or passport.host in _names(certificate))
            for passport, addresses in self._fresh()
        )

    def _fresh(self) -> list[tuple[Passport, frozenset[str]]]:
        with self._lock:
            if monotonic() - self._read_at > self.fresh_seconds:
                self._known = [(passport, _addresses(passport.host)) for passport in self.registered()]
                self._read_at = monotonic()
            return self._known


def _addresses(host: str) -> frozenset[str]:
    with suppress(OSError, UnicodeError):
        return frozenset(_plain(str(place[4][0])) for place in socket.getaddrinfo(host, None))
    return frozenset()


def _plain(address: str) -> str:
    """One spelling of an address: a listener on IPv6 sees those of IPv4 in a guise."""
    parsed = ip_address(address.partition("%")[0])
    return str(parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else str(parsed)


def _names(certificate: bytes) -> frozenset[str]:
    """Hosts that a certificate is for. Its chain has been proven by the handshake."""
    try:
        found = x509.load_der_x509_certificate(certificate).extensions
        names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return frozenset()
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return frozenset((*names.get_values_for_type(x509.DNSName), *addresses))
