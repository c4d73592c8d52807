"""A child process ends when its parent ends, however that happens. Linux does it: PR_SET_PDEATHSIG.

The kernel watches the thread that started the child, so children are started from a main thread.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from linkexchange.errors import Fault, SettingRefused
from linkexchange.logs import bug

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_TURN_SECONDS = 0.02
_libc = ctypes.CDLL(None)


def bound(ending: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: let the parent's end send `ending` to the child."""
    parent = os.getpid()

    def between_fork_and_exec() -> None:
        _heed_signals()
        _libc.prctl(_PR_SET_PDEATHSIG, ending)
        if os.getppid() != parent:
            os._exit(1)

    return between_fork_and_exec


def spawn(
    command: Sequence[str | Path],
    *,
    ending: signal.Signals = signal.SIGTERM,
    output: IO[bytes] | int | None = None,
    environment: dict[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child that cannot outlive this process, in a session of its own, so that Ctrl-C reaches only us."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=environment,
        start_new_session=True,
        preexec_fn=bound(ending),  # noqa: PLW1509 - nobody starts children from a process with threads
    )


class Forked:
    """A forked child, with the methods of `subprocess.Popen` that are used here."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended; raises `subprocess.TimeoutExpired`."""
        begun = time.monotonic()
        while (status := self.poll()) is None:
            if timeout is not None and time.monotonic() - begun > timeout:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(_TURN_SECONDS)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """A signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Make it end."""
        self.send_signal(signal.SIGKILL)


Child = subprocess.Popen[bytes] | Forked


def fork(
    run: Callable[[], None], *, name: str, ending: signal.Signals = signal.SIGTERM, output: IO[bytes] | None = None
) -> Forked:
    """Run a function in a child that cannot outlive this process.

    What this process has imported the child need not import again, and both share its memory. Call it before there are
    threads. Nothing but the standard streams is inherited. `name` is what `ps -o comm` shows.
    """
    parent = os.getpid()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = _child(run, name, ending, parent=parent, output=output)
        finally:
            # Whatever happens, the child never comes back into the code that has forked it.
            os._exit(status)
    return Forked(pid)


def _child(run: Callable[[], None], name: str, ending: signal.Signals, *, parent: int, output: IO[bytes] | None) -> int:
    try:
        _begin(name, ending, output=output)
        if os.getppid() == parent:
            run()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except Fault as fault:
        return ended_by(fault)
    except BaseException as unexpected:
        bug("process ended by a bug", unexpected)
        return 1
    sys.stdout.flush()
    return 0


def ended_by(fault: Fault) -> int:
    """Say in one line why this process ends; its status: 2 means that a setting is wrong, 1 that something else is."""
    print(f"linkexchange: {fault}", file=sys.stderr)  # noqa: T201
    return 2 if isinstance(fault, SettingRefused) else 1


def _begin(name: str, ending: signal.Signals, *, output: IO[bytes] | None) -> None:
    os.setsid()
    if output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    # Whoever configures logging anew closes the old handlers, whose numbers could be those of our own files by then.
    logging.shutdown()
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    # Fresh ones, since those of the parent may stand for files that are closed now.
    sys.stdout, sys.stderr = (open(number, "w", buffering=1, closefd=False) for number in (1, 2))  # noqa: SIM115
    _heed_signals()
    _libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)
    _libc.prctl(_PR_SET_PDEATHSIG, ending)


def _heed_signals() -> None:
    """A shell lets what it runs in the background ignore SIGINT, and children inherit that."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def follow_parent(ending: signal.Signals = signal.SIGTERM) -> None:
    """Let this very process end with the one that started it."""
    parent = os.getppid()
    _libc.prctl(_PR_SET_PDEATHSIG, ending)
    if os.getppid() != parent:
        os.kill(os.getpid(), ending)


def stop(child: Child, patience_seconds: float = 20.0) -> None:
    """Ask a child to end, and make it end when it does not."""
    child.terminate()
    try:
        child.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
