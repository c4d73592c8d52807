"""A practice that wants a study released, and what becomes of its wish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import update
from world import HOSPITAL, KVNR, PRACTICE, World

from linkexchange import pull, push, releasing
from linkexchange.model.identifiers import Kvnr
from linkexchange.model.letting import LettingRule
from linkexchange.model.release_request import Kind, Sought, Wanted
from linkexchange.model.released import Heard, Standing
from linkexchange.model.transfer import State
from linkexchange.patients import Index
from linkexchange.releasing import Letting, Wish
from linkexchange.store.tables import release_asks
from linkexchange.store.transaction import act_for, transaction

BORN = date(1970, 1, 2)
NAMED = Sought(family="Mueller", given="Jörg", birth_date=BORN, sex="M")
OTHER = Kvnr.with_check_digit("B98765432")
CT = Wanted(modality="CT")
ANYBODY = {"kinds": ["second-opinion"], "requesters": ["*"]}
EMERGENCY = {"name": "emergency", "kinds": ["emergency"], "requesters": [PRACTICE], "review_days": 2}

Ask = Callable[..., UUID]


def index(world: World) -> Index:
    return Index(HOSPITAL, world.nodes, world.clock)


def wish(world: World, **changes: object) -> Wish:
    until = world.clock().astimezone().date() + timedelta(days=14)
    plain = Wish(HOSPITAL, Kind.SECOND_OPINION, "Zweitmeinung", Sought(KVNR), CT, until, "Dr. Ask", "practice")
    return replace(plain, **changes)  # type: ignore[arg-type]


def rules(world: World, *rows: dict[str, object]) -> None:
    Letting(HOSPITAL, world.nodes).replace([LettingRule.from_row({"name": "some", **it}) for it in rows], user="test")


def heard(world: World, request: UUID) -> Heard:
    with world.nodes.work(HOSPITAL) as work:
        return work.requests.get(request)


def standing(world: World, request: UUID) -> Standing:
    """As the requester hears it now."""
    world.clock.advance(minutes=16)  # type: ignore[attr-defined]
    releasing.go_round(world.practice)
    with world.nodes.work(PRACTICE) as work:
        return work.own_requests.get(request).standing


def carry(world: World, request: UUID) -> State:
    """The offer goes out, is taken up without a default destination, and the pull runs."""
    link = heard(world, request).link
    assert link
    push.offer(world.hospital, link, PRACTICE)
    [transfer] = pull.take_offers(world.practice, "")
    pull.run(world.practice, transfer)
    return world.transfer(transfer).state


def change(world: World, request: UUID, **changes: object) -> None:
    """As if the practice had asked for something else under this number."""
    with world.nodes.work(PRACTICE) as work:
        asked = replace(work.own_requests.get(request).request, **changes)  # type: ignore[arg-type]
    with transaction(world.nodes.engine) as connection:
        act_for(connection, PRACTICE)
        connection.execute(update(release_asks).values(claims=asked.claims()))
