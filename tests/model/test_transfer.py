"""The table of states, every pair of it, and the rules at the head of its module."""

from __future__ import annotations

from itertools import product

import pytest

from linkexchange.model.transfer import FINAL, TRANSITIONS, State, may_follow

ARROWS = """
requested  permitted waiting failed stopped
permitted  permitted moving waiting failed stopped
moving     permitted waiting complete partial failed stopped
waiting    waiting permitted failed stopped
complete
partial
failed
stopped
"""
PAIRS = list(product(State, State))
REACHED = {State.REQUESTED}
while more := {after for before in REACHED for after in TRANSITIONS[before]} - REACHED:
    REACHED |= more


def _expected() -> set[tuple[str, str]]:
    rows = (line.split() for line in ARROWS.strip().splitlines())
    return {(row[0], following) for row in rows for following in row[1:]}


@pytest.mark.parametrize("pair", PAIRS, ids=" to ".join)
def test_the_table_has_exactly_these_arrows(pair: tuple[State, State]) -> None:
    assert may_follow(*pair) == (pair in _expected())


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(State)


def test_rule_1_a_transfer_begins_once() -> None:
    assert not any(may_follow(state, State.REQUESTED) for state in State)


def test_rule_1_every_state_is_reached() -> None:
    assert set(State) == REACHED


@pytest.mark.parametrize("state", sorted(set(State) - FINAL))
def test_rule_1_a_transfer_can_end_from_everywhere(state: State) -> None:
    assert {State.FAILED, State.STOPPED} <= TRANSITIONS[state]


def test_rule_2_moving_is_entered_only_from_permitted() -> None:
    assert [state for state in State if may_follow(state, State.MOVING)] == [State.PERMITTED]


def test_rule_2_nothing_is_complete_or_partial_that_did_not_move() -> None:
    for end in (State.COMPLETE, State.PARTIAL):
        assert [state for state in State if may_follow(state, end)] == [State.MOVING]


def test_rule_3_everything_that_is_not_over_may_wait() -> None:
    assert {state for state in State if may_follow(state, State.WAITING)} == set(State) - FINAL


def test_rule_3_what_waited_goes_on_through_permitted() -> None:
    assert TRANSITIONS[State.WAITING] - {State.WAITING, State.FAILED, State.STOPPED} == {State.PERMITTED}


def test_rule_4_a_final_state_is_never_left() -> None:
    assert {state for state in State if not TRANSITIONS[state]} == FINAL
