"""A child process ends when its parent ends, however that happens. Linux does it: PR_SET_PDEATHSIG.

The kernel watches the thread that started the child, so children are started from a main thread.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_libc = ctypes.CDLL(None)


def bound(ending: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: let the parent's end send `ending` to the child."""
    parent = os.getpid()

    def between_fork_and_exec() -> None:
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


def fork(run: Callable[[], None], *, name: str, ending: signal.Signals = signal.SIGTERM) -> int:
    """Run a function in a child that cannot outlive this process; the answer is its pid.

    What this process has imported the child need not import again, and both share its memory. Call it before there are
    threads. Nothing but the standard streams is inherited. `name` is what `ps -o comm` shows.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os._exit(_child(run, name, ending, parent=parent))
    return pid


def _child(run: Callable[[], None], name: str, ending: signal.Signals, *, parent: int) -> int:
    try:
        os.setsid()
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        _libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)
        _libc.prctl(_PR_SET_PDEATHSIG, ending)
        if os.getppid() == parent:
            run()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def follow_parent(ending: signal.Signals = signal.SIGTERM) -> None:
    """Let this very process end with the one that started it."""
    parent = os.getppid()
    _libc.prctl(_PR_SET_PDEATHSIG, ending)
    if os.getppid() != parent:
        os.kill(os.getpid(), ending)


def stop(child: subprocess.Popen[bytes], patience_seconds: float = 20.0) -> None:
    """Ask a child to end, and make it end when it does not."""
    child.terminate()
    try:
        child.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
