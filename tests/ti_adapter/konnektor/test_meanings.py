from __future__ import annotations

from pathlib import Path

import pytest

from ti_adapter.errors import CardFailed
from ti_adapter.konnektor.errors import ConfigurationRefused, KonnektorFailed
from ti_adapter.konnektor.meanings import MEANINGS, Meaning, fault_of


def test_every_code_has_a_reason_and_an_advice_of_its_own() -> None:
    assert len({meaning.reason for meaning in MEANINGS.values()}) == len(MEANINGS)
    assert all(meaning.advice.endswith(".") for meaning in MEANINGS.values())


@pytest.mark.parametrize("code", MEANINGS)
def test_a_code_becomes_the_error_of_its_family_and_says_so(code: int) -> None:
    failed, meaning = fault_of([code]), MEANINGS[code]
    assert (type(failed), failed.code, failed.reason) == (meaning.kind, code, meaning.reason)
    assert str(code) in str(failed)
    assert meaning.advice in str(failed)
    assert isinstance(failed, CardFailed)


@pytest.mark.parametrize("code", MEANINGS)
def test_the_page_for_administrators_tells_every_code(code: int) -> None:
    page = Path(__file__).parents[3] / "docs/reference/ti-konnektor.md"
    meaning = MEANINGS[code]
    row = f"| {code} | {meaning.kind.__name__} | `{meaning.reason}` | {meaning.advice} |"
    assert row in page.read_text().splitlines()


def test_a_product_with_codes_of_its_own_brings_its_own_table() -> None:
    own = {7: Meaning(ConfigurationRefused, "licence", "Buy one.")}
    assert fault_of([7], own).reason == "licence"
    assert type(fault_of([4085], own)) is KonnektorFailed
