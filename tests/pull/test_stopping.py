"""Somebody stops a transfer: at any moment, once or twice, in a race with its end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from world import HOSPITAL, PRACTICE, OpenWire, World, data_set, uid

from linkexchange import pull
from linkexchange.errors import Overtaken, PacsUnavailable, Unavailable, UnknownTransfer
from linkexchange.model.audit import AuditEntry
from linkexchange.model.transfer import FINAL, State
from linkexchange.ports import Pauses
from linkexchange.pull import stopping

WHO = "Dr. Test"
INSTANCES = 8
STOP_SECONDS = 2.0
RACES = 30


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def written_down(world: World, transfer: UUID) -> list[AuditEntry]:
    """What the audit trail of the practice says of one transfer."""
    with world.nodes.audit_trail(PRACTICE) as entries:
        return [entry for entry in entries if entry.fields.get("transfer") == str(transfer)]


def stored(world: World, transfer: UUID) -> set[str]:
    """What the proof calls stored; nothing where there is no proof."""
    with world.nodes.work(PRACTICE) as work:
        if work.transfers.proof(transfer) is None:
            return set()
    rows = world.proof(transfer)["instances"]
    return {row["sop_instance"] for row in rows if row["fate"] == "stored"}  # type: ignore[attr-defined]


def test_a_transfer_that_nobody_has_begun_is_stopped_at_once(world: World) -> None:
    transfer = world.ask(world.publish())
    pull.stop(world.practice, transfer, WHO)
    row = world.transfer(transfer)
    assert (row.state, row.reason) == (State.STOPPED, f"stopped-by-person: {WHO}")
    assert [entry.action.value for entry in written_down(world, transfer)] == [
        "pull.requested",
        "pull.stop-asked",
        "pull.refused",
    ]
    pull.run(world.practice, transfer)
    assert world.wire.calls == 0


def test_a_transfer_is_stopped_within_two_seconds_while_its_pacs_says_nothing(world: World) -> None:
    transfer = world.ask(world.publish())
    world.pacs[PRACTICE].silent_after = 2
    with world.at_work(transfer):
        until(lambda: len(world.pacs[PRACTICE].sent) == 2)
        asked = time.monotonic()
        pull.stop(world.practice, transfer, WHO)
        until(lambda: world.transfer(transfer).state in FINAL)
    assert time.monotonic() - asked < 10 * STOP_SECONDS
    assert world.transfer(transfer).reason == f"stopped-by-person: {WHO}"
    assert stored(world, transfer) == set(world.pacs[PRACTICE].instances)
    assert world.proof(transfer)["stored"] == 2


def test_a_transfer_that_has_ended_stays_as_it_is_when_somebody_stops_it(world: World) -> None:
    transfer = world.pull(world.publish()).transfer
    for _ in range(2):
        pull.stop(world.practice, transfer, WHO)
    assert world.transfer(transfer).state is State.COMPLETE
    assert [entry.action.value for entry in written_down(world, transfer)][-1] == "pull.ended"


def test_the_first_who_stops_a_transfer_is_named(world: World) -> None:
    transfer = world.ask(world.publish())
    for who in (WHO, "somebody else"):
        pull.stop(world.practice, transfer, who)
    assert world.transfer(transfer).reason == f"stopped-by-person: {WHO}"


def test_a_transfer_that_is_not_there_cannot_be_stopped(world: World) -> None:
    with pytest.raises(UnknownTransfer):
        pull.stop(world.practice, uuid4(), WHO)


def left_moving(world: World) -> UUID:
    """A transfer whose worker has died when two instances had arrived."""
    transfer = world.ask(world.publish())
    world.wire.cut_after = 2
    with suppress(Unavailable):
        pull.run(world.practice, transfer)
    world.wire.cut_after = None
    with world.nodes.engine.begin() as connection:
        connection.execute(text("SELECT set_config('linkexchange.participant', :me, true)"), {"me": PRACTICE})
        connection.execute(text("UPDATE transfers SET state = 'moving' WHERE transfer = :it"), {"it": transfer})
    return transfer


def stops_while_the_record_is_read(world: World, transfer: UUID) -> None:
    retrieve = world.records[PRACTICE].retrieve

    def stop_meanwhile(*asked: Any) -> Any:
        pull.stop(world.practice, transfer, WHO)
        return retrieve(*asked)

    world.records[PRACTICE].retrieve = stop_meanwhile  # type: ignore[method-assign,assignment]


def test_a_stop_that_comes_just_before_a_break_is_not_forgotten(world: World) -> None:
    transfer = world.ask(world.publish())

    def stop_and_break(_: object) -> int:
        pull.stop(world.practice, transfer, WHO)
        world.pacs[PRACTICE].down = True
        return 0

    world.pacs[PRACTICE].status = stop_and_break
    with suppress(Unavailable):
        pull.run(world.practice, transfer)
    assert world.transfer(transfer).state is State.STOPPED


def test_a_stop_that_was_asked_after_the_worker_died_is_heeded_before_anything_is_asked_for(world: World) -> None:
    transfer = left_moving(world)
    pull.stop(world.practice, transfer, WHO)
    calls = world.wire.calls
    pull.run(world.practice, transfer)
    assert (world.transfer(transfer).state, world.wire.calls) == (State.STOPPED, calls)
    assert world.proof(transfer)["stored"] == 2


def test_a_stop_that_crosses_the_begin_lets_nothing_move(world: World) -> None:
    transfer = world.ask(world.publish())
    stops_while_the_record_is_read(world, transfer)
    with pytest.raises(Overtaken):
        pull.run(world.practice, transfer)
    assert (world.transfer(transfer).state, world.pacs[PRACTICE].sent) == (State.STOPPED, [])


def test_a_stop_that_crosses_the_second_begin_after_a_crash_need_not_wait_for_it(world: World) -> None:
    transfer = left_moving(world)
    stops_while_the_record_is_read(world, transfer)
    with pytest.raises(Overtaken):
        pull.run(world.practice, transfer)
    assert stored(world, transfer) == set(world.pacs[PRACTICE].instances)
    assert len(world.pacs[PRACTICE].sent) == 2


def test_a_stop_whose_process_died_before_it_had_ended_the_transfer_is_heeded_by_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = world.ask(world.publish())
    monkeypatch.setattr(stopping, "finish", SimpleNamespace(refuse=lambda *_: None))
    pull.stop(world.practice, transfer, WHO)
    pull.run(world.practice, transfer)
    assert (world.transfer(transfer).state, world.pacs[PRACTICE].sent) == (State.STOPPED, [])


@dataclass
class Stuck:
    """Somebody who neither answers nor heeds a brake, until the test lets him go."""

    asked: Event = field(default_factory=Event)
    free: Event = field(default_factory=Event)

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.asked.set()
        self.free.wait(60)
        raise PacsUnavailable("too late")


def _stuck_holder(world: World, stuck: Stuck, _: Any) -> None:
    world.pacs[PRACTICE].holder = stuck  # type: ignore[method-assign]


def _stuck_listing(world: World, stuck: Stuck, _: Any) -> None:
    world.pacs[PRACTICE].held = stuck  # type: ignore[method-assign]


def _stuck_reading_back(world: World, stuck: Stuck, _: Any) -> None:
    world.pacs[PRACTICE].hold(data_set(1))
    world.pacs[PRACTICE].retrieve = stuck  # type: ignore[method-assign]


def _stuck_origin(_: World, stuck: Stuck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpenWire, "retrieve", stuck)


def _stuck_digests(_: World, stuck: Stuck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpenWire, "told", stuck)


def _stuck_record_between_two_rounds(world: World, stuck: Stuck, _: Any) -> None:
    world.pacs[HOSPITAL].missing = {uid(2)}
    record = world.records[PRACTICE]
    first: Any = iter([record.retrieve])

    def retrieve(*asked: Any) -> Any:
        return next(first, stuck)(*asked)

    record.retrieve = retrieve  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize(
    "where",
    [
        _stuck_holder,
        _stuck_listing,
        _stuck_reading_back,
        _stuck_origin,
        _stuck_digests,
        _stuck_record_between_two_rounds,
    ],
)
def test_a_transfer_is_stopped_in_time_also_where_it_waits_for_somebody_who_heeds_nothing(
    where: Callable[[World, Stuck, Any], None], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer, stuck = world.ask(world.publish()), Stuck()
    where(world, stuck, monkeypatch)
    with world.at_work(transfer):
        assert stuck.asked.wait(30)
        pull.stop(world.practice, transfer, WHO)
        until(lambda: world.transfer(transfer).state in FINAL)
        stuck.free.set()
    assert world.transfer(transfer).state is State.STOPPED
    assert stored(world, transfer) <= set(world.pacs[PRACTICE].instances)


def test_a_transfer_is_stopped_in_the_pause_that_it_gives_its_pacs(world: World) -> None:
    world.practice = replace(world.practice, pauses=Pauses((3600.0,), (0.0,)))
    transfer = world.ask(world.publish())
    world.pacs[PRACTICE].status = lambda _: 0xA700
    with world.at_work(transfer):
        until(lambda: bool(world.pacs[PRACTICE].sent))
        pull.stop(world.practice, transfer, WHO)
    assert world.transfer(transfer).state is State.STOPPED


@pytest.mark.slow
def test_q_05_a_stop_that_races_with_the_end_leaves_one_final_state_on_which_proof_audit_and_pacs_agree(
    world: World,
) -> None:
    entry, chance = world.publish(*[data_set(number) for number in range(1, INSTANCES + 1)]), random.Random(5)
    pacs = world.pacs[PRACTICE]
    pacs.status = lambda _: time.sleep(0.03) or 0  # type: ignore[func-returns-value]
    ends = set()
    for _ in range(RACES):
        pacs.instances.clear()
        transfer = world.ask(entry)
        with world.at_work(transfer):
            time.sleep(chance.uniform(0, 0.7))
            pull.stop(world.practice, transfer, WHO)
        row = world.transfer(transfer)
        finals = [line.fields["state"] for line in written_down(world, transfer) if line.fields.get("state") in FINAL]
        assert finals == [row.state]
        assert stored(world, transfer) == set(pacs.instances)
        assert row.state is State.STOPPED or pacs.instances == world.pacs[HOSPITAL].instances
        ends.add(row.state)
    assert ends <= {State.COMPLETE, State.STOPPED}
