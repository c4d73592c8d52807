"""The process of the relay."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import ssl
from collections.abc import Callable

from linkexchange.relay.dialing import Place
from linkexchange.relay.server import Admit, Relay, Rules

_BACKLOG = 512


def serve(place: Place, context: ssl.SSLContext, admit: Admit, rules: Rules) -> None:
    """Listen until SIGTERM or SIGINT, let streams end for a while, then come back."""
    _allow_files()
    with socket.create_server(place, backlog=_BACKLOG) as listener:
        asyncio.run(_run(listener, lambda: Relay(listener, context, admit, rules)))


async def _run(listener: socket.socket, make: Callable[[], Relay]) -> None:
    relay, loop = make(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, relay.stop)
    await relay.run()


def _allow_files() -> None:
    """A connection is a file: as many as this process may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
