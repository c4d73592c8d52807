"""An institution is revoked in a pull, two sites exchange without the hub, a switch is turned off. Real processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from journeys import revoking
from journeys.revoking import HOSPITAL, OTHER_KVNR, OTHER_STUDY, PRACTICE, Stage, fields_of, wait
from journeys.test_by_hand import run

from linkexchange import bootstrap, push, revoke
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import StudyUid, TelematikId
from linkexchange.model.revocation import RevocationKind
from linkexchange.model.transfer import FINAL, State
from linkexchange.store.work import Database
from linkexchange.trail.balance import Reconciler

pytestmark = pytest.mark.slow
COUNT = 500


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with revoking.running() as stage:
        yield stage


@contextmanager
def hub_of(stage: Stage) -> Iterator[Database]:
    """The hub's database, as its operator's command opens it."""
    with closing(bootstrap.database(stage.net.hub_settings)) as database:
        yield database


def test_an_institution_is_revoked_in_the_middle_of_a_pull_of_500_and_the_pull_stops_truthfully(stage: Stage) -> None:
    with stage.pacs(COUNT, pause_seconds=0.03) as destination:
        entry = stage.publish()
        transfer = stage.ask(entry)
        wait(lambda: len(destination.kept) >= 100, "a hundred images")
        with hub_of(stage) as hub:
            revoke.revoke(hub, (RevocationKind.INSTITUTION, PRACTICE), "test", participant=PRACTICE, at=bootstrap.now())
        revoked = time.monotonic()
        wait(lambda: stage.row(transfer).state in FINAL, "the end")
        seconds = time.monotonic() - revoked
        row, proof = stage.row(transfer), stage.proof(transfer)
        assert (row.state, row.reason.partition(":")[0]) == (State.STOPPED, "revoked")
        listed = {line["sop_instance"] for line in proof["instances"] if line["fate"] == "stored"}
        assert listed == {it.uid for it in destination.kept}
        assert 100 <= len(listed) < COUNT
        assert (proof["expected"], proof["stored"], proof["outcome"]) == (COUNT, len(listed), "stopped")
        assert seconds < 30

        again = stage.ask(entry)
        wait(lambda: stage.row(again).state in FINAL, "the refusal")
        assert (stage.row(again).state, stage.row(again).reason) == (State.STOPPED, "revoked: institution")
        with hub_of(stage) as hub:
            revoke.reinstate(hub, PRACTICE, "test", at=bootstrap.now())
        database = bootstrap.database(stage.net.settings("practice"))

        def lifted() -> bool:
            with database.work(PRACTICE) as work:
                return work.revocations.heard(stage.net.hub_settings.hub_url) == 2

        wait(lifted, "the lifting")
        database.close()


def test_two_sites_exchange_while_the_hub_is_down_and_the_receipt_follows(stage: Stage) -> None:
    """Published before; then the hub is killed, and the hospital's own resolver grants what the record lets it."""
    with stage.pacs(COUNT) as destination:
        entry = stage.publish()
        # What each node's own process does once a minute.
        stage.hospital.hub.participants()
        stage.practice.hub.participants()
        stage.kill_hub()
        transfer = stage.ask(entry)
        wait(lambda: stage.row(transfer).state in FINAL, "the end without a hub")
        assert (stage.row(transfer).state, stage.row(transfer).reason) == (State.COMPLETE, "")
        assert len({it.uid for it in destination.kept}) == COUNT
        assert str(transfer) not in stage.receipts()
        stage.start_hub()
        wait(lambda: str(transfer) in stage.receipts(), "the receipt")
        with hub_of(stage) as hub, hub.work(PRACTICE) as work:
            assert work.hub.course(transfer) is None
        with hub_of(stage) as hub:
            assert _balances(hub, stage, transfer)


def _balances(hub: Database, stage: Stage, transfer: UUID) -> bool:
    """As the hub's own process finds every five minutes: before the dispatch, with it, and when patience has ended."""
    url, patience = stage.net.hub_settings.hub_url, timedelta(hours=24)
    weighing = Reconciler(hub, url, hub.participants, bootstrap.now, patience)
    weighing.reconcile()
    named = dict[tuple[UUID, TelematikId], str]()

    def told() -> bool:
        with hub.work(HOSPITAL) as work:
            named.update(work.balance.resolvers([transfer]))
        return bool(named)

    wait(told, "the dispatch")
    assert named == {(transfer, PRACTICE): stage.net.settings("hospital").resolver_url}
    replace(weighing, now=lambda: bootstrap.now() + 2 * patience).reconcile()
    return str(transfer) not in fields_of(hub, PRACTICE, Action.BALANCE_LOST)


def test_a_switch_turned_off_denies_a_pull_and_no_push_and_turned_on_lets_it_come(stage: Stage) -> None:
    """By the command that a person types, at the hospital's node and with its own session at the hub."""
    hospital = stage.net.nodes["hospital"].settings_file
    with stage.pacs(COUNT) as destination:
        entry = stage.publish(OTHER_STUDY, OTHER_KVNR)
        off = run(hospital, "pull-switch", "off", "--basis", "nur Versand")
        assert off == (0, "pulls: off\n")
        denied = stage.ask(entry, OTHER_KVNR)
        wait(lambda: stage.row(denied).state in FINAL, "the denial")
        assert (stage.row(denied).state, stage.row(denied).reason) == (State.FAILED, "denied: link-not-permitted")
        assert destination.kept == []
        status, printed = run(stage.net.hub.settings_file, "explain", str(denied), "--hub")
        assert (status, "The switch of the origin stood off (nur Versand)." in printed) == (0, True), printed

        link = push.push(stage.hospital, StudyUid(OTHER_STUDY), PRACTICE, pacs="pacs", kvnr=OTHER_KVNR)
        wait(lambda: (found := stage.of_offer(str(link))) and found.state in FINAL, "the push")
        pushed = stage.of_offer(str(link))
        assert pushed
        assert (pushed.state, len({it.uid for it in destination.kept})) == (State.COMPLETE, 2)

    with stage.pacs(COUNT) as destination:
        assert run(hospital, "pull-switch", "on") == (0, "pulls: on\n")
        again = stage.ask(entry, OTHER_KVNR)
        wait(lambda: stage.row(again).state in FINAL, "the pull")
        assert (stage.row(again).state, stage.row(again).reason) == (State.COMPLETE, "")
        assert len({it.uid for it in destination.kept}) == 2
