"""What an origin tells the hub about a transfer that it has served, and that the hub then finds both ends agree."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from trail.test_export import SIGNER, Flaky
from world import HOSPITAL, HUB_URL, PRACTICE, World

from linkexchange import dispatch, pull
from linkexchange.errors import AuditSinkUnavailable
from linkexchange.model.audit import Action
from linkexchange.model.balance import digest_of
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.transfer import State, Transfer
from linkexchange.serve import DISPATCH_JOB
from linkexchange.trail.balance import Reconciler
from linkexchange.trail.export import Exporter


def report(world: World, done: Transfer) -> None:
    assert done.link
    dispatch.report(world.hospital, done.transfer, PRACTICE, done.link, HUB_URL)


def reconciler(world: World) -> Reconciler:
    hub = world.resolver.store
    return Reconciler(hub, HUB_URL, hub.participants, world.clock, timedelta(hours=1))  # type: ignore[attr-defined]


def test_the_hub_is_told_once_what_has_left_for_a_transfer(world: World) -> None:
    done = world.pull(world.publish())
    with world.nodes.engine.connect() as connection:
        jobs = connection.execute(
            text("SELECT args FROM procrastinate_jobs WHERE task_name = :it"), {"it": DISPATCH_JOB}
        )
        assert [it.args for it in jobs] == [
            {"transfer": str(done.transfer), "requester": PRACTICE, "link": str(done.link), "resolver": HUB_URL}
        ]
    report(world, done)
    report(world, done)
    newest = world.nodes.audit_head(HOSPITAL)
    assert newest
    assert newest.fields == {
        "transfer": str(done.transfer),
        "requester": PRACTICE,
        "link": done.link,
        "instances": 4,
        "digest": digest_of(_uids(world, done)),
        "resolver": HUB_URL,
    }
    assert world.actions(world.resolver.store, HOSPITAL).count("dispatch.booked") == 1  # type: ignore[arg-type]


def _uids(world: World, done: Transfer) -> list[str]:
    with world.nodes.work(HOSPITAL) as work:
        return [str(uid) for uid in work.serving.digests(done.transfer, PRACTICE)]


def test_what_a_real_pull_says_at_both_ends_balances(world: World) -> None:
    done = world.pull(world.publish())
    report(world, done)
    pull.receipt(world.practice, done.transfer)
    world.clock.advance(hours=2)  # type: ignore[attr-defined]
    assert reconciler(world).reconcile() == []


def test_a_real_pull_without_its_receipt_does_not_balance(world: World) -> None:
    report(world, world.pull(world.publish()))
    world.clock.advance(hours=2)  # type: ignore[attr-defined]
    assert [it.imbalance for it in reconciler(world).reconcile()] == ["receipt-missing"]


@pytest.mark.parametrize("full", [PRACTICE, HOSPITAL], ids=["requester", "origin"])
def test_u_04_a_pull_waits_while_too_many_entries_do_and_goes_on_by_itself(world: World, full: TelematikId) -> None:
    entry = world.publish()
    sending = Exporter(world.nodes, [Flaky(fails=1)], SIGNER, world.clock, lambda: [full], 2)
    with world.nodes.work(full) as work:
        for _ in range(3):
            work.audit(Action.RECEIPT_SENT, transfer="before")
    sending.go_round()
    transfer = world.ask(entry)
    with pytest.raises(AuditSinkUnavailable, match="flaky"):
        pull.run(world.practice, transfer)
    waiting = world.transfer(transfer)
    assert (waiting.state, waiting.reason) == (State.WAITING, "audit-sink-unavailable: flaky")
    sending.go_round()
    pull.run(world.practice, transfer)
    assert world.transfer(transfer).state is State.COMPLETE
