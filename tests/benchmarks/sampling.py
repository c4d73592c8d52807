"""Where processor time goes: in whose process, and in which library, by perf where it is installed."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_FREQUENCY = "499"
_SHOWN = 12
_LINE = re.compile(r"^\s*([\d.]+)%\s+(\S+)\s+(\S+)", re.MULTILINE)
_READY_SECONDS = 0.5


@contextmanager
def shares(pids: Iterable[int], folder: Path) -> Iterator[list[str]]:
    """A list that is filled when the block ends: `worker in libcrypto 31 %`, the largest first."""
    found: list[str] = []
    if not shutil.which("perf"):
        yield found
        return
    samples = folder / "perf.data"
    options = ["-F", _FREQUENCY, "-e", "cpu-clock", "-o", str(samples), "-p", ",".join(map(str, pids))]
    with subprocess.Popen(["perf", "record", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as perf:
        time.sleep(_READY_SECONDS)
        try:
            yield found
        finally:
            perf.send_signal(signal.SIGINT)
    found += _read(samples)
    samples.unlink()


def _read(samples: Path) -> list[str]:
    command = ["perf", "report", "-i", str(samples), "--sort", "comm,dso", "--stdio"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [f"{process} in {_short(library)} {share} %" for share, process, library in _LINE.findall(said)][:_SHOWN]


def _short(library: str) -> str:
    """`libcrypto` for libcrypto.so.3, `kernel` for [kernel.kallsyms]."""
    return library.strip("[]").partition(".")[0]
