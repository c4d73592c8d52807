"""The command of `transfers.py`: which rows there are, which are wanted, and what is done with their results."""

from __future__ import annotations

import argparse
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks import bench, bound, costs, crowd, distance, line, page, report, rows
from benchmarks.bench import Bench, Plan
from benchmarks.figures import Result

from linkexchange.model.passport import Retrieve

Row = Callable[[Bench], Iterator[Result]]
OtherRow = Callable[[Plan, Path], Iterator[Result]]

LOOPBACK: dict[str, Row] = {
    "ct-discard": rows.ct_discard,
    "bound": bound.rows,
    "ct-archive": rows.ct_archive,
    "mr-archive": rows.mr_archive,
    "tomo-archive": rows.tomo,
    "huge-archive": rows.huge,
    "relay": rows.relay,
    "first": costs.first_image,
    "memory": costs.memory,
    "cpu": costs.cpu,
    "others": rows.others,
}
"""Rows that share one network on the loopback address."""

ELSEWHERE: dict[str, OtherRow] = {
    "crowd": crowd.rows,
    "wan": partial(distance.rows, distance=distance.REFERENCE),
    **{f"more-wan-{it}": partial(distance.rows, distance=it) for it in distance.MORE},
}
"""Rows with a network of their own."""

ONLY_REPORTED = ("others", "more")


def main(description: str | None) -> int:
    """Measure what is asked for; 1 where a row failed or missed its floor."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = _options(description)
    if options.from_json:
        page.write(*report.read_json(options.from_json))
        return 0
    results, failed = _measure(_plan(options), _wanted(options))
    report.show(results)
    circumstances = report.Circumstances.here()
    if options.json:
        report.write_json(options.json, circumstances, results)
    if options.write_docs:
        page.write(circumstances, results)
    return 1 if failed or any(result.verdict == "missed" for result in results) else 0


def _plan(options: argparse.Namespace) -> Plan:
    nagle = options.nagle or not (options.quick or options.only)
    return Plan(runs=options.runs, quick=options.quick, nagle=nagle, way=Retrieve(options.way))


def _measure(plan: Plan, wanted: Callable[[str], bool]) -> tuple[list[Result], bool]:
    """All rows that are wanted, one after the other, and whether one has failed."""
    results: list[Result] = []
    here = {name: row for name, row in LOOPBACK.items() if wanted(name)}
    failed = False
    if here:
        with bench.scratch() as root, bench.running(plan, root) as ground:
            for name, row in here.items():
                failed |= not _take(name, row(ground), results)
    for name, other in ELSEWHERE.items():
        if wanted(name) and not _impossible(name):
            with bench.scratch() as root:
                failed |= not _take(name, other(plan, root), results)
    return results, failed


def _impossible(name: str) -> bool:
    reason = line.missing() if "wan" in name else ""
    if reason:
        print(f"{name}: left out, since a long line {reason}", file=sys.stderr)
    return bool(reason)


def _take(name: str, row: Iterator[Result], results: list[Result]) -> bool:
    """Take the results of a row; a row that fails does not take the others with it."""
    print(f"{name} …", file=sys.stderr, flush=True)
    try:
        for result in row:
            print("  " + " | ".join(result.cells()), file=sys.stderr, flush=True)
            results.append(result)
    except Exception:
        traceback.print_exc()
        return False
    return True


def _wanted(options: argparse.Namespace) -> Callable[[str], bool]:
    beginnings = tuple(options.only.split(","))
    if options.only:
        return lambda name: name.startswith(beginnings)
    return lambda name: options.all or not name.startswith(ONLY_REPORTED)


def _options(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", default="", help="beginnings of row names, with commas")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="200 instances of each study")
    parser.add_argument("--nagle", action="store_true", help="also with the peers as hospitals run them")
    parser.add_argument("--all", action="store_true", help="also the rows that are only reported")
    parser.add_argument("--way", default="c-get", choices=[way.value for way in Retrieve], help="how origins are asked")
    parser.add_argument("--json", type=Path, help="where the results go for machines")
    parser.add_argument("--write-docs", action="store_true", help="write docs/reference/measurements.md")
    parser.add_argument("--from-json", type=Path, help="write that page from earlier results, and measure nothing")
    return parser.parse_args()
