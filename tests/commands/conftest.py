"""A command line in front of a node in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from world import World

from linkexchange import bootstrap
from linkexchange.commands import main, pull, stop

Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def practice(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type a command at the practice: its exit status, and what it printed."""
    monkeypatch.setattr(bootstrap, "node", lambda _: world.practice)
    for command in (pull, stop):
        monkeypatch.setattr(command, "node_settings", lambda _: None)

    def typed(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["linkexchange", *words])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out + said.err

    return typed
