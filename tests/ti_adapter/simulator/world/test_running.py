"""The process itself: what it writes, what it says, how it ends, and what it does not start with."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from simulated_ti import utc_now
from simulated_world import PLAN, World, running_world

from ti_adapter.errors import RecordRefused
from ti_adapter.konnektor import Address, BasicAuthentication, CardType, Context, Konnektor, Transport
from ti_adapter.konnektor.errors import AccessRefused
from ti_adapter.konnektor.tls import context_by_pin
from ti_adapter.simulator.client import PatientClient
from ti_adapter.simulator.world import Plan

pytestmark = pytest.mark.slow
STARTS_IT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "ti_adapter.simulator", *sys.argv[1:]])
print(child.pid, flush=True)
child.wait()
"""


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


def test_it_ends_with_0_on_sigterm_and_is_reached_under_the_name_that_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "ti.json").write_text("of the day before")
    with running_world(tmp_path, "--host", "localhost") as world:
        world.patients.open_record("X110411319")
        assert world.ti["idp"].startswith("https://localhost:")
        assert world.node("klinik").log_in()
        world.process.send_signal(signal.SIGTERM)
        assert world.process.wait(timeout=20) == 0
    assert not list(tmp_path.glob("*.new"))


def test_it_dies_with_its_parent_even_when_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    options = ("--folder", str(tmp_path), "--plan", str(tmp_path / "plan.json"), "--die-with-parent")
    with started("-c", STARTS_IT, *options) as parent:
        child = psutil.Process(int(line(parent)))
        assert line(parent).startswith("ready ")
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 10
        while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_without_a_key_for_the_patients_side_it_does_not_start(tmp_path: Path) -> None:
    with started("-m", "ti_adapter.simulator", "--folder", str(tmp_path), "--plan", "none", admin_key="") as process:
        _, complaint = process.communicate(timeout=20)
        assert process.returncode == 2
        assert "TI_SIMULATOR_ADMIN_KEY" in complaint


def test_without_a_plan_it_does_not_start_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    options = ("--folder", str(tmp_path), "--plan", str(tmp_path / "plan.json"))
    with started("-m", "ti_adapter.simulator", *options) as process:
        _, complaint = process.communicate(timeout=20)
        assert process.returncode == 2
        assert "the plan: record_systems" in complaint


def test_what_is_secret_in_the_folder_only_the_owner_reads(whole_ti: World) -> None:
    secret = [whole_ti.folder / "ti.json", *whole_ti.folder.rglob("*.key")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in secret} == {0o600}
    assert len(secret) == 1 + 2 + 2 + 2 * 2


def test_a_konnektor_wants_a_client_certificate_or_user_and_password(whole_ti: World) -> None:
    own = whole_ti.ti["institutions"]["klinik"]
    context = Context(own["mandant"], own["client_system"], own["workplace"])

    def cards(authentication: BasicAuthentication | None) -> int:
        tls = context_by_pin(Path(own["konnektor_certificate"]))
        with Transport(Address(own["konnektor"]), context=tls, authentication=authentication) as transport:
            return len(Konnektor(transport, context).cards(CardType.SMC_B))

    assert cards(BasicAuthentication(own["user"], own["password"])) == 1
    with pytest.raises(AccessRefused):
        cards(None)
    with pytest.raises(AccessRefused):
        cards(BasicAuthentication(own["user"], "another"))


def test_every_institution_has_a_konnektor_of_its_own(whole_ti: World) -> None:
    klinik, praxis = whole_ti.node("klinik"), whole_ti.node("praxis")
    assert klinik.card.certificate != praxis.card.certificate
    with pytest.raises(httpx.ConnectError):
        whole_ti.node("klinik").http(praxis.own["konnektor"]).get("/connector.sds")


def test_the_patients_side_wants_the_key(whole_ti: World) -> None:
    with pytest.raises(RecordRefused, match="invalAuth"):
        PatientClient(whole_ti.ti["switchboard"], "another").open_record("X110411319")


def test_a_record_stays_at_the_system_where_it_is(whole_ti: World) -> None:
    kvnr = "A110000001"
    whole_ti.patients.open_record(kvnr, system=2)
    whole_ti.patients.open_record(kvnr)
    assert whole_ti.node("klinik").locate(kvnr) == "2"


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"record_systems": 4}, "one to three"),
        ({"institutions": [*PLAN["institutions"], PLAN["institutions"][0]]}, "same name"),
        ({"institutions": [{**PLAN["institutions"][0], "name": "../klinik"}]}, "small letters"),
        ({"institutions": [{**PLAN["institutions"][0], "pin": "blocked"}]}, "pin"),
        ({"more": 1}, "more"),
    ],
    ids=["four systems", "one name twice", "path as name", "unknown pin", "unknown key"],
)
def test_a_plan_that_is_none_is_refused(tmp_path: Path, wrong: dict[str, object], complaint: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({**PLAN, **wrong}))
    with pytest.raises(ValueError, match=complaint):
        Plan.read(file)


def test_the_clock_of_the_ti_is_that_of_the_machine(whole_ti: World) -> None:
    known = whole_ti.node("klinik").tsl.known
    assert known
    assert known.issued <= utc_now() < known.next_update
