"""The fuzzer runs, is quiet about the product, and finds what is planted. Long: `python tests/fuzz/konnektor.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fuzz import konnektor_targets as targets

pytestmark = pytest.mark.slow

_SCRIPT = Path(__file__).with_name("konnektor.py")
_FOUND = 77
_TIMEOUT = "-timeout=50"
"""Ten times that of long runs: while other tests run, the machine may stand still within an input."""


def test_every_target_has_a_seed_that_is_read() -> None:
    seeds = list(targets.seeds())
    assert {seed[0] for seed in seeds} == set(range(len(targets.NAMES)))
    for seed in seeds:
        if b"Fault" not in seed and seed[0] < len(targets.READERS):
            targets.answered(targets.NAMES[seed[0]], seed[1:])
        targets.one_input(seed)


def fuzzed(*arguments: str) -> int:
    """Its exit code. By way of a shell: the peak of memory that is counted begins with that of the parent."""
    pytest.importorskip("atheris")
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, str(_SCRIPT), _TIMEOUT, *arguments]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_a_short_run_finds_nothing() -> None:
    assert fuzzed("-max_total_time=5") == 0


@pytest.mark.parametrize("name", targets.PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    assert fuzzed(f"--plant={name}", "-max_total_time=1200") == _FOUND
