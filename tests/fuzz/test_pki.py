"""The fuzzer runs, is quiet about the product, and finds what is planted. Long runs: `python tests/fuzz/pki.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fuzz import pki_targets as targets

_SCRIPT = Path(__file__).with_name("pki.py")
_FOUND = 77


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


def fuzzed(*arguments: str) -> int:
    """Its exit code. By way of a shell: the peak of memory that is counted begins with that of the parent."""
    pytest.importorskip("atheris")
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, str(_SCRIPT), "-timeout=50", *arguments]
    return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.mark.slow
def test_a_short_run_finds_nothing() -> None:
    assert fuzzed("-max_total_time=10") == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", targets.PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    assert fuzzed(f"--plant={name}", "-max_total_time=1200") == _FOUND
