"""Publish and pull where the hospital's PACS sends only by C-MOVE to the hospital's own node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import peers
import pytest
from journeys.conftest import Stage, staged

from linkexchange import bootstrap
from linkexchange.model.audit import Action
from linkexchange.model.passport import Retrieve
from linkexchange.model.transfer import State

pytestmark = [pytest.mark.peers, pytest.mark.slow]

PORT = peers.free_port()


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    titles = "NODEMOVE1,NODEMOVE2"
    with staged(dimse_host=peers.HOST, dimse_port=PORT, move_ae_titles=titles, late_seconds=0.5) as stage:
        yield stage


def orthanc() -> peers.Orthanc:
    rows = {f"node{at}": {"AET": f"NODEMOVE{at}", "Host": peers.HOST, "Port": PORT} for at in (1, 2)}
    return peers.Orthanc("ORIGIN", DicomModalities=rows)


def ways(stage: Stage) -> list[str]:
    """By which ways the hospital has fetched what it has served last."""
    database = bootstrap.database(stage.net.settings("hospital"))
    with closing(database), database.audit_trail(stage.hospital.me) as entries:
        return [str(it.fields.get("ways")) for it in entries if it.action is Action.SERVING_ENDED]


def test_every_demo_study_travels_from_a_pacs_that_knows_only_c_move(stage: Stage) -> None:
    with orthanc() as origin, peers.Orthanc("DEST") as destination:
        origin.upload(file for study in stage.studies for file in study.files)
        stage.use(origin=origin.passport(Retrieve.C_MOVE), destination=destination.passport())
        for study in stage.studies:
            transfer = stage.pull(study, stage.publish(study))
            assert (transfer.state, stage.proof(transfer)["stored"]) == (State.COMPLETE, len(study.files)), study.title
        assert destination.part10().keys() == origin.part10().keys()


def test_a_pacs_whose_dicomweb_is_down_is_asked_by_the_ways_below(stage: Stage) -> None:
    study = stage.studies[0]
    with orthanc() as origin, peers.Orthanc("DEST") as destination:
        origin.upload(study.files)
        stage.use(origin=origin.passport(Retrieve.C_MOVE), destination=destination.passport())
        entry = stage.publish(study)
        nowhere = f"http://{peers.HOST}:{peers.free_port()}/"
        broken = replace(origin.passport(Retrieve.DICOMWEB), dicomweb_url=nowhere)
        stage.use(origin=broken, destination=destination.passport())
        assert stage.pull(study, entry).state is State.COMPLETE
        assert ways(stage)[-1] == f"c-get {len(study.files)}"
