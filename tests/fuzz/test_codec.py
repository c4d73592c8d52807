"""The fuzzer runs, is quiet about the product, and finds what is planted. Long runs: `python tests/fuzz/codec.py`."""

from __future__ import annotations

import pytest
from fuzz import targets
from fuzz.short import FOUND, fuzzed


@pytest.mark.parametrize("seed", list(targets.seeds()), ids=lambda seed: targets.TARGETS[seed[0]].__name__)
def test_a_seed_is_read_or_cleanly_refused(seed: bytes) -> None:
    targets.one_input(seed)


def test_every_target_has_a_seed() -> None:
    assert {seed[0] for seed in targets.seeds()} == set(range(len(targets.TARGETS)))


@pytest.mark.slow
def test_a_short_run_finds_nothing() -> None:
    assert fuzzed("codec.py", "-max_total_time=2") == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", targets.PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    assert fuzzed("codec.py", f"--plant={name}", "-max_total_time=1200") == FOUND
