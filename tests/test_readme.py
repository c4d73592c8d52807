"""The commands in README's code blocks, word for word. Those that run the tests are what CI runs, word for word."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
WAIT_SECONDS = 180.0
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", (HOUSE / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
RUN_BY_CI = {"make check", "make test"}


def test_readme_has_the_two_commands() -> None:
    assert {"make demo", "make test"} <= set(COMMANDS)


@pytest.mark.parametrize("command", sorted(RUN_BY_CI))
def test_ci_runs_word_for_word(command: str) -> None:
    assert command in COMMANDS
    assert command in (HOUSE / ".ci/run").read_text().splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in RUN_BY_CI])
def test_a_newcomer_runs_word_for_word(command: str, open_folder: Path) -> None:
    log = open_folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            shell=True,
            cwd=HOUSE,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(open_folder)},
        )
    try:
        _until_it_stays(process, log)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(WAIT_SECONDS)
    finally:
        process.kill()
    assert log.read_text().count("complete: 14 of 14 instances") == 2, log.read_text()
    # uv leaves a lock of its own there where it has had to bring the environment up to date.
    assert [path.name for path in open_folder.iterdir() if not path.match("uv-*.lock")] == ["log"]


def _until_it_stays(process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the command has ended, or says that Ctrl-C will end it."""
    deadline = time.monotonic() + WAIT_SECONDS
    while process.poll() is None and "Ctrl-C ends" not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
