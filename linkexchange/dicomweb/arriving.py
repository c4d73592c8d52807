"""The body of an HTTP answer on its way in, straight into the buffer of whoever reads it.

`http.client` has read the head; the body is taken from its buffered socket here, since its own way makes and drops an
object for each TLS record, and in Python 3.11 keeps no account of the Content-Length there.
"""

from __future__ import annotations

import re
from http.client import HTTPException, HTTPResponse, IncompleteRead

from linkexchange.dicomweb.wire import reason
from linkexchange.errors import Unavailable

_LINE_MAX_BYTES = 4096
_TRAILER_MAX_LINES = 100
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})\s*(;.*)?")


class Arriving:
    """Each reading takes what is there and waits for no more, so that nothing that has arrived is lost with the rest.

    Raises `broken` where the connection is gone or silent.
    """

    def __init__(self, response: HTTPResponse, broken: type[Unavailable]) -> None:
        self._file = response.fp
        self._broken = broken
        self._chunked = response.chunked
        # How much is left: of the body, or of the chunk; None where the connection's end is the end.
        self._left = 0 if self._chunked else response.length
        self._first = self._chunked
        self._over = False

    def readinto(self, buffer: memoryview) -> int:
        """Read once; 0 at the end."""
        try:
            return self._readinto(buffer)
        except (OSError, HTTPException, ValueError) as wrong:
            raise self._broken(reason(wrong)) from wrong

    def ends(self) -> bool:
        """Whether nothing follows but a line or two: then the connection can be used again."""
        rest = memoryview(bytearray(1024))
        return any(self.readinto(rest) == 0 for _ in range(3))

    def _readinto(self, buffer: memoryview) -> int:
        if self._chunked and not self._left and not self._over:
            self._left = self._next_chunk()
        wanted = len(buffer) if self._left is None else min(len(buffer), self._left)
        count = self._file.readinto1(buffer[:wanted]) if wanted else 0
        if wanted and not count and self._left is not None:
            raise IncompleteRead(b"", self._left)
        if self._left is not None:
            self._left -= count
        return count

    def _next_chunk(self) -> int:
        """The size of the next chunk (RFC 9112 section 7.1), and 0 at the last one, whose trailer is passed over."""
        if not self._first and self._line():
            raise ValueError("a chunk that is longer than it says")
        self._first = False
        told = _SIZE.fullmatch(self._line())
        if told is None:
            raise ValueError("no size of a chunk")
        size = int(told[1], 16)
        if not size:
            self._over = True
            if all(self._line() for _ in range(_TRAILER_MAX_LINES)):
                raise ValueError("a trailer that does not end")
        return size

    def _line(self) -> bytes:
        line = self._file.readline(_LINE_MAX_BYTES)
        if not line.endswith(b"\n"):
            raise IncompleteRead(line)
        return line.strip()
