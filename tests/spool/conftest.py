"""A spool in a folder of its own, and what is sent to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Clock
from world import CT, EXPLICIT, HOSPITAL, STUDY, data_set, in_chunks, uid

from linkexchange.model.identifiers import AeTitle
from linkexchange.model.outbox import Spooled
from linkexchange.ports import IncomingInstance
from linkexchange.spool import Folder, Intake
from linkexchange.store.work import Database

KEY = bytes(range(32))
MAX_BYTES, ALARM_BYTES = 1 << 20, 800 << 10
Make = Callable[..., Folder]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """A folder that is received into."""
    made = Folder(tmp_path / "spool", KEY, max_bytes=MAX_BYTES, alarm_bytes=ALARM_BYTES)
    descriptor = made.lock()
    yield made
    os.close(descriptor)


@pytest.fixture
def intake(database: Database, folder: Folder, clock: Clock) -> Intake:
    return Intake(HOSPITAL, database, folder, title=AeTitle("OUTBOX"), now=clock)


def incoming(number: int, content: bytes = b"", *, syntax: str = EXPLICIT, **changes: str) -> IncomingInstance:
    chunks = in_chunks(content or data_set(number, **changes))
    return IncomingInstance(CT, uid(number), type(EXPLICIT)(syntax), chunks)


def send(intake: Intake, *numbers: int) -> None:
    """A modality sends these, and each is taken."""
    assert [intake.take("MODALITY", incoming(number)) for number in numbers] == [0] * len(numbers)


def waiting(intake: Intake) -> list[Spooled]:
    with intake.store.work(HOSPITAL) as work:
        return list(work.outbox.of_study(STUDY))


def files(folder: Folder) -> list[Path]:
    return sorted(it for it in folder._path.iterdir() if it.name != "lock")
