"""TLS over a socket for bodies of hundreds of megabytes: what has arrived is taken with one call, and decrypted then.

An `SSLSocket` asks the operating system twice for each record of 16 KiB, and gives each out by itself. Here a reading
is as large as what has arrived, up to 256 KiB, and the records in it become one piece.
"""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

_WINDOW_BYTES = 256 << 10
_BLOCK_BYTES = 512 << 10
Done = TypeVar("Done")


class Secured:
    """What `http.client` needs of a socket. It is used by one thread; any other may shut `plain` down.

    Raises OSError (`ssl.SSLError` is one) where the connection breaks, TimeoutError where it is silent for too long.
    """

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, server_hostname: str) -> None:
        self._plain = plain
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arrived, self._leaving, server_hostname=server_hostname)
        self._window = memoryview(bytearray(_WINDOW_BYTES))
        self._users = 1

    def do_handshake(self) -> None:
        """Agree on keys, and see whose certificate it is. Where that fails, the other side hears of it."""
        try:
            self._through(self._tls.do_handshake)
        finally:
            self._send()

    def peer_certificate(self) -> bytes:
        """The certificate of the other side, DER, whose chain is proven; empty before the handshake."""
        return self._tls.getpeercert(binary_form=True) or b""

    def sendall(self, content: bytes) -> None:
        """Encrypt and send all of it."""
        view = memoryview(content)
        for start in range(0, len(view), _BLOCK_BYTES):
            block = view[start : start + _BLOCK_BYTES]
            while block:
                block = block[self._through(partial(self._tls.write, block)) :]
            self._send()

    def recv_into(self, buffer: memoryview) -> int:
        """As much as has arrived, and at least something; 0 at the end."""
        return self._through(lambda: self._take(buffer)) if buffer else 0

    def has_input(self) -> bool:
        """Whether something has arrived that was not read."""
        return bool(self._tls.pending() or self._arrived.pending)

    def makefile(self, *_: object) -> io.BufferedReader:
        """For reading; the connection stays open until this is closed as well."""
        self._users += 1
        return io.BufferedReader(_Reading(self))

    def fileno(self) -> int:
        """The number of the socket."""
        return self._plain.fileno()

    def settimeout(self, seconds: float | None) -> None:
        """How long one reading or sending may take."""
        self._plain.settimeout(seconds)

    def close(self) -> None:
        """End it, once all that read from it have ended too."""
        self._users -= 1
        if not self._users:
            self._plain.close()

    def _take(self, buffer: memoryview) -> int:
        """From all records that have arrived; raises `SSLWantReadError` where there is none."""
        # typeshed knows neither this buffer nor, with one, this answer.
        read: Any = self._tls.read
        taken, size = 0, len(buffer)
        try:
            while taken < size and (count := read(size - taken, buffer[taken:])):
                taken += count
        except ssl.SSLWantReadError:
            if not taken:
                raise
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            # Whether an end that nobody has announced comes too early, the format of the body says.
            pass
        return taken

    def _through(self, act: Callable[[], Done]) -> Done:
        """Do this, whatever must be sent and received for it."""
        while True:
            try:
                return act()
            except ssl.SSLWantReadError:
                self._send()
                self._fill()

    def _send(self) -> None:
        if self._leaving.pending:
            self._plain.sendall(self._leaving.read())

    def _fill(self) -> None:
        if count := self._plain.recv_into(self._window):
            self._arrived.write(self._window[:count])
        else:
            self._arrived.write_eof()


class _Reading(io.RawIOBase):
    """The connection as a file."""

    def __init__(self, secured: Secured) -> None:
        self._secured = secured

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._secured.recv_into(memoryview(buffer))

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._secured.close()
