"""The fuzzer of XDS runs, is quiet about the product, and finds what is planted; as `test_codec.py`."""

from __future__ import annotations

import pytest
from fuzz import xds_targets as targets
from fuzz.short import FOUND, fuzzed

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("target", targets.TARGETS, ids=lambda target: target.__name__)
def test_every_target_has_a_seed_that_is_believed(target: targets.Target) -> None:
    target(targets.SEEDS[target][0])


def test_every_seed_is_read_or_cleanly_refused() -> None:
    for seed in targets.seeds():
        targets.one_input(seed)


def test_a_short_run_finds_nothing() -> None:
    assert fuzzed("xds.py", "-max_total_time=2") == 0


@pytest.mark.parametrize("name", targets.PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    assert fuzzed("xds.py", f"--plant={name}", "-max_total_time=1200") == FOUND
