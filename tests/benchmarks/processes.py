"""What our processes need: memory that is theirs alone, and processor time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

from linkexchange.demo.network import Network

_TURN_SECONDS = 0.05
_GONE = (psutil.NoSuchProcess, psutil.ZombieProcess, FileNotFoundError)


def of_nodes(net: Network) -> dict[int, str]:
    """Every process of both nodes, with a name for people: `practice/worker`."""
    found: dict[int, str] = {}
    for name, household in net.nodes.items():
        with suppress(*_GONE):
            root = psutil.Process(household.process.pid)
            for process in (root, *root.children(recursive=True)):
                found |= _named(process, name)
    return found


def cpu_seconds(pids: Mapping[int, str]) -> dict[str, float]:
    """Processor seconds until now by name, with those of children that have ended."""
    spent: dict[str, float] = {}
    for pid, name in pids.items():
        with suppress(*_GONE):
            times = psutil.Process(pid).cpu_times()
            spent[name] = spent.get(name, 0.0) + sum((times.user, times.system, *times[2:4]))
    return spent


def own_megabytes(pids: Mapping[int, str]) -> dict[int, float]:
    """Memory that no other process shares (USS): what would be free again if it ended."""
    sizes: dict[int, float] = {}
    for pid in pids:
        with suppress(*_GONE):
            sizes[pid] = psutil.Process(pid).memory_full_info().uss / 1e6
    return sizes


@dataclass
class Growth:
    """By how much each process has grown over its idle size. One that came later began with nothing."""

    net: Network
    names: dict[int, str]
    idle: dict[int, float]
    peak: dict[int, float] = field(default_factory=dict)

    def look(self) -> None:
        self.names |= of_nodes(self.net)
        for pid, size in own_megabytes(self.names).items():
            self.peak[pid] = max(size, self.peak.get(pid, 0.0))

    def by_name(self) -> list[tuple[str, float]]:
        """The largest first."""
        grown = [(self.names[pid], size - self.idle.get(pid, 0.0)) for pid, size in self.peak.items()]
        return sorted(grown, key=lambda row: -row[1])


@contextmanager
def growing(net: Network, names: dict[int, str], idle: dict[int, float]) -> Iterator[Growth]:
    """Look every 50 ms for as long as the block lasts."""
    growth = Growth(net, dict(names), idle)
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_TURN_SECONDS):
            growth.look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield growth
    finally:
        done.set()
        watcher.join()


def _named(process: psutil.Process, node: str) -> dict[int, str]:
    try:
        return {process.pid: f"{node}/{process.name()}"}
    except _GONE:
        return {}
