"""What the kernel sees of an image on its way into the outbox: in which order, and what a failing disk does."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import peers
import psutil
import pytest
from faults import dying_receiver
from faults.dying_receiver import TITLE
from faults.test_spool_killed import FIRST, SECOND, held, send
from peers.ground import require

from linkexchange.conform import Caller
from linkexchange.demo.free_ports import listens
from linkexchange.store.work import Database

pytestmark = [pytest.mark.slow, pytest.mark.peers]
CALLS = "trace=fsync,fdatasync,write,pwrite64,rename,renameat,renameat2,sendto"


@contextmanager
def traced(url: str, folder: Path, seen: Path, *options: str) -> Iterator[int]:
    """A receiver under strace, which is told what to watch and what to break."""
    require("strace")
    port = peers.free_port()
    strace = ["strace", "-f", "--seccomp-bpf", "-yy", "-s", "48", "-o", str(seen), *options]
    program = [sys.executable, dying_receiver.__file__, url, str(folder), str(port), ""]
    with subprocess.Popen([*strace, *program], stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while not listens(port) and time.monotonic() < deadline:
                time.sleep(0.1)
            yield port
        finally:
            # strace waits for the program that it has started, and ends with it.
            for receiver in psutil.Process(process.pid).children():
                receiver.terminate()


def test_the_file_then_its_folder_then_the_row_then_the_answer(
    database: Database, urls: tuple[str, str], tmp_path: Path
) -> None:
    folder, seen = tmp_path / "spool", tmp_path / "seen"
    with traced(urls[1], folder, seen, "-e", CALLS) as port:
        assert send(port, FIRST) == 0
    patterns = {
        "write": rf"write\(\d+<{folder}/[0-9a-f]+\.part>",
        "sync file": rf"fsync\(\d+<{folder}/[0-9a-f]+\.part>",
        "sync folder": rf"fsync\(\d+<{folder}>",
        "commit": r"sendto\(.*COMMIT",
        "rename": rf'rename[a-z0-9]*\(.*"{folder}/[0-9a-f]+\.part"',
        "answer": r"sendto\(\d+<TCP:\[[^\]]*\]>, \"\\4\\0",
    }
    order = [name for line in seen.read_text().splitlines() for name, it in patterns.items() if re.search(it, line)]
    begin = order.index("write")
    names = list(dict.fromkeys(reversed(order[begin:])))[::-1]
    assert names == ["write", "sync file", "sync folder", "commit", "rename", "answer"]


@pytest.mark.parametrize("number", [1, 2])
def test_a_sync_that_the_disk_refuses_is_not_acknowledged_and_leaves_nothing(
    number: int, database: Database, urls: tuple[str, str], tmp_path: Path
) -> None:
    """The first is that of the file, the second that of its folder; strace counts for each thread."""
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o700)
    broken = f"inject=fsync:error=EIO:when={number}"
    with traced(urls[1], folder, tmp_path / "seen", "-e", "trace=fsync", "-e", broken) as port:
        contexts = [(FIRST.sop_class, FIRST.syntax)]
        with Caller((peers.HOST, port), contexts, calling="MODALITY", called=TITLE) as modality:
            assert modality.store(FIRST) == 0xA700
            assert [it.name for it in folder.iterdir()] == ["lock"]
            assert modality.store(SECOND) == 0
    assert held(database, folder) == {SECOND.uid: SECOND.content}
