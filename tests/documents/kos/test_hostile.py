"""Hostile manifests: each ends in a fault within a second. Honest ones are read, however many images they list."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hostile_kos import HOSTILE
from kos_samples import GOOD
from link_samples import link

from linkexchange.documents import kos
from linkexchange.errors import DocumentFault

SECONDS = 10.0
"""Against hanging: ten times the limit."""


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_manifest_ends_in_a_fault_within_a_second(name: str) -> None:
    make, rule = HOSTILE[name]
    content = make()
    begun = time.process_time()
    with pytest.raises(DocumentFault) as refused:
        kos.read(content)
    assert time.process_time() - begun < SECONDS
    assert rule in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [[2_300], [1] * 700], ids=["many instances", "many series"])
def test_an_honest_manifest_with_more_elements_than_a_hostile_one_may_have_is_read(sizes: list[int]) -> None:
    large = replace(GOOD, manifest=link(*sizes).manifest)
    assert kos.link_of(kos.read(kos.write(large))) == large
