from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import peers
import pydicom.data
import pytest

SHIPPED = Path(pydicom.data.__file__).parent / "test_files"
FILES = (SHIPPED / "CT_small.dcm", SHIPPED / "JPEG2000.dcm", SHIPPED / "MR_small_RLE.dcm")
SIT_AND_WAIT = (
    "import peers, time; s = peers.StoreScp(); s.start(); print(s.port, s.folder, flush=True); time.sleep(60)"
)


@pytest.mark.peers
@pytest.mark.parametrize("kind", [peers.Orthanc, peers.Dcmqrscp])
def test_a_pacs_holds_after_a_restart_the_very_bytes_that_were_laid_into_it(
    kind: type[peers.Orthanc | peers.Dcmqrscp],
) -> None:
    with kind() as pacs:
        pacs.upload(FILES)
        pacs.stop()
        pacs.start()
        assert sorted(pacs.files().values()) == sorted(peers.data_set(path.read_bytes()) for path in FILES)


@pytest.mark.peers
def test_storescp_writes_down_what_is_sent_to_it() -> None:
    with peers.StoreScp() as pacs:
        peers.send(pacs.ae_title, pacs.port, [pydicom.dcmread(FILES[1])])
        assert list(pacs.files().values()) == [peers.data_set(FILES[1].read_bytes())]


@pytest.mark.slow
def test_qrscp_needs_nothing_but_python() -> None:
    with peers.Qrscp() as pacs:
        pacs.upload(FILES[:1])
        assert len(pacs.files()) == 1


@pytest.mark.peers
def test_a_server_dies_with_the_process_that_started_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SIT_AND_WAIT],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    ) as parent:
        assert parent.stdout is not None
        port, folder = parent.stdout.readline().split()
        parent.send_signal(signal.SIGKILL)
    _wait_until_refused(int(port))
    shutil.rmtree(folder)


def test_two_calls_never_give_the_same_port() -> None:
    ports = [peers.free_port() for _ in range(50)]
    assert len(set(ports)) == 50


def test_a_missing_program_skips_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program"):
        peers.require("no-such-program")


def test_a_missing_program_fails_the_test_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-program"):
        peers.require("no-such-program")


def _wait_until_refused(port: int) -> None:
    deadline = time.monotonic() + 5
    while _answers(port):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((peers.HOST, port)) == 0
