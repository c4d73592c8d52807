"""The demo as people start it: it shows a complete pull and push, and leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom import dcmread

from linkexchange.demo import images

pytestmark = [pytest.mark.slow]
WAIT_SECONDS = 180.0
HOUSE = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "linkexchange", "demo", "--no-browser"]


def wait(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.1)


@contextmanager
def started(
    folder: Path, *options: str, command: Sequence[str] = DEMO
) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], str]]]:
    """A demo whose temporary files all lie below `folder`; and what it has printed so far."""
    log = folder / "log"
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONWARNINGS": "default"}
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *options], stdout=output, stderr=output, env=environment, cwd=HOUSE)
    try:
        yield process, log.read_text
    finally:
        process.kill()
        process.wait()


def descendants(pid: int) -> set[int]:
    """All processes below one."""
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for task in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            children = {int(child) for child in task.read_text().split()}
            found |= children
            waiting += children
    return found


def alive(pids: set[int]) -> set[int]:
    """Those that run: neither gone nor only waiting to be buried."""
    return {pid for pid in pids if _state(pid) not in {"", "Z", "X"}}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def test_the_study_that_is_pulled_has_several_series_and_transfer_syntaxes(tmp_path: Path) -> None:
    files = [dcmread(file, stop_before_pixels=True) for file in images.prepare(tmp_path)[0].files]
    assert len({ds.SeriesInstanceUID for ds in files}) >= 2
    assert len({ds.file_meta.TransferSyntaxUID for ds in files}) >= 2


def test_once_it_prints_both_proofs_and_leaves_nothing_behind(open_folder: Path) -> None:
    """With the PACS that needs no installation; `test_readme.py` runs it with whichever is installed."""
    with started(open_folder, "--once", "--pacs", "qrscp") as (process, printed):
        assert process.wait(WAIT_SECONDS) == 0, printed()
        assert printed().count("complete: 14 of 14 instances") == 2
    assert [path.name for path in open_folder.iterdir()] == ["log"]


def test_ctrl_c_ends_two_demos_side_by_side_and_leaves_no_process_and_no_file(open_folder: Path) -> None:
    other = open_folder / "other"
    other.mkdir(mode=0o755)
    with started(open_folder) as (one, printed), started(other) as (two, printed_by_other):
        wait(lambda: "Ctrl-C ends" in printed(), printed())
        wait(lambda: "Ctrl-C ends" in printed_by_other(), printed_by_other())
        below = descendants(one.pid) | descendants(two.pid)
        assert len(below) > 20
        for process in (one, two):
            process.send_signal(signal.SIGINT)
        assert [one.wait(WAIT_SECONDS), two.wait(WAIT_SECONDS)] == [0, 0]
        # What a process had begun for itself ends when it sees that process gone: a moment later.
        wait(lambda: alive(below) == set(), "the end of all processes")
    assert sorted(path.name for path in open_folder.iterdir()) == ["log", "other"]
    assert [path.name for path in other.iterdir()] == ["log"]


def test_sigkill_leaves_no_postgresql_no_pacs_and_no_node_behind(open_folder: Path) -> None:
    """`make` gives its place to the demo, so that whoever kills it kills that."""
    with started(open_folder, command=["make", "demo", "ARGS=--no-browser"]) as (process, printed):
        wait(lambda: "Publish:" in printed(), printed())
        below = descendants(process.pid)
        assert len(below) > 10
        process.kill()
        wait(lambda: not alive(below), "the end of all processes")
