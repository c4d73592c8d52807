"""The command of the switchboard."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest
from simulated_world import ADMIN_KEY, World

from ti_adapter.simulator import switch

pytestmark = pytest.mark.slow
Run = Callable[..., str]


@pytest.fixture
def command(whole_ti: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("TI_SIMULATOR_ADMIN_KEY", ADMIN_KEY)
    monkeypatch.setenv("TI_SIMULATOR_FOLDER", str(whole_ti.folder))

    def run(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["switch", *words])
        switch.main()
        return capsys.readouterr().out

    return run


def test_a_fault_is_switched_on_and_off_and_shown(whole_ti: World, command: Run) -> None:
    command("ocsp", "certHash missing", "on")
    assert json.loads(command("state"))["faults"] == {"ocsp": ["certHash missing"]}
    command("--url", whole_ti.ti["switchboard"], "ocsp", "certHash missing", "off")
    assert json.loads(command("state"))["faults"] == {}


def test_a_konnektor_is_restarted_and_its_pin_entered(whole_ti: World, command: Run) -> None:
    command("restart", "klinik")
    assert whole_ti.switchboard.state().pins["klinik"] == "VERIFIABLE"
    command("pin", "klinik")
    assert whole_ti.switchboard.state().pins["klinik"] == "VERIFIED"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("ocsp", "nonsense", "on"), "certHash missing"),
        (("restart", "praxen"), "klinik"),
        (("--url", "http://127.0.0.1:9", "state"), "does not answer"),
    ],
)
def test_what_cannot_be_done_ends_with_a_line_on_why(command: Run, words: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(SystemExit, match=complaint):
        command(*words)


@pytest.mark.parametrize("words", [("ocsp", "down", "perhaps"), ("--folder", "/nowhere", "state")])
def test_what_is_no_switch_and_what_is_no_folder_end_with_2(command: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        command(*words)
    assert ended.value.code == 2
