"""The TLS context towards a Konnektor, as gemSpec_Krypt wants it: TLS 1.2 or newer, ECDHE and AES-GCM only."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

_MODES = ("AES256-GCM-SHA384", "AES128-GCM-SHA256")
_CIPHERS = ":".join(f"ECDHE-{kind}-{mode}" for mode in _MODES for kind in ("ECDSA", "RSA"))


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """How this client system shows itself: PEM files; one file may hold both."""

    certificate: Path
    key: Path
    password: str | None = field(default=None, repr=False)


def context_by_ca(ca: Path, client: ClientCertificate | None = None, *, curve: str | None = None) -> ssl.SSLContext:
    """Believes a Konnektor whose certificate one of the CAs in `ca` (PEM) has issued, for the name that is called.

    `curve` limits the key exchange, and so TLS to version 1.2: `brainpoolP256r1` where the certificate of the Konnektor
    lies on it, which OpenSSL offers in no other way. Whether a product needs that is not certain, so it is a setting.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=ca)
    return _completed(context, client, curve)


def context_by_pin(pin: Path, client: ClientCertificate | None = None, *, curve: str | None = None) -> ssl.SSLContext:
    """Believes the one Konnektor that shows exactly the certificate in `pin` (PEM), under whichever name it is called.

    Many Konnektoren show a certificate that names neither their address nor a CA one could get hold of. Raises
    ValueError for a certificate that could issue others: it would not pin anything.
    """
    certificate = x509.load_pem_x509_certificate(pin.read_bytes())
    if _may_issue(certificate):
        raise ValueError("a pinned certificate is that of the Konnektor itself, not that of a CA")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=pin)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return _completed(context, client, curve)


def context_of(trusted: Path, client: ClientCertificate | None = None, *, curve: str | None = None) -> ssl.SSLContext:
    """By CA where the first certificate in `trusted` (PEM) may issue others, else by pin."""
    certificate = x509.load_pem_x509_certificate(trusted.read_bytes())
    return (context_by_ca if _may_issue(certificate) else context_by_pin)(trusted, client, curve=curve)


def _completed(context: ssl.SSLContext, client: ClientCertificate | None, curve: str | None) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    if curve:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ecdh_curve(curve)
    if client:
        context.load_cert_chain(client.certificate, client.key, client.password)
    return context


def _may_issue(certificate: x509.Certificate) -> bool:
    if certificate.version is x509.Version.v1:
        return True
    for one in certificate.extensions:
        if isinstance(one.value, x509.BasicConstraints) and one.value.ca:
            return True
        if isinstance(one.value, x509.KeyUsage) and one.value.key_cert_sign:
            return True
    return False
