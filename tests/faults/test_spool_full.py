"""F-04: a real disk that is full, or has no inode left, takes nothing and loses nothing until it has room again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Clock
from spool.conftest import KEY, files
from world import EXPLICIT, HOSPITAL

from linkexchange.conform import made
from linkexchange.model.identifiers import AeTitle, SopClassUid, SopInstanceUid
from linkexchange.model.outbox import Spooled
from linkexchange.ports import IncomingInstance
from linkexchange.spool import Folder, Intake, guarded
from linkexchange.store.work import Database

pytestmark = [pytest.mark.root, pytest.mark.skipif(os.geteuid() != 0, reason="needs root")]
IMAGES = made(8, kilobytes=400)


@pytest.fixture(params=["size=1m", "size=2m", "size=3m", "size=64m,nr_inodes=5"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    options = f"mode=0700,{request.param}"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "spool-test", tmp_path], check=False)
    if done.returncode and os.environ.get("CI") != "true":
        pytest.skip("may not mount")
    assert done.returncode == 0
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def take(intake: Intake, number: int) -> int:
    image = IMAGES[number]
    chunks = (image.content[at : at + 131_072] for at in range(0, len(image.content), 131_072))
    names = SopClassUid(image.sop_class), SopInstanceUid(image.uid)
    return intake.take("MODALITY", IncomingInstance(*names, EXPLICIT, chunks))


def test_f_04_a_disk_without_room(disk: Path, database: Database, clock: Clock) -> None:
    folder = Folder(disk, KEY, max_bytes=1 << 30, alarm_bytes=1 << 30)
    with guarded(folder):
        intake = Intake(HOSPITAL, database, folder, title=AeTitle("OUTBOX"), now=clock)
        statuses = [take(intake, number) for number in range(len(IMAGES))]
        taken = statuses.count(0)
        assert statuses == [0] * taken + [0xA700] * (len(IMAGES) - taken)
        assert 0 < taken < len(IMAGES)
        rows = held(intake)
        assert len(files(folder)) == len(rows) == taken
        assert [b"".join(folder.read(it.file)) for it in rows] == [it.content for it in IMAGES[:taken]]
        with database.work(HOSPITAL) as work:
            work.outbox.drop([rows[0].file])
        folder.remove([rows[0].file])
        assert take(intake, taken) == 0


def held(intake: Intake) -> list[Spooled]:
    with intake.store.work(HOSPITAL) as work:
        [study] = work.outbox.waiting()
        rows = list(work.outbox.of_study(study.study))
    return sorted(rows, key=lambda it: [one.uid for one in IMAGES].index(it.sop_instance))
