"""The tutorial, by the commands that a person types: publish, find, pull, withdraw, push, audit."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import peers
import pytest
from journeys.conftest import Stage

from linkexchange.model.proof import TYP
from linkexchange.signing import PROOF_MAX_BYTES, verify
from linkexchange.watching import until_ended

pytestmark = [pytest.mark.peers, pytest.mark.slow]


def run(settings: Path, *words: str) -> tuple[int, str]:
    """A command of the participant or hub whose settings these are: its exit status and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "linkexchange", *words],
        env={**os.environ, "LINKEXCHANGE_SETTINGS_FILE": str(settings)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_study_is_published_found_pulled_withdrawn_and_pushed_by_hand(stage: Stage, tmp_path: Path) -> None:
    hospital, practice = (stage.net.nodes[name].settings_file for name in ("hospital", "practice"))
    study, pushed = stage.studies[1], stage.studies[2]
    kvnr = ("--kvnr", study.patient.kvnr)
    with peers.Orthanc("ORIGIN") as origin, peers.Orthanc("DEST") as destination:
        origin.upload([*study.files, *pushed.files])
        stage.use(origin=origin.passport(), destination=destination.passport())

        status, printed = run(hospital, "publish", study.study, "--pacs", "pacs", *kvnr)
        assert (status, printed.startswith("published: link ")) == (0, True), printed
        link = printed.split()[-1]

        status, printed = run(practice, "find", *kvnr)
        assert status == 0, printed
        entry = printed.split("\t")[0]

        proof = tmp_path / "proof.jws"
        words = ("pull", entry, *kvnr, "--destination", "pacs")
        status, printed = run(practice, *words, "--proof", str(proof))
        count = len(study.files)
        assert (status, f"complete: {count} of {count} instances" in printed) == (0, True), printed
        assert verify(proof.read_text(), stage.practice.signer.public, max_bytes=PROOF_MAX_BYTES).typ == TYP

        status, printed = run(hospital, "withdraw", link)
        assert (status, printed.strip()) == (0, f"withdrawn: link {link}")
        status, printed = run(practice, *words)
        assert status == 1, printed
        assert "failed: " in printed

        status, printed = run(hospital, "push", pushed.study, stage.practice.me, "--pacs", "pacs")
        assert (status, printed.startswith(f"offered to {stage.practice.me}: link ")) == (0, True), printed
        assert taken(stage, printed.split()[-1]) == "complete"


def taken(stage: Stage, offer: str) -> str:
    """Wait for the practice to take an offer up; how that ended."""
    node = stage.practice
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with node.store.work(node.me) as work:
            transfer = work.transfers.of_offer(offer)
        if transfer:
            return until_ended(node, transfer.transfer).state.value
        time.sleep(0.1)
    raise AssertionError("the offer was not taken up")


def test_the_trail_is_whole_at_all_three_places_and_its_head_finds_a_cut_tail(stage: Stage, tmp_path: Path) -> None:
    hub = stage.net.hub.settings_file
    places = [(stage.net.nodes[name].settings_file, ()) for name in ("hospital", "practice")] + [(hub, ("--hub",))]
    for settings, of_hub in places:
        head = tmp_path / "head.jws"
        status, printed = run(settings, "audit", "head", *of_hub)
        assert status == 0, printed
        head.write_text(printed)
        status, printed = run(settings, "audit", "verify", *of_hub, "--head", str(head))
        assert status == 0, printed
        assert all(line.endswith("whole") for line in printed.splitlines()), printed
        head.write_text("no head")
        status, printed = run(settings, "audit", "verify", *of_hub, "--head", str(head))
        assert (status, "--head: not a head" in printed) == (2, True), printed


def test_the_registers_are_filled_and_listed_by_hand(stage: Stage) -> None:
    practice, hub = stage.net.nodes["practice"].settings_file, stage.net.hub.settings_file
    new = ("pacs", "set", "second", "--ae-title", "SECOND", "--host", "127.0.0.1", "--port", "104")
    assert run(practice, *new)[0] == 0
    status, printed = run(practice, "pacs", "list")
    assert (status, "second\tSECOND\t127.0.0.1:104\tc-get" in printed) == (0, True), printed
    status, printed = run(practice, *new, "--retrieve", "dicomweb")
    assert (status, "--dicomweb-url" in printed) == (2, True), printed
    words = ("participant", "set", "1-2-third", "--name", "Dritte", "--node-url", "https://third.test")
    status, printed = run(hub, *words, "--destination", "pacs")
    assert (status, printed.startswith("1-2-third: Dritte at https://third.test")) == (0, True), printed


def test_a_wrong_key_or_argument_is_refused_by_its_name(stage: Stage, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(stage.net.nodes["practice"].settings_file.read_text() + "pagesport = 1\n")
    status, printed = run(wrong, "find", "--kvnr", "A000000000")
    assert (status, "LINKEXCHANGE_PAGESPORT: no such key" in printed) == (2, True), printed
    status, printed = run(stage.net.nodes["practice"].settings_file, "find", "--kvnr", "A000000000")
    assert (status, "KVNR: a letter and nine digits" in printed) == (2, True), printed
    assert "A000000000" not in printed
