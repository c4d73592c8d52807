from __future__ import annotations

import pytest

from ti_adapter.idp import IdpRefused
from ti_adapter.idp.fault import ADVICE, Whose, advice_for
from ti_adapter.simulator.idp.refusal import Code


@pytest.mark.parametrize("code", [*ADVICE, "", "9999"])
def test_every_code_says_what_to_do_in_german_and_in_english(code: str) -> None:
    advice = advice_for(code)
    assert advice.german.endswith(".")
    assert advice.english.endswith(".")
    assert advice.german != advice.english


def test_every_code_that_the_simulated_idp_uses_is_known() -> None:
    assert {code.value for code in Code} <= ADVICE.keys()


@pytest.mark.parametrize(
    ("code", "whose", "again"),
    [
        ("1002", Whose.SOFTWARE, False),
        ("2012", Whose.SITE, False),
        ("2020", Whose.SITE, False),
        ("2013", Whose.SITE, False),
        ("1030", Whose.SITE, False),
        ("-1", Whose.SOFTWARE, False),
        ("2032", Whose.NOBODY, True),
        ("3005", Whose.NOBODY, True),
        ("1500", Whose.IDP, True),
        ("9999", Whose.IDP, False),
    ],
)
def test_a_code_says_whose_it_is_and_whether_another_try_may_help(code: str, whose: Whose, again: bool) -> None:
    advice = IdpRefused(code).advice
    assert (advice.whose, advice.again) == (whose, again)
