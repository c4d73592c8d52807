"""A simulated IDP for the tests of a file, put right again after each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from simulated_idp import IdpWorld, running_idp


@pytest.fixture(scope="module")
def served_idp() -> Iterator[IdpWorld]:
    with running_idp() as world:
        yield world


@pytest.fixture
def world(served_idp: IdpWorld) -> Iterator[IdpWorld]:
    yield served_idp
    served_idp.reset()
