"""DCMTK as a modality sends to the outbox; a person sends the study on; it leaves the node when it has arrived."""

from __future__ import annotations

import base64
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import peers
import pytest
import synthetic
from journeys.conftest import Stage, staged
from journeys.test_by_hand import run
from peers.ground import PATH

from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport

pytestmark = [pytest.mark.peers, pytest.mark.slow]

PORT = peers.free_port()
KVNR = synthetic.KVNR


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outbox") / "spool"


@pytest.fixture(scope="module")
def stage(spool: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    key = tmp_path_factory.mktemp("key") / "spool.key"
    key.write_bytes(base64.b64encode(os.urandom(32)))
    key.chmod(0o600)
    settings = {"dimse_host": peers.HOST, "dimse_port": PORT, "outbox_ae": "OUTBOX"}
    with staged(**settings, spool_folder=spool, spool_key=key) as stage:
        node = stage.hospital
        with node.store.work(node.me) as work:
            work.pacs.put(Passport("modality", AeTitle("MODALITY"), peers.HOST, 104))
        yield stage


def dcmtk(program: str, *files: Path) -> subprocess.CompletedProcess[str]:
    command = [program, "-aet", "MODALITY", "-aec", "OUTBOX", peers.HOST, str(PORT), *map(str, files)]
    return subprocess.run(command, env={"PATH": PATH}, capture_output=True, text=True, timeout=120, check=False)


def until(fulfilled: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 90
    while not fulfilled():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.2)


def listed(stage: Stage) -> str:
    status, printed = run(stage.net.nodes["hospital"].settings_file, "outbox")
    assert status == 0, printed
    return printed


def sealed(spool: Path) -> list[Path]:
    return [it for it in spool.iterdir() if it.name != "lock"]


def test_a_study_that_only_ever_came_by_c_store_is_sent_on_and_leaves_nothing(
    stage: Stage, spool: Path, tmp_path: Path
) -> None:
    made = synthetic.study(12, 64)
    files, pattern = synthetic.write(tmp_path, made), made[0][-1024:]
    hospital = stage.net.nodes["hospital"].settings_file
    with peers.Orthanc("DEST") as destination:
        stage.use(origin=destination.passport(), destination=destination.passport())
        assert dcmtk("echoscu").returncode == 0
        done = dcmtk("storescu", *files)
        assert done.returncode == 0, done.stderr
        assert len(sealed(spool)) == 12
        assert not any(pattern in it.read_bytes() for it in sealed(spool))
        assert f"{synthetic.STUDY}\tsince" in listed(stage)
        assert "\t12 images\t" in listed(stage)

        destination_is_down = stage.practice
        with destination_is_down.store.work(destination_is_down.me) as work:
            work.pacs.put(Passport("pacs", AeTitle("NOWHERE"), peers.HOST, peers.free_port()))
        status, printed = run(hospital, "push", synthetic.STUDY, stage.practice.me, "--pacs", "outbox")
        assert status == 0, printed
        until(lambda: "offered" in listed(stage), "the state of the study")
        time.sleep(1.5)
        assert len(sealed(spool)) == 12

        stage.use(origin=destination.passport(), destination=destination.passport())
        until(lambda: not sealed(spool), "the removal")
        assert len(destination.part10()) == 12
        assert synthetic.STUDY not in listed(stage)
    places = [stage.net.nodes[name].settings_file.parent for name in ("hospital", "practice")]
    everything = [it for place in (*places, spool) for it in place.rglob("*") if it.is_file()]
    assert [it for it in everything if pattern[:256] in it.read_bytes()] == []
    status, printed = run(hospital, "audit", "verify")
    assert status == 0, printed


def test_a_person_discards_a_study_by_hand(stage: Stage, spool: Path, tmp_path: Path) -> None:
    other = f"{synthetic.STUDY}.5"
    files = synthetic.write(tmp_path, synthetic.study(2, 16, study=other))
    assert dcmtk("storescu", *files).returncode == 0
    hospital = stage.net.nodes["hospital"].settings_file
    status, printed = run(hospital, "outbox", "discard", other, "--reason", " ", "--yes")
    assert (status, "--reason" in printed) == (2, True), printed
    status, printed = run(hospital, "outbox", "discard", other, "--reason", "sent twice", "--yes")
    assert (status, printed) == (0, "discarded: 2 images\n")
    assert sealed(spool) == []
    status, printed = run(hospital, "outbox", "discard", other, "--reason", "sent twice", "--yes")
    assert (status, "nothing of it waits" in printed) == (1, True), printed
