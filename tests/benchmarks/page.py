"""docs/reference/measurements.md and its picture, written from the results of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import plot
from benchmarks.figures import Result
from benchmarks.report import HEADINGS, Circumstances

FOLDER = Path(__file__).parents[2] / "docs/reference"
_METHOD = Path(__file__).parent / "method.md"
_PAGE, _PICTURE = "measurements.md", "measurements.svg"

_HEAD = """# Measurements

*Reference, for whoever plans a node or doubts its speed.*

<!-- Made by tests/benchmarks/transfers.py --write-docs: measure again, do not edit. -->

Measured on {sentence}. All programs of both sides share these cores.

![Rate of a pull against the peer of the same run](measurements.svg)

A ratio is that of the medians; smallest and largest run stand in brackets. MB are 10⁶ bytes of pixels.
"""


def write(circumstances: Circumstances, results: Sequence[Result], folder: Path = FOLDER) -> None:
    """Both files."""
    (folder / _PICTURE).write_text(plot.svg(results))
    (folder / _PAGE).write_text(markdown(circumstances, results))


def markdown(circumstances: Circumstances, results: Sequence[Result]) -> str:
    """The page."""
    rows = "\n".join(_table(results))
    notes = "\n".join(f"- {result.title}: {result.note}" for result in results if result.note)
    head = _HEAD.format(sentence=circumstances.sentence)
    return f"{head}\n{rows}\n\n## Beside the figures\n\n{notes}\n\n{_METHOD.read_text()}"


def _table(results: Sequence[Result]) -> Iterator[str]:
    yield f"| {' | '.join(HEADINGS)} |"
    yield "|" + "---|" * len(HEADINGS)
    for result in results:
        yield f"| {' | '.join(result.cells())} |"
