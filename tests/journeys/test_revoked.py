"""An institution is revoked in the middle of a pull; and two sites exchange while the hub is down. Real processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from journeys import revoking
from journeys.revoking import PRACTICE, Stage, wait

from linkexchange import bootstrap, revoke
from linkexchange.model.revocation import RevocationKind
from linkexchange.model.transfer import FINAL, State
from linkexchange.store.work import Database

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
        assert "receipt.sent" not in stage.actions(stage.practice)
        stage.start_hub()
        wait(lambda: "receipt.sent" in stage.actions(stage.practice), "the receipt")
        with hub_of(stage) as hub, hub.work(PRACTICE) as work:
            assert work.hub.course(transfer) is None
