"""What stands before any server: is the program there, which port is free."""

from __future__ import annotations

import os
import shutil
import socket
from random import SystemRandom

import pytest

HOST = "127.0.0.1"
PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))


def require(*programs: str) -> None:
    """Skip the test when a program is missing; in CI, where all must be there, fail it."""
    missing = [program for program in programs if shutil.which(program, path=PATH) is None]
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A TCP port that no other test process takes for as long as this one lives.

    Ports below the ephemeral range are never given to an outgoing connection. An abstract Unix socket named after the
    port is the lock between test processes; the kernel drops it when its owner dies.
    """
    for _ in range(1000):
        port = 20_000 + SystemRandom().randrange(12_000)
        if _reserve(port) and _unused(port):
            return port
    raise RuntimeError("no free port")


def _reserve(port: int) -> bool:
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        lock.bind(f"\0linkexchange-test-port-{port}")
    except OSError:
        lock.close()
        return False
    # From here on the process owns it, not this object, which would complain when the interpreter ends.
    lock.detach()
    return True


def _unused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0
