"""What a pull costs: the wait for the first image, memory, processor time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

from benchmarks import processes, sampling
from benchmarks.bench import Bench, see_kept
from benchmarks.figures import Limit, Result, Runs
from benchmarks.ours import Untrue, hospital, practice, running
from benchmarks.pacs import Archive, Discard
from benchmarks.studies import CT, ENHANCED, HUGE, MR, SMALL, Study

from linkexchange import bootstrap

_LOOK_SECONDS = 0.005
_PATIENCE_SECONDS = 60.0
_REST_SECONDS = 2.0
_SHOWN = 4


def first_image(bench: Bench) -> Iterator[Result]:
    """From the moment in which the worker takes the job until the archive has one image."""
    for study in (bench.plan.sized(CT), bench.plan.sized(MR)):
        entry = bench.entry(study, bench.plan.way)
        waits = [_wait_for_first(bench, study, entry) for _ in range(bench.plan.runs + 1)][1:]
        yield Result(
            f"first-{study.name}",
            f"{study.name.upper()}: first image stored after the worker has taken the job",
            "s",
            Runs("ours", tuple(waits)),
            limit=Limit(0.3, 1.0),
            note=f"of {study.instances}; the archive is asked every 5 ms",
        )


def _wait_for_first(bench: Bench, study: Study, entry: str) -> float:
    ours, archive = bench.ours, bench.pacs.archive
    transfer = ours.request(entry, archive.as_destination())
    _until_one(archive)
    seen = bootstrap.now()
    # The queue forgets a job that has ended well, so it is asked while the others are still on their way.
    taken = ours.taken(transfer)
    ours.wait([transfer])
    ours.see_complete(transfer, study)
    see_kept(archive, study.instances)
    return (seen - taken).total_seconds()


def _until_one(archive: Archive) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not archive.count():
        if time.monotonic() > deadline:
            raise Untrue("no image has arrived")
        time.sleep(_LOOK_SECONDS)


def memory(bench: Bench) -> Iterator[Result]:
    """Growth over the idle size, in fresh processes that have moved a small study, so that all code is loaded.

    The destination writes to /dev/null as it receives: one that keeps 2 GiB in memory would be measured instead.
    """
    # The many come last: what Python keeps after a list of 5,000 would count for those behind it.
    wanted = [bench.plan.sized(CT), HUGE, ENHANCED, bench.plan.sized(MR)]
    passport = bench.pacs.origin.way(bench.plan.way)
    with Discard("DEVNULL", ("--bit-preserving",)) as null:
        destination = null.as_destination()
        with running([hospital([passport]), practice([destination])]) as ours:
            for study in (*wanted, SMALL):
                bench.fill(study)
            entries = {study: ours.publish(study, passport) for study in (*wanted, SMALL)}
            ours.pull(SMALL, entries[SMALL], destination)
            time.sleep(_REST_SECONDS)
            names = processes.of_nodes(ours.net)
            idle = processes.own_megabytes(names)
            for study in wanted:
                with processes.growing(ours.net, names, idle) as growth:
                    ours.pull(study, entries[study], destination)
                yield _grown(study, growth)


def _grown(study: Study, growth: processes.Growth) -> Result:
    grown = growth.by_name()
    most = ", ".join(f"{name} {size:.1f}" for name, size in grown[:_SHOWN])
    return Result(
        f"memory-{study.name}",
        f"{study.name.upper()}: largest growth of a process over its idle size",
        "MB",
        Runs("ours", (grown[0][1],)),
        limit=Limit(32.0, 64.0),
        note=f"{study.megabytes:.0f} MB; unshared memory, looked at every 50 ms: {most}",
    )


def cpu(bench: Bench) -> Iterator[Result]:
    """Processor seconds of both nodes for each GB, and of whom."""
    study = bench.plan.sized(CT)
    entry, net = bench.entry(study, bench.plan.way), bench.ours.net
    totals, shares = [], Counter[str]()
    for _ in range(bench.plan.runs):
        before = processes.cpu_seconds(processes.of_nodes(net))
        bench.ours.pull(study, entry, bench.pacs.discard.as_destination())
        after = processes.cpu_seconds(processes.of_nodes(net))
        spent = {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}
        totals.append(sum(spent.values()) / study.megabytes * 1e3)
        shares.update({name: seconds / study.megabytes * 1e3 for name, seconds in spent.items()})
    parts = ", ".join(f"{name} {seconds / len(totals):.2f}" for name, seconds in shares.most_common(6))
    with sampling.shares(processes.of_nodes(net), bench.root) as profile:
        bench.ours.pull(study, entry, bench.pacs.discard.as_destination())
    yield Result(
        "cpu",
        "CT: processor seconds for each GB, both nodes together",
        "s/GB",
        Runs("ours", tuple(totals)),
        note=f"{parts}; samples: {', '.join(profile) or 'perf is not installed'}",
    )
