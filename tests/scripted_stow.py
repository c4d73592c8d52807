"""A STOW-RS service of raw sockets: it reads requests as it is told to, and answers each by a function of the test.

with scripted_stow.server(scripted_stow.stored) as service:
    ...
assert service.received[0].whole
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from linkexchange.dataset import split_part10
from linkexchange.dicomweb.multipart import boundary_of, read_parts
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport, Store

CT = "1.2.840.10008.5.1.4.1.1.2"


@dataclass(slots=True)
class Received:
    """A request: its head, as much of its body as came, and whether that was all of it."""

    head: dict[str, str]
    connection: int
    body: bytearray = field(default_factory=bytearray)
    whole: bool = False

    @property
    def uid(self) -> str:
        return self.files()[0][0]

    def files(self) -> list[tuple[str, bytes]]:
        """The DICOM files in it: SOP Instance UID and data set."""
        body = memoryview(self.body)

        def readinto(buffer: memoryview) -> int:
            nonlocal body
            count = min(len(buffer), len(body))
            buffer[:count] = body[:count]
            body = body[count:]
            return count

        found = []
        for part in read_parts(readinto, boundary_of(self.head["content-type"])):
            meta, chunks = split_part10(part.chunks)
            found.append((str(meta.sop_instance), b"".join(chunks)))
        return found


Answer = Callable[[Received], bytes]

_KEPT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Tls:
    """Both sides of a connection over TLS."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@dataclass
class StowServer:
    """Where it listens, and what it has received, in the order of the beginnings."""

    scheme: str
    port: int
    answer: Answer
    reads: bool = True
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def passport(self, **changes: Any) -> Passport:
        url = f"{self.scheme}://localhost:{self.port}/base/"
        return Passport("stow", AeTitle("STOW"), "localhost", 104, dicomweb_url=url, store=Store.STOW_RS, **changes)

    def serve(self, listening: socket.socket, context: ssl.SSLContext | None) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = listening.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(plain, context, self.connections), daemon=True).start()

    def _serve(self, plain: socket.socket, context: ssl.SSLContext | None, number: int) -> None:
        plain.settimeout(20)
        with contextlib.suppress(OSError, ValueError), plain:
            self._talk(context.wrap_socket(plain, server_side=True) if context else plain, number)

    def _talk(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rb") as file:
            while head := _head(file):
                request = Received(head, number)
                self.received.append(request)
                if self.reads:
                    self._read(file, request)
                connection.sendall(self.answer(request))
                if not self.reads:
                    return

    def _read(self, file: BinaryIO, request: Received) -> None:
        while size := int(file.readline(), 16):
            piece = file.read(size)
            request.body += piece
            if len(piece) < size or file.readline() != b"\r\n":
                raise ValueError("cut off")
        request.whole = file.readline() == b"\r\n"


@contextmanager
def server(answer: Answer, *, reads: bool = True, context: ssl.SSLContext | None = None) -> Iterator[StowServer]:
    """Serve until the end of the block; with `reads` off, answer a request without its body and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # What the system may keep for a reader that is late differs by machine, and grows.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KEPT_BYTES)
        service = StowServer("https" if context else "http", listening.getsockname()[1], answer, reads)
        thread = threading.Thread(target=service.serve, args=(listening, context), daemon=True)
        thread.start()
        try:
            yield service
        finally:
            service.over.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    """An answer."""
    lines = [f"HTTP/1.1 {status} Scripted", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def stored(request: Received) -> bytes:
    """All of it has been stored."""
    return http(200, answer(stored=[(request.uid, None)]))


def answer(*, stored: list[tuple[str, int | None]] | None = None, failed: list[tuple[str, int]] | None = None) -> bytes:
    """The body of an answer: instances with their Warning Reason, and with their Failure Reason."""
    rows = {"00081199": _items(stored or [], "00081196"), "00081198": _items(failed or [], "00081197")}
    return json.dumps(rows).encode()


def _items(instances: list[tuple[str, Any]], reason: str) -> dict[str, Any]:
    def row(uid: str, why: int | None) -> dict[str, Any]:
        named = {"00081150": {"vr": "UI", "Value": [CT]}, "00081155": {"vr": "UI", "Value": [uid]}}
        return named if why is None else {**named, reason: {"vr": "US", "Value": [why]}}

    return {"vr": "SQ", "Value": [row(uid, why) for uid, why in instances]}


def _head(file: BinaryIO) -> dict[str, str]:
    first = file.readline().decode().strip()
    if not first:
        return {}
    head = {"": first}
    while line := file.readline().decode().strip():
        name, _, value = line.partition(":")
        head[name.lower()] = value.strip()
    return head
