from __future__ import annotations

from collections.abc import Iterator

import pytest
import threads_left
from hypothesis import settings

# On a busy machine a time limit says nothing, and a database of examples would be left behind.
settings.register_profile("house", deadline=None, database=None)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """Whatever a test does to an association, its threads are gone soon after."""
    with threads_left.none():
        yield
