"""Free TCP ports on the loopback address that two demos or tests never share."""

from __future__ import annotations

import atexit
import socket
from random import SystemRandom

HOST = "127.0.0.1"
_FIRST, _COUNT = 20_000, 12_000
_reserved: list[socket.socket] = []


@atexit.register
def _give_back() -> None:
    while _reserved:
        _reserved.pop().close()


def free_port() -> int:
    """A port that no other process of ours takes for as long as this one lives.

    Ports below the ephemeral range are never given to an outgoing connection. An abstract Unix socket named after the
    port is the lock between processes; the kernel drops it when its owner ends.
    """
    while True:
        port = _FIRST + SystemRandom().randrange(_COUNT)
        if _reserve(port) and not listens(port):
            return port


def _reserve(port: int) -> bool:
    lock = socket.socket(socket.AF_UNIX)
    try:
        lock.bind(f"\0linkexchange-port-{port}")
    except OSError:
        lock.close()
        return False
    _reserved.append(lock)
    return True


def listens(port: int, host: str = HOST) -> bool:
    """Whether somebody takes calls there."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
