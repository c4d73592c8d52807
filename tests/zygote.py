"""Hubs, nodes and the simulated TI of a test are forked by a process that has imported once what all of them need.

pytest's own processes have threads, so they cannot fork, and each household that starts as a command imports everything
anew. The zygote has no threads; it ends with the process that has started it, and its children end with it.
"""

from __future__ import annotations

import atexit
import os
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from signal import SIGKILL
from threading import Lock
from typing import IO, Any

from linkexchange import lifeline
from linkexchange.demo import network, starting, telematik

_MESSAGE_MAX = 1 << 20
_NAMESPACE = Path("/proc/self/ns/net")


class Zygote:
    """The other process, seen from a test."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._asking = Lock()
        self.namespace = _NAMESPACE.readlink()
        with theirs:
            command = [sys.executable, __file__]
            self._process = subprocess.Popen(command, stdin=theirs, preexec_fn=lifeline.bound(SIGKILL))  # noqa: PLW1509

    def close(self) -> None:
        """End it, and with it what still runs."""
        self._line.close()
        self._process.wait()

    def fork(self, run: Callable[[], None], name: str, output: IO[bytes]) -> Kin:
        """Run a function, which can be pickled, in a child of the zygote, with the environment of this process."""
        wish = pickle.dumps((partial(_with_environment, dict(os.environ), run), name))
        with self._asking:
            socket.send_fds(self._line, [wish], [output.fileno()])
            return Kin(self, pickle.loads(self._line.recv(_MESSAGE_MAX)))

    def status(self, pid: int) -> int | None:
        """How a child has ended; None while it runs."""
        with self._asking:
            self._line.send(pickle.dumps(pid))
            status: int | None = pickle.loads(self._line.recv(_MESSAGE_MAX))
            return status


class Kin(lifeline.Forked):
    """A child of the zygote, with the methods of a child of one's own."""

    def __init__(self, zygote: Zygote, pid: int) -> None:
        super().__init__(pid)
        self._zygote = zygote

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        if self.returncode is None:
            self.returncode = self._zygote.status(self.pid)
        return self.returncode


def take_over() -> None:
    """From now on networks of this process start by a zygote, but for what stands in a network namespace of its own."""
    zygote = Zygote()
    atexit.register(zygote.close)

    def start(
        name: str,
        run: Callable[[], None],
        command: Sequence[str],
        *,
        output: IO[bytes],
        environment: dict[str, str] | None = None,
    ) -> lifeline.Child:
        if zygote.namespace == _NAMESPACE.readlink():
            return zygote.fork(run, name, output)
        return starting.start(name, run, command, output=output, environment=environment)

    network.start = telematik.start = start


def _with_environment(environment: Mapping[str, str], run: Callable[[], None]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    run()


def _serve(line: socket.socket) -> None:
    """Fork, and say how children have ended, until nobody asks any more."""
    children: dict[int, lifeline.Forked] = {}
    while True:
        message, descriptors, _, _ = socket.recv_fds(line, _MESSAGE_MAX, 1)
        if not message:
            return
        wanted: Any = pickle.loads(message)
        asks = isinstance(wanted, int)
        answer = children[wanted].poll() if asks else _forked(*wanted, descriptors[0], children)
        line.send(pickle.dumps(answer))


def _forked(run: Callable[[], None], name: str, descriptor: int, children: dict[int, lifeline.Forked]) -> int:
    with os.fdopen(descriptor, "wb") as output:
        child = lifeline.fork(run, name=name, output=output)
    children[child.pid] = child
    return child.pid


def main() -> None:
    """What the other process does."""
    from linkexchange import processes

    processes.share_imports()
    line = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    with suppress(ConnectionError):
        _serve(line)


if __name__ == "__main__":
    main()
