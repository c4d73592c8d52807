"""A household whose certificate is replaced: who makes way for whom."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
import working

pytestmark = pytest.mark.slow

PROGRAM = """
import signal, sys, time
from pathlib import Path
from linkexchange.household import Household, Renewal

def idle():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        time.sleep(0.05)

def busy():
    # Ends what it has begun: as long as the file is there.
    told = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(1))
    while not told or Path(sys.argv[2]).exists():
        time.sleep(0.05)

Household(
    {"data": idle, "worker": busy, "web": busy},
    renewals={"worker": Renewal.BESIDE, "web": Renewal.AFTER},
    watched=Path(sys.argv[1]),
).live()
"""


until = partial(working.until, seconds=20)


class House:
    def __init__(self, process: subprocess.Popen[bytes], watched: Path, work: Path) -> None:
        self.process, self.watched, self.work = process, watched, work

    def members(self, name: str) -> set[int]:
        children = psutil.Process(self.process.pid).children()
        return {it.pid for it in children if it.name() == name and it.status() != psutil.STATUS_ZOMBIE}

    def renew(self) -> None:
        newer = self.watched.with_suffix(".new")
        newer.write_text("newer")
        newer.replace(self.watched)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    watched, work = tmp_path / "node.pem", tmp_path / "work"
    watched.write_text("older")
    work.touch()
    command = [sys.executable, "-c", PROGRAM, str(watched), str(work)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        house = House(process, watched, work)
        until(lambda: all(house.members(name) for name in ("data", "worker", "web")))
        try:
            yield house
        finally:
            work.unlink(missing_ok=True)
            os.kill(process.pid, signal.SIGTERM)
            process.wait(20)


def test_a_newer_certificate_is_taken_up_without_anything_that_was_begun_being_lost(house: House) -> None:
    before = {name: house.members(name) for name in ("data", "worker", "web")}
    house.renew()
    until(lambda: len(house.members("worker")) == 2)
    time.sleep(0.5)
    assert house.members("worker") > before["worker"], "the older one ends its pull beside its successor"
    assert house.members("web") == before["web"], "the port is still in use"
    house.work.unlink()
    until(lambda: house.members("web") and not house.members("web") & before["web"])
    until(lambda: house.members("worker") and not house.members("worker") & before["worker"])
    assert len(house.members("worker")) == 1
    assert house.members("data") == before["data"]
