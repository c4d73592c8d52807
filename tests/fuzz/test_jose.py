"""The fuzzer of tokens runs, is quiet about the product, and finds what is planted; as `test_codec.py`."""

from __future__ import annotations

import pytest
from fuzz import tokens
from fuzz.short import FOUND, fuzzed


@pytest.mark.parametrize("number", range(len(tokens.TARGETS)), ids=lambda number: tokens.TARGETS[number].__name__)
def test_a_seed_is_read_or_cleanly_refused(number: int) -> None:
    tokens.one_input(list(tokens.seeds())[number])


def test_the_seeds_that_are_signed_are_believed() -> None:
    for target in (tokens.token, tokens.id_token, tokens.asked, tokens.document, tokens.certificate, tokens.nested):
        target(tokens._SEEDS[target])


@pytest.mark.slow
def test_a_short_run_finds_nothing() -> None:
    assert fuzzed("jose.py", "-max_total_time=2") == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", tokens.PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    assert fuzzed("jose.py", f"--plant={name}", "-max_total_time=300") == FOUND
