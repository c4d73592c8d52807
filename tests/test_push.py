"""A push is an offer that the receiver takes up by pulling."""

from __future__ import annotations

from world import HOSPITAL, PRACTICE, World, data_set, uid

from linkexchange import pull
from linkexchange.model.transfer import State


def test_a_push_is_an_offer_that_the_receiver_takes_up_by_pulling(world: World) -> None:
    world.pacs[HOSPITAL].hold(*[data_set(number) for number in range(1, 5)])
    transfer = world.push()
    assert transfer.state is State.COMPLETE
    assert world.pacs[PRACTICE].instances == world.pacs[HOSPITAL].instances
    assert world.held == {}


def test_an_offer_is_taken_up_once(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    transfer = world.push()
    assert pull.take_offers(world.practice, "practice") == []
    pull.receipt(world.practice, transfer.transfer)
    assert world.practice.hub.offers() == []


def test_a_push_of_another_persons_images_lets_nothing_pass(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1), data_set(2))
    world.pacs[HOSPITAL].instances[uid(2)] = data_set(2, PatientName="Schmidt^Eva")
    transfer = world.push()
    assert transfer.state is State.STOPPED
    assert uid(2) not in world.pacs[PRACTICE].instances


def test_the_receipt_marks_the_offer_as_taken(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    transfer = world.push()
    pull.receipt(world.practice, transfer.transfer)
    with world.resolver.store.work(PRACTICE) as work:
        offer = work.hub.offer(transfer.ask.offer, HOSPITAL)
    assert offer
    assert offer.taken
