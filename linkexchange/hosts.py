"""Who a caller is, as far as its address and its certificate say so."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import IPv6Address, ip_address

from cryptography import x509


def is_host(host: str, address: str, certificate: bytes | None) -> bool:
    """Whether a call from this address is one of this host, which its certificate must name where it has shown one.

    `host` is a name or an address. The certificate (DER) has been proven by the handshake; None: there was no TLS.
    """
    return plain(address) in addresses_of(host) and (certificate is None or host.lower() in named_in(certificate))


def addresses_of(host: str) -> frozenset[str]:
    """The addresses that a host has now; none where it is not known."""
    with suppress(OSError, UnicodeError):
        return frozenset(plain(str(place[4][0])) for place in socket.getaddrinfo(host, None))
    return frozenset()


def plain(address: str) -> str:
    """One spelling of an address: a listener on IPv6 sees those of IPv4 in a guise."""
    parsed = ip_address(address.partition("%")[0])
    return str(parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else str(parsed)


def named_in(certificate: bytes) -> frozenset[str]:
    """Hosts that a certificate (DER) is for, in small letters. Its chain has been proven by the handshake."""
    try:
        found = x509.load_der_x509_certificate(certificate).extensions
        names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return frozenset()
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return frozenset(name.lower() for name in (*names.get_values_for_type(x509.DNSName), *addresses))
