"""The fuzzer of tokens runs, is quiet about the product, and finds what is planted; as `test_codec.py`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fuzz import tokens
from fuzz.short import FOUND, fuzzed


@pytest.mark.parametrize("target", tokens.TARGETS, ids=lambda target: target.__name__)
def test_its_seeds_are_read_or_cleanly_refused(target: Callable[[bytes], None]) -> None:
    for seed in tokens.seeds():
        if tokens.TARGETS[seed[0]] is target:
            tokens.one_input(seed)


def test_the_seeds_that_are_signed_are_believed() -> None:
    idp = (tokens.token, tokens.id_token, tokens.asked, tokens.document, tokens.certificate, tokens.nested)
    for target in (*idp, tokens.popp_token, tokens.popp_header, tokens.popp_claims, tokens.popp_certificate):
        target(tokens._SEEDS[target])


@pytest.mark.slow
def test_a_short_run_finds_nothing() -> None:
    assert fuzzed("jose.py", "-max_total_time=2") == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", tokens.PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    assert fuzzed("jose.py", f"--plant={name}", "-max_total_time=300") == FOUND
