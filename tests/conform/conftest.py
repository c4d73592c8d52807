from __future__ import annotations

from collections.abc import Iterator

import pytest
import threads_left


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """A peer that has ended leaves nothing behind."""
    with threads_left.none():
        yield
