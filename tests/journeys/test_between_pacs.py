"""Publish, pull, compare, between real PACS: Orthanc and DCMTK at both ends, C-GET and DICOMweb at the origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import peers
import pytest
import reencoding
from digests import digest_of_file
from journeys.conftest import Stage, staged
from reencoding import DEFLATED_AGAIN, LENGTHS, PADDING, PIXEL_VR, SYNTAX, VALUE_PADDING

from linkexchange.model.passport import Passport, Retrieve
from linkexchange.model.transfer import State

pytestmark = [pytest.mark.peers, pytest.mark.slow]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """With a relay beside the direct route."""
    with staged(relayed=True) as stage:
        yield stage


def c_get(pacs: peers.Server) -> Passport:
    return pacs.passport(Retrieve.C_GET)


def dicomweb(pacs: peers.Server) -> Passport:
    return pacs.passport(Retrieve.DICOMWEB)


def check(stage: Stage, origin: peers.Server, destination: peers.Server) -> set[str]:
    """Pull every study; V1, V2 and V4 for each. The answer is how the PACS at both ends rewrote what passed."""
    files, sent = origin.part10(), {}
    for study in stage.studies:
        transfer = stage.pull(study, stage.publish(study))
        proof = stage.proof(transfer)
        assert (transfer.state, proof["stored"]) == (State.COMPLETE, len(study.files)), study.title
        sent |= {row["sop_instance"]: row["digest_sent"] for row in proof["instances"]}
    arrived = destination.part10()
    assert arrived.keys() == files.keys() == sent.keys()
    # Our own part changes nothing: what left us is what lay at the origin, or else what lies at the destination.
    assert all(sent[uid] in {digest_of_file(files[uid]), digest_of_file(arrived[uid])} for uid in files)
    return {name for uid in files for name in reencoding.explained(files[uid], arrived[uid])}


ON_RECEIPT = {DEFLATED_AGAIN, LENGTHS, PIXEL_VR, VALUE_PADDING}
"""What Orthanc and dcmqrscp do to a data set that they store or send; docs/reference/bytes.md."""


@pytest.mark.parametrize(("way", "rewritten"), [(c_get, ON_RECEIPT | {PADDING}), (dicomweb, ON_RECEIPT)])
def test_every_demo_study_travels_from_orthanc_to_orthanc(
    stage: Stage, way: Callable[[peers.Server], Passport], rewritten: set[str]
) -> None:
    with peers.Orthanc("ORIGIN") as origin, peers.Orthanc("DEST") as destination:
        origin.upload(file for study in stage.studies for file in study.files)
        stage.use(origin=way(origin), destination=c_get(destination))
        assert check(stage, origin, destination) == rewritten


def test_every_demo_study_travels_from_dcmqrscp_to_dcmqrscp(stage: Stage) -> None:
    with peers.Dcmqrscp("ORIGIN") as origin, peers.Dcmqrscp("DEST") as destination:
        origin.upload(file for study in stage.studies for file in study.files)
        stage.use(origin=c_get(origin), destination=c_get(destination))
        rewritten = check(stage, origin, destination)
    assert rewritten == {LENGTHS, PADDING, PIXEL_VR, SYNTAX, VALUE_PADDING}


def test_where_the_hospital_cannot_be_called_every_demo_study_travels_through_the_relay_without_one_changed_byte(
    stage: Stage,
) -> None:
    with peers.Orthanc("ORIGIN") as origin, peers.StoreScp("DEST") as destination, stage.without_address():
        origin.upload(file for study in stage.studies for file in study.files)
        stage.use(origin=dicomweb(origin), destination=c_get(destination))
        assert check(stage, origin, destination) == set()
    assert stage.routes()[-len(stage.studies) :] == ["relay"] * len(stage.studies)


def test_every_demo_study_travels_from_orthanc_by_dicomweb_to_storescp_without_one_changed_byte(stage: Stage) -> None:
    with peers.Orthanc("ORIGIN") as origin, peers.StoreScp("DEST") as destination:
        origin.upload(file for study in stage.studies for file in study.files)
        stage.use(origin=dicomweb(origin), destination=c_get(destination))
        assert check(stage, origin, destination) == set()
