"""docs/reference/measurements-documents.md, written from what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import figure
from benchmarks.report import Circumstances
from benchmarks.turns import Took

PAGE = Path(__file__).parents[2] / "docs/reference/measurements-documents.md"
MEGABYTE = 1e6
BUSY = "missed by the wall, held by the processor"
QUIET = 0.05
"""So little of a processor is what a machine does for itself."""

_TEXT = Path(__file__).parent / "documents.md"


@dataclass(frozen=True, slots=True)
class Row:
    """One piece of work, beside what the library takes for the like, and at most how many seconds it may take."""

    title: str
    ours: Took
    library: Took | None
    limit: float | None

    @property
    def verdict(self) -> str:
        """By the wall. A machine that others use as well is slower than the work, so the processor is asked too."""
        if self.limit and self.ours.processor.median <= self.limit < self.ours.wall.median:
            return BUSY
        return _verdict(self.ours.wall.median, self.limit)

    def cells(self) -> tuple[str, ...]:
        theirs = (f"{self.library.wall} s", f"{self.library.processor} s") if self.library else ("", "")
        limit = f"{self.limit:g} s" if self.limit else ""
        return (self.title, f"{self.ours.wall} s", f"{self.ours.processor} s", *theirs, limit, self.verdict)


@dataclass(frozen=True, slots=True)
class Size:
    """MB of XML."""

    ours: float
    library: float
    limit: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Peaks of two processes, in MB."""

    ours: float
    library: float


@dataclass(frozen=True, slots=True)
class Measured:
    """All of it. `others` is how many processors the rest of the machine had meanwhile."""

    instances: int
    rows: tuple[Row, ...]
    size: Size
    memory: Memory
    others: float

    @property
    def is_missed(self) -> bool:
        """Whether any limit is missed by the processor as well."""
        return "missed" in {*(it.verdict for it in self.rows), _verdict(self.size.ours, self.size.limit)}


def markdown(circumstances: Circumstances, measured: Measured) -> str:
    """The page."""
    return _TEXT.read_text().format(
        sentence=circumstances.sentence,
        others=_others(measured.others),
        instances=measured.instances,
        runs=len(measured.rows[0].ours.wall.values),
        rows="\n".join(f"| {' | '.join(it.cells())} |" for it in measured.rows),
        sizes="\n".join(f"| {' | '.join(it)} |" for it in _sizes(measured)),
    )


def _others(processors: float) -> str:
    if processors < QUIET:
        return "Nothing else ran."
    return (
        f"**Other work ran beside it**: on the mean it had {processors:.1f} of the cores, so wall seconds are too many."
    )


def _sizes(measured: Measured) -> Iterator[tuple[str, ...]]:
    size, memory = measured.size, measured.memory
    verdict = _verdict(size.ours, size.limit)
    yield "XML", f"{figure(size.ours)} MB", f"{figure(size.library)} MB", f"{size.limit:g} MB", verdict
    yield "peak memory of a process", f"{figure(memory.ours)} MB", f"{figure(memory.library)} MB", "", "reported"


def _verdict(value: float, limit: float | None) -> str:
    if limit is None:
        return "reported"
    return "held" if value <= limit else "missed"
