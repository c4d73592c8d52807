"""The institution's card in the night: how often it signs, and what becomes of pulls while it does not."""

from __future__ import annotations

import pytest
from faults.conftest import COUNT, Ground

from linkexchange.model.transfer import State

pytestmark = [pytest.mark.slow, pytest.mark.peers]

PULLS = 100
SIGNATURES_MAX = 5
PRACTICE = "practice"


def signatures(ground: Ground) -> int:
    return ground.net.ti.switchboard.state().signatures[PRACTICE]


def test_a_hundred_pulls_in_a_row_cost_at_most_five_card_signatures(ground: Ground) -> None:
    before = signatures(ground)
    with ground.worker():
        for _ in range(PULLS):
            ground.destination.forget()
            assert ground.wait_until_ended(ground.request()).state is State.COMPLETE
            assert len(ground.destination.received) == COUNT
    assert 0 < signatures(ground) - before <= SIGNATURES_MAX


def test_a_restart_of_the_konnektor_in_the_night_is_no_failure_and_heals_once_the_pin_is_verified(
    ground: Ground,
) -> None:
    ground.net.ti.switchboard.restart_konnektor(PRACTICE)
    with ground.worker():
        transfers = [ground.request() for _ in range(3)]
        ground.wait(
            lambda: all(_waits_for_card(ground.row(it).state, ground.row(it).reason) for it in transfers), "SMC-B"
        )
        assert ground.destination.received == {}
        ground.net.ti.switchboard.enter_pin(PRACTICE)
        assert {ground.wait_until_ended(it).state for it in transfers} == {State.COMPLETE}
    for transfer in transfers:
        assert ground.actions(transfer).count("pull.waiting") == 1


def _waits_for_card(state: State, reason: str) -> bool:
    return state is State.WAITING and reason.startswith("SMC-B")
