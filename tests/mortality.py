"""Processes that are started to be killed, and whether they are gone.

with mortality.python("print('ready', flush=True); input()") as process:
    process.kill()
    mortality.await_end(process.pid)
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 15.0


@contextmanager
def python(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A Python process of our own; its lines are read from `stdout`, and it is gone at the end in any case."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def await_end(pid: int) -> None:
    """Wait until no such process runs; one that nobody has buried yet does not run."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while runs(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.01)


def runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return "State:\tZ" not in status
