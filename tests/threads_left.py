"""Threads that a test began and that go on behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def none() -> Iterator[None]:
    """Whatever happens inside, its threads are gone soon after."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    while left := set(threading.enumerate()) - before:
        assert time.monotonic() < deadline, left
        time.sleep(0.01)
