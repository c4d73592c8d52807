"""Fifty pulls at once from ten origins, each with a node and a PACS of its own, against one pull alone."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ours, studies
from benchmarks.bench import Plan, see_kept, turns
from benchmarks.figures import Limit, Result, rates
from benchmarks.ours import Ours, Untrue
from benchmarks.pacs import ORIGIN_ASSOCIATIONS, Archive
from benchmarks.studies import CT, Study

_ORIGINS = 10
_PULLS = 50
_ESTABLISHED = "01"
_TURN_SECONDS = 0.1
_ALONE = CT
_EACH, _SMALL, _QUICK = 200, 40, 8
"""Images of each study: as many as memory holds of fifty, a few, and what a quick look takes."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """All that runs, and where each study lies: the record's entry by study."""

    archive: Archive
    origins: tuple[Archive, ...]
    ours: Ours
    entries: dict[Study, str]


def rows(plan: Plan, root: Path) -> Iterator[Result]:
    """The aggregate rate beside that of one pull to the same archive: many images each and, only reported, few."""
    alone = plan.sized(_ALONE)
    large = studies.many(_PULLS, _QUICK if plan.quick else _EACH)
    small = studies.many(_PULLS, _QUICK if plan.quick else _SMALL, first=200)
    with _running(plan, root, [alone, *large, *small]) as ground:
        yield _row(plan, ground, alone, large, limit=Limit(0.9, 0.7))
        yield _row(plan, ground, alone, small, limit=None)


def _row(plan: Plan, ground: Crowd, alone: Study, crowd: Sequence[Study], *, limit: Limit | None) -> Result:
    most: Counter[int] = Counter()
    seconds = turns(
        {"all": lambda: _at_once(ground, crowd, most), "alone": lambda: _at_once(ground, [alone], Counter())},
        runs=plan.runs,
    )
    each, megabytes = crowd[0].instances, sum(study.megabytes for study in crowd)
    return Result(
        "crowd" if limit else "crowd-small",
        f"{_PULLS} pulls at once from {_ORIGINS} origins, {each} images each, Orthanc to Orthanc",
        "MB/s",
        rates("ours", seconds["all"], megabytes),
        rival=rates("ours, one pull", seconds["alone"], alone.megabytes),
        limit=limit,
        note=f"{megabytes:.0f} MB; all complete; at most {max(most.values())} associations at one origin",
    )


def _at_once(ground: Crowd, wanted: Sequence[Study], most: Counter[int]) -> float:
    """Ask for all, wait for all, look at every proof, and see that no origin was asked for more than it allows."""
    destination = ground.archive.as_destination()
    with _counting([origin.port for origin in ground.origins], most):
        begun = time.monotonic()
        asked = [(study, ground.ours.request(ground.entries[study], destination)) for study in wanted]
        ground.ours.wait([transfer for _, transfer in asked])
        seconds = time.monotonic() - begun
    for study, transfer in asked:
        ground.ours.see_complete(transfer, study)
    see_kept(ground.archive, sum(study.instances for study in wanted))
    if most and max(most.values()) > ORIGIN_ASSOCIATIONS:
        raise Untrue(f"{max(most.values())} associations at an origin that allows {ORIGIN_ASSOCIATIONS}")
    return seconds


@contextmanager
def _counting(ports: Sequence[int], most: Counter[int]) -> Iterator[None]:
    """The largest number of connections that each port has had at once."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(_TURN_SECONDS):
            for port, count in _connections(ports).items():
                most[port] = max(most[port], count)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        done.set()
        looking.join()


def _connections(ports: Sequence[int]) -> Counter[int]:
    wanted = {f"{port:04X}": port for port in ports}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    here = [row[1].rpartition(":")[2] for row in rows if row[3] == _ESTABLISHED]
    return Counter(wanted[port] for port in here if port in wanted)


@contextmanager
def _running(plan: Plan, root: Path, wanted: Sequence[Study]) -> Iterator[Crowd]:
    with ExitStack() as stack:
        archive = stack.enter_context(Archive("ARCHIVE"))
        origins = tuple(stack.enter_context(Archive(f"ORIGIN{at}")) for at in range(_ORIGINS))
        passports = [origin.way(plan.way) for origin in origins]
        sites = [ours.hospital([passport], f"hospital{at}", without=("web",)) for at, passport in enumerate(passports)]
        network = stack.enter_context(ours.running([*sites, ours.practice([archive.as_destination()])]))
        entries = {}
        for number, study in enumerate(wanted):
            at = number % _ORIGINS
            origins[at].fill(studies.write(study, root))
            shutil.rmtree(root / study.name)
            entries[study] = network.publish(study, passports[at], at=f"hospital{at}")
        yield Crowd(archive, origins, network, entries)
