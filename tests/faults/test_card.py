"""How often the institution's card signs."""

from __future__ import annotations

import os

import pytest
from faults.conftest import COUNT, Ground

from linkexchange.model.transfer import State

pytestmark = [pytest.mark.slow, pytest.mark.peers]

PULLS = int(os.environ.get("LINKEXCHANGE_PULLS", "12"))
"""A hundred in `make pulls`."""
SIGNATURES_MAX = 5
PRACTICE = "practice"


def signatures(ground: Ground) -> int:
    return ground.net.ti.switchboard.state().signatures[PRACTICE]


def test_many_pulls_in_a_row_cost_at_most_five_card_signatures(ground: Ground) -> None:
    before = signatures(ground)
    with ground.worker():
        transfers = [ground.request() for _ in range(PULLS)]
        assert {ground.wait_until_ended(it).state for it in transfers} == {State.COMPLETE}
    assert set(ground.destination.received.values()) == {PULLS}
    assert len(ground.destination.received) == COUNT
    assert 0 < signatures(ground) - before <= SIGNATURES_MAX
