"""What a row of the table comes to: runs, their median, the ratio to the peer of the same run, and the verdict."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Runs:
    """One contender's runs, in the unit of its row."""

    name: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        return f"{figure(self.median)} ({figure(min(self.values))} to {figure(max(self.values))})"


@dataclass(frozen=True, slots=True)
class Limit:
    """Goal and hard floor. A ratio must be at least so much, anything else at most."""

    goal: float
    floor: float


@dataclass(frozen=True, slots=True)
class Result:
    """A row. With a rival its measure is the ratio of the medians, without one it is the median itself."""

    key: str
    title: str
    unit: str
    ours: Runs
    rival: Runs | None = None
    limit: Limit | None = None
    note: str = ""

    @property
    def measure(self) -> float:
        return self.ours.median / self.rival.median if self.rival else self.ours.median

    @property
    def verdict(self) -> str:
        if self.limit is None:
            return "reported"
        if self._reaches(self.limit.goal):
            return "goal"
        return "floor" if self._reaches(self.limit.floor) else "missed"

    def _reaches(self, bound: float) -> bool:
        return self.measure >= bound if self.rival else self.measure <= bound

    def cells(self) -> tuple[str, ...]:
        """For a table: what, ours, the rival, the measure, goal, floor, verdict."""
        rival = f"{self.rival.name}: {self.rival}" if self.rival else ""
        measure = f"{figure(self.measure)} ×" if self.rival else f"{figure(self.measure)} {self.unit}"
        goal, floor = (self._bound(self.limit.goal), self._bound(self.limit.floor)) if self.limit else ("", "")
        return (self.title, f"{self.ours} {self.unit}", rival, measure, goal, floor, self.verdict)

    def _bound(self, bound: float) -> str:
        return f"{bound:g} ×" if self.rival else f"{bound:g} {self.unit}"

    def to_json(self) -> dict[str, Any]:
        """The row for machines."""
        return {
            "key": self.key,
            "title": self.title,
            "unit": self.unit,
            "ours": list(self.ours.values),
            "rival": self.rival and {"name": self.rival.name, "values": list(self.rival.values)},
            "measure": self.measure,
            "goal": self.limit and self.limit.goal,
            "floor": self.limit and self.limit.floor,
            "verdict": self.verdict,
            "note": self.note,
        }


def result_of(row: dict[str, Any]) -> Result:
    """Read a row of `to_json` back."""
    rival = row["rival"] and Runs(row["rival"]["name"], tuple(row["rival"]["values"]))
    limit = Limit(row["goal"], row["floor"]) if row["goal"] is not None else None
    ours = Runs("ours", tuple(row["ours"]))
    return Result(row["key"], row["title"], row["unit"], ours, rival=rival, limit=limit, note=row["note"])


def rates(name: str, seconds: Sequence[float], megabytes: float) -> Runs:
    """Seconds as MB/s."""
    return Runs(name, tuple(megabytes / it for it in seconds))


def figure(value: float) -> str:
    """Three digits that matter."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
