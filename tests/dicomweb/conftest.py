from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import folder_origin
import pytest
import shipped


@pytest.fixture(scope="session")
def study() -> shipped.Study:
    return shipped.study()


@pytest.fixture(scope="session")
def shared_network(study: shipped.Study, tmp_path_factory: pytest.TempPathFactory) -> Iterator[folder_origin.Network]:
    with folder_origin.network(study, tmp_path_factory.mktemp("network")) as network:
        yield network


@pytest.fixture
def network(shared_network: folder_origin.Network, tmp_path: Path) -> folder_origin.Network:
    """A requester, and a folder origin of this test that listens."""
    return shared_network.renewed(tmp_path)
