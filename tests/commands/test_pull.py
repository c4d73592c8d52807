"""`linkexchange pull` while one watches, and when one looks away."""

from __future__ import annotations

import re

import pytest
from commands.conftest import Typed
from world import KVNR, World

from linkexchange import pull as use_case
from linkexchange.commands import pull
from linkexchange.model.transfer import State


def test_ctrl_c_while_watching_stops_nothing_and_says_how_one_does(
    world: World, practice: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked_away(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pull, "until_ended", looked_away)
    status, said = practice("pull", world.publish(), "--kvnr", KVNR, "--destination", "practice")
    [number] = set(re.findall(r"[0-9a-f-]{36}", said))
    assert status == 130
    assert f"to stop it: linkexchange stop {number}" in said
    with world.nodes.work(world.practice.me) as work:
        [(transfer, _)] = work.transfers.recent()
    assert (str(transfer.transfer), transfer.state) == (number, State.REQUESTED)


def test_the_number_stands_at_the_head_and_the_account_at_the_end(
    world: World, practice: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(node: object, ask: object) -> object:
        number = real(node, ask)  # type: ignore[arg-type]
        use_case.run(world.practice, number)
        return number

    real = use_case.request
    monkeypatch.setattr(use_case, "request", at_once)
    status, said = practice("pull", world.publish(), "--kvnr", KVNR, "--destination", "practice")
    assert status == 0
    assert re.search(r"^transfer [0-9a-f-]{36}$", said, re.MULTILINE)
    assert "complete: 4 of 4 instances" in said
