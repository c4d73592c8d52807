"""Rules that let go: what they hold for, and what a slip of the pen cannot do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.letting import REVIEW_DAYS, Facts, LettingRule, first_fitting, load
from linkexchange.model.release_request import Kind

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ROW: dict[str, Any] = {"name": "a", "kinds": ["second-opinion", "no-record"], "requesters": ["*"]}
FACTS = Facts(Kind.NO_RECORD, TelematikId("1-2-practice"), frozenset({"CT", "SR"}), NOW - timedelta(days=10))


def rule(**changes: Any) -> LettingRule:
    return LettingRule.from_row({**ROW, **changes})


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"kinds": ["second-opinion"]}, False),
        ({"kinds": ["emergency"]}, False),
        ({"requesters": ["1-2-practice"]}, True),
        ({"requesters": ["1-2-practice2", "5-*"]}, False),
        ({"requesters": ["1-*"]}, True),
        ({"modalities": ["ct", "SR", "MR"]}, True),
        ({"modalities": ["CT"]}, False),
        ({"not_older_than_days": 10}, True),
        ({"not_older_than_days": 9}, False),
    ],
    ids=str,
)
def test_a_rule_fits_where_all_that_it_names_holds(changes: dict[str, Any], fits: bool) -> None:
    assert rule(**changes).fits(FACTS, NOW) is fits


@pytest.mark.parametrize("changes", [{"modalities": ["CT"]}, {"not_older_than_days": 36_500}], ids=str)
def test_what_is_not_known_holds_nowhere(changes: dict[str, Any]) -> None:
    assert not rule(**changes).fits(Facts(Kind.NO_RECORD, FACTS.requester, frozenset(), None), NOW)


def test_a_study_of_tomorrow_is_not_recent() -> None:
    tomorrow = Facts(Kind.NO_RECORD, FACTS.requester, frozenset({"CT"}), NOW + timedelta(days=1))
    assert not rule(not_older_than_days=9).fits(tomorrow, NOW)


def test_the_first_that_fits_lets_go_and_without_rules_none_does() -> None:
    rules = [rule(name="x", kinds=["emergency"]), rule(name="y"), rule(name="z")]
    found = first_fitting(rules, FACTS, NOW)
    assert found
    assert found.name == "y"
    assert first_fitting([], FACTS, NOW) is None


@given(
    st.sets(st.sampled_from([it for it in Kind if it is not Kind.EMERGENCY]), min_size=1),
    st.booleans(),
    st.integers(1, 36_500),
)
def test_no_rule_without_the_word_lets_go_in_an_emergency(kinds: set[Kind], everybody: bool, days: int) -> None:
    one = rule(kinds=sorted(kinds), requesters=["*" if everybody else FACTS.requester], not_older_than_days=days)
    emergency = Facts(Kind.EMERGENCY, FACTS.requester, FACTS.modalities, FACTS.started)
    assert not one.fits(emergency, NOW)


@given(st.integers(1, 500), st.integers(0, 400))
def test_a_rule_shortens_a_release_and_never_prolongs_it(days: int, asked: int) -> None:
    today = NOW.astimezone().date()
    until = rule(days=days).until(today + timedelta(days=asked), NOW)
    assert until == today + timedelta(days=min(days, asked))
    assert rule().until(date(2026, 12, 1), NOW) == date(2026, 12, 1)


def test_what_was_loaded_comes_back() -> None:
    rows = [
        {**ROW, "why": "Vertrag", "modalities": ["CT"], "not_older_than_days": 9, "days": 3},
        {"name": "er", "kinds": ["emergency"], "requesters": ["1-2-*"]},
    ]
    rules = load({"rules": rows})
    assert rules[1].review_days == REVIEW_DAYS
    assert load({"rules": [it.to_row() for it in rules]}) == rules


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ({**ROW, "name": "A"}, "name"),
        ({"kinds": ["no-record"], "requesters": ["*"]}, "name"),
        ({"name": "a", "requesters": ["*"]}, "kinds"),
        ({**ROW, "kinds": []}, "kinds"),
        ({**ROW, "kinds": ["always"]}, "kinds"),
        ({**ROW, "kinds": ["emergency", "no-record"]}, "kinds"),
        ({"name": "a", "kinds": ["no-record"]}, "requesters"),
        ({**ROW, "requesters": [""]}, "requesters"),
        ({**ROW, "requesters": ["*-2"]}, "requesters"),
        ({**ROW, "requesters": ["practice*"]}, "requesters"),
        ({**ROW, "modalities": "CT"}, "modalities"),
        ({**ROW, "modalities": [" "]}, "modalities"),
        ({**ROW, "days": 0}, "days"),
        ({**ROW, "days": True}, "days"),
        ({**ROW, "not_older_than_days": 36_501}, "not_older_than_days"),
        ({**ROW, "why": "x" * 201}, "why"),
        ({**ROW, "modality": ["CT"]}, "modality"),
        ("a", "not a row"),
    ],
    ids=str,
)
def test_a_row_that_is_wrong_is_refused_by_its_key(row: object, key: str) -> None:
    with pytest.raises(ValueError, match=f"rule 1: .*{key}"):
        load({"rules": [row]})


@pytest.mark.parametrize("document", [{}, {"rules": {}}, {"rules": [], "more": 1}, {"rules": [ROW] * 201}], ids=len)
def test_a_document_is_one_list(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="one list"):
        load(document)


def test_a_name_stands_once() -> None:
    with pytest.raises(ValueError, match="a: stands there twice"):
        load({"rules": [ROW, ROW]})
