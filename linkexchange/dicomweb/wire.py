"""`http.client` over a socket that any thread can shut down from its first moment on: while it is being connected, too.

For http and https alike. There is a time limit on silence and none on the whole.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from urllib.parse import urlsplit

from linkexchange.dicomweb.secured import Secured


class Wire(HTTPConnection):
    """One connection, opened by its first request. `url` is the base of a service.

    With `vet` the certificate (DER) of the other side is shown to it, which may refuse it with a `Revoked`. Raises
    ValueError when that is no address; later OSError and HTTPException, as its base does.
    """

    def __init__(
        self,
        url: str,
        *,
        context: ssl.SSLContext | None = None,
        idle_seconds: float,
        vet: Callable[[bytes], None] | None = None,
    ) -> None:
        address = urlsplit(url)
        if (
            address.scheme not in ("http", "https")
            or not address.hostname
            or address.port == 0
            or not address.path.isascii()
        ):
            raise ValueError("not a DICOMweb address")
        secure = address.scheme == "https"
        self.default_port = 443 if secure else 80
        super().__init__(address.hostname, address.port or self.default_port, timeout=idle_seconds)
        self.base = address.path.rstrip("/") + "/"
        self._context = (context or ssl.create_default_context()) if secure else None
        self._vet = vet
        self._watched: socket.socket | None = None
        self._stopped = False

    def connect(self) -> None:
        """Open the socket, and secure it where the address says so."""
        self._use(self._connected(self.timeout))
        self._check()

    def _check(self) -> None:
        """Whether the other side may be spoken with, once its certificate is proven."""
        if self._vet and isinstance(self.sock, Secured):
            self._vet(self.sock.peer_certificate())

    def _use(self, plain: socket.socket) -> None:
        self.sock = plain
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context:
            secured = self.sock = Secured(plain, self._context, self.host)
            secured.do_handshake()

    def patience(self, silence_seconds: float) -> None:
        """How long the other side may be silent from now on."""
        if self.sock is not None:
            self.sock.settimeout(silence_seconds)

    def is_open(self) -> bool:
        """Whether the last request's connection is still there; only between an answer and the next request."""
        return self.sock is not None and not self.has_input()

    def has_input(self) -> bool:
        """Whether something has arrived: an answer, or the end. Does not wait."""
        if isinstance(self.sock, Secured) and self.sock.has_input():
            return True
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(0))

    def stop(self) -> None:
        """Wake the thread that waits for the other side, from any thread. Nothing goes over this wire any more."""
        self._stopped = True
        if self._watched is not None:
            # One that is on its way through the relay may have TLS, which its own shutdown would only put off.
            with suppress(OSError):
                socket.socket.shutdown(self._watched, socket.SHUT_RDWR)

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` has been called."""
        return self._stopped

    def _connected(self, seconds: float | None) -> socket.socket:
        try:
            places = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except UnicodeError as wrong:
            raise OSError("no host name") from wrong
        for number, (family, kind, protocol, _, place) in enumerate(places, start=1):
            sock = self._watch(socket.socket(family, kind, protocol))
            try:
                sock.settimeout(seconds)
                sock.connect(place)
            except OSError:
                sock.close()
                if number == len(places):
                    raise
            else:
                return sock
        raise OSError("no address")

    def _watch(self, sock: socket.socket) -> socket.socket:
        self._watched = sock
        if self._stopped:
            sock.close()
            raise ConnectionAbortedError("stopped")
        return sock


def whole(response: HTTPResponse, max_bytes: int) -> bytes:
    """A whole body; of one that is too large, one byte more than that. Raises OSError or HTTPException."""
    body = response.read(max_bytes + 1)
    # http.client does not complain when a body ends before its Content-Length.
    if response.length and len(body) <= max_bytes:
        raise IncompleteRead(body, response.length)
    return body


def reason(wrong: Exception) -> str:
    """What went wrong below HTTP, in the words of OpenSSL or of the operating system where they have any."""
    words = (getattr(wrong, name, None) for name in ("verify_message", "reason", "strerror"))
    return str(next(filter(None, words), type(wrong).__name__))
