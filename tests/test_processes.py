"""What a hub's process for the trail does, again and again, whatever fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from linkexchange import bootstrap, processes
from linkexchange.errors import StateUnavailable


class Ended:
    """Set after so many turns."""

    def __init__(self, turns: int) -> None:
        self.left = turns

    def wait(self, _: float) -> bool:
        self.left -= 1
        return self.left < 0


def test_the_trail_of_a_hub_is_exported_looked_through_and_balanced_though_something_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []

    def failing() -> None:
        done.append("exported")
        raise StateUnavailable

    trails: Any = SimpleNamespace(
        store=SimpleNamespace(close=lambda: done.append("closed")),
        exporter=SimpleNamespace(go_round=failing),
        daily=lambda: done.append("looked"),
    )
    reconciler = SimpleNamespace(reconcile=lambda: done.append("balanced"))
    monkeypatch.setattr(bootstrap, "hub_trails", lambda _: trails)
    monkeypatch.setattr(bootstrap, "reconciler", lambda _: reconciler)
    monkeypatch.setattr(processes, "_until_told", lambda: Ended(3))
    processes.hub_trail(SimpleNamespace(audit_every_seconds=0.0))  # type: ignore[arg-type]
    assert done == ["exported", "looked", "balanced", "exported", "exported", "closed"]


def test_a_hub_has_a_process_for_its_trail() -> None:
    assert processes.Part("trail") is processes.Part.TRAIL
