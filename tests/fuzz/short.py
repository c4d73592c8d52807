"""A fuzzer as a process, for a short while: a short run finds nothing, and a planted bug is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOUND = 77
_TIMEOUT = "-timeout=50"
"""Ten times that of long runs: while other tests run, the machine may stand still within an input."""


def fuzzed(script: str, *arguments: str) -> int:
    """Its exit code. By way of a shell: the peak of memory that is counted begins with that of the parent."""
    pytest.importorskip("atheris")
    path = str(Path(__file__).with_name(script))
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, path, _TIMEOUT, *arguments]
    return subprocess.run(command, capture_output=True, check=False).returncode
