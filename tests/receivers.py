"""Receivers of audit entries: a syslog server over TLS (RFC 5425), and a FHIR server that takes batches.

They are written from the standards and not from our senders, and may be told to be down, slow, or to lose their answer.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Syslog:
    """`messages` are those that came whole; `resets` lets so many connections break before they are read."""

    context: ssl.SSLContext
    messages: list[bytes] = field(default_factory=list)
    resets: int = 0
    slow_seconds: float = 0
    _socket: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return
            with plain, suppress(OSError):
                plain.settimeout(10)
                self._talk(plain)

    def _talk(self, plain: socket.socket) -> None:
        if self.resets:
            self.resets -= 1
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return
        with self.context.wrap_socket(plain, server_side=True) as secured:
            stream = b""
            while part := secured.recv(65536):
                stream += part
                time.sleep(self.slow_seconds)
            self.messages += frames(stream)
            with suppress(OSError):
                secured.unwrap()


def frames(stream: bytes) -> list[bytes]:
    """MSG-LEN SP SYSLOG-MSG (RFC 5425 section 4.3)."""
    found = []
    while stream:
        length, _, rest = stream.partition(b" ")
        assert len(rest) >= int(length), "a frame that is cut short"
        found.append(rest[: int(length)])
        stream = rest[int(length) :]
    return found


@dataclass
class Feed:
    """`resources` are the AuditEvents that were taken; each answer may be a `status` other than 200, or be `lost`."""

    context: ssl.SSLContext
    resources: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    lost: int = 0
    refuses_last: bool = False

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.socket = self.context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_address[1]}/fhir"

    def take(self, bundle: dict[str, Any]) -> dict[str, Any]:
        rows = bundle["entry"][: -1 if self.refuses_last else None]
        self.resources += [it["resource"] for it in rows]
        statuses = ["201 Created"] * len(rows) + ["422"] * self.refuses_last
        entries = [{"response": {"status": it}} for it in statuses]
        return {"resourceType": "Bundle", "type": "batch-response", "entry": entries}


def _handler(feed: Feed) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/fhir+json"
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = feed.take(content) if feed.status == 200 else {}
            if feed.lost:
                feed.lost -= 1
                self.connection.close()
                return
            body = json.dumps(answer).encode()
            self.send_response(feed.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
