from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.release import Condition, Facts, ReleaseRule, explain, load, withheld

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CT = Facts(frozenset({"CT"}), date(1970, 1, 2), "Chirurgie", "", NOW - timedelta(hours=3))
TEXTS = st.frozensets(st.sampled_from(["CT", "MR", "mr ", "", "*", "Größe"]), min_size=1).map(sorted)
ROWS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "modalities": TEXTS,
        "departments": TEXTS,
        "confidentiality": TEXTS,
        "younger_than_years": st.integers(1, 150),
        "at_least_years": st.integers(1, 150),
        "wait_days": st.integers(1, 36_500),
        "until": st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(str),
    },
).filter(bool)
FACTS = st.builds(
    Facts,
    st.frozensets(st.sampled_from(["CT", "MR", "XA", ""])),
    st.none() | st.dates(),
    st.sampled_from(["", "Größe", "CT"]),
    st.sampled_from(["", "MR"]),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.booleans(),
)


def _morning(day: date) -> datetime:
    return datetime.combine(day, NOW.timetz())


def rule(**row: Any) -> ReleaseRule:
    return ReleaseRule.from_row({"name": "test", **row})


def says_no(facts: Facts = CT, at: datetime = NOW, **row: Any) -> bool:
    return withheld([rule(**row)], facts, at) is not None


@pytest.mark.parametrize(
    ("row", "no"),
    [
        ({"modalities": ["ct"]}, True),
        ({"modalities": ["MR", "CT"]}, True),
        ({"modalities": ["MR"]}, False),
        ({"modalities": ["*"]}, True),
        ({"modalities": [""]}, False),
        ({"departments": [" chirurgie "]}, True),
        ({"departments": ["Psychiatrie"]}, False),
        ({"departments": ["*"]}, True),
        ({"confidentiality": ["*"]}, False),
        ({"younger_than_years": 18}, False),
        ({"younger_than_years": 57}, True),
        ({"at_least_years": 56}, True),
        ({"at_least_years": 57}, False),
        ({"wait_days": 1}, True),
        ({"until": "2026-11-24"}, False),
        ({"until": "2026-11-25"}, True),
        ({"until": date(2026, 11, 25)}, True),
    ],
)
def test_a_condition_holds_or_does_not(row: dict[str, Any], no: bool) -> None:
    assert says_no(**row) is no


def test_all_conditions_of_a_rule_must_hold() -> None:
    assert says_no(modalities=["CT"], departments=["Chirurgie"])
    assert not says_no(modalities=["CT"], departments=["Innere"])


def test_one_series_of_a_modality_is_enough() -> None:
    assert says_no(replace(CT, modalities=frozenset({"CT", "SR"})), modalities=["SR"])


@pytest.mark.parametrize("row", [{"younger_than_years": 1}, {"at_least_years": 150}, {"wait_days": 1}])
def test_what_the_images_do_not_say_calms_no_rule(row: dict[str, Any]) -> None:
    assert says_no(Facts(), **row)


def test_an_empty_text_stands_for_what_is_not_said() -> None:
    silent = Facts()
    for key in ("modalities", "departments", "confidentiality"):
        assert says_no(silent, **{key: [""]})
        assert not says_no(silent, **{key: ["*"]})
        assert not says_no(silent, **{key: ["MR"]})


def test_a_date_that_no_calendar_has_counts_as_unknown() -> None:
    assert says_no(replace(CT, birth_date=date(9999, 12, 31)), younger_than_years=2)
    assert says_no(replace(CT, started=datetime(9999, 12, 31, tzinfo=UTC)), wait_days=2)


def test_the_first_that_says_no_wins_and_says_why_and_until_when() -> None:
    rules = [
        rule(modalities=["MR"]),
        ReleaseRule.from_row({"name": "report-first", "why": "Befund zuerst", "wait_days": 2, "modalities": ["CT"]}),
        ReleaseRule.from_row({"name": "all", "modalities": ["*"]}),
    ]
    no = withheld(rules, CT, NOW)
    assert no is not None
    assert CT.started is not None
    assert (no.rule, no.why, no.until) == ("report-first", "Befund zuerst", CT.started + timedelta(days=2))
    later = withheld(rules, CT, no.until or NOW)
    assert later is not None
    assert (later.rule, later.until) == ("all", None)


def test_the_objection_stands_before_all_rules_and_needs_none() -> None:
    objecting = replace(CT, objects=True)
    no = withheld([], objecting, NOW)
    assert no is not None
    assert (no.rule, no.until) == ("objection", None)
    assert [it.rule for it in explain([rule(modalities=["CT"])], objecting, NOW)] == ["objection", "test"]


