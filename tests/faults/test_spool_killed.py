"""SIGKILL of the data process at each point of taking an image into the outbox.

Afterwards an image that was acknowledged waits, and can be read to its last byte. One that was not is either gone or
waits as well, and when the modality sends it again there is one.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import peers
import pytest
from faults import dying_receiver
from faults.dying_receiver import KEY, ME, POINTS, TITLE

from linkexchange import bootstrap
from linkexchange.conform import Caller, Gone, Instance, made
from linkexchange.demo.free_ports import listens
from linkexchange.model.identifiers import SopClassUid, SopInstanceUid, TransferSyntaxUid
from linkexchange.ports import IncomingInstance
from linkexchange.spool import Folder, Intake, guarded
from linkexchange.store.work import Database

pytestmark = pytest.mark.slow
FIRST, SECOND = made(2, kilobytes=3000)


@contextmanager
def receiver(url: str, folder: Path, point: str = "") -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = peers.free_port()
    program = [sys.executable, dying_receiver.__file__, url, str(folder), str(port), point]
    with subprocess.Popen(program, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while not listens(port) and time.monotonic() < deadline:
                time.sleep(0.05)
            yield port, process
        finally:
            process.kill()


def send(port: int, instance: Instance) -> int | None:
    """The status; None where none came."""
    with suppress(Gone, OSError):
        contexts = [(instance.sop_class, instance.syntax)]
        with Caller((peers.HOST, port), contexts, calling="MODALITY", called=TITLE) as caller:
            return caller.store(instance)
    return None


def put(database: Database, path: Path, instance: Instance) -> None:
    """One that was taken before."""
    folder = Folder(path, KEY, max_bytes=1 << 30, alarm_bytes=1 << 30)
    names = SopClassUid(instance.sop_class), SopInstanceUid(instance.uid), TransferSyntaxUid(instance.syntax)
    with guarded(folder):
        intake = Intake(ME, database, folder, title=TITLE, now=bootstrap.now)
        assert intake.take("MODALITY", IncomingInstance(*names, iter([instance.content]))) == 0


def held(database: Database, path: Path) -> dict[str, bytes]:
    """What waits, as it is read back."""
    folder = Folder(path, KEY, max_bytes=1, alarm_bytes=1)
    with database.work(ME) as work:
        rows = [it for study in work.outbox.waiting() for it in work.outbox.of_study(study.study)]
    return {it.sop_instance: b"".join(folder.read(it.file)) for it in rows}


@pytest.mark.parametrize("point", POINTS)
def test_f_01_the_data_process_killed(point: str, database: Database, urls: tuple[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    put(database, folder, FIRST)
    with receiver(urls[1], folder, point) as (port, dying):
        status = send(port, SECOND)
        assert dying.wait(10) == -signal.SIGKILL
    assert (status == 0) == (point == "after the answer has left")
    before = held(database, folder)
    assert before[FIRST.uid] == FIRST.content
    assert before.get(SECOND.uid, SECOND.content) == SECOND.content
    assert status is None or SECOND.uid in before
    with receiver(urls[1], folder) as (port, _):
        assert {it.name for it in folder.iterdir()} == {"lock", *_names(database)}
        assert send(port, SECOND) == 0
    assert held(database, folder) == {it.uid: it.content for it in (FIRST, SECOND)}
    assert {it.name for it in folder.iterdir()} == {"lock", *_names(database)}


def _names(database: Database) -> set[str]:
    with database.work(ME) as work:
        return {file.hex for file in work.outbox.files()}
