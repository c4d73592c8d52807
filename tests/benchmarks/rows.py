"""The rows on one machine: ours against what hospitals do today, taking turns in one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks import rivals
from benchmarks.bench import Bench
from benchmarks.figures import Limit, Result, rates
from benchmarks.pacs import nagle
from benchmarks.studies import CT, HUGE, MR, TOMO, Study

from linkexchange.model.passport import Retrieve

_RELAYED = 250
_NAGLE_RUNS = 3
_NAGLE_INSTANCES = 250


def ct_discard(bench: Bench) -> Iterator[Result]:
    """A destination that keeps nothing: how fast we are when nobody else is the limit."""
    study = bench.plan.sized(CT)
    yield _to_discard(bench, study)
    if bench.plan.nagle:
        with nagle(bench.pacs):
            yield _to_discard(bench, study, nagle_on=True)


def _to_discard(bench: Bench, study: Study, *, nagle_on: bool = False) -> Result:
    three = bench.pacs
    bench.entry(study, bench.plan.way)
    moved = _moved(bench, study, nagle_on)
    seconds = bench.turns(
        {
            "ours": lambda: bench.pull(study, three.discard.as_destination()),
            "movescu": lambda: rivals.move(moved, three.origin, three.discard),
        },
        runs=_NAGLE_RUNS if nagle_on else 0,
    )
    return Result(
        f"ct-discard{_suffix(nagle_on)}",
        f"CT, Orthanc to a storescp that discards{_suffix(nagle_on)}",
        "MB/s",
        rates("ours", seconds["ours"], study.megabytes),
        rival=rates("direct C-MOVE", seconds["movescu"], moved.megabytes),
        limit=None if nagle_on else Limit(0.45, 0.3),
        note=f"origin by {bench.plan.way.value}; {_sizes(study, moved)}",
    )


def ct_archive(bench: Bench) -> Iterator[Result]:
    yield from _archive_rows(bench, bench.plan.sized(CT), Limit(1.1, 0.95))


def mr_archive(bench: Bench) -> Iterator[Result]:
    study, limit = bench.plan.sized(MR), Limit(1.2, 1.0)
    yield from _archive_rows(bench, study, limit)
    yield to_archive(bench, study, Retrieve.DICOMWEB, limit=limit)


def tomo(bench: Bench) -> Iterator[Result]:
    for way in bench.ways:
        yield to_archive(bench, TOMO, way, limit=Limit(1.0, 0.7))


def huge(bench: Bench) -> Iterator[Result]:
    for way in bench.ways:
        yield to_archive(bench, HUGE, way, limit=Limit(1.0, 0.7))


def _archive_rows(bench: Bench, study: Study, limit: Limit) -> Iterator[Result]:
    yield to_archive(bench, study, bench.plan.way, limit=limit)
    if bench.plan.nagle:
        with nagle(bench.pacs):
            yield to_archive(bench, study, bench.plan.way, limit=None)


def to_archive(bench: Bench, study: Study, way: Retrieve, *, limit: Limit | None) -> Result:
    """Orthanc to Orthanc. Without a limit it is the comparison with Nagle on."""
    three = bench.pacs
    destination = three.archive.as_destination()
    bench.entry(study, way)
    suffix = _suffix(limit is None)
    moved = _moved(bench, study, limit is None)
    seconds = bench.turns(
        {
            "ours": lambda: bench.kept(study, lambda: bench.pull(study, destination, way=way)),
            "movescu": lambda: bench.kept(moved, lambda: rivals.move(moved, three.origin, three.archive)),
        },
        runs=0 if limit else _NAGLE_RUNS,
    )
    return Result(
        f"{study.name}-archive-{way.value}{suffix}",
        f"{study.name.upper()}, Orthanc to Orthanc, origin by {way.value}{suffix}",
        "MB/s",
        rates("ours", seconds["ours"], study.megabytes),
        rival=rates("direct C-MOVE", seconds["movescu"], moved.megabytes),
        limit=limit,
        note=_sizes(study, moved),
    )


def relay(bench: Bench) -> Iterator[Result]:
    """A hop of pynetdicom, the way in which such gateways are mostly written."""
    study = bench.plan.sized(CT)
    part = study.only(_RELAYED)
    folder = bench.part(study, part)
    bench.entry(study, bench.plan.way)
    with rivals.relay(bench.pacs.discard) as hop:
        seconds = bench.turns(
            {
                "ours": lambda: bench.pull(study, bench.pacs.discard.as_destination()),
                "relay": lambda: rivals.send(folder, hop),
            }
        )
    yield Result(
        "relay",
        "CT to a storescp that discards, against one hop of pynetdicom",
        "MB/s",
        rates("ours", seconds["ours"], study.megabytes),
        rival=rates("storescu, relay", seconds["relay"], part.megabytes),
        limit=Limit(6.0, 4.0),
        note=f"the relay moves the first {part.instances} instances",
    )


def others(bench: Bench) -> Iterator[Result]:
    """The other ways that peers have; reported beside ours, without a goal."""
    study = bench.plan.sized(CT)
    part = study.only(_RELAYED)
    origin, discard = bench.pacs.origin, bench.pacs.discard
    destination, folder = bench.pacs.archive.as_destination(), bench.part(study, part)
    bench.entry(study, bench.plan.way)
    seconds = bench.turns(
        {
            "ours": lambda: bench.kept(study, lambda: bench.pull(study, destination)),
            "Orthanc STOW-RS": lambda: bench.kept(study, lambda: rivals.stow(study, origin)),
            "Orthanc peer": lambda: bench.kept(study, lambda: rivals.peer_store(study, origin)),
        }
    )
    mine = rates("ours", seconds.pop("ours"), study.megabytes)
    for name, took in seconds.items():
        rival = rates(name, took, study.megabytes)
        yield Result(f"other-{name}", f"CT, Orthanc to Orthanc, against {name}", "MB/s", mine, rival=rival)
    seconds = bench.turns(
        {
            "ours": lambda: bench.pull(study, discard.as_destination()),
            "pynetdicom": lambda: rivals.pynetdicom_send(folder, discard),
        }
    )
    mine = rates("ours", seconds["ours"], study.megabytes)
    rival = rates("pynetdicom sender", seconds["pynetdicom"], part.megabytes)
    yield Result("other-pynetdicom", "CT to a storescp, against pynetdicom alone from files", "MB/s", mine, rival=rival)


def _moved(bench: Bench, study: Study, nagle_on: bool) -> Study:
    """What the rival moves. With Nagle on it waits 40 ms for each instance, so a smaller study shows its rate."""
    if not nagle_on:
        return study
    smaller = replace(study.only(_NAGLE_INSTANCES), name=f"{study.name}-smaller", number=study.number + 50)
    bench.fill(smaller)
    return smaller


def _sizes(study: Study, moved: Study) -> str:
    own = f"{study.instances} × {study.pixel_bytes / 1e6:.3g} MB"
    return own if moved == study else f"{own}, C-MOVE {moved.instances} of that size"


def _suffix(nagle_on: bool) -> str:
    return ", Nagle on" if nagle_on else ""
