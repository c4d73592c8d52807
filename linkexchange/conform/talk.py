"""One association from the inside of a peer: messages in and out, and every way of breaking off."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from linkexchange.conform import units
from linkexchange.conform.manners import How
from linkexchange.conform.units import Command, Element

_FRAGMENT_BYTES = 16 << 10
_GLANCE_MILLISECONDS = 50


class Gone(Exception):
    """The other side has ended the association, in whatever way."""


class Released(Gone):
    """The other side has asked for the end of the association, and waits for an answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """A command, the context that it came under, and its data set."""

    context: int
    command: Mapping[Element, int | str]
    content: bytes = b""

    def number(self, element: Element) -> int:
        """A value that is a number; 0 where it is absent."""
        return int(self.command.get(element, 0))

    def text(self, element: Element) -> str:
        """A value that is a text."""
        return str(self.command.get(element, ""))


class Talk:
    """An association whose negotiation is over. `over` ends every silence that this side keeps."""

    def __init__(self, connection: socket.socket, over: threading.Event, *, max_bytes: int = 0) -> None:
        self._socket = connection
        self._over = over
        self._fragment = min(max_bytes or _FRAGMENT_BYTES, _FRAGMENT_BYTES) - 6 & ~1
        self._fragments: Iterator[tuple[int, int, bytes]] = iter(())

    def raw(self, content: bytes) -> None:
        """Send bytes as they are. Raises `Gone`."""
        try:
            self._socket.sendall(content)
        except OSError as wrong:
            raise Gone from wrong

    def read_pdu(self) -> tuple[int, bytes]:
        """The next PDU. Raises `Gone` at the end of the connection."""
        head = self._exactly(6)
        return head[0], self._exactly(int.from_bytes(head[2:], "big"))

    def send(self, context: int, command: Command, content: bytes | None = None, *, drip_seconds: float = 0) -> None:
        """Send a whole message."""
        self.send_command(context, {**command, Element.DATA_SET_TYPE: 0x0101 if content is None else 1})
        if content is not None:
            self.send_content(context, content, drip_seconds=drip_seconds)

    def send_command(self, context: int, command: Command) -> None:
        """Send a command alone, whatever it says of a data set."""
        fragment = units.pdv(context, units.COMMAND | units.LAST, units.command(command))
        self.raw(units.pdu(units.P_DATA, fragment))

    def send_content(self, context: int, content: bytes, *, ends: bool = True, drip_seconds: float = 0) -> None:
        """Send a data set, or its beginning."""
        for at in range(0, len(content), self._fragment):
            last = ends and at + self._fragment >= len(content)
            fragment = units.pdv(context, units.LAST if last else 0, content[at : at + self._fragment])
            self.raw(units.pdu(units.P_DATA, fragment))
            self.pause(drip_seconds)

    def receive(self, heard: Callable[[Message], None] = lambda _: None) -> Message:
        """The next message; `heard` is called when its command is there and its data set is not. Raises `Gone`."""
        context, parts = self._parts(units.COMMAND)
        message = Message(context, units.read_command(b"".join(parts)))
        heard(message)
        if message.number(Element.DATA_SET_TYPE) == 0x0101:
            return message
        return Message(context, message.command, b"".join(self._parts(0)[1]))

    def receive_part(self) -> None:
        """Read one fragment of a data set, and no more."""
        self._next()

    def pause(self, seconds: float) -> None:
        """Let time go by; the end of the peer ends it."""
        if seconds and self._over.wait(seconds):
            raise Gone

    def break_off(self, how: How) -> NoReturn:
        """End it badly. Raises `Gone`, always."""
        if how is How.ABORT:
            self.raw(units.pdu(units.ABORT, bytes(4)))
        elif how is How.RELEASE:
            self.raw(units.pdu(units.RELEASE_RQ, bytes(4)))
            self.drain()
        elif how is How.RESET:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how is How.HALF_CLOSE:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
            self.drain()
        else:
            self._keep_silent()
        raise Gone

    def release(self) -> None:
        """End it well, as the one who has called."""
        self.raw(units.pdu(units.RELEASE_RQ, bytes(4)))
        while self.read_pdu()[0] not in (units.RELEASE_RP, units.ABORT):
            pass

    def drain(self) -> None:
        """Read until the other side has hung up, whatever it says."""
        with suppress(OSError):
            while self._socket.recv(1 << 16):
                pass

    def _keep_silent(self) -> None:
        """Read nothing, and notice only that the other side has given up."""
        watch = select.poll()
        watch.register(self._socket, select.POLLRDHUP)
        while not (self._over.is_set() or watch.poll(_GLANCE_MILLISECONDS)):
            pass

    def _parts(self, kind: int) -> tuple[int, list[bytes]]:
        parts = []
        while True:
            context, control, content = self._next()
            if control & units.COMMAND != kind:
                raise Gone
            parts.append(content)
            if control & units.LAST:
                return context, parts

    def _next(self) -> tuple[int, int, bytes]:
        while (fragment := next(self._fragments, None)) is None:
            kind, body = self.read_pdu()
            if kind == units.RELEASE_RQ:
                raise Released
            if kind != units.P_DATA:
                raise Gone
            self._fragments = units.read_pdvs(body)
        return fragment

    def _exactly(self, count: int) -> bytes:
        content = bytearray()
        while len(content) < count:
            try:
                received = self._socket.recv(min(count - len(content), 1 << 20))
            except OSError as wrong:
                raise Gone from wrong
            if not received:
                raise Gone
            content += received
        return bytes(content)
