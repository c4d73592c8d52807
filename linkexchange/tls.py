"""The TLS contexts, all of them but those to a Konnektor, which `ti_adapter` knows.

Both ends of every connection, between nodes and to the hub, show a certificate. Services of the TI show theirs.

TLS 1.3, and 1.2 with ephemeral ECDH and AES-GCM; nothing else is offered or taken. Only the CA that is named here is
trusted, never those of the operating system. A node is addressed by host name or IP address, which must stand in its
certificate beside the URI that says whose node it is.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from cryptography import x509

from linkexchange.errors import IdentityRefused, SettingRefused

_CIPHERS_OF_TLS_1_2 = ":".join(
    f"ECDHE-{signature}-{cipher}"
    for signature in ("ECDSA", "RSA")
    for cipher in ("AES256-GCM-SHA384", "AES128-GCM-SHA256")
)


def server_context(certificate: Path, key: Path, ca: Path) -> ssl.SSLContext:
    """For a listener that lets in whoever has a certificate of this CA. Raises `SettingRefused` for unusable files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    context.verify_mode = ssl.CERT_REQUIRED
    _load(context, certificate, key, ca)
    return context


def client_context(certificate: Path, key: Path, ca: Path) -> ssl.SSLContext:
    """For a connection to a node or the hub, whose name is checked. Raises `SettingRefused` for unusable files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    _load(context, certificate, key, ca)
    return context


def ti_context(ca: Path) -> ssl.SSLContext:
    """For a connection to a service of the TI, whose name is checked, and which asks for no certificate.

    Raises `SettingRefused` for an unusable file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    try:
        context.load_verify_locations(ca)
    except OSError as wrong:
        raise SettingRefused("ti_ca cannot be used") from wrong
    return context


def participant_uri(certificate_der: bytes, prefix: str) -> str:
    """The one URI with this prefix among the certificate's subject alternative names: whose node it is.

    The certificate's chain has been proven by the handshake. Raises `IdentityRefused` where no such URI stands in it,
    or more than one.
    """
    try:
        certificate = x509.load_der_x509_certificate(certificate_der)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound) as wrong:
        raise IdentityRefused("certificate without subject alternative names") from wrong
    uris = [uri for uri in names.get_values_for_type(x509.UniformResourceIdentifier) if uri.startswith(prefix)]
    if len(uris) != 1:
        raise IdentityRefused("certificate must name one participant")
    return uris[0]


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS_OF_TLS_1_2)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION


def _load(context: ssl.SSLContext, certificate: Path, key: Path, ca: Path) -> None:
    try:
        # Without a password of our own, OpenSSL would ask for one at the terminal when the key is encrypted.
        context.load_cert_chain(certificate, key, password="")
        context.load_verify_locations(ca)
    except OSError as wrong:
        raise SettingRefused("TLS certificate, key or CA file cannot be used") from wrong
