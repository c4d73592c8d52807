"""`linkexchange stop`: it stops, and prints what is so."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest
from commands.conftest import Typed
from world import PRACTICE, World

from linkexchange import watching
from linkexchange.model.transfer import State


def test_a_transfer_that_nobody_has_begun_is_stopped(world: World, practice: Typed) -> None:
    transfer = world.ask(world.publish())
    assert practice("stop", str(transfer)) == (0, "stopped: stopped-by-person: command line\n")
    assert world.transfer(transfer).state is State.STOPPED


def test_a_transfer_that_moves_is_stopped_and_the_account_is_printed(world: World, practice: Typed) -> None:
    transfer, pacs = world.ask(world.publish()), world.pacs[PRACTICE]
    pacs.silent_after = 3
    with world.at_work(transfer):
        while len(pacs.sent) < 3:
            time.sleep(0.02)
        status, said = practice("stop", str(transfer))
    sentence, missing = said.splitlines()
    assert (status, sentence) == (0, "stopped: 3 of 4 instances (stopped-by-person: command line)")
    assert missing.startswith("  missing: ")


def test_a_transfer_that_has_ended_stays_as_it_is_and_this_is_said(world: World, practice: Typed) -> None:
    transfer = world.pull(world.publish()).transfer
    assert practice("stop", str(transfer)) == (0, "complete: 4 of 4 instances\n")


def test_an_unknown_number_is_a_clear_error(practice: Typed) -> None:
    status, said = practice("stop", str(uuid4()))
    assert (status, said.startswith("linkexchange: No such transfer")) == (1, True)


def test_what_is_no_number_is_refused_by_its_name_and_not_repeated(practice: Typed) -> None:
    status, said = practice("stop", "A123456780")
    assert (status, "TRANSFER: not the number of a transfer" in said, "A123456780" in said) == (2, True, False)


def test_a_worker_that_does_not_answer_is_said_and_is_no_success(
    world: World, practice: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "STOP_SECONDS", 0.0)
    transfer = world.ask(world.publish())
    with world.nodes.work(PRACTICE) as work:
        claimed = work.transfers.claim(transfer)
        work.transfers.advance(work.transfers.advance(claimed, State.PERMITTED), State.MOVING)
    status, said = practice("stop", str(transfer))
    assert (status, said.startswith("stop asked for; the worker")) == (1, True)
