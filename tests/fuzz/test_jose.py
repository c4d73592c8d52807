"""The fuzzer of tokens runs, is quiet about the product, and finds what is planted; as `test_codec.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fuzz import tokens

_SCRIPT = Path(__file__).with_name("jose.py")
_FOUND = 77


@pytest.mark.parametrize("number", range(len(tokens.TARGETS)), ids=lambda number: tokens.TARGETS[number].__name__)
def test_a_seed_is_read_or_cleanly_refused(number: int) -> None:
    tokens.one_input(list(tokens.seeds())[number])


def test_the_seeds_that_are_signed_are_believed() -> None:
    for target in (tokens.token, tokens.id_token, tokens.asked, tokens.document, tokens.certificate, tokens.nested):
        target(tokens._SEEDS[target])


def fuzzed(*arguments: str) -> int:
    pytest.importorskip("atheris")
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, str(_SCRIPT), "-timeout=50", *arguments]
    return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.mark.slow
def test_a_short_run_finds_nothing() -> None:
    assert fuzzed("-max_total_time=2") == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", tokens.PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    assert fuzzed(f"--plant={name}", "-max_total_time=300") == _FOUND
