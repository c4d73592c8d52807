"""Pieces of work that take turns in one process, timed by the clock and by the processor; and the peak of a process."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Runs

Work = Callable[[], object]
_IDLE = (3, 4)
"""Columns of /proc/stat in which nobody works: idle, and waiting for a disk."""


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of all runs of one piece."""

    wall: Runs
    processor: Runs


@dataclass(frozen=True, slots=True)
class Turns:
    """All pieces, and how many processors other processes of the machine had meanwhile, on the mean."""

    took: Mapping[str, Took]
    others: float


def take(pieces: Mapping[str, Work], runs: int) -> Turns:
    """Each piece once without counting, then all of them in turn, so many times."""
    for work in pieces.values():
        work()
    begun, own, busy = time.monotonic(), time.process_time(), busy_seconds()
    rounds = [{name: _once(work) for name, work in pieces.items()} for _ in range(runs)]
    elsewhere = busy_seconds() - busy - (time.process_time() - own)
    took = {name: _took([it[name] for it in rounds]) for name in pieces}
    return Turns(took, max(elsewhere, 0.0) / (time.monotonic() - begun))


def _once(work: Work) -> tuple[float, float]:
    gc.collect()
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def _took(runs: list[tuple[float, float]]) -> Took:
    walls, processors = zip(*runs, strict=True)
    return Took(Runs("wall", walls), Runs("processor", processors))


def busy_seconds() -> float:
    """Processor seconds that all processes of the machine have had since it was started."""
    ticks = [int(it) for it in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(it for place, it in enumerate(ticks) if place not in _IDLE) / os.sysconf("SC_CLK_TCK")


def peak_megabytes() -> float:
    """The most memory that this process has had at once (VmHWM), in MB of 10⁶ bytes."""
    (line,) = (it for it in Path("/proc/self/status").read_text().splitlines() if it.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6
