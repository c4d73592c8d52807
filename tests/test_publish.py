"""Publishing and withdrawing, as far as a pull does not already show it."""

from __future__ import annotations

from world import HOSPITAL, KVNR, STUDY, World, data_set

from linkexchange import publish
from linkexchange.model.transfer import State


def test_a_link_withdrawn_before_it_was_announced_reaches_neither_hub_nor_record(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    link = publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=KVNR)
    publish.withdraw(world.hospital, link)
    publish.announce(world.hospital, link)
    assert world.held == {}
    assert "link.registered" not in world.actions(world.resolver.store, HOSPITAL)  # type: ignore[arg-type]


def test_a_study_whose_older_entry_somebody_has_replaced_is_published_anew(world: World) -> None:
    older = world.publish()
    kvnr, document, title = world.held.pop(older)
    world.held["somebody-elses"] = (kvnr, document, title)
    assert world.pull(world.publish()).state is State.COMPLETE
