"""The fuzzer runs, is quiet about the product, and finds what is planted. Long: `python tests/fuzz/konnektor.py`."""

from __future__ import annotations

import pytest
from fuzz import konnektor_targets as targets
from fuzz.short import FOUND, fuzzed

pytestmark = pytest.mark.slow


def test_every_target_has_a_seed_that_is_read() -> None:
    seeds = list(targets.seeds())
    assert {seed[0] for seed in seeds} == set(range(len(targets.NAMES)))
    for seed in seeds:
        if b"Fault" not in seed and seed[0] < len(targets.READERS):
            targets.answered(targets.NAMES[seed[0]], seed[1:])
        targets.one_input(seed)


def test_a_short_run_finds_nothing() -> None:
    assert fuzzed("konnektor.py", "-max_total_time=2") == 0


@pytest.mark.parametrize("name", targets.PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    assert fuzzed("konnektor.py", f"--plant={name}", "-max_total_time=1200") == FOUND
