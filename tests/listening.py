"""An application that listens on a free port in a thread of the test process, as it does in production.

with listening.on(app, tls.server_context(...)) as port:
    ...
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLContext

import peers
from starlette.types import ASGIApp

from linkexchange.guarding import Peers, Place
from linkexchange.listener import listener
from linkexchange.threaded import Answering, Server
from linkexchange.threaded.connection import DEFAULT_LIMITS, Limits

READY_SECONDS = 10.0


@contextmanager
def on(app: ASGIApp, context: SSLContext | None, allowed: Peers | None = None) -> Iterator[int]:
    """Yield the port; at the end let requests finish, and stop."""
    port = peers.free_port()
    server = listener(app, host=peers.HOST, port=port, context=context)
    place = Place.at(peers.HOST, port, allowed or Peers())
    thread = threading.Thread(target=server.run, args=([place],), daemon=True)
    thread.start()
    try:
        wait(lambda: server.started)
        yield port
    finally:
        server.should_exit = True
        thread.join(READY_SECONDS + 10)
    assert not thread.is_alive(), "the server did not stop"


@contextmanager
def answering(answers: Answering, context: SSLContext, *, limits: Limits = DEFAULT_LIMITS) -> Iterator[int]:
    """The same for what answers in threads."""
    port = peers.free_port()
    server = Server(answers, host=peers.HOST, port=port, context=context, limits=limits)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        server.stop()
        thread.join(READY_SECONDS + 10)
    assert not thread.is_alive(), "the server did not stop"


def wait(ready: object) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
