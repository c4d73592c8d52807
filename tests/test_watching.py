"""What people at a terminal see of a transfer."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from world import PRACTICE, World, uid

from linkexchange import watching


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (3.0, ", a few seconds left"),
        (50.0, ", about a minute left"),
        (150.0, ", about 2 minutes left"),
    ],
)
def test_the_bar_says_how_long_it_will_take_once_there_is_an_estimate(seconds: float | None, words: str) -> None:
    assert watching.left(seconds) == words


def test_whoever_watches_gets_the_row_in_which_it_has_ended(world: World) -> None:
    transfer, shown = world.ask(world.publish()), io.StringIO()
    with world.at_work(transfer):
        row = watching.until_ended(world.practice, transfer, Console(file=shown, width=100))
    assert row == world.transfer(transfer)
    assert "4/4 instances" in shown.getvalue()


def test_what_was_there_before_is_not_listed_as_missing(world: World) -> None:
    entry = world.publish()
    world.pull(entry)
    world.pacs[PRACTICE].instances.pop(uid(4))
    row = world.pull(entry)
    with world.nodes.work(PRACTICE) as work:
        signed = work.transfers.proof(row.transfer)
    assert watching.account(world.practice, row.state, row.reason, signed=signed) == ["complete: 4 of 4 instances"]
