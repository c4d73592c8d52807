"""The TLS contexts, all of them but those to a Konnektor, which `ti_adapter` knows.

Both ends of every connection, between nodes and to the hub, show a certificate. Services of the TI show theirs.

TLS 1.3, and 1.2 with ephemeral ECDH and AES-GCM; nothing else is offered or taken. Only the CA that is named here is
trusted, never those of the operating system. A node is addressed by host name or IP address, which must stand in its
certificate beside the URI that says whose node it is.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

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


def open_server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """For the listener at which nodes apply that have no certificate yet. Raises as `server_context` does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    _load(context, certificate, key, None)
    return context


def believing_context(ca_pem: str) -> ssl.SSLContext:
    """For a connection to a hub of this CA, whose name is checked, without a certificate of one's own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    context.load_verify_locations(cadata=ca_pem)
    return context


def unsafe_unproven_context() -> ssl.SSLContext:
    """For one question whose answer is compared with a fingerprint: nothing else of the other side is believed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Watched:
    """A file that is replaced from time to time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = self._state()

    def has_changed(self) -> bool:
        """Whether it has been replaced since this was asked before."""
        before, self._known = self._known, self._state()
        return self._known != before

    def _state(self) -> tuple[int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


class LastingContext(ssl.SSLContext):
    """For what outlives the certificate with which it began: each connection gets what the files hold by then.

    Connections that are open go on. Where newer files cannot be used, the older ones serve. `make` is one of the
    functions here, with its files.
    """

    def __new__(cls, make: Callable[[], ssl.SSLContext], _: Path) -> Self:
        """As `ssl.SSLContext` wants it."""
        return super().__new__(cls, make().protocol)

    def __init__(self, make: Callable[[], ssl.SSLContext], certificate: Path) -> None:
        self._make = make
        self._watched, self._lock = Watched(certificate), threading.Lock()
        self._newest = make()

    def wrap_socket(self, *sock: Any, **options: Any) -> ssl.SSLSocket:
        """By the newest files."""
        return self._current().wrap_socket(*sock, **options)

    def wrap_bio(self, *bios: Any, **options: Any) -> ssl.SSLObject:
        """The same."""
        return self._current().wrap_bio(*bios, **options)

    def _current(self) -> ssl.SSLContext:
        with self._lock:
            if self._watched.has_changed():
                with suppress(SettingRefused):
                    self._newest = self._make()
            return self._newest


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


def _load(context: ssl.SSLContext, certificate: Path, key: Path, ca: Path | None) -> None:
    try:
        # Without a password of our own, OpenSSL would ask for one at the terminal when the key is encrypted.
        context.load_cert_chain(certificate, key, password="")
        if ca:
            context.load_verify_locations(ca)
    except OSError as wrong:
        raise SettingRefused("TLS certificate, key or CA file cannot be used") from wrong
