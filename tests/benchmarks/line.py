"""A long line on one machine: two network namespaces, joined by the delay line of `wan_link.c`."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE, THERE = "10.90.0.1", "10.90.0.2"
_CLONE_NEWNET = 0x40000000
_SOURCE = Path(__file__).parent / "wan_link.c"
_QUEUE_PACKETS = "10000"
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Line:
    """Two ends. `HERE` is the address of the near one, `THERE` that of the far one, each seen from the other."""

    near: str
    far: str

    @contextmanager
    def inside(self, namespace: str) -> Iterator[None]:
        """Whatever this thread opens or starts meanwhile stands in a namespace."""
        with Path("/proc/thread-self/ns/net").open() as before, Path("/run/netns", namespace).open() as target:
            _enter(target.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())


def missing() -> str:
    """Why there can be no line on this machine; empty where there can."""
    if os.geteuid():
        return "needs root"
    absent = [name for name in ("cc", "ip") if not shutil.which(name)]
    if not Path("/dev/net/tun").exists():
        absent.append("/dev/net/tun")
    return f"needs {', '.join(absent)}" if absent else ""


@contextmanager
def laid(folder: Path, *, round_trip_ms: float, mbit: int) -> Iterator[Line]:
    """Join two namespaces of this process's own."""
    line = Line(f"lxbench-near-{os.getpid()}", f"lxbench-far-{os.getpid()}")
    program = folder / "wan_link"
    subprocess.run(["cc", "-O2", "-o", program, _SOURCE], check=True)
    with ExitStack() as stack:
        for namespace in (line.near, line.far):
            _ip("netns", "add", namespace)
            stack.callback(_ip, "netns", "delete", namespace)
        command = [str(program), line.near, line.far, str(round_trip_ms / 2), str(mbit)]
        process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE))
        stack.callback(process.kill)
        assert process.stdout
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the delay line did not start")
        _address(line.near, HERE, THERE)
        _address(line.far, THERE, HERE)
        yield line


def round_trip_seconds(line: Line) -> float:
    """How long a TCP connection takes to be made from one end to the other: one round trip."""
    with line.inside(line.far):
        listener = socket.create_server((THERE, 0))
    with listener, line.inside(line.near):
        begun = time.monotonic()
        socket.create_connection(listener.getsockname()).close()
        return time.monotonic() - begun


def _address(namespace: str, own: str, other: str) -> None:
    _ip("-n", namespace, "link", "set", "lo", "up")
    _ip("-n", namespace, "address", "add", own, "peer", other, "dev", "far")
    _ip("-n", namespace, "link", "set", "far", "up", "txqueuelen", _QUEUE_PACKETS)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
