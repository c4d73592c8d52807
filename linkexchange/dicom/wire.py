"""A socket that carries PDUs, used by one thread and stopped by any.

Time limits are about silence: a sender may be as slow as it likes, as long as something comes. Only where little is
expected, to open an association and to end it, there can be one on all of it.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress

from linkexchange.dicom import pdu
from linkexchange.dicom.line import Line
from linkexchange.errors import PacsUnavailable

_WINDOW_BYTES = 2 * pdu.PDU_MAX_BYTES
_PIECES_MAX = 512
"""The operating system takes 1,024 at once (IOV_MAX)."""


class Wire:
    """Reads and writes PDUs. Raises `PacsUnavailable` where the connection is gone or silent, `MessageFault` for none.

    The window into which the socket is read holds a few PDUs of usual size, and grows to one of `PDU_CAP_BYTES` only
    when such a one is announced.
    """

    def __init__(self, connection: socket.socket, *, silence_seconds: float) -> None:
        self._socket = connection
        self._buffer = bytearray(_WINDOW_BYTES)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.patience(silence_seconds)

    def patience(self, seconds: float, *, in_all: bool = False) -> None:
        """How long the other side may be silent from now on; or `in_all`, how long all that it says may take."""
        self.seconds = seconds
        self._deadline = time.monotonic() + seconds if in_all else None
        self._socket.settimeout(seconds)

    def read(self) -> tuple[pdu.Type, memoryview]:
        """The next PDU; its body is good until the next is read. Raises `PacsUnavailable` or `MessageFault`."""
        self._gather(pdu.HEAD_BYTES)
        kind, length = pdu.read_head(self._view[self._start : self._start + pdu.HEAD_BYTES])
        self._gather(pdu.HEAD_BYTES + length)
        body = self._view[self._start + pdu.HEAD_BYTES : self._start + pdu.HEAD_BYTES + length]
        self._start += pdu.HEAD_BYTES + length
        return kind, body

    def write(self, block: bytes | memoryview) -> None:
        """Send all of it. Raises `PacsUnavailable`."""
        rest = memoryview(block)
        try:
            while rest:
                rest = rest[self._socket.send(rest) :]
        except OSError as wrong:
            raise self._broken(wrong) from wrong

    def write_pieces(self, pieces: pdu.Pieces) -> None:
        """Send all of them, one after the other, without copying them together first. Raises `PacsUnavailable`."""
        if isinstance(self._socket, ssl.SSLSocket):
            self.write(b"".join(pieces))
            return
        for at in range(0, len(pieces), _PIECES_MAX):
            some = pieces[at : at + _PIECES_MAX]
            try:
                sent = self._socket.sendmsg(some)
            except OSError as wrong:
                raise self._broken(wrong) from wrong
            for piece in some:
                if sent < len(piece):
                    self.write(memoryview(piece)[sent:])
                sent = max(0, sent - len(piece))

    def has_input(self) -> bool:
        """Whether something has been read and not yet been taken, be it by us or by TLS."""
        return self._start < self._end or (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0)

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    def stop(self) -> None:
        """Wake whoever waits for this socket, from any thread."""
        with suppress(OSError):
            # An SSLSocket's own shutdown lets the thread that is sending go on without encryption first.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def hang_up(self, patience_seconds: float) -> None:
        """Say that nothing more comes, and let the other side be the one that closes, if it does so in time.

        Closing at once would throw away what it has not read yet: it would never know that it was told to abort.
        """
        deadline = time.monotonic() + patience_seconds
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            while (left := deadline - time.monotonic()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv_into(self._view):
                    break
        self.close()

    def close(self) -> None:
        """Close it, at the very end."""
        self.stop()
        self._socket.close()

    def _gather(self, count: int) -> None:
        while self._end - self._start < count:
            self._make_room(count)
            self._receive()

    def _make_room(self, count: int) -> None:
        """What is left moves to the front before the window is read further; it grows where a PDU would not fit."""
        if self._start + count <= len(self._buffer) and self._end < len(self._buffer):
            return
        left = self._view[self._start : self._end]
        if count > len(self._buffer):
            grown = bytearray(count)
            grown[: len(left)] = left
            self._buffer, self._view = grown, memoryview(grown)
        else:
            self._view[: len(left)] = left
        self._start, self._end = 0, len(left)

    def _receive(self) -> None:
        try:
            if self._deadline is not None:
                self._socket.settimeout(_left(self._deadline))
            count = self._socket.recv_into(self._view[self._end :])
            # A peer with Nagle's algorithm on holds back the end of what it sends until its beginning is acknowledged.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        except OSError as wrong:
            raise self._broken(wrong) from wrong
        if not count:
            raise PacsUnavailable("the association broke off")
        self._end += count

    def _broken(self, wrong: OSError) -> PacsUnavailable:
        if isinstance(wrong, TimeoutError):
            return PacsUnavailable(f"no answer within {self.seconds:g} s")
        return PacsUnavailable("the association broke off")


def _left(deadline: float) -> float:
    """The time that is left; raises TimeoutError where none is."""
    if (left := deadline - time.monotonic()) <= 0:
        raise TimeoutError
    return left


def connect(line: Line) -> Wire:
    """Call a PACS, over TLS where the line has a context for it. Raises `PacsUnavailable` with the reason."""
    passport, timeouts = line.passport, line.timeouts
    try:
        plain = socket.create_connection((passport.host, passport.port), timeout=timeouts.connect_seconds)
    except (OSError, UnicodeError) as wrong:
        unknown = isinstance(wrong, (socket.gaierror, UnicodeError))
        raise PacsUnavailable("its host name is not known" if unknown else "no connection") from wrong
    return Wire(_secured(plain, line), silence_seconds=timeouts.negotiate_seconds)


def _secured(plain: socket.socket, line: Line) -> socket.socket:
    if not line.passport.tls:
        return plain
    try:
        if line.tls is None:
            raise PacsUnavailable("it asks for TLS, which this node has no certificate for")
        return line.tls.wrap_socket(plain, server_hostname=line.passport.host)
    except BaseException as wrong:
        plain.close()
        if isinstance(wrong, ssl.SSLCertVerificationError):
            raise PacsUnavailable(f"TLS: {wrong.verify_message}") from wrong
        if isinstance(wrong, OSError):
            raise PacsUnavailable(f"TLS: {getattr(wrong, 'reason', '') or type(wrong).__name__}") from wrong
        raise
