"""A server of raw bytes: it answers what it is told to, whole, in pieces or cut off, with or without TLS.

with scripted.server(scripted.http(200, b"body"), scripted.cut(scripted.http(200, b"body"), 50)) as server:
    ...
assert server.requests[0].startswith("GET /")
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum


class Then(Enum):
    """What follows an answer."""

    KEEP = "wait for the next request on the same connection"
    CLOSE = "close the connection"
    RESET = "reset the connection"
    STALL = "send nothing more, until the test is over"


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes for one request."""

    content: bytes
    then: Then = Then.KEEP


@dataclass
class ScriptedServer:
    """Where it listens, the heads of the requests that came, and over how many connections."""

    scheme: str
    port: int
    connections: int = 0
    requests: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"


def http(status: int, body: bytes = b"", *, framing: str = "length", headers: tuple[str, ...] = ()) -> Answer:
    """An answer whose body ends by its `length`, in `chunked` encoding, or with the `connection`."""
    lines = [f"HTTP/1.1 {status} Scripted", *headers]
    if framing == "length":
        lines.append(f"Content-Length: {len(body)}")
    if framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in _pieces(body)) + b"0\r\n\r\n"
    head = "\r\n".join([*lines, "", ""]).encode()
    return Answer(head + body, Then.CLOSE if framing == "connection" else Then.KEEP)


def cut(answer: Answer, size: int, then: Then = Then.CLOSE) -> Answer:
    """The beginning of an answer."""
    return replace(answer, content=answer.content[:size], then=then)


@contextmanager
def server(*answers: Answer, context: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """Serve the answers in order, over as many connections as it takes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        script = ScriptedServer("https" if context else "http", listening.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listening, script, list(answers), context), daemon=True)
        thread.start()
        try:
            yield script
        finally:
            script.over.set()
            # Closing does not wake a thread that waits in accept; shutting down does.
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)
    assert not thread.is_alive()


def _serve(
    listening: socket.socket, script: ScriptedServer, answers: list[Answer], context: ssl.SSLContext | None
) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
            script.connections += 1
            connection.settimeout(10)
            with connection, contextlib.suppress(OSError):
                talking = context.wrap_socket(connection, server_side=True) if context else connection
                with talking:
                    _talk(talking, script, answers)


def _talk(connection: socket.socket, script: ScriptedServer, answers: list[Answer]) -> None:
    while head := _head(connection, script):
        script.requests.append(head)
        answer = answers.pop(0)
        connection.sendall(answer.content)
        if answer.then is Then.STALL:
            script.over.wait(30)
        if answer.then is Then.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if answer.then is not Then.KEEP:
            return


def _head(connection: socket.socket, script: ScriptedServer) -> str:
    head = b""
    connection.settimeout(0.2)
    while not head.endswith(b"\r\n\r\n"):
        try:
            received = connection.recv(65536)
        except TimeoutError:
            if script.over.is_set():
                return ""
            continue
        if not received:
            return ""
        head += received
    connection.settimeout(10)
    return head.decode("latin-1")


def _pieces(body: bytes, size: int = 7001) -> Iterator[bytes]:
    return (body[place : place + size] for place in range(0, len(body), size))
