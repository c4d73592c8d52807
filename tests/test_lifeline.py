from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mortality import await_end, python, runs

from linkexchange import lifeline

pytestmark = pytest.mark.slow

ENDLESS = ["sleep", "600"]

PARENT = """
import sys
from linkexchange import lifeline
child = lifeline.spawn(sys.argv[1:])
print(child.pid, flush=True)
child.wait()
"""
FOLLOWER = """
import os, time
from linkexchange import lifeline
lifeline.follow_parent()
print(os.getpid(), flush=True)
time.sleep(600)
"""
PARENT_OF_A_FOLLOWER = """
import subprocess, sys
subprocess.run([sys.executable, "-c", sys.argv[1]])
"""
ORPHAN = """
import os, signal, sys
from linkexchange import lifeline
before_exec = lifeline.bound(signal.SIGTERM)

def in_a_child(act):
    pid = os.fork()
    if pid == 0:
        os._exit(act() or 0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

sys.exit(in_a_child(lambda: in_a_child(before_exec)))
"""
AT_FAULT = """
from linkexchange import lifeline
from linkexchange.errors import SettingRefused

def listen():
    raise SettingRefused("LINKEXCHANGE_HL7_PORT: cannot listen there")

print(lifeline.fork(listen, name="notice").wait())
"""
OF_A_PARENT_THAT_LOGS = """
import logging, logging.config, os, socket
from linkexchange import lifeline
keeps_a_file_open = logging.FileHandler(os.devnull)

def listen():
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(8)]
    logging.config.dictConfig({"version": 1})
    for listener in listeners:
        listener.listen()

print(lifeline.fork(listen, name="listening").wait())
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"


def test_a_child_ends_when_its_parent_is_killed() -> None:
    with python(PARENT, *ENDLESS) as parent:
        child = int(parent.stdout.readline())
        assert runs(child)
        parent.kill()
        await_end(child)


def test_a_forked_child_that_ends_for_a_wrong_setting_says_so_in_one_line() -> None:
    done = subprocess.run([sys.executable, "-c", AT_FAULT], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "2\n"
    assert done.stderr.startswith("linkexchange: A setting is wrong. (LINKEXCHANGE_HL7_PORT: cannot listen there)")
    assert done.stderr.count("\n") == 1


def test_what_a_parent_has_logged_to_closes_nothing_of_its_forked_child() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OF_A_PARENT_THAT_LOGS], capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_a_child_s_child_ends_when_their_parent_is_killed() -> None:
    with python(PARENT, sys.executable, "-c", PARENT, *ENDLESS) as parent:
        child = int(parent.stdout.readline())
        grandchild = int(parent.stdout.readline())
        parent.kill()
        await_end(child)
        await_end(grandchild)


def test_a_process_may_bind_itself_to_its_parent() -> None:
    with python(PARENT_OF_A_FOLLOWER, FOLLOWER) as parent:
        follower = int(parent.stdout.readline())
        assert runs(follower)
        parent.kill()
        await_end(follower)


def test_a_child_whose_parent_was_gone_before_it_was_bound_does_not_begin() -> None:
    assert subprocess.run([sys.executable, "-c", ORPHAN], check=False).returncode == 1


def test_a_child_has_a_session_of_its_own() -> None:
    child = lifeline.spawn(ENDLESS)
    assert os.getsid(child.pid) == child.pid != os.getsid(0)
    lifeline.stop(child)


def test_a_child_gets_the_environment_and_the_output_that_it_is_given(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        child = lifeline.spawn(["/bin/sh", "-c", "echo $A$B; echo x >&2"], output=log, environment={"A": "a"})
        assert child.wait(10) == 0
    assert sorted((tmp_path / "log").read_text().split()) == ["a", "x"]


def test_a_child_that_listens_is_stopped_by_asking() -> None:
    child = lifeline.spawn(ENDLESS)
    lifeline.stop(child)
    assert child.returncode == -signal.SIGTERM


def test_a_child_that_does_not_listen_is_stopped_all_the_same() -> None:
    child = lifeline.spawn([sys.executable, "-c", DEAF], output=subprocess.PIPE)
    with child:
        child.stdout.readline()
        lifeline.stop(child, patience_seconds=0.2)
    assert child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_child_that_has_ended_already_may_be_stopped(ending: signal.Signals) -> None:
    child = lifeline.spawn(ENDLESS)
    child.send_signal(ending)
    child.wait(10)
    lifeline.stop(child)
    assert child.returncode == -ending
