from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import folder_origin
import pytest
import scripted_stow
import shipped
from certificates import Authority


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> scripted_stow.Tls:
    authority = Authority(tmp_path_factory.mktemp("tls"))
    pacs, node = authority.node(folder_origin.ORIGIN), authority.node(folder_origin.REQUESTER)
    return scripted_stow.Tls(pacs.server_context(), node.client_context())


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
