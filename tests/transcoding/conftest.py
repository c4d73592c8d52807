from __future__ import annotations

from collections.abc import Iterator

import pytest

from linkexchange.transcoding import TranscodingPool


@pytest.fixture(scope="module")
def pool() -> Iterator[TranscodingPool]:
    """One for all tests of a module: what happens to one image is nothing to the next."""
    pool = TranscodingPool()
    yield pool
    pool.close()
