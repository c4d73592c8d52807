"""An accepted connection, on an event loop: TLS with both certificates for a few words, and then the bare socket.

OpenSSL reads record by record, so that what follows the other side's last record is left over, and belongs to the
stream.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from linkexchange.errors import MessageFault
from linkexchange.relay.words import Go, Lines, Word, line_of

_READ_BYTES = 4 << 10
_HEARD_MAX_BYTES = 64 << 10
"""More than a handshake and a preface need. What a waiting line says later is counted anew with each word."""
Done = TypeVar("Done")


class Channel:
    """One connection. Raises OSError where it breaks (`ssl.SSLError` is one), `MessageFault` for what is no word."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self._loop = asyncio.get_running_loop()
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arrived, self._leaving, server_side=True)
        self._lines = Lines()
        self._said: deque[Word] = deque()
        self._heard = 0

    async def handshake(self) -> bytes:
        """The certificate of the other side, DER, whose chain is proven."""
        try:
            await self._through(self._tls.do_handshake)
        finally:
            with suppress(OSError):
                await self._send()
        return self._tls.getpeercert(binary_form=True) or b""

    async def hear(self) -> Word | None:
        """The next word; None when the other side has ended TLS in good form."""
        while not self._said:
            try:
                content = await self._through(lambda: self._tls.read(_READ_BYTES))
            except ssl.SSLZeroReturnError:
                return None
            if not content:
                return None
            self._said.extend(self._lines.take(content))
        self._heard = 0
        return self._said.popleft()

    async def say(self, word: Word) -> None:
        """Send a word."""
        self._tls.write(line_of(word))
        await self._send()

    async def let_go(self) -> None:
        """Say `go` and end TLS on this side; the other side's end of it is heard by `hear`."""
        self._tls.write(line_of(Go()))
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        await self._send()

    def left_over(self) -> bytes:
        """What came after the other side had ended TLS."""
        return self._arrived.read()

    def close(self) -> None:
        """At once; whoever waits for it learns of it."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    async def _through(self, act: Callable[[], Done]) -> Done:
        while True:
            try:
                return act()
            except ssl.SSLWantReadError:
                await self._send()
                await self._fill()

    async def _send(self) -> None:
        if self._leaving.pending:
            await self._loop.sock_sendall(self.sock, self._leaving.read())

    async def _fill(self) -> None:
        content = await self._loop.sock_recv(self.sock, _READ_BYTES)
        if not content:
            raise ConnectionAbortedError("ended")
        self._heard += len(content)
        if self._heard > _HEARD_MAX_BYTES:
            raise MessageFault("too much before a word")
        self._arrived.write(content)