@pytest.mark.parametrize(
    ("born", "last", "first"),
    [
        (date(2010, 11, 25), datetime(2026, 11, 24, 23, 59), datetime(2026, 11, 25)),  # noqa: DTZ001
        (date(2012, 2, 29), datetime(2028, 2, 29), datetime(2028, 3, 1)),  # noqa: DTZ001
    ],
)
def test_an_age_ends_at_midnight_by_the_clock_of_the_house(born: date, last: datetime, first: datetime) -> None:
    child = replace(CT, birth_date=born)
    assert says_no(child, last.astimezone(), younger_than_years=16)
    assert not says_no(child, first.astimezone(), younger_than_years=16)


@given(ROWS)
def test_a_rule_reads_back_as_it_was_written(row: dict[str, Any]) -> None:
    once = rule(**row)
    assert ReleaseRule.from_row(json.loads(json.dumps(once.to_row()))) == once


@given(st.lists(ROWS, max_size=4), FACTS, st.dates(date(1950, 1, 1), date(2050, 1, 1)).map(_morning))
def test_a_no_ends_when_it_says_and_not_before(rows: list[dict[str, Any]], facts: Facts, at: datetime) -> None:
    rules = load({"rules": [{"name": f"r{number}", **row} for number, row in enumerate(rows)]})
    no = withheld(rules, facts, at)
    if no is None:
        assert not facts.objects
        return
    if no.until is None:
        return
    assert no.until > at
    before = withheld(rules, facts, no.until - timedelta(microseconds=1))
    assert before is not None
    after = withheld(rules, facts, no.until)
    assert after is None or after.rule != no.rule


@given(st.lists(ROWS, max_size=4), FACTS)
def test_one_rule_more_never_publishes_what_was_withheld(rows: list[dict[str, Any]], facts: Facts) -> None:
    rules = load({"rules": [{"name": f"r{number}", **row} for number, row in enumerate(rows)]})
    if withheld(rules[1:], facts, NOW):
        assert withheld(rules, facts, NOW)


PAGE = (Path(__file__).parents[2] / "docs/reference/release-rules.md").read_text()


def test_the_rules_of_the_reference_page_are_read_and_it_names_every_condition() -> None:
    block = PAGE.partition("```toml\n")[2].partition("```")[0]
    assert len(load(tomllib.loads(block))) == 5
    assert [it for it in Condition if f"| `{it}` |" not in PAGE] == []


def test_every_condition_can_be_named_in_toml() -> None:
    text = """
    [[rules]]
    name = "one"
    why = "Müller"
    modalities = ["MR"]
    departments = ["Psychiatrie", ""]
    confidentiality = ["*"]
    younger_than_years = 16
    at_least_years = 2
    wait_days = 1
    until = 2027-01-31
    """
    (one,) = load(tomllib.loads(text))
    assert one.conditions == tuple(Condition)


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({}, "no condition"),
        ({"modality": ["CT"]}, "modality: no such key"),
        ({"modalities": []}, "modalities"),
        ({"modalities": "CT"}, "modalities"),
        ({"modalities": [1]}, "modalities"),
        ({"departments": ["x" * 201]}, "departments"),
        ({"younger_than_years": 0}, "younger_than_years"),
        ({"younger_than_years": True}, "younger_than_years"),
        ({"at_least_years": 1.5}, "at_least_years"),
        ({"wait_days": 36_501}, "wait_days"),
        ({"until": "31.01.2027"}, "until"),
        ({"until": NOW}, "until"),
        ({"until": 20270131}, "until"),
        ({"name": "", "wait_days": 1}, "name"),
        ({"name": "objection", "wait_days": 1}, "name"),
        ({"name": "Über", "wait_days": 1}, "name"),
        ({"why": 1, "wait_days": 1}, "why"),
    ],
)
def test_a_wrong_row_is_refused_by_its_key(row: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=rf"^rule 1: {word}"):
        load({"rules": [{"name": "test", **row}]})


@pytest.mark.parametrize("document", [{}, {"rules": {}}, {"rules": [], "rule": []}, {"rules": [{}] * 201}])
def test_a_document_that_is_no_list_of_rules_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rules"):
        load(document)


def test_a_row_that_is_none_and_a_name_that_stands_there_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="rule 2: not a row"):
        load({"rules": [{"name": "a", "wait_days": 1}, "b"]})
    with pytest.raises(ValueError, match="a: stands there twice"):
        load({"rules": [{"name": "a", "wait_days": 1}] * 2})
