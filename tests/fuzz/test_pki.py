"""The fuzzer runs, is quiet about the product, and finds what is planted. Long runs: `python tests/fuzz/pki.py`."""

from __future__ import annotations

import pytest
from fuzz import pki_targets as targets
from fuzz.short import FOUND, fuzzed


def test_every_seed_is_read_or_cleanly_refused() -> None:
    for seed in targets.seeds():
        targets.one_input(seed)


def test_every_target_has_a_seed_that_is_accepted() -> None:
    accepted = set()
    for seed in targets.seeds():
        try:
            targets.TARGETS[seed[0]](seed[1:])
        except targets.ProofFailed:
            continue
        accepted.add(seed[0])
    assert accepted == set(range(len(targets.TARGETS)))


@pytest.mark.slow
def test_a_short_run_finds_nothing() -> None:
    assert fuzzed("pki.py", "-max_total_time=2") == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", targets.PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    assert fuzzed("pki.py", f"--plant={name}", "-max_total_time=1200") == FOUND
