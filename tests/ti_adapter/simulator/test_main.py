from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from simulated_ti import make_pki

from ti_adapter.simulator.client import PatientClient

pytestmark = pytest.mark.slow
STARTS_IT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "ti_adapter.simulator", *sys.argv[1:]])
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    path = tmp_path / "trust.pem"
    path.write_bytes(make_pki().trust_pem)
    return path


@contextmanager
def started(*command: str, admin_key: str = "key") -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "TI_SIMULATOR_ADMIN_KEY": admin_key}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, *command], env=environment, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_it_says_where_it_answers_and_ends_with_0_on_sigterm_and_says_nothing_else(trust: Path) -> None:
    with started("-m", "ti_adapter.simulator", "--trust", str(trust)) as process:
        ready, _, url = line(process).partition(" ")
        assert ready == "ready"
        PatientClient(url, "key").open_record("X110411319")
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0


def test_it_dies_with_its_parent_even_when_that_is_killed(trust: Path) -> None:
    with started("-c", STARTS_IT, "--trust", str(trust), "--die-with-parent") as parent:
        child = psutil.Process(int(line(parent)))
        assert line(parent).startswith("ready ")
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 10
        while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_without_a_key_for_the_patients_side_it_does_not_start(trust: Path) -> None:
    with started("-m", "ti_adapter.simulator", "--trust", str(trust), admin_key="") as process:
        _, complaint = process.communicate(timeout=20)
        assert process.returncode == 2
        assert "TI_SIMULATOR_ADMIN_KEY" in complaint
