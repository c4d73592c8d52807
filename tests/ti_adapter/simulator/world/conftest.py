from __future__ import annotations

from collections.abc import Iterator

import pytest
from simulated_world import World, running_world


@pytest.fixture(scope="session")
def whole_ti(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One process for all tests."""
    with running_world(tmp_path_factory.mktemp("ti")) as world:
        yield world
