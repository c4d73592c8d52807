"""How long the demo takes: to a network that answers, and to both proofs and a clean end. `make benchmarks` runs it.

The limit of the issue is 10 s for the second start; it is printed beside the medians.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time

RUNS = 5
LIMIT_SECONDS = 10.0


def run() -> tuple[float, float]:
    """One demo: seconds from the command to a network that answers, and to its end."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "linkexchange", "demo", "--once", "--no-browser"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    ready = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        for line in process.stdout:
            if re.match(r"Network of two participants", line):
                ready = time.monotonic() - begun
    assert process.returncode == 0
    return ready, time.monotonic() - begun


def main() -> None:
    """Print every run and the medians."""
    runs = [run() for _ in range(RUNS)]
    for ready, whole in runs:
        print(f"network {ready:5.1f} s   whole {whole:5.1f} s")
    ready, whole = (statistics.median(column) for column in zip(*runs, strict=True))
    print(f"median: network {ready:.1f} s (limit {LIMIT_SECONDS:.0f} s), whole {whole:.1f} s, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
