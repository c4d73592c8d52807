"""A simulated Konnektor for the tests of a file, renewed for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from konnektor_bench import Bench, make_konnektor, running


@pytest.fixture(scope="module")
def served() -> Iterator[Bench]:
    with running(make_konnektor()) as served:
        yield served


@pytest.fixture
def bench(served: Bench) -> Bench:
    served.renew()
    return served
