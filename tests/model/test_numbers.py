"""Numbers of the German health system: digits and check digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.identifiers import Bsnr, Identifier, Iknr, Lanr


@pytest.mark.parametrize(
    ("kind", "value"),
    [(Bsnr, "123456789"), (Iknr, "109905003"), (Iknr, "260326822"), (Lanr, "123456601"), (Lanr, "999999900")],
)
def test_a_right_number_is_taken(kind: type[Identifier], value: str) -> None:
    assert kind(value) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Bsnr, "12345678"),
        (Bsnr, "12345678x"),
        (Iknr, "10990500"),
        (Iknr, "109905004"),
        (Lanr, "123456701"),
        (Lanr, "1234566"),
        (Lanr, "١٢٣٤٥٦٦٠١"),
    ],
)
def test_a_wrong_number_is_refused_without_being_named(kind: type[Identifier], value: str) -> None:
    with pytest.raises(ValueError, match=r"^not a") as refused:
        kind(value)
    assert value not in str(refused.value)


@given(st.from_regex(r"[0-9]{8}", fullmatch=True), st.integers(2, 8), st.integers(1, 9))
def test_one_wrong_digit_of_those_that_an_iknr_checks_is_noticed(stem: str, place: int, distance: int) -> None:
    iknr = Iknr.with_check_digit(stem)
    wrong = (int(iknr[place]) + distance) % 10
    with pytest.raises(ValueError, match="check digit"):
        Iknr(f"{iknr[:place]}{wrong}{iknr[place + 1 :]}")
