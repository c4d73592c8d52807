"""The rows over a long line: both nodes, each with its PACS, in a network namespace of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import line, ours, rivals, studies
from benchmarks.bench import Plan, turns
from benchmarks.figures import Limit, Result, rates
from benchmarks.ours import Ours
from benchmarks.pacs import Archive, Discard
from benchmarks.studies import CT, MR, Study

_RIVAL_INSTANCES = {"ct": 250, "mr": 500}
"""A sender that waits for each answer is as slow at the end as at the beginning, so a part shows its rate."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How far apart the nodes are, and what their line carries."""

    round_trip_ms: float
    mbit: int

    def __str__(self) -> str:
        return f"{self.round_trip_ms:g} ms, {self.mbit} Mbit/s"


REFERENCE = Distance(20, 1000)
MORE = tuple(Distance(ms, mbit) for mbit in (1000, 100) for ms in (5, 20, 50) if (ms, mbit) != (20, 1000))
_LIMITS = {"ct": Limit(5.0, 4.5), "mr": Limit(20.0, 15.0)}


@dataclass(frozen=True, slots=True)
class Far:
    """The origin and the hub stand near, the requester and its PACS far."""

    plan: Plan
    root: Path
    origin: Archive
    discard: Discard
    ours: Ours


def rows(plan: Plan, root: Path, distance: Distance) -> Iterator[Result]:
    """CT and MR against storescu to storescp over the same line."""
    with _running(plan, root, distance) as far:
        for study in (plan.sized(CT), plan.sized(MR)):
            yield _row(far, study, distance)


def _row(far: Far, study: Study, distance: Distance) -> Result:
    part = study.only(_RIVAL_INSTANCES[study.name])
    far.origin.fill(studies.write(study, far.root))
    folder = studies.part(far.root, study, part)
    entry = far.ours.publish(study, far.origin.way(far.plan.way))
    destination = far.discard.as_destination()
    seconds = turns(
        {
            "ours": lambda: far.ours.pull(study, entry, destination),
            "storescu": lambda: rivals.send(folder, far.discard, host=line.THERE),
        },
        runs=far.plan.runs,
    )
    return Result(
        f"wan-{study.name}-{distance.round_trip_ms:g}ms-{distance.mbit}mbit",
        f"{study.name.upper()}, {distance} between the nodes",
        "MB/s",
        rates("ours", seconds["ours"], study.megabytes),
        rival=rates("storescu to storescp", seconds["storescu"], part.megabytes),
        limit=_LIMITS[study.name] if distance == REFERENCE else None,
        note=f"the way out of the origin's PACS included; storescu sends the first {part.instances} from files",
    )


@contextmanager
def _running(plan: Plan, root: Path, distance: Distance) -> Iterator[Far]:
    with ExitStack() as stack:
        joined = stack.enter_context(line.laid(root, round_trip_ms=distance.round_trip_ms, mbit=distance.mbit))
        with joined.inside(joined.far):
            discard = stack.enter_context(Discard())
        stack.enter_context(joined.inside(joined.near))
        origin = stack.enter_context(Archive("ORIGIN"))
        there = partial(joined.inside, joined.far)
        sites = [
            ours.hospital(origin.ways(), host=line.HERE),
            ours.practice([discard.as_destination()], host=line.THERE, within=there, without=("web",)),
        ]
        yield Far(plan, root, origin, discard, stack.enter_context(ours.running(sites, host=line.HERE)))
