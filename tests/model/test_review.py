"""Four eyes are those of two persons, however their names are written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.review import Review, identity, is_reviewed, objection

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def review(name: str) -> Review:
    return Review(identity(name), name, justified=True, note="", at=NOW)


@pytest.mark.parametrize("name", ["Dr. One", "dr. one", "  DR.\tONE ", "Dr.\u00a0One", "Ｄｒ. Ｏｎｅ"])
def test_a07_one_person_is_one_identity(name: str) -> None:
    assert identity(name) == "dr. one"
    assert objection([review("Dr. One")], name, "Dr. Ask") == "same-person"
    assert objection([], name, " dr.  ONE") == "requester"


@given(st.text())
def test_how_a_name_is_written_makes_no_second_person(name: str) -> None:
    assert identity(identity(name)) == identity(name)
    assert identity(f"  {name}\u2003") == identity(name)


def test_two_persons_end_it() -> None:
    one, two = review("One"), review("Two")
    assert not is_reviewed([])
    assert not is_reviewed([one, review("ONE")])
    assert is_reviewed([one, two])
    assert objection([one], "Two", "Ask") is None
    assert objection([one, two], "Three", "Ask") == "reviewed"
