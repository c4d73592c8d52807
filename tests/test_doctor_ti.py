"""A walk along the chain to the TI is kept and written down; what would stop a pull tonight is an alarm."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from walks import CARD_ENDS, NO_LOGIN, NO_PIN, WELL
from world import PRACTICE, World

from linkexchange import doctor, pull
from linkexchange.errors import CardUnavailable, Fault, RecordUnavailable, TiUnavailable
from linkexchange.model.readiness import Readiness, Walked
from linkexchange.model.transfer import State


def walk(world: World, found: Readiness) -> Walked:
    world.readiness[PRACTICE] = found
    return doctor.ti(world.practice)


def told(world: World) -> list[tuple[str, object]]:
    """Alarms and their ends, with their bodies."""
    events = world.nodes.events_after(PRACTICE, 0)
    return [(it.topic, it.body) for it in events if it.topic in {"ti.alarm", "ti.well"}]


def waiting_walks(world: World) -> int:
    with world.nodes.engine.begin() as connection:
        found = text("SELECT count(*) FROM procrastinate_jobs WHERE lock = 'walk' AND status = 'todo'")
        return int(connection.execute(found).scalar_one())


def test_a_walk_is_kept_with_its_time_and_written_down(world: World) -> None:
    walked = walk(world, CARD_ENDS)
    assert walked == Walked(CARD_ENDS, world.clock())
    with world.nodes.work(PRACTICE) as work:
        assert work.walks.latest() == walked
    with world.nodes.audit_trail(PRACTICE) as entries:
        last = list(entries)[-1]
    assert (last.action, last.fields) == ("ti.walked", {"fails": 0, "warns": 1})


def test_what_would_stop_a_pull_tonight_raises_an_alarm_once_and_its_end_is_told_once(world: World) -> None:
    for found in (WELL, NO_PIN, NO_PIN, WELL, WELL):
        walk(world, found)
    assert told(world) == [("ti.alarm", {"fails": "pin: pin-not-verified"}), ("ti.well", {})]


def test_a_further_reason_is_told_with_all_that_block(world: World) -> None:
    walk(world, NO_PIN)
    walk(world, Readiness((*NO_PIN.findings, *NO_LOGIN.findings)))
    assert told(world)[1] == ("ti.alarm", {"fails": "pin: pin-not-verified; login(epa-1): login-refused"})


def test_what_only_warns_is_no_alarm(world: World) -> None:
    assert walk(world, CARD_ENDS).alarm_since is None
    assert told(world) == []


def test_an_alarm_and_the_walk_that_raised_it_are_kept_together_or_not_at_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise AssertionError("a bug")

    monkeypatch.setattr("linkexchange.store.trail.append", fails)
    with pytest.raises(AssertionError, match="a bug"):
        walk(world, NO_PIN)
    with world.nodes.work(PRACTICE) as work:
        assert work.walks.latest() is None
    assert told(world) == []


def test_a_walk_that_is_asked_for_twice_is_queued_once(world: World) -> None:
    doctor.ask_to_walk(world.practice)
    doctor.ask_to_walk(world.practice)
    assert waiting_walks(world) == 1


# --- a pull that meets what is broken ---------------------------------------------------------------------------------


def meet_the_card(world: World) -> None:
    """A pull tonight, whose card has lost its PIN."""
    transfer = world.ask(world.publish())
    world.cards[PRACTICE].pin_verified = False
    with pytest.raises(CardUnavailable):
        pull.run(world.practice, transfer)
    assert (world.transfer(transfer).state, world.transfer(transfer).reason) == (State.WAITING, "SMC-B")


def test_a_pull_that_waits_for_the_card_has_the_chain_walked(world: World) -> None:
    walk(world, WELL)
    meet_the_card(world)
    assert waiting_walks(world) == 1


def test_however_many_pulls_wait_for_the_card_the_chain_is_walked_once(world: World) -> None:
    walk(world, WELL)
    entry = world.publish()
    world.cards[PRACTICE].pin_verified = False
    for transfer in [world.ask(entry) for _ in range(3)]:
        with pytest.raises(CardUnavailable):
            pull.run(world.practice, transfer)
    assert waiting_walks(world) == 1


def test_while_an_alarm_stands_a_pull_that_waits_for_the_card_tells_nothing_new(world: World) -> None:
    walk(world, NO_PIN)
    meet_the_card(world)
    assert waiting_walks(world) == 0


@pytest.mark.parametrize(("kind", "walks"), [(TiUnavailable, 1), (RecordUnavailable, 0)])
def test_what_a_pull_waits_for_has_the_chain_walked_where_it_is_the_ti_and_not_the_record_system(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: type[Fault], walks: int
) -> None:
    def silent(*_: object) -> None:
        raise kind

    transfer = world.ask(world.publish())
    monkeypatch.setattr(world.records[PRACTICE], "retrieve", silent)
    with pytest.raises(kind):
        pull.run(world.practice, transfer)
    assert waiting_walks(world) == walks
