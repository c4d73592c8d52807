"""Whose turn it is: never too many, the urgent first, and nobody for ever last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.transfer import Purpose
from linkexchange.model.turn import PATIENCE, RANKS, Standing, allotted, free, next_in, passed_by, rank

EMERGENCY, TREATMENT, PREFETCH = RANKS
purposes = st.sampled_from(Purpose)


def let_in(standing: Sequence[Standing], limit: int) -> tuple[list[Standing], Standing | None]:
    """One admission, as the database makes it."""
    chosen = next_in(standing, limit)
    if chosen is None:
        return list(standing), None
    after = [
        replace(it, places=1, passed=0)
        if it == chosen
        else replace(it, passed=it.passed if it.places else passed_by(it, chosen))
        for it in standing
    ]
    return after, chosen


@st.composite
def crowds(draw: st.DrawFn) -> list[Standing]:
    """Anybody in or in line, in order of arrival."""
    size = draw(st.integers(0, 12))
    one = st.builds(
        Standing,
        number=st.just(0),
        purpose=purposes,
        places=st.sampled_from([0, 0, 1, 2]),
        passed=st.integers(0, 10),
        present=st.booleans(),
        reserves=st.booleans(),
    )
    return [replace(draw(one), number=number) for number in range(size)]


@given(crowds(), st.integers(1, 6))
def test_nobody_goes_in_where_no_place_is_free(standing: list[Standing], limit: int) -> None:
    chosen = next_in(standing, limit)
    assert chosen is None or free(standing, limit) >= 1


@given(crowds(), st.integers(1, 6))
def test_only_who_is_present_and_waits_goes_in(standing: list[Standing], limit: int) -> None:
    chosen = next_in(standing, limit)
    assert chosen is None or (chosen.present and not chosen.places)


@given(st.lists(purposes, min_size=1, max_size=12), st.integers(1, 6))
def test_of_those_who_have_just_come_the_highest_goes_first_and_of_equals_the_first(
    line: list[Purpose], limit: int
) -> None:
    standing = [Standing(number, purpose) for number, purpose in enumerate(line)]
    chosen = next_in(standing, limit)
    assert chosen == min(standing, key=lambda it: (rank(it.purpose), it.number))


@given(st.lists(st.sampled_from([EMERGENCY, TREATMENT]), min_size=30, max_size=60), st.integers(0, 29))
def test_1_2_a_prefetch_has_its_turn_whatever_keeps_coming(coming: list[Purpose], before: int) -> None:
    """One place; whenever somebody goes out, somebody of higher rank has come."""
    standing = [Standing(number, purpose) for number, purpose in enumerate(coming[:before])]
    waiting = Standing(1000, PREFETCH)
    standing.append(waiting)
    for number, purpose in enumerate(coming):
        standing.append(Standing(2000 + number, purpose))
        standing, chosen = let_in(standing, 1)
        if chosen and chosen.number == waiting.number:
            assert number <= PATIENCE[PREFETCH] + 1
            return
        standing = [it for it in standing if not it.places]
    raise AssertionError("it starves")


@given(st.integers(1, 40))
def test_of_two_lines_that_never_end_the_lower_has_its_share_and_no_more(rounds: int) -> None:
    standing = [Standing(number, EMERGENCY if number % 2 else PREFETCH) for number in range(200)]
    turns: list[Purpose] = []
    for _ in range(rounds):
        standing, chosen = let_in(standing, 1)
        assert chosen
        turns.append(chosen.purpose)
        standing = [it for it in standing if not it.places]
    assert turns.count(PREFETCH) == rounds // (PATIENCE[PREFETCH] + 1)


def test_an_emergency_that_comes_last_goes_before_prefetches_that_have_waited() -> None:
    standing = [Standing(number, PREFETCH, passed=3) for number in range(40)]
    assert next_in([*standing, Standing(99, EMERGENCY)], 1) == Standing(99, EMERGENCY)


def test_one_of_higher_rank_that_is_about_to_come_back_is_waited_for() -> None:
    assert next_in([Standing(1, PREFETCH), Standing(2, TREATMENT, present=False)], 1) is None


def test_one_of_equal_rank_that_is_about_to_come_back_holds_up_nobody() -> None:
    standing = [Standing(1, TREATMENT, present=False), Standing(2, TREATMENT)]
    assert next_in(standing, 1) == standing[1]


def test_one_that_waits_for_something_else_holds_up_nobody() -> None:
    standing = [Standing(1, EMERGENCY, present=False, reserves=False), Standing(2, PREFETCH)]
    assert next_in(standing, 1) == standing[1]


def test_a_prefetch_whose_turn_it_is_and_that_is_away_does_not_hold_up_an_emergency() -> None:
    standing = [Standing(1, PREFETCH, passed=20, present=False), Standing(2, EMERGENCY)]
    assert next_in(standing, 1) == standing[1]


@given(crowds(), st.integers(1, 6))
def test_what_is_allotted_to_all_who_are_in_never_exceeds_the_limit(standing: list[Standing], limit: int) -> None:
    """Each is allotted in turn, and has given back by then what it was not to have any more."""
    standing = [it for it in standing if not it.places or it.places == 1]
    for at, mine in enumerate(standing):
        if mine.places and free(standing, limit) >= 0:
            standing[at] = replace(mine, places=allotted(standing, mine, limit))
            assert free(standing, limit) >= 0


def test_who_is_alone_has_all_places() -> None:
    alone = Standing(1, PREFETCH, places=1)
    assert allotted([alone], alone, 4) == 4


def test_places_are_shared_as_soon_as_somebody_waits() -> None:
    mine = Standing(1, PREFETCH, places=4)
    assert allotted([mine, Standing(2, EMERGENCY)], mine, 4) == 2


def test_what_others_have_not_given_back_yet_is_not_allotted() -> None:
    mine = Standing(2, EMERGENCY, places=1)
    assert allotted([Standing(1, PREFETCH, places=3), mine], mine, 4) == 1


@given(crowds(), st.integers(1, 6))
def test_who_is_in_has_always_one_place(standing: list[Standing], limit: int) -> None:
    assert all(allotted(standing, it, limit) >= 1 for it in standing if it.places)
