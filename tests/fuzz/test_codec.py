"""The fuzzer runs, is quiet about the product, and finds what is planted. Long runs: `python tests/fuzz/codec.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fuzz import targets

_SCRIPT = Path(__file__).with_name("codec.py")
_FOUND = 77
_TIMEOUT = "-timeout=50"
"""Ten times that of long runs: while other tests run, the machine may stand still within an input."""


@pytest.mark.parametrize("seed", list(targets.seeds()), ids=lambda seed: targets.TARGETS[seed[0]].__name__)
def test_a_seed_is_read_or_cleanly_refused(seed: bytes) -> None:
    targets.one_input(seed)


def test_every_target_has_a_seed() -> None:
    assert {seed[0] for seed in targets.seeds()} == set(range(len(targets.TARGETS)))


def fuzzed(*arguments: str) -> int:
    """Its exit code. By way of a shell: the peak of memory that is counted begins with that of the parent."""
    pytest.importorskip("atheris")
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, str(_SCRIPT), _TIMEOUT, *arguments]
    return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.mark.slow
def test_a_short_run_finds_nothing() -> None:
    assert fuzzed("-max_total_time=10") == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", targets.PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    assert fuzzed(f"--plant={name}", "-max_total_time=1200") == _FOUND
