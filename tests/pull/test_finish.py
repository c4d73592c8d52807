"""How a transfer ends: with a proof of what has arrived, whatever the reason; and what happens after."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from world import PRACTICE, OpenWire, World

from linkexchange import pull
from linkexchange.errors import (
    MessageFault,
    OriginUnavailable,
)
from linkexchange.model.transfer import State


def test_the_receipt_lets_both_ends_balance(world: World) -> None:
    transfer = world.pull(world.publish())
    for _ in range(2):
        pull.receipt(world.practice, transfer.transfer)
    booked = [name for name in world.actions(world.resolver.store) if name == "receipt.booked"]  # type: ignore[arg-type]
    assert booked == ["receipt.booked"]


def test_a_transfer_that_waited_too_often_fails_with_the_reason(world: World) -> None:
    transfer = world.ask(world.publish())
    world.wire.down = True
    with pytest.raises(OriginUnavailable):
        pull.run(world.practice, transfer)
    pull.give_up(world.practice, transfer, "origin-unavailable")
    row = world.transfer(transfer)
    assert (row.state, row.reason) == (State.FAILED, "origin-unavailable")


def test_a_transfer_whose_job_was_closed_before_its_time_is_queued_again_once(world: World) -> None:
    transfer = world.ask(world.publish())
    assert pull.resume(world.practice) == []
    with world.nodes.engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    assert pull.resume(world.practice) == [transfer]
    assert pull.resume(world.practice) == []


def test_a_finished_transfer_is_not_queued_again(world: World) -> None:
    world.pull(world.publish())
    with world.nodes.engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    assert pull.resume(world.practice) == []


def test_giving_up_after_a_part_has_arrived_leaves_a_proof_of_that_part(world: World) -> None:
    transfer = world.ask(world.publish())
    world.wire.cut_after = 2
    with pytest.raises(OriginUnavailable):
        pull.run(world.practice, transfer)
    pull.give_up(world.practice, transfer, "origin-unavailable")
    row = world.transfer(transfer)
    assert (row.state, row.reason) == (State.STOPPED, "origin-unavailable")
    assert (world.proof(transfer)["stored"], world.proof(transfer)["expected"]) == (2, 4)


def test_an_entitlement_that_ended_while_a_transfer_waited_leaves_a_proof_of_what_has_arrived(world: World) -> None:
    transfer = world.ask(world.publish())
    world.wire.cut_after = 3
    with pytest.raises(OriginUnavailable):
        pull.run(world.practice, transfer)
    world.records[PRACTICE].entitled = False
    pull.run(world.practice, transfer)
    assert world.transfer(transfer).state is State.STOPPED
    assert world.proof(transfer)["stored"] == 3


def test_garbage_from_the_digests_of_an_origin_does_not_spoil_a_complete_transfer(world: World) -> None:
    def garbage(*_: object) -> None:
        raise MessageFault("digests")

    entry = world.publish()
    OpenWire.told, real = garbage, OpenWire.told  # type: ignore[method-assign,assignment]
    try:
        assert world.pull(entry).state is State.COMPLETE
    finally:
        OpenWire.told = real  # type: ignore[method-assign]
