"""Values as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.web.pages.text import FOREIGN_MAX_CHARACTERS, day, foreign, moment, person, size


def test_w_01_what_others_wrote_cannot_turn_the_text_around_it() -> None:
    assert foreign("CT\u202egnp.exe\u0000\u200b\x1b[31m") == "<bdi>CTgnp.exe[31m</bdi>"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Müller^Jörg", "Müller, Jörg"),
        ("Mueller^Joerg=Müller^Jörg", "Mueller, Joerg"),
        ("von der Heide^Änne^Maria^Dr.", "von der Heide, Änne Maria"),
        ("Müller", "Müller"),
        ("^Jörg", "Jörg"),
        ("", ""),
    ],
)
def test_a_person_name_is_written_as_one_writes_it(name: str, written: str) -> None:
    assert person(name) == written


def test_w_01_lines_and_tabs_become_spaces() -> None:
    assert foreign("a\r\n\tb\u2028c") == "<bdi>a b c</bdi>"


def test_w_01_a_title_without_end_is_cut_and_says_so() -> None:
    assert foreign("x" * 100_000) == f"<bdi>{'x' * FOREIGN_MAX_CHARACTERS}…</bdi>"


@given(st.text())
def test_w_01_no_text_makes_a_tag_or_leaves_an_attribute(text: str) -> None:
    inner = foreign(text).removeprefix("<bdi>").removesuffix("</bdi>")
    assert not set(inner) & set("<>\"'")


def test_dates_are_german_and_nothing_is_a_dash() -> None:
    assert (day(date(1950, 2, 28)), day(None), moment(None)) == ("28.02.1950", "–", "–")


def test_times_are_those_of_this_machine() -> None:
    at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert moment(at) == f"{at.astimezone():%d.%m.%Y, %H:%M} Uhr"


def test_sizes_have_a_unit_that_fits() -> None:
    assert (size(800), size(525_000_000)) == ("0,8 kB", "525,0 MB")
