from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from telematik_bench import Clock, TelematikBench, running


@pytest.fixture(scope="session")
def ti(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TelematikBench]:
    """The TI in its own process; whatever a test switches wrong is right again afterwards."""
    folder: Path = tmp_path_factory.mktemp("ti")
    with running(folder) as bench:
        yield bench


@pytest.fixture
def bench(ti: TelematikBench) -> Iterator[TelematikBench]:
    ti.clock.ahead = Clock().ahead
    yield ti
    ti.ti.switchboard.all_off()
