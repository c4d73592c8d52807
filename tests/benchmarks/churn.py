"""What a PACS notices at a node's DICOM port while 500 connections a second come and go there: N-01, measured.

.venv/bin/python tests/benchmarks/churn.py [--seconds 60]

Whoever churns comes from 16 addresses: every other one hangs up at once, the rest after the head of a request. A known
PACS opens an association and releases it, 20 times a second, before and meanwhile. Receiver, PACS and churn are a
process each.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

import peers
import receiving
from benchmarks.noticed import held, p50, p99

from linkexchange.dicom.lease import Pool
from linkexchange.model.identifiers import AeTitle

PER_SECOND, ADDRESSES, PAUSE_SECONDS, SETTLED_SECONDS = 500, 16, 0.05, 8
_HEAD = b"\x01\x00\x00\x00\x00\xcd"
_NODE = AeTitle("NODE")


def main() -> int:
    """Measure, print, and say by the status whether it holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    with _running() as (server, port):
        idle, before = _asked(port, 20), held(server)
        with _churn(port, seconds) as came:
            attacked, under = _asked(port, seconds - 1), held(server)
        time.sleep(SETTLED_SECONDS)
        after = held(server)
    ratio = p99(attacked) / p99(idle)
    print(f"idle:  p50 {p50(idle):.1f} ms, p99 {p99(idle):.1f} ms; {before[0]} files, {before[1]:.0f} MB")
    print(f"churn: p50 {p50(attacked):.1f} ms, p99 {p99(attacked):.1f} ms; {under[0]} files, {under[1]:.0f} MB")
    print(f"       {came.value} connections in {seconds:.0f} s, none of the {len(attacked)} good ones refused")
    print(f"after: {after[0]} files, {after[1]:.0f} MB; p99 {ratio:.2f} times that of idle")
    is_flat = after[0] <= before[0] + 2 and after[1] < before[1] * 1.05
    return 0 if ratio < 2 and is_flat else 1


@contextmanager
def _running() -> Iterator[tuple[psutil.Process, int]]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_receive, args=(theirs,), daemon=True)
    process.start()
    try:
        yield psutil.Process(process.pid), ours.recv()
    finally:
        ours.send(None)
        process.join(10)


def _receive(told: multiprocessing.connection.Connection) -> None:
    with Path(os.devnull).open("w") as log, redirect_stdout(log), receiving.on() as node:
        told.send(node.port)
        told.recv()


@contextmanager
def _churn(port: int, seconds: float) -> Iterator[multiprocessing.sharedctypes.Synchronized[int]]:
    came = multiprocessing.Value("i", 0)
    process = multiprocessing.Process(target=_come_and_go, args=(port, seconds, came), daemon=True)
    process.start()
    yield came
    process.join(seconds + 30)


def _come_and_go(port: int, seconds: float, came: multiprocessing.sharedctypes.Synchronized[int]) -> None:
    # Elsewhere they would have processors of their own.
    os.nice(15)
    begin = time.monotonic()
    for number in range(round(seconds * PER_SECOND)):
        time.sleep(max(0.0, begin + number / PER_SECOND - time.monotonic()))
        source = (f"127.0.0.{2 + number % ADDRESSES}", 0)
        with suppress(OSError), socket.create_connection((peers.HOST, port), 5, source_address=source) as one:
            if number % 2:
                one.sendall(_HEAD)
        came.value += 1


def _asked(port: int, seconds: float) -> list[float]:
    """How long each association took, from the first byte to its end, in milliseconds. One that is refused raises."""
    node = receiving.Node(port, Pool((_NODE,), place=""), (_NODE,))
    took, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        begun = time.perf_counter()
        with receiving.caller(node):
            pass
        took.append((time.perf_counter() - begun) * 1000)
        time.sleep(PAUSE_SECONDS)
    return took


if __name__ == "__main__":
    sys.exit(main())
