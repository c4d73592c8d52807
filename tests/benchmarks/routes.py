"""How fast studies move through the hub's relay, beside the direct route over the same long line, in one run.

Two hospitals share one PACS and stand near, with the hub; the practice stands far. One hospital listens at an address
that the practice reaches, the other only for itself, so that it is reached through the relay. Needs root, `cc`, `ip`
and /dev/net/tun.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

if __name__ == "__main__":
    # The script's own folder is on the path, and what is wanted there is the folder of all tests.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import psutil
from benchmarks import bench, line, ours, report, studies
from benchmarks.bench import Plan, turns
from benchmarks.figures import Limit, Result, Runs, rates
from benchmarks.ours import Ours
from benchmarks.pacs import Archive, Discard
from benchmarks.studies import CT, MR, Study

from linkexchange.demo.free_ports import free_port
from linkexchange.model.route import Route

OPEN, CLOSED = "open", "closed"
_ROUND_TRIP_MS, _MBIT = 20, 1000
_RATE = Limit(0.8, 0.6)
_GROWTH = Limit(4.0, 16.0)
"""MB over the size before the first study: pieces of 256 KiB for a few streams, and what Python keeps."""
_LOOK_SECONDS = 0.05
_PAGE = Path(__file__).parents[2] / "docs/reference/measurements-relay.md"

_HEAD = """# Measurements of the relay

*Reference, for whoever runs a hub or a node without a direct route.*

<!-- Made by tests/benchmarks/routes.py --write-docs: measure again, do not edit. -->

Measured on {sentence}. All programs of both sides, of the hub and the line itself share these cores.

The practice stands {milliseconds} ms (round trip) and {mbit} Mbit/s away from two hospitals that share one Orthanc, and
from the hub beside them. Both contenders pull the same study from the same PACS over the same line; one hospital is
reached directly, the other through the relay, and they take turns. A ratio is that of the medians; smallest and largest
run stand in brackets. MB are 10⁶ bytes of pixels. `make benchmarks-relay` measures again.

| work | through the relay | direct, in the same run | measure | goal | floor | verdict |
|---|---|---|---|---|---|---|
{rows}

{notes}
"""


@dataclass
class Sizes:
    """Memory that is a process's alone (USS), in MB, looked at as long as the block lasts."""

    process: psutil.Process
    seen: list[float]

    @contextmanager
    def watched(self) -> Iterator[None]:
        done = threading.Event()

        def watch() -> None:
            while not done.wait(_LOOK_SECONDS):
                self.look()

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def look(self) -> float:
        self.seen.append(self.process.memory_full_info().uss / 1e6)
        return self.seen[-1]


@dataclass(frozen=True, slots=True)
class Routed:
    """What is running; `relay` is the size of its process."""

    plan: Plan
    root: Path
    origin: Archive
    discard: Discard
    ours: Ours
    relay: Sizes


def rows(plan: Plan, root: Path) -> Iterator[Result]:
    """CT and MR through the relay against the direct route, and what the relay needs for it."""
    with _running(plan, root) as routed:
        idle, spent = routed.relay.look(), _cpu(routed)
        moved = 0.0
        for study in (plan.sized(CT), plan.sized(MR)):
            yield _row(routed, study)
            moved += study.megabytes * (plan.runs + 1)
        grown = max(routed.relay.seen) - idle
        note = f"{idle:.1f} MB before the first study; {moved:.0f} MB went through it, for which it took "
        note += f"{(_cpu(routed) - spent) / moved * 1e3:.2f} s of processor time for each GB"
        title = "growth of the relay's process, memory that is its alone"
        yield Result("relay-memory", title, "MB", Runs("ours", (grown,)), limit=_GROWTH, note=note)


def _row(routed: Routed, study: Study) -> Result:
    routed.origin.fill(studies.write(study, routed.root))
    way = routed.origin.way(routed.plan.way)
    entries = {name: routed.ours.publish(study, way, at=name) for name in (OPEN, CLOSED)}
    destination = routed.discard.as_destination()
    with routed.relay.watched():
        seconds = turns(
            {name: partial(routed.ours.pull, study, entry, destination) for name, entry in entries.items()},
            runs=routed.plan.runs,
        )
    _see_routes(routed.ours)
    return Result(
        f"relay-{study.name}",
        f"{study.name.upper()}, {study.instances} images, {study.megabytes:.0f} MB",
        "MB/s",
        rates("ours", seconds[CLOSED], study.megabytes),
        rival=rates("direct", seconds[OPEN], study.megabytes),
        limit=_RATE,
    )


def _see_routes(running: Ours) -> None:
    """That each contender went its own way."""
    practice = running.practice
    for name, route in ((OPEN, Route.DIRECT), (CLOSED, Route.RELAY)):
        with practice.store.work(practice.me) as work:
            known = work.routes.find(running.net.node(name).me)
        if known is None or known.route is not route:
            raise ours.Untrue(f"{name} was reached otherwise")


def _cpu(routed: Routed) -> float:
    times = routed.relay.process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _running(plan: Plan, root: Path) -> Iterator[Routed]:
    with ExitStack() as stack:
        joined = stack.enter_context(line.laid(root, round_trip_ms=_ROUND_TRIP_MS, mbit=_MBIT))
        with joined.inside(joined.far):
            discard = stack.enter_context(Discard())
        stack.enter_context(joined.inside(joined.near))
        origin = stack.enter_context(Archive("ORIGIN"))
        relay_port = free_port()
        relays = {"relays": f"{line.HERE}:{relay_port}"}
        there = partial(joined.inside, joined.far)
        open_site = ours.hospital(origin.ways(), OPEN, host=line.HERE, without=("web",))
        closed = ours.hospital(origin.ways(), CLOSED, host=line.HERE, without=("web",))
        destination = [discard.as_destination()]
        sites = [
            open_site,
            replace(closed, settings={**relays, "listen_host": "127.0.0.1"}),
            ours.practice(destination, host=line.THERE, within=there, without=("web",), settings=relays),
        ]
        running = stack.enter_context(ours.running(sites, host=line.HERE, hub_settings={"relay_port": relay_port}))
        yield Routed(plan, root, origin, discard, running, Sizes(_relay(running), []))


def _relay(running: Ours) -> psutil.Process:
    """The relay's process, a child of the hub's household."""
    for _ in range(100):
        for process in psutil.Process(running.net.hub.process.pid).children():
            if process.name() == "relay":
                return process
        time.sleep(0.1)
    raise ours.Untrue("there is no relay")


def _write(results: Sequence[Result]) -> None:
    sentence = report.Circumstances.here().sentence
    table = "\n".join(f"| {' | '.join(result.cells())} |" for result in results)
    notes = "\n".join(f"{result.title}: {result.note}." for result in results if result.note)
    _PAGE.write_text(_HEAD.format(sentence=sentence, milliseconds=_ROUND_TRIP_MS, mbit=_MBIT, rows=table, notes=notes))


def main() -> int:
    """Measure; 1 where a row missed its floor."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="200 instances of each study")
    parser.add_argument("--write-docs", action="store_true", help="write docs/reference/measurements-relay.md")
    options = parser.parse_args()
    if reason := line.missing():
        print(f"a long line {reason}", file=sys.stderr)
        return 1
    with bench.scratch() as root:
        results = list(rows(Plan(runs=options.runs, quick=options.quick), root))
    report.show(results)
    if options.write_docs:
        _write(results)
    return int(any(result.verdict == "missed" for result in results))


if __name__ == "__main__":
    sys.exit(main())
