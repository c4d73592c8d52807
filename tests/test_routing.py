from __future__ import annotations

import pytest
from world import HOSPITAL, PRACTICE, World

from linkexchange.model.participant import Participant
from linkexchange.model.route import Route
from linkexchange.routing import Pair, Routing

PEER = Participant(HOSPITAL, "Klinikum", "https://node.hospital.test")


@pytest.fixture
def routing(world: World) -> Routing:
    return Routing(world.nodes, PRACTICE, world.clock)


def remembered(routing: Routing) -> Route | None:
    with routing.store.work(PRACTICE) as work:
        known = work.routes.find(HOSPITAL)
    return known.route if known else None


def tried(routing: Routing) -> Pair:
    pair = routing.to(PEER)
    pair.order()
    return pair


def test_what_one_process_finds_out_another_knows(routing: Routing) -> None:
    tried(routing).took(Route.RELAY, "direct: Connection refused")
    assert list(Routing(routing.store, PRACTICE, routing.now).to(PEER).order()) == [Route.RELAY, Route.DIRECT]


def test_a_change_is_audited_and_told_and_a_use_is_not(world: World, routing: Routing) -> None:
    for route, reason in ((Route.DIRECT, ""), (Route.DIRECT, ""), (Route.RELAY, "direct: refused"), (Route.RELAY, "")):
        tried(routing).took(route, reason)
    assert world.actions(world.nodes) == ["route.changed", "route.changed"]
    [first, second] = routing.store.events_after(PRACTICE, 0)  # type: ignore[attr-defined]
    assert first.body == {"peer": HOSPITAL, "route": "direct", "reason": ""}
    assert second.body == {"peer": HOSPITAL, "route": "relay", "reason": "direct: refused"}


def test_a_direct_route_tried_in_vain_again_is_left_alone_for_a_while_again(world: World, routing: Routing) -> None:
    tried(routing).took(Route.RELAY, "direct: refused")
    world.clock.advance(minutes=11)  # type: ignore[attr-defined]
    pair = routing.to(PEER)
    assert list(pair.order()) == [Route.DIRECT, Route.RELAY]
    pair.took(Route.RELAY, "direct: refused")
    assert list(routing.to(PEER).order()) == [Route.RELAY, Route.DIRECT]
    assert remembered(routing) is Route.RELAY


def test_another_participant_does_not_see_it(routing: Routing) -> None:
    tried(routing).took(Route.RELAY, "direct: refused")
    with routing.store.work(HOSPITAL) as work:
        assert work.routes.find(HOSPITAL) is None


def test_the_account_of_a_transfer_names_the_route(world: World, routing: Routing) -> None:
    tried(routing).took(Route.RELAY, "direct: refused")
    world.pull(world.publish())
    with world.nodes.audit_trail(PRACTICE) as entries:
        [ended] = [entry for entry in entries if entry.action == "pull.ended"]
    assert ended.fields["route"] == "relay"
    [told] = [event for event in world.nodes.events_after(PRACTICE, 0) if event.topic == "pull.ended"]
    assert told.body["route"] == "relay"


def test_where_there_is_no_choice_it_names_none(world: World) -> None:
    world.pull(world.publish())
    with world.nodes.audit_trail(PRACTICE) as entries:
        [ended] = [entry for entry in entries if entry.action == "pull.ended"]
    assert "route" not in ended.fields
