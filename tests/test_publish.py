"""Publishing and withdrawing, as far as a pull does not already show it."""

from __future__ import annotations

import pytest
from world import HOSPITAL, KVNR, STUDY, World, data_set

from linkexchange import documents, publish
from linkexchange.errors import WrongPatient
from linkexchange.model.identifiers import Kvnr
from linkexchange.model.link import LinkStatus
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


def test_a_withdrawn_link_is_closed_at_the_origin_cancelled_at_the_hub_and_replaced_in_the_record(world: World) -> None:
    world.publish()
    with world.nodes.work(HOSPITAL) as work:
        [published] = work.links.recent()
    link = published.link.link
    publish.withdraw(world.hospital, link)
    publish.carry_withdrawal(world.hospital, link)
    [(_, closing, title)] = world.held.values()
    assert documents.read(closing).status is LinkStatus.CANCELLED
    assert documents.read(closing).replaces == link
    assert title.endswith("(zurückgezogen)")
    with world.resolver.store.work(HOSPITAL) as work:
        registered = work.hub.link(link)
    assert registered
    assert registered.status is LinkStatus.CANCELLED
    assert world.pull(next(iter(world.held))).reason == "link-withdrawn"


def test_a_study_published_again_replaces_its_older_link_everywhere(world: World) -> None:
    older = world.held[world.publish()][1]
    newer = world.held[world.publish()][1]
    assert documents.read(newer).replaces == documents.read(older).link
    assert len(world.held) == 1
    with world.nodes.work(HOSPITAL) as work:
        assert not work.links.is_active(documents.read(older).link)


def test_a_kvnr_that_the_image_header_contradicts_is_refused(world: World) -> None:
    world.pacs[HOSPITAL].hold(data_set(1))
    with pytest.raises(WrongPatient):
        publish.publish(world.hospital, STUDY, pacs="hospital", kvnr=Kvnr.with_check_digit("B87654321"))
    assert world.held == {}
