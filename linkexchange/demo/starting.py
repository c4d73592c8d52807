"""How the parts of a network on one machine are started and waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import IO

from linkexchange import lifeline
from linkexchange.errors import Unavailable

READY_SECONDS = 60.0


class NotReady(Unavailable):
    """A part of the network did not start."""

    code = "demo-not-ready"


def start(
    name: str,
    run: Callable[[], None],
    command: Sequence[str],
    *,
    output: IO[bytes],
    environment: dict[str, str] | None = None,
) -> lifeline.Child:
    """By fork, which starts far faster, or by its command where there are threads already."""
    if threading.active_count() == 1:
        return lifeline.fork(run, name=name, output=output)
    return lifeline.spawn(command, output=output, environment=environment)


def patience(process: lifeline.Child, deadline: float, what: str) -> None:
    """Wait a moment; raises `NotReady` where the process has ended or the time is over."""
    if process.poll() is not None or time.monotonic() > deadline:
        raise NotReady(f"{what} did not start; its log says why")
    time.sleep(0.02)
